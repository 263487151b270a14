package shorthand_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/shorthand"
	"codeberg.org/reeve/reeve/shared/watchline"
)

var start = time.Date(2026, 11, 29, 10, 4, 57, 722380356, time.UTC)

// life is a cluster to which anything may happen, as a master tells it.
type life struct {
	tasks  map[string]reeveapi.Task
	agents map[string]reeveapi.Agent
	seq    uint64
	now    time.Time
}

func some(rt *rapid.T, what string, texts ...string) string {
	return rapid.SampledFrom(texts).Draw(rt, what)
}

// moment is one that is near most of the time.
func (l *life) moment(rt *rapid.T) time.Time {
	at := l.now.Add(time.Duration(rapid.Int64Range(-3e9, 3e9).Draw(rt, "ns")))
	return rapid.SampledFrom([]time.Time{at, at, at, l.now, l.now, {}, l.now.AddDate(-200, 0, 0)}).Draw(rt, "at")
}

// launch is a new task; most are alike.
func (l *life) launch(rt *rapid.T, id string) reeveapi.Task {
	agent := l.agents[some(rt, "on", "S0", "S1")]
	t := reeveapi.Task{
		ID: id, Framework: some(rt, "framework", "f", "f", "g"), FrameworkName: some(rt, "framework's name", "fn", "fm"), Name: some(rt, "name", "web", "", "ü\n"), Role: "*", Executor: id,
		Agent: agent.ID, AgentName: agent.Name, AgentHTTP: agent.HTTP, State: "TASK_STAGING", Command: some(rt, "command", "sleep", "sleep", "echo"), Launched: l.moment(rt),
	}
	if rapid.Bool().Draw(rt, "labels") {
		t.Labels = map[string]string{"a": some(rt, "label", "b", "c")}
	}
	t.Sandbox = reeveapi.SandboxOf(t.Framework, id)
	t.History = []reeveapi.TaskStep{{State: "TASK_STAGING", At: t.Launched}}
	switch rapid.IntRange(0, 9).Draw(rt, "odd") {
	case 0:
		t.Executor = "own"
	case 1:
		t.Sandbox += "/tasks/x"
	case 2:
		t.History[0].Message = "said"
	case 3:
		t.Container, t.Ended, t.Pull = "c", l.moment(rt), &reeveapi.Pull{Total: 3}
	case 4:
		t.History = nil
	default:
	}
	return t
}

// move lets something become of a task.
func (l *life) move(rt *rapid.T, t reeveapi.Task) reeveapi.TaskMove {
	agent := l.agents[t.Agent]
	m := reeveapi.TaskMove{
		Task: t.Framework + "/" + t.ID, FrameworkName: some(rt, "framework's name", "fn", "fn", "fm"), AgentName: agent.Name, AgentHTTP: agent.HTTP, State: some(rt, "state", "TASK_STARTING", "TASK_RUNNING", "TASK_FAILED", ""),
		Message: some(rt, "message", "", "", "exited"), Reason: some(rt, "reason", "", "R"), Source: "S", Check: some(rt, "check", "", "", "ok"), Container: some(rt, "container", t.Container, t.Container, "", "c1"), Kept: len(t.History),
	}
	if rapid.IntRange(0, 5).Draw(rt, "forgets") == 0 {
		m.Kept = rapid.IntRange(0, len(t.History)).Draw(rt, "kept")
	}
	switch rapid.IntRange(0, 3).Draw(rt, "health") {
	case 0:
		m.Healthy = new(rapid.Bool().Draw(rt, "healthy"))
	case 1:
		m.Pull = &reeveapi.Pull{Done: rapid.Int64Range(0, 2).Draw(rt, "done"), Total: 2}
	default:
	}
	for range rapid.SampledFrom([]int{0, 1, 1, 1, 2, 3}).Draw(rt, "steps") {
		m.History = append(m.History, reeveapi.TaskStep{State: some(rt, "step", "TASK_STARTING", "TASK_RUNNING", "A\nB"), At: l.moment(rt), Message: some(rt, "step's message", "", "", "", "why")})
	}
	if n := len(m.History); n > 0 && rapid.IntRange(0, 5).Draw(rt, "agrees") > 0 {
		m.History[n-1].State, m.History[n-1].Message = m.State, m.Message
	}
	if rapid.Bool().Draw(rt, "over") {
		m.Ended = l.moment(rt)
	}
	return m
}

// tell is an event about a task, most probably the one that a step makes.
func (l *life) tell(rt *rapid.T, line *reeveapi.Watch, t *reeveapi.Task, step *reeveapi.TaskStep) {
	if rapid.IntRange(0, 9).Draw(rt, "gap") == 0 {
		l.seq += uint64(rapid.IntRange(0, 2).Draw(rt, "numbers"))
	}
	l.seq++
	e := reeveapi.EventOf(l.seq, l.moment(rt), step, t.Name, t.Framework+"/"+t.ID, t.AgentName)
	switch rapid.IntRange(0, 9).Draw(rt, "other") {
	case 0:
		e.Who = "ann"
	case 1:
		e.Text = "other"
	case 2:
		e.ID = "f/nobody"
	default:
	}
	line.Events = append(line.Events, e)
}

