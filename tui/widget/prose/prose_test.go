package prose

import (
	"slices"
	"testing"
)

func TestWrap(t *testing.T) {
	for _, test := range []struct {
		text string
		w    int
		want []string
	}{
		{"", 10, []string{""}},
		{"fits in", 10, []string{"fits in"}},
		{"one two three four", 10, []string{"one two", "  three", "  four"}},
		{"a  table  stays", 40, []string{"a  table  stays"}},
		{"4 of web, 2 of spark-etl", 20, []string{"4 of web, 2 of", "  spark-etl"}},
		{"ends at  it", 8, []string{"ends at", "  it"}},
		{"no room", 1, []string{"n", "  o room"}},
		{"本日は", 3, []string{"本", "  日は"}},
		{"unbreakable", 6, []string{"unbrea", "  kabl", "  e"}},
	} {
		if got := Wrap(test.text, test.w); !slices.Equal(got, test.want) {
			t.Errorf("%q in %d columns is %q, want %q", test.text, test.w, got, test.want)
		}
	}
}
