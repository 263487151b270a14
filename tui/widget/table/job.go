package table

import (
	"slices"
	"time"
)

// farRows is from how many rows on their order and what the filter says of them are found out by a Job, if somebody runs jobs:
// a key must not wait for them.
const farRows = 5000

// Job is work on very many rows, which is done outside of the loop that the table belongs to. Rows go on changing
// meanwhile, and the table shows what it showed.
type Job[T any] struct {
	asked   uint64 // which question of the table's it answers
	rows    []place[T]
	compare func(a, b *T) int // nil: by id
	desc    bool
	sort    bool
	keep    func(*T) bool // nil: all
}

// place is a row as a job has it. The node belongs to the table's loop; the value never changes.
type place[T any] struct {
	node   *node[T]
	id     string
	val    *T
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
	if t.running || !t.due(now) || !t.waits() {
		return nil
	}
	t.running = true
	j := &Job[T]{asked: t.asked, desc: t.desc, keep: t.keep, rows: slices.Grow(t.spare, len(t.order)+len(t.dirty))}
	t.spare = nil
	if j.sort = t.full || t.sort >= 0 && t.cols[t.sort].Moves; t.sort >= 0 {
		j.compare = t.cols[t.sort].Compare
	}
	for _, n := range t.order {
		if !n.leaves {
			j.rows = append(j.rows, place[T]{node: n, id: n.ID, val: n.Val})
		}
	}
	for _, n := range t.dirty {
		if n.placed == nil && !n.leaves {
			j.rows = append(j.rows, place[T]{node: n, id: n.ID, val: n.Val})
		}
	}
	return j
}

// Run does the work.
func (j *Job[T]) Run() {
	if j.sort {
		slices.SortFunc(j.rows, func(a, b place[T]) int { return order(j.compare, j.desc, a.id, b.id, a.val, b.val) })
	}
	if j.keep != nil {
		for i := range j.rows {
			j.rows[i].passes = j.keep(j.rows[i].val)
		}
	}
}

// Finish takes a job that was run. If something else is wanted by now, the next Job is for that.
func (t *Table[T]) Finish(j *Job[T], now time.Time) {
	t.running = false
	defer func() { t.spare = j.rows[:0] }()
	if j.asked != t.asked {
		return
	}
	t.round++
	if j.sort {
		t.order = make([]*node[T], len(j.rows))
		for i, p := range j.rows {
			t.order[i] = p.node
			p.node.placed, p.node.round = p.val, t.round
		}
		for _, n := range t.dirty {
			if n.round != t.round {
				n.placed = nil // it came, or came back, while the job was done
			}
		}
	}
	if j.keep != nil {
		for _, p := range j.rows {
			p.node.judged, p.node.passes = p.val, p.passes
		}
	}
	t.arrange(now, false, false)
}
