package workload

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"codeberg.org/reeve/reeve/agentd/check"
	"codeberg.org/reeve/reeve/agentd/record"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/taskstate"
)

// stubborn is a machine whose tasks end on SIGKILL and on nothing else, with checks, kills that come again, drains and
// restarts at any moment. It knows by when each has to have been killed.
type stubborn struct {
	t     *rapid.T
	uuids *counter
	m     *Machine
	now   time.Time
	saved []*record.Entry
	tasks []*stubbornTask
	conn  ConnID
}

type stubbornTask struct {
	info      *mesosv1.TaskInfo
	container ids.Container
	state     string // of the container: starting, running, killed, gone
	started   time.Time
	killBy    time.Time // zero while its end is not wanted
	graceBy   time.Time // the same by the next agentd, which does not know that its start was to be given up
	probed    bool      // an answer is awaited
	ended     bool      // it has its terminal update
}

func newStubborn(t *rapid.T) *stubborn {
	s := &stubborn{t: t, uuids: &counter{}, now: epoch}
	s.m = New(testConfig(s.uuids))
	s.step(Recovered{})
	s.connect()
	return s
}

func (s *stubborn) connect() {
	s.conn++
	s.step(LinkOpened{Conn: s.conn})
	s.step(registered(s.conn))
}

func (s *stubborn) step(in Input) {
	s.t.Helper()
	for _, eff := range s.m.Step(s.now, in) {
		switch eff := eff.(type) {
		case Save:
			s.saved = append(s.saved, proto.CloneOf(eff.Entry))
			if status := eff.Entry.GetUpdate().GetStatus(); status != nil && taskstate.Terminal(status.GetState()) {
				s.task(status.GetTaskId().GetValue()).ended = true
			}
		case Start:
			task := s.tasks[len(s.tasks)-1]
			task.container, task.state = eff.Spec.ID, "starting"
		case Signal:
			if task := s.in(eff.Container); eff.Signal == 9 && task.state == "running" {
				task.state = "killed"
			}
		case Probe:
			s.in(eff.Container).probed = true
		}
	}
	for _, task := range s.tasks {
		if task.state == "running" && !task.killBy.IsZero() && !s.now.Before(task.killBy) {
			s.t.Fatalf("%s was to be killed by %s, and was not at %s", task.info.GetTaskId().GetValue(), task.killBy, s.now)
		}
	}
}

func (s *stubborn) task(id string) *stubbornTask {
	return s.tasks[slices.IndexFunc(s.tasks, func(t *stubbornTask) bool { return t.info.GetTaskId().GetValue() == id })]
}

func (s *stubborn) in(id ids.Container) *stubbornTask {
	return s.tasks[slices.IndexFunc(s.tasks, func(t *stubbornTask) bool { return t.container == id })]
}

// pick draws a task whose container is in a state.
func (s *stubborn) pick(state string) *stubbornTask {
	var of []*stubbornTask
	for _, task := range s.tasks {
		if task.state == state {
			of = append(of, task)
		}
	}
	if len(of) == 0 {
		return nil
	}
	return rapid.SampledFrom(of).Draw(s.t, state)
}

func (s *stubborn) launch() {
	if s.m.takesNone() {
		return
	}
	info := taskInfo(fmt.Sprintf("t%d", len(s.tasks)), "sleep 1000")
	if rapid.Bool().Draw(s.t, "checked") {
		info.HealthCheck = &mesosv1.HealthCheck{
			Type: mesosv1.HealthCheck_COMMAND.Enum(), Command: &mesosv1.CommandInfo{Value: new("true")}, DelaySeconds: new(0.0),
			GracePeriodSeconds: new(0.0), IntervalSeconds: new(0.2), ConsecutiveFailures: new(uint32(2)),
		}
	}
	if rapid.IntRange(0, 3).Draw(s.t, "limited") == 0 {
		info.MaxCompletionTime = &mesosv1.DurationInfo{Nanoseconds: new(int64(4e9))}
	}
	if rapid.Bool().Draw(s.t, "own policy") {
		info.KillPolicy = s.policy()
	}
	s.tasks = append(s.tasks, &stubbornTask{info: info})
	s.step(fromMaster(s.conn, &agentlink.FromMaster{Message: &agentlink.FromMaster_RunTasks{RunTasks: &agentlink.RunTasks{
		Framework: frameworkInfo("f1", mesosv1.FrameworkInfo_Capability_TASK_KILLING_STATE), Tasks: []*mesosv1.TaskInfo{info},
	}}}))
}

func (s *stubborn) policy() *mesosv1.KillPolicy {
	grace := rapid.IntRange(0, 50).Draw(s.t, "grace, tenths of a second")
	return &mesosv1.KillPolicy{GracePeriod: &mesosv1.DurationInfo{Nanoseconds: new(int64(grace) * 1e8)}}
}

// supervise has a start come to its end. A task whose end was wanted before is killed at once.
func (s *stubborn) supervise() {
	if task := s.pick("starting"); task != nil {
		task.state, task.started = "running", s.now
		if limit := task.info.GetMaxCompletionTime(); limit != nil && task.killBy.IsZero() {
			task.killBy = s.now.Add(time.Duration(limit.GetNanoseconds()))
			task.graceBy = task.killBy
		}
		s.step(launchedAt(task.container, s.now))
	}
}

