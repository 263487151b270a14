package workload

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"codeberg.org/reeve/reeve/agentd/check"
	"codeberg.org/reeve/reeve/agentd/lifecycle"
	"codeberg.org/reeve/reeve/agentd/memory"
	"codeberg.org/reeve/reeve/agentd/pod"
	"codeberg.org/reeve/reeve/agentd/record"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/executor"
	"codeberg.org/reeve/reeve/shared/taskstate"
)

// simulation is a machine between a master, a runtime and executors that do what they may do, in any order, and crashes
// that come at any moment. It checks what frameworks rely on.
type simulation struct {
	t     *rapid.T
	uuids *counter
	m     *Machine
	now   time.Time

	saved   []*record.Entry // what is on disk
	lazy    int             // how many of its last entries may be lost with the power
	boot    int             // of the host
	forgot  bool            // acknowledgements were lost with the power: old updates come again
	started map[ids.Container]string
	exits   map[ids.Container]runtime.Exit

	conn     ConnID
	up       bool
	inFlight map[string]*mesosv1.TaskStatus // as the framework sees it: received, not acknowledged
	acked    map[string][]string            // uuids in the order of acknowledgement
	ended    map[string]string              // task → uuid of its terminal update
	launched []string                       // every task, in order
	given    map[string]string              // task → the executor that was told to run it and has not reported its end
	stream   StreamID
	tasks    int
	probes   map[ids.Container]bool // that are to be answered
	order    *agentlink.Drain       // what the master says of a drain
}

func newSimulation(t *rapid.T) *simulation {
	s := &simulation{
		t: t, uuids: &counter{}, now: epoch, started: map[ids.Container]string{}, exits: map[ids.Container]runtime.Exit{},
		inFlight: map[string]*mesosv1.TaskStatus{}, acked: map[string][]string{}, ended: map[string]string{}, given: map[string]string{},
		probes: map[ids.Container]bool{},
	}
	cfg := testConfig(s.uuids)
	cfg.Register.HostBootId = "boot-0"
	s.m = New(cfg)
	s.step(Recovered{})
	return s
}

// step feeds an input, keeps what is saved, and has the others do what the effects ask for.
func (s *simulation) step(in Input) { s.stepUntil(in, -1) }

// stepUntil is step, with a crash after n effects (and the restart after it), or none if n is negative.
func (s *simulation) stepUntil(in Input, n int) {
	effs := s.m.Step(s.now, in)
	s.checkPods()
	s.checkDeadline()
	s.checkOrder()
	if n == 0 {
		s.restart() // before anything was written
		return
	}
	for _, eff := range effs { // the pump writes all of a turn before it delivers any
		if save, ok := eff.(Save); ok {
			s.saved = append(s.saved, proto.CloneOf(save.Entry))
			if save.Durable {
				s.lazy = 0
			} else {
				s.lazy++
			}
		}
	}
	for i, eff := range effs {
		if n > 0 && i >= n {
			s.restart()
			return
		}
		s.happen(eff)
	}
}

// checkDeadline: no container waits for a moment that the machine does not know of.
func (s *simulation) checkDeadline() {
	next := s.m.Deadline()
	for _, c := range s.m.containers {
		if at := c.Deadline(); !at.IsZero() && (next.IsZero() || at.Before(next)) {
			s.t.Fatalf("%s waits for %s, and the machine for %s", c.Name(), at, next)
		}
	}
}

// checkPods: in a group of which a task has failed or was killed the others are being ended, and a pod is there for as long
// as anything of it is.
func (s *simulation) checkPods() {
	for _, fw := range s.m.frameworks {
		for _, c := range fw.Executors {
			for _, id := range pod.Doomed(c.PodTasks()) {
				if c.Members != nil && c.Members[id].Cause == record.Cause_NONE {
					s.t.Fatalf("task %s goes on, and its group is broken", id)
				}
			}
			for id, member := range c.Members {
				if member.Phase != lifecycle.Reaped && !c.Phase.Alive() {
					s.t.Fatalf("the pod of task %s is %s, and its container is %s", id, c.Phase, member.Phase)
				}
			}
		}
	}
}

// checkOrder: while a drain is ordered, nothing runs that was not asked to end.
func (s *simulation) checkOrder() {
	if s.m.order == nil {
		return
	}
	for _, c := range s.m.containers {
		for _, t := range c.Tasks {
			if c.Command && c.Phase <= lifecycle.Running && c.Phase != lifecycle.Cancelling && !t.Ended() && !c.Framework.Removed {
				s.t.Fatalf("task %s is %s in phase %s, and the agent drains", t.ID(), t.State, c.Phase)
			}
		}
	}
}

