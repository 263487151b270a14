// Package inspect is the verb reeve inspect: all that is known of one task, by the master and by the agent that has its
// container. It only shows what they say. Start reading at Command.
package inspect

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/taskstate"
	"codeberg.org/reeve/reeve/tui/cli/output"
)

// Config is what the verb needs of the command line.
type Config struct {
	Printer func() output.Printer
	Connect func() (*client.Client, error)
	Find    func(ctx context.Context, c *client.Client, name string) (reeveapi.Task, error)
}

// patience is how long the agent may take to look.
const patience = 10 * time.Second

// Seen is what is said with -o json.
type Seen struct {
	Task      reeveapi.Task             `json:"task"`
	Container *reeveapi.ContainerDetail `json:"container,omitempty"` // while the agent has one, or remembers it
	Unseen    string                    `json:"unseen,omitempty"`    // why there is none
}

// Command returns the verb.
func Command(cfg Config) *cobra.Command {
	return &cobra.Command{
		Use: "inspect TASK|JOB", Short: "Show all that is known of a task: its states, image, fetched files, memory, GPUs, networks", Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			c, err := cfg.Connect()
			if err != nil {
				return err
			}
			defer c.Close()
			task, err := cfg.Find(command.Context(), c, args[0])
			if err != nil {
				return err
			}
			return show(cfg.Printer(), look(command.Context(), c, task), time.Now())
		},
	}
}

// look asks the agent, too; one that cannot be asked is no error: what the master knows is known.
func look(ctx context.Context, c *client.Client, t reeveapi.Task) Seen {
	seen := Seen{Task: t}
	if t.AgentHTTP == "" {
		return seen
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var err error
	if seen.Container, err = c.ContainerDetail(ctx, t.AgentHTTP, t.Framework, t.ID); err != nil {
		seen.Container, seen.Unseen = nil, err.Error()
	}
	return seen
}

func show(p output.Printer, seen Seen, now time.Time) error {
	t := &seen.Task
	if !p.Tabular() {
		if p.Form == output.Name {
			fmt.Fprintln(p.Out, output.OneLine(t.Framework+"/"+t.ID))
			return nil
		}
		return p.Data(seen)
	}
	page := &page{p: p}
	page.task(t, now)
	page.fact("image", cmp.Or(t.Image, "none: the host's files"))
	if d := seen.Container; d != nil {
		page.made(d)
		page.container(d)
	}
	page.fact("container", seen.Unseen)
	return page.err
}

// page is facts, one a line, the names in a column.
type page struct {
	p   output.Printer
	err error
}

const nameWidth = 12

// fact writes what there is to say, a line for each value.
func (p *page) fact(name string, values ...string) {
	for _, v := range values {
		if v == "" || p.err != nil {
			continue
		}
		_, p.err = fmt.Fprintf(p.p.Out, "%-*s %s\n", nameWidth, name, output.OneLine(v))
		name = ""
	}
}

// task is what the master knows.
func (p *page) task(t *reeveapi.Task, now time.Time) {
	p.fact("task", t.Framework+"/"+t.ID)
	state := taskstate.LabelOf(t.State)
	switch {
	case !t.Ended.IsZero():
		state += ", ended " + output.Age(now, t.Ended) + " ago"
	case len(t.History) > 0:
		state += " for " + output.Age(now, t.History[len(t.History)-1].At)
	}
	if t.Healthy != nil {
		state += map[bool]string{true: ", healthy", false: ", unhealthy"}[*t.Healthy]
	}
	p.fact("state", state)
	p.fact("message", t.Message)
	for i, st := range t.History {
		p.fact(map[bool]string{true: "states"}[i == 0], strings.TrimPrefix(st.State, "TASK_")+" "+st.At.Local().Format("2006-01-02 15:04:05.000"))
	}
	p.fact("framework", t.FrameworkName)
	p.fact("job", t.Job)
	p.fact("role", t.Role)
	p.fact("agent", t.AgentName+" "+t.AgentHTTP)
	asked := fmt.Sprintf("%s cpus, %s memory, %s disk", output.Number(t.Requested.CPUs), output.Megabytes(t.Requested.Mem), output.Megabytes(t.Requested.Disk))
	if t.Requested.GPUs > 0 {
		asked += ", " + output.Number(t.Requested.GPUs) + " gpus"
	}
	p.fact("asked for", asked)
	p.fact("ports", t.Ports)
	p.fact("user", t.User)
	p.fact("command", t.Command)
}

// made is what was brought for the container.
func (p *page) made(d *reeveapi.ContainerDetail) {
	for _, of := range d.Images {
		took := "the agent had all of it"
		if of.PulledBytes > 0 {
			took = fmt.Sprintf("%s pulled in %s", bytes(of.PulledBytes), lasted(of.Seconds))
		}
		said := of.Digest + ", " + bytes(of.Bytes) + ", " + took
		if of.Path == "" {
			p.fact("", said)
		} else {
			p.fact("image at", of.Path, said)
		}
	}
	var files []string
	for _, a := range d.Artifacts {
		line := a.URI + " " + bytes(a.Bytes) + " in " + lasted(a.Seconds)
		if a.Cached {
			line += ", from the cache"
		}
		files = append(files, line)
	}
	p.fact("fetched", files...)
}

// container is what the agent sees of it.
func (p *page) container(d *reeveapi.ContainerDetail) {
	text := d.ID
	if d.PID > 0 {
		text += fmt.Sprintf(", pid %d on the host", d.PID)
	}
	p.fact("container", text)
	if !d.Ended {
		p.measured(d)
	}
	p.fact("volumes", d.Volumes...)
	p.fact("health", d.Health)
	p.fact("kill", d.Kill)
	p.fact("sandbox", d.Sandbox)
}

// measured is what is seen of one that is there.
func (p *page) measured(d *reeveapi.ContainerDetail) {
	p.fact("memory", fmt.Sprintf("%s resident, %s cache, %s swap; %d major faults, %d oom kills",
		bytes(d.ResidentBytes), bytes(d.CacheBytes), bytes(d.SwapBytes), d.MajorFaults, d.OOMKills))
	p.fact("cpu", fmt.Sprintf("%s user, %s system; held back in %d of %d periods", lasted(d.UserSeconds), lasted(d.SystemSeconds), d.ThrottledPeriods, d.Periods))
	p.fact("processes", map[bool]string{true: fmt.Sprint(len(d.Processes))}[d.Unseen == ""], d.Unseen)
	p.fact("gpus", strings.Join(d.GPUs, " "))
	for _, n := range d.Networks {
		p.fact("network", strings.TrimSpace(n.Name+" "+strings.Join(n.Addresses, " ")+" "+strings.Join(n.Ports, ", ")))
	}
	if d.Connections != nil {
		p.fact("connections", fmt.Sprint(*d.Connections))
	}
}

// bytes writes an amount in its unit: "17 B", "41.2 KB", "12.0 MB".
func bytes(n int64) string {
	const kb, mb = 1 << 10, 1 << 20
	switch {
	case n < kb:
		return fmt.Sprintf("%d B", n)
	case n < mb:
		return fmt.Sprintf("%.1f KB", float64(n)/kb)
	case n < 10*mb:
		return fmt.Sprintf("%.1f MB", float64(n)/mb)
	}
	return output.Megabytes(float64(n / mb))
}

// lasted writes a time as it is spoken of: "12ms", "1.5s", "2m3s".
func lasted(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
