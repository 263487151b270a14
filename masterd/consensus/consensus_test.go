package consensus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/masterd/registry"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/transport"
)

// town is what gossip would be: everybody's view of the masters.
type town struct {
	mu    sync.Mutex // guards peers, all
	peers map[string]Peer
	all   []*member
}

func (w *town) list() []Peer {
	w.mu.Lock()
	defer w.mu.Unlock()
	var peers []Peer
	for _, p := range w.peers {
		peers = append(peers, p)
	}
	return peers
}

func (w *town) set(p Peer) {
	w.mu.Lock()
	w.peers[p.ID] = p
	all := append([]*member(nil), w.all...)
	w.mu.Unlock()
	for _, m := range all {
		m.PeersChanged()
	}
}

// member is one master without its other parts.
type member struct {
	*Consensus
	peer Peer
	won  chan Won
	stop func()
}

// start runs a master in dir until the test ends or stop is called.
func (w *town) start(t *testing.T, dir string, expect int, joins bool) *member {
	t.Helper()
	return w.startAt(t, dir, 0, expect, joins)
}

// startAt is start with the port that raft is to have.
func (w *town) startAt(t *testing.T, dir string, port, expect int, joins bool) *member {
	t.Helper()
	id, err := LoadIdentity(dir, "test")
	if err != nil {
		t.Fatal(err)
	}
	l, err := transport.Config{}.Listen("raft-port", "127.0.0.1", port)
	if err != nil {
		t.Fatal(err)
	}
	c, err := Open(Config{
		WorkDir: dir, Identity: id, Expect: expect, JoinsOthers: joins, Listener: l, Advertise: l.Addr().String(),
		Dial: transport.Config{}.Dial, Peers: w.list, DeadAfter: time.Second, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	m := &member{Consensus: c, won: make(chan Won, 100)}
	m.peer = Peer{ID: id.Node, Addr: l.Addr().String(), Alive: true}
	if !c.HasLog() {
		m.peer.Expect = expect
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- c.Run(ctx, func(ctx context.Context, won Won) error {
			m.won <- won
			<-ctx.Done()
			return nil
		})
	}()
	m.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
		if err := c.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	t.Cleanup(m.stop)
	w.mu.Lock()
	w.all = append(w.all, m)
	w.mu.Unlock()
	w.set(m.peer)
	return m
}

func newTown() *town { return &town{peers: make(map[string]Peer)} }

func within[T any](t *testing.T, what string, c <-chan T) T {
	t.Helper()
	timer := time.NewTimer(20 * time.Second)
	defer timer.Stop()
	select {
	case v := <-c:
		return v
	case <-timer.C:
		t.Fatalf("not within 20 s: %s", what)
		panic("unreachable")
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 20 s: %s", what)
		}
	}
}

func put(name string) []registry.Op {
	return []registry.Op{registry.PutJob{Job: reeveapi.Job{Spec: reeveapi.JobSpec{Name: name}}}}
}

func has(c *Consensus, name string) bool {
	_, ok := c.Registry().Jobs[ids.Job(name)]
	return ok
}

func TestALoneMasterLeadsAtOnceAndKeepsTheRegistryOnDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := newTown()
	a := w.start(t, dir, 1, false)
	first := within(t, "leadership", a.won)
	if first.Registry.ClusterID == "" || first.Registry.ClusterName != "test" {
		t.Errorf("the first leader gave the cluster id %q, name %q", first.Registry.ClusterID, first.Registry.ClusterName)
	}
	for i := range 3 {
		if err := a.Apply(t.Context(), put(fmt.Sprint("job", i))); err != nil {
			t.Fatal(err)
		}
	}
	if s := a.Snapshot(); s != nil {
		t.Errorf("before the first snapshot there is %+v", s)
	}
	began := time.Now().Truncate(time.Millisecond)
	if err := a.raft.Snapshot().Error(); err != nil {
		t.Fatal(err)
	}
	snapshot := a.Snapshot()
	if snapshot == nil || snapshot.At.Before(began) || snapshot.At.After(time.Now()) || snapshot.Index != a.Index() || snapshot.Term != first.Term || snapshot.Size == 0 {
		t.Fatalf("the snapshot is %+v, want one since %s of entry %d", snapshot, began, a.Index())
	}
	if err := a.Apply(t.Context(), put("late")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the cluster's id is on disk", func() bool {
		id, err := LoadIdentity(dir, "test")
		return err == nil && id.ClusterID == first.Registry.ClusterID
	})
	a.stop()

	b := w.start(t, dir, 1, false)
	second := within(t, "leadership after a restart", b.won)
	if again := b.Snapshot(); again == nil || *again != *snapshot {
		t.Errorf("after a restart the snapshot is %+v, and was %+v", again, snapshot)
	}
	if second.Term <= first.Term {
		t.Errorf("term %d after term %d", second.Term, first.Term)
	}
	if second.Registry.ClusterID != first.Registry.ClusterID {
		t.Errorf("cluster id %q became %q", first.Registry.ClusterID, second.Registry.ClusterID)
	}
	if len(second.Registry.Jobs) != 4 || !has(b.Consensus, "late") {
		t.Errorf("the registry has %d jobs after a restart, want 4", len(second.Registry.Jobs))
	}
}

