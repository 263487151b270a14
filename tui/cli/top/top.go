// Package top is the verb that shows what running tasks use: reeve top. It asks the agents themselves, many at once, and
// says which ones did not answer. Start reading at Command.
package top

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/run"
	"codeberg.org/reeve/reeve/shared/taskstate"
	"codeberg.org/reeve/reeve/tui/cli/output"
)

const (
	interval      = 2 * time.Second
	agentPatience = 5 * time.Second // for one agent
	atOnce        = 16              // agents that are asked at once
)

// patience is how long a question waits while the masters elect a leader.
const patience = 20 * time.Second

func key(t reeveapi.Task) string { return t.Framework + "/" + t.ID }

// used is a task and what it uses now.
type used struct {
	Task  reeveapi.Task      `json:"task"`
	Usage reeveapi.TaskUsage `json:"usage"`
}

// Config is what the verb needs of the command line.
type Config struct {
	Printer func() output.Printer
	Connect func() (*client.Client, error)
}

// options are the flags.
type options struct {
	once, byMemory bool
	count          int
}

// Command returns the verb.
func Command(cfg Config) *cobra.Command {
	o := options{}
	command := &cobra.Command{
		Use: "top", Short: "Show what running tasks use, the busiest first; on a terminal until ctrl+c", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			c, err := cfg.Connect()
			if err != nil {
				return err
			}
			defer c.Close()
			live := !o.once && cfg.screen() && cfg.Printer().Tabular()
			err = cfg.top(command.Context(), c, o, live)
			if !live {
				return err
			}
			tick := time.NewTicker(interval)
			defer tick.Stop()
			for err == nil {
				select {
				case <-tick.C:
					err = cfg.top(command.Context(), c, o, live)
				case <-command.Context().Done():
					err = command.Context().Err()
				}
			}
			return err
		},
	}
	command.Flags().BoolVar(&o.once, "once", false, "print it once, also on a terminal")
	command.Flags().IntVarP(&o.count, "lines", "n", 0, "show only so many tasks; 0 for all")
	command.Flags().BoolVar(&o.byMemory, "mem", false, "the largest first, by memory, instead of the busiest")
	return command
}

// top prints once, over what was there before if live.
func (cfg Config) top(ctx context.Context, c *client.Client, o options, live bool) error {
	list, silent, err := usageOfAll(ctx, c)
	if err != nil {
		return err
	}
	slices.SortStableFunc(list, func(x, y used) int {
		if o.byMemory {
			return cmp.Compare(y.Usage.MemBytes, x.Usage.MemBytes)
		}
		return cmp.Compare(y.Usage.CPUs, x.Usage.CPUs)
	})
	if o.count > 0 && len(list) > o.count {
		list = list[:o.count]
	}
	if live {
		fmt.Fprint(cfg.Printer().Out, "\x1b[H\x1b[2J")
	}
	for _, agent := range silent {
		fmt.Fprintln(cfg.Printer().Err, output.OneLine(agent))
	}
	return output.Show(cfg.Printer(), list, topListing())
}

// screen says whether stdout is a terminal, which can be drawn on again.
func (cfg Config) screen() bool {
	f, ok := cfg.Printer().Out.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

// usageOfAll asks every agent that has a running task. silent says which ones did not answer.
func usageOfAll(ctx context.Context, c *client.Client) (list []used, silent []string, err error) {
	asking, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tasks, err := c.Tasks(asking)
	if err != nil {
		return nil, nil, err
	}
	byAgent := map[string][]reeveapi.Task{}
	for _, t := range tasks {
		if t.AgentHTTP != "" && !taskstate.TerminalName(t.State) {
			byAgent[t.AgentHTTP] = append(byAgent[t.AgentHTTP], t)
		}
	}
	var mu sync.Mutex // guards list and silent
	group, turns := run.NewGroup(asking), make(chan struct{}, atOnce)
	for agent, tasks := range byAgent {
		group.Go("usage of "+agent, func(ctx context.Context) error {
			turns <- struct{}{}
			defer func() { <-turns }()
			ctx, cancel := context.WithTimeout(ctx, agentPatience)
			defer cancel()
			usage, err := c.Usage(ctx, agent, 0)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				silent = append(silent, fmt.Sprintf("reeve: the usage of %d tasks is not known: %v", len(tasks), err))
				return nil
			}
			for _, t := range tasks {
				if u, ok := usage.Tasks[key(t)]; ok {
					list = append(list, used{t, u})
				}
			}
			return nil
		})
	}
	err = group.Wait()
	slices.Sort(silent)
	slices.SortFunc(list, func(x, y used) int { return cmp.Compare(key(x.Task), key(y.Task)) })
	return list, silent, cmp.Or(err, ctx.Err())
}

func topListing() output.Listing[used] {
	const mb = 1 << 20
	bytes := func(n int64) string {
		if n < 10*mb {
			return fmt.Sprintf("%.1f MB", float64(n)/mb)
		}
		return output.Megabytes(math.Round(float64(n) / mb))
	}
	return output.Listing[used]{
		Empty: "No task runs, or none has been measured yet.",
		Name:  func(u used) string { return key(u.Task) },
		Columns: []output.Column[used]{
			{Head: "ID", Cell: func(u used) string { return u.Task.ID }},
			{Head: "AGENT", Cell: func(u used) string { return u.Task.AgentName }},
			{Head: "CPUS", Cell: func(u used) string { return fmt.Sprintf("%.2f/%s", u.Usage.CPUs, output.Number(u.Task.Requested.CPUs)) }},
			{Head: "THROTTLED", Wide: true, Cell: func(u used) string { return fmt.Sprintf("%.0fs", u.Usage.ThrottledSeconds) }},
			{Head: "MEM", Cell: func(u used) string { return bytes(u.Usage.MemBytes) + "/" + output.Megabytes(u.Task.Requested.Mem) }},
			{Head: "CACHE", Cell: func(u used) string { return bytes(u.Usage.CacheBytes) }},
			{Head: "FAULTS", Wide: true, Cell: func(u used) string { return fmt.Sprint(u.Usage.MajorFaults) }}, // from a disk
			{Head: "DISK", Cell: func(u used) string { return bytes(u.Usage.DiskBytes) }},
			{Head: "READ", Wide: true, Cell: func(u used) string { return bytes(u.Usage.ReadBytes) }},
			{Head: "WRITTEN", Wide: true, Cell: func(u used) string { return bytes(u.Usage.WriteBytes) }},
			{Head: "RECEIVED", Wide: true, Cell: func(u used) string { return bytes(u.Usage.NetReceiveBytes) }},
			{Head: "SENT", Wide: true, Cell: func(u used) string { return bytes(u.Usage.NetSendBytes) }},
			{Head: "PROCS", Cell: func(u used) string { return fmt.Sprint(u.Usage.Processes) }},
			{Head: "THREADS", Wide: true, Cell: func(u used) string { return fmt.Sprint(u.Usage.Threads) }},
			{Head: "FRAMEWORK", Cell: func(u used) string { return u.Task.FrameworkName }},
		},
	}
}
