package cli

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
)

const (
	topInterval = 2 * time.Second
	topPatience = 5 * time.Second // for one agent
	topAtOnce   = 16              // agents that are asked at once
)

// used is a task and what it uses now.
type used struct {
	Task  reeveapi.Task      `json:"task"`
	Usage reeveapi.TaskUsage `json:"usage"`
}

// topOptions are the flags.
type topOptions struct {
	once, byMemory bool
	count          int
}

func (a *app) topCommand() *cobra.Command {
	o := topOptions{}
	command := &cobra.Command{
		Use: "top", Short: "Show what running tasks use, the busiest first; on a terminal until ctrl+c", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			c, err := a.connect()
			if err != nil {
				return err
			}
			defer c.Close()
			live := !o.once && a.screen() && (a.output == formTable || a.output == formWide)
			err = a.top(command.Context(), c, o, live)
			for live && err == nil {
				if err = wait(command.Context(), topInterval); err == nil {
					err = a.top(command.Context(), c, o, live)
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
func (a *app) top(ctx context.Context, c *client.Client, o topOptions, live bool) error {
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
		fmt.Fprint(a.stdout, "\x1b[H\x1b[2J")
	}
	for _, agent := range silent {
		fmt.Fprintln(a.stderr, oneLine(agent))
	}
	return show(a, list, topListing())
}

// screen says whether stdout is a terminal, which can be drawn on again.
func (a *app) screen() bool {
	f, ok := a.stdout.(*os.File)
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
	group, turns := run.NewGroup(asking), make(chan struct{}, topAtOnce)
	for agent, tasks := range byAgent {
		group.Go("usage of "+agent, func(ctx context.Context) error {
			turns <- struct{}{}
			defer func() { <-turns }()
			ctx, cancel := context.WithTimeout(ctx, topPatience)
			defer cancel()
			usage, err := c.Usage(ctx, agent, 0)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				silent = append(silent, fmt.Sprintf("reeve: the usage of %d tasks is not known: %v", len(tasks), err))
				return nil
			}
			for _, t := range tasks {
				if u, ok := usage.Tasks[fullName(t)]; ok {
					list = append(list, used{t, u})
				}
			}
			return nil
		})
	}
	err = group.Wait()
	slices.Sort(silent)
	slices.SortFunc(list, func(x, y used) int { return cmp.Compare(fullName(x.Task), fullName(y.Task)) })
	return list, silent, cmp.Or(err, ctx.Err())
}

func topListing() listing[used] {
	const mb = 1 << 20
	bytes := func(n int64) string {
		if n < 10*mb {
			return fmt.Sprintf("%.1f MB", float64(n)/mb)
		}
		return megabytes(math.Round(float64(n) / mb))
	}
	return listing[used]{
		empty: "No task runs, or none has been measured yet.",
		name:  func(u used) string { return fullName(u.Task) },
		columns: []column[used]{
			{head: "ID", cell: func(u used) string { return u.Task.ID }},
			{head: "AGENT", cell: func(u used) string { return u.Task.AgentName }},
			{head: "CPUS", cell: func(u used) string { return fmt.Sprintf("%.2f/%s", u.Usage.CPUs, number(u.Task.Requested.CPUs)) }},
			{head: "THROTTLED", wide: true, cell: func(u used) string { return fmt.Sprintf("%.0fs", u.Usage.ThrottledSeconds) }},
			{head: "MEM", cell: func(u used) string { return bytes(u.Usage.MemBytes) + "/" + megabytes(u.Task.Requested.Mem) }},
			{head: "CACHE", cell: func(u used) string { return bytes(u.Usage.CacheBytes) }},
			{head: "DISK", cell: func(u used) string { return bytes(u.Usage.DiskBytes) }},
			{head: "READ", wide: true, cell: func(u used) string { return bytes(u.Usage.ReadBytes) }},
			{head: "WRITTEN", wide: true, cell: func(u used) string { return bytes(u.Usage.WriteBytes) }},
			{head: "RECEIVED", wide: true, cell: func(u used) string { return bytes(u.Usage.NetReceiveBytes) }},
			{head: "SENT", wide: true, cell: func(u used) string { return bytes(u.Usage.NetSendBytes) }},
			{head: "PROCS", cell: func(u used) string { return fmt.Sprint(u.Usage.Processes) }},
			{head: "THREADS", wide: true, cell: func(u used) string { return fmt.Sprint(u.Usage.Threads) }},
			{head: "FRAMEWORK", cell: func(u used) string { return u.Task.FrameworkName }},
		},
	}
}
