package meter

import (
	"fmt"
	"path"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
)

// Close is a close look at a host: the newest, and one before it, which rates are made of. The zero value is none.
type Close struct {
	Before, Now *reeveapi.HostDetail
}

// Take takes a newer look.
func (c *Close) Take(d *reeveapi.HostDetail) {
	if c.Now != nil && !d.At.After(c.Now.At) {
		return
	}
	c.Before, c.Now = c.Now, d
}

// Fact is something with a name.
type Fact struct{ Name, Text string }

// rate is how much a counter grew a second; false until there are two looks, and after a reboot.
func (c *Close) rate(of func(d *reeveapi.HostDetail) float64) (perSecond float64, known bool) {
	if c.Before == nil || c.Now == nil {
		return 0, false
	}
	seconds, grown := c.Now.At.Sub(c.Before.At).Seconds(), of(c.Now)-of(c.Before)
	if seconds <= 0 || grown < 0 {
		return 0, false
	}
	return grown / seconds, true
}

// shares are the parts of all cores that went where.
func (c *Close) shares() string {
	if c.Now == nil || c.Now.Cores == 0 {
		return ""
	}
	cores, text := float64(c.Now.Cores), ""
	for _, of := range []struct {
		name string
		get  func(d *reeveapi.HostDetail) float64
	}{
		{"user", func(d *reeveapi.HostDetail) float64 { return d.UserSeconds }},
		{"sys", func(d *reeveapi.HostDetail) float64 { return d.SystemSeconds }},
		{"iowait", func(d *reeveapi.HostDetail) float64 { return d.WaitSeconds }},
		{"stolen", func(d *reeveapi.HostDetail) float64 { return d.StolenSeconds }},
	} {
		v, known := c.rate(of.get)
		if known && (v > 0 || of.name != "stolen") {
			text += "  " + of.name + " " + gauge.Percent(v/cores)
		}
	}
	return text
}

func bytesRate(v float64, known bool) string {
	if !known {
		return "?"
	}
	return gauge.Bytes(int64(v)) + "/s"
}

// pressure is for how much of the time something waited, "" where the kernel does not say.
func pressure(p *reeveapi.Pressure, of func(p *reeveapi.Pressure) float64) string {
	if p == nil {
		return ""
	}
	return fmt.Sprintf("  pressure %.1f%%", of(p))
}

// more is what there is to say below the graphs of Host, by their names.
func (c *Close) more() map[string]string {
	d := c.Now
	if d == nil {
		return nil
	}
	read, known := c.rate(func(d *reeveapi.HostDetail) float64 { return float64(d.ReadBytes) })
	written, _ := c.rate(func(d *reeveapi.HostDetail) float64 { return float64(d.WriteBytes) })
	disk := "read " + bytesRate(read, known) + "  write " + bytesRate(written, known) + pressure(d.Pressure, func(p *reeveapi.Pressure) float64 { return p.IO })
	if d.SandboxSeconds > 0 {
		disk += "  sandboxes kept " + gauge.Age(kept(d))
	}
	return map[string]string{
		"cpu": fmt.Sprintf("load %.1f %.1f %.1f", d.Load[0], d.Load[1], d.Load[2]) + c.shares() + pressure(d.Pressure, func(p *reeveapi.Pressure) float64 { return p.CPU }),
		"mem": fmt.Sprintf("cache %s  swap %s  oom kills %d", gauge.Bytes(d.CacheBytes), gauge.Bytes(d.SwapBytes), d.OOMKills) +
			pressure(d.Pressure, func(p *reeveapi.Pressure) float64 { return p.Mem }),
		"disk": disk,
		"net":  fmt.Sprintf("drops %d", d.NetDropped) + c.again(),
	}
}

// again is the share of TCP segments that were sent again.
func (c *Close) again() string {
	sent, known := c.rate(func(d *reeveapi.HostDetail) float64 { return float64(d.TCPSent) })
	again, _ := c.rate(func(d *reeveapi.HostDetail) float64 { return float64(d.TCPSentAgain) })
	switch {
	case !known:
		return ""
	case sent == 0:
		return "  tcp retrans 0%"
	}
	return fmt.Sprintf("  tcp retrans %.1f%%", 100*again/sent)
}

// With adds to the graphs of Host what a close look has found.
func (c *Close) With(all []Graph) []Graph {
	more := c.more()
	for i := range all {
		all[i].More = more[all[i].Name]
	}
	return all
}

// Facts are all that a close look has found, for those who have no room for boxes, too.
func (c *Close) Facts() []Fact {
	d, more := c.Now, c.more()
	if d == nil {
		return nil
	}
	build := d.Version
	if d.Commit != "" {
		build += "  commit " + d.Commit
	}
	if !d.Built.IsZero() {
		build += "  of " + d.Built.Local().Format("2006-01-02 15:04")
	}
	facts := []Fact{
		{"agentd", build},
		{"started", d.Started.Local().Format("2006-01-02 15:04:05") + ", " + gauge.Age(d.At.Sub(d.Started)) + " ago"},
		{"kernel", d.Kernel},
	}
	if !d.Booted.IsZero() {
		facts = append(facts, Fact{"booted", d.Booted.Local().Format("2006-01-02 15:04:05") + ", " + gauge.Age(d.At.Sub(d.Booted)) + " ago"})
	}
	facts = append(facts, Fact{"cores", fmt.Sprint(d.Cores)})
	for _, name := range []string{"cpu", "mem", "disk", "net"} {
		facts = append(facts, Fact{name, more[name]})
	}
	if len(d.GPUs) > 0 {
		facts = append(facts, Fact{"gpus", gpus(d.GPUs)})
	}
	return facts
}

// gpus says which are free, and who has the others.
func gpus(all []reeveapi.GPU) string {
	used, each := 0, make([]string, 0, len(all))
	for _, g := range all {
		of := "free"
		if g.Container != "" {
			used++
			of = "of " + g.Container
		}
		if len(g.Tasks) > 0 {
			names := make([]string, 0, len(g.Tasks))
			for _, t := range g.Tasks {
				_, id, _ := strings.Cut(t, "/")
				names = append(names, id)
			}
			of = strings.Join(names, " ")
		}
		each = append(each, path.Base(g.Device)+" "+of)
	}
	return fmt.Sprintf("%d of %d held: ", used, len(all)) + strings.Join(each, ", ")
}

// kept is how long sandboxes stay that nobody uses.
func kept(d *reeveapi.HostDetail) time.Duration {
	return time.Duration(d.SandboxSeconds * float64(time.Second))
}
