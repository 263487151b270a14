package daemon

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"

	"codeberg.org/reeve/reeve/agentd/config"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/runtime/fake"
	"codeberg.org/reeve/reeve/shared/addressfile"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/logging"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/slowhost"
)

// patience bounds every wait; nothing here takes a second.
var patience = slowhost.Scale(time.Minute)

// master is a leading master that takes every agent and keeps what it hears.
type master struct {
	agentlink.UnimplementedLinkServer
	addr    string
	streams chan agentlink.Link_ConnectServer // registered ones
	heard   chan *agentlink.FromAgent
}

func newMaster(t *testing.T) *master {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &master{addr: l.Addr().String(), streams: make(chan agentlink.Link_ConnectServer, 10), heard: make(chan *agentlink.FromAgent, 1000)}
	// As masters do it: without, agents are sent away for asking whether the link is alive, once a test takes half a minute.
	server := grpc.NewServer(grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 5 * time.Second, PermitWithoutStream: true}))
	agentlink.RegisterLinkServer(server, m)
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(l) }()
	t.Cleanup(func() { server.Stop(); <-done })
	return m
}

func (m *master) Connect(stream agentlink.Link_ConnectServer) error {
	for {
		message, err := stream.Recv()
		if err != nil {
			return nil //nolint:nilerr // the agent has gone
		}
		if message.GetHeartbeat() != nil {
			continue
		}
		m.heard <- message
		if message.GetGoodbye() != nil {
			return nil
		}
		if message.GetRegister() == nil {
			continue
		}
		err = stream.Send(&agentlink.FromMaster{Term: 1, Message: &agentlink.FromMaster_Registered{Registered: &agentlink.Registered{
			AgentId: &mesosv1.AgentID{Value: new("S7")}, HeartbeatSeconds: 15,
		}}})
		if err != nil {
			return err
		}
		m.streams <- stream
	}
}

// next returns the next message but heartbeats.
func (m *master) next(t *testing.T) *agentlink.FromAgent {
	t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case message := <-m.heard:
		return message
	case <-timer.C:
		t.Fatal("the master hears nothing")
		return nil
	}
}

// update returns the next status update and acknowledges it if wanted.
func (m *master) update(t *testing.T, stream agentlink.Link_ConnectServer, ack bool) *mesosv1.TaskStatus {
	t.Helper()
	for {
		update := m.next(t).GetUpdate()
		if update == nil {
			continue
		}
		if ack {
			err := stream.Send(&agentlink.FromMaster{Term: 1, Message: &agentlink.FromMaster_Acknowledge{Acknowledge: &agentlink.Acknowledge{
				FrameworkId: update.GetFrameworkId(), TaskId: update.GetStatus().GetTaskId(), Uuid: update.GetStatus().GetUuid(),
			}}})
			if err != nil {
				t.Fatal(err)
			}
		}
		return update.GetStatus()
	}
}

