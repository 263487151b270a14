package hint

import "testing"

func TestFit(t *testing.T) {
	const asks = "<pgdn pgup>scroll|<pgdn>more  <tab>other button|<tab>other  <enter>press  <esc>cancel"
	for _, test := range []struct {
		text string
		w    int
		want string
	}{
		{asks, 78, "<pgdn pgup>scroll  <tab>other button  <enter>press  <esc>cancel"},
		{asks, 60, "<pgdn pgup>scroll <tab>other button <enter>press <esc>cancel"},
		{asks, 58, "<pgdn>more  <tab>other  <enter>press  <esc>cancel"},
		{asks, 48, "<pgdn>more <tab>other <enter>press <esc>cancel"},
		{asks, 40, "<pgdn>more <enter>press <esc>cancel"},
		{asks, 30, "<enter>press <esc>cancel"},
		{asks, 3, "<enter>press <esc>cancel"},
		{"<enter>close", 58, "<enter>close"},
		{"<a>one  <esc>close  <r>rest", 20, "<a>one <esc>close"},
	} {
		if got := fit(parse(test.text), test.w); got != test.want {
			t.Errorf("%q in %d columns is %q, want %q", test.text, test.w, got, test.want)
		}
	}
}
