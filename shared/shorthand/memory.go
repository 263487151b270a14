package shorthand

import (
	"sync"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// lists is the memory of a line.
type lists struct {
	tasks  []reeveapi.Task
	moves  []reeveapi.TaskMove
	events []reeveapi.Event
}

// spare has lists of lines that nobody needs any more.
var spare sync.Pool

// most is how long a list is of which the memory is used again; a snapshot's may be longer.
const most = 8192

// Release says that nobody will look at a line again, nor at its lists of tasks, moves and events: other lines are made whole in
// their memory. What their elements point to, texts and histories, may be kept. A line that was never brief is left alone.
func Release(w *reeveapi.Watch) {
	n := &w.Numbers
	if len(n.Tasks)+len(n.TasksMoved) == 0 || cap(w.Tasks) > most || cap(w.TasksMoved) > most || cap(w.Events) > most {
		return
	}
	clear(w.Tasks)
	clear(w.TasksMoved)
	clear(w.Events)
	spare.Put(&lists{w.Tasks[:0], w.TasksMoved[:0], w.Events[:0]})
	w.Tasks, w.TasksMoved, w.Events = nil, nil, nil
}

// memory is that of a line of before.
func memory() lists {
	if l, found := spare.Get().(*lists); found {
		return *l
	}
	return lists{}
}

// room is an empty list with room for n, in the memory of another list if that has it.
func room[T any](memory []T, n int) []T {
	if n > cap(memory) {
		return make([]T, 0, n+n/8)
	}
	return memory[:0]
}
