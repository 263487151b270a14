// Package history judges what a framework saw of a cluster that things were done to: it takes the record of a run, and what
// is left at its end, and says what must never happen and did. It is pure. Start reading at Check.
package history

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Kind is what was recorded.
type Kind string

// Launched: an ACCEPT with the task was answered 202. Unsure: it was sent, and no answer came. Updated: a status came. Acked: an
// ACKNOWLEDGE was answered 202. Killed: a KILL was sent.
const (
	Launched Kind = "launched"
	Unsure   Kind = "unsure"
	Updated  Kind = "updated"
	Acked    Kind = "acked"
	Killed   Kind = "killed"
)

// Event is one entry of the record, in the order in which the framework did or heard it.
type Event struct {
	At      time.Duration `json:"at"`
	Kind    Kind          `json:"kind"`
	Task    string        `json:"task"`
	Agent   string        `json:"agent,omitempty"` // its id
	Plan    Plan          `json:"plan,omitempty"`  // of Launched and Unsure
	State   string        `json:"state,omitempty"` // of Updated: TASK_…
	Source  string        `json:"source,omitempty"`
	Reason  string        `json:"reason,omitempty"`
	Message string        `json:"message,omitempty"`
	UUID    string        `json:"uuid,omitempty"` // "" for what the master says on its own
}

// Plan is what a task does: it writes that it starts, waits, writes that it ends, and exits with 0 or 7. One that stays is
// killed first.
type Plan string

// The plans.
const (
	Finish Plan = "finish"
	Fail   Plan = "fail"
	Stay   Plan = "stay"
)

// Run is what a task left in one sandbox.
type Run struct {
	Task, Dir    string
	Starts, Ends int // how often it wrote that
}

// End is what is there when all is over.
type End struct {
	Tasks map[string]string // state by task, as the masters remember it; they need not remember all
	Left  []string          // what should not be there: resources in use, processes, containers
}

// remembered is how many of the last ended tasks the masters have to know at the end.
const remembered = 100

// Check returns what is wrong, in words.
func Check(events []Event, runs []Run, end End) []string {
	c := &checker{tasks: map[string]*task{}}
	for _, e := range events {
		c.take(e)
	}
	for _, r := range runs {
		c.task(r.Task).runs = append(c.task(r.Task).runs, r)
	}
	for _, t := range c.sorted() {
		c.judge(t)
	}
	c.compare(end)
	for _, left := range end.Left {
		c.fail("left behind: %s", left)
	}
	return c.wrong
}

// task is what is known of one.
type task struct {
	id       string
	plan     Plan
	launched bool // for sure
	killed   bool
	updates  []Event             // as they came
	seen     map[string]bool     // by uuid
	acked    map[string]struct{} // by uuid
	last     *Event              // the newest with a uuid
	final    *Event              // the first terminal update
	ackedAt  time.Duration       // of the final one
	runs     []Run
}

type checker struct {
	tasks map[string]*task
	wrong []string
}

func (c *checker) fail(format string, args ...any) {
	c.wrong = append(c.wrong, fmt.Sprintf(format, args...))
}

func (c *checker) task(id string) *task {
	t := c.tasks[id]
	if t == nil {
		t = &task{id: id, seen: map[string]bool{}, acked: map[string]struct{}{}}
		c.tasks[id] = t
	}
	return t
}

func (c *checker) sorted() []*task {
	list := make([]*task, 0, len(c.tasks))
	for _, t := range c.tasks {
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b *task) int { return cmp.Compare(a.id, b.id) })
	return list
}

func (c *checker) take(e Event) {
	t := c.task(e.Task)
	switch e.Kind {
	case Launched:
		t.launched, t.plan = true, e.Plan
	case Unsure:
		t.plan = e.Plan
	case Killed:
		t.killed = true
	case Acked:
		t.acked[e.UUID] = struct{}{}
		if t.final != nil && t.final.UUID == e.UUID {
			t.ackedAt = e.At
		}
	case Updated:
		c.update(t, e)
	}
}

