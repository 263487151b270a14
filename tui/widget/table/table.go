// Package table is the list of all list screens: a window over any number of rows. The cursor and the marks are ids, so
// they stay with their rows whatever the data do; a row that vanishes stays where it was for a while, dimmed, and cannot
// be acted on. It never does I/O and knows no domain. Start reading at Table, then build.go.
package table

import (
	"cmp"
	"iter"
	"math"
	"slices"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/theme"
)

// Row is an entry with its id.
type Row[T any] struct {
	ID  string
	Val *T
}

// Column is one column. Either Text or Draw fills a cell.
type Column[T any] struct {
	Name    string // of the column, also for sorting
	Title   string // over the column; Name if empty
	Width   int    // the least it can do with
	Max     int    // the most it takes of space that is left, Width if 0
	Rank    int    // columns with the highest rank go first when space runs out; 0 never goes
	Right   bool
	Wide    bool // only shown in wide mode
	Graph   bool // a picture of what another column says: an export leaves it out
	Moves   bool // Compare looks at more than the rows: its order changes without them
	Text    func(row *T) (string, theme.Role)
	Draw    func(a frame.Area, row *T)
	Compare func(a, b *T) int              // nil, as Key: not to be sorted by
	Key     func(row *T) string            // instead of Compare: the order is that of ByName, and very many rows are asked once for it, not at each comparison
	Total   func(rows iter.Seq[*T]) string // what stands below the column for all rows that are shown; nil for nothing
}

// Table shows rows. It is owned by one screen.
type Table[T any] struct {
	Latest func(id string) *T // what is known of a row that has vanished from this table, nil if nothing; may be nil
	Jobs   bool               // somebody asks for Job after all that happens to the table, and runs it: then filters and Compare are called by any goroutine
	// Differs says whether a row has become another in a way that somebody should see: it is marked for a moment. Nil marks only
	// rows that are new.
	Differs func(was, is *T) bool

	cols   []Column[T]
	nodes  map[string]*node[T] // rows that are there, and ghosts
	count  int                 // how many are there
	order  []*node[T]          // all in their order, as of built
	view   []*node[T]          // those that pass the filter
	keep   func(*T) bool       // the filter, nil for none
	moves  bool                // what keep says of a row may change without the row
	judge  bool                // what keep says is not known yet
	dirty  []*node[T]          // rows that have changed since the order was made
	full   bool                // the order is another: it must be made anew
	passed []*node[T]          // memory for view
	many   int                 // from how many rows on the order is kept in step instead of made anew
	far    int                 // from how many rows on jobs are made
	near   int                 // how many rows a glimpse has on each side of the cursor
	round  uint64              // how many times SetRows was called

	cursor string // id
	at     int    // index of the cursor in view
	top    int    // first row on the screen
	height int    // rows on the screen at the last Render
	skip   int    // columns scrolled away
	hidden int    // columns that did not fit at the last Render
	drawn  []int  // the columns of the last Render
	needs  []int  // by column, how wide the texts were that were drawn; nil if nothing was cut off yet
	marks  map[string]bool
	anchor string // where marking began

	sort    int // column
	desc    bool
	set     string // of columns: Usual, Wide or Own
	own     []Pick
	picked  []int       // the columns of own
	pending bool        // rows have changed since view was built
	urgent  bool        // the operator changed what is shown: it shall be built at once
	touched time.Time   // the last key
	built   time.Time   // when view was built
	asked   uint64      // how many times the operator wanted something else to be shown
	doing   *Job[T]     // the job that is being done, nil if none is
	again   *Job[T]     // one that is being done for a table whose rows were taken over, until somebody waits for it
	spare   []place[T]  // memory of the last job for the next
	glimpse *glimpse[T] // nil if all rows have nodes, as they usually do

	ghosts map[string]*node[T] // rows that have vanished and keep their places
	empty  string
	totals []string // by column; nil if they have to be counted again, or there are none
}

// Settings is what outlives a screen.
type Settings struct {
	Cursor string `json:"cursor,omitempty"`
	Sort   string `json:"sort,omitempty"`
	Desc   bool   `json:"desc,omitempty"`
}

// How long things stand still.
const (
	sortHold  = 1500 * time.Millisecond // after a key, so that a row does not move under the hand
	ghostStay = 15 * time.Second
	newsStay  = 2 * time.Second // a mark on a row that is new or has changed; the next frame after that is without
	manyHold  = time.Second     // between two orders of a long list, which costs milliseconds
	manyRows  = 2000
)

// How much there may be.
const (
	maxGhosts = 200
	few       = 64 // rows that are always put in their places one by one
)

