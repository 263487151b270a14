package output

import (
	"bytes"
	"testing"
)

// TestRowsInAnotherOrder checks that rows are printed in the order that is asked for when all have come, and the others as they came.
func TestRowsInAnotherOrder(t *testing.T) {
	var out bytes.Buffer
	rows := NewRows(Printer{Form: Table, Out: &out}, Listing[string]{Columns: []Column[string]{
		{Head: "NAME", Cell: func(s string) string { return s }}, {Head: "HIDDEN", Wide: true, Cell: func(string) string { return "x" }},
	}})
	ages := []int{2, 1, 2, 0}
	for _, name := range []string{"a", "b", "c", "d"} {
		rows.Add(name)
	}
	rows.Sort(func(i, j int) int { return ages[i] - ages[j] })
	if err := rows.Show(); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "NAME\nd\nb\na\nc\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
