package shorthand

import (
	"errors"
	"fmt"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// Reader makes the lines of one stream whole. It is for one goroutine; the zero value is ready.
type Reader struct {
	tasks  []known // by number
	agents map[string]reeveapi.Agent
	places map[place]*place // those of tasks
}

// known is what lines said of a task.
type known struct {
	key       string // "framework/task"; "" if nobody has the number
	name      string
	container string
	place     *place
	steps     int // of its history
	fresh     int // where it is in this line's Tasks, from 1; 0 for nowhere
}

// place is what an agent is called.
type place struct{ name, http string }

var errColumns = errors.New("columns of a brief line are not of one length")

// Whole makes a line whole, in place. A line that is whole it only remembers. What fails cannot be gone on from: the stream has
// to begin anew.
func (r *Reader) Whole(w *reeveapi.Watch) error {
	if w.Snapshot {
		*r = Reader{agents: map[string]reeveapi.Agent{}, places: map[place]*place{}}
	}
	for i := range w.Agents {
		r.agent(&w.Agents[i])
	}
	for _, id := range w.AgentsRemoved {
		delete(r.agents, id)
	}
	if w.Brief == nil {
		return nil
	}
	if r.agents == nil {
		return errors.New("a brief line came before a snapshot")
	}
	b := w.Brief
	w.Brief = nil
	return r.whole(w, b)
}

func (r *Reader) whole(w *reeveapi.Watch, b *reeveapi.Brief) error {
	if len(b.Tasks) != len(w.Tasks) && len(b.Tasks) > 0 || len(b.TasksMoved) != len(w.TasksMoved) {
		return errColumns
	}
	x := &whole{r: r, w: w, brief: b, memory: memory()}
	if err := x.events(); err != nil {
		return err
	}
	w.Numbers = reeveapi.Numbers{Tasks: b.Tasks, TasksMoved: b.TasksMoved}
	for i, number := range b.Tasks {
		if err := r.learn(number, &w.Tasks[i]); err != nil {
			return err
		}
	}
	for i, number := range b.TasksMoved {
		if err := r.move(number, &w.TasksMoved[i]); err != nil {
			return err
		}
	}
	for _, step := range []func() error{x.launches, x.moves, x.removed, x.agents, x.complete} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (r *Reader) agent(a *reeveapi.Agent) {
	if r.agents != nil {
		r.agents[a.ID] = *a
	}
}

// at is what is known by a number, nil if there is no such number.
func (r *Reader) at(number int) *known {
	if number <= 0 || number >= len(r.tasks) || r.tasks[number].key == "" {
		return nil
	}
	return &r.tasks[number]
}

// learn notes a task that was told whole.
func (r *Reader) learn(number int, t *reeveapi.Task) error {
	if number == 0 {
		return nil
	}
	k, err := r.room(number)
	if err != nil {
		return err
	}
	*k = known{key: t.Framework + "/" + t.ID, name: t.Name, container: t.Container, place: r.placeOf(t.AgentName, t.AgentHTTP), steps: len(t.History)}
	return nil
}

// move notes what was told whole of a task.
func (r *Reader) move(number int, m *reeveapi.TaskMove) error {
	if number == 0 {
		return nil
	}
	k := r.at(number)
	if k == nil || k.key != m.Task {
		return fmt.Errorf("task %d moves, and is not known", number)
	}
	k.place, k.container = r.placeOf(m.AgentName, m.AgentHTTP), m.Container
	k.steps = min(max(m.Kept, 0), k.steps) + len(m.History)
	return nil
}

// room is where a number stands.
func (r *Reader) room(number int) (*known, error) {
	if number <= 0 || number > mostTasks {
		return nil, fmt.Errorf("a task has the number %d, which must be from 1 to %d", number, mostTasks)
	}
	if missing := number + 1 - len(r.tasks); missing > 0 {
		r.tasks = append(r.tasks, make([]known, missing)...)
	}
	return &r.tasks[number], nil
}

func (r *Reader) placeOf(name, http string) *place {
	p := place{name, http}
	kept := r.places[p]
	if kept == nil {
		kept = &p
		r.places[p] = kept
	}
	return kept
}

// whole is a line that is being made whole.
type whole struct {
	r     *Reader
	w     *reeveapi.Watch
	brief *reeveapi.Brief

	memory   lists
	happened []reeveapi.Event // all of the line, those that are not known yet without a kind
	missing  int
	fresh    []int // numbers of tasks that the line tells of for the first time
}

// moment is a moment of the line.
func (x *whole) moment(after int64) time.Time { return x.brief.Base.Add(time.Duration(after)) }

// mostEvents is more than a master remembers.
const mostEvents = 1 << 20

// events lays those out that were told whole.
func (x *whole) events() error {
	b := x.brief
	if b.Events == 0 {
		return nil
	}
	if b.Events < len(x.w.Events) || b.Events > mostEvents {
		return fmt.Errorf("a line has %d events, and %d of them whole", b.Events, len(x.w.Events))
	}
	x.happened, x.missing = room(x.memory.events, b.Events)[:b.Events], b.Events
	for _, e := range x.w.Events {
		if err := x.put(int(min(e.Seq-b.Event, mostEvents))+1, e); err != nil {
			return err
		}
	}
	return nil
}

// put puts an event in its place, from 1.
func (x *whole) put(place int, e reeveapi.Event) error {
	if place <= 0 || place > len(x.happened) || x.happened[place-1] != (reeveapi.Event{}) || e == (reeveapi.Event{}) {
		return fmt.Errorf("a line tells of its event %d twice, or has no such", place)
	}
	x.happened[place-1] = e
	x.missing--
	return nil
}

// event puts the event that says what a step of a task says, if there is one.
func (x *whole) event(columns []int, at []int64, i int, k *known, step *reeveapi.TaskStep) error {
	if len(columns) == 0 || columns[i] == 0 {
		return nil
	}
	return x.put(columns[i], reeveapi.EventOf(x.brief.Event+uint64(columns[i]-1), x.moment(at[i]), step, k.name, k.key, k.place.name))
}

// complete hands the events over.
func (x *whole) complete() error {
	for _, number := range x.fresh {
		x.r.tasks[number].fresh = 0
	}
	if x.missing > 0 {
		return fmt.Errorf("%d of a line's %d events are missing", x.missing, len(x.happened))
	}
	if len(x.happened) > 0 {
		x.w.Events = x.happened
	}
	return nil
}

// removed names those tasks that are gone.
func (x *whole) removed() error {
	if n := len(x.brief.Removed); n > 0 {
		x.w.Numbers.TasksRemoved = append(make([]int, len(x.w.TasksRemoved), len(x.w.TasksRemoved)+n), x.brief.Removed...)
		x.w.TasksRemoved = append(make([]string, 0, len(x.w.TasksRemoved)+n), x.w.TasksRemoved...)
	}
	for _, number := range x.brief.Removed {
		k := x.r.at(number)
		if k == nil {
			return fmt.Errorf("task %d is gone, and is not known", number)
		}
		x.w.TasksRemoved = append(x.w.TasksRemoved, k.key)
		*k = known{}
	}
	return nil
}

// agents tells all of agents of which only figures were told.
func (x *whole) agents() error {
	x.w.Agents = append(make([]reeveapi.Agent, 0, len(x.w.Agents)+len(x.brief.Agents)), x.w.Agents...)
	for i := range x.brief.Agents {
		f := &x.brief.Agents[i]
		a, found := x.r.agents[f.ID]
		if !found {
			return fmt.Errorf("agent %q has other figures, and is not known", f.ID)
		}
		set(&a, f)
		x.r.agents[f.ID] = a
		x.w.Agents = append(x.w.Agents, a)
	}
	return nil
}
