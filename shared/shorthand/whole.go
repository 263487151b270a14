package shorthand

import (
	"fmt"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// as says whether columns have a length each, or none where they may be left out.
func as(n int, columns ...int) bool {
	for _, c := range columns {
		if c != n && c != 0 {
			return false
		}
	}
	return true
}

// launches tells all of new tasks.
func (x *whole) launches() error {
	total := 0
	for i := range x.brief.Launches {
		total += len(x.brief.Launches[i].Numbers)
	}
	if total == 0 {
		return nil
	}
	w := x.w
	if w.Numbers.Tasks == nil {
		w.Numbers.Tasks = make([]int, len(w.Tasks))
	}
	w.Tasks = append(room(x.memory.tasks, len(w.Tasks)+total), w.Tasks...)
	w.Numbers.Tasks = append(make([]int, 0, len(w.Tasks)+total), w.Numbers.Tasks...)
	for i := range x.brief.Launches {
		l := &x.brief.Launches[i]
		n := len(l.Numbers)
		if len(l.IDs) != n || len(l.Names) != n || len(l.Places) != n || len(l.Launched) != n || !as(n, len(l.Events), len(l.EventsAt)) || len(l.Events) != len(l.EventsAt) {
			return errColumns
		}
		for j := range l.Numbers {
			if err := x.launch(l, j); err != nil {
				return err
			}
		}
	}
	return nil
}

// aLife is how many steps most tasks take: they start, run and end.
const aLife = 4

func (x *whole) launch(l *reeveapi.Launches, j int) error {
	if l.Places[j] < 0 || l.Places[j] >= len(x.brief.Places) {
		return fmt.Errorf("a line has no place %d", l.Places[j])
	}
	at, number := &x.brief.Places[l.Places[j]], l.Numbers[j]
	history := append(make([]reeveapi.TaskStep, 0, aLife), reeveapi.TaskStep{State: l.Like.State, At: x.moment(l.Launched[j])})
	k, err := x.r.room(number)
	if err != nil {
		return err
	}
	w := x.w
	w.Tasks, w.Numbers.Tasks = append(w.Tasks, l.Like), append(w.Numbers.Tasks, number)
	t := &w.Tasks[len(w.Tasks)-1]
	t.ID, t.Name, t.Executor, t.Sandbox = l.IDs[j], l.Names[j], l.IDs[j], reeveapi.SandboxOf(t.Framework, l.IDs[j])
	t.Agent, t.AgentName, t.AgentHTTP, t.History, t.Launched = at.Agent, at.Name, at.HTTP, history, history[0].At
	*k = known{key: t.Framework + "/" + t.ID, name: t.Name, container: t.Container, place: x.r.placeOf(at.Name, at.HTTP), steps: 1, fresh: len(w.Tasks)}
	x.fresh = append(x.fresh, number)
	return x.event(l.Events, l.EventsAt, j, k, &history[0])
}

// moves tells all of what has become of tasks.
func (x *whole) moves() error {
	total, steps := 0, 0
	for i := range x.brief.Moves {
		m := &x.brief.Moves[i]
		n := len(m.Numbers) * len(m.Steps)
		if len(m.At) != n || !as(n, len(m.Events), len(m.EventsAt)) || len(m.Events) != len(m.EventsAt) || !as(len(m.Numbers), len(m.Containers), len(m.Ended)) {
			return errColumns
		}
		total, steps = total+len(m.Numbers), steps+n
	}
	if total == 0 {
		return nil
	}
	w := x.w
	w.TasksMoved = append(room(x.memory.moves, len(w.TasksMoved)+total), w.TasksMoved...)
	w.Numbers.TasksMoved = append(make([]int, 0, len(w.TasksMoved)+total), w.Numbers.TasksMoved...)
	all := make([]reeveapi.TaskStep, steps)
	for i := range x.brief.Moves {
		m := &x.brief.Moves[i]
		for j := range m.Numbers {
			n := len(m.Steps)
			if err := x.move(m, j, all[:n:n]); err != nil {
				return err
			}
			all = all[n:]
		}
	}
	return nil
}

func (x *whole) move(m *reeveapi.Moves, j int, history []reeveapi.TaskStep) error {
	number := m.Numbers[j]
	k := x.r.at(number)
	if k == nil {
		return fmt.Errorf("task %d moves, and is not known", number)
	}
	for s := range history {
		at := j*len(history) + s
		history[s] = reeveapi.TaskStep{State: m.Steps[s], At: x.moment(m.At[at])}
		if s == len(history)-1 {
			history[s].Message = m.Message
		}
		if err := x.event(m.Events, m.EventsAt, at, k, &history[s]); err != nil {
			return err
		}
	}
	out := reeveapi.TaskMove{
		Task: k.key, FrameworkName: m.FrameworkName, AgentName: k.place.name, AgentHTTP: k.place.http, State: m.State, Message: m.Message,
		Reason: m.Reason, Source: m.Source, Healthy: m.Healthy, Check: m.Check, Pull: m.Pull, Kept: k.steps, History: history,
	}
	if len(m.Containers) > 0 {
		k.container = m.Containers[j]
	}
	out.Container = k.container
	if len(m.Ended) > 0 {
		out.Ended = x.moment(m.Ended[j])
	}
	k.steps += len(history)
	if k.fresh > 0 && k.fresh <= len(x.w.Tasks) {
		x.w.Tasks[k.fresh-1].Move(&out)
		return nil
	}
	x.w.TasksMoved, x.w.Numbers.TasksMoved = append(x.w.TasksMoved, out), append(x.w.Numbers.TasksMoved, number)
	return nil
}