func (m *master) run(t *testing.T, stream agentlink.Link_ConnectServer, task, command string) {
	t.Helper()
	err := stream.Send(&agentlink.FromMaster{Term: 1, Message: &agentlink.FromMaster_RunTasks{RunTasks: &agentlink.RunTasks{
		Framework: &mesosv1.FrameworkInfo{User: new(""), Name: new("f"), Id: &mesosv1.FrameworkID{Value: new("F0")}},
		Tasks: []*mesosv1.TaskInfo{{
			Name: &task, TaskId: &mesosv1.TaskID{Value: &task}, AgentId: &mesosv1.AgentID{Value: new("S7")},
			Command: &mesosv1.CommandInfo{Value: &command},
		}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
}

func settings(t *testing.T, dir, master string, args ...string) config.Config {
	t.Helper()
	var got config.Config
	cmd := config.Command(config.Actions{Serve: func(_ context.Context, cfg config.Config) error { got = cfg; return nil }})
	cmd.SetArgs(append([]string{
		"--work-dir", dir, "--port=0", "--gossip-port=0", "--master", master, "--switch-user=false", "--shim=/none", "--name=test",
		fmt.Sprintf("--executor-registration-timeout=%dsecs", int(slowhost.Scale(time.Minute).Seconds())), // some of the executors here never do
	}, args...))
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	return got
}

// start runs an agent until the returned function is called, which returns what Run did.
func start(t *testing.T, cfg config.Config, rt runtime.Runtime) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	parts := Parts{Runtime: func(config.Config, *slog.Logger) (runtime.Runtime, func() error, error) {
		return rt, func() error { return nil }, nil
	}}
	go func() { done <- parts.Run(ctx, cfg, io.Discard, logging.Log{Logger: slog.New(slog.DiscardHandler)}) }()
	stopped := false
	stop = func() error {
		cancel()
		if stopped {
			return nil
		}
		stopped = true
		timer := time.NewTimer(patience)
		defer timer.Stop()
		select {
		case err := <-done:
			return err
		case <-timer.C:
			t.Fatal("the agent does not stop")
			return nil
		}
	}
	t.Cleanup(func() { _ = stop() })
	return stop
}

// A task runs, its agent is stopped and started again, the task goes on, and its updates arrive once each.
func TestTasksOutliveTheAgent(t *testing.T) {
	m, rt, dir := newMaster(t), fake.New(nil), t.TempDir()
	cfg := settings(t, dir, m.addr)
	stop := start(t, cfg, rt)
	if id := m.next(t).GetRegister().GetAgentInfo().GetId().GetValue(); id != "" {
		t.Errorf("a new agent says it is %q", id)
	}
	stream := <-m.streams
	m.run(t, stream, "t1", "forever")
	if got := m.update(t, stream, true).GetState(); got != mesosv1.TaskState_TASK_STARTING {
		t.Fatalf("got %v, want TASK_STARTING", got)
	}
	running := m.update(t, stream, false)
	if running.GetState() != mesosv1.TaskState_TASK_RUNNING || running.GetContainerStatus().GetNetworkInfos()[0].GetIpAddresses()[0].GetIpAddress() != "127.0.0.1" {
		t.Fatalf("got %v, want TASK_RUNNING with the agent's address", running)
	}
	before, err := addressfile.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if goodbye := m.next(t).GetGoodbye(); goodbye == nil || goodbye.GetTasksEnded() {
		t.Errorf("got %v, want a goodbye that leaves tasks", goodbye)
	}

	stop = start(t, cfg, rt)
	reg := m.next(t).GetRegister()
	if reg.GetAgentInfo().GetId().GetValue() != "S7" || len(reg.GetTasks()) != 1 || reg.GetTasks()[0].GetTask().GetState() != mesosv1.TaskState_TASK_RUNNING {
		t.Fatalf("got %v, want agent S7 with a running task", reg)
	}
	stream = <-m.streams
	again := m.update(t, stream, true)
	if string(again.GetUuid()) != string(running.GetUuid()) {
		t.Error("the update was sent again with another uuid")
	}
	if after, err := addressfile.Read(dir); err != nil || after.HTTP != before.HTTP {
		t.Errorf("got %v, %v, want the API where it was, at %s", after, err, before.HTTP)
	}
	rt.Exit(rt.Launched()[0].ID, runtime.Exit{WaitStatus: 3 << 8})
	if end := m.update(t, stream, true); end.GetState() != mesosv1.TaskState_TASK_FAILED || end.GetMessage() != "Command exited with status 3" {
		t.Errorf("got %v, want TASK_FAILED with status 3", end)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if n := len(rt.Launched()); n != 1 {
		t.Errorf("got %d launches, want 1", n)
	}
}

func TestDrainOnStop(t *testing.T) {
	m, rt, dir := newMaster(t), fake.New(nil), t.TempDir()
	stop := start(t, settings(t, dir, m.addr, "--drain-on-stop"), rt)
	stream := func() agentlink.Link_ConnectServer { m.next(t); return <-m.streams }()
	m.run(t, stream, "t1", "forever")
	m.update(t, stream, true)
	m.update(t, stream, true)
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	if end := m.update(t, stream, true); end.GetState() != mesosv1.TaskState_TASK_KILLED || end.GetReason() != mesosv1.TaskStatus_REASON_AGENT_DRAINING {
		t.Errorf("got %v, want TASK_KILLED for draining", end)
	}
	for {
		if goodbye := m.next(t).GetGoodbye(); goodbye != nil {
			if !goodbye.GetTasksEnded() {
				t.Error("the goodbye leaves tasks")
			}
			break
		}
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestTwoAgentsInOneWorkDir(t *testing.T) {
	m, dir := newMaster(t), t.TempDir()
	cfg := settings(t, dir, m.addr)
	start(t, cfg, fake.New(nil))
	m.next(t)
	err := Parts{Runtime: shims}.Run(t.Context(), cfg, io.Discard, logging.Log{Logger: slog.New(slog.DiscardHandler)})
	if fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "in use by another agentd") {
		t.Errorf("got %v, want a Conflict that says who has it", err)
	}
}

// A journal that is damaged in the middle stops the agent before it touches anything.
func TestDamagedJournal(t *testing.T) {
	m, dir := newMaster(t), t.TempDir()
	cfg := settings(t, dir, m.addr)
	path := filepath.Join(dir, metaDir, "journal")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("REEVEJ1\n\x01\x00\x00\x00xxxxyyyyyyyyyyyyyyyyyyyyyyyy"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := Parts{Runtime: func(config.Config, *slog.Logger) (runtime.Runtime, func() error, error) {
		t.Error("the runtime was opened")
		return nil, nil, nil
	}}.Run(t.Context(), cfg, io.Discard, logging.Log{Logger: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), "agentd clean") {
		t.Errorf("got %v, want an error that says the way out", err)
	}
}
