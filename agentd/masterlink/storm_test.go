package masterlink

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/test/bufconn"
)

// storm is many links to the same masters.
type storm struct {
	*network
	links []*Link
}

func newStorm(n int, masters ...string) *storm {
	s := &storm{network: &network{nodes: map[string]*bufconn.Listener{}}}
	for range n {
		h := newHarness(masters...)
		h.network = s.network
		h.link.cfg.Dial = s.dial
		s.links = append(s.links, h.link)
	}
	return s
}

// connected is how many have been accepted by a master.
func (s *storm) connected() int {
	n := 0
	for _, l := range s.links {
		if _, ok := l.Connected(); ok {
			n++
		}
	}
	return n
}

// A quarter of an hour of a cluster whose leader dies again and again, for a moment or for minutes: all agents come back each time, soon
// after there is a leader; while there is none they wait longer and longer, and not in step.
func TestAgentsComeBackSpreadOut(t *testing.T) {
	const agents = 24
	synctest.Test(t, func(t *testing.T) {
		s := newStorm(agents, "a:1", "b:1")
		beats := make(chan uint64, 1_000_000)
		names := []string{"a:1", "b:1"}
		stop := s.start(names[0], leader(1, beats))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, agents)
		for _, l := range s.links {
			go func() { done <- l.Run(ctx) }()
		}
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if n := s.connected(); n != agents {
			t.Fatalf("%d of %d agents have a leader", n, agents)
		}
		for term, away := range []time.Duration{time.Second, 30 * time.Second, 10 * time.Minute} {
			stop()
			time.Sleep(away)
			synctest.Wait()
			if away >= 30*time.Second { // the wait has grown: look at one tenth of a second after the other
				s.spread(t, agents)
			}
			stop = s.start(names[(term+1)%2], leader(uint64(term+2), beats))
			time.Sleep(2 * rounds.Cap)
			synctest.Wait()
			if n := s.connected(); n != agents {
				t.Errorf("%d of %d agents are back %s after a leader is, which was away for %s", n, agents, 2*rounds.Cap, away)
			}
			time.Sleep(time.Minute)
			synctest.Wait()
			if n := s.connected(); n != agents {
				t.Errorf("%d of %d agents have a leader a minute later", n, agents)
			}
		}
		stop()
		cancel()
		for range agents {
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		}
	})
}

// spread fails the test if the agents try in step, or all the time.
func (s *storm) spread(t *testing.T, agents int) {
	t.Helper()
	dialed := func() int {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.dials)
	}
	first, most := dialed(), 0
	for range 150 { // 15 s
		before := dialed()
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
		most = max(most, dialed()-before)
	}
	all := dialed() - first
	if most > agents/3 {
		t.Errorf("%d dials of %d agents within a tenth of a second: they are in step", most, agents)
	}
	if all == 0 || all > agents*12 {
		t.Errorf("%d dials of %d agents in 15 s, each to two masters", all, agents)
	}
}
