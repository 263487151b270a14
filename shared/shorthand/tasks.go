package shorthand

import (
	"reflect"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// mostAlike is how many kinds of new tasks a line has; others are told whole.
const mostAlike = 64

// task tells of a task that is new, or another one.
func (b *line) task(t *reeveapi.Task, isNew bool) {
	key := t.Framework + "/" + t.ID
	k := b.w.tasks[key]
	if isNew && b.launch(k, key, t) {
		return
	}
	number := 0
	if k != nil {
		number = k.number
		k.learn(t)
		k.unsure = false
	}
	b.out.Tasks, b.brief.Tasks = append(b.out.Tasks, *t), append(b.brief.Tasks, number)
}

// launch tells briefly of a new task, and of what has become of it since it was launched; false if that is not possible.
func (b *line) launch(k *told, key string, t *reeveapi.Task) bool {
	like, move := launched(t)
	at, near := b.after(t.Launched)
	if like == nil || !near {
		return false
	}
	*k = told{number: k.number, name: t.Name, agentName: t.AgentName, agentHTTP: t.AgentHTTP, container: like.Container, steps: 1, event: k.event}
	if move != nil && !b.fits(k, move) {
		return false
	}
	group := b.alike(like)
	if group == nil {
		return false
	}
	place, at1 := b.event(k, key, &reeveapi.TaskStep{State: like.State})
	group.Numbers, group.IDs, group.Names = append(group.Numbers, k.number), append(group.IDs, t.ID), append(group.Names, t.Name)
	group.Places = append(group.Places, b.place(reeveapi.Place{Agent: t.Agent, Name: t.AgentName, HTTP: t.AgentHTTP}))
	group.Launched = append(group.Launched, at)
	group.Events, group.EventsAt = append(group.Events, place), append(group.EventsAt, at1)
	if move != nil {
		b.move(k, key, move)
	}
	return true
}

// launched takes a new task apart: what it was when it was launched, without what is its own, and what has become of it, nil if
// nothing has. Nil is what cannot be told so.
func launched(t *reeveapi.Task) (like *reeveapi.Task, move *reeveapi.TaskMove) {
	if len(t.History) == 0 || t.Executor != t.ID || t.Sandbox != reeveapi.SandboxOf(t.Framework, t.ID) ||
		t.History[0].Message != "" || !t.History[0].At.Equal(t.Launched) {
		return nil, nil
	}
	own := *t
	own.ID, own.Name, own.Executor, own.Agent, own.AgentName, own.AgentHTTP, own.Sandbox, own.History, own.Launched = "", "", "", "", "", "", "", nil, time.Time{}
	if len(t.History) == 1 && t.History[0].State == t.State {
		return &own, nil
	}
	own.State, own.Container, own.Message, own.Reason, own.Source = t.History[0].State, "", "", "", ""
	own.Healthy, own.Check, own.Pull, own.Ended = nil, "", nil, time.Time{}
	return &own, &reeveapi.TaskMove{
		Task: t.Framework + "/" + t.ID, FrameworkName: t.FrameworkName, AgentName: t.AgentName, AgentHTTP: t.AgentHTTP, Container: t.Container,
		State: t.State, Message: t.Message, Reason: t.Reason, Source: t.Source, Healthy: t.Healthy, Check: t.Check, Pull: t.Pull,
		Kept: 1, History: t.History[1:], Ended: t.Ended,
	}
}

// alike is the group of a kind of new tasks, nil if there are too many.
func (b *line) alike(like *reeveapi.Task) *reeveapi.Launches {
	groups := b.brief.Launches
	for i := range groups {
		g := &groups[i]
		if g.Like.Framework == like.Framework && g.Like.Command == like.Command && g.Like.Job == like.Job && reflect.DeepEqual(&g.Like, like) {
			return g
		}
	}
	if len(groups) == mostAlike {
		return nil
	}
	b.brief.Launches = append(groups, reeveapi.Launches{Like: *like})
	return &b.brief.Launches[len(groups)]
}

// place is where a place is in the line's.
func (b *line) place(p reeveapi.Place) int {
	i, known := b.places[p]
	if !known {
		i = len(b.brief.Places)
		b.places[p], b.brief.Places = i, append(b.brief.Places, p)
	}
	return i
}

// moved tells what has become of a task.
func (b *line) moved(m *reeveapi.TaskMove) {
	k := b.w.tasks[m.Task]
	if k != nil && !k.unsure && b.fits(k, m) {
		b.move(k, m.Task, m)
		return
	}
	number := 0
	if k != nil {
		number = k.number
		k.move(m)
		k.unsure = false
	}
	b.out.TasksMoved, b.brief.TasksMoved = append(b.out.TasksMoved, *m), append(b.brief.TasksMoved, number)
}

// fits says whether a move of a task can be told briefly.
func (b *line) fits(k *told, m *reeveapi.TaskMove) bool {
	if m.AgentName != k.agentName || m.AgentHTTP != k.agentHTTP || m.Kept != k.steps {
		return false
	}
	if _, near := b.after(m.Ended); !near && !m.Ended.IsZero() {
		return false
	}
	for i := range m.History {
		step := &m.History[i]
		state, message := step.State, ""
		if i == len(m.History)-1 {
			state, message = m.State, m.Message
		}
		if _, near := b.after(step.At); !near || step.Message != message || step.State != state || state == "" || strings.IndexByte(state, between) >= 0 {
			return false
		}
	}
	return true
}

// manner is what moves of one group have in common.
type manner struct {
	framework, state, message, reason, source, check, steps string

	health     int8
	pull       reeveapi.Pull
	pulls      bool
	containers bool
	ended      bool
}

func mannerOf(k *told, m *reeveapi.TaskMove) manner {
	out := manner{
		framework: m.FrameworkName, state: m.State, message: m.Message, reason: m.Reason, source: m.Source, check: m.Check,
		steps: steps(m.History), containers: m.Container != k.container, ended: !m.Ended.IsZero(),
	}
	switch {
	case m.Healthy != nil && *m.Healthy:
		out.health = 1
	case m.Healthy != nil:
		out.health = -1
	}
	if m.Pull != nil {
		out.pull, out.pulls = *m.Pull, true
	}
	return out
}

// move tells briefly of a move that fits.
func (b *line) move(k *told, key string, m *reeveapi.TaskMove) {
	manner := mannerOf(k, m)
	i, known := b.moves[manner]
	if !known {
		i = len(b.brief.Moves)
		b.moves[manner] = i
		group := reeveapi.Moves{
			FrameworkName: m.FrameworkName, State: m.State, Message: m.Message, Reason: m.Reason, Source: m.Source,
			Healthy: m.Healthy, Check: m.Check, Pull: m.Pull,
		}
		for i := range m.History {
			group.Steps = append(group.Steps, m.History[i].State)
		}
		b.brief.Moves = append(b.brief.Moves, group)
	}
	group := &b.brief.Moves[i]
	group.Numbers = append(group.Numbers, k.number)
	for i := range m.History {
		at, _ := b.after(m.History[i].At)
		place, eventAt := b.event(k, key, &m.History[i])
		group.At, group.Events, group.EventsAt = append(group.At, at), append(group.Events, place), append(group.EventsAt, eventAt)
	}
	if manner.containers {
		group.Containers = append(group.Containers, m.Container)
	}
	if manner.ended {
		at, _ := b.after(m.Ended)
		group.Ended = append(group.Ended, at)
	}
	k.move(m)
}
