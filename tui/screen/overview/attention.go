package overview

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/feed"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/screen/label"
	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
)

// item is something that needs somebody.
type item struct {
	subject string
	text    string
	role    theme.Role
	target  screen.Target
}

// When something needs attention.
const (
	waitsLong  = 30 * time.Second // a job that was not placed
	crashSpan  = 10 * time.Minute
	crashTimes = 3 // failures of one name within crashSpan
	nearLimit  = 0.9
	heldLong   = 30 * time.Second
)

// attention lists what needs somebody, the worst first.
func attention(snap *store.Snapshot, now time.Time, crashes []item) []item {
	var out []item
	out = append(out, masters(snap)...)
	out = append(out, agents(snap, now)...)
	out = append(out, versions(snap)...)
	out = append(out, jobs(snap, now)...)
	out = append(out, crashes...)
	out = append(out, tight(snap)...)
	out = append(out, roles(snap)...)
	return append(out, offers(snap, now)...)
}

// roles are those that are near the limit of their quota, or have reached it.
func roles(snap *store.Snapshot) []item {
	var out []item
	for name, r := range snap.Roles.All() {
		worst, text := 0.0, ""
		for _, of := range []struct {
			name  string
			write func(float64) string
		}{{"cpus", gauge.CPUs}, {"mem", gauge.MB}, {"disk", gauge.MB}, {"gpus", gauge.CPUs}} {
			most, limited := r.Limit[of.name]
			has := r.Consumed.Of(of.name)
			if share := store.Share(has, most); limited && share >= nearLimit && share > worst {
				worst, text = share, fmt.Sprintf("%s of its limit: %s of %s %s", gauge.Percent(share), of.write(has), of.write(most), of.name)
			}
		}
		if worst > 0 {
			out = append(out, item{"role " + name, text, theme.Warn, screen.Target{Kind: screen.Roles, Arg: name}})
		}
	}
	return out
}

// alarmsEvery is how old what is known of tasks close to their limits may be.
const alarmsEvery = 30 * time.Second

// Wants are the alarms of all agents that answer.
func (s *Screen) Wants() []feed.Want {
	agents := s.env.Store.Snapshot().Agents.Rows()
	out := make([]feed.Want, 0, len(agents))
	for _, a := range agents {
		switch a.State {
		case reeveapi.AgentActive, reeveapi.AgentDeactivated, reeveapi.AgentDraining:
			out = append(out, feed.Want{Agent: a.ID, HTTP: a.HTTP, Every: alarmsEvery, Alarms: true})
		}
	}
	return out
}

// tight are tasks that have almost no memory left before the kernel ends them.
func tight(snap *store.Snapshot) []item {
	var out []item
	for _, u := range snap.Usage {
		for _, of := range u.Tight {
			t := snap.Tasks.Get(of.Task)
			if t == nil || !t.Ended.IsZero() {
				continue
			}
			text := fmt.Sprintf("uses %s of its memory: %s of %s", gauge.Percent(store.Share(float64(of.Used), float64(of.Limit))), gauge.Bytes(of.Used), gauge.Bytes(of.Limit))
			out = append(out, item{label.Name(t), text, theme.Warn, screen.Target{Kind: screen.Task, ID: of.Task}})
		}
	}
	slices.SortFunc(out, func(a, b item) int { return cmp.Compare(a.target.ID, b.target.ID) })
	return out
}

// offers are those that a framework has had for long, the one that it has had longest of each: nobody else can use them.
func offers(snap *store.Snapshot, now time.Time) []item {
	oldest, held := map[string]*reeveapi.Offer{}, map[string]int{}
	var order []string
	for _, o := range snap.Offers.Rows() {
		if now.Sub(o.Made) < heldLong {
			continue
		}
		if oldest[o.Framework] == nil {
			order = append(order, o.Framework)
		}
		if first := oldest[o.Framework]; first == nil || o.Made.Before(first.Made) {
			oldest[o.Framework] = o
		}
		held[o.Framework]++
	}
	var out []item
	for _, id := range order {
		o := oldest[id]
		text := "has held an offer of " + o.AgentName + " for " + gauge.Since(now, o.Made)
		if n := held[id]; n > 1 {
			text = fmt.Sprintf("has held %d offers, one for %s", n, gauge.Since(now, o.Made))
		}
		out = append(out, item{o.FrameworkName, text, theme.Warn, screen.Target{Kind: screen.Offers}})
	}
	return out
}

