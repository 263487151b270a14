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

// Draw shows the names on the area's first line, the shown one in brackets, and answers the column after them.
func (t *Tabs) Draw(a frame.Area) int {
	x := 0
	for i, name := range t.Names {
		if i < len(t.Counts) && t.Counts[i] >= 0 {
			name += " " + strconv.Itoa(t.Counts[i])
		}
		if i == t.At {
			x = a.Text(x, 0, theme.Accent, "["+name+"]")
		} else {
			x = a.Text(x, 0, theme.Dim, " "+name+" ")
		}
		x++
	}
	return x
}
