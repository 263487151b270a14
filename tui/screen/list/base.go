package list

import (
	"cmp"
	"context"
	"iter"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/widget/table"
	"codeberg.org/reeve/reeve/tui/widget/tabs"
)

// Base is what all screens that are a list have in common. Such a screen embeds it, and adds a Crumb, what its own keys do
// and what it has to say of a row. A list that is divided among tabs has a List for each of them.
type Base[T any] struct {
	Env  screen.Env
	Tabs *tabs.Tabs // nil if there is only one

	setup Setup[T]
	lists []*List[T]
	seen  uint64        // version of the snapshot that the lists hold
	size  int           // how many rows were shown then
	shown int           // the tab that they were filled for
	from  store.List[T] // the list that they were filled from

	changed []store.Change[T] // memory of changes
	rows    []table.Row[T]    // memory of follow
}

// Setup is what a screen says once of its list.
type Setup[T any] struct {
	Scope keys.Scope
	Kind  screen.Kind // of the thing that a row is, "" if it is none
	Name  string      // of an export
	// Value is a row as it can be described, if that is not in the store. Nil if it is.
	Value func(row *T) any
	// List is the list of a snapshot whose rows are shown. Only what has changed in it is looked at.
	List func(s *store.Snapshot) store.List[T]
	// Rows are all rows of a snapshot that has no such list. Nil, too, if the screen fills the tables itself.
	Rows func(s *store.Snapshot) iter.Seq2[string, *T]
	// Before is called before a list is given another snapshot. It may be nil.
	Before func(s *store.Snapshot)
	// Tab is where a row belongs. Nil if there is one tab only.
	Tab func(row *T) int
	// Differs says whether a row has changed so that somebody should see. Nil if that does not happen.
	Differs func(was, is *T) bool
	// Put gives a table new rows. Nil leaves what is looked at where it is.
	Put func(t *table.Table[T], rows []table.Row[T])
}

// NewBase returns a Base of a list, or of one for each tab.
func NewBase[T any](env screen.Env, setup Setup[T], lists ...*List[T]) Base[T] {
	for _, l := range lists {
		l.Name = cmp.Or(l.Name, string(setup.Scope))
		l.Keep(env)
		l.Table.Jobs = env.Async != nil
		l.Table.Differs = setup.Differs
	}
	return Base[T]{Env: env, Tabs: lists[0].Tabs, setup: setup, lists: lists, shown: -1}
}

func (b *Base[T]) tab() int {
	if b.Tabs == nil {
		return 0
	}
	return b.Tabs.At
}

// List is the one that is shown.
func (b *Base[T]) List() *List[T] { return b.lists[min(b.tab(), len(b.lists)-1)] }

// Table is the shown list's.
func (b *Base[T]) Table() *table.Table[T] { return b.List().Table }

// Row is what the cursor is on, nil if on nothing. alive is false when it has vanished: nothing may be done to it.
func (b *Base[T]) Row() (id string, val *T, alive bool) {
	row, alive := b.Table().At()
	return row.ID, row.Val, alive
}

// Targets are the rows that an action is for, and how many of them the filter hides.
func (b *Base[T]) Targets() (rows []*T, hidden int) {
	for _, r := range b.Table().Targets() {
		rows = append(rows, r.Val)
	}
	_, hidden = b.Table().Marks()
	return rows, hidden
}

// Scopes are the key scopes.
func (b *Base[T]) Scopes() []keys.Scope { return []keys.Scope{b.setup.Scope, keys.List} }

// Start does nothing: all data are in the store.
func (b *Base[T]) Start() tea.Cmd { return nil }

// worked is a job of a table that was run.
type worked[T any] struct {
	table *table.Table[T]
	job   *table.Job[T]
}

// Work is what the shown list has to have done outside of the loop, nil if nothing.
func (b *Base[T]) Work() tea.Cmd {
	if b.Env.Async == nil {
		return nil
	}
	b.Refresh()
	t := b.Table()
	job := t.Job(b.Env.Now())
	if job == nil {
		return nil
	}
	return b.Env.Async(func(context.Context) tea.Msg {
		job.Run()
		return worked[T]{t, job}
	})
}

// Update takes what Work has brought. All else is in the store: Render looks at the newest snapshot.
func (b *Base[T]) Update(msg tea.Msg) tea.Cmd {
	if w, ok := msg.(worked[T]); ok {
		w.table.Finish(w.job, b.Env.Now())
	}
	return nil
}

// Typing says whether the filter takes keys.
func (b *Base[T]) Typing() bool { return b.List().Typing() }

// Type gives the filter a key.
func (b *Base[T]) Type(key tea.KeyMsg) tea.Cmd {
	b.List().Type(key)
	return nil
}

// Save keeps filter, order and cursor of what is shown.
func (b *Base[T]) Save() screen.State { return b.List().Save() }

// Restore takes what Save answered.
func (b *Base[T]) Restore(s screen.State) {
	if b.Tabs != nil {
		b.Tabs.At = min(max(s.Tab, 0), len(b.Tabs.Names)-1)
	}
	b.List().Restore(s)
}

