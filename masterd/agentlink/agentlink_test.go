package agentlink

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/testing/protocmp"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/masterd/outbox"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/version"
)

// fakeTerm records what the edge hands in, and answers a registration at once.
type fakeTerm struct {
	mu      sync.Mutex // guards the fields below
	inputs  []string
	boxes   map[cluster.ConnID]*outbox.Box[*agentlink.FromMaster]
	goodbye bool
	load    float64
	images  []string
}

func (f *fakeTerm) Number() uint64 { return 7 }

func (f *fakeTerm) ConnectAgent(conn cluster.ConnID) *outbox.Box[*agentlink.FromMaster] {
	f.mu.Lock()
	defer f.mu.Unlock()
	box := outbox.New[*agentlink.FromMaster](10, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.inputs = append(f.inputs, "agent_closed")
	})
	f.boxes[conn] = box
	return box
}

func (f *fakeTerm) Post(_ context.Context, in cluster.Input) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.inputs = append(f.inputs, in.Kind())
	if r, ok := in.(cluster.AgentRegister); ok {
		f.boxes[r.Conn].Put(&agentlink.FromMaster{Term: 7, Message: &agentlink.FromMaster_Registered{
			Registered: &agentlink.Registered{AgentId: &mesosv1.AgentID{Value: new("S1")}, HeartbeatSeconds: 5},
		}})
	}
	return nil
}

func (f *fakeTerm) AgentGoodbye(_ cluster.ConnID, g *agentlink.Goodbye) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.goodbye = g.GetTasksEnded()
}

func (f *fakeTerm) NoteImages(_ context.Context, agent ids.Agent, names []string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.images = append(f.images, fmt.Sprint(agent, names))
	return nil
}

func (f *fakeTerm) NoteUsage(agent ids.Agent, usage *agentlink.HostUsage, _ time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if agent == "S1" {
		f.load = usage.GetLoad1()
	}
}

func (f *fakeTerm) seen() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.inputs)
}

type fakeNode struct {
	term   *fakeTerm
	leader string
}

func (n fakeNode) LinkTerm() (Term, bool) { return n.term, n.term != nil }
func (n fakeNode) LeaderLink() string     { return n.leader }

type wire = grpc.BidiStreamingClient[agentlink.FromAgent, agentlink.FromMaster]

// serve runs a server in the bubble and returns a function that opens links to it. Everything ends with ctx.
func serve(ctx context.Context, t *testing.T, node Node) (open func() wire, wait func()) {
	t.Helper()
	l := bufconn.Listen(1 << 20)
	done := make(chan error, 1)
	go func() { done <- New(node, slog.New(slog.DiscardHandler)).Serve(ctx, l) }()
	client, err := grpc.NewClient("passthrough:///x", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	open = func() wire {
		stream, err := agentlink.NewLinkClient(client).Connect(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return stream
	}
	wait = func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	}
	return open, wait
}

func register(linkVersion uint32) *agentlink.FromAgent {
	return &agentlink.FromAgent{Message: &agentlink.FromAgent_Register{Register: &agentlink.Register{
		LinkVersion: linkVersion, AgentInfo: &mesosv1.AgentInfo{Hostname: new("h")},
	}}}
}

func heartbeat(n uint64) *agentlink.FromAgent {
	return &agentlink.FromAgent{Message: &agentlink.FromAgent_Heartbeat{Heartbeat: &agentlink.Heartbeat{
		Sequence: n, Usage: &agentlink.HostUsage{Load1: float64(n), Images: &agentlink.ImageNames{Names: []string{"web:1"}}},
	}}}
}

func mustSend(t *testing.T, w wire, m *agentlink.FromAgent) {
	t.Helper()
	if err := w.Send(m); err != nil {
		t.Fatal(err)
	}
}

func mustRecv(t *testing.T, w wire) *agentlink.FromMaster {
	t.Helper()
	m, err := w.Recv()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func newFakeTerm() *fakeTerm {
	return &fakeTerm{boxes: make(map[cluster.ConnID]*outbox.Box[*agentlink.FromMaster])}
}

func TestALinkCarriesMessagesInOrderAndTheGoodbye(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		term := newFakeTerm()
		open, wait := serve(ctx, t, fakeNode{term: term})
		w := open()
		mustSend(t, w, register(version.Link))
		if got := mustRecv(t, w); got.GetTerm() != 7 || got.GetRegistered().GetAgentId().GetValue() != "S1" {
			t.Errorf("first message %v, want Registered of term 7", got)
		}
		mustSend(t, w, heartbeat(3))
		want := &agentlink.FromMaster{Term: 7, Message: &agentlink.FromMaster_HeartbeatAck{
			HeartbeatAck: &agentlink.HeartbeatAck{Sequence: 3},
		}}
		if diff := cmp.Diff(mustRecv(t, w), want, protocmp.Transform()); diff != "" {
			t.Errorf("answer to a heartbeat (-got +want):\n%s", diff)
		}
		mustSend(t, w, &agentlink.FromAgent{Message: &agentlink.FromAgent_Update{Update: &agentlink.StatusUpdate{}}})
		mustSend(t, w, &agentlink.FromAgent{}) // of a newer agent
		mustSend(t, w, &agentlink.FromAgent{Message: &agentlink.FromAgent_ExecutorExited{ExecutorExited: &agentlink.ExecutorExited{}}})
		mustSend(t, w, &agentlink.FromAgent{Message: &agentlink.FromAgent_Goodbye{Goodbye: &agentlink.Goodbye{TasksEnded: true}}})
		if _, err := w.Recv(); err == nil {
			t.Error("the stream goes on after a goodbye")
		}
		synctest.Wait()
		want2 := []string{"agent_register", "agent_update", "executor_exited", "agent_closed"}
		if diff := cmp.Diff(term.seen(), want2); diff != "" {
			t.Errorf("inputs (-got +want):\n%s", diff)
		}
		if !term.goodbye || term.load != 3 || !slices.Contains(term.images, "S1[web:1]") {
			t.Errorf("goodbye %v, load %v, images %v", term.goodbye, term.load, term.images)
		}
		cancel()
		wait()
	})
}

