package tasks

import (
	"cmp"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/feed"
	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/widget/table"
)

// ranks are what tasks use, as they are sorted by it. They are found by the task itself: a list of ten thousand asks hundreds
// of thousands of times, and from any goroutine.
type ranks struct {
	use   Use
	known atomic.Pointer[map[*task]reeveapi.TaskUsage]
	at    time.Time // of known; used by the screen's loop only
}

// rankEvery is how old ranks may become.
const rankEvery = time.Second

// renew takes what is known by now.
func (r *ranks) renew(s *store.Snapshot, now time.Time) {
	if now.Sub(r.at) < rankEvery {
		return
	}
	known := map[*task]reeveapi.TaskUsage{}
	for _, u := range s.Usage {
		for key, samples := range u.Tasks {
			if t := s.Tasks.Get(key); t != nil && len(samples) > 0 {
				known[t] = samples[len(samples)-1]
			}
		}
	}
	r.known.Store(&known)
	r.at = now
}

// newest is what a task uses. One that has changed since is looked up as it is now.
func (r *ranks) newest(t *task) reeveapi.TaskUsage {
	if known := r.known.Load(); known != nil {
		if u, there := (*known)[t]; there {
			return u
		}
	}
	u, _ := r.use.Newest(t)
	return u
}

func (r *ranks) cpus(t *task) float64 { return r.newest(t).CPUs }

func (r *ranks) mem(t *task) float64 { return float64(r.newest(t).MemBytes) }

// byUse says whether a table is sorted by what tasks use.
func byUse(t *table.Table[reeveapi.Task]) bool {
	name, _ := t.Sorted()
	return name == cpuUsed || name == memUsed
}

// everybody are all agents that have tasks and answer.
func everybody(s *store.Snapshot) []feed.Want {
	var out []feed.Want
	for _, a := range s.Agents.Rows() {
		if a.Tasks > 0 && a.HTTP != "" && answers(a) {
			out = append(out, feed.Want{Agent: a.ID, HTTP: a.HTTP, Every: useEvery})
		}
	}
	slices.SortFunc(out, func(a, b feed.Want) int { return cmp.Compare(a.Agent, b.Agent) })
	return out
}

func answers(a *reeveapi.Agent) bool {
	return a.State != reeveapi.AgentUnreachable && a.State != reeveapi.AgentGone
}

// aside says how far what the order is made of is known, and how much changes.
func (s *Screen) aside() string {
	snap := s.Env.Store.Snapshot()
	text := ""
	if s.Tabs.At == active && byUse(s.Table()) {
		all, known := everybody(snap), 0
		for _, w := range all {
			if snap.Usage[w.Agent] != nil {
				known++
			}
		}
		if known < len(all) {
			text = fmt.Sprintf("use is known of %d of %d agents   ", known, len(all))
		}
	}
	if rate := snap.TaskRate(s.Env.Now()); rate >= 0.05 {
		text += fmt.Sprintf("updates %.1f/s", rate)
	}
	return text
}