// next lets things happen, and tells of them.
func (l *life) next(rt *rapid.T) *reeveapi.Watch {
	l.now = l.now.Add(time.Second)
	line := &reeveapi.Watch{Version: l.seq, TasksRemoved: []string{}}
	l.agentsNext(rt, line)
	seen := map[string]bool{}
	for range rapid.IntRange(0, 6).Draw(rt, "changes") {
		id := fmt.Sprint(rapid.IntRange(0, 7).Draw(rt, "task"))
		if seen[id] {
			continue
		}
		seen[id] = true
		t, found := l.tasks[id]
		switch what := rapid.IntRange(0, 7).Draw(rt, "what"); {
		case found && what == 0:
			delete(l.tasks, id)
			line.TasksRemoved = append(line.TasksRemoved, t.Framework+"/"+id)
			continue
		case found && what > 1:
			m := l.move(rt, t)
			t.History = slices.Clone(t.History)
			t.Move(&m)
			line.TasksMoved = append(line.TasksMoved, m)
			for i := range m.History {
				l.tell(rt, line, &t, &m.History[i])
			}
		default: // new, or launched again under its id, and perhaps further by now
			framework := t.Framework
			t = l.launch(rt, id)
			if found { // it is another one, but no other id
				t.Framework, t.Sandbox = framework, reeveapi.SandboxOf(framework, id)
			}
			for i := range t.History {
				l.tell(rt, line, &t, &t.History[i])
			}
			if rapid.Bool().Draw(rt, "goes on") {
				m := l.move(rt, t)
				t.Move(&m)
			}
			line.Tasks = append(line.Tasks, t)
		}
		t.History = slices.Clone(t.History)
		l.tasks[id] = t
	}
	return line
}

func (l *life) agentsNext(rt *rapid.T, line *reeveapi.Watch) {
	for _, id := range []string{"S0", "S1"} {
		a, found := l.agents[id]
		switch what := rapid.IntRange(0, 9).Draw(rt, "agent"); {
		case what == 0 || !found:
			a = reeveapi.Agent{ID: id, Name: some(rt, "host", "n0", "n1"), HTTP: some(rt, "http", "h:1", "h:2")}
		case what == 1:
			a.Usage = nil
		case what == 2:
			a.Allocated.CPUs, a.Offered.Mem = a.Allocated.CPUs+1, 1
		case what < 6:
			a.Tasks, a.Usage = rapid.IntRange(0, 3).Draw(rt, "tasks"), &reeveapi.HostUsage{At: l.now}
		case what == 6:
			delete(l.agents, id)
			line.AgentsRemoved = append(line.AgentsRemoved, id)
			continue
		default:
			continue
		}
		l.agents[id] = a
		line.Agents = append(line.Agents, a)
	}
}

// snapshot is all at this moment; an agent may have been measured since it was told of last.
func (l *life) snapshot(rt *rapid.T) *reeveapi.Watch {
	line := &reeveapi.Watch{Snapshot: true, Version: l.seq}
	for _, id := range slices.Sorted(maps.Keys(l.tasks)) {
		t := l.tasks[id]
		if a, found := l.agents[t.Agent]; found && rapid.Bool().Draw(rt, "its agent's new name") {
			t.AgentName, t.AgentHTTP = a.Name, a.HTTP
		}
		t.History = slices.Clone(t.History)
		line.Tasks = append(line.Tasks, t)
	}
	for _, id := range slices.Sorted(maps.Keys(l.agents)) {
		a := l.agents[id]
		if rapid.Bool().Draw(rt, "measured") {
			a.Usage = &reeveapi.HostUsage{At: l.now.Add(1)}
		}
		line.Agents = append(line.Agents, a)
	}
	return line
}

