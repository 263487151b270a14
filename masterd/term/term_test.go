package term

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/masterd/jobs"
	"codeberg.org/reeve/reeve/masterd/outbox"
	"codeberg.org/reeve/reeve/masterd/registry"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/master"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/metrics"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/resources"
	"codeberg.org/reeve/reeve/shared/version"
)

// bench is a term in a bubble, with a registry that needs 2 ms to write.
type bench struct {
	*Term
	cancel func()

	mu     sync.Mutex // guards the fields below
	state  *registry.State
	writes []int // ops of each entry
	fail   error
	done   chan error
}

func begin(t *testing.T) *bench {
	t.Helper()
	b := &bench{state: registry.New().Apply(registry.SetCluster{ID: "c", Name: "test"}), done: make(chan error, 1)}
	cfg := cluster.DefaultConfig()
	cfg.MasterID, cfg.Version = "M", version.Mesos
	cfg.MasterInfo = &mesosv1.MasterInfo{Id: new("M"), Ip: new(uint32(0)), Port: new(uint32(5050)), Hostname: new("m")}
	b.Term = New(Config{
		Number: 9, Elected: time.Now(), Cluster: cfg, Jobs: jobs.Config{Hostname: "m"}, Registry: b.state,
		Apply: func(_ context.Context, ops []registry.Op) error {
			time.Sleep(2 * time.Millisecond)
			b.mu.Lock()
			defer b.mu.Unlock()
			b.writes = append(b.writes, len(ops))
			b.state = b.state.Apply(ops...)
			return b.fail
		},
		Metrics: metrics.New(), Logger: slog.New(slog.DiscardHandler),
	})
	ctx, cancel := context.WithCancel(t.Context())
	b.cancel = cancel
	go func() { b.done <- b.Run(ctx) }()
	return b
}

// registry is what was written so far.
func (b *bench) registry() *registry.State {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state
}

// stop ends the term and returns what Run returned.
func (b *bench) stop() error {
	b.cancel()
	return <-b.done
}

// take lets everything settle and returns what has come.
func take[T any](box *outbox.Box[T]) []T {
	time.Sleep(100 * time.Millisecond)
	synctest.Wait()
	items, _ := box.Take()
	return items
}

