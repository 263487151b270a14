package table

import (
	"slices"
	"sync"
	"time"
)

// farRows is from how many rows on their order and what the filter says of them are found out by a Job, if somebody runs jobs:
// a key must not wait for them.
const farRows = 5000

// Job is work on very many rows, which is done outside of the loop that the table belongs to. Rows go on changing
// meanwhile, and the table shows what it showed.
type Job[T any] struct {
	once    sync.Once
	asked   uint64              // which question of the table's it answers
	all     []Row[T]            // what nodes are to be made of, nil if there are nodes
	old     []*node[T]          // those that there are; some may leave
	nodes   map[string]*node[T] // made of all
	order   []*node[T]          // they, in order
	rows    []place[T]
	compare func(a, b *T) int // nil: by id
	key     func(*T) string   // what compare compares; nil if that is not known
	desc    bool
	sort    bool
	keep    func(*T) bool // nil: all
}

// place is a row as a job has it. All of the node but its id and its newest value belongs to the table's loop; the value
// never changes.
type place[T any] struct {
	node   *node[T]
	id     string
	val    *T
	key    string // by which it is sorted, if the job has keys
	passes bool
}

// waits says whether the rows wait for a job.
func (t *Table[T]) waits() bool {
	if !t.Jobs || t.count <= t.far {
		return false
	}
	moves := t.sort >= 0 && t.cols[t.sort].Moves
	return t.full || moves || t.keep != nil && (t.judge || t.moves)
}

// Job is what has to be done now, nil if there is nothing or it is being done. Its Run may be called by any goroutine; then
// the table wants it back by Finish.
func (t *Table[T]) Job(now time.Time) *Job[T] {
	if j := t.again; j != nil {
		t.again, t.doing = nil, j
		return j
	}
	if t.doing != nil || !t.due(now) || !t.waits() {
		return nil
	}
	t.doing = t.newJob()
	return t.doing
}

func (t *Table[T]) newJob() *Job[T] {
	j := &Job[T]{asked: t.asked, desc: t.desc, keep: t.keep}
	if j.sort = t.full || t.sort >= 0 && t.cols[t.sort].Moves; t.sort >= 0 {
		j.compare, j.key = t.cols[t.sort].Compare, t.cols[t.sort].Key
	}
	if t.glimpse != nil {
		j.all = t.glimpse.rows
		return j
	}
	j.old, j.rows = append(slices.Grow([]*node[T](nil), len(t.order)+len(t.dirty)), t.order...), t.spare
	t.spare = nil
	for _, n := range t.dirty {
		if n.placed == nil && !n.leaves {
			j.old = append(j.old, n)
		}
	}
	return j
}

// Run does the work, or waits for whoever does it already.
func (j *Job[T]) Run() { j.once.Do(j.work) }

func (j *Job[T]) work() {
	if j.all != nil {
		j.build()
	}
	j.rows = slices.Grow(j.rows, len(j.old))
	for _, n := range j.old {
		j.rows = append(j.rows, place[T]{node: n, id: n.ID, val: n.val()})
	}
	if j.sort {
		j.arrange()
	}
	if j.keep != nil {
		for i := range j.rows {
			j.rows[i].passes = j.keep(j.rows[i].val)
		}
	}
	if j.all != nil {
		j.order = make([]*node[T], len(j.rows))
		for i, p := range j.rows {
			j.order[i] = p.node
			p.node.judged, p.node.passes = p.val, p.passes
		}
	}
}

// arrange puts the rows in order. Most of that is waiting for memory, if each comparison looks into two rows.
func (j *Job[T]) arrange() {
	if j.key == nil {
		slices.SortFunc(j.rows, func(a, b place[T]) int { return order(j.compare, j.desc, a.id, b.id, a.val, b.val) })
		return
	}
	for i, p := range j.rows {
		j.rows[i].key = j.key(p.val)
	}
	slices.SortFunc(j.rows, func(a, b place[T]) int { return decide(Natural(a.key, b.key), j.desc, a.id, b.id) })
}

// Finish takes a job that was run. If something else is wanted by now, the next Job is for that.
func (t *Table[T]) Finish(j *Job[T], now time.Time) {
	t.doing = nil
	defer func() { t.spare = j.rows[:0] }()
	if j.asked != t.asked {
		return
	}
	if j.all != nil {
		t.accept(j, now)
		return
	}
	if j.sort {
		t.order = make([]*node[T], len(j.rows))
		for i, p := range j.rows {
			t.order[i], p.node.placed = p.node, p.val
		}
	} // whoever is not in it has come meanwhile, and has no place yet: what gives one asks anew
	if j.keep != nil {
		for _, p := range j.rows {
			p.node.judged, p.node.passes = p.val, p.passes
		}
	}
	t.arrange(now, false, false)
}

// accept takes all rows in their order in the place of a glimpse, and then the keys that waited for that.
func (t *Table[T]) accept(j *Job[T], now time.Time) {
	later := t.glimpse.later
	t.at, t.top = t.glimpse.above+t.at, t.glimpse.above+t.top
	t.glimpse, t.nodes, t.order, t.dirty = nil, j.nodes, j.order, nil
	t.judge = false
	t.arrange(now, false, false)
	t.scroll()
	for _, verb := range later {
		t.Do(verb, now)
		t.scroll() // as between two frames
	}
}
