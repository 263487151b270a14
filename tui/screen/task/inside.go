package task

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/screen/label"
	"codeberg.org/reeve/reeve/tui/screen/meter"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
)

// lookEvery is how old a close look at the container may become.
const lookEvery = 2 * time.Second

// inside is a close look at the task's container, and one before it, which rates are made of.
type inside struct {
	before, now *reeveapi.ContainerDetail
	blind       string        // why there was none, the last time
	kept        time.Duration // how long the sandbox stays once the task has ended; 0 while that is not known
}

// looked is what a close look brought.
type looked struct {
	detail *reeveapi.ContainerDetail
	host   *reeveapi.HostDetail // of a task that has ended
	err    error
}

// again asks for the next look.
type again struct{}

// look asks the agent for a close look at the container; where that is gone, how long its sandbox is kept.
func (s *Screen) look() tea.Cmd {
	t := s.task()
	switch {
	case t == nil || t.AgentHTTP == "" || s.env.ContainerDetail == nil || t.State == "TASK_UNREACHABLE" || t.Container == "" && t.Ended.IsZero():
		return s.later()
	case !t.Ended.IsZero() && s.in.kept > 0:
		return nil // all is known
	}
	return s.env.Async(func(ctx context.Context) tea.Msg {
		ctx, cancel := context.WithTimeout(ctx, 2*lookEvery)
		defer cancel()
		if t.Ended.IsZero() {
			detail, err := s.env.ContainerDetail(ctx, t.AgentHTTP, t.Framework, t.ID)
			return looked{detail: detail, err: err}
		}
		host, err := s.env.HostDetail(ctx, t.AgentHTTP)
		l := looked{host: host, err: err}
		if detail, err := s.env.ContainerDetail(ctx, t.AgentHTTP, t.Framework, t.ID); err == nil { // else the agent remembers nothing of it
			l.detail = detail
		}
		return l
	})
}

// later looks again after a while.
func (s *Screen) later() tea.Cmd {
	return s.env.Later(lookEvery, again{})
}

// take takes a close look, and has the next one taken.
func (s *Screen) take(l looked) tea.Cmd {
	s.in.blind = ""
	switch {
	case l.err != nil:
		s.in.blind = l.err.Error()
	case l.host != nil:
		s.in.kept = max(time.Duration(l.host.SandboxSeconds*float64(time.Second)), time.Second)
		s.in.before, s.in.now = nil, l.detail
	case s.in.now == nil || l.detail.At.After(s.in.now.At):
		s.in.before, s.in.now = s.in.now, l.detail
		if s.in.before != nil && s.in.before.ID != s.in.now.ID {
			s.in.before = nil
		}
	}
	if n := len(s.tabs.Counts) - 1; s.in.now != nil && !s.in.now.Ended {
		s.tabs.Counts[n] = len(s.in.now.Processes)
	}
	return s.later()
}

// more is what there is to say below the graphs, by their names.
func (i *inside) more() map[string]string {
	d := i.now
	if d == nil || d.Ended {
		return nil
	}
	out := map[string]string{
		"mem": fmt.Sprintf("rss %s  cache %s  swap %s  oom kills %d", gauge.Bytes(d.ResidentBytes), gauge.Bytes(d.CacheBytes), gauge.Bytes(d.SwapBytes), d.OOMKills) + i.faults(),
	}
	var cpu []string
	if i.before != nil {
		if seconds := d.At.Sub(i.before.At).Seconds(); seconds > 0 {
			cpu = append(cpu, fmt.Sprintf("user %.2f  sys %.2f", (d.UserSeconds-i.before.UserSeconds)/seconds, (d.SystemSeconds-i.before.SystemSeconds)/seconds))
		}
	}
	if d.Periods > 0 {
		share := float64(d.ThrottledPeriods) / float64(d.Periods)
		cpu = append(cpu, fmt.Sprintf("throttled %.1f%% (%d of %d periods)", 100*share, d.ThrottledPeriods, d.Periods))
	}
	out["cpu"] = strings.Join(cpu, "  ")
	return out
}

