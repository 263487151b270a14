// Package runtimetest is the conformance suite of runtime.Runtime: what every implementation must do, so that what passes
// its tests on the fake runs on the real one. It owns no runtime. Start reading at Suite.
package runtimetest

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/sandbox"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/slowhost"
)

// Target is one implementation under test.
type Target struct {
	Runtime runtime.Runtime
	Sandbox string                  // an empty directory in which sandboxes may be made
	Restart func(*testing.T) Target // what a next agentd would see, after the death of this one
}

// The signals the suite sends.
const (
	sigKill = 9
	sigTerm = 15
)

// Suite checks an implementation; start makes a fresh target for each test.
func Suite(t *testing.T, start func(*testing.T) Target) {
	t.Helper()
	tests := []struct {
		name string
		run  func(*suite)
	}{
		{"exit statuses", (*suite).exitStatuses},
		{"known id", (*suite).knownID},
		{"missing command", (*suite).missingCommand},
		{"terminate", (*suite).terminate},
		{"ask to end", (*suite).askToEnd},
		{"kill all", (*suite).killAll},
		{"many waiters", (*suite).manyWaiters},
		{"wait gives up", (*suite).waitGivesUp},
		{"delete", (*suite).deletes},
		{"unknown id", (*suite).unknownID},
		{"stats", (*suite).stats},
		{"resize", (*suite).resizes},
		{"pod", (*suite).pods},
		{"exec", (*suite).execs},
		{"recover", (*suite).recovers},
		{"parallel", (*suite).parallel},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.run(&suite{T: t, Target: start(t)})
		})
	}
}

type suite struct {
	*testing.T
	Target
}

func (s *suite) ctx() context.Context {
	ctx, cancel := context.WithTimeout(s.Context(), slowhost.Scale(20*time.Second))
	s.Cleanup(cancel)
	return ctx
}

// spec is a container with a sandbox of its own.
func (s *suite) spec(id string, argv ...string) runtime.Spec {
	s.Helper()
	dir := filepath.Join(s.Sandbox, id)
	if err := sandbox.Create(dir, ""); err != nil {
		s.Fatal(err)
	}
	return runtime.Spec{
		ID: ids.Container(id), Argv: argv, Env: []string{"PATH=/usr/bin:/bin"}, Sandbox: dir,
		Stdout: filepath.Join(dir, "stdout"), Stderr: filepath.Join(dir, "stderr"),
	}
}

func (s *suite) launch(spec runtime.Spec) runtime.Started {
	s.Helper()
	started, err := s.Runtime.Launch(s.ctx(), spec)
	if err != nil {
		s.Fatalf("launch %v: %v", spec.Argv, err)
	}
	return started
}

func (s *suite) wait(id ids.Container) runtime.Exit {
	s.Helper()
	exit, err := s.Runtime.Wait(s.ctx(), id)
	if err != nil {
		s.Fatalf("wait %s: %v", id, err)
	}
	return exit
}

func (s *suite) end(id ids.Container) {
	s.Helper()
	if err := s.Runtime.Signal(s.ctx(), id, sigKill, true); err != nil {
		s.Fatal(err)
	}
	s.wait(id)
	if err := s.Runtime.Delete(s.ctx(), id); err != nil {
		s.Fatal(err)
	}
}

func (s *suite) exitStatuses() {
	for i, test := range []struct {
		argv []string
		want int
	}{
		{[]string{"true"}, 0},
		{[]string{"false"}, 1 << 8},
		{[]string{"sh", "-c", "exit 7"}, 7 << 8},
		{[]string{"/bin/sh", "-c", "exit 255"}, 255 << 8},
	} {
		spec := s.spec(fmt.Sprintf("exit-%d", i), test.argv...)
		before := time.Now()
		started := s.launch(spec)
		if started.PID <= 0 || started.At.Before(before.Add(-time.Second)) {
			s.Errorf("%v: started %+v, want a pid and the time of the launch", test.argv, started)
		}
		exit := s.wait(spec.ID)
		if exit.WaitStatus != test.want || exit.Lost || exit.OOMKilled {
			s.Errorf("%v: got %+v, want wait status %d", test.argv, exit, test.want)
		}
		if exit.Ended.Before(exit.Started) || exit.Started.IsZero() {
			s.Errorf("%v: started %v, ended %v", test.argv, exit.Started, exit.Ended)
		}
	}
}

func (s *suite) knownID() {
	spec := s.spec("known", "sleep", "1000")
	first, second := s.launch(spec), s.launch(spec)
	if diff := cmp.Diff(first, second, cmpopts.EquateApproxTime(0)); diff != "" {
		s.Errorf("launching a known id (-first +second):\n%s", diff)
	}
	s.end(spec.ID)
}