func masters(snap *store.Snapshot) []item {
	c := snap.Cluster
	if c == nil {
		return nil
	}
	var out []item
	target := screen.Target{Kind: screen.Masters}
	if c.Leader == "" {
		out = append(out, item{"masters", "there is no leader: nothing can be launched", theme.Bad, target})
	}
	for _, m := range c.Masters {
		switch {
		case m.State == "failed":
			out = append(out, item{m.Name, "master does not answer", theme.Bad, target})
		case m.Version != "" && c.Version != "" && m.Version != c.Version:
			out = append(out, item{m.Name, "runs " + m.Version + ", the leader runs " + c.Version, theme.Warn, target})
		}
	}
	return out
}

func agents(snap *store.Snapshot, now time.Time) []item {
	on := counter(snap)
	var bad, mild []item
	for id, a := range snap.Agents.All() {
		target := screen.Target{Kind: screen.Agent, ID: id}
		since := gauge.Since(now, a.Since)
		switch a.State {
		case reeveapi.AgentUnreachable:
			bad = append(bad, item{a.Name, fmt.Sprintf("unreachable for %s, %s on it", since, plural(on(id))), theme.Bad, target})
		case reeveapi.AgentDisconnected:
			bad = append(bad, item{a.Name, fmt.Sprintf("link is down for %s, %s on it", since, plural(on(id))), theme.Warn, target})
		case reeveapi.AgentRecovered:
			mild = append(mild, item{a.Name, "known, but not heard of since the leader changed " + since + " ago", theme.Warn, target})
		case reeveapi.AgentDraining:
			mild = append(mild, item{a.Name, drains(a, now), theme.Warn, target})
		case reeveapi.AgentDrained:
			mild = append(mild, item{a.Name, "drained, and not used for " + since, theme.Warn, target})
		case reeveapi.AgentDeactivated:
			mild = append(mild, item{a.Name, fmt.Sprintf("deactivated for %s, %s on it", since, plural(on(id))), theme.Warn, target})
		}
	}
	return append(bad, mild...)
}

// versions are those of agents that are not the leader's, as after an upgrade that has not reached all.
func versions(snap *store.Snapshot) []item {
	if snap.Cluster == nil || snap.Cluster.Version == "" {
		return nil
	}
	count := map[string]int{}
	for _, a := range snap.Agents.Rows() {
		if a.Version != "" && a.Version != snap.Cluster.Version && a.State != reeveapi.AgentGone {
			count[a.Version]++
		}
	}
	var out []item
	for _, version := range slices.Sorted(maps.Keys(count)) {
		text := fmt.Sprintf("%d run %s, the leader runs %s", count[version], version, snap.Cluster.Version)
		out = append(out, item{"agents", text, theme.Warn, screen.Target{Kind: screen.Agents, Arg: "version:" + version}})
	}
	return out
}

// counter tells how many tasks are on an agent. It looks at the tasks when it is asked first: mostly, nobody asks.
func counter(snap *store.Snapshot) func(agent string) int {
	var on map[string]int
	return func(agent string) int {
		if on == nil {
			on = map[string]int{}
			for _, t := range snap.Tasks.Rows() {
				if t.Ended.IsZero() {
					on[t.Agent]++
				}
			}
		}
		return on[agent]
	}
}

