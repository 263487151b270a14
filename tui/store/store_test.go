package store

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/shorthand"
)

// TestListIsAMap compares a list with a map through any changes; older lists must not notice.
func TestListIsAMap(t *testing.T) {
	type row struct {
		id  string
		val int
	}
	rapid.Check(t, func(t *rapid.T) {
		list, model := List[row]{}, map[string]int{}
		for range rapid.IntRange(1, 20).Draw(t, "turns") {
			old, oldModel := list, maps.Clone(model)
			var changed []row
			var removed []string
			for range rapid.IntRange(0, 8).Draw(t, "changes") {
				changed = append(changed, row{fmt.Sprint(rapid.IntRange(0, 30).Draw(t, "id")), rapid.Int().Draw(t, "val")})
			}
			for range rapid.IntRange(0, 3).Draw(t, "removals") {
				removed = append(removed, fmt.Sprint(rapid.IntRange(0, 30).Draw(t, "gone")))
			}
			list = list.With(func(r *row) string { return r.id }, Step[row]{changed, removed})
			replayed := map[string]int{}
			for _, c := range list.Changes(old) {
				if old.Get(c.ID) != c.Was || list.Get(c.ID) != c.Is || c.Was == c.Is {
					t.Fatalf("change of %s: %v became %v", c.ID, c.Was, c.Is)
				}
				replayed[c.ID]++
			}
			for id := range maps.Keys(model) {
				if n := replayed[id]; n > 1 || n == 0 && old.Get(id) != list.Get(id) {
					t.Fatalf("%s is told %d times", id, n)
				}
			}
			for _, c := range changed {
				model[c.id] = c.val
			}
			for _, id := range removed {
				delete(model, id)
			}
			same(t, list.ids, func(id string) int { return list.Get(id).val }, model)
			same(t, old.ids, func(id string) int { return old.Get(id).val }, oldModel)
		}
	})
}

func same(t *rapid.T, ids []string, get func(string) int, model map[string]int) {
	want := slices.Sorted(maps.Keys(model))
	if !slices.Equal(ids, want) {
		t.Fatalf("got %v, want %v", ids, want)
	}
	for id, val := range model {
		if got := get(id); got != val {
			t.Fatalf("%s: got %d, want %d", id, got, val)
		}
	}
}

func TestApply(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	event := func(seq uint64, kind string) reeveapi.Event {
		return reeveapi.Event{Seq: seq, At: now.Add(time.Duration(seq) * time.Second), Kind: kind}
	}
	s := New()
	first := s.Snapshot()
	s.Apply(&reeveapi.Watch{
		Snapshot: true, Cluster: &reeveapi.Cluster{Name: "a"}, Agents: []reeveapi.Agent{{ID: "1"}, {ID: "2"}},
		Tasks: []reeveapi.Task{{Framework: "f", ID: "t"}}, Events: []reeveapi.Event{event(1, "A"), event(2, "B")},
	}, now)
	s.Apply(&reeveapi.Watch{Agents: []reeveapi.Agent{{ID: "2", Name: "two"}}, AgentsRemoved: []string{"1"}, Events: []reeveapi.Event{event(3, "C")}}, now.Add(time.Second))
	n := s.Snapshot()
	if got := n.Agents.Len(); got != 1 || n.Agents.Get("2").Name != "two" {
		t.Errorf("%d agents, the second is %+v", got, n.Agents.Get("2"))
	}
	if n.Tasks.Get("f/t") == nil || !n.Link.Live || n.Version <= first.Version {
		t.Errorf("after two lines: %+v", n)
	}
	// A new leader repeats what it knows: nothing is there twice, and what it does not know is gone.
	s.Apply(&reeveapi.Watch{Snapshot: true, Agents: []reeveapi.Agent{{ID: "3"}}, Events: []reeveapi.Event{event(2, "B"), event(3, "C"), event(4, "D")}}, now.Add(2*time.Second))
	n = s.Snapshot()
	var kinds []string
	for _, e := range n.Events {
		kinds = append(kinds, e.Kind)
	}
	if diff := cmp.Diff([]string{"A", "B", "C", "D"}, kinds); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if n.Agents.Get("2") != nil || n.Agents.Get("3") == nil || n.Tasks.Len() != 0 {
		t.Errorf("the new snapshot did not replace the old one")
	}
}