// agent registers an agent of 4 cpus and returns its box and id.
func (b *bench) agent(t *testing.T, conn cluster.ConnID) (*outbox.Box[*agentlink.FromMaster], ids.Agent) {
	t.Helper()
	box := b.ConnectAgent(conn)
	err := b.Post(t.Context(), cluster.AgentRegister{Conn: conn, PeerIP: "10.0.0.1", Register: &agentlink.Register{
		LinkVersion: version.Link, BootId: fmt.Sprint("boot", conn), HttpAddress: fmt.Sprint("10.0.0.1:", 5050+conn),
		AgentInfo: &mesosv1.AgentInfo{
			Hostname:  new(fmt.Sprint("h", conn)),
			Resources: resources.MustParse("cpus:4;mem:4096;disk:10000").Proto(),
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	got := take(box)
	if len(got) == 0 || got[0].GetRegistered() == nil {
		t.Fatalf("an agent that registered got %v", got)
	}
	if got[0].GetTerm() != 9 || got[0].GetRegistered().GetHeartbeatSeconds() <= 0 {
		t.Errorf("Registered lacks the term or the heartbeat: %v", got[0])
	}
	return box, ids.Agent(got[0].GetRegistered().GetAgentId().GetValue())
}

func subscribe(name string) *scheduler.Call {
	return &scheduler.Call{Type: scheduler.Call_SUBSCRIBE.Enum(), Subscribe: &scheduler.Call_Subscribe{
		FrameworkInfo: &mesosv1.FrameworkInfo{
			User: new("root"), Name: &name, Roles: []string{"*"},
			Capabilities: []*mesosv1.FrameworkInfo_Capability{{Type: mesosv1.FrameworkInfo_Capability_MULTI_ROLE.Enum()}},
		},
	}}
}

func TestAgentsAndFrameworksMeet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := begin(t)
		_, agent := b.agent(t, 1)
		if _, ok := b.registry().Agents[agent]; !ok {
			t.Errorf("agent %q was registered and is not in the registry", agent)
		}
		stream, box, err := b.Subscribe(t.Context(), subscribe("f"), "")
		if err != nil {
			t.Fatal(err)
		}
		var kinds []string
		var framework *mesosv1.FrameworkID
		for _, e := range take(box) {
			kinds = append(kinds, e.GetType().String())
			if s := e.GetSubscribed(); s != nil {
				framework = s.GetFrameworkId()
			}
		}
		if got := strings.Join(kinds, " "); !strings.HasPrefix(got, "SUBSCRIBED") || !strings.Contains(got, "OFFERS") {
			t.Errorf("events %s, want SUBSCRIBED first and OFFERS", got)
		}

		do := func(stream cluster.StreamID) error {
			return b.Do(t.Context(), func(ticket cluster.Ticket) cluster.Input {
				return cluster.Call{Ticket: ticket, Stream: stream, Call: &scheduler.Call{
					Type: scheduler.Call_SUPPRESS.Enum(), FrameworkId: framework,
				}}
			})
		}
		if err := do(stream); err != nil {
			t.Errorf("a call on the right stream: %v", err)
		}
		if err := do("another"); err == nil || fault.KindOf(err) == fault.Internal {
			t.Errorf("a call on a wrong stream: %v", err)
		}

		v, err := b.View(t.Context())
		if err != nil || len(v.Agents) != 1 || len(v.Frameworks) != 2 {
			t.Errorf("view %+v, error %v; want one agent, the framework and the jobs", v, err)
		}
		box.Hangup()
		synctest.Wait()
		if v, err = b.View(t.Context()); err != nil || len(v.Frameworks) != 1 {
			t.Errorf("a framework whose stream ended is still there: %v, %v", v.Frameworks, err)
		}
		if events := b.Events(0); len(events) < 3 || events[0].Seq != 1 {
			t.Errorf("events %v", events)
		}
		if err := b.stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestAJobGoesThroughTheClusterToAnAgent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := begin(t)
		box, _ := b.agent(t, 1)
		spec := reeveapi.JobSpec{Name: "j", Command: "true", Resources: reeveapi.Amounts{CPUs: 1, Mem: 64}}
		job, err := b.SubmitJob(t.Context(), spec, "somebody")
		if err != nil || job.By != "somebody" {
			t.Fatalf("job %+v, error %v", job, err)
		}
		if _, ok := b.registry().Jobs["j"]; !ok {
			t.Error("a job was answered before the registry had it")
		}
		var run *agentlink.RunTasks
		for _, m := range take(box) {
			if m.GetRunTasks() != nil {
				run = m.GetRunTasks()
			}
		}
		if len(run.GetTasks()) != 1 || run.GetFramework().GetId().GetValue() != string(jobs.FrameworkID) {
			t.Fatalf("the agent was told to run %v", run)
		}
		if _, err := b.SubmitJob(t.Context(), spec, ""); fault.KindOf(err) != fault.Conflict {
			t.Errorf("the same job again: %v", err)
		}
		for name, want := range map[string]fault.Kind{"j": fault.Conflict, "none": fault.NotFound} {
			_, err := b.DoJob(t.Context(), func(ticket jobs.Ticket) jobs.Input {
				return jobs.Remove{Change: jobs.Change{Ticket: ticket, Name: ids.Job(name)}}
			})
			if fault.KindOf(err) != want {
				t.Errorf("removing %s: %v", name, err)
			}
		}
		if all, err := b.Jobs(t.Context()); err != nil || len(all) != 1 {
			t.Errorf("jobs %v, error %v", all, err)
		}
		if err := b.stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestManyAdmissionsNeedFewEntries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := begin(t)
		const agents = 2000
		for conn := range cluster.ConnID(agents) {
			b.ConnectAgent(conn + 1)
			err := b.Post(t.Context(), cluster.AgentRegister{Conn: conn + 1, Register: &agentlink.Register{
				LinkVersion: version.Link, BootId: fmt.Sprint(conn), HttpAddress: fmt.Sprint("10.0.0.1:", 5050+conn),
				AgentInfo: &mesosv1.AgentInfo{Hostname: new(fmt.Sprint("h", conn)), Resources: resources.MustParse("cpus:1").Proto()},
			}})
			if err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if got := len(b.registry().Agents); got != agents {
			t.Errorf("%d agents were admitted, want %d", got, agents)
		}
		for _, n := range b.writes {
			if n > maxOps {
				t.Errorf("an entry has %d ops, the most allowed is %d", n, maxOps)
			}
		}
		if got := len(b.writes); got > 20 {
			t.Errorf("%d entries were written for %d agents", got, agents)
		}
		if err := b.stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestTheEndReachesEverybody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := begin(t)
		agentBox, agent := b.agent(t, 1)
		_, frameworkBox, err := b.Subscribe(t.Context(), subscribe("f"), "")
		if err != nil {
			t.Fatal(err)
		}
		_, operatorBox, err := b.SubscribeOperators(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := b.stop(); err != nil {
			t.Fatal(err)
		}
		for name, open := range map[string]bool{
			"agent": isOpen(agentBox), "framework": isOpen(frameworkBox), "operator": isOpen(operatorBox),
		} {
			if open {
				t.Errorf("the stream of the %s outlives the term", name)
			}
		}
		agentBox.Hangup() // writers end after the term; that must not block or panic
		frameworkBox.Hangup()
		operatorBox.Hangup()
		if _, err := b.View(t.Context()); fault.KindOf(err) != fault.NotLeader {
			t.Errorf("View after the end: %v", err)
		}
		if _, err := b.SubmitJob(t.Context(), reeveapi.JobSpec{}, ""); fault.KindOf(err) != fault.NotLeader {
			t.Errorf("SubmitJob after the end: %v", err)
		}
		if err := b.Post(t.Context(), cluster.AgentSuspected{Agent: agent}); fault.KindOf(err) != fault.NotLeader {
			t.Errorf("Post after the end: %v", err)
		}
		select {
		case <-b.Done():
		default:
			t.Error("Done is not closed")
		}
	})
}

func isOpen[T any](box *outbox.Box[T]) bool {
	_, open := box.Take()
	return open
}

func TestAFailedWriteEndsTheTermAndAnswersWhoWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := begin(t)
		b.agent(t, 1)
		b.mu.Lock()
		b.fail = errors.New("disk full")
		b.mu.Unlock()
		_, err := b.SubmitJob(t.Context(), reeveapi.JobSpec{Name: "j", Command: "true"}, "")
		if err == nil {
			t.Error("a job that could not be written was accepted")
		}
		if err := <-b.done; err == nil || !strings.Contains(err.Error(), "disk full") {
			t.Errorf("Run returned %v, want the reason", err)
		}
		b.cancel()
	})
}

