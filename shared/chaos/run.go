package chaos

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/shared/chaos/history"
	"codeberg.org/reeve/reeve/shared/chaos/plan"
	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/run"
)

// Options say what to run.
type Options struct {
	Bin     string // folder with masterd, agentd, agentd-shim
	WorkDir string // short: it holds sockets; it is the caller's to remove
	Seed    uint64
	Size    plan.Size
	Out     io.Writer
}

// Result is how a run went.
type Result struct {
	Faults, Tasks, Updates int
	Runs                   int           // tasks that left something in a sandbox
	Settled                time.Duration // from the last fault's end until everything was at rest
	Wrong                  []string      // what must never happen and did
}

// MakeWorkDir makes a folder for a run, with a short path. It is the caller's to remove, unless it is wanted for its logs.
func MakeWorkDir() (string, error) { return os.MkdirTemp("", "rc-") }

// Waits. They are long, because the machine may be busy; what is waited for takes seconds.
const (
	startTimeout  = 90 * time.Second
	settleTimeout = 4 * time.Minute
)

type rig struct {
	cluster   *cluster
	client    *client.Client
	framework *framework
	marker    string
	out       io.Writer
	began     time.Time
}

// Run starts a cluster, does to it what the seed says, waits until it is at rest, and judges. An error means that the run
// itself failed; what the cluster did wrong is in the result.
func Run(ctx context.Context, o Options) (result Result, err error) {
	fmt.Fprintf(o.Out, "seed %d\n", o.Seed)
	network, err := newNetwork(ctx)
	if err != nil {
		return result, err
	}
	group := run.NewGroup(context.WithoutCancel(ctx))
	c := &cluster{net: network, group: group, dir: o.WorkDir}
	r := &rig{cluster: c, out: o.Out, marker: fmt.Sprintf("chaos-%d-%d", os.Getpid(), time.Now().UnixNano())}
	defer func() {
		err = errors.Join(err, c.stop(), group.Wait())
	}()
	if err := c.start(ctx, o.Bin, o.Size.Masters, o.Size.Agents); err != nil {
		return result, err
	}
	r.client, err = client.New(client.Options{Masters: c.addresses(), Dial: network.dialFrom("fw")})
	if err != nil {
		return result, err
	}
	defer r.client.Close()
	r.framework = newFramework(r.client, r.marker, o.Seed)
	if err := r.ready(ctx); err != nil {
		return result, err
	}
	r.began = time.Now()
	r.framework.began = r.began
	scheduler := run.NewGroup(ctx)
	scheduler.Go("framework", r.framework.run)
	defer scheduler.Stop()
	faults := plan.Make(o.Seed, o.Size)
	if err := r.suffer(ctx, faults, o.Size.Length, scheduler); err != nil {
		return result, errors.Join(err, r.keep(o))
	}
	r.framework.finish()
	result, err = r.settle(ctx)
	result.Faults = len(faults)
	scheduler.Stop()
	return result, errors.Join(err, scheduler.Wait(), r.keep(o))
}

// ready waits for the cluster.
func (r *rig) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		left := r.unsettled(ctx)
		if len(left) == 0 {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("the cluster did not come up: %s", strings.Join(left, "; "))
		}
		pause(ctx, 200*time.Millisecond)
	}
}

// step is something to do at a time.
type step struct {
	at   time.Duration
	text string
	do   undo
}

// suffer does the faults and undoes them.
func (r *rig) suffer(ctx context.Context, faults []plan.Fault, length time.Duration, scheduler *run.Group) error {
	var steps []step
	for _, f := range faults {
		steps = append(steps, step{at: f.At, do: func(ctx context.Context) error {
			back, hit, err := r.inject(ctx, f)
			if hit != "" {
				hit = " (" + hit + ")"
			}
			fmt.Fprintf(r.out, "%9s %s%s\n", time.Since(r.began).Round(time.Millisecond), f, hit)
			if f.For > 0 {
				steps = append(steps, step{f.End(), "end of: " + f.String(), back})
				slices.SortStableFunc(steps, func(a, b step) int { return cmp.Compare(a.at, b.at) })
			}
			return err
		}})
	}
	for len(steps) > 0 {
		next := steps[0]
		steps = steps[1:]
		if err := r.until(ctx, next.at, scheduler); err != nil {
			return err
		}
		if next.text != "" {
			fmt.Fprintf(r.out, "%9s %s\n", time.Since(r.began).Round(time.Millisecond), next.text)
		}
		if err := next.do(ctx); err != nil {
			return err
		}
	}
	return r.until(ctx, length, scheduler)
}

// until waits for a time of the run.
func (r *rig) until(ctx context.Context, at time.Duration, scheduler *run.Group) error {
	timer := time.NewTimer(at - time.Since(r.began))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-scheduler.Done():
		return errors.Join(errors.New("the framework gave up"), scheduler.Wait())
	case <-ctx.Done():
		return ctx.Err()
	}
}

// settle waits until everything is at rest, and judges.
func (r *rig) settle(ctx context.Context) (Result, error) {
	began := time.Now()
	fmt.Fprintf(r.out, "%9s the faults are over\n", time.Since(r.began).Round(time.Millisecond))
	var left []string
	for said := time.Now(); ; {
		asking, cancel := context.WithTimeout(ctx, 10*time.Second)
		left = r.unsettled(asking)
		cancel()
		if len(left) == 0 || time.Since(began) > settleTimeout || ctx.Err() != nil {
			break
		}
		if time.Since(said) > 10*time.Second {
			said = time.Now()
			fmt.Fprintf(r.out, "%9s waiting: %s\n", time.Since(r.began).Round(time.Millisecond), strings.Join(left[:min(4, len(left))], "; "))
		}
		pause(ctx, 500*time.Millisecond)
	}
	result := Result{Settled: time.Since(began).Round(time.Millisecond), Tasks: r.framework.launched}
	end := history.End{Tasks: map[string]string{}, Left: left}
	tasks, err := r.client.Tasks(ctx)
	if err != nil {
		return result, err
	}
	for _, t := range tasks {
		end.Tasks[t.ID] = t.State
	}
	var runs []history.Run
	for _, a := range r.cluster.agents {
		some, err := a.sandboxes()
		if err != nil {
			return result, err
		}
		runs = append(runs, some...)
	}
	story := r.framework.story()
	for _, e := range story {
		if e.Kind == history.Updated {
			result.Updates++
		}
	}
	result.Runs = len(runs)
	result.Wrong = history.Check(story, runs, end)
	return result, nil
}

// keep writes the record down beside the logs.
func (r *rig) keep(o Options) (err error) {
	file, err := os.Create(filepath.Join(o.WorkDir, "history.jsonl"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	encoder := json.NewEncoder(file)
	for _, e := range r.framework.story() {
		if err := encoder.Encode(e); err != nil {
			return err
		}
	}
	return nil
}