// TestLinesThatComeTogether compares lines taken one by one with the same lines taken at once.
func TestLinesThatComeTogether(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	rapid.Check(t, func(rt *rapid.T) {
		one, all := New(), New()
		var lines []*reeveapi.Watch
		id := rapid.Custom(func(t *rapid.T) string { return fmt.Sprint(rapid.IntRange(0, 6).Draw(t, "id")) })
		seq := uint64(0)
		for i := range rapid.IntRange(1, 8).Draw(rt, "lines") {
			w := &reeveapi.Watch{Version: uint64(i), Snapshot: rapid.IntRange(0, 5).Draw(rt, "snapshot") == 0}
			if rapid.Bool().Draw(rt, "figures") {
				w.Cluster = &reeveapi.Cluster{Term: uint64(i)}
			}
			for range rapid.IntRange(0, 4).Draw(rt, "changes") {
				w.Tasks = append(w.Tasks, reeveapi.Task{ID: id.Draw(rt, "task"), Message: fmt.Sprint(i)})
				w.Agents = append(w.Agents, reeveapi.Agent{ID: id.Draw(rt, "agent"), Tasks: i})
			}
			for range rapid.IntRange(0, 3).Draw(rt, "removals") {
				w.TasksRemoved = append(w.TasksRemoved, "/"+id.Draw(rt, "gone"))
				w.AgentsRemoved = append(w.AgentsRemoved, id.Draw(rt, "gone"))
			}
			for range rapid.IntRange(0, 2).Draw(rt, "events") {
				seq++
				w.Events = append(w.Events, reeveapi.Event{Seq: seq, At: now.Add(time.Duration(seq))})
			}
			lines = append(lines, w)
			one.Apply(w, now)
		}
		all.ApplyAll(lines, now)
		got, want := *all.Snapshot(), *one.Snapshot()
		got.Version, want.Version = 0, 0
		got.Load, want.Load = nil, nil // one point a second, of another figure
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(List[reeveapi.Agent]{}, List[reeveapi.Framework]{}, List[reeveapi.Task]{}, List[reeveapi.Job]{}, List[reeveapi.Role]{}, List[reeveapi.Offer]{}), cmpopts.EquateEmpty()); diff != "" {
			rt.Fatalf("one by one (-), at once (+):\n%s", diff)
		}
	})
}

