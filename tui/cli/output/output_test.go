package output

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"
)

// value draws what JSON can say, a few levels deep.
func value(deep int) *rapid.Generator[any] {
	leaves := []*rapid.Generator[any]{
		rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.Float64Range(-1e30, 1e30).AsAny(), rapid.Int64().AsAny(), rapid.String().AsAny(),
		rapid.SampledFrom([]string{"", "\\", "\"", "\\\"", "{", "],", ": ", "<&>\u2028"}).AsAny(),
	}
	if deep == 0 {
		return rapid.OneOf(leaves...)
	}
	inner := value(deep - 1)
	return rapid.OneOf(append(leaves, rapid.SliceOfN(inner, 0, 3).AsAny(), rapid.MapOfN(rapid.String(), inner, 0, 3).AsAny())...)
}

// TestDataIsIndented compares what is printed with what encoding/json would print.
func TestDataIsIndented(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := value(3).Draw(t, "value")
		want, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := (Printer{Form: JSON, Out: &out}).Data(v); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); got != string(want)+"\n" {
			t.Fatalf("got\n%s\nwant\n%s", got, want)
		}
	})
}

// TestTablesAreAligned compares the table with one that is padded without any short cut.
func TestTablesAreAligned(t *testing.T) {
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", " ", "a", "a b ", "日本", "\x1b[31mred\x1b[m", "a\tb\nc", "é", "~\x7f"}))
	rapid.Check(t, func(t *rapid.T) {
		cols := rapid.IntRange(1, 4).Draw(t, "columns")
		rows := rapid.SliceOfN(rapid.SliceOfN(text, cols, cols), 1, 5).Draw(t, "rows")
		want := plainly(rows)
		if got := string(align(rows)); got != want {
			t.Fatalf("got\n%s\nwant\n%s", got, want)
		}
	})
}

func plainly(rows [][]string) string {
	clean := func(text string) string {
		return strings.Map(func(r rune) rune {
			switch {
			case r == '\n' || r == '\t' || r == '\r':
				return ' '
			case unicode.IsPrint(r):
				return r
			}
			return unicode.ReplacementChar
		}, strings.TrimSpace(text))
	}
	cells, widths := make([][]string, len(rows)), map[int]int{}
	for i, row := range rows {
		for j, cell := range row {
			if cell = clean(cell); cell == "" {
				cell = "-"
			}
			cells[i], widths[j] = append(cells[i], cell), max(widths[j], ansi.StringWidth(cell))
		}
	}
	var out strings.Builder
	for _, row := range cells {
		for j, cell := range row {
			out.WriteString(cell)
			if j < len(row)-1 {
				out.WriteString(strings.Repeat(" ", widths[j]-ansi.StringWidth(cell)+2))
			}
		}
		out.WriteByte('\n')
	}
	return out.String()
}
