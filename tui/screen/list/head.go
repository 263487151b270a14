package list

import (
	"fmt"
	"strings"

	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/table"
)

// filterRoom is what a filter and its count need.
const filterRoom = 28

// head draws the line over the table. How many rows are marked, and how many of them cannot be seen, is always there: all else
// gives way to it.
func (l *List[T]) head(a frame.Area) {
	x := l.tabs(a)
	if l.typing || l.text != "" {
		l.filterLine(a.Sub(x, 0, a.W-x, 1))
		return
	}
	room := a.W - l.least()
	if l.problems {
		x = a.Text(x, 0, theme.Warn, a.Clip("only problems", room-x)) + 3
	}
	if l.note != "" && x < room {
		x = a.Text(x, 0, theme.Warn, a.Clip(l.note, room-x)) + 3
	}
	x = l.order(a, x)
	x = l.set(a, l.marks(a, x))
	if place := l.place(); place != "" && x+frame.Width(place)+1 < a.W {
		a.Text(a.W-frame.Width(place)-1, 0, theme.Dim, place)
		l.aside(a.Sub(x, 0, a.W-x-frame.Width(place)-4, 1))
	}
}

// place says which row the cursor is on, of how many.
func (l *List[T]) place() string {
	row, of := l.Table.Place()
	if of == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d", row, of)
}

// tabs draws the names of the pages and answers the column after them. Where marks and a filter would have no room beside
// them, only that of the shown page.
func (l *List[T]) tabs(a frame.Area) int {
	if l.Tabs == nil {
		return 1
	}
	room := a.W - 1
	if marked := l.marked(); len(marked) > 0 {
		room -= frame.Width(marked[0]) + 3
		switch {
		case l.typing || l.text != "":
			room -= filterRoom
		case l.problems:
			room -= frame.Width("only problems") + 3
		}
	}
	if a = a.Sub(1, 0, a.W-1, 1); room < a.W && l.Tabs.Width(room) > room {
		return l.Tabs.DrawShown(a) + 3
	}
	return l.Tabs.Draw(a.Sub(0, 0, room, 1)) + 3
}

// order says by which column rows are sorted, if there is room for it: the heads say that, too, so it gives way to what has to be said.
func (l *List[T]) order(a frame.Area, x int) int {
	name, desc := l.Table.Sorted()
	if name == "" {
		return x
	}
	arrow := a.Theme().Glyph.Up
	if desc {
		arrow = a.Theme().Glyph.Down
	}
	room := a.W
	if marked := l.marked(); len(marked) > 0 {
		room -= frame.Width(marked[0]) + 3
	} else if l.Aside != nil {
		first, _, _ := strings.Cut(l.Aside(), "\n")
		if aside := frame.Width(first) + frame.Width(l.place()) + 4; first != "" && x+aside <= a.W {
			room -= aside
		}
	}
	if text := name + " " + arrow; x+5+frame.Width(text) <= room {
		x = a.Text(x, 0, theme.Dim, "sort ")
		x = a.Text(x, 0, theme.Text, text) + 3
	}
	return x
}

// aside is at the right, or not there at all.
func (l *List[T]) aside(a frame.Area) {
	if l.Aside == nil {
		return
	}
	first, more, _ := strings.Cut(l.Aside(), "\n")
	for _, text := range []string{first + more, first} {
		if frame.Width(text) <= a.W {
			a.Text(a.W-frame.Width(text), 0, theme.Dim, text)
			return
		}
	}
}

// set says which columns are shown if they are not the usual ones, and how many are beside them.
func (l *List[T]) set(a frame.Area, x int) int {
	text := ""
	switch l.Table.Columns().Set {
	case table.Wide:
		text = "all columns"
	case table.Own:
		text = "own columns"
	}
	g := a.Theme().Glyph
	left, right := l.Table.Beyond()
	if left > 0 {
		text += fmt.Sprintf("  %s %d more", g.Left, left)
	}
	if right > 0 {
		text += fmt.Sprintf("  %d more %s", right, g.Arrow)
	}
	if text == "" {
		return x
	}
	return a.Text(x, 0, theme.Dim, strings.TrimSpace(text)) + 3
}

// marks says how many rows are marked, in as many words as there is room for.
func (l *List[T]) marks(a frame.Area, x int) int {
	texts := l.marked()
	for i, text := range texts {
		if x+frame.Width(text) < a.W || i == len(texts)-1 {
			return a.Text(x, 0, theme.Warn, text) + 3
		}
	}
	return x
}

// marked says how many rows are marked and how many of them the filter hides, the longest way first; nil if none is marked.
func (l *List[T]) marked() []string {
	ids, hidden := l.Table.Marks()
	if len(ids) == 0 {
		return nil
	}
	text := fmt.Sprintf("%d marked", len(ids))
	if hidden > 0 {
		text = fmt.Sprintf("%s, %d hidden", text, hidden)
		return []string{text + " by the filter", text}
	}
	return []string{text}
}

// least is what the shortest way to say what is marked takes.
func (l *List[T]) least() int {
	texts := l.marked()
	if len(texts) == 0 {
		return 0
	}
	return frame.Width(texts[len(texts)-1]) + 1
}

// besideMarks draws what is to be known of marks at the right, and answers what is left.
func (l *List[T]) besideMarks(a frame.Area) frame.Area {
	room := filterRoom
	if l.wrong != "" {
		room = a.W // why a filter cannot be read is as long as it is
	}
	texts := l.marked()
	for i, text := range texts {
		if left := a.W - frame.Width(text) - 2; left >= room || i == len(texts)-1 {
			a.Text(left+1, 0, theme.Warn, text)
			return a.Sub(0, 0, max(left, 0), 1)
		}
	}
	return a
}

func (l *List[T]) filterLine(a frame.Area) {
	a = l.besideMarks(a)
	x := a.Text(0, 0, theme.Accent, "/ ")
	shown, all := l.Table.Len()
	count := fmt.Sprintf("%d of %d", shown, all)
	width := max(min(40, a.W-x-len(count)-2), 8)
	if l.typing {
		l.in.Draw(a.Sub(x, 0, width, 1), true)
	} else {
		a.Text(x, 0, theme.Strong, a.Clip(l.text, width))
	}
	x += min(max(frame.Width(l.text)+3, 16), width+1)
	if l.wrong != "" {
		a.Text(x, 0, theme.Bad, a.Clip("! "+l.wrong, a.W-x))
		return
	}
	x = a.Text(x, 0, theme.Dim, count) + 3
	if l.typing && frame.Width(l.help) <= a.W-x {
		a.Text(x, 0, theme.Dim, l.help)
	}
}
