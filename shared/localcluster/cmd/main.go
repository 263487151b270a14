// Command localcluster starts a cluster on this machine, opens the console on it, and ends it when the console is left. It
// is what make run runs; see its flags.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"

	"codeberg.org/reeve/reeve/shared/localcluster"
)

// startTimeout is generous: it bounds a wait on a loaded machine, and a daemon that fails ends it at once.
const startTimeout = time.Minute

// list is a flag that may be given more than once.
type list []string

func (l *list) String() string     { return strings.Join(*l, " ") }
func (l *list) Set(v string) error { *l = append(*l, v); return nil }

type options struct {
	cluster localcluster.Options
	console bool
	restart bool
}

func main() {
	if err := run(context.Background(), parse()); err != nil {
		fmt.Fprintln(os.Stderr, "localcluster:", err)
		os.Exit(1)
	}
}

func parse() options {
	var o options
	var masterArgs, agentArgs list
	flag.StringVar(&o.cluster.Bin, "bin", "bin", "folder with the programs")
	flag.StringVar(&o.cluster.WorkDir, "work-dir", ".run", "folder for the daemons' data and logs")
	flag.IntVar(&o.cluster.Masters, "masters", 1, "how many masters")
	flag.IntVar(&o.cluster.Agents, "agents", 1, "how many agents")
	flag.BoolVar(&o.cluster.FixedPorts, "fixed-ports", true, "5050, 5051 and so on; false takes free ports")
	flag.BoolVar(&o.console, "console", true, "open the console, if this is a terminal")
	flag.BoolVar(&o.restart, "restart", false, "without a console: start a daemon again that was killed, as a service manager does")
	flag.Var(&masterArgs, "master-arg", "argument for every masterd, repeatable")
	flag.Var(&agentArgs, "agent-arg", "argument for every agentd, repeatable")
	flag.Parse()
	o.cluster.Progress = os.Stdout
	o.cluster.MasterArgs = masterArgs
	o.cluster.AgentArgs = append(agentArgs, "--drain-on-stop") // nothing is left running that nobody looks after
	return o
}

func run(ctx context.Context, o options) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop() // a terminal that is closed (SIGHUP) ends the cluster, too
	if err := checkCounts(o.cluster); err != nil {
		return err
	}
	// Raft remembers who its voters are: a cluster of another size gets another folder.
	dir, err := filepath.Abs(filepath.Join(o.cluster.WorkDir, fmt.Sprintf("masters-%d", o.cluster.Masters)))
	if err != nil {
		return err
	}
	o.cluster.WorkDir = dir
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the work dir: %w", err)
	}
	interactive := o.console && term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stdout.Fd()))
	fmt.Printf("starting %d master(s) and %d agent(s), data and logs in %s\n", o.cluster.Masters, o.cluster.Agents, dir)
	startCtx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	cluster, err := localcluster.Start(startCtx, o.cluster)
	if err != nil {
		return err
	}
	if os.Geteuid() != 0 && o.cluster.Agents > 0 {
		fmt.Println(rootless)
	}
	if interactive {
		err = console(ctx, o.cluster.Bin, cluster.MasterList())
	} else {
		announce(os.Stdout, cluster)
		err = wait(ctx, cluster, o.restart)
	}
	fmt.Println("ending the cluster")
	return errors.Join(err, cluster.Stop(context.WithoutCancel(ctx)))
}

// rootless is what an ordinary user's agents cannot do; their logs say the same at their start.
const rootless = "not root: tasks run as you, CPU and memory limits are not enforced, and there are no statistics of tasks; " +
	"\"sudo make run\" has all of it"

func checkCounts(o localcluster.Options) error {
	if o.Masters < 1 || o.Masters%2 == 0 {
		return fmt.Errorf("%d masters asked for: a quorum needs an odd number, take 1, 3 or 5", o.Masters)
	}
	if o.Agents < 0 {
		return fmt.Errorf("%d agents asked for: take 0 or more", o.Agents)
	}
	return nil
}

// console runs the console at this terminal until it is left.
func console(ctx context.Context, bin, masters string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "reeve"), "--master="+masters)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // it has a terminal to restore
	if err := cmd.Run(); err != nil && ctx.Err() == nil {
		return fmt.Errorf("console: %w", err)
	}
	return nil
}

// announce prints where everything is, one thing a line, for people and scripts.
func announce(w io.Writer, c *localcluster.Cluster) {
	for _, m := range c.Masters {
		fmt.Fprintf(w, "%s: http://%s\n", m.Name, m.Addresses.HTTP)
	}
	for _, a := range c.Agents {
		fmt.Fprintf(w, "%s: http://%s\n", a.Name, a.Addresses.HTTP)
	}
	fmt.Fprintf(w, "masters: %s\n", c.MasterList())
	fmt.Fprintln(w, "no terminal, so no console: the cluster runs until this process is interrupted")
}

// wait returns when ctx ends, or with an error when a daemon exits by itself and is not to be started again.
func wait(ctx context.Context, c *localcluster.Cluster, restart bool) error {
	for {
		err := c.Poll(ctx, func(context.Context) (bool, string) { return false, "" })
		if ctx.Err() != nil {
			return nil // asked to end
		}
		if !restart {
			return err
		}
		fmt.Println(err)
		for _, p := range append(append([]*localcluster.Process(nil), c.Masters...), c.Agents...) {
			if p.Exited() == nil {
				continue
			}
			if err := p.Start(ctx); err != nil {
				return err
			}
		}
	}
}
