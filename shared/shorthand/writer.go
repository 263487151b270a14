// Package shorthand makes lines of /reeve/v1/watch brief, and whole again: on a large cluster most of what a line says of
// tasks and events is what an earlier line has said of them, or another task of the same line. It owns what both ends have to
// remember for that, and nothing else: lines go in, lines come out, and what is made whole is what was made brief, in every
// field. What does not fit stays as it is. Start reading at Writer.Line and reeveapi.Brief.
package shorthand

import (
	"slices"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// mostTasks is how many tasks have numbers; more are told whole.
const mostTasks = 1 << 22

// Writer makes lines brief for any number of readers, of which each began with a snapshot. It is for one goroutine; the zero
// value is ready.
type Writer struct {
	tasks  map[string]*told // by "framework/task"
	agents map[string]*toldAgent
	last   int   // the highest number
	free   []int // numbers below that are nobody's
}

// told is what readers know of a task.
type told struct {
	number    int
	name      string
	agentName string
	agentHTTP string
	container string
	steps     int  // of its history
	unsure    bool // not all readers know the same

	event int // the first of this line's events that is about it, from 1
}

// toldAgent is an agent as readers know it.
type toldAgent struct {
	reeveapi.Agent
	unsure bool
}

// Snapshot makes the line brief that a new reader gets, in place; it is of the moment of the last line. Other readers may know of things
// that have happened since to an agent's names, or not: a task of which they know something else is told whole the next time.
func (w *Writer) Snapshot(l *reeveapi.Watch) {
	if w.tasks == nil {
		w.tasks, w.agents = make(map[string]*told, len(l.Tasks)), map[string]*toldAgent{}
	}
	l.Brief = &reeveapi.Brief{Tasks: make([]int, len(l.Tasks))}
	for i := range l.Tasks {
		t := &l.Tasks[i]
		key := t.Framework + "/" + t.ID
		k := w.tasks[key]
		if k == nil {
			if k = w.add(key); k == nil {
				continue
			}
			k.learn(t)
		}
		now := *k
		now.learn(t)
		k.unsure = k.unsure || now != *k
		l.Brief.Tasks[i] = k.number
	}
	for i := range l.Agents {
		a := &l.Agents[i]
		k := w.agents[a.ID]
		if k == nil {
			w.agents[a.ID] = &toldAgent{Agent: *a}
			continue
		}
		k.unsure = k.unsure || !sameAgent(&k.Agent, a)
	}
}

// add gives a task a number, as long as there are any.
func (w *Writer) add(key string) *told {
	k := &told{}
	if n := len(w.free); n > 0 {
		k.number, w.free = w.free[n-1], w.free[:n-1]
	} else if w.last < mostTasks {
		w.last++
		k.number = w.last
	} else {
		return nil
	}
	w.tasks[key] = k
	return k
}

// learn notes what a task is told to be.
func (k *told) learn(t *reeveapi.Task) {
	k.name, k.agentName, k.agentHTTP, k.container, k.steps = t.Name, t.AgentName, t.AgentHTTP, t.Container, len(t.History)
}

// move notes what has become of it.
func (k *told) move(m *reeveapi.TaskMove) {
	k.agentName, k.agentHTTP, k.container, k.steps = m.AgentName, m.AgentHTTP, m.Container, min(max(m.Kept, 0), k.steps)+len(m.History)
}

// Line is a line after the snapshot, made brief. It shares with l what it says in the same words.
func (w *Writer) Line(l *reeveapi.Watch) *reeveapi.Watch {
	out := *l
	b := &line{w: w, in: l, out: &out, brief: &reeveapi.Brief{Base: base(l)}, moves: map[manner]int{}, places: map[reeveapi.Place]int{}}
	out.Brief, out.Tasks, out.TasksMoved, out.TasksRemoved, out.Agents = b.brief, nil, nil, nil, nil
	isNew := make([]bool, len(l.Tasks))
	for i := range l.Tasks {
		key := l.Tasks[i].Framework + "/" + l.Tasks[i].ID
		isNew[i] = w.tasks[key] == nil && w.add(key) != nil
	}
	b.findEvents()
	for i := range l.Tasks {
		b.task(&l.Tasks[i], isNew[i])
	}
	for i := range l.TasksMoved {
		b.moved(&l.TasksMoved[i])
	}
	b.removed()
	b.agents()
	b.restOfEvents()
	return &out
}

// base is a moment close to those of a line.
func base(l *reeveapi.Watch) time.Time {
	at := time.Unix(0, 0)
	switch {
	case len(l.Events) > 0:
		at = l.Events[0].At
	case len(l.TasksMoved) > 0 && len(l.TasksMoved[0].History) > 0:
		at = l.TasksMoved[0].History[0].At
	case len(l.Tasks) > 0:
		at = l.Tasks[0].Launched
	}
	return at.UTC().Round(0)
}

// line is a line that is being made brief.
type line struct {
	w     *Writer
	in    *reeveapi.Watch
	out   *reeveapi.Watch
	brief *reeveapi.Brief

	next   []int  // the event after an event that is about the same task, from 1
	known  []bool // events of which something else tells
	moves  map[manner]int
	places map[reeveapi.Place]int
}

// findEvents notes which events are about which task, unless their numbers do not follow on each other.
func (b *line) findEvents() {
	events := b.in.Events
	for i := range events {
		if events[i].Seq != events[0].Seq+uint64(i) {
			return
		}
	}
	b.next, b.known = make([]int, len(events)), make([]bool, len(events))
	for i := range slices.Backward(events) {
		if k := b.w.tasks[events[i].ID]; k != nil {
			b.next[i], k.event = k.event, i+1
		}
	}
}

// restOfEvents tells whole what nothing else tells of.
func (b *line) restOfEvents() {
	if len(b.known) == 0 {
		return
	}
	b.brief.Event, b.brief.Events = b.in.Events[0].Seq, len(b.in.Events)
	b.out.Events = nil
	for i := range b.in.Events {
		if !b.known[i] {
			b.out.Events = append(b.out.Events, b.in.Events[i])
		}
		if k := b.w.tasks[b.in.Events[i].ID]; k != nil {
			k.event = 0
		}
	}
}

// event finds the event that says what a step says, from 1; 0 if there is none.
func (b *line) event(k *told, key string, step *reeveapi.TaskStep) (place int, at int64) {
	for n := k.event; n != 0; n = b.next[n-1] {
		e := &b.in.Events[n-1]
		after, near := b.after(e.At)
		if near && !b.known[n-1] && *e == reeveapi.EventOf(e.Seq, e.At, step, k.name, key, k.agentName) {
			b.known[n-1] = true
			return n, after
		}
	}
	return 0, 0
}

// after is a moment as it is written; false if it cannot be.
func (b *line) after(t time.Time) (d int64, near bool) {
	const far = 1e17 // three years
	after := t.Sub(b.brief.Base)
	return int64(after), after > -far && after < far
}

// removed tells of tasks that are gone.
func (b *line) removed() {
	for _, key := range b.in.TasksRemoved {
		k := b.w.tasks[key]
		if k == nil {
			b.out.TasksRemoved = append(b.out.TasksRemoved, key)
			continue
		}
		b.brief.Removed = append(b.brief.Removed, k.number)
		delete(b.w.tasks, key)
	}
	b.w.free = append(b.w.free, b.brief.Removed...)
}

// steps are the states of steps, one after the other.
func steps(history []reeveapi.TaskStep) string {
	if len(history) == 1 {
		return history[0].State
	}
	var all strings.Builder
	for i := range history {
		all.WriteString(history[i].State)
		all.WriteByte(between)
	}
	return all.String()
}

// between stands in no state of which a brief line tells.
const between = '\n'
