package workload

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/agentd/check"
	"codeberg.org/reeve/reeve/agentd/record"
	"codeberg.org/reeve/reeve/agentd/roster"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/executor"
)

// world is a machine and what a transcript needs to talk to it.
type world struct {
	t       *testing.T
	uuids   *counter
	m       *Machine
	now     time.Time
	conn    ConnID
	stream  StreamID
	ticket  Ticket
	journal []*record.Entry
	running map[ids.Container]bool // what the runtime would know
	order   *agentlink.Drain       // what the master says of a drain
}

func newWorld(t *testing.T) *world {
	t.Helper()
	uuids := &counter{}
	w := &world{t: t, uuids: uuids, m: New(testConfig(uuids)), now: epoch, running: map[ids.Container]bool{}}
	w.step(Recovered{})
	return w
}

// step feeds one input and keeps what would be on disk and in the runtime.
func (w *world) step(in Input) string {
	var lines []string
	for _, eff := range w.m.Step(w.now, in) {
		if save, ok := eff.(Save); ok {
			w.journal = append(w.journal, proto.CloneOf(save.Entry))
		}
		if text := effectText(eff); text != "" {
			lines = append(lines, text)
		}
	}
	if len(lines) == 0 {
		return "nothing\n"
	}
	return strings.Join(lines, "\n") + "\n"
}

// container finds the run of an executor by its id, or the container of a pod's task by the task's.
func (w *world) container(id string) *roster.Container {
	for _, c := range w.m.containers {
		if c.Pod == nil && string(c.Executor) == id || c.Pod != nil && c.MemberOf() == id {
			return c
		}
	}
	w.t.Fatalf("no executor and no task of a pod %q", id)
	return nil
}

func TestTranscripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		t.Helper()
		w := newWorld(t)
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			t.Helper()
			w.t = t
			return w.run(d)
		})
	})
}

func arg(d *datadriven.TestData, key string) string {
	for _, a := range d.CmdArgs {
		if a.Key == key && len(a.Vals) > 0 {
			return a.Vals[0]
		}
	}
	return ""
}

func has(d *datadriven.TestData, key string) bool {
	for _, a := range d.CmdArgs {
		if a.Key == key {
			return true
		}
	}
	return false
}

func atoi(text string) int {
	n, _ := strconv.Atoi(text) // "" is 0
	return n
}

func (w *world) run(d *datadriven.TestData) string {
	switch d.Cmd {
	case "connect":
		w.conn++
		in := registered(w.conn)
		in.Message.GetRegistered().Drain = w.order
		in.Message.GetRegistered().History = uint32(atoi(arg(d, "history")))
		return w.step(LinkOpened{Conn: w.conn}) + w.step(in)
	case "disconnect":
		return w.step(LinkClosed{Conn: w.conn})
	case "run":
		return w.step(fromMaster(w.conn, w.runTasks(d)))
	case "kill", "ack", "shutdown-executor", "shutdown-framework", "message":
		return w.step(fromMaster(w.conn, w.masterSays(d)))
	case "pulling":
		return w.step(Pulling{Container: w.container(arg(d, "of")).ID, URI: arg(d, "uri"), Done: int64(atoi(arg(d, "done"))), Total: int64(atoi(arg(d, "total")))})
	case "equipped":
		return w.step(Equipped{Container: w.container(arg(d, "of")).ID, GPUs: atoi(arg(d, "gpus")), Failed: strings.TrimSpace(d.Input)})
	case "prepared":
		return w.step(Prepared{Container: w.container(arg(d, "of")).ID})
	case "launched":
		c := w.container(arg(d, "of"))
		w.running[c.ID] = true
		return w.step(launchedAt(c.ID, w.now))
	case "launch-failed":
		return w.step(LaunchFailed{Container: w.container(arg(d, "of")).ID, Message: strings.TrimSpace(d.Input)})
	case "exited":
		return w.step(w.exit(d))
	case "deleted":
		c := w.container(arg(d, "of"))
		delete(w.running, c.ID)
		return w.step(Deleted{Container: c.ID})
	case "disk":
		return w.step(DiskExceeded{Container: w.container(arg(d, "of")).ID, Used: 64 << 20, Limit: 32 << 20})
	case "probed":
		in := Probed{Container: w.container(arg(d, "of")).ID, Result: check.Result{Answered: true, ExitCode: int32(atoi(arg(d, "code"))), Why: "it is sick"}}
		if has(d, "connected") {
			in.Of, in.Result.Connected = check.Status, true
		}
		return w.step(in)
	case "subscribe", "update", "executor-message", "stream-closed":
		return w.executorSays(d)
	case "wait":
		duration, err := time.ParseDuration(arg(d, "for"))
		if err != nil {
			w.t.Fatal(err)
		}
		return w.wait(duration)
	case "restart":
		return w.restart(has(d, "compacted"))
	case "order-drain":
		order := &agentlink.Drain{MarkGone: has(d, "gone"), Ended: has(d, "ended")}
		if grace := arg(d, "grace"); grace != "" {
			order.MaxGraceNs = new(int64(atoi(grace)) * 1e9)
		}
		if w.order = order; order.Ended {
			w.order = nil
		}
		if has(d, "unheard") {
			return "nothing\n"
		}
		return w.step(fromMaster(w.conn, &agentlink.FromMaster{Message: &agentlink.FromMaster_Drain{Drain: order}}))
	case "drain":
		return w.step(Drain{Untold: has(d, "untold")})
	}
	w.t.Fatalf("unknown command %s", d.Cmd)
	return ""
}