func TestThreeMastersElectReplaceAndAgree(t *testing.T) {
	t.Parallel()
	w := newTown()
	dirs := []string{t.TempDir(), t.TempDir(), t.TempDir()}
	var all []*member
	for _, dir := range dirs {
		all = append(all, w.start(t, dir, 3, false))
	}
	leader := func(of []*member) *member {
		var found *member
		eventually(t, "one leads", func() bool {
			for _, m := range of {
				select {
				case <-m.won:
					found = m
				default:
				}
			}
			return found != nil
		})
		return found
	}
	first := leader(all)
	if err := first.Apply(t.Context(), put("one")); err != nil {
		t.Fatal(err)
	}
	for _, m := range all {
		eventually(t, "everybody has the entry", func() bool { return has(m.Consensus, "one") })
		eventually(t, "everybody knows the leader", func() bool { return m.Leader() == first.peer.ID })
	}

	// Handing over: another one leads, and the former leader can't write any more.
	second := handOver(t, first, all, leader)
	if err := first.Apply(t.Context(), put("ghost")); err == nil {
		t.Error("a former leader could write")
	}

	// Losing the leader: the two that are left go on.
	second.stop()
	var rest []*member
	for _, m := range all {
		if m != second {
			rest = append(rest, m)
		}
	}
	third := leader(rest)
	if err := third.Apply(t.Context(), put("two")); err != nil {
		t.Fatal(err)
	}

	// The lost one comes back with its disk at another port, and learns what it missed.
	for i, m := range all {
		if m == second {
			back := w.start(t, dirs[i], 3, false)
			eventually(t, "the returned master has the entry", func() bool { return has(back.Consensus, "two") })
		}
	}
}

