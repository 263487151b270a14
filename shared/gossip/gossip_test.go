package gossip

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"

	"codeberg.org/reeve/reeve/shared/transport"
)

// open starts a member on a free port of loopback and closes it with the test.
func open(t *testing.T, cfg Config) *Gossip {
	t.Helper()
	cfg.IP = "127.0.0.1"
	cfg.Logger = slog.New(slog.DiscardHandler)
	if cfg.Tags == nil {
		cfg.Tags = Tags{TagRole: RoleMaster}
	}
	g, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

// eventually polls until ok, for at most a minute.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

func find(g *Gossip, name string) (Member, bool) {
	for _, m := range g.Members() {
		if m.Name == name {
			return m, true
		}
	}
	return Member{}, false
}

func TestMembersFindEachOtherAndSeeTagsAndLeave(t *testing.T) {
	t.Parallel()
	a := open(t, Config{Name: "a"})
	began := time.Unix(1795996800, 0)
	b := open(t, Config{Name: "b", Join: []string{a.Addr()}, Tags: Tags{TagRole: RoleAgent, TagHTTP: "127.0.0.1:1", TagStarted: StartedTag(began)}})
	c := open(t, Config{Name: "c", Join: []string{b.Addr()}})
	eventually(t, "all see all", func() bool {
		return len(a.Members()) == 3 && len(b.Members()) == 3 && len(c.Members()) == 3
	})
	joined, _ := find(a, "b")
	if joined.Since.IsZero() {
		t.Error("a does not know since when b is alive")
	}
	if m, _ := find(c, "b"); m.Role() != RoleAgent || m.HTTP() != "127.0.0.1:1" || m.Addr != b.Addr() || m.State != Alive {
		t.Errorf("c sees b as %+v", m)
	} else if old, _ := find(c, "a"); !m.Started().Equal(began) || !old.Started().IsZero() {
		t.Errorf("c takes b for started at %s, want %s; and a, which does not tell, at %s", m.Started(), began, old.Started())
	}
	if n := a.Tally(); n[Alive] != 3 || n[Left] != 0 {
		t.Errorf("a counts %v, want three that are alive", n)
	}

	if err := b.SetTags(Tags{TagID: "S1", TagHTTP: ""}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a sees the new tags of b", func() bool {
		m, _ := find(a, "b")
		_, has := m.Tags[TagHTTP]
		return m.ID() == "S1" && !has
	})
	if m, _ := find(a, "b"); !m.Since.Equal(joined.Since) {
		t.Errorf("other tags made b alive since %s, it was since %s", m.Since, joined.Since)
	}

	if err := b.Leave(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a sees that b left", func() bool { m, _ := find(a, "b"); return m.State == Left })
	if n := a.Tally(); n[Alive] != 2 || n[Left] != 1 {
		t.Errorf("a counts %v, want one that has left", n)
	}
	if m, _ := find(a, "b"); !m.Since.After(joined.Since) {
		t.Errorf("b left at %s, and was alive since %s", m.Since, joined.Since)
	}
}

func TestJoinIsRetriedUntilTheSeedExists(t *testing.T) {
	t.Parallel()
	l, err := transport.Config{}.Listen("x", "127.0.0.1", 0)
	if err != nil {
		t.Fatal(err)
	}
	port := transport.PortOf(l.Addr())
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	early := open(t, Config{Name: "early", Join: []string{fmt.Sprintf("127.0.0.1:%d", port)}})
	open(t, Config{Name: "seed", Port: port})
	eventually(t, "the early one finds the late seed", func() bool { _, ok := find(early, "seed"); return ok })
}

func TestPeersFileReplacesSeedsAtARestart(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "peers.json")
	a := open(t, Config{Name: "a"})
	b, err := Open(t.Context(), Config{
		Name: "b", IP: "127.0.0.1", Tags: Tags{TagRole: RoleMaster}, Join: []string{a.Addr()}, PeersFile: file,
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "b sees a", func() bool { _, ok := find(b, "a"); return ok })
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, Config{Name: "c", PeersFile: file})
	eventually(t, "a member without seeds finds a from the file", func() bool { _, ok := find(again, "a"); return ok })
}

