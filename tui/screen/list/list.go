// Package list is the part that all list screens share: a table with a filter line, tabs and marks. It knows no domain.
// Start reading at List.
package list

import (
	"fmt"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/filter"
	"codeberg.org/reeve/reeve/tui/widget/input"
	"codeberg.org/reeve/reeve/tui/widget/table"
	"codeberg.org/reeve/reeve/tui/widget/tabs"
)

// List is a table that can be filtered. It is part of one screen.
type List[T any] struct {
	Table   *table.Table[T]
	Name    string     // under which its columns are kept
	Tabs    *tabs.Tabs // nil if there is only one
	Problem func(*T) bool
	Aside   func() string // what else there is to say in the line over the list, if there is room; behind a newline what gives way first; may be nil

	fields   []filter.Field[T]
	help     string
	text     string // of the filter
	wrong    string // why it cannot be read
	typing   bool
	in       input.Input
	tab      *completion // what tab goes through, nil before it was pressed
	problems bool
	only     func(*T) bool                          // what the screen lets through, nil for all
	note     string                                 // what that is
	columns  func(set *table.Columns) table.Columns // keeps which columns are shown, nil for nobody
}

// New returns a list without a filter. help names the filter's fields.
func New[T any](t *table.Table[T], help string, fields ...filter.Field[T]) *List[T] {
	return &List[T]{Table: t, fields: fields, help: help}
}

// Keep has the columns that an operator chooses kept, and shows those that were kept.
func (l *List[T]) Keep(env screen.Env) {
	if env.Columns == nil || l.Name == "" {
		return
	}
	l.columns = func(set *table.Columns) table.Columns { return env.Columns(l.Name, set) }
	l.Table.SetColumns(l.columns(nil))
}

// SetColumns shows columns from now on; none are the configured ones, or the usual ones.
func (l *List[T]) SetColumns(c table.Columns) {
	if l.columns != nil {
		c = l.columns(&c)
	}
	l.Table.SetColumns(c)
}

// Columns are all columns, those that are shown, and how the table is set up.
func (l *List[T]) Columns() (all []string, shown []table.Pick, set table.Columns) {
	return l.Table.Names(), l.Table.Shown(), l.Table.Columns()
}

// Export is the list as text.
func (l *List[T]) Export(all bool) (titles []string, rows [][]string) { return l.Table.Export(all) }

// Filter is the text of the filter.
func (l *List[T]) Filter() string { return l.text }

// SetFilter filters by text.
func (l *List[T]) SetFilter(text string) {
	l.text = text
	l.apply()
}

// Only shows only rows that a switch of the screen lets through, beside the filter; nil shows all. note says which in the
// line over the list.
func (l *List[T]) Only(keep func(*T) bool, note string) {
	l.only, l.note = keep, note
	l.apply()
}

func (l *List[T]) apply() {
	keep, err := filter.Parse(l.text, l.fields)
	l.wrong = ""
	if err != nil {
		l.wrong = err.Error()
		return // what was shown before stays
	}
	if l.problems {
		inner := keep
		keep = func(row *T) bool { return l.Problem(row) && (inner == nil || inner(row)) }
	}
	if only, rest := l.only, keep; only != nil {
		keep = func(row *T) bool { return only(row) && (rest == nil || rest(row)) }
	}
	l.Table.SetFilter(keep, filter.Moves(l.text, l.fields))
}

// Typing says whether keys go into the filter line.
func (l *List[T]) Typing() bool { return l.typing }

// Type takes a key while Typing.
func (l *List[T]) Type(key tea.KeyMsg) {
	switch key.Type {
	case tea.KeyEnter:
		l.typing = false
	case tea.KeyEsc:
		l.typing = false
		l.SetFilter("")
	case tea.KeyTab:
		l.complete()
	default:
		if l.in.Type(key) {
			l.SetFilter(l.in.Value())
		}
	}
}

// Do takes a verb and says whether it was for the list.
func (l *List[T]) Do(verb keys.Verb, now time.Time) bool {
	switch verb {
	case keys.Filter:
		l.typing, l.in = true, input.New(l.text)
		return true
	case keys.Problems:
		if l.Problem == nil {
			return false
		}
		l.problems = !l.problems
		l.apply()
		return true
	case keys.Back:
		return l.back()
	case keys.Wide:
		l.Table.Do(verb, now)
		l.SetColumns(l.Table.Columns())
		return true
	default:
		return l.Table.Do(verb, now)
	}
}