func TestAFrameworkThatDoesNotReadIsDisconnected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := begin(t)
		stream, box, err := b.Subscribe(t.Context(), subscribe("f"), "")
		if err != nil {
			t.Fatal(err)
		}
		take(box)
		fill := &scheduler.Event{Type: scheduler.Event_HEARTBEAT.Enum()}
		for range frameworkLimit {
			box.Put(fill)
		}
		time.Sleep(time.Minute) // the next heartbeat runs over
		synctest.Wait()
		v, err := b.View(t.Context())
		if err != nil || len(v.Frameworks) != 1 {
			t.Errorf("frameworks %v, error %v; want only the jobs", v.Frameworks, err)
		}
		if _, ok := b.frameworks.get(stream); ok || isOpen(box) {
			t.Error("the stream is still open")
		}
		told := b.Events(0)
		if last := told[len(told)-1]; !strings.Contains(last.Text, "it did not read: 65536 events waited for it") {
			t.Errorf("people are told %q, want the reason", last.Text)
		}
		if err := b.stop(); err != nil {
			t.Error(err)
		}
	})
}

// One operator that does not read loses its stream, and another one nothing.
func TestAnOperatorThatDoesNotReadIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := begin(t)
		_, stuck, err := b.SubscribeOperators(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, reads, err := b.SubscribeOperators(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		take(stuck) // what came at the start
		for range operatorLimit {
			stuck.Put(&master.Event{Type: master.Event_HEARTBEAT.Enum()})
		}
		b.agent(t, 1)
		if isOpen(stuck) || b.Operators() != 1 {
			t.Errorf("the stream of who does not read is open: %v, operators: %d, want 1", isOpen(stuck), b.Operators())
		}
		events := take(reads) // the jobs' framework may have come meanwhile, too
		if !slices.ContainsFunc(events, func(e *master.Event) bool { return e.GetAgentAdded() != nil }) {
			t.Errorf("the other one hears %v, want the agent", events)
		}
		if err := b.stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestOperatorsFollowFromTheViewOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := begin(t)
		b.agent(t, 1)
		v, box, err := b.SubscribeOperators(t.Context())
		if err != nil || len(v.Agents) != 1 || b.Operators() != 1 {
			t.Fatalf("view %v, operators %d, error %v", v, b.Operators(), err)
		}
		b.agent(t, 2)
		var added int
		for _, e := range take(box) {
			if e.GetAgentAdded() != nil {
				added++
			}
		}
		if added != 1 {
			t.Errorf("an operator heard of %d agents after the view, want 1", added)
		}
		box.Hangup()
		if got := b.Operators(); got != 0 {
			t.Errorf("%d operators are left", got)
		}
		if err := b.stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestHistoryKeepsTheNewest(t *testing.T) {
	t.Parallel()
	var h history
	if got := h.since(0); len(got) != 0 {
		t.Errorf("events of nothing: %v", got)
	}
	for range remembered + 10 {
		h.add(reeveapi.Event{})
	}
	for _, tt := range []struct{ since, first, n uint64 }{
		{0, 11, remembered}, {10, 11, remembered}, {11, 12, remembered - 1}, {remembered + 9, remembered + 10, 1}, {remembered + 10, 0, 0}, {1 << 40, 0, 0},
	} {
		got := h.since(tt.since)
		if uint64(len(got)) != tt.n || tt.n > 0 && (got[0].Seq != tt.first || got[tt.n-1].Seq != remembered+10) {
			t.Errorf("since %d: %d events", tt.since, len(got))
		}
	}
}

func TestUsageIsOfTheNewestHeartbeat(t *testing.T) {
	t.Parallel()
	tm := New(Config{Registry: registry.New(), Metrics: metrics.New(), Logger: slog.New(slog.DiscardHandler), Cluster: cluster.Config{MasterID: "M"}})
	at := time.Unix(5, 0)
	tm.NoteUsage("S1", &agentlink.HostUsage{Load1: 1}, at)
	tm.NoteUsage("S1", nil, at.Add(1))
	if u, when, ok := tm.Usage("S1"); !ok || u.GetLoad1() != 1 || !when.Equal(at) {
		t.Errorf("usage %v at %v, %v", u, when, ok)
	}
	if _, _, ok := tm.Usage("S2"); ok {
		t.Error("there is usage of an agent that never beat")
	}
}

// TestTheJobsFrameworkStays: an operator who tears it down by mistake would end every job for ever.
func TestTheJobsFrameworkStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := begin(t)
		err := b.Do(t.Context(), func(ticket cluster.Ticket) cluster.Input {
			return cluster.Teardown{Ticket: ticket, Framework: jobs.FrameworkID}
		})
		if fault.KindOf(err) != fault.Conflict {
			t.Errorf("got %v, want a conflict", err)
		}
		if err := b.stop(); err != nil {
			t.Error(err)
		}
	})
}
