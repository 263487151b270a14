package meter

import (
	"fmt"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
)

// Task are the graphs of what a task uses: its cores, memory, disk, and network if it has one of its own. There must be a sample;
// they are oldest first.
func Task(samples []reeveapi.TaskUsage, t *reeveapi.Task) []Graph {
	values := func(get func(reeveapi.TaskUsage) float64) []float64 {
		out := make([]float64, len(samples))
		for i, x := range samples {
			out[i] = get(x)
		}
		return out
	}
	u := samples[len(samples)-1]
	cpu := fmt.Sprintf("%.2f of %s cpus", u.CPUs, gauge.CPUs(t.Requested.CPUs))
	if u.ThrottledSeconds > 0 {
		cpu += fmt.Sprintf("   throttled %.1fs", u.ThrottledSeconds)
	}
	mem, memRole := memory(u, t)
	disk := gauge.Bytes(u.DiskBytes) + " of " + gauge.MB(t.Requested.Disk) + " sandbox   " + fmt.Sprint(u.Processes) + " processes" + traffic(samples)
	all := []Graph{
		{Name: "cpu", Role: theme.Good, Values: values(func(x reeveapi.TaskUsage) float64 { return x.CPUs }), Top: t.Requested.CPUs, Text: cpu, TextRole: theme.Text},
		{Name: "mem", Role: theme.Info, Values: values(func(x reeveapi.TaskUsage) float64 { return float64(x.MemBytes) }), Top: limit(u, t), Text: mem, TextRole: memRole},
		{Name: "disk", Role: theme.Accent, Values: values(func(x reeveapi.TaskUsage) float64 { return float64(x.DiskBytes) }), Top: t.Requested.Disk * (1 << 20), Text: disk, TextRole: theme.Text},
	}
	if u.NetReceiveBytes+u.NetSendBytes > 0 { // a network of its own
		all = append(all, network(samples))
	}
	return all
}

// traffic is what is read from disks and written to them, in bytes a second; "" if nothing ever was, or nobody counts it.
func traffic(samples []reeveapi.TaskUsage) string {
	if len(samples) < 2 {
		return ""
	}
	a, b := samples[len(samples)-2], samples[len(samples)-1]
	seconds := b.At.Sub(a.At).Seconds()
	if seconds <= 0 || b.ReadBytes+b.WriteBytes == 0 {
		return ""
	}
	read, written := max(float64(b.ReadBytes-a.ReadBytes)/seconds, 0), max(float64(b.WriteBytes-a.WriteBytes)/seconds, 0)
	return fmt.Sprintf("   read %s/s  write %s/s", gauge.Bytes(int64(read)), gauge.Bytes(int64(written)))
}

// Faults is how many pages had to come from a disk, in a second; "" while none has to.
func Faults(samples []reeveapi.TaskUsage) string {
	if len(samples) < 2 {
		return ""
	}
	a, b := samples[len(samples)-2], samples[len(samples)-1]
	seconds := b.At.Sub(a.At).Seconds()
	if seconds <= 0 || b.MajorFaults <= a.MajorFaults {
		return ""
	}
	return "   faults " + Rate(float64(b.MajorFaults-a.MajorFaults)/seconds)
}

// Rate writes a number of events a second: whole ones, unless there are few.
func Rate(perSecond float64) string {
	if perSecond > 0 && perSecond < 1 {
		return fmt.Sprintf("%.1f/s", perSecond)
	}
	return fmt.Sprintf("%.0f/s", perSecond)
}

// network is what went through the task's own network, in bytes a second.
func network(samples []reeveapi.TaskUsage) Graph {
	g := Graph{Name: "net", Role: theme.Accent, Text: "in ?", TextRole: theme.Text}
	for i := 1; i < len(samples); i++ {
		a, b := samples[i-1], samples[i]
		seconds := b.At.Sub(a.At).Seconds()
		if seconds <= 0 {
			continue
		}
		in, out := max(float64(b.NetReceiveBytes-a.NetReceiveBytes)/seconds, 0), max(float64(b.NetSendBytes-a.NetSendBytes)/seconds, 0)
		g.Values = append(g.Values, in+out)
		g.Text = fmt.Sprintf("in %s/s   out %s/s", gauge.Bytes(int64(in)), gauge.Bytes(int64(out)))
	}
	return g
}

func limit(u reeveapi.TaskUsage, t *reeveapi.Task) float64 {
	if u.MemLimitBytes > 0 {
		return float64(u.MemLimitBytes)
	}
	return t.Requested.Mem * (1 << 20)
}

func memory(u reeveapi.TaskUsage, t *reeveapi.Task) (string, theme.Role) {
	text, role := gauge.Bytes(u.MemBytes)+" of "+gauge.Bytes(int64(limit(u, t))), theme.Text
	if share := float64(u.MemBytes) / max(limit(u, t), 1); share > 0.9 {
		text, role = text+"  ! "+gauge.Percent(share), theme.Warn
	}
	text += "   cache " + gauge.Bytes(u.CacheBytes)
	if u.OOMKills > 0 {
		text, role = text+fmt.Sprintf("   %d oom kills", u.OOMKills), theme.Bad
	}
	return text, role
}
