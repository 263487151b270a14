package table

import (
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/theme"
)

type event struct{ when, object, detail string }

func events(graph func(a frame.Area, _ *event)) *Table[event] {
	return New("none",
		Column[event]{Name: "TIME", Width: 12, Text: func(e *event) (string, theme.Role) { return e.when, theme.Dim }},
		Column[event]{Name: "OBJECT", Width: 10, Max: 32, Text: func(e *event) (string, theme.Role) { return e.object, theme.Text }, Compare: Compare(func(e *event) string { return e.object })},
		Column[event]{Name: "GRAPH", Width: 4, Max: 20, Graph: true, Draw: graph},
		Column[event]{Name: "N", Width: 6, Right: true, Text: func(*event) (string, theme.Role) { return "7", theme.Text }},
		Column[event]{Name: "DETAIL", Width: 8, Max: 60, Text: func(e *event) (string, theme.Role) { return e.detail, theme.Text }},
	)
}

// TestWidthsFollowNeed: what would be cut off gets the room that others have too much of, figures and graphs keep theirs, and a
// column that was needed wider does not shrink again while one looks.
func TestWidthsFollowNeed(t *testing.T) {
	const detail = "memory limit of 512 MB reached"
	wide := 0
	tab := events(func(a frame.Area, _ *event) { wide = a.W })
	f := frame.New(80, 12, theme.New(theme.Options{}))
	show := func(object, detail string) []string {
		tab.SetRows([]Row[event]{{ID: "1", Val: &event{"12:04:27", object, detail}}}, start)
		f.Area().Clear()
		tab.Render(f.Area(), start)
		return strings.Split(f.Plain(), "\n")
	}
	plain := show("web", "short")
	if at := strings.Index(plain[0], "OBJECT"); at != 3+12+1 {
		t.Errorf("nothing is cut, and OBJECT is at %d of %q", at, plain[0])
	}
	room := wide
	lines := show("web", detail)
	if !strings.Contains(lines[1], detail) {
		t.Errorf("cut although others have room: %q", lines[1])
	}
	if wide != room || strings.Index(lines[0], "OBJECT") >= 3+12+1 {
		t.Errorf("the graph is %d wide, want %d as before; %q, want TIME narrower than before", wide, room, lines[0])
	}
	object := strings.Repeat("o", 20)
	if lines = show(object, detail); !strings.Contains(lines[1], object) && !strings.Contains(lines[1], detail) {
		t.Errorf("both are cut: %q", lines[1])
	}
	if again := show("web", "short"); again[0] != lines[0] {
		t.Errorf("the heads were %q, and are %q when the long row is gone", lines[0], again[0])
	}
	tab.SetColumns(Columns{Set: Own, Own: []Pick{{Name: "TIME", Width: 20}, {Name: "OBJECT"}, {Name: "DETAIL"}}})
	if lines = show("web", strings.Repeat("d", 60)); strings.Index(lines[0], "OBJECT") != 3+20+1 {
		t.Errorf("%q: TIME was to be 20 wide", lines[0])
	}
}