// wait lets time pass, with a tick at every deadline on the way.
func (w *world) wait(duration time.Duration) string {
	end := w.now.Add(duration)
	var out strings.Builder
	for {
		next := w.m.Deadline()
		if next.IsZero() || next.After(end) {
			break
		}
		if next.After(w.now) {
			w.now = next
		}
		fmt.Fprintf(&out, "+%s\n%s", w.now.Sub(end.Add(-duration)), w.step(Tick{}))
	}
	w.now = end
	if out.Len() == 0 {
		return "nothing\n"
	}
	return out.String()
}

// restart is kill -9 and a new agentd: all that is left is the journal and the containers.
func (w *world) restart(compacted bool) string {
	entries := w.journal
	if compacted {
		entries = w.m.Snapshot()
		w.journal = entries
	}
	in := Recovered{Entries: entries}
	for id := range w.running {
		in.Containers = append(in.Containers, runtime.Recovered{ID: id, Started: runtime.Started{PID: 100, At: epoch}})
	}
	w.m = New(testConfig(w.uuids))
	return w.step(in)
}

func (w *world) exit(d *datadriven.TestData) Exited {
	return Exited{Container: w.container(arg(d, "of")).ID, Exit: runtime.Exit{
		WaitStatus: atoi(arg(d, "code"))<<8 | atoi(arg(d, "signal")),
		OOMKilled:  has(d, "oom"), Lost: has(d, "lost"), Message: strings.TrimSpace(d.Input),
	}}
}

func (w *world) runTasks(d *datadriven.TestData) *agentlink.FromMaster {
	info := frameworkInfo("f1")
	if has(d, "aware") {
		info = frameworkInfo("f1", mesosv1.FrameworkInfo_Capability_PARTITION_AWARE, mesosv1.FrameworkInfo_Capability_TASK_KILLING_STATE)
	}
	run := &agentlink.RunTasks{Framework: info, Group: has(d, "group")}
	if id := arg(d, "executor"); id != "" {
		run.Executor = executorInfo(id)
		if has(d, "pod") {
			run.Group, run.Executor.Type, run.Executor.Command = true, mesosv1.ExecutorInfo_DEFAULT.Enum(), nil
		}
		run.ExecutorRuns = has(d, "runs")
	}
	for id := range strings.SplitSeq(arg(d, "task"), "+") {
		task := taskInfo(id, strings.TrimSpace(d.Input))
		if gpus := arg(d, "gpus"); gpus != "" {
			task.Resources = append(task.Resources, scalar("gpus", float64(atoi(gpus))))
		}
		if limit := arg(d, "max"); limit != "" {
			task.MaxCompletionTime = &mesosv1.DurationInfo{Nanoseconds: new(int64(atoi(limit)) * 1e9)}
		}
		if grace := arg(d, "grace"); grace != "" {
			task.KillPolicy = &mesosv1.KillPolicy{GracePeriod: &mesosv1.DurationInfo{Nanoseconds: new(int64(atoi(grace)) * 1e9)}}
		}
		if has(d, "health") { // every 10 s from the start on, three failures, none of them forgiven
			task.HealthCheck = &mesosv1.HealthCheck{
				Type: mesosv1.HealthCheck_COMMAND.Enum(), Command: &mesosv1.CommandInfo{Value: new("look")},
				DelaySeconds: new(0.0), GracePeriodSeconds: new(0.0),
			}
		}
		if has(d, "check") {
			task.Check = &mesosv1.CheckInfo{
				Type: mesosv1.CheckInfo_TCP.Enum(), Tcp: &mesosv1.CheckInfo_Tcp{Port: new(uint32(80))}, DelaySeconds: new(0.0),
			}
		}
		if image := arg(d, "image"); image != "" {
			task.Container = &mesosv1.ContainerInfo{Type: mesosv1.ContainerInfo_DOCKER.Enum(), Docker: &mesosv1.ContainerInfo_DockerInfo{Image: &image}}
			if has(d, "pod") {
				task.Container = &mesosv1.ContainerInfo{Type: mesosv1.ContainerInfo_MESOS.Enum(), Mesos: &mesosv1.ContainerInfo_MesosInfo{
					Image: &mesosv1.Image{Type: mesosv1.Image_DOCKER.Enum(), Docker: &mesosv1.Image_Docker{Name: &image}},
				}}
			}
		}
		if image := arg(d, "volume"); image != "" {
			task.Container = &mesosv1.ContainerInfo{Type: mesosv1.ContainerInfo_MESOS.Enum(), Volumes: []*mesosv1.Volume{{
				Mode: mesosv1.Volume_RO.Enum(), ContainerPath: new("v"),
				Image: &mesosv1.Image{Type: mesosv1.Image_DOCKER.Enum(), Docker: &mesosv1.Image_Docker{Name: &image}},
			}}}
		}
		run.Tasks = append(run.Tasks, task)
	}
	return &agentlink.FromMaster{Message: &agentlink.FromMaster_RunTasks{RunTasks: run}}
}