// New returns an empty table, sorted by the first column that can be. empty is what it says when it has no rows.
func New[T any](empty string, cols ...Column[T]) *Table[T] {
	t := &Table[T]{
		cols: cols, marks: map[string]bool{}, ghosts: map[string]*node[T]{}, nodes: map[string]*node[T]{}, full: true, many: manyRows, far: farRows, near: nearRows, empty: empty, set: Usual,
	}
	for i := range t.cols {
		if t.cols[i].Title == "" {
			t.cols[i].Title = t.cols[i].Name
		}
		t.cols[i].Max = max(t.cols[i].Max, t.cols[i].Width)
		if t.cols[i].Key != nil {
			t.cols[i].Compare = ByName(t.cols[i].Key)
		}
	}
	t.sort = slices.IndexFunc(t.cols, func(c Column[T]) bool { return c.Compare != nil })
	return t
}

// SortBy sets the order.
func (t *Table[T]) SortBy(name string, desc bool) {
	for i, c := range t.cols {
		if c.Name == name && c.Compare != nil {
			t.sort, t.desc, t.full = i, desc, true
			t.ask()
		}
	}
}

// Save is what Restore takes later.
func (t *Table[T]) Save() Settings {
	s := Settings{Cursor: t.cursor, Desc: t.desc}
	if t.sort >= 0 {
		s.Sort = t.cols[t.sort].Name
	}
	return s
}

// Restore sets what Save answered.
func (t *Table[T]) Restore(s Settings) {
	t.cursor = s.Cursor
	if s.Sort != "" {
		t.SortBy(s.Sort, s.Desc)
	}
}

// Select puts the cursor on a row, also one that is not there yet.
func (t *Table[T]) Select(id string) {
	t.cursor, t.pending, t.urgent = id, true, true
	if t.glimpse != nil {
		t.glimpse.stale = true
	}
}

// Sorted is the name of the column that is sorted by, and says whether the order is turned round.
func (t *Table[T]) Sorted() (name string, desc bool) {
	if t.sort < 0 {
		return "", false
	}
	return t.cols[t.sort].Name, t.desc
}

// Place is the number of the cursor's row from 1, 0 if there is none, and how many rows there are.
func (t *Table[T]) Place() (row, of int) {
	t.settle(t.touched)
	switch {
	case len(t.view) == 0:
		return 0, 0
	case t.glimpse != nil:
		return t.glimpse.above + t.at + 1, t.glimpse.total
	}
	return t.at + 1, len(t.view)
}

// Len is how many rows pass the filter, and how many there are.
func (t *Table[T]) Len() (shown, all int) {
	t.settle(time.Time{})
	if t.glimpse != nil {
		return t.glimpse.total, t.count
	}
	return len(t.view), t.count
}

// At is the row of the cursor. alive is false when the row has vanished: nothing may be done to it.
func (t *Table[T]) At() (row Row[T], alive bool) {
	t.settle(t.touched)
	if t.at >= len(t.view) {
		return Row[T]{}, false
	}
	n := t.view[t.at]
	if val := t.lookup(n.ID); val != nil {
		return Row[T]{n.ID, val}, true
	}
	return Row[T]{n.ID, t.latest(n)}, false
}

// Marks are the ids of marked rows, sorted, and how many of them the filter hides.
func (t *Table[T]) Marks() (ids []string, hidden int) {
	for id := range t.marks {
		ids = append(ids, id)
		if row := t.lookup(id); row != nil && t.keep != nil && !t.keep(row) {
			hidden++
		}
	}
	slices.Sort(ids)
	return ids, hidden
}

// Targets are what an action is for: the marked rows that still exist, or the cursor's if it does.
func (t *Table[T]) Targets() []Row[T] {
	var out []Row[T]
	ids, _ := t.Marks()
	for _, id := range ids {
		if row := t.lookup(id); row != nil {
			out = append(out, Row[T]{id, row})
		}
	}
	if len(ids) > 0 {
		return out
	}
	if row, alive := t.At(); alive {
		return []Row[T]{row}
	}
	return nil
}

// All ranges over all rows that are there, in any order.
func (t *Table[T]) All() iter.Seq[*T] {
	return func(yield func(*T) bool) {
		if t.glimpse != nil {
			for _, r := range t.glimpse.rows {
				if !yield(r.Val) {
					return
				}
			}
			return
		}
		for _, n := range t.nodes {
			if n.there() && !yield(n.val()) {
				return
			}
		}
	}
}

// ClearMarks forgets all marks and says whether there were any.
func (t *Table[T]) ClearMarks() bool {
	had := len(t.marks) > 0
	clear(t.marks)
	t.anchor = ""
	return had
}

// Do takes a verb of the List scope and says whether it was one.
func (t *Table[T]) Do(verb keys.Verb, now time.Time) bool {
	t.settle(now)
	if t.wait(verb) {
		t.touched = now
		return true
	}
	to, goes := t.goal(verb)
	if !goes || verb == keys.Mark {
		return t.doOther(verb)
	}
	t.move(to)
	t.touched = now
	return true
}