// back clears one thing: the filter, then the marks.
func (l *List[T]) back() bool {
	if l.text != "" || l.problems {
		l.problems = false
		l.SetFilter("")
		return true
	}
	return l.Table.ClearMarks()
}

// Save and Restore keep what the operator set up.
func (l *List[T]) Save() screen.State {
	s := screen.State{Table: l.Table.Save(), Filter: l.text, Flag: l.problems}
	if l.Tabs != nil {
		s.Tab = l.Tabs.At
	}
	return s
}

// Restore takes what Save answered.
func (l *List[T]) Restore(s screen.State) {
	l.problems = s.Flag && l.Problem != nil
	l.SetFilter(s.Filter)
	l.Table.Restore(s.Table)
	if l.Tabs != nil && s.Tab >= 0 && s.Tab < len(l.Tabs.Names) {
		l.Tabs.At = s.Tab
	}
}

// Render draws the line of tabs, filter, order and marks, and the table below it.
func (l *List[T]) Render(a frame.Area, now time.Time) {
	l.Table.Render(a.Sub(0, 1, a.W, a.H-1), now)
	l.head(a.Sub(0, 0, a.W, 1))
}

func (l *List[T]) head(a frame.Area) {
	x := 1
	if l.Tabs != nil {
		x += l.Tabs.Draw(a.Sub(1, 0, a.W-1, 1)) + 2
	}
	if l.typing || l.text != "" {
		l.filterLine(a.Sub(x, 0, a.W-x, 1))
		return
	}
	if l.problems {
		x = a.Text(x, 0, theme.Warn, "only problems") + 3
	}
	if l.note != "" {
		x = a.Text(x, 0, theme.Warn, a.Clip(l.note, a.W-x)) + 3
	}
	if name, desc := l.Table.Sorted(); name != "" {
		arrow := a.Theme().Glyph.Up
		if desc {
			arrow = a.Theme().Glyph.Down
		}
		room := a.W
		if marked := l.marked(); len(marked) > 0 {
			room -= frame.Width(marked[0]) + 3
		}
		if text := name + " " + arrow; x+5+frame.Width(text) <= room {
			x = a.Text(x, 0, theme.Dim, "sort ")
			x = a.Text(x, 0, theme.Text, text) + 3
		}
	}
	x = l.set(a, l.marks(a, x))
	row, of := l.Table.Place()
	if place := fmt.Sprintf("%d of %d", row, of); of > 0 && x+frame.Width(place)+1 < a.W {
		a.Text(a.W-frame.Width(place)-1, 0, theme.Dim, place)
		l.aside(a.Sub(x, 0, a.W-x-frame.Width(place)-4, 1))
	}
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

func (l *List[T]) marks(a frame.Area, x int) int {
	texts := l.marked()
	if len(texts) == 0 {
		return x
	}
	return a.Text(x, 0, theme.Warn, texts[0]) + 3
}

// marked says how many rows are marked and how many of them the filter hides, the longest way first; nil if none is marked.
func (l *List[T]) marked() []string {
	ids, hidden := l.Table.Marks()
	if len(ids) == 0 {
		return nil
	}
	texts := []string{fmt.Sprintf("%d marked", len(ids))}
	if hidden > 0 {
		short := fmt.Sprintf("%s, %d hidden", texts[0], hidden)
		texts = []string{short + " by the filter", short, fmt.Sprintf("%d hidden", hidden)}
	}
	return texts
}

// filterRoom is what a filter and its count need beside marks.
const filterRoom = 28

// besideMarks draws what is to be known of marks at the right, so that it is always in sight, and answers what is left.
func (l *List[T]) besideMarks(a frame.Area) frame.Area {
	texts := l.marked()
	for i, text := range texts {
		if left := a.W - frame.Width(text) - 2; left >= filterRoom || i == len(texts)-1 {
			a.Text(left+1, 0, theme.Warn, text)
			return a.Sub(0, 0, max(left, 0), 1)
		}
	}
	return a
}

func (l *List[T]) filterLine(a frame.Area) {
	if !l.typing {
		a = l.besideMarks(a)
	}
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