func (s *suite) missingCommand() {
	spec := s.spec("missing", "/no/such/command")
	_, err := s.Runtime.Launch(s.ctx(), spec)
	if err == nil || !strings.Contains(err.Error(), "/no/such/command") {
		s.Fatalf("launch of a missing command: %v, want an error that names it", err)
	}
	if _, err := s.Runtime.Wait(s.ctx(), spec.ID); fault.KindOf(err) != fault.NotFound {
		s.Errorf("wait after a failed launch: %v, want not found", err)
	}
	spec.Argv = []string{"true"} // the id is free again
	s.launch(spec)
	s.wait(spec.ID)
}

func (s *suite) terminate() {
	spec := s.spec("term", "sleep", "1000")
	s.launch(spec)
	if err := s.Runtime.Signal(s.ctx(), spec.ID, sigTerm, false); err != nil {
		s.Fatal(err)
	}
	if got := s.wait(spec.ID).WaitStatus; got != sigTerm {
		s.Errorf("wait status %d after SIGTERM, want %d", got, sigTerm)
	}
	if err := s.Runtime.Signal(s.ctx(), spec.ID, sigTerm, false); err != nil {
		s.Errorf("signalling an ended container: %v", err)
	}
}

// askToEnd: without a signal of its own a container is asked by SIGTERM.
func (s *suite) askToEnd() {
	spec := s.spec("ask", "sleep", "1000")
	s.launch(spec)
	if err := s.Runtime.Signal(s.ctx(), spec.ID, runtime.AskToEnd, true); err != nil {
		s.Fatal(err)
	}
	if got := s.wait(spec.ID).WaitStatus; got != sigTerm {
		s.Errorf("wait status %d after it was asked to end, want %d", got, sigTerm)
	}
}

func (s *suite) killAll() {
	spec := s.spec("kill", "sleep", "1000")
	s.launch(spec)
	if err := s.Runtime.Signal(s.ctx(), spec.ID, sigKill, true); err != nil {
		s.Fatal(err)
	}
	if got := s.wait(spec.ID).WaitStatus; got != sigKill {
		s.Errorf("wait status %d after SIGKILL, want %d", got, sigKill)
	}
}

func (s *suite) manyWaiters() {
	spec := s.spec("waiters", "sleep", "1000")
	s.launch(spec)
	var wg sync.WaitGroup
	exits := make([]runtime.Exit, 5)
	errs := make([]error, 5)
	ctx := s.ctx()
	for i := range exits {
		wg.Go(func() { exits[i], errs[i] = s.Runtime.Wait(ctx, spec.ID) })
	}
	if err := s.Runtime.Signal(s.ctx(), spec.ID, sigTerm, false); err != nil {
		s.Fatal(err)
	}
	wg.Wait()
	again := s.wait(spec.ID)
	for i := range exits {
		if errs[i] != nil {
			s.Errorf("waiter %d: %v", i, errs[i])
		}
		if diff := cmp.Diff(exits[i], again); diff != "" {
			s.Errorf("waiter %d (-got +a later one):\n%s", i, diff)
		}
	}
}