// TestMovesAreWholeTasks tells one store each changed task whole, and another one only where it is in its life, over streams
// that begin anew, whatever comes together: both know the same, and what was handed out stays as it was.
func TestMovesAreWholeTasks(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	rapid.Check(t, func(rt *rapid.T) {
		whole, moved, numbered := New(), New(), New()
		life := map[string]reeveapi.Task{}
		var told, short, brief []*reeveapi.Watch
		var b briefly
		var kept [][]*reeveapi.Task
		var copies []string
		for i := range rapid.IntRange(1, 30).Draw(rt, "lines") {
			w := &reeveapi.Watch{Version: uint64(i), Snapshot: i == 0 || rapid.IntRange(0, 9).Draw(rt, "anew") == 0}
			m := &reeveapi.Watch{Version: uint64(i), Snapshot: w.Snapshot}
			said := map[string]bool{}
			for range rapid.IntRange(0, 5).Draw(rt, "changes") {
				key := fmt.Sprint("f/", rapid.IntRange(0, 7).Draw(rt, "id"))
				if said[key] {
					continue
				}
				said[key] = true
				change(rt, key, i, life, w, m)
			}
			if w.Snapshot {
				w.Tasks, w.TasksRemoved, m.TasksMoved, m.TasksRemoved = all(life), nil, nil, nil
				m.Tasks = all(life)
			}
			told, short, brief = append(told, w), append(short, m), append(brief, b.again(rt, m))
			if rapid.IntRange(0, 2).Draw(rt, "look") > 0 {
				continue
			}
			whole.ApplyAll(told, now)
			moved.ApplyAll(short, now)
			numbered.ApplyAll(brief, now)
			told, short, brief = nil, nil, nil
			if diff := cmp.Diff(whole.Snapshot().Tasks.Rows(), moved.Snapshot().Tasks.Rows(), cmpopts.EquateEmpty()); diff != "" {
				rt.Fatalf("told whole (-), told moves (+):\n%s", diff)
			}
			if diff := cmp.Diff(whole.Snapshot().Tasks.ids, numbered.Snapshot().Tasks.ids, cmpopts.EquateEmpty()); diff != "" {
				rt.Fatalf("told whole (-), told by numbers (+):\n%s", diff)
			}
			if diff := cmp.Diff(whole.Snapshot().Tasks.Rows(), numbered.Snapshot().Tasks.Rows(), cmpopts.EquateEmpty()); diff != "" {
				rt.Fatalf("told whole (-), told by numbers (+):\n%s", diff)
			}
			kept, copies = append(kept, moved.Snapshot().Tasks.Rows()), append(copies, text(rt, moved.Snapshot().Tasks.Rows()))
		}
		for i := range kept {
			if diff := cmp.Diff(copies[i], text(rt, kept[i])); diff != "" {
				rt.Fatalf("snapshot %d was changed later (-was +is):\n%s", i, diff)
			}
		}
	})
}

// briefly is a stream of brief lines.
type briefly struct {
	writer shorthand.Writer
	reader shorthand.Reader
}

// again is a line as a reader of the stream has it, in memory of its own.
func (b *briefly) again(rt *rapid.T, w *reeveapi.Watch) *reeveapi.Watch {
	line := *w
	if w.Snapshot {
		b.writer = shorthand.Writer{}
		b.writer.Snapshot(&line)
	} else {
		line = *b.writer.Line(w)
	}
	text, err := json.Marshal(&line)
	if err != nil {
		rt.Fatal(err)
	}
	out := &reeveapi.Watch{}
	if err := json.Unmarshal(text, out); err != nil {
		rt.Fatal(err)
	}
	if err := b.reader.Whole(out); err != nil {
		rt.Fatal(err)
	}
	return out
}

// change lets something happen to a task, and tells of it in all ways.
func change(rt *rapid.T, key string, i int, life map[string]reeveapi.Task, w, m *reeveapi.Watch) {
	task, known := life[key]
	step := reeveapi.TaskStep{State: fmt.Sprint("S", i), At: time.Unix(int64(i), 0).UTC()}
	switch what := rapid.IntRange(0, 4).Draw(rt, "what"); {
	case known && what == 0:
		delete(life, key)
		w.TasksRemoved, m.TasksRemoved = append(w.TasksRemoved, key), append(m.TasksRemoved, key)
	case known && what > 1:
		keep := rapid.IntRange(0, len(task.History)).Draw(rt, "keep")
		move := reeveapi.TaskMove{Task: key, FrameworkName: "n", AgentName: "a", AgentHTTP: fmt.Sprint("h:", i), State: step.State, Message: fmt.Sprint(what), Healthy: task.Healthy, Kept: keep, History: []reeveapi.TaskStep{step}, Ended: step.At}
		task.FrameworkName, task.AgentName, task.AgentHTTP, task.State, task.Message, task.Ended = "n", "a", move.AgentHTTP, step.State, move.Message, step.At
		task.History = append(slices.Clone(task.History[:keep]), step)
		life[key] = task
		w.Tasks, m.TasksMoved = append(w.Tasks, copied(task)), append(m.TasksMoved, move)
	default: // new, or launched again under its old id
		task = reeveapi.Task{Framework: "f", ID: key[len("f/"):], Command: fmt.Sprint(i), Healthy: new(true), History: []reeveapi.TaskStep{step}}
		life[key] = task
		w.Tasks, m.Tasks = append(w.Tasks, copied(task)), append(m.Tasks, copied(task))
	}
}