func (s *simulation) happen(eff Effect) {
	switch eff := eff.(type) {
	case Start:
		if was := s.started[eff.Spec.ID]; was != "" {
			s.t.Fatalf("container %s is started, and was %s", short(eff.Spec.ID), was)
		}
		s.started[eff.Spec.ID] = "starting"
	case Cancel:
		if s.started[eff.Container] == "starting" {
			s.started[eff.Container] = "cancelled"
		}
	case Adopt:
		if s.started[eff.Container] == "" {
			s.t.Fatalf("container %s is adopted, and the runtime does not know it", short(eff.Container))
		}
	case Delete:
		if was := s.started[eff.Container]; was == "running" {
			s.t.Fatalf("container %s is deleted while it runs", short(eff.Container))
		}
		for id, state := range s.started {
			if parent, _ := id.Split(); parent == eff.Container && (state == "running" || state == "starting") {
				s.t.Fatalf("pod %s is deleted while %s of it is %s", short(parent), short(id), state)
			}
		}
		s.started[eff.Container] = "deleted"
	case Probe:
		if state := s.started[eff.Container]; state != "running" && state != "ended" {
			s.t.Fatalf("container %s is looked at, and is %s", short(eff.Container), state)
		}
		s.probes[eff.Container] = true
	case ToExecutor:
		if eff.Event.GetType() == executor.Event_LAUNCH {
			task := eff.Event.GetLaunch().GetTask().GetTaskId().GetValue()
			s.given[task] = "e" + strconv.Itoa(s.number(task)%3)
		}
	case Send:
		if update := eff.Message.GetUpdate(); update != nil && eff.Conn == s.conn && s.up {
			s.receive(update)
		}
	}
}

// receive is the framework's side of status updates.
func (s *simulation) receive(update *agentlink.StatusUpdate) {
	status := update.GetStatus()
	id, uuid := status.GetTaskId().GetValue(), string(status.GetUuid())
	old := slices.Contains(s.acked[id], uuid)
	if before := s.inFlight[id]; before != nil && string(before.GetUuid()) != uuid && !s.forgot {
		s.t.Fatalf("task %s: update %s while %s is not acknowledged", id, statusText(status), statusText(before))
	}
	if old && !s.forgot && s.acked[id][len(s.acked[id])-1] != uuid { // the last one may have crashed on its way in
		s.t.Fatalf("task %s: update %s again, after a later one was acknowledged", id, statusText(status))
	}
	if old {
		s.inFlight[id] = status
		return
	}
	if end := s.ended[id]; end != "" && end != uuid {
		s.t.Fatalf("task %s: update %s after its terminal one", id, statusText(status))
	}
	if taskstate.Terminal(status.GetState()) {
		s.ended[id] = uuid
	}
	s.inFlight[id] = status
}

// restart is kill -9 and a new agentd. One time in four the host loses its power: no container survives, and what was not
// synced may be gone.
func (s *simulation) restart() {
	if rapid.IntRange(0, 3).Draw(s.t, "power") == 0 {
		lost := rapid.IntRange(0, s.lazy).Draw(s.t, "lost")
		s.forgot = s.forgot || lost > 0
		s.saved = s.saved[:len(s.saved)-lost]
		s.boot++
		s.lose()
	}
	s.lazy = 0
	in := Recovered{}
	for _, e := range s.saved {
		in.Entries = append(in.Entries, proto.CloneOf(e))
	}
	for _, id := range slices.Sorted(maps.Keys(s.started)) {
		switch s.started[id] {
		case "running":
			in.Containers = append(in.Containers, runtime.Recovered{ID: id, Started: runtime.Started{PID: 1, At: s.now}})
		case "ended":
			in.Containers = append(in.Containers, runtime.Recovered{ID: id, Started: runtime.Started{PID: 1, At: s.now}, Exit: new(s.exits[id])})
		default:
			delete(s.started, id) // half-made ones are cleaned up, deleted ones forgotten
		}
	}
	s.up = false
	clear(s.probes)
	cfg := testConfig(s.uuids)
	cfg.Register.HostBootId = fmt.Sprintf("boot-%d", s.boot)
	s.m = New(cfg)
	s.step(in)
}

