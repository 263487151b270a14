// Package prober carries out the probes of checks: it runs a command in a container, gets a page, or connects to a port, as
// the container would see it, and reports what came of it as an input of the machine. It decides nothing: when a probe is
// due and what its answer means is agentd/check's. What is in flight when agentd ends is forgotten. Start reading at
// Set.Do.
package prober

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"codeberg.org/reeve/reeve/agentd/check"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/workload"
	"codeberg.org/reeve/reeve/shared/logkey"
	"codeberg.org/reeve/reeve/shared/run"
)

// Config is what a set needs. Every field is required.
type Config struct {
	Runtime runtime.Execer
	Post    func(ctx context.Context, in workload.Input) error
	Log     *slog.Logger
}

// Set is all probes in flight.
type Set struct {
	cfg   Config
	group *run.Group
}

// New returns a set whose probes end with ctx, or with Stop.
func New(ctx context.Context, cfg Config) *Set { return &Set{cfg: cfg, group: run.NewGroup(ctx)} }

// Stop gives up all probes and returns when none is left.
func (s *Set) Stop() error {
	s.group.Stop()
	return s.group.Wait()
}

// Do carries out a probe. It never blocks; Probed answers, unless the set is stopped.
func (s *Set) Do(eff workload.Probe) {
	s.group.Go("probe of "+string(eff.Container), func(ctx context.Context) error {
		result := s.probe(ctx, eff)
		if ctx.Err() != nil {
			return nil // agentd is ending: the next one asks again
		}
		in := workload.Probed{Container: eff.Container, Of: eff.Probe.Of, Result: result}
		if err := s.cfg.Post(ctx, in); err != nil {
			s.cfg.Log.Debug("answer of a check was not taken: the agent is stopping", logkey.Container(eff.Container), logkey.Err(err))
		}
		return nil
	})
}

func (s *Set) probe(ctx context.Context, eff workload.Probe) check.Result {
	p := eff.Probe
	if p.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, p.Timeout)
		defer cancel()
	}
	var result check.Result
	switch p.Kind {
	case check.Command:
		result = s.command(ctx, eff)
	case check.HTTP:
		result = get(ctx, eff)
	case check.TCP:
		result = connect(ctx, eff)
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) && !result.Answered {
		result.Why = fmt.Sprintf("no answer within %v", p.Timeout)
	}
	return result
}

// command runs a command in the container; what it prints is thrown away.
func (s *Set) command(ctx context.Context, eff workload.Probe) check.Result {
	process, err := s.cfg.Runtime.Exec(ctx, eff.Container, runtime.Exec{Argv: eff.Probe.Argv, Env: eff.Probe.Env, User: eff.Probe.User})
	if err != nil {
		return check.Result{Why: err.Error()}
	}
	drained := make(chan struct{}, 2)
	for _, output := range []io.Reader{process.Stdout(), process.Stderr()} {
		s.group.Go("output of a check of "+string(eff.Container), func(context.Context) error {
			_, _ = io.Copy(io.Discard, output) // it ends when the process is closed
			drained <- struct{}{}
			return nil
		})
	}
	exit, err := process.Wait(ctx)
	if cerr := process.Close(); cerr != nil {
		s.cfg.Log.Debug("command of a check was not closed", logkey.Container(eff.Container), logkey.Err(cerr))
	}
	<-drained
	<-drained
	switch status := exit.WaitStatus; {
	case err != nil:
		return check.Result{Why: err.Error()}
	case exit.Lost:
		return check.Result{Why: "nobody saw its command end"}
	case status&0x7f != 0:
		return check.Result{Why: fmt.Sprintf("its command was ended by signal %d", status&0x7f)}
	default:
		code := int32(status >> 8 & 0xff)
		why := ""
		if code != 0 {
			why = fmt.Sprintf("its command exited with status %d", code)
		}
		return check.Result{Answered: true, ExitCode: code, Why: why}
	}
}