// sorted is a line whose lists have an order.
func sorted(w reeveapi.Watch) reeveapi.Watch {
	w.Numbers = reeveapi.Numbers{}
	w.Tasks, w.TasksMoved, w.Agents = slices.Clone(w.Tasks), slices.Clone(w.TasksMoved), slices.Clone(w.Agents)
	slices.SortFunc(w.Tasks, func(a, b reeveapi.Task) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(w.TasksMoved, func(a, b reeveapi.TaskMove) int { return cmp.Compare(a.Task, b.Task) })
	slices.SortFunc(w.Agents, func(a, b reeveapi.Agent) int { return cmp.Compare(a.ID, b.ID) })
	w.TasksRemoved = slices.Sorted(slices.Values(w.TasksRemoved))
	return w
}

// follower reads a stream, and knows what numbers mean.
type follower struct {
	reader shorthand.Reader
	fast   watchline.Reader
	keys   map[int]string
}

// take reads a line from its text and compares it with what it was made from.
func (f *follower) take(rt *rapid.T, brief, want *reeveapi.Watch) {
	text, err := watchline.AppendWatch(nil, brief)
	if err != nil {
		rt.Fatal(err)
	}
	got, err := f.fast.Read(text)
	if err != nil {
		rt.Fatal(err)
	}
	if err := f.reader.Whole(got); err != nil {
		rt.Fatalf("%v: %s", err, text)
	}
	if diff := gocmp.Diff(sorted(*want), sorted(*got), cmpopts.EquateEmpty()); diff != "" {
		rt.Fatalf("told (-), read (+):\n%s\n%s", diff, text)
	}
	f.numbers(rt, got)
	if rapid.Bool().Draw(rt, "is done with it") {
		shorthand.Release(got)
	}
}

func (f *follower) numbers(rt *rapid.T, w *reeveapi.Watch) {
	n := w.Numbers
	if len(n.Tasks) != len(w.Tasks) || len(n.TasksMoved) != len(w.TasksMoved) || len(n.TasksRemoved) != len(w.TasksRemoved) {
		rt.Fatalf("%d, %d, %d numbers for %d, %d, %d tasks", len(n.Tasks), len(n.TasksMoved), len(n.TasksRemoved), len(w.Tasks), len(w.TasksMoved), len(w.TasksRemoved))
	}
	if w.Snapshot {
		f.keys = map[int]string{}
	}
	for i, t := range w.Tasks {
		if was, found := f.keys[n.Tasks[i]]; found && was != t.Framework+"/"+t.ID {
			rt.Fatalf("%s has the number of %s", t.ID, was)
		}
		f.keys[n.Tasks[i]] = t.Framework + "/" + t.ID
	}
	for i, m := range w.TasksMoved {
		if f.keys[n.TasksMoved[i]] != m.Task {
			rt.Fatalf("%s has the number of %q", m.Task, f.keys[n.TasksMoved[i]])
		}
	}
	for i, key := range w.TasksRemoved {
		if f.keys[n.TasksRemoved[i]] != key {
			rt.Fatalf("%s has the number of %q", key, f.keys[n.TasksRemoved[i]])
		}
		delete(f.keys, n.TasksRemoved[i])
	}
}

// TestBriefIsWhole has readers come at any time, and compares what each reads with the whole lines.
func TestBriefIsWhole(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		l := &life{tasks: map[string]reeveapi.Task{}, agents: map[string]reeveapi.Agent{}, now: start}
		var w shorthand.Writer
		l.next(rt)
		var readers []*follower
		for i := range rapid.IntRange(1, 12).Draw(rt, "lines") {
			if i == 0 || rapid.IntRange(0, 3).Draw(rt, "somebody comes") == 0 {
				whole := l.snapshot(rt)
				brief := *whole
				w.Snapshot(&brief)
				readers = append(readers, &follower{})
				readers[len(readers)-1].take(rt, &brief, whole)
			}
			line := l.next(rt)
			before := text(rt, line)
			brief := w.Line(line)
			if text(rt, line) != before {
				rt.Fatalf("the line was changed")
			}
			for _, r := range readers {
				r.take(rt, brief, line)
			}
		}
	})
}

func text(t interface{ Fatal(...any) }, w *reeveapi.Watch) string {
	out, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// FuzzWhole reads anything after a snapshot: it is refused or made whole, and nothing is in two places.
func FuzzWhole(f *testing.F) {
	f.Add([]byte(`{"brief":{"base":"2026-11-29T10:04:57Z","event":4,"events":2,"places":[{"agent":"S0","name":"n","http":"h"}],"launches":[{"like":{"framework":"f","state":"A"},"numbers":[3],"ids":["x"],"names":["n"],"places":[0],"launched":[5],"events":[1],"events_at":[6]}],"moves":[{"state":"B","steps":["B"],"numbers":[1],"at":[7],"events":[2],"events_at":[8],"containers":["c"],"ended":[9]}],"removed":[2]}}`))
	f.Add([]byte(`{"tasks":[{"id":"y"}],"tasks_moved":[{"task":"f/a"}],"events":[{"seq":9}],"brief":{"tasks":[5],"tasks_moved":[1],"events":1,"event":9,"agents":[{"id":"S0","tasks":3}]}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var r shorthand.Reader
		first := &reeveapi.Watch{
			Snapshot: true, Tasks: []reeveapi.Task{{Framework: "f", ID: "a"}, {Framework: "f", ID: "b"}}, Agents: []reeveapi.Agent{{ID: "S0"}},
			Brief: &reeveapi.Brief{Tasks: []int{1, 2}},
		}
		if err := r.Whole(first); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			var w reeveapi.Watch
			if json.Unmarshal(text, &w) != nil || w.Brief != nil && (w.Brief.Events > 1000 || high(w.Brief)) {
				return // that needs much memory, and nothing else
			}
			if r.Whole(&w) != nil {
				return
			}
			if n := w.Numbers; len(n.TasksMoved) > len(w.TasksMoved) || len(n.Tasks) > len(w.Tasks) || len(n.TasksRemoved) > len(w.TasksRemoved) || w.Brief != nil {
				t.Fatalf("%+v", w)
			}
		}
	})
}

// high says whether a task has a high number.
func high(b *reeveapi.Brief) bool {
	all := slices.Clone(b.Tasks)
	for _, l := range b.Launches {
		all = append(all, l.Numbers...)
	}
	return len(all) > 0 && slices.Max(all) > 1000
}
