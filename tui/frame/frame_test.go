package frame

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"codeberg.org/reeve/reeve/tui/theme"
)

// FuzzText draws anything anywhere: the frame keeps its size, and nothing in it can command the terminal.
func FuzzText(f *testing.F) {
	for _, s := range []string{"plain", "tab\tnull\x00", "\x1b[31mred\x1b]0;x\a", "日本語", "🇩🇪⚠️", "e\u0301x", "\xff\xfe", "\u009b31m", "\u200b\u202e", "a\u0300\u0301"} {
		f.Add(s, 3, 1)
	}
	f.Fuzz(func(t *testing.T, s string, x, y int) {
		for _, ascii := range []bool{false, true} {
			fr := New(20, 3, theme.New(theme.Options{ASCII: ascii}))
			a := fr.Area().Sub(1, 0, 17, 3)
			a.Text(x%20, y%3, theme.Bad, s)
			a.Left(2, 1, 9, theme.Text, s)
			a.Right(0, 2, 7, theme.Text, s)
			a.Text(4, 1, theme.Text, "日x")
			lines := strings.Split(fr.Plain(), "\n")
			if len(lines) != 3 {
				t.Fatalf("%d lines, want 3", len(lines))
			}
			for _, line := range lines {
				if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }) {
					t.Fatalf("a control character got through: %q", line)
				}
				if w := ansi.StringWidth(line); w != 20 {
					t.Fatalf("%q is %d columns wide, want 20", line, w)
				}
			}
		}
	})
}

func TestClip(t *testing.T) {
	a := New(20, 1, theme.New(theme.Options{})).Area()
	for _, test := range []struct {
		text string
		w    int
		want string
	}{
		{"abcdef", 6, "abcdef"},
		{"abcdef", 5, "abcd…"},
		{"abcdef", 1, "…"},
		{"abcdef", 0, ""},
		{"日本語", 6, "日本語"},
		{"日本語", 5, "日本…"},
		{"日本語", 4, "日…"},
		{"a\x00b", 3, "a…"},
		{"", 3, ""},
	} {
		if got := a.Clip(test.text, test.w); got != test.want {
			t.Errorf("Clip(%q, %d) = %q, want %q", test.text, test.w, got, test.want)
		}
	}
}

// TestWideCharactersAreCutWhole overdraws either half of a wide character.
func TestWideCharactersAreCutWhole(t *testing.T) {
	for x, want := range map[int]string{0: "x 語", 1: " x語", 2: "日x ", 3: "日 x"} {
		f := New(4, 1, theme.New(theme.Options{}))
		f.Area().Text(0, 0, theme.Text, "日語")
		f.Area().Text(x, 0, theme.Text, "x")
		if got := f.Plain(); got != want {
			t.Errorf("x at %d: got %q, want %q", x, got, want)
		}
	}
}

func TestLinesEndWithoutAttributes(t *testing.T) {
	f := New(10, 2, theme.New(theme.Options{Profile: 1, Name: "dark"}))
	f.Area().Text(0, 0, theme.Bad, "0123456789")
	for line := range strings.SplitSeq(f.String(), "\n") {
		if strings.Contains(line, "\x1b[") && !strings.HasSuffix(line, "\x1b[0m") {
			t.Errorf("%q leaves an attribute on", line)
		}
	}
}