// goal is the row that a verb leads to; it may be beyond the first or the last. goes is false if the verb leads nowhere.
func (t *Table[T]) goal(verb keys.Verb) (to int, goes bool) {
	page := max(t.height, 1)
	switch verb {
	case keys.Up:
		return t.at - 1, true
	case keys.Down, keys.Mark:
		return t.at + 1, true
	case keys.First:
		return math.MinInt, true
	case keys.Bottom:
		return math.MaxInt, true
	case keys.HalfUp:
		return t.at - page/2, true
	case keys.HalfDown:
		return t.at + page/2, true
	case keys.PageUp:
		return t.at - page, true
	case keys.PageDown:
		return t.at + page, true
	default:
		return 0, false
	}
}

func (t *Table[T]) doOther(verb keys.Verb) bool {
	switch verb {
	case keys.Mark:
		t.mark()
	case keys.Range:
		t.markRange()
	case keys.Unmark:
		t.ClearMarks()
	case keys.SortLeft:
		t.stepSort(-1)
	case keys.SortRight:
		t.stepSort(1)
	case keys.SortFlip:
		t.turn()
	case keys.SortName, keys.SortAge, keys.SortState:
		t.sortTo(verb)
	case keys.Wide:
		t.nextSet()
	case keys.Left:
		t.skip = max(t.skip-1, 0)
	case keys.Right:
		t.skip = min(t.skip+1, t.hidden+t.skip, max(len(t.current())-2, 0))
	default:
		return false
	}
	return true
}

func (t *Table[T]) move(to int) {
	t.at = max(min(to, len(t.view)-1), 0)
	if t.at < len(t.view) {
		n := t.view[t.at]
		t.cursor = n.ID
		if t.ghosts[n.ID] == nil && t.lookup(n.ID) == nil {
			// It was to go with the next order of the rows; now that somebody looks at it, it stays.
			n.gone, n.leaves = t.built, false
			t.ghosts[n.ID], t.nodes[n.ID] = n, n
			t.look(n)
		}
	}
}

func (t *Table[T]) mark() {
	row, alive := t.At()
	if !alive {
		return
	}
	if t.marks[row.ID] {
		delete(t.marks, row.ID)
	} else {
		t.marks[row.ID] = true
		t.anchor = row.ID
	}
	t.move(t.at + 1)
}

// markRange marks from the last mark to the cursor.
func (t *Table[T]) markRange() {
	from := slices.IndexFunc(t.view, func(n *node[T]) bool { return n.ID == t.anchor })
	if from < 0 {
		from = t.at
	}
	for i := min(from, t.at); i <= max(from, t.at) && i < len(t.view); i++ {
		if t.view[i].there() {
			t.marks[t.view[i].ID] = true
		}
	}
}

func (t *Table[T]) stepSort(by int) {
	cols := t.current()
	from := slices.Index(cols, t.sort) // -1 if it is not shown: then the first one is next
	for i := 1; i <= len(cols); i++ {
		at := cols[((from+by*i)%len(cols)+len(cols))%len(cols)]
		if t.cols[at].Compare != nil {
			t.sort, t.full = at, true
			t.ask()
			return
		}
	}
}

// Natural compares names so that web-2 comes before web-10. Names of one list begin alike, so it looks for where they
// differ first: sorting long lists is comparing, mostly.
func Natural(a, b string) int {
	if a == b {
		return 0
	}
	x, y := a, b
	for {
		i := differ(x, y)
		for i > 0 && digit(x[i-1]) { // to the beginning of the number that they differ in
			i--
		}
		x, y = x[i:], y[i:]
		switch {
		case x == "" || y == "":
			return cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(a, b))
		case !digit(x[0]) || !digit(y[0]):
			return cmp.Compare(x[0], y[0])
		}
		m, n := number(x), number(y)
		x, y = x[len(m):], y[len(n):]
		m, n = strings.TrimLeft(m, "0"), strings.TrimLeft(n, "0")
		if c := cmp.Or(cmp.Compare(len(m), len(n)), strings.Compare(m, n)); c != 0 {
			return c
		}
	}
}

// differ is where two names differ first, or where one ends.
func differ(a, b string) int {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	return i
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// number is the digits at the beginning of s.
func number(s string) string {
	n := 0
	for n < len(s) && digit(s[n]) {
		n++
	}
	return s[:n]
}

// ByName orders by a name; for Column.Compare.
func ByName[T any](name func(*T) string) func(a, b *T) int {
	return func(a, b *T) int { return Natural(name(a), name(b)) }
}

// Compare orders by a value; for Column.Compare.
func Compare[T any, V cmp.Ordered](value func(*T) V) func(a, b *T) int {
	return func(a, b *T) int { return cmp.Compare(value(a), value(b)) }
}
