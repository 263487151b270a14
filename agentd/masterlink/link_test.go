package masterlink

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/test/bufconn"

	"codeberg.org/reeve/reeve/agentd/workload"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// network is masters by address, in memory.
type network struct {
	mu    sync.Mutex // guards nodes
	nodes map[string]*bufconn.Listener
	dials []string
}

func (n *network) dial(ctx context.Context, addr string) (net.Conn, error) {
	n.mu.Lock()
	n.dials = append(n.dials, addr)
	l := n.nodes[addr]
	n.mu.Unlock()
	if l == nil {
		return nil, errors.New("connection refused")
	}
	return l.DialContext(ctx)
}

// master is a scripted master.
type master struct {
	agentlink.UnimplementedLinkServer
	serve func(stream agentlink.Link_ConnectServer) error
}

func (m *master) Connect(stream agentlink.Link_ConnectServer) error { return m.serve(stream) }

// start puts a master on the network until the returned function is called.
func (n *network) start(addr string, serve func(stream agentlink.Link_ConnectServer) error) (stop func()) {
	l := bufconn.Listen(1 << 20)
	server := grpc.NewServer(grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 5 * time.Second, PermitWithoutStream: true}))
	agentlink.RegisterLinkServer(server, &master{serve: serve})
	n.mu.Lock()
	n.nodes[addr] = l
	n.mu.Unlock()
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(l) }()
	return func() {
		n.mu.Lock()
		delete(n.nodes, addr)
		n.mu.Unlock()
		server.Stop()
		<-done
	}
}

func accept(term uint64) *agentlink.FromMaster {
	return &agentlink.FromMaster{Term: term, Message: &agentlink.FromMaster_Registered{Registered: &agentlink.Registered{
		AgentId: &mesosv1.AgentID{Value: new("S0")}, HeartbeatSeconds: 15,
	}}}
}

// leader accepts, counts heartbeats and answers them.
func leader(term uint64, beats chan<- uint64) func(agentlink.Link_ConnectServer) error {
	return func(stream agentlink.Link_ConnectServer) error {
		if first, err := stream.Recv(); err != nil || first.GetRegister() == nil {
			return errors.New("the first message was no Register")
		}
		if err := stream.Send(accept(term)); err != nil {
			return err
		}
		for {
			m, err := stream.Recv()
			if err != nil {
				return err
			}
			if m.GetGoodbye() != nil {
				return nil
			}
			if beat := m.GetHeartbeat(); beat != nil {
				beats <- beat.GetSequence()
				ack := &agentlink.FromMaster{Term: term, Message: &agentlink.FromMaster_HeartbeatAck{HeartbeatAck: &agentlink.HeartbeatAck{Sequence: beat.GetSequence()}}}
				if err := stream.Send(ack); err != nil {
					return err
				}
			}
		}
	}
}

func standby(hint string) func(agentlink.Link_ConnectServer) error {
	return func(stream agentlink.Link_ConnectServer) error {
		if _, err := stream.Recv(); err != nil {
			return err
		}
		return stream.Send(&agentlink.FromMaster{Message: &agentlink.FromMaster_Refused{Refused: &agentlink.Refused{Reason: "standing by", Leader: hint}}})
	}
}

// harness is a link with a machine that only registers and beats.
type harness struct {
	*network
	link *Link
	in   chan workload.Input // what the machine was told, but for beats
}

func newHarness(masters ...string) *harness {
	h := &harness{network: &network{nodes: map[string]*bufconn.Listener{}}, in: make(chan workload.Input, 1000)}
	h.link = New(Config{
		Masters: func() []string { return masters },
		Dial:    h.dial,
		Usage:   func() *agentlink.HostUsage { return nil },
		Log:     slog.New(slog.DiscardHandler),
		Post: func(_ context.Context, in workload.Input) error {
			switch in := in.(type) {
			case workload.LinkOpened:
				h.link.Send(in.Conn, &agentlink.FromAgent{Message: &agentlink.FromAgent_Register{Register: &agentlink.Register{}}})
			case workload.Beat:
				h.link.Send(in.Conn, &agentlink.FromAgent{Message: &agentlink.FromAgent_Heartbeat{Heartbeat: &agentlink.Heartbeat{}}})
				return nil
			}
			h.in <- in
			return nil
		},
	})
	return h
}

func (h *harness) run(ctx context.Context) (done chan error) {
	done = make(chan error, 1)
	go func() { done <- h.link.Run(ctx) }()
	return done
}

func (h *harness) dialed() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.dials)
}