// lose ends every container, and has the runtime remember only some of them.
func (s *simulation) lose() {
	for _, id := range slices.Sorted(maps.Keys(s.started)) {
		if s.started[id] != "running" {
			continue
		}
		if rapid.Bool().Draw(s.t, "remembered") {
			s.started[id], s.exits[id] = "ended", runtime.Exit{Lost: true}
		} else {
			delete(s.started, id)
		}
	}
}

func (s *simulation) say(m *agentlink.FromMaster, crash int) {
	if s.up {
		s.stepUntil(fromMaster(s.conn, m), crash)
	}
}

func (s *simulation) connect(int) {
	s.conn++
	s.up = true
	s.step(LinkOpened{Conn: s.conn})
	in := registered(s.conn)
	in.Message.GetRegistered().Drain = s.order
	s.step(in)
}

// orderDrain has an operator begin or change a drain, or end it.
func (s *simulation) orderDrain(crash int) {
	order := &agentlink.Drain{MarkGone: rapid.Bool().Draw(s.t, "gone"), Ended: rapid.Bool().Draw(s.t, "ended")}
	if rapid.Bool().Draw(s.t, "bounded") {
		order.MaxGraceNs = new(int64(rapid.IntRange(0, 5).Draw(s.t, "grace")) * 1e9)
	}
	if s.order = order; order.Ended {
		s.order = nil
	}
	s.say(&agentlink.FromMaster{Message: &agentlink.FromMaster_Drain{Drain: order}}, crash)
}

func (s *simulation) disconnect(crash int) {
	s.up = false
	s.stepUntil(LinkClosed{Conn: s.conn}, crash)
}

func (s *simulation) launchCommand(crash int) {
	if !s.up {
		return
	}
	s.tasks++
	id := fmt.Sprintf("t%d", s.tasks)
	info := taskInfo(id, "sleep 1")
	if rapid.IntRange(0, 3).Draw(s.t, "max") == 0 {
		info.MaxCompletionTime = &mesosv1.DurationInfo{Nanoseconds: new(int64(5e9))}
	}
	s.accepted(id, crash)
	s.say(&agentlink.FromMaster{Message: &agentlink.FromMaster_RunTasks{RunTasks: &agentlink.RunTasks{
		Framework: frameworkInfo("f1"), Tasks: []*mesosv1.TaskInfo{info},
	}}}, crash)
}

// accepted notes a task that must end. One whose launch crashed before anything was written is unknown to the agent, and
// the master finds that out by reconciliation.
func (s *simulation) accepted(id string, crash int) {
	if crash != 0 {
		s.launched = append(s.launched, id)
	}
}

func (s *simulation) launchCustom(crash int) {
	if !s.up {
		return
	}
	s.tasks++
	id := fmt.Sprintf("x%d", s.tasks)
	s.accepted(id, crash)
	s.say(&agentlink.FromMaster{Message: &agentlink.FromMaster_RunTasks{RunTasks: &agentlink.RunTasks{
		Framework: frameworkInfo("f1"), Executor: executorInfo(fmt.Sprintf("e%d", s.tasks%3)), Tasks: []*mesosv1.TaskInfo{taskInfo(id, "")},
	}}}, crash)
}

// launchPod launches a task group of one to three tasks, into one of two pods.
func (s *simulation) launchPod(crash int) {
	if !s.up {
		return
	}
	info := executorInfo(fmt.Sprintf("p%d", rapid.IntRange(0, 1).Draw(s.t, "pod")))
	info.Type, info.Command = mesosv1.ExecutorInfo_DEFAULT.Enum(), nil
	run := &agentlink.RunTasks{Framework: frameworkInfo("f1"), Executor: info, Group: true}
	for range rapid.IntRange(1, 3).Draw(s.t, "group") {
		s.tasks++
		id := fmt.Sprintf("g%d", s.tasks)
		task := taskInfo(id, "sleep 1")
		if rapid.Bool().Draw(s.t, "checked") {
			task.HealthCheck = &mesosv1.HealthCheck{
				Type: mesosv1.HealthCheck_TCP.Enum(), Tcp: &mesosv1.HealthCheck_TCPCheckInfo{Port: new(uint32(80))},
				DelaySeconds: new(0.0), GracePeriodSeconds: new(0.0), IntervalSeconds: new(1.0), ConsecutiveFailures: new(uint32(2)),
			}
		}
		s.accepted(id, crash)
		run.Tasks = append(run.Tasks, task)
	}
	s.say(&agentlink.FromMaster{Message: &agentlink.FromMaster_RunTasks{RunTasks: run}}, crash)
}

