package app

import (
	"fmt"
	"slices"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/table"
)

// columns is the choice of a list's columns. The list behind shows each change at once.
type columns struct {
	list   screen.Columner
	before table.Columns // what esc goes back to
	rows   []columnRow   // those that are shown first, in their order
	at     int
	top    int
}

// columnRow is a column that may be shown.
type columnRow struct {
	table.Pick
	on bool
}

// chooseColumns opens the choice of the screen's columns.
func (a *App) chooseColumns() {
	c, ok := a.top().screen.(screen.Columner)
	if !ok {
		a.say(theme.Dim, "there is no list here")
		return
	}
	o := &columns{list: c}
	o.read()
	_, _, o.before = c.Columns()
	a.over = o
}

// read takes the rows from the list as it is.
func (o *columns) read() {
	all, shown, _ := o.list.Columns()
	o.rows = o.rows[:0]
	for _, p := range shown {
		o.rows = append(o.rows, columnRow{p, true})
	}
	for _, name := range all {
		if !slices.ContainsFunc(shown, func(p table.Pick) bool { return table.Same(p.Name, name) }) {
			o.rows = append(o.rows, columnRow{Pick: table.Pick{Name: name}})
		}
	}
	o.at = max(min(o.at, len(o.rows)-1), 0)
}

// show has the list show what is chosen. The last column cannot be taken away.
func (o *columns) show() {
	var own []table.Pick
	for _, r := range o.rows {
		if r.on {
			own = append(own, r.Pick)
		}
	}
	o.list.SetColumns(table.Columns{Set: table.Own, Own: own})
}

func (o *columns) typing() bool { return false }

func (o *columns) key(a *App, msg tea.KeyMsg) tea.Cmd {
	b, ok := keys.Lookup([]keys.Scope{keys.Columns}, msg.String())
	if !ok || b.Scope != keys.Columns {
		return nil
	}
	switch b.Verb {
	case keys.Press:
		a.over = nil
	case keys.Cancel:
		o.list.SetColumns(o.before)
		a.over = nil
	case keys.Down:
		o.at = min(o.at+1, len(o.rows)-1)
	case keys.Up:
		o.at = max(o.at-1, 0)
	case keys.ResetColumns:
		o.list.SetColumns(table.Columns{})
		o.read()
	default:
		o.change(b.Verb)
		o.show()
	}
	return nil
}

// change does what a key does to the cursor's column.
func (o *columns) change(verb keys.Verb) {
	row := &o.rows[o.at]
	switch verb {
	case keys.Mark:
		others := slices.ContainsFunc(o.rows, func(r columnRow) bool { return r.on && r.Name != row.Name })
		row.on = !row.on || !others
	case keys.Earlier, keys.Later:
		to := o.at - 1
		if verb == keys.Later {
			to = o.at + 1
		}
		if to >= 0 && to < len(o.rows) {
			o.rows[o.at], o.rows[to] = o.rows[to], o.rows[o.at]
			o.at = to
		}
	case keys.Wider:
		row.Width, row.on = max(row.Width, len(row.Name))+1, true
	case keys.Narrower:
		row.Width = max(row.Width-1, 0)
	default:
	}
}

func (o *columns) render(_ *App, area frame.Area) {
	const w = 36
	h := min(len(o.rows)+2, area.H)
	box := area.Sub(max(area.W-w-1, 0), 0, w, h)
	box.Clear()
	in := box.Box("Columns")
	o.top = max(min(o.top, o.at), o.at-in.H+1, 0)
	for y := 0; y < in.H && o.top+y < len(o.rows); y++ {
		r, line := o.rows[o.top+y], in.Sub(0, y, in.W, 1)
		if o.top+y == o.at {
			line = line.With(theme.Cursor)
			line.Clear()
			line.Text(0, 0, theme.Accent, line.Theme().Glyph.Cursor)
		}
		role, sign := theme.Dim, "[ ]"
		if r.on {
			role, sign = theme.Text, "[x]"
		}
		x := line.Text(2, 0, role, sign) + 1
		line.Text(x, 0, role, line.Clip(r.Name, line.W-x-8))
		if r.Width > 0 {
			line.Right(line.W-7, 0, 7, role, fmt.Sprintf("%d wide", r.Width))
		}
	}
}

func (o *columns) hint() string {
	return "<space>show  <J K>move  <+ ->width  <r>reset  <enter>keep  <esc>cancel"
}