// drains says how far a drain is. A task stays until its framework has acknowledged its end.
func drains(a *reeveapi.Agent, now time.Time) string {
	d := a.Drain
	if d == nil {
		return "draining"
	}
	text := "draining for " + gauge.Since(now, d.Since) + ", " + plural(a.Tasks) + " left"
	if of, known := d.Of(a.Tasks); known {
		text = fmt.Sprintf("draining for %s, %d of %s left", gauge.Since(now, d.Since), a.Tasks, plural(of))
	}
	if a.Tasks == 0 {
		text = fmt.Sprintf("draining for %s: ended, but %s not acknowledged by frameworks", gauge.Since(now, d.Since), plural(d.Left))
	}
	if d.MarkGone {
		text += ", then gone"
	}
	return text
}

func jobs(snap *store.Snapshot, now time.Time) []item {
	var bad, mild []item
	for name, j := range snap.Jobs.All() {
		target := screen.Target{Kind: screen.Job, ID: name}
		switch {
		case j.State == reeveapi.JobFailed && now.Sub(j.Ended) < 24*time.Hour:
			bad = append(bad, item{name, "job failed " + gauge.Since(now, j.Ended) + " ago" + why(j), theme.Bad, target})
		case j.Health == reeveapi.HealthCrashing:
			bad = append(bad, item{name, fmt.Sprintf("service crash-loops, %d of %d are well", j.Healthy, len(j.Instances)), theme.Bad, target})
		case j.Rollout != nil && j.Rollout.State == reeveapi.RolloutFailed && j.Ended.IsZero():
			bad = append(bad, item{name, fmt.Sprintf("update to version %d failed: %s", j.Rollout.Version, j.Rollout.Message), theme.Bad, target})
		case j.Waiting != "" && j.State != reeveapi.JobScheduled && now.Sub(j.Submitted) > waitsLong:
			mild = append(mild, item{name, "job waits: " + j.Waiting, theme.Warn, target})
		}
	}
	return append(bad, mild...)
}

// why is the message of the first instance that failed.
func why(j *reeveapi.Job) string {
	for _, i := range j.Instances {
		if i.State == "TASK_FAILED" && i.Message != "" {
			return ": " + i.Message
		}
	}
	return ""
}

// Of very many tasks, of which some change all the time, it is looked for crashes now and then only.
const (
	manyTasks = 2000
	lookEvery = 2 * time.Second
)

// crashes are those that were found last, or are found now.
func (s *Screen) crashes(snap *store.Snapshot, now time.Time) []item {
	if snap.Tasks.Len() < manyTasks || now.Sub(s.looked) >= lookEvery {
		s.crashed, s.looked = crashes(snap, now), now
	}
	return s.crashed
}

// crashes are tasks of one name and framework that failed again and again.
func crashes(snap *store.Snapshot, now time.Time) []item {
	type loop struct {
		times int
		last  *reeveapi.Task
		key   string
	}
	loops := map[string]*loop{}
	var order []string
	for key, t := range snap.Tasks.All() {
		if t.State != "TASK_FAILED" || now.Sub(t.Ended) > crashSpan || t.Job != "" && snap.Jobs.Get(t.Job) != nil && snap.Jobs.Get(t.Job).State == reeveapi.JobFailed {
			continue
		}
		name := t.Framework + "/" + t.Name
		if loops[name] == nil {
			loops[name] = &loop{}
			order = append(order, name)
		}
		l := loops[name]
		l.times++
		if l.last == nil || t.Ended.After(l.last.Ended) {
			l.last, l.key = t, key
		}
	}
	var out []item
	for _, name := range order {
		if l := loops[name]; l.times >= crashTimes {
			text := fmt.Sprintf("failed %d times in 10 min", l.times)
			if l.last.Message != "" {
				text += "; last: " + strings.TrimSpace(l.last.Message)
			}
			out = append(out, item{l.last.Name, text, theme.Bad, screen.Target{Kind: screen.Task, ID: l.key}})
		}
	}
	return out
}

func plural(n int) string {
	if n == 1 {
		return "1 task"
	}
	return fmt.Sprintf("%d tasks", n)
}
