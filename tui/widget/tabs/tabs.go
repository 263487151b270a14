// Package tabs is a row of named pages of which one is shown. It never holds the pages. Start reading at Tabs.
package tabs

import (
	"strconv"

	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/theme"
)

// Tabs is which of some pages is shown.
type Tabs struct {
	Names  []string
	Counts []int // beside the names where it is not negative; may be nil
	At     int
}

// Step goes to the next page, or back for -1.
func (t *Tabs) Step(by int) { t.At = (t.At + by + len(t.Names)) % len(t.Names) }

// Name is the page that is shown.
func (t *Tabs) Name() string { return t.Names[t.At] }

// Turn is how many pages on one is that was clicked on.
type Turn int

// Draw shows the names on the area's first line, the shown one in brackets, and answers the column where the next
// thing goes. Where there is no room for all, the others lose their counts, and then the ends of their names.
func (t *Tabs) Draw(a frame.Area) int {
	names := t.fitting(a.W)
	x := 0
	for i, name := range names {
		x = t.draw(a, x, name, i) + 1
	}
	return x
}

// DrawShown shows the name of the shown page alone, and that there are others.
func (t *Tabs) DrawShown(a frame.Area) int {
	x := t.draw(a, 0, t.fitting(0)[t.At], t.At) + 1
	if len(t.Names) > 1 {
		from := x
		x = a.Text(x, 0, theme.Dim, a.Theme().Glyph.More) + 1
		a.Sub(from, 0, x-from, 1).Tag(Turn(1))
	}
	return x
}

// Width is how many columns Draw takes if it has w: more than w if they are too few.
func (t *Tabs) Width(w int) int {
	total := 0
	for _, name := range t.fitting(w) {
		total += frame.Width(name) + 3
	}
	return total - 1
}

func (t *Tabs) draw(a frame.Area, from int, name string, page int) int {
	x := from
	if page == t.At {
		x = a.Text(x, 0, theme.Accent, "["+name+"]")
	} else {
		x = a.Text(x, 0, theme.Dim, " "+name+" ")
	}
	a.Sub(from, 0, x-from, 1).Tag(Turn((page - t.At + len(t.Names)) % len(t.Names)))
	return x
}

// fitting are the names as they are shown in w columns.
func (t *Tabs) fitting(w int) []string {
	const short = 5 // letters of a name
	var names []string
	for try := range 3 {
		names = names[:0]
		total := 0
		for i, name := range t.Names {
			if try == 2 && i != t.At && len(name) > short {
				name = name[:short]
			}
			if i < len(t.Counts) && t.Counts[i] >= 0 && (try == 0 || i == t.At) {
				name += " " + strconv.Itoa(t.Counts[i])
			}
			names = append(names, name)
			total += frame.Width(name) + 3
		}
		if total-1 <= w {
			break
		}
	}
	return names
}
