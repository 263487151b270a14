package tasks

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/feed"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
	"codeberg.org/reeve/reeve/tui/widget/table"
)

// Use is what tasks use, as far as their agents were asked.
type Use struct{ Store *store.Store }

// Newest is a task's newest sample; false if there is none.
func (u Use) Newest(t *task) (reeveapi.TaskUsage, bool) {
	samples := u.Store.Snapshot().TaskUsage(t)
	if len(samples) == 0 {
		return reeveapi.TaskUsage{}, false
	}
	return samples[len(samples)-1], true
}

// CPU is in cores, 0 if it is not known.
func (u Use) CPU(t *task) float64 { sample, _ := u.Newest(t); return sample.CPUs }

// Mem is in MB, 0 if it is not known.
func (u Use) Mem(t *task) float64 {
	sample, _ := u.Newest(t)
	return float64(sample.MemBytes) / (1 << 20)
}

// CPUText is CPU for people.
func (u Use) CPUText(t *task) (string, theme.Role) {
	v := u.CPU(t)
	if v >= 100 {
		return u.text(t, fmt.Sprintf("%.1f", v))
	}
	return u.text(t, fmt.Sprintf("%.2f", v))
}

// MemText is Mem for people.
func (u Use) MemText(t *task) (string, theme.Role) { return u.text(t, gauge.MB(u.Mem(t))) }

func (u Use) text(t *task, text string) (string, theme.Role) {
	if _, known := u.Newest(t); !known {
		return "-", theme.Dim
	}
	return text, theme.Text
}

// Bar draws what is used of what was asked for.
func (u Use) Bar(a frame.Area, t *task, used, limit float64) {
	if _, known := u.Newest(t); known {
		gauge.Draw(a, store.Share(used, limit), 0)
	}
}

// Sum adds up what rows have.
func Sum(of func(*reeveapi.Task) float64, write func(float64) string) func(iter.Seq[*reeveapi.Task]) string {
	return func(rows iter.Seq[*task]) string {
		sum := 0.0
		for t := range rows {
			sum += of(t)
		}
		return write(sum)
	}
}

// The columns of use in the list of all tasks. The agents of the tasks on the screen are asked, or all of them while the list is
// sorted by one of these.
const (
	cpuUsed = "CPU USED"
	memUsed = "MEM USED"
)

// inUse are the columns of tasks that have not ended, and what those use before what they may.
func inUse(now func() time.Time, u Use, r *ranks) []column {
	cols := Active(now)
	for _, of := range []struct {
		limit, bar, used, title string
		width                   int
		text                    func(*task) (string, theme.Role)
		use, most, rank         func(*task) float64
	}{
		{"CPUS", "CPU USE", cpuUsed, "CPU", 5, u.CPUText, u.CPU, func(t *task) float64 { return t.Requested.CPUs }, r.cpus},
		{"MEM", "MEM USE", memUsed, "MEM", 6, u.MemText, u.Mem, func(t *task) float64 { return t.Requested.Mem }, r.mem},
	} {
		at := slices.IndexFunc(cols, func(c column) bool { return c.Name == of.limit })
		cols[at].Title = "/LIM"
		cols = slices.Insert(cols, at,
			column{Name: of.bar, Width: 8, Max: 12, Rank: 9, Graph: true, Draw: func(a frame.Area, t *task) { u.Bar(a, t, of.use(t), of.most(t)) }},
			column{Name: of.used, Title: of.title, Width: of.width, Right: true, Rank: 2, Text: of.text, Moves: true, Compare: table.Compare(of.rank)})
	}
	role := slices.IndexFunc(cols, func(c column) bool { return c.Name == "ROLE" })
	return slices.Insert(cols, role, Restarts(u.Store))
}

// useEvery is how old what is shown of many tasks may be.
const useEvery = 5 * time.Second

// Wants are the agents of the tasks on the screen, where there is room for what those use; or all that have tasks, while
// these are sorted by it.
func (s *Screen) Wants() []feed.Want {
	t := s.Table()
	switch {
	case s.Tabs.At == active && byUse(t):
		return s.withPreview(everybody(s.Env.Store.Snapshot()))
	case s.Tabs.At != active || !t.Draws(cpuUsed) && !t.Draws(memUsed):
		return s.withPreview(nil)
	}
	return s.withPreview(wants(s.Env, t.OnScreen()))
}

func wants(env screen.Env, rows iter.Seq[*task]) []feed.Want {
	var out []feed.Want
	seen := map[string]bool{}
	agents := env.Store.Snapshot().Agents
	for t := range rows {
		a := agents.Get(t.Agent)
		if seen[t.Agent] || a == nil || !answers(a) || t.AgentHTTP == "" {
			continue
		}
		seen[t.Agent] = true
		out = append(out, feed.Want{Agent: t.Agent, HTTP: t.AgentHTTP, Every: useEvery})
	}
	slices.SortFunc(out, func(a, b feed.Want) int { return cmp.Compare(a.Agent, b.Agent) })
	return out
}