func (w *world) masterSays(d *datadriven.TestData) *agentlink.FromMaster {
	fw := &mesosv1.FrameworkID{Value: new("f1")}
	task := &mesosv1.TaskID{Value: new(arg(d, "task"))}
	ex := &mesosv1.ExecutorID{Value: new(arg(d, "executor"))}
	switch d.Cmd {
	case "kill":
		kill := &agentlink.KillTask{FrameworkId: fw, TaskId: task}
		if grace := arg(d, "grace"); grace != "" {
			kill.KillPolicy = &mesosv1.KillPolicy{GracePeriod: &mesosv1.DurationInfo{Nanoseconds: new(int64(atoi(grace)) * 1e9)}}
		}
		return &agentlink.FromMaster{Message: &agentlink.FromMaster_KillTask{KillTask: kill}}
	case "ack":
		n := atoi(arg(d, "uuid"))
		uuid := (&counter{n: uint32(n) - 1}).uuid()
		return &agentlink.FromMaster{Message: &agentlink.FromMaster_Acknowledge{Acknowledge: &agentlink.Acknowledge{FrameworkId: fw, TaskId: task, Uuid: uuid[:]}}}
	case "shutdown-executor":
		return &agentlink.FromMaster{Message: &agentlink.FromMaster_ShutdownExecutor{ShutdownExecutor: &agentlink.ShutdownExecutor{FrameworkId: fw, ExecutorId: ex}}}
	case "message":
		return &agentlink.FromMaster{Message: &agentlink.FromMaster_ExecutorMessage{ExecutorMessage: &agentlink.ExecutorMessage{FrameworkId: fw, ExecutorId: ex, Data: []byte(d.Input)}}}
	default:
		return &agentlink.FromMaster{Message: &agentlink.FromMaster_ShutdownFramework{ShutdownFramework: &agentlink.ShutdownFramework{FrameworkId: fw}}}
	}
}

func (w *world) executorSays(d *datadriven.TestData) string {
	call := &executor.Call{
		ExecutorId:  &mesosv1.ExecutorID{Value: new(arg(d, "executor"))},
		FrameworkId: &mesosv1.FrameworkID{Value: new("f1")},
	}
	w.ticket++
	switch d.Cmd {
	case "subscribe":
		w.stream++
		call.Type, call.Subscribe = executor.Call_SUBSCRIBE.Enum(), &executor.Call_Subscribe{}
		if known := arg(d, "known"); known != "" {
			call.Subscribe.UnacknowledgedTasks = []*mesosv1.TaskInfo{taskInfo(known, "")}
		}
		return w.step(Subscribe{Ticket: w.ticket, Stream: w.stream, Call: call})
	case "stream-closed":
		return w.step(StreamClosed{Stream: w.stream})
	case "executor-message":
		call.Type, call.Message = executor.Call_MESSAGE.Enum(), &executor.Call_Message{Data: []byte(strings.TrimSpace(d.Input))}
	case "update":
		uuid := w.uuids.uuid()
		call.Type, call.Update = executor.Call_UPDATE.Enum(), &executor.Call_Update{Status: &mesosv1.TaskStatus{
			TaskId: &mesosv1.TaskID{Value: new(arg(d, "task"))},
			State:  mesosv1.TaskState(mesosv1.TaskState_value["TASK_"+arg(d, "state")]).Enum(),
			Source: mesosv1.TaskStatus_SOURCE_EXECUTOR.Enum(), Uuid: uuid[:],
		}}
	}
	return w.step(Call{Ticket: w.ticket, Call: call})
}
