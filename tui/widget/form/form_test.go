package form

import (
	"testing"

	tea "github.com/charmbracelet/bubbletea"
)

func typed(f *Form, keys ...any) {
	for _, key := range keys {
		switch key := key.(type) {
		case string:
			for _, r := range key {
				f.Type(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}})
			}
		case tea.KeyType:
			f.Type(tea.KeyMsg{Type: key})
		case tea.KeyMsg:
			f.Type(key)
		}
	}
}

// TestTypingReplacesADefault: what nobody has chosen goes with the first letter, as a selected text does; whoever moves in it or erases
// from it keeps the rest.
func TestTypingReplacesADefault(t *testing.T) {
	for _, test := range []struct {
		name string
		keys []any
		want string
	}{
		{"letters", []any{"in 2h"}, "in 2h"},
		{"a space", []any{tea.KeyMsg{Type: tea.KeySpace, Runes: []rune{' '}}, "x"}, " x"},
		{"a paste", []any{tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("22:00"), Paste: true}}, "22:00"},
		{"the letters that it has", []any{"now", "!"}, "now!"},
		{"backspace", []any{tea.KeyBackspace, "t"}, "not"},
		{"the arrow", []any{tea.KeyLeft, "o"}, "noow"},
		{"the end", []any{tea.KeyEnd, "!"}, "now!"},
		{"a word back", []any{tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{'b'}, Alt: true}, "k"}, "know"},
		{"erasing all", []any{tea.KeyCtrlU, "x"}, "x"},
		{"nothing", nil, "now"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := New(Field{ID: "begin", Default: "now"}, Field{ID: "length", Default: "1h"})
			typed(f, test.keys...)
			if got := f.Value("begin"); got != test.want {
				t.Errorf("begin is %q, want %q", got, test.want)
			}
			f.Step(1)
			f.Step(-1)
			typed(f, "+")
			want := test.want + "+"
			if test.keys == nil {
				want = "+" // it was looked at, and nothing more
			}
			if got := f.Value("begin"); test.name != "the arrow" && test.name != "a word back" && got != want {
				t.Errorf("begin is %q after another key, want %q", got, want)
			}
			if got := f.Value("length"); got != "1h" {
				t.Errorf("length is %q, want what it was", got)
			}
		})
	}
}

// TestTypingGoesOnWhatIsSomebodys: a value that was given or set stays, also where it is the default.
func TestTypingGoesOnWhatIsSomebodys(t *testing.T) {
	f := New(Field{ID: "a", Default: "1", Initial: "2"}, Field{ID: "b", Default: "1"}, Field{ID: "c", Initial: "1"})
	f.Set("b", "1")
	for _, want := range []string{"20", "10", "10"} {
		typed(f, "0")
		if got := f.Value(f.Focus()); got != want {
			t.Errorf("%s is %q, want %q", f.Focus(), got, want)
		}
		f.Step(1)
	}
}