func TestALoneMasterTakesInOthersAndLetsThemGo(t *testing.T) {
	t.Parallel()
	w := newTown()
	a := w.start(t, t.TempDir(), 1, false)
	within(t, "leadership", a.won)
	if err := a.Apply(t.Context(), put("before")); err != nil {
		t.Fatal(err)
	}
	b := w.start(t, t.TempDir(), 1, true)
	c := w.start(t, t.TempDir(), 1, true)
	eventually(t, "three vote", func() bool { ids, _ := a.Voters(); return len(ids) == 3 })
	eventually(t, "newcomers have the registry", func() bool { return has(b.Consensus, "before") && has(c.Consensus, "before") })

	// A newcomer without a log founds no cluster of its own, whoever it was told to join.
	c.peer.Alive, c.peer.Left = false, true
	w.set(c.peer)
	c.AwaitRemoval(t.Context())
	eventually(t, "who left does not vote", func() bool { ids, _ := a.Voters(); return len(ids) == 2 })
	c.stop()
	if err := a.Apply(t.Context(), put("after")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the other one has it", func() bool { return has(b.Consensus, "after") })
}

// lone opens a master that nobody runs yet.
func lone(t *testing.T) *Consensus {
	t.Helper()
	dir := t.TempDir()
	id, err := LoadIdentity(dir, "test")
	if err != nil {
		t.Fatal(err)
	}
	l, err := transport.Config{}.Listen("raft-port", "127.0.0.1", 0)
	if err != nil {
		t.Fatal(err)
	}
	c, err := Open(Config{
		WorkDir: dir, Identity: id, Expect: 1, Listener: l, Advertise: l.Addr().String(),
		Dial: transport.Config{}.Dial, Peers: newTown().list, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func TestAnEntryOfANewerVersionEndsTheMaster(t *testing.T) {
	t.Parallel()
	c := lone(t)
	err := c.Run(t.Context(), func(ctx context.Context, _ Won) error {
		c.raft.Apply([]byte(`{"form":99,"ops":[]}`), time.Second)
		<-ctx.Done()
		return nil
	})
	if _, ok := errors.AsType[registry.UnknownFormError](err); !ok {
		t.Errorf("Run: %v, want an UnknownFormError", err)
	}
}

func TestALeadershipThatFailsEndsALoneMaster(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	c := lone(t)
	if err := c.Run(t.Context(), func(context.Context, Won) error { return boom }); !errors.Is(err, boom) {
		t.Errorf("Run: %v, want what lead returned", err)
	}
}

func TestWorkDirRefusals(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := LoadIdentity(dir, "one"); err != nil {
		t.Fatal(err)
	}
	refused := func(dir, cluster, want string) {
		t.Helper()
		if _, err := LoadIdentity(dir, cluster); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
	refused(dir, "two", `belongs to cluster "one"`)
	if err := os.WriteFile(filepath.Join(dir, identityFile), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(dir, "one", "is damaged")
	if err := os.Remove(filepath.Join(dir, identityFile)); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, raftDir), 0o700); err != nil {
		t.Fatal(err)
	}
	refused(dir, "one", "has a raft log but no")

	w := newTown()
	used := t.TempDir()
	w.start(t, used, 1, false)
	id, err := LoadIdentity(used, "test")
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(Config{WorkDir: used, Identity: id, Expect: 1, Logger: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), "in use by another masterd") {
		t.Errorf("a second master in the same work dir: %v", err)
	}
}

// handOver has leadership handed to a master that is named, and returns it. Everybody has seen that nobody was lost.
func handOver(t *testing.T, first *member, all []*member, leader func([]*member) *member) *member {
	t.Helper()
	own := first.cfg.Identity.Node
	to := all[0]
	if to == first {
		to = all[1]
	}
	for _, wrong := range []string{own, "nobody"} {
		if _, err := first.Successor(wrong); fault.KindOf(err) != fault.Conflict {
			t.Errorf("handing over to %s: %v", wrong, err)
		}
	}
	if _, err := to.Successor(""); fault.KindOf(err) != fault.NotLeader {
		t.Errorf("a standby handing over: %v", err)
	}
	eventually(t, "the named one can take over", func() bool {
		id, err := first.Successor(to.cfg.Identity.Node)
		return err == nil && id == to.cfg.Identity.Node
	})
	if id, err := first.Successor(""); err != nil || id == own {
		t.Errorf("the most advanced one is %s (%v)", id, err)
	}
	if err := first.HandOver(to.cfg.Identity.Node); err != nil {
		t.Fatal(err)
	}
	if second := leader(all); second != to {
		t.Fatalf("%s leads, want %s", second.cfg.Identity.Node, to.cfg.Identity.Node)
	}
	for _, m := range all {
		eventually(t, "everybody has seen the change of leaders", func() bool {
			seen := m.Elections()
			return len(seen) > 1 && seen[len(seen)-1].Leader == to.cfg.Identity.Node && seen[len(seen)-1].Before == own
		})
	}
	if seen := to.Elections(); !seen[len(seen)-1].Handed || seen[len(seen)-1].Gap > 10*time.Second {
		t.Errorf("the new leader has seen %+v", seen)
	}
	return to
}