// wanted notes that the end of a task is asked for, with a grace. A later kill may shorten it.
func (t *stubbornTask) wanted(now time.Time, policy *mesosv1.KillPolicy) {
	grace := 3 * time.Second // of the agent
	for _, p := range []*mesosv1.KillPolicy{t.info.GetKillPolicy(), policy} {
		if p != nil {
			grace = time.Duration(p.GetGracePeriod().GetNanoseconds())
		}
	}
	switch by := now.Add(grace); {
	case t.state == "starting" && t.killBy.IsZero():
		t.killBy, t.graceBy = now, by // as soon as it is there
	case t.state == "running" && (t.killBy.IsZero() || by.Before(t.killBy)):
		t.killBy, t.graceBy = by, by
	}
}

func (s *stubborn) kill() {
	if len(s.tasks) == 0 {
		return
	}
	task := rapid.SampledFrom(s.tasks).Draw(s.t, "victim")
	if task.state == "gone" {
		return
	}
	var policy *mesosv1.KillPolicy
	if rapid.Bool().Draw(s.t, "with policy") {
		policy = s.policy()
	}
	task.wanted(s.now, policy)
	s.step(fromMaster(s.conn, &agentlink.FromMaster{Message: &agentlink.FromMaster_KillTask{KillTask: &agentlink.KillTask{
		FrameworkId: &mesosv1.FrameworkID{Value: new("f1")}, TaskId: task.info.GetTaskId(), KillPolicy: policy,
	}}}))
}

func (s *stubborn) answer() {
	var asked []*stubbornTask
	for _, task := range s.tasks {
		if task.probed {
			asked = append(asked, task)
		}
	}
	if len(asked) == 0 {
		return
	}
	task := rapid.SampledFrom(asked).Draw(s.t, "probe")
	task.probed = false
	s.step(Probed{Container: task.container, Of: check.Health, Result: check.Result{Answered: true}}) // healthy: nobody is killed for it
}

func (s *stubborn) drain() {
	order := &agentlink.Drain{}
	if rapid.Bool().Draw(s.t, "bounded") {
		order.MaxGraceNs = new(int64(rapid.IntRange(0, 50).Draw(s.t, "most")) * 1e8)
	}
	for _, task := range s.tasks {
		task.wanted(s.now, (&record.Drain{MaxGraceNs: order.MaxGraceNs}).Policy(task.info))
	}
	s.step(fromMaster(s.conn, &agentlink.FromMaster{Message: &agentlink.FromMaster_Drain{Drain: order}}))
	s.step(fromMaster(s.conn, &agentlink.FromMaster{Message: &agentlink.FromMaster_Drain{Drain: &agentlink.Drain{Ended: true}}}))
}

func (s *stubborn) exit() {
	if task := s.pick("killed"); task != nil {
		task.state = "gone"
		s.step(Exited{Container: task.container, Exit: runtime.Exit{WaitStatus: 9, Started: task.started, Ended: s.now}})
		s.step(Deleted{Container: task.container})
	}
}

// restart is kill -9 of agentd and the next one. Starts are through by then: what a runtime makes of the others is another test's.
func (s *stubborn) restart() {
	for s.pick("starting") != nil {
		s.supervise()
	}
	in := Recovered{Entries: s.saved}
	for _, task := range s.tasks {
		task.probed, task.killBy = false, task.graceBy
		if task.state == "running" || task.state == "killed" {
			if task.state == "killed" {
				task.state = "running" // the signal may have been lost with agentd, and is to come again
			}
			in.Containers = append(in.Containers, runtime.Recovered{ID: task.container, Started: runtime.Started{PID: 1, At: task.started}})
		}
	}
	if rapid.Bool().Draw(s.t, "compacted") {
		in.Entries = s.m.Snapshot()
		s.saved = nil
		for _, e := range in.Entries {
			s.saved = append(s.saved, proto.CloneOf(e))
		}
	}
	s.m = New(testConfig(s.uuids))
	s.step(in)
	s.connect()
}

// pass lets time go by as a loop does: it ticks when the machine wants it, and not otherwise.
func (s *stubborn) pass(d time.Duration) {
	until := s.now.Add(d)
	for range 10_000 {
		next := s.m.Deadline()
		if next.IsZero() || next.After(until) {
			s.now = until
			for _, task := range s.tasks { // nothing has happened, and nothing was to
				if task.state == "running" && !task.killBy.IsZero() && !s.now.Before(task.killBy) {
					s.t.Fatalf("%s was to be killed by %s, and the machine does not wait for that", task.info.GetTaskId().GetValue(), task.killBy)
				}
			}
			return
		}
		if next.After(s.now) {
			s.now = next
		}
		s.step(Tick{})
	}
	s.t.Fatal("the machine wants to be called without end")
}

// TestAKilledTaskIsKilledInTime: whatever comes in between and in whatever order, a task that does not end by itself gets its
// SIGKILL when the shortest grace that was given is over, and its terminal update.
func TestAKilledTaskIsKilledInTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newStubborn(t)
		actions := []func(){
			s.launch, s.launch, s.supervise, s.supervise, s.kill, s.kill, s.answer, s.answer, s.exit, s.drain, s.restart,
			func() { s.pass(time.Duration(rapid.IntRange(0, 2000).Draw(t, "ms")) * time.Millisecond) },
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			actions[rapid.IntRange(0, len(actions)-1).Draw(t, "action")]()
		}
		for s.pick("starting") != nil {
			s.supervise()
		}
		s.pass(10 * time.Second)
		for s.pick("killed") != nil {
			s.exit()
		}
		for _, task := range s.tasks {
			if !task.killBy.IsZero() && !task.ended {
				t.Errorf("%s was killed and has no terminal update; its container is %s", task.info.GetTaskId().GetValue(), task.state)
			}
		}
	})
}