// An hour in a link's life: a standby's hint is followed, heartbeats flow, the leader dies and another one is found.
func TestHintsHeartbeatsAndFailover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness("a:1", "b:1")
		beats := make(chan uint64, 1000)
		stopA := h.start("a:1", leader(3, beats))
		stopB := h.start("b:1", standby("a:1"))
		ctx, cancel := context.WithCancel(t.Context())
		done := h.run(ctx)

		time.Sleep(time.Second)
		synctest.Wait()
		if addr, ok := h.link.Connected(); !ok || addr != "a:1" {
			t.Fatalf("got %q, %v, want to be connected with a:1", addr, ok)
		}
		time.Sleep(30 * time.Minute)
		synctest.Wait()
		if n := len(beats); n < 120 || n > 122 {
			t.Errorf("got %d heartbeats in half an hour, want 121", n)
		}

		stopA()
		stopB()
		stopB = h.start("b:1", leader(4, beats))
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if addr, ok := h.link.Connected(); !ok || addr != "b:1" {
			t.Errorf("got %q, %v, want to be connected with b:1", addr, ok)
		}

		// A leader of an older term is not listened to any more.
		stopB()
		stopA = h.start("a:1", leader(3, beats))
		time.Sleep(time.Minute)
		synctest.Wait()
		if addr, ok := h.link.Connected(); ok {
			t.Errorf("connected with %s, which leads a term that is over", addr)
		}
		stopA()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// Nobody there for an hour: tried on, with a growing wait, and not a thousand times.
func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness("a:1", "b:1")
		ctx, cancel := context.WithCancel(t.Context())
		done := h.run(ctx)
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := h.dialed(); n < 400 || n > 2000 {
			t.Errorf("got %d dials in an hour, want some hundred", n)
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

func TestMasterThatWantsUsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness("a:1")
		stop := h.start("a:1", func(stream agentlink.Link_ConnectServer) error {
			return stream.Send(&agentlink.FromMaster{Message: &agentlink.FromMaster_Refused{Refused: &agentlink.Refused{Reason: "marked gone", Shutdown: true}}})
		})
		err := <-h.run(t.Context())
		if gone, ok := errors.AsType[*ShutdownError](err); !ok || gone.Reason != "marked gone" {
			t.Errorf("got %v, want a ShutdownError", err)
		}
		stop()
	})
}

// A master that takes the registration and never answers, and one that falls silent later, are left.
func TestSilentMasters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness("a:1")
		release := make(chan struct{})
		stop := h.start("a:1", func(agentlink.Link_ConnectServer) error { <-release; return io.EOF })
		ctx, cancel := context.WithCancel(t.Context())
		done := h.run(ctx)
		time.Sleep(answerTimeout + time.Second)
		synctest.Wait()
		if h.dialed() < 2 {
			t.Error("still waits for the answer to the registration")
		}
		close(release)
		stop()

		silent := make(chan struct{})
		stop = h.start("a:1", func(stream agentlink.Link_ConnectServer) error {
			if err := stream.Send(accept(1)); err != nil {
				return err
			}
			<-silent
			return nil
		})
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if _, ok := h.link.Connected(); !ok {
			t.Fatal("not connected")
		}
		before := h.dialed()
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if h.dialed() == before {
			t.Error("still believes in a master that has been silent for two minutes")
		}
		close(silent)
		stop()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// A master that is being elected still hears that the agent has ended its tasks; one that stays away is not waited for
// long, and for less than that not at all.
func TestGoodbyeWithoutMaster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness("a:1")
		done := h.run(t.Context())
		goodbyes := make(chan bool, 1)
		stop := make(chan func(), 1)
		elected := time.AfterFunc(2*time.Second, func() {
			stop <- h.start("a:1", func(stream agentlink.Link_ConnectServer) error {
				if _, err := stream.Recv(); err != nil {
					return err
				}
				if err := stream.Send(accept(1)); err != nil {
					return err
				}
				for {
					m, err := stream.Recv()
					if err != nil {
						return err
					}
					if goodbye := m.GetGoodbye(); goodbye != nil {
						goodbyes <- goodbye.GetTasksEnded()
						return nil
					}
				}
			})
		})
		defer elected.Stop()
		if err := h.link.Goodbye(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // the master's side of it
		select {
		case ended := <-goodbyes:
			if !ended {
				t.Error("the goodbye does not say that the tasks have ended")
			}
		default:
			t.Error("the new master heard no goodbye")
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		(<-stop)()
	})
	for _, tasksEnded := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			h := newHarness("a:1")
			done := h.run(ctx)
			time.Sleep(time.Second)
			before := time.Now()
			if err := h.link.Goodbye(t.Context(), tasksEnded); err != nil {
				t.Fatal(err)
			}
			want := map[bool]time.Duration{true: lastFarewell}[tasksEnded]
			if took := time.Since(before); took != want {
				t.Errorf("tasks ended %v: nobody was waited for for %v, want %v", tasksEnded, took, want)
			}
			cancel()
			if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
	}
}

// After a goodbye that the master has heard there is no new stream.
func TestGoodbye(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness("a:1")
		stop := h.start("a:1", leader(1, make(chan uint64, 1000)))
		done := h.run(t.Context())
		time.Sleep(time.Second)
		synctest.Wait()
		if err := h.link.Goodbye(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		if n := h.dialed(); n != 1 {
			t.Errorf("got %d dials, want 1", n)
		}
		var last workload.Input
		for len(h.in) > 0 {
			last = <-h.in
		}
		if _, ok := last.(workload.LinkClosed); !ok {
			t.Errorf("the last input was %T, want LinkClosed", last)
		}
		stop()
	})
}