// A member that leaves is said to have left. One whose goodbye gets lost, as packets may on a busy machine, is said to have
// failed: then another one leaves.
func TestWatchBeginsWithWhatIsKnown(t *testing.T) {
	t.Parallel()
	a := open(t, Config{Name: "a"})
	const tries = 5
	for i := range tries {
		name := fmt.Sprint("b", i)
		b := open(t, Config{Name: name, Join: []string{a.Addr()}})
		eventually(t, "a sees "+name, func() bool { _, ok := find(a, name); return ok })
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var seen []string
		err := a.Watch(ctx, func(e Event) {
			if e.Member.Name != "a" && e.Member.Name != name {
				return
			}
			seen = append(seen, e.Member.Name+" "+e.Kind.String())
			if len(seen) == 2 {
				if err := errors.Join(b.Leave(ctx), b.Close()); err != nil {
					t.Error(err)
				}
			}
			if e.Kind == EventLeft || e.Kind == EventFailed {
				cancel()
			}
		})
		slices.Sort(seen[:min(len(seen), 2)])
		if err == nil || len(seen) != 3 || seen[0] != "a joined" || seen[1] != name+" joined" {
			t.Fatalf("watched %q, err %v", seen, err)
		}
		if seen[2] == name+" left" {
			return
		}
		t.Logf("%s left, and is said to have failed", name)
	}
	t.Errorf("%d members left, and none is said to have left", tries)
}

func TestMastersOfAnotherClusterAreRefused(t *testing.T) {
	t.Parallel()
	a := open(t, Config{Name: "a", Tags: Tags{TagRole: RoleMaster, TagCluster: "one"}})
	b := open(t, Config{Name: "b", Tags: Tags{TagRole: RoleMaster, TagCluster: "two"}})
	if _, err := b.serf.Join([]string{a.Addr()}, true); err == nil {
		t.Error("a master of another cluster could join")
	}
	if _, ok := find(a, "b"); ok {
		t.Error("the cluster took in a master of another one")
	}
}

// A machine whose disk was lost comes back under its name: nobody may keep it out because of what it was before.
func TestANewMemberTakesTheNameOfADeadOneButNotOfALiveOne(t *testing.T) {
	t.Parallel()
	a := open(t, Config{Name: "a", Tags: Tags{TagRole: RoleMaster, TagID: "1"}})
	old, err := Open(t.Context(), Config{
		Name: "b", IP: "127.0.0.1", Tags: Tags{TagRole: RoleMaster, TagID: "2"}, Join: []string{a.Addr()}, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "a sees b", func() bool { m, _ := find(a, "b"); return m.ID() == "2" })
	place := old.Addr()
	second := open(t, Config{Name: "b", Tags: Tags{TagRole: RoleMaster, TagID: "3"}})
	if _, err := second.serf.Join([]string{a.Addr()}, true); err == nil || !strings.Contains(err.Error(), "already called b.master") {
		t.Errorf("a second live member of the name joined, error %v", err)
	}
	if err := old.Close(); err != nil { // without a goodbye
		t.Fatal(err)
	}
	eventually(t, "a sees that b failed", func() bool { m, _ := find(a, "b"); return m.State == Failed })
	_, portText, _ := strings.Cut(place, ":")
	var port int
	if _, err := fmt.Sscan(portText, &port); err != nil {
		t.Fatal(err)
	}
	open(t, Config{Name: "b", Port: port, Tags: Tags{TagRole: RoleMaster, TagID: "4"}, Join: []string{a.Addr()}})
	eventually(t, "a takes the new b for the old one's successor", func() bool {
		m, _ := find(a, "b")
		return m.ID() == "4" && m.State == Alive
	})
	if _, err := second.serf.Join([]string{a.Addr()}, true); err == nil {
		t.Error("a second live member of the name joined its successor")
	}
}

func TestKeysKeepStrangersOut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name string, fill byte) string {
		key := base64.StdEncoding.EncodeToString([]byte(strings.Repeat(string(rune(fill)), 32)))
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(`["`+key+`"]`), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	ours, theirs := write("ours", 'a'), write("theirs", 'b')
	a := open(t, Config{Name: "a", KeyFile: ours})
	friend := open(t, Config{Name: "friend", KeyFile: ours, Join: []string{a.Addr()}})
	stranger := open(t, Config{Name: "stranger", KeyFile: theirs})
	eventually(t, "a friend joins", func() bool { return len(friend.Members()) == 2 })
	if _, err := stranger.serf.Join([]string{a.Addr()}, true); err == nil {
		t.Error("a stranger with another key could join")
	}
	if got := len(stranger.Members()); got != 1 {
		t.Errorf("the stranger learned of %d members, want only itself", got)
	}
}