// update checks the order of a task's updates. One with a uuid is the agent's: it comes again until it is acknowledged, and
// never again once a later one has come. Those without are the master's, and say what it knows.
func (c *checker) update(t *task, e Event) {
	t.updates = append(t.updates, e)
	again := e.UUID != "" && t.seen[e.UUID]
	switch {
	case again && t.last.UUID != e.UUID:
		c.fail("task %s: %s came again after %s (at %s)", t.id, e.State, t.last.State, e.At)
	case again:
	case e.UUID != "" && t.last != nil && rank(e.State) < rank(t.last.State):
		c.fail("task %s: %s came after %s (at %s)", t.id, e.State, t.last.State, e.At)
	}
	if f := t.final; f != nil && !again {
		switch {
		case e.UUID != "" && f.UUID != "":
			c.fail("task %s: %s came after its end, %s (at %s)", t.id, e.State, f.State, e.At)
		case e.State != f.State && e.State != "TASK_UNREACHABLE" && (e.UUID != "" || !Terminal(e.State)):
			c.fail("task %s: it was said to be %s (%s), and then %s (at %s)", t.id, f.State, f.Message, e.State, e.At)
		}
	}
	if e.UUID != "" {
		t.seen[e.UUID] = true
		if !again {
			t.last = &e
		}
	}
	if Terminal(e.State) && t.final == nil {
		t.final = &e
	}
}

// judge checks what became of a task.
func (c *checker) judge(t *task) {
	starts, ends := 0, 0
	var dirs []string
	for _, r := range t.runs {
		if r.Starts > 0 {
			starts, ends = starts+r.Starts, ends+r.Ends
			dirs = append(dirs, r.Dir)
		}
	}
	if starts > 1 {
		c.fail("task %s: it ran %d times, in %s", t.id, starts, strings.Join(dirs, " and "))
	}
	if t.final == nil {
		if t.launched || starts > 0 || len(t.updates) > 0 {
			c.fail("task %s: it has no end; the last that was heard is %s", t.id, t.heard())
		}
		return
	}
	for _, why := range lies(t, starts, ends) {
		c.fail("task %s: it is said to be %s (%s: %s), %s", t.id, t.final.State, t.final.Reason, t.final.Message, why)
	}
}

func (t *task) heard() string {
	if n := len(t.updates); n > 0 {
		return fmt.Sprintf("%s at %s", t.updates[n-1].State, t.updates[n-1].At)
	}
	return "nothing"
}

// lies holds a task's end against what it left in its sandbox.
func lies(t *task, starts, ends int) []string {
	var lies []string
	is := func(states ...string) bool { return slices.Contains(states, t.final.State) }
	exited := t.final.Message == "Command exited with status 7"
	if is("TASK_FINISHED") && (ends == 0 || t.plan != Finish) {
		lies = append(lies, fmt.Sprintf("and wrote %d times that it ended; its plan was to %s", ends, t.plan))
	}
	if is("TASK_FAILED") && exited && (ends == 0 || t.plan != Fail) {
		lies = append(lies, fmt.Sprintf("and wrote %d times that it ended; its plan was to %s", ends, t.plan))
	}
	if is("TASK_KILLED") && !t.killed {
		lies = append(lies, "and nobody asked for that")
	}
	if is("TASK_DROPPED", "TASK_ERROR") && starts > 0 {
		lies = append(lies, "and it had started")
	}
	return lies
}

// compare holds what the masters remember against what was acknowledged.
func (c *checker) compare(end End) {
	ended := slices.DeleteFunc(c.sorted(), func(t *task) bool {
		if t.final == nil || t.final.UUID == "" {
			return true
		}
		_, acked := t.acked[t.final.UUID]
		return !acked
	})
	slices.SortStableFunc(ended, func(a, b *task) int { return cmp.Compare(b.ackedAt, a.ackedAt) })
	for i, t := range ended {
		state, known := end.Tasks[t.id]
		if known && state != t.final.State {
			c.fail("task %s: %s was acknowledged, and the masters have it as %s", t.id, t.final.State, state)
		}
		if !known && i < remembered {
			c.fail("task %s: %s was acknowledged, and the masters do not know of it", t.id, t.final.State)
		}
	}
}

// Terminal says whether nothing follows a state but, for some, the same again.
func Terminal(state string) bool {
	switch state {
	case "TASK_FINISHED", "TASK_FAILED", "TASK_KILLED", "TASK_ERROR", "TASK_LOST", "TASK_DROPPED", "TASK_GONE", "TASK_GONE_BY_OPERATOR", "TASK_UNKNOWN":
		return true
	}
	return false
}

// rank orders states as they follow each other.
func rank(state string) int {
	switch state {
	case "TASK_STAGING":
		return 0
	case "TASK_STARTING":
		return 1
	case "TASK_RUNNING":
		return 2
	case "TASK_KILLING":
		return 3
	}
	return 4
}
