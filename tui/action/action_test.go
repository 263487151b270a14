package action

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/store"
)

// doer notes what it is asked for and fails for some.
type doer struct {
	asked []string
	fail  string
}

func (d *doer) SubmitJob(_ context.Context, spec reeveapi.JobSpec) (*reeveapi.Job, error) {
	return &reeveapi.Job{Spec: spec}, d.note("submit " + spec.Name)
}

func (d *doer) ChangeMaintenance(_ context.Context, step string, asked reeveapi.MaintenanceRequest) error {
	return d.note(fmt.Sprint(step, " ", asked.Machines))
}
func (d *doer) Teardown(_ context.Context, f string) error   { return d.note("teardown " + f) }
func (d *doer) StopJob(_ context.Context, name string) error { return d.note("stop " + name) }
func (d *doer) UpdateJob(_ context.Context, spec reeveapi.JobSpec, version int) (*reeveapi.Job, error) {
	return nil, d.note(fmt.Sprintf("update %s of %d", spec.Name, version))
}

func (d *doer) ScaleJob(_ context.Context, name string, version, n int) (*reeveapi.Job, error) {
	return nil, d.note(fmt.Sprintf("scale %s of %d to %d", name, version, n))
}

func (d *doer) RestartJob(_ context.Context, name string, version int) (*reeveapi.Job, error) {
	return nil, d.note(fmt.Sprintf("restart %s of %d", name, version))
}

func (d *doer) RollbackJob(_ context.Context, name string, version, to int) (*reeveapi.Job, error) {
	return nil, d.note(fmt.Sprintf("rollback %s of %d to %d", name, version, to))
}

func (d *doer) TriggerJob(_ context.Context, name string) (*reeveapi.Job, error) {
	return nil, d.note("trigger " + name)
}

func (d *doer) KillTask(_ context.Context, f, task string, grace time.Duration) error {
	if grace >= 0 {
		task += " within " + grace.String()
	}
	return d.note("kill " + f + "/" + task)
}

func (d *doer) DrainAgent(_ context.Context, agent string, grace time.Duration, gone bool) error {
	return d.note(fmt.Sprintf("drain %s %s %v", agent, grace, gone))
}

func (d *doer) DeactivateAgent(_ context.Context, agent string) error {
	return d.note("deactivate " + agent)
}

func (d *doer) ReactivateAgent(_ context.Context, agent string) error {
	return d.note("reactivate " + agent)
}

func (d *doer) MarkAgentGone(_ context.Context, agent string) error { return d.note("gone " + agent) }

func (d *doer) SetQuota(_ context.Context, q reeveapi.Quota) error {
	return d.note("quota " + q.Role + " " + q.Guarantee.String() + "|" + q.Limit.String())
}

func (d *doer) RescindOffer(_ context.Context, offer string) error { return d.note("rescind " + offer) }

func (d *doer) StepDown(_ context.Context, to string) (*reeveapi.SteppedDown, error) {
	return &reeveapi.SteppedDown{}, d.note("step down to " + to)
}

func (d *doer) RemoveQuota(_ context.Context, role string) error { return d.note("no quota " + role) }

func (d *doer) SetWeight(_ context.Context, w reeveapi.Weight) error {
	return d.note(fmt.Sprintf("weight %s %g", w.Role, w.Weight))
}

func (d *doer) SetSecret(_ context.Context, name string, value []byte) (*reeveapi.Secret, error) {
	return &reeveapi.Secret{Name: name}, d.note(fmt.Sprintf("secret %s of %d", name, len(value)))
}

func (d *doer) RemoveSecret(_ context.Context, name string) error { return d.note("no secret " + name) }

func (d *doer) note(what string) error {
	d.asked = append(d.asked, what)
	if strings.Contains(what, d.fail) && d.fail != "" {
		return errors.New("refused")
	}
	return nil
}

func age(*reeveapi.Task) string { return "3h" }