// probed answers a probe, of whatever container: it may have ended meanwhile.
func (s *simulation) probed(crash int) {
	if len(s.probes) == 0 {
		return
	}
	id := rapid.SampledFrom(slices.Sorted(maps.Keys(s.probes))).Draw(s.t, "probe")
	delete(s.probes, id)
	s.stepUntil(Probed{Container: id, Result: check.Result{Answered: true, Connected: rapid.Bool().Draw(s.t, "connected")}}, crash)
}

// pick draws a container in one of the states.
func (s *simulation) pick(states ...string) (ids.Container, bool) {
	var of []ids.Container
	for _, id := range slices.Sorted(maps.Keys(s.started)) {
		if slices.Contains(states, s.started[id]) {
			of = append(of, id)
		}
	}
	if len(of) == 0 {
		return "", false
	}
	return rapid.SampledFrom(of).Draw(s.t, "container"), true
}

func (s *simulation) supervise(crash int) {
	id, ok := s.pick("starting", "cancelled")
	if !ok {
		return
	}
	switch {
	case rapid.IntRange(0, 4).Draw(s.t, "outcome") == 0:
		s.started[id] = "failed"
		s.stepUntil(LaunchFailed{Container: id, Message: "no"}, crash)
	default:
		s.started[id] = "running"
		s.stepUntil(launchedAt(id, s.now), crash)
	}
}

func (s *simulation) exit(crash int) {
	id, ok := s.pick("running")
	if !ok {
		return
	}
	s.exits[id] = runtime.Exit{WaitStatus: rapid.SampledFrom([]int{0, 256, 9, 15}).Draw(s.t, "status")}
	s.started[id] = "ended"
	s.stepUntil(Exited{Container: id, Exit: s.exits[id]}, crash)
}

// again tells the machine of ends that an earlier agentd died before hearing of.
func (s *simulation) again(crash int) {
	if id, ok := s.pick("ended"); ok {
		s.stepUntil(Exited{Container: id, Exit: s.exits[id]}, crash)
	}
}

func (s *simulation) deleted(crash int) {
	if id, ok := s.pick("deleted"); ok {
		delete(s.started, id)
		s.stepUntil(Deleted{Container: id}, crash)
	}
}

func (s *simulation) kill(crash int) {
	if len(s.launched) == 0 {
		return
	}
	id := rapid.SampledFrom(s.launched).Draw(s.t, "task")
	if s.ended[id] != "" {
		return // the master does not forward a KILL for a task that it knows has ended
	}
	s.say(&agentlink.FromMaster{Message: &agentlink.FromMaster_KillTask{KillTask: &agentlink.KillTask{
		FrameworkId: &mesosv1.FrameworkID{Value: new("f1")}, TaskId: &mesosv1.TaskID{Value: &id},
	}}}, crash)
}

func (s *simulation) ack(crash int) {
	if !s.up || len(s.inFlight) == 0 {
		return
	}
	id := rapid.SampledFrom(slices.Sorted(maps.Keys(s.inFlight))).Draw(s.t, "task")
	status := s.inFlight[id]
	delete(s.inFlight, id)
	if !slices.Contains(s.acked[id], string(status.GetUuid())) {
		s.acked[id] = append(s.acked[id], string(status.GetUuid()))
	}
	s.say(&agentlink.FromMaster{Message: &agentlink.FromMaster_Acknowledge{Acknowledge: &agentlink.Acknowledge{
		FrameworkId: &mesosv1.FrameworkID{Value: new("f1")}, TaskId: status.GetTaskId(), Uuid: status.GetUuid(),
	}}}, crash)
}

