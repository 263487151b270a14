package agent

import (
	"fmt"
	"strings"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
	"codeberg.org/reeve/reeve/tui/widget/spark"
)

// graph is one line: a name, the newest values, and what they are now.
type graph struct {
	name   string
	values []float64
	top    float64
	role   theme.Role
	text   string
}

// graphs draws what the host uses and answers how many lines that took.
func (s *Screen) graphs(p frame.Area, a *reeveapi.Agent) int {
	all := s.host(a)
	if p.W >= 118 && p.H >= 30 {
		return boxes(p.Sub(0, 1, p.W, p.H-1), all) + 1
	}
	p = p.Sub(1, 0, p.W-2, p.H)
	if p.H < 14 {
		all = all[:2]
	}
	text := 0
	for _, g := range all {
		text = max(text, frame.Width(g.text))
	}
	for y, g := range all {
		p.Text(0, y, theme.Dim, g.name)
		w := max(min(p.W-6-text-2, 60), 8)
		spark.Draw(p.Sub(5, y, w, 1), g.role, g.values, g.top)
		p.Text(5+w+2, y, theme.Text, p.Clip(g.text, p.W-7-w))
	}
	return len(all)
}

// boxes draws two graphs beside each other, in boxes.
func boxes(p frame.Area, all []graph) int {
	const h = 5
	w := p.W / 2
	for i, g := range all {
		in := p.Sub(i%2*w, i/2*h, w-i%2, h).Box(g.name + "   " + strings.Join(strings.Fields(g.text), " "))
		spark.Chart(in, g.role, g.values, g.top)
	}
	return (len(all) + 1) / 2 * h
}

func (s *Screen) host(a *reeveapi.Agent) []graph {
	var samples []reeveapi.HostUsage
	if u := s.env.Store.Snapshot().Usage[s.id]; u != nil {
		samples = u.Host
	}
	if len(samples) == 0 && a.Usage != nil {
		samples = []reeveapi.HostUsage{*a.Usage}
	}
	cpu := graph{name: "cpu", role: theme.Good, top: a.Total.CPUs, text: "used ?"}
	mem := graph{name: "mem", role: theme.Info, text: "used ?"}
	disk := graph{name: "disk", role: theme.Accent, text: "used ?"}
	net := graph{name: "net", role: theme.Accent, text: "in ?"}
	for i, u := range samples {
		cpu.values = append(cpu.values, u.CPUs)
		mem.values, mem.top = append(mem.values, float64(u.MemBytes)), float64(u.MemTotalBytes)
		disk.values, disk.top = append(disk.values, float64(u.DiskBytes)), float64(u.DiskTotalBytes)
		if i > 0 {
			in, out := rates(samples[i-1], u)
			net.values = append(net.values, in+out)
			net.text = fmt.Sprintf("in %s/s  out %s/s", gauge.Bytes(int64(in)), gauge.Bytes(int64(out)))
		}
	}
	if n := len(samples); n > 0 {
		u := samples[n-1]
		cpu.text = fmt.Sprintf("%5s used %6s alloc %6s total   load %.1f", gauge.CPUs(round(u.CPUs)), gauge.CPUs(a.Allocated.CPUs), gauge.CPUs(a.Total.CPUs), u.Load1)
		mem.text = fmt.Sprintf("%5s used %6s alloc %6s total", gauge.Bytes(u.MemBytes), gauge.MB(a.Allocated.Mem), gauge.Bytes(u.MemTotalBytes))
		disk.text = fmt.Sprintf("%5s used %6s alloc %6s total", gauge.Bytes(u.DiskBytes), gauge.MB(a.Allocated.Disk), gauge.Bytes(u.DiskTotalBytes))
	}
	return []graph{cpu, mem, disk, net}
}

func round(v float64) float64 { return float64(int(v*10+0.5)) / 10 }

// rates are bytes a second between two samples; a counter that went back was reset by a reboot.
func rates(a, b reeveapi.HostUsage) (in, out float64) {
	seconds := b.At.Sub(a.At).Seconds()
	if seconds <= 0 {
		return 0, 0
	}
	return max(float64(b.NetReceiveBytes-a.NetReceiveBytes)/seconds, 0), max(float64(b.NetSendBytes-a.NetSendBytes)/seconds, 0)
}