func (s *suite) waitGivesUp() {
	spec := s.spec("patience", "sleep", "1000")
	s.launch(spec)
	ctx, cancel := context.WithTimeout(s.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := s.Runtime.Wait(ctx, spec.ID); !errors.Is(err, context.DeadlineExceeded) {
		s.Errorf("wait: %v, want the context's end", err)
	}
	s.end(spec.ID)
}

func (s *suite) deletes() {
	spec := s.spec("delete", "sleep", "1000")
	s.launch(spec)
	if err := s.Runtime.Delete(s.ctx(), spec.ID); fault.KindOf(err) != fault.Conflict {
		s.Errorf("deleting a running container: %v, want a conflict", err)
	}
	s.end(spec.ID)
	if err := s.Runtime.Delete(s.ctx(), spec.ID); err != nil {
		s.Errorf("deleting twice: %v", err)
	}
	if _, err := s.Runtime.Wait(s.ctx(), spec.ID); fault.KindOf(err) != fault.NotFound {
		s.Errorf("wait after delete: %v, want not found", err)
	}
}

func (s *suite) unknownID() {
	const id = ids.Container("nobody")
	if _, err := s.Runtime.Wait(s.ctx(), id); fault.KindOf(err) != fault.NotFound {
		s.Errorf("wait: %v, want not found", err)
	}
	if err := s.Runtime.Signal(s.ctx(), id, sigTerm, false); fault.KindOf(err) != fault.NotFound {
		s.Errorf("signal: %v, want not found", err)
	}
	if err := s.Runtime.Resize(s.ctx(), id, runtime.Limits{}); fault.KindOf(err) != fault.NotFound {
		s.Errorf("resize: %v, want not found", err)
	}
	if _, err := s.Runtime.Stats(s.ctx(), id); fault.KindOf(err) != fault.NotFound {
		s.Errorf("stats: %v, want not found", err)
	}
	if err := s.Runtime.Delete(s.ctx(), id); err != nil {
		s.Errorf("delete: %v, want none", err)
	}
}

func (s *suite) stats() {
	spec := s.spec("stats", "sleep", "1000")
	spec.Limits.MemBytes = 64 << 20
	s.launch(spec)
	stats, err := s.Runtime.Stats(s.ctx(), spec.ID)
	if err != nil {
		s.Fatal(err)
	}
	if stats.At.IsZero() || stats.Processes < 1 || stats.MemLimit != spec.Limits.MemBytes {
		s.Errorf("got %+v, want a time, a process and the limit", stats)
	}
	s.end(spec.ID)
}

func (s *suite) resizes() {
	spec := s.spec("resize", "sleep", "1000")
	spec.Limits = runtime.Limits{CPUs: 0.5, MemBytes: 64 << 20}
	s.launch(spec)
	for _, limits := range []runtime.Limits{
		{CPUs: 2, CPUQuota: 1.5, MemBytes: 256 << 20, Pids: 100}, {CPUs: 0.1, MemBytes: 64 << 20}, {}, {MemBytes: 48 << 20},
	} {
		if err := s.Runtime.Resize(s.ctx(), spec.ID, limits); err != nil {
			s.Fatalf("resize to %+v: %v", limits, err)
		}
		stats, err := s.Runtime.Stats(s.ctx(), spec.ID)
		if err != nil {
			s.Fatal(err)
		}
		if stats.MemLimit != limits.MemBytes {
			s.Errorf("resized to %+v, the memory limit is %d", limits, stats.MemLimit)
		}
	}
	if err := s.Runtime.Signal(s.ctx(), spec.ID, sigKill, true); err != nil {
		s.Fatal(err)
	}
	if exit := s.wait(spec.ID); exit.OOMKilled {
		s.Errorf("got %+v: a limit above what is in use killed", exit)
	}
	if err := s.Runtime.Resize(s.ctx(), spec.ID, spec.Limits); err != nil {
		s.Errorf("resizing an ended container: %v", err)
	}
}

func (s *suite) recovers() {
	running, ended, deleted := s.spec("running", "sleep", "1000"), s.spec("ended", "sh", "-c", "exit 3"), s.spec("deleted", "true")
	started := s.launch(running)
	s.launch(ended)
	s.launch(deleted)
	s.wait(ended.ID)
	s.wait(deleted.ID)
	if err := s.Runtime.Delete(s.ctx(), deleted.ID); err != nil {
		s.Fatal(err)
	}

	s.Target = s.Restart(s.T)
	recovered, err := s.Runtime.Recover(s.ctx())
	if err != nil {
		s.Fatal(err)
	}
	got := make(map[ids.Container]runtime.Recovered)
	for _, r := range recovered {
		got[r.ID] = r
	}
	if len(got) != 2 {
		s.Fatalf("recovered %d containers, want 2: %+v", len(got), recovered)
	}
	if r := got[running.ID]; r.Exit != nil || r.Started.PID != started.PID || !r.Started.At.Equal(started.At) {
		s.Errorf("running container: got %+v, want it running since %+v", r, started)
	}
	if r := got[ended.ID]; r.Exit == nil || r.Exit.WaitStatus != 3<<8 {
		s.Errorf("ended container: got %+v, want wait status %d", r.Exit, 3<<8)
	}
	s.end(running.ID)
	if got := s.wait(ended.ID).WaitStatus; got != 3<<8 {
		s.Errorf("wait after recovery: status %d, want %d", got, 3<<8)
	}
	if err := s.Runtime.Delete(s.ctx(), ended.ID); err != nil {
		s.Errorf("delete after recovery: %v", err)
	}
}

func (s *suite) parallel() {
	var wg sync.WaitGroup
	ctx := s.ctx()
	for i := range 8 {
		spec := s.spec(fmt.Sprintf("p-%d", i), "sh", "-c", fmt.Sprintf("exit %d", i))
		wg.Go(func() {
			if _, err := s.Runtime.Launch(ctx, spec); err != nil {
				s.Errorf("launch %d: %v", i, err)
				return
			}
			exit, err := s.Runtime.Wait(ctx, spec.ID)
			if err != nil || exit.WaitStatus != i<<8 {
				s.Errorf("container %d: %+v, %v", i, exit, err)
			}
		})
	}
	wg.Wait()
}