func TestKillGoesOnAfterAFailure(t *testing.T) {
	tasks := []*reeveapi.Task{
		{ID: "a", Framework: "f", Name: "a", State: "TASK_RUNNING"},
		{ID: "b", Framework: "f", Name: "b", State: "TASK_RUNNING"},
		{ID: "c", Framework: "f", Name: "c", State: "TASK_FAILED", Ended: time.Now()},
		{ID: "d", Framework: "f", Name: "d", State: "TASK_RUNNING"},
	}
	act, err := Kill(tasks, 0, age)
	if err != nil {
		t.Fatal(err)
	}
	d := &doer{fail: "b"}
	r := act.Run(t.Context(), d)
	if diff := cmp.Diff([]string{"kill f/a", "kill f/b", "kill f/d"}, d.asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	if len(r.Failed) != 1 || r.Failed[0].Target != "b" || r.Steps != 3 {
		t.Errorf("result is %+v", r)
	}
	if act.Title != "Kill 3 tasks" || !strings.Contains(act.Targets[2].Text, "has ended, is left out") {
		t.Errorf("the question is %+v", act)
	}
	if _, err := Kill(tasks[2:3], 0, age); err == nil {
		t.Error("a task that has ended can be killed")
	}
}

// TestHowItIsKilled asks with the grace that was chosen, and a typed one comes first.
func TestHowItIsKilled(t *testing.T) {
	tasks := []*reeveapi.Task{{ID: "a", Framework: "f", Name: "a", State: "TASK_RUNNING"}}
	for _, one := range []struct {
		typed time.Duration
		picks []int
		want  []string
	}{
		{OwnGrace, []int{0, 1}, []string{"kill f/a", "kill f/a within 0s"}},
		{0, []int{1, 0}, []string{"kill f/a within 0s", "kill f/a"}},
		{30 * time.Second, []int{0, 1, 2}, []string{"kill f/a within 30s", "kill f/a", "kill f/a within 0s"}},
	} {
		act, err := KillWith(one.typed, tasks, 0, age)
		if err != nil {
			t.Fatal(err)
		}
		if act.Choices[0].At != one.picks[0] {
			t.Errorf("typed %s: %+v", one.typed, act.Choices)
		}
		d := &doer{}
		for i, pick := range one.picks {
			if i > 0 {
				act = act.With([]int{pick})
			}
			act.Run(t.Context(), d)
			if act.Choices[0].At != pick {
				t.Errorf("typed %s, picked %d: %+v", one.typed, pick, act.Choices)
			}
		}
		if diff := cmp.Diff(one.want, d.asked); diff != "" {
			t.Errorf("typed %s (-want +got):\n%s", one.typed, diff)
		}
	}
}

// TestHowItIsDrained: an agent that goes for ever must be named, and no choice loses a target.
func TestHowItIsDrained(t *testing.T) {
	agents := []*reeveapi.Agent{{ID: "S0", Name: "a0", State: reeveapi.AgentActive, Tasks: 1}}
	act, err := Drain(&store.Snapshot{}, agents, 0, Draining{Grace: 90 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if c := act.Choices[0]; c.Options[c.At] != "1m30s" || act.Word != "" || act.Undo == nil {
		t.Errorf("the question is %+v", act)
	}
	d := &doer{}
	for _, picked := range [][]int{{0, 0}, {5, 1}, {1, 0}} {
		act = act.With(picked)
		act.Run(t.Context(), d)
		if gone := picked[1] == 1; gone != (act.Word == "drain a0") || gone != (act.Undo == nil) {
			t.Errorf("picked %v: %+v", picked, act)
		}
	}
	if diff := cmp.Diff([]string{"drain S0 -1ns false", "drain S0 0s true", "drain S0 1m30s false"}, d.asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

func TestStopJobOnlyOnce(t *testing.T) {
	if _, err := StopJob(&reeveapi.Job{Spec: reeveapi.JobSpec{Name: "x"}, State: reeveapi.JobFinished}); err == nil {
		t.Error("a finished job can be stopped")
	}
	act, err := StopJob(&reeveapi.Job{Spec: reeveapi.JobSpec{Name: "x"}, State: reeveapi.JobRunning})
	if err != nil {
		t.Fatal(err)
	}
	d := &doer{}
	act.Run(t.Context(), d)
	if diff := cmp.Diff([]string{"stop x"}, d.asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

// TestQuote asks a real shell.
func TestQuote(t *testing.T) {
	for _, word := range []string{"plain", "two words", "it's", "$HOME `id` \"x\" \\", "", "*", "a\nb", "-x=1", "ä"} {
		out, err := exec.CommandContext(t.Context(), "sh", "-c", "printf %s "+Quote(word)).Output()
		if err != nil || string(out) != word {
			t.Errorf("the shell reads %s as %q (%v), want %q", Quote(word), out, err, word)
		}
	}
}

func TestSteerAgents(t *testing.T) {
	agents := []*reeveapi.Agent{
		{ID: "S0", Name: "a0", State: reeveapi.AgentActive, Tasks: 2, Total: reeveapi.Amounts{CPUs: 4, Mem: 100}, Allocated: reeveapi.Amounts{CPUs: 3, Mem: 50}},
		{ID: "S1", Name: "a1", State: reeveapi.AgentDrained, Deactivated: true, Drain: &reeveapi.Drain{Drained: true}},
		{ID: "S2", Name: "a2", State: reeveapi.AgentDraining, Deactivated: true, Tasks: 1, Drain: &reeveapi.Drain{Left: 1}},
		{ID: "S3", Name: "a3", State: reeveapi.AgentDeactivated, Deactivated: true},
		{ID: "S4", Name: "a4", State: reeveapi.AgentGone},
		{ID: "S5", Name: "a5", State: reeveapi.AgentActive, Total: reeveapi.Amounts{CPUs: 2, Mem: 100}},
	}
	w := &reeveapi.Watch{Snapshot: true}
	for _, a := range agents {
		w.Agents = append(w.Agents, *a)
	}
	st := store.New()
	st.Apply(w, time.Now())
	snap := st.Snapshot()
	type make = func(agents []*reeveapi.Agent) (Action, error)
	drain := func(how Draining) make {
		return func(agents []*reeveapi.Agent) (Action, error) { return Drain(snap, agents, 0, how) }
	}
	for _, test := range []struct {
		name  string
		make  make
		asked []string
		word  string
	}{
		{"drain", drain(Draining{Grace: -1}), []string{"drain S0 -1ns false", "drain S2 -1ns false", "drain S3 -1ns false", "drain S5 -1ns false"}, ""},
		{"drain and gone", drain(Draining{Grace: time.Minute, Gone: true}), []string{"drain S0 1m0s true", "drain S1 1m0s true", "drain S2 1m0s true", "drain S3 1m0s true", "drain S5 1m0s true"}, "drain 5"},
		{"deactivate", func(a []*reeveapi.Agent) (Action, error) { return Deactivate(snap, a, 0) }, []string{"deactivate S0", "deactivate S5"}, ""},
		{"reactivate", func(a []*reeveapi.Agent) (Action, error) { return Reactivate(snap, a, 0) }, []string{"reactivate S1", "reactivate S3"}, ""},
		{"gone", func(a []*reeveapi.Agent) (Action, error) { return Gone(snap, a, 0) }, []string{"gone S0", "gone S1", "gone S2", "gone S3", "gone S5"}, "gone 5"},
	} {
		t.Run(test.name, func(t *testing.T) {
			act, err := test.make(agents)
			if err != nil {
				t.Fatal(err)
			}
			d := &doer{}
			act.Run(t.Context(), d)
			if diff := cmp.Diff(test.asked, d.asked); diff != "" {
				t.Errorf("asked for (-want +got):\n%s", diff)
			}
			if act.Word != test.word {
				t.Errorf("the word is %q, want %q", act.Word, test.word)
			}
			if _, err := test.make(agents[4:5]); err == nil || !strings.Contains(err.Error(), "a4 is gone") {
				t.Errorf("of a gone agent: %v", err)
			}
			if _, err := test.make(nil); err == nil {
				t.Error("of no agent: no error")
			}
		})
	}
	// 3 cpus must go, and 2 are free elsewhere.
	act, err := Drain(snap, agents[:1], 0, Draining{Grace: -1})
	if err != nil {
		t.Fatal(err)
	}
	warned := false
	for _, line := range act.Preview {
		warned = warned || line.Warn && strings.Contains(line.Text, "not all will find a place")
	}
	if !warned {
		t.Errorf("no warning that there is too little room: %+v", act.Preview)
	}
}

// TestJobsAreChangedInTheVersionSeen: what an operator agreed to is of one version of the job.
func TestJobsAreChangedInTheVersionSeen(t *testing.T) {
	spec := reeveapi.JobSpec{Name: "web", Kind: reeveapi.Service, Command: "v2", Instances: 3, Update: &reeveapi.JobUpdate{MaxSurge: 1, OnFailure: "rollback"}}
	older := spec
	older.Command = "v1"
	j := &reeveapi.Job{
		Spec: spec, State: reeveapi.JobRunning, Version: 7,
		History: []reeveapi.Revision{{Version: 6, Spec: older}, {Version: 7, Spec: spec}},
	}
	changed := spec
	changed.Command = "v3"
	for want, make := range map[string]func() (Action, error){
		"scale web of 7 to 5":    func() (Action, error) { return ScaleJob(j, 5) },
		"restart web of 7":       func() (Action, error) { return RestartJob(j) },
		"rollback web of 7 to 6": func() (Action, error) { return RollbackJob(j, 0) },
		"update web of 7":        func() (Action, error) { return UpdateJob(j, changed) },
	} {
		act, err := make()
		if err != nil {
			t.Errorf("%s: %v", want, err)
			continue
		}
		d := &doer{}
		if r := act.Run(t.Context(), d); len(r.Failed) > 0 || len(d.asked) != 1 || d.asked[0] != want {
			t.Errorf("got %q %+v, want %q", d.asked, r, want)
		}
	}
	for want, make := range map[string]func() (Action, error){
		"has 3 instances already":    func() (Action, error) { return ScaleJob(j, 3) },
		"stop it instead":            func() (Action, error) { return ScaleJob(j, 0) },
		"no such earlier version":    func() (Action, error) { return RollbackJob(j, 7) },
		"nothing of job web was":     func() (Action, error) { return UpdateJob(j, spec) },
		"only periodic jobs are run": func() (Action, error) { return TriggerJob(j) },
	} {
		if _, err := make(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}
