// Package meter makes graphs of what hosts and tasks use, with what is to be said beside them. It owns which figures are shown
// and how; it draws lines and boxes, and never asks for samples. Start reading at Graph.
package meter

import (
	"fmt"
	"strings"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
	"codeberg.org/reeve/reeve/tui/widget/spark"
)

// Graph is a row of values with a name and what they are now.
type Graph struct {
	Name     string
	Role     theme.Role
	Values   []float64
	Top      float64 // what all of it is; 0 for the largest value
	Text     string
	TextRole theme.Role
	More     string // what else there is to say, in boxes only
}

// Lines draws one line for each graph, and answers how many those are. Where what is said of them is long, the graphs are short.
func Lines(a frame.Area, all []Graph) int {
	text := 0
	for _, g := range all {
		text = max(text, frame.Width(g.Text))
	}
	w := max(min(a.W-6-text-2, 60), 8)
	for y, g := range all {
		a.Text(0, y, theme.Dim, g.Name)
		spark.Draw(a.Sub(5, y, w, 1), g.Role, g.Values, g.Top)
		a.Text(5+w+2, y, g.TextRole, a.Clip(g.Text, a.W-7-w))
	}
	return len(all)
}

// boxHeight is that of a box with a graph.
const boxHeight = 5

// Boxes draws two graphs beside each other, in boxes, and answers how many lines that took.
func Boxes(a frame.Area, all []Graph) int {
	w := a.W / 2
	for i, g := range all {
		in := a.Sub(i%2*w, i/2*boxHeight, w-i%2, boxHeight).Box(g.Name + "   " + narrow(g.Text))
		if g.More != "" {
			in.Text(0, in.H-1, theme.Dim, in.Clip(g.More, in.W))
			in.H--
		}
		spark.Chart(in, g.Role, g.Values, g.Top)
	}
	return (len(all) + 1) / 2 * boxHeight
}

// Host are the graphs of what an agent's host uses: its cores, memory, disk and network. samples are oldest first; without any
// the agent's own word counts.
func Host(samples []reeveapi.HostUsage, a *reeveapi.Agent) []Graph {
	if len(samples) == 0 && a.Usage != nil {
		samples = []reeveapi.HostUsage{*a.Usage}
	}
	cpu := Graph{Name: "cpu", Role: theme.Good, Top: a.Total.CPUs, Text: "used ?"}
	mem := Graph{Name: "mem", Role: theme.Info, Text: "used ?"}
	disk := Graph{Name: "disk", Role: theme.Accent, Text: "used ?"}
	net := Graph{Name: "net", Role: theme.Accent, Text: "in ?"}
	for i, u := range samples {
		cpu.Values = append(cpu.Values, u.CPUs)
		mem.Values, mem.Top = append(mem.Values, float64(u.MemBytes)), float64(u.MemTotalBytes)
		disk.Values, disk.Top = append(disk.Values, float64(u.DiskBytes)), float64(u.DiskTotalBytes)
		if i > 0 {
			in, out := rates(samples[i-1], u)
			net.Values = append(net.Values, in+out)
			net.Text = fmt.Sprintf("in %s/s  out %s/s", gauge.Bytes(int64(in)), gauge.Bytes(int64(out)))
		}
	}
	if n := len(samples); n > 0 {
		u := samples[n-1]
		cpu.Text = fmt.Sprintf("%5s used %6s alloc %6s total   load %.1f", gauge.CPUs(round(u.CPUs)), gauge.CPUs(a.Allocated.CPUs), gauge.CPUs(a.Total.CPUs), u.Load1)
		mem.Text = fmt.Sprintf("%5s used %6s alloc %6s total", gauge.Bytes(u.MemBytes), gauge.MB(a.Allocated.Mem), gauge.Bytes(u.MemTotalBytes))
		disk.Text = fmt.Sprintf("%5s used %6s alloc %6s total", gauge.Bytes(u.DiskBytes), gauge.MB(a.Allocated.Disk), gauge.Bytes(u.DiskTotalBytes))
	}
	return []Graph{cpu, mem, disk, net}
}

// narrow takes the spaces out that align lines.
func narrow(text string) string {
	var parts []string
	for part := range strings.SplitSeq(text, "  ") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, strings.Join(strings.Fields(part), " "))
		}
	}
	return strings.Join(parts, "  ")
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