func TestASilentAgentLosesItsLinkAndABeatingOneKeepsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		term := newFakeTerm()
		open, wait := serve(ctx, t, fakeNode{term: term})
		w := open()
		mustSend(t, w, register(version.Link))
		mustRecv(t, w)
		for n := range uint64(60) { // five minutes
			time.Sleep(5 * time.Second)
			mustSend(t, w, heartbeat(n))
			mustRecv(t, w)
		}
		beat := time.Now()
		if _, err := w.Recv(); err == nil {
			t.Fatal("a message came out of nowhere")
		}
		if quiet := time.Since(beat); quiet < 15*time.Second || quiet > 18*time.Second {
			t.Errorf("the link of a silent agent ended after %v, want about 16 s", quiet)
		}
		if got := term.seen(); !slices.Contains(got, "agent_closed") {
			t.Errorf("the machine was told %q", got)
		}
		cancel()
		wait()
	})
}

func TestTheDoor(t *testing.T) {
	leading, standby := fakeNode{term: newFakeTerm()}, fakeNode{leader: "10.0.0.1:5052"}
	for name, tt := range map[string]struct {
		node Node
		m    *agentlink.FromAgent
		want *agentlink.Refused
	}{
		"standby": {standby, register(version.Link), &agentlink.Refused{
			Reason: "this master stands by, ask the leader", Leader: "10.0.0.1:5052",
		}},
		"no leader": {fakeNode{}, register(version.Link), &agentlink.Refused{
			Reason: "this master stands by and knows no leader, ask again soon",
		}},
		"newer agent": {leading, register(version.Link + 1), &agentlink.Refused{
			Reason: "this master (Reeve " + version.Reeve + ") speaks link version 1 and the one before, the agent (Reeve ) speaks 2; upgrade the older one",
		}},
		"no registration": {leading, heartbeat(1), &agentlink.Refused{
			Reason: "the first message of a link must be Register, with an agent_info",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				open, wait := serve(ctx, t, tt.node)
				w := open()
				mustSend(t, w, tt.m)
				if diff := cmp.Diff(mustRecv(t, w).GetRefused(), tt.want, protocmp.Transform()); diff != "" {
					t.Errorf("refusal (-got +want):\n%s", diff)
				}
				if _, err := w.Recv(); err == nil {
					t.Error("the stream goes on after a refusal")
				}
				cancel()
				wait()
			})
		})
	}
}

func TestAStopEndsLinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		term := newFakeTerm()
		open, wait := serve(ctx, t, fakeNode{term: term})
		w := open()
		mustSend(t, w, register(version.Link))
		mustRecv(t, w)
		cancel()
		wait()
		if got := term.seen(); !slices.Contains(got, "agent_closed") {
			t.Errorf("the machine was told %q", got)
		}
	})
}