// copied is a task whose history is its own, as in each line that is read; there is room behind it.
func copied(t reeveapi.Task) reeveapi.Task {
	t.History = append(make([]reeveapi.TaskStep, 0, len(t.History)+2), t.History...)
	return t
}

func all(life map[string]reeveapi.Task) []reeveapi.Task {
	var out []reeveapi.Task
	for _, key := range slices.Sorted(maps.Keys(life)) {
		out = append(out, copied(life[key]))
	}
	return out
}

func text(rt *rapid.T, rows []*reeveapi.Task) string {
	out, err := json.Marshal(rows)
	if err != nil {
		rt.Fatal(err)
	}
	return string(out)
}

func TestUsageKeepsTheNewest(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	s := New()
	sample := func(sec int, cpus float64) reeveapi.TaskUsage {
		return reeveapi.TaskUsage{At: now.Add(time.Duration(sec) * time.Second), CPUs: cpus}
	}
	s.AddUsage("a", &reeveapi.Usage{
		Host: reeveapi.HostUsage{At: now.Add(2 * time.Second)}, HostHistory: []reeveapi.HostUsage{{At: now}, {At: now.Add(2 * time.Second)}},
		Tasks: map[string]reeveapi.TaskUsage{"f/t": sample(2, 2)}, TaskHistory: map[string][]reeveapi.TaskUsage{"f/t": {sample(1, 1), sample(2, 2)}},
	}, nil)
	s.AddUsage("a", &reeveapi.Usage{Host: reeveapi.HostUsage{At: now.Add(3 * time.Second)}, Tasks: map[string]reeveapi.TaskUsage{"f/t": sample(3, 3)}}, nil)
	s.AddUsage("a", nil, fmt.Errorf("gone"))
	task := &reeveapi.Task{Agent: "a", Framework: "f", ID: "t"}
	if got := s.Snapshot().TaskUsage(task); len(got) != 3 || got[2].CPUs != 3 {
		t.Errorf("samples are %+v", got)
	}
	if u := s.Snapshot().Usage["a"]; len(u.Host) != 3 || u.Err != "gone" {
		t.Errorf("usage is %+v", u)
	}
	s.DropUsage(map[string]bool{})
	if got := s.Snapshot().TaskUsage(task); got != nil {
		t.Errorf("still %+v", got)
	}
}

// TestAlarms keeps of an agent only what is close to its limit, and tells news from what is known.
func TestAlarms(t *testing.T) {
	s := New()
	use := func(used, limit int64) *reeveapi.Usage {
		return &reeveapi.Usage{Tasks: map[string]reeveapi.TaskUsage{"f/a": {MemBytes: used, MemLimitBytes: limit}, "f/b": {MemBytes: 5}}}
	}
	for i, step := range []struct {
		usage *reeveapi.Usage
		news  bool
		tight int
	}{{nil, false, 0}, {use(95, 100), false, 0}, {use(96, 100), true, 1}, {use(96, 100), false, 1}, {use(97, 100), true, 1}, {use(9, 100), true, 0}, {nil, true, 0}} {
		if news := s.AddNewest("1", step.usage, true); news != step.news {
			t.Errorf("step %d: news is %v, want %v", i, news, step.news)
		}
		u := s.Snapshot().Usage["1"]
		if step.usage == nil {
			if u != nil {
				t.Errorf("step %d: still knows an agent that does not answer", i)
			}
			continue
		}
		if len(u.Tight) != step.tight || u.Tasks != nil {
			t.Errorf("step %d: %+v, want %d tight", i, u, step.tight)
		}
	}
	s.AddUsage("1", use(96, 100), nil) // after that, the history is asked for: it must not fall over what is missing
	if got := len(s.Snapshot().Usage["1"].Tasks); got != 2 {
		t.Errorf("%d tasks, want 2", got)
	}
}
