package consensus

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/transport"
)

// three starts three masters that wait for each other, and returns them with the one that leads first.
func three(t *testing.T, w *town, dirs ...string) []*member {
	t.Helper()
	var all []*member
	for _, dir := range dirs {
		all = append(all, w.start(t, dir, 3, false))
	}
	eventually(t, "one leads", func() bool {
		for i, m := range all {
			if len(m.won) > 0 {
				<-m.won
				all[0], all[i] = all[i], all[0]
				return true
			}
		}
		return false
	})
	return all
}

func (w *town) fail(m *member) {
	m.stop()
	m.peer.Alive = false
	w.set(m.peer)
}

func voterIDs(t *testing.T, c *Consensus) []string {
	t.Helper()
	ids, err := c.Voters()
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

func TestADeadMastersSeatIsClearedOnceAReplacementHasCome(t *testing.T) {
	t.Parallel()
	w := newTown()
	all := three(t, w, t.TempDir(), t.TempDir(), t.TempDir())
	leader, dead := all[0], all[2]
	w.fail(dead)
	eventually(t, "the dead one is silent for longer than its seat needs", func() bool {
		_, silent := leader.net.of("x", time.Now()) // never heard of
		at := slices.IndexFunc(standings(t, leader), func(s Standing) bool { return s.ID == dead.peer.ID })
		return silent > 3*time.Second && time.Since(standings(t, leader)[at].Heard) > 2*time.Second
	})
	leader.PeersChanged()
	if ids := voterIDs(t, leader.Consensus); len(ids) != 3 {
		t.Fatalf("%d vote; without a replacement a dead master must keep its seat, or the quorum shrinks", len(ids))
	}

	fresh := w.start(t, t.TempDir(), 3, false)
	eventually(t, "the replacement votes and the dead one does not", func() bool {
		ids := voterIDs(t, leader.Consensus)
		return len(ids) == 3 && slices.Contains(ids, fresh.peer.ID) && !slices.Contains(ids, dead.peer.ID)
	})
	if err := leader.Apply(t.Context(), put("after")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the replacement has the registry", func() bool { return has(fresh.Consensus, "after") })
}

func standings(t *testing.T, m *member) []Standing {
	t.Helper()
	all, err := m.Standings()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestAMasterThatGossipForgotButRaftHearsKeepsItsSeat(t *testing.T) {
	t.Parallel()
	w := newTown()
	all := three(t, w, t.TempDir(), t.TempDir(), t.TempDir())
	leader := all[0]
	w.start(t, t.TempDir(), 3, false)
	eventually(t, "four vote", func() bool { return len(voterIDs(t, leader.Consensus)) == 4 })
	quiet := all[1].peer
	quiet.Alive = false
	w.set(quiet)
	began := time.Now()
	eventually(t, "the leader had time to be wrong", func() bool { leader.PeersChanged(); return time.Since(began) > 2*time.Second })
	if ids := voterIDs(t, leader.Consensus); !slices.Contains(ids, quiet.ID) {
		t.Error("a master that answers the leader lost its seat because gossip does not see it")
	}
}

func TestTheLeaderKnowsHowFarTheOthersAre(t *testing.T) {
	t.Parallel()
	w := newTown()
	all := three(t, w, t.TempDir(), t.TempDir(), t.TempDir())
	leader := all[0]
	if err := leader.Apply(t.Context(), put("one")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "all are up to date", func() bool {
		own := leader.raft.LastIndex()
		return !slices.ContainsFunc(standings(t, leader), func(s Standing) bool {
			return s.Index != own || s.Term != leader.raft.CurrentTerm() || time.Since(s.Heard) > time.Second || !s.Voter
		})
	})
	for _, s := range standings(t, all[1]) {
		if known := !s.Heard.IsZero(); known != (s.ID == all[1].peer.ID) {
			t.Errorf("a standby says it heard of %s: %v", s.ID, known)
		}
	}
	w.fail(all[1])
	for range 3 {
		if err := leader.Apply(t.Context(), put("two")); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the stopped one falls behind", func() bool {
		at := slices.IndexFunc(standings(t, leader), func(s Standing) bool { return s.ID == all[1].peer.ID })
		s := standings(t, leader)[at]
		return s.Index+3 <= leader.raft.LastIndex() && time.Since(s.Heard) > time.Second
	})
}

// A master whose disk was lost is started again where it was. It knows nothing of what was agreed on, and must not help one to
// lead that may not know it either.
func TestAnEmptyMasterHasNoVote(t *testing.T) {
	t.Parallel()
	w := newTown()
	all := three(t, w, t.TempDir(), t.TempDir(), t.TempDir())
	behind, wiped := all[1], all[2]
	w.fail(behind)
	if err := all[0].Apply(t.Context(), put("agreed")); err != nil { // by the other two
		t.Fatal(err)
	}
	port := transport.PortOf(wiped.cfg.Listener.Addr())
	w.fail(all[0])
	w.fail(wiped)
	again := w.start(t, behind.cfg.WorkDir, 3, false)
	empty := w.startAt(t, t.TempDir(), port, 3, false)
	began := time.Now()
	eventually(t, "there was time for an election", func() bool { return time.Since(began) > 5*time.Second })
	if len(again.won) > 0 || len(empty.won) > 0 {
		t.Fatal("one leads that lacks what most have agreed on")
	}
}

func TestTheLastMasterGoesOnAlone(t *testing.T) {
	t.Parallel()
	w := newTown()
	dirs := []string{t.TempDir(), t.TempDir(), t.TempDir()}
	all := three(t, w, dirs...)
	if err := all[0].Apply(t.Context(), put("kept")); err != nil {
		t.Fatal(err)
	}
	last := all[1]
	eventually(t, "the follower has the entry", func() bool { return has(last.Consensus, "kept") })
	dir := last.cfg.WorkDir
	if _, err := OpenRemains(dir); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "in use by another masterd") {
		t.Errorf("the work dir of a running master was opened, error %v", err)
	}
	for _, m := range all {
		w.fail(m)
	}

	r, err := OpenRemains(dir)
	if err != nil {
		t.Fatal(err)
	}
	if r.Jobs != 1 || len(r.Others) != 2 || r.Addr != last.peer.Addr || r.Index == 0 || r.Identity.Node != last.peer.ID {
		t.Errorf("what remains is told as %+v", r)
	}
	if err := errors.Join(r.Recover(), r.Close()); err != nil {
		t.Fatal(err)
	}
	delete(w.peers, last.peer.ID)
	again := w.start(t, dir, 3, true)
	within(t, "leadership", again.won)
	if !has(again.Consensus, "kept") {
		t.Error("the registry is not what it was")
	}
	if err := again.Apply(t.Context(), put("alone")); err != nil {
		t.Fatal(err)
	}
	b, c := w.start(t, t.TempDir(), 3, true), w.start(t, t.TempDir(), 3, true)
	eventually(t, "two new masters vote", func() bool { return len(voterIDs(t, again.Consensus)) == 3 })
	eventually(t, "they have all of it", func() bool {
		return has(b.Consensus, "kept") && has(b.Consensus, "alone") && has(c.Consensus, "alone")
	})
}

func TestRecoveryRefusesWhatIsNoMasters(t *testing.T) {
	t.Parallel()
	empty, fresh := t.TempDir(), t.TempDir()
	id, err := LoadIdentity(fresh, "test")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(fresh, raftDir), 0o700); err != nil {
		t.Fatal(err)
	}
	store, err := openStore(fresh)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{empty: "not that of a master", fresh: "never was part of a cluster"} {
		if _, err := OpenRemains(dir); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	if again, err := LoadIdentity(fresh, "test"); err != nil || again != id {
		t.Errorf("a refused recovery changed the identity: %+v, error %v", again, err)
	}
}
