// Package list is the part that all list screens share: a table with a filter line, tabs and marks. It knows no domain.
// Start reading at List.
package list

import (
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/screen"
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