// Take does the verbs that all lists know, and says whether verb was one.
func (b *Base[T]) Take(verb keys.Verb) bool {
	b.Refresh()
	switch {
	case b.Tabs != nil && verb == keys.NextTab:
		b.step(1)
	case b.Tabs != nil && verb == keys.PrevTab:
		b.step(-1)
	default:
		return b.List().Do(verb, b.Env.Now())
	}
	return true
}

// step goes to another tab; the filter comes along.
func (b *Base[T]) step(by int) {
	filter := b.List().Filter()
	b.Tabs.Step(by)
	b.List().SetFilter(filter)
}

// Columns are all columns of what is shown, those that are shown, and how it is set up.
func (b *Base[T]) Columns() (all []string, shown []table.Pick, set table.Columns) {
	return b.List().Columns()
}

// SetColumns shows columns; none are the configured ones, or the usual ones.
func (b *Base[T]) SetColumns(c table.Columns) { b.List().SetColumns(c) }

// Lists are the columns of all lists by the name under which they are kept.
func (b *Base[T]) Lists() map[string][]string {
	out := map[string][]string{}
	for _, l := range b.lists {
		out[l.Name] = l.Table.Names()
	}
	return out
}

// Refresh gives the shown list the newest snapshot. Whatever looks at rows calls it first: a key may come before a frame.
func (b *Base[T]) Refresh() {
	snap := b.Env.Store.Snapshot()
	if b.setup.Rows == nil && b.setup.List == nil || snap.Version == b.seen && b.shown == b.tab() {
		return
	}
	if b.setup.Before != nil {
		b.setup.Before(snap)
	}
	switch {
	case b.shown == b.tab() && b.Table().Glimpse():
		return // what has changed is looked at when all rows are in order
	case b.setup.List == nil:
		b.fill(b.setup.Rows(snap))
	case b.shown == b.tab():
		b.follow(b.setup.List(snap))
	case b.resume(b.setup.List(snap)):
		if b.Table().Glimpse() {
			b.shown = b.tab()
			return
		}
	default:
		b.from = b.setup.List(snap)
		b.fill(b.from.All())
	}
	b.seen, b.shown = snap.Version, b.tab()
}

// fill gives the shown list all rows.
func (b *Base[T]) fill(all iter.Seq2[string, *T]) {
	rows := make([]table.Row[T], 0, b.size)
	var counts []int
	if b.Tabs != nil {
		counts = make([]int, len(b.Tabs.Names))
	}
	for id, val := range all {
		if b.setup.Tab != nil {
			tab := b.setup.Tab(val)
			counts[tab]++
			if tab != b.Tabs.At {
				continue
			}
		}
		rows = append(rows, table.Row[T]{ID: id, Val: val})
	}
	if b.Tabs != nil {
		b.Tabs.Counts = counts
	}
	switch {
	case b.setup.Put != nil:
		b.setup.Put(b.Table(), rows)
	case b.shown == b.tab():
		b.Table().SetRows(rows, b.Env.Now())
	default:
		b.Table().Reset(rows)
	}
	b.size = len(rows)
}

// follow gives the shown list what has changed since it was filled.
func (b *Base[T]) follow(list store.List[T]) {
	rows, gone := b.changes(list, b.rows[:0])
	b.Table().Change(rows, gone, b.Env.Now())
	clear(rows) // what is gone elsewhere shall be gone here
	b.rows = rows
}

// changes are the rows that have changed since the shown list was filled, behind those of memory, and the ids of those that are gone; they
// are counted.
func (b *Base[T]) changes(list store.List[T], memory []table.Row[T]) (rows []table.Row[T], gone []string) {
	rows, b.changed = memory, list.AppendChanges(b.changed[:0], b.from)
	defer func() { clear(b.changed) }()
	for _, c := range b.changed {
		was, is := b.note(c.Was, -1), b.note(c.Is, 1)
		switch {
		case is:
			rows = append(rows, table.Row[T]{ID: c.ID, Val: c.Is})
		case was:
			gone = append(gone, c.ID)
		}
	}
	b.from = list
	return rows, gone
}

// note counts a row in or out, and says whether it belongs to what is shown.
func (b *Base[T]) note(row *T, by int) bool {
	if row == nil || b.setup.Tab == nil {
		return row != nil
	}
	tab := b.setup.Tab(row)
	b.Tabs.Counts[tab] += by
	return tab == b.Tabs.At
}

// Points is the cursor's row.
func (b *Base[T]) Points() screen.Thing {
	b.Refresh()
	if b.setup.Kind == "" {
		return screen.Thing{}
	}
	id, row, _ := b.Row()
	t := screen.Thing{Kind: b.setup.Kind, ID: id}
	if b.setup.Value != nil && row != nil {
		t.Value = b.setup.Value(row)
	}
	return t
}

// Export is the shown list as text.
func (b *Base[T]) Export(all bool) (string, []string, [][]string) {
	b.Refresh()
	titles, rows := b.Table().Export(all)
	return b.setup.Name, titles, rows
}

// Render draws the screen.
func (b *Base[T]) Render(a frame.Area) {
	b.Refresh()
	b.List().Render(a, b.Env.Now())
}
