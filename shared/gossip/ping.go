package gossip

import (
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"
)

// trips hears how long members take to answer this one's probes, and remembers it of each. Serf's coordinates would tell no
// more: they too are known only of members that this one has probed, and they are estimates.
type trips struct {
	told func(rtt time.Duration)

	mu sync.Mutex // guards of
	of map[string]trip
}

// trip is the last answers of a member.
type trip struct {
	took  [3]time.Duration // the newest ones; a ring
	count int
	at    time.Time
}

func newTrips(told func(rtt time.Duration)) *trips { return &trips{told: told, of: map[string]trip{}} }

// AckPayload adds nothing to answers.
func (t *trips) AckPayload() []byte { return nil }

// NotifyPingComplete is called for each answer.
func (t *trips) NotifyPingComplete(m *memberlist.Node, rtt time.Duration, _ []byte) {
	t.told(rtt)
	t.mu.Lock()
	defer t.mu.Unlock()
	one := t.of[m.Name]
	one.took[one.count%len(one.took)] = rtt
	one.count++
	one.at = time.Now()
	t.of[m.Name] = one
}

// member is how long a member takes to answer, and when it did; the middle one of three, since one answer may be late for reasons
// of its own. Zero if it never has.
func (t *trips) member(node string) (rtt time.Duration, at time.Time) {
	t.mu.Lock()
	one := t.of[node]
	t.mu.Unlock()
	took := one.took[:min(one.count, len(one.took))]
	if len(took) == 0 {
		return 0, time.Time{}
	}
	slices.Sort(took)
	return took[(len(took)-1)/2], one.at
}

func (t *trips) forget(node string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.of, node)
}

// Health is memberlist's own score of how well this member keeps up: 0 is well; the more, up to 7, the later it hears what it is
// told, and the longer it waits before it takes others for failed.
func (g *Gossip) Health() int { return g.serf.Memberlist().GetHealthScore() }
