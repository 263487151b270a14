package adhoc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"codeberg.org/reeve/reeve/agentd/launch"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/sandbox"
	"codeberg.org/reeve/reeve/agentd/shimapi"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/logkey"
)

// standalone is a container of its own, from its launch until it is removed.
type standalone struct {
	id      ids.Container
	sandbox string
	limits  runtime.Limits
	pid     int

	ended chan struct{}
	exit  runtime.Exit // set before ended is closed
}

func (a *standalone) hasEnded() bool {
	select {
	case <-a.ended:
		return true
	default:
		return false
	}
}

// standaloneRecord is what the next agentd finds of one: <work dir>/standalone/<id>/record.json, beside the sandbox.
type standaloneRecord struct {
	ID     ids.Container  `json:"id"`
	Limits runtime.Limits `json:"limits"`
	Exit   *runtime.Exit  `json:"exit,omitempty"`
}

const (
	recordFile = "record.json"
	sandboxDir = "sandbox"
)

func (s *Set) dir(id ids.Container) string {
	return filepath.Join(s.cfg.WorkDir, "standalone", string(id))
}

func (s *Set) alone(id ids.Container) *standalone {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.standalone[id]
}

func (s *Set) write(a *standalone, exit *runtime.Exit) error {
	data, err := json.Marshal(standaloneRecord{ID: a.id, Limits: a.limits, Exit: exit})
	if err != nil {
		return fmt.Errorf("record container %s: %w", a.id, err)
	}
	return shimapi.WriteFile(s.dir(a.id), recordFile, data)
}

// launchStandalone starts a container without a parent; false means that there is one of that id.
func (s *Set) launchStandalone(ctx context.Context, l Launch) (bool, error) {
	if err := l.check(); err != nil {
		return false, err
	}
	if known, err := s.cfg.Sandbox(ctx, l.ID); err != nil || known != "" {
		return false, err
	}
	a := &standalone{id: l.ID, sandbox: filepath.Join(s.dir(l.ID), sandboxDir), limits: l.Limits, ended: make(chan struct{})}
	a.limits.Pids = s.cfg.Pids
	s.mu.Lock()
	if s.standalone[l.ID] != nil {
		s.mu.Unlock()
		return false, nil
	}
	s.standalone[l.ID] = a
	s.mu.Unlock()
	if err := s.startStandalone(ctx, l, a); err != nil {
		s.mu.Lock()
		delete(s.standalone, l.ID)
		s.mu.Unlock()
		return false, errors.Join(err, os.RemoveAll(s.dir(l.ID)))
	}
	s.watch(a)
	return true, nil
}

func (s *Set) startStandalone(ctx context.Context, l Launch, a *standalone) error {
	if err := os.MkdirAll(s.dir(a.id), 0o711); err != nil {
		return fmt.Errorf("make directory for container %s: %w", a.id, err)
	}
	if err := s.write(a, nil); err != nil {
		return err
	}
	if err := sandbox.Create(a.sandbox, l.Command.GetUser()); err != nil {
		return err
	}
	started, err := s.cfg.Runtime.Launch(ctx, runtime.Spec{
		ID: l.ID, Argv: launch.Argv(l.Command), User: l.Command.GetUser(), Sandbox: a.sandbox,
		Env:    append(launch.BaseEnvironment(a.sandbox), launch.Variables(l.Command)...),
		Stdout: filepath.Join(a.sandbox, "stdout"), Stderr: filepath.Join(a.sandbox, "stderr"),
		Hidden: s.cfg.Hidden, Limits: a.limits,
	})
	s.mu.Lock()
	a.pid = started.PID
	s.mu.Unlock()
	return err
}

// watch waits for the end and frees what the container held. The record stays until it is removed.
func (s *Set) watch(a *standalone) {
	s.group.Go("container "+string(a.id), func(ctx context.Context) error {
		exit, err := s.cfg.Runtime.Wait(ctx, a.id)
		if ctx.Err() != nil {
			return ctx.Err() // agentd is stopping, and the next one waits
		}
		if err != nil {
			exit = runtime.Exit{Lost: true, Message: err.Error()}
		}
		err = errors.Join(s.write(a, &exit), s.cfg.Runtime.Delete(ctx, a.id))
		if err != nil {
			s.cfg.Log.Warn("end of a container", logkey.Container(a.id), logkey.Err(err))
		}
		a.exit = exit
		close(a.ended)
		return nil
	})
}

func (s *Set) removeStandalone(a *standalone) error {
	if !a.hasEnded() {
		return stillRunning(a.id)
	}
	if err := os.RemoveAll(s.dir(a.id)); err != nil {
		return fmt.Errorf("remove container %s: %w", a.id, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.standalone, a.id)
	return nil
}

// Recover finds the standalone containers of an earlier agentd among what the runtime found, and returns the others.
func (s *Set) Recover(found []runtime.Recovered) (others []runtime.Recovered, err error) {
	entries, err := os.ReadDir(filepath.Join(s.cfg.WorkDir, "standalone"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("look for standalone containers: %w", err)
	}
	running := make(map[ids.Container]runtime.Recovered)
	for _, r := range found {
		running[r.ID] = r
	}
	for _, entry := range entries {
		id := ids.Container(entry.Name())
		var record standaloneRecord
		data, err := shimapi.ReadFile(filepath.Join(s.dir(id), recordFile))
		if err == nil {
			err = json.Unmarshal(data, &record)
		}
		if err != nil || record.ID != id {
			s.cfg.Log.Warn("record of a standalone container cannot be read", logkey.Container(id), logkey.Err(err))
			continue
		}
		s.adopt(record, running)
		delete(running, id)
	}
	for _, r := range found {
		if _, ok := running[r.ID]; ok {
			others = append(others, r)
		}
	}
	return others, nil
}

// adopt takes one over: it ended before, it is there, or nobody knows what became of it.
func (s *Set) adopt(record standaloneRecord, running map[ids.Container]runtime.Recovered) {
	a := &standalone{
		id: record.ID, sandbox: filepath.Join(s.dir(record.ID), sandboxDir), limits: record.Limits, ended: make(chan struct{}),
	}
	r, there := running[record.ID]
	a.pid = r.Started.PID
	s.standalone[a.id] = a
	switch {
	case there:
		s.watch(a) // also one that has ended: it still has to be freed
	case record.Exit != nil:
		a.exit = *record.Exit
		close(a.ended)
	default:
		a.exit = runtime.Exit{Lost: true, Message: "it was lost while agentd was away"}
		close(a.ended)
	}
}