func TestOpenRefusals(t *testing.T) {
	t.Parallel()
	a := open(t, Config{Name: "a"})
	_, portText, _ := strings.Cut(a.Addr(), ":")
	var port int
	if _, err := fmt.Sscan(portText, &port); err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(bad, []byte(`["c2hvcnQ="]`), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		cfg  Config
		want string
	}{
		"port in use":     {Config{IP: "127.0.0.1", Port: port}, "--gossip-port"},
		"beyond loopback": {Config{IP: "0.0.0.0"}, "--insecure"},
		"large tags":      {Config{IP: "127.0.0.1", Tags: Tags{"x": strings.Repeat("y", 200)}}, "200 are allowed"},
		"short key":       {Config{IP: "127.0.0.1", KeyFile: bad}, "wrong length"},
	} {
		t.Run(name, func(t *testing.T) {
			tt.cfg.Name, tt.cfg.Logger = "b", slog.New(slog.DiscardHandler)
			_, err := Open(t.Context(), tt.cfg)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want one with %q", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "c2hvcnQ") {
				t.Error("the error shows a key")
			}
		})
	}
}

func FuzzParseKeyring(f *testing.F) {
	f.Add([]byte(`["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		ring, err := parseKeyring(data)
		if (ring == nil) == (err == nil) {
			t.Errorf("ring %v, error %v", ring, err)
		}
	})
}

// TestTrips: a member that wants to know remembers how long others take to answer and when they did, but nothing of itself.
func TestTrips(t *testing.T) {
	t.Parallel()
	told := make(chan time.Duration, 1000)
	a := open(t, Config{Name: "a", Pinged: func(rtt time.Duration) { told <- rtt }})
	b := open(t, Config{Name: "b", Join: []string{a.Addr()}})
	began := time.Now()
	eventually(t, "b answers a", func() bool { m, _ := find(a, "b"); return m.RTT > 0 })
	m, _ := find(a, "b")
	if first := <-told; m.RTT > time.Minute || first <= 0 || m.Answered.Before(began) || m.Answered.After(time.Now()) {
		t.Errorf("b answers in %s, first in %s, last at %s", m.RTT, first, m.Answered)
	}
	if m, _ := find(a, "a"); m.RTT != 0 || !m.Answered.IsZero() {
		t.Errorf("a answers itself in %s", m.RTT)
	}
	if m, _ := find(b, "a"); m.RTT != 0 {
		t.Errorf("b, which does not want to know, has %s", m.RTT)
	}
	if score := a.Health(); score < 0 || score > 7 {
		t.Errorf("the health of a is %d", score)
	}
	if err := b.Leave(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.note(m, true)
	if rtt, at := a.trips.member(m.Node); rtt != 0 || !at.IsZero() {
		t.Errorf("b, which is gone, answers in %s", rtt)
	}
}

// TestMiddleTrip: one late answer does not count, and old ones are forgotten.
func TestMiddleTrip(t *testing.T) {
	trips := newTrips(func(time.Duration) {})
	for i, test := range []struct{ took, want time.Duration }{{9, 9}, {1, 1}, {2, 2}, {100, 2}, {100, 100}, {3, 100}, {4, 4}} {
		trips.NotifyPingComplete(&memberlist.Node{Name: "x"}, test.took, nil)
		if got, _ := trips.member("x"); got != test.want {
			t.Errorf("after answer %d of %d: %d, want %d", i, test.took, got, test.want)
		}
	}
}
