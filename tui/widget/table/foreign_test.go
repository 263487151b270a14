package table

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/theme"
)

// TestForeignNames: names of any script, with marks, joined emoji, directions and control characters neither shift nor break a line.
func TestForeignNames(t *testing.T) {
	names := []string{"日本語のジョブ名前がとても長い", "e\u0301a\u0300o\u0308\u0323", "👩‍👩‍👧‍👦🇩🇪❤️", "مرحبا שלום", "a\x1b[31mb\nc\td\x00", "\u202eevil\u200b\u2066", "\xff\xfe", "한국어", "ﾊﾝｶｸ"}
	for _, width := range []int{59, 60, 61, 80} {
		for _, ascii := range []bool{false, true} {
			var rows []Row[event]
			for _, name := range names {
				rows = append(rows, Row[event]{ID: name, Val: &event{"12:04:27", name, name + name}})
			}
			tab := events(func(frame.Area, *event) {})
			tab.SetRows(rows, start)
			f := frame.New(width, 14, theme.New(theme.Options{ASCII: ascii}))
			tab.Render(f.Area(), start)
			lines := strings.Split(f.Plain(), "\n")
			if len(lines) != 14 {
				t.Errorf("%d lines, want 14", len(lines))
			}
			for _, line := range lines {
				if got := ansi.StringWidth(line); got != width || strings.ContainsAny(line, "\x1b\n\t\x00\u202e\u2066") {
					t.Errorf("%d columns, want %d: %q", got, width, line)
				}
			}
		}
	}
}
