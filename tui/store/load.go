package store

import (
	"slices"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// LoadPoint is how much of the cluster was in use at one moment, as shares from 0 to 1.
type LoadPoint struct {
	At              time.Time
	CPU, Mem, Disk  float64
	Running, Failed int
	Changes         uint64 // the snapshot's
}

// Minute is what became of tasks in one minute.
type Minute struct {
	At                     time.Time // its beginning
	Started, Ended, Failed int       // Ended are all that did, Failed those of them that should not have
}

// How much is remembered.
const (
	maxLoad = 1800
	maxFlow = 30
)

// appendLoad remembers one point a second at most.
func appendLoad(old []LoadPoint, c *reeveapi.Cluster, changes uint64, now time.Time) []LoadPoint {
	if n := len(old); n > 0 && now.Sub(old[n-1].At) < time.Second {
		return old
	}
	p := LoadPoint{
		At: now, CPU: Share(c.Used.CPUs, c.Total.CPUs), Mem: Share(c.Used.Mem, c.Total.Mem), Disk: Share(c.Used.Disk, c.Total.Disk),
		Running: c.Tasks["TASK_RUNNING"], Failed: c.Tasks["TASK_FAILED"], Changes: changes,
	}
	if len(old) >= maxLoad {
		old = old[len(old)-maxLoad+1:]
	}
	// Appending may write behind the end of a slice that an older snapshot holds, never inside of it.
	return append(old, p)
}

// count adds events to the minutes that they were in. A snapshot repeats some: those that are not newer than the newest of
// before were counted then.
func count(flow []Minute, before, news []reeveapi.Event, snapshot bool) []Minute {
	var seen time.Time
	if n := len(before); n > 0 && snapshot {
		seen = before[n-1].At
	}
	own := false
	for i := range news {
		e := &news[i]
		started, ended, failed := became(e.Kind)
		if !e.At.After(seen) || !started && !ended {
			continue
		}
		if !own {
			flow, own = slices.Clone(flow), true // older snapshots have the old one
		}
		at := e.At.Truncate(time.Minute)
		for n := len(flow); n == 0 || flow[n-1].At.Before(at); n = len(flow) {
			next := Minute{At: at}
			if n > 0 && at.Sub(flow[n-1].At) < maxFlow*time.Minute {
				next.At = flow[n-1].At.Add(time.Minute) // minutes in which nothing happened are there, too
			}
			flow = append(flow, next)
		}
		m := &flow[len(flow)-1]
		m.Started, m.Ended, m.Failed = m.Started+one(started), m.Ended+one(ended), m.Failed+one(failed)
	}
	return flow[max(len(flow)-maxFlow, 0):]
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// became is what an event of a kind says of its task.
func became(kind string) (started, ended, failed bool) {
	switch kind {
	case "TASK_RUNNING":
		return true, false, false
	case "TASK_FINISHED", "TASK_KILLED":
		return false, true, false
	case "TASK_FAILED", "TASK_ERROR", "TASK_LOST", "TASK_DROPPED", "TASK_GONE", "TASK_GONE_BY_OPERATOR":
		return false, true, true
	}
	return false, false, false
}

// Minutes are the last n minutes up to now, oldest first, from the first that anything is known of.
func (n *Snapshot) Minutes(now time.Time, most int) []Minute {
	var out []Minute
	end := now.Truncate(time.Minute)
	for _, m := range n.Flow {
		if !m.At.Before(end.Add(-time.Duration(most-1) * time.Minute)) {
			out = append(out, m)
		}
	}
	if len(out) == 0 {
		return nil
	}
	for at := out[len(out)-1].At.Add(time.Minute); !at.After(end); at = at.Add(time.Minute) {
		out = append(out, Minute{At: at})
	}
	return out
}

// rateSpan is the time that TaskRate looks back.
const rateSpan = 10 * time.Second

// TaskRate is how many changes of tasks came a second lately.
func (n *Snapshot) TaskRate(now time.Time) float64 {
	last := len(n.Load) - 1
	if last < 0 {
		return 0
	}
	from := last
	for from > 0 && now.Sub(n.Load[from].At) < rateSpan {
		from--
	}
	span := max(now.Sub(n.Load[from].At), time.Second)
	return float64(n.Changes-n.Load[from].Changes) / span.Seconds()
}