func (s *simulation) number(task string) int {
	n, err := strconv.Atoi(task[1:])
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

func executorCall(kind executor.Call_Type, id string) *executor.Call {
	return &executor.Call{
		FrameworkId: &mesosv1.FrameworkID{Value: new("f1")}, ExecutorId: &mesosv1.ExecutorID{Value: &id}, Type: kind.Enum(),
	}
}

func (s *simulation) subscribe(crash int) {
	s.stream++
	call := executorCall(executor.Call_SUBSCRIBE, fmt.Sprintf("e%d", rapid.IntRange(0, 2).Draw(s.t, "executor")))
	call.Subscribe = &executor.Call_Subscribe{}
	s.stepUntil(Subscribe{Stream: s.stream, Call: call}, crash)
}

func (s *simulation) update(crash int) {
	if len(s.given) == 0 {
		return
	}
	task := rapid.SampledFrom(slices.Sorted(maps.Keys(s.given))).Draw(s.t, "task")
	uuid := s.uuids.uuid()
	call := executorCall(executor.Call_UPDATE, s.given[task])
	call.Update = &executor.Call_Update{Status: &mesosv1.TaskStatus{
		TaskId: &mesosv1.TaskID{Value: &task}, Source: mesosv1.TaskStatus_SOURCE_EXECUTOR.Enum(), Uuid: uuid[:],
		State: rapid.SampledFrom([]mesosv1.TaskState{mesosv1.TaskState_TASK_RUNNING, mesosv1.TaskState_TASK_FINISHED}).Draw(s.t, "state").Enum(),
	}}
	if call.GetUpdate().GetStatus().GetState() == mesosv1.TaskState_TASK_FINISHED {
		delete(s.given, task)
	}
	s.stepUntil(Call{Call: call}, crash)
}

func (s *simulation) pass(crash int) {
	s.now = s.now.Add(time.Duration(rapid.IntRange(0, 30).Draw(s.t, "seconds")) * time.Second)
	s.stepUntil(Tick{}, crash)
}

// compact is the journal being rewritten.
func (s *simulation) compact(int) {
	s.saved, s.lazy = nil, 0
	for _, e := range s.m.Snapshot() {
		s.saved = append(s.saved, proto.CloneOf(e))
	}
}

// finish lets everything come to its end, and checks that it does.
func (s *simulation) finish() {
	for range 2000 {
		if !s.up {
			s.connect(0)
		}
		s.step(Tick{})
		s.supervise(-1)
		s.exit(-1)
		s.again(-1)
		s.deleted(-1)
		s.ack(-1)
		if len(s.m.frameworks) == 0 && len(s.inFlight) == 0 {
			break
		}
		s.now = s.now.Add(time.Second)
	}
	if len(s.m.frameworks) != 0 || len(s.m.containers) != 0 {
		s.t.Fatalf("%d frameworks and %d containers are left", len(s.m.frameworks), len(s.m.containers))
	}
	for _, id := range s.launched {
		if s.ended[id] == "" {
			s.t.Errorf("task %s has no terminal update", id)
		}
	}
	s.checkMemory()
}

// remembered lists what a machine would tell a master of the past.
func remembered(m *Machine) []string {
	var list []string
	for _, t := range m.memories(memory.Most) {
		list = append(list, fmt.Sprintf("%s %s %s #%d", t.Framework.GetId().GetValue(), t.Info.GetTaskId().GetValue(), t.Record.GetState(), number(t.Record.GetStatusUpdateUuid())))
	}
	slices.Sort(list)
	return list
}

// checkMemory holds what is remembered against what the journal, rewritten, makes of it.
func (s *simulation) checkMemory() {
	before := remembered(s.m)
	again := New(s.m.cfg)
	entries := s.m.Snapshot()
	for i, e := range entries {
		entries[i] = proto.CloneOf(e)
	}
	again.Step(s.now, Recovered{Entries: entries})
	if after := remembered(again); !slices.Equal(before, after) {
		s.t.Errorf("remembered were\n%v\nand after a restart\n%v", before, after)
	}
}

// Whatever happens in whatever order, with crashes at any point: every task gets exactly one terminal update, updates come
// in order with one in flight, no container is started twice, and nothing is left behind.
func TestEveryTaskEndsOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newSimulation(t)
		actions := []func(int){
			s.connect, s.disconnect, s.launchCommand, s.launchCommand, s.launchCustom, s.launchCustom, s.launchPod, s.launchPod, s.probed, s.supervise, s.supervise,
			s.supervise, s.exit, s.again, s.deleted, s.kill, s.ack, s.ack, s.ack, s.subscribe, s.subscribe, s.update, s.update, s.pass, s.compact,
			s.orderDrain,
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			crash := -1
			if rapid.IntRange(0, 9).Draw(t, "crash") == 0 {
				crash = rapid.IntRange(0, 4).Draw(t, "after")
			}
			actions[rapid.IntRange(0, len(actions)-1).Draw(t, "action")](crash)
		}
		s.finish()
	})
}