// faults is how often a page was missing and had to come from a disk: in a second, and until there are two looks in all.
func (i *inside) faults() string {
	if i.before != nil {
		if seconds := i.now.At.Sub(i.before.At).Seconds(); seconds > 0 {
			return "  major faults " + meter.Rate(max(float64(i.now.MajorFaults-i.before.MajorFaults), 0)/seconds)
		}
	}
	return fmt.Sprintf("  major faults %d", i.now.MajorFaults)
}

// facts are what a close look adds to what the master knows.
func (i *inside) facts(t *reeveapi.Task, now time.Time) (out [][2]string) {
	d := i.now
	if !t.Ended.IsZero() {
		if i.kept > time.Second {
			out = append(out, [2]string{"kept", "its sandbox, until about " + label.Clock(now, t.Ended.Add(i.kept))})
		}
		if d == nil {
			return out
		}
		return append(out, [][2]string{{"volumes", i.volumes()}, {"fetched", i.fetched()}, {"health", d.Health}, {"kill", d.Kill}, {"host path", d.Sandbox}}...)
	}
	if d == nil {
		return nil
	}
	if d.PID > 0 {
		out = append(out, [2]string{"pid", fmt.Sprintf("%d on the host", d.PID)})
	}
	network := "the host's"
	if len(d.Networks) > 0 {
		var all []string
		for _, n := range d.Networks {
			all = append(all, strings.TrimSpace(n.Name+" "+strings.Join(n.Addresses, " ")+"  "+strings.Join(n.Ports, ", ")))
		}
		network = strings.Join(all, "; ")
	}
	if d.Connections != nil {
		network += fmt.Sprintf("  %d connections", *d.Connections)
	}
	out = append(out, [2]string{"network", network})
	return append(out, [][2]string{
		{"gpus", strings.Join(d.GPUs, " ")}, {"volumes", i.volumes()}, {"fetched", i.fetched()}, {"health", d.Health}, {"kill", d.Kill}, {"host path", d.Sandbox},
	}...)
}

// busyProcess is a process and how busy it is.
type busyProcess struct {
	reeveapi.Process
	cpus float64 // cores; of all its life until there are two looks
}

// busiest are the processes, those first that use most.
func (i *inside) busiest() []busyProcess {
	d := i.now
	before := map[int]reeveapi.Process{}
	if i.before != nil {
		for _, p := range i.before.Processes {
			before[p.Host] = p
		}
	}
	var all []busyProcess
	for _, p := range d.Processes {
		was, known := before[p.Host]
		seconds, used := d.At.Sub(p.Started).Seconds(), p.Seconds
		if known && was.Started.Equal(p.Started) {
			seconds, used = d.At.Sub(i.before.At).Seconds(), p.Seconds-was.Seconds
		}
		b := busyProcess{Process: p}
		if seconds > 0 {
			b.cpus = max(used/seconds, 0)
		}
		all = append(all, b)
	}
	slices.SortFunc(all, func(a, b busyProcess) int {
		return cmp.Or(cmp.Compare(b.cpus, a.cpus), cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Host, b.Host))
	})
	return all
}

// processes are the lines of the tab of that name.
func (s *Screen) processes(t *reeveapi.Task) []line {
	say := func(text string) []line { return []line{{text: text, role: theme.Dim}} }
	d := s.in.now
	switch {
	case !t.Ended.IsZero():
		return say("the task has ended, and its processes with it")
	case s.in.blind != "" && d == nil:
		return say("nothing is known of its processes: " + s.in.blind)
	case d == nil:
		return say("looking…")
	case d.Unseen != "":
		return say("its processes cannot be seen: " + d.Unseen)
	}
	const pid = 8
	out := []line{{key: "PID", keyRole: theme.Dim, width: pid, text: fmt.Sprintf("%7s %-8s %s %4s %6s %6s %6s  %s", "ON HOST", "USER", "S", "THR", "CPUS", "MEM", "AGE", "COMMAND"), role: theme.Dim}}
	for _, p := range s.in.busiest() {
		text := fmt.Sprintf("%7d %-8.8s %s %4d %6.2f %6s %6s  %s", p.Host, p.User, p.State, p.Threads, p.cpus, gauge.Bytes(p.Bytes), gauge.Age(d.At.Sub(p.Started)), p.Command)
		out = append(out, line{key: fmt.Sprint(p.PID), keyRole: theme.Text, width: pid, text: text})
	}
	return out
}
