package adhoc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
	"time"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/logkey"
)

// streams are what can be attached to: a nested container, or one of the workload that has a terminal.
func (s *Set) streams(id ids.Container) (*nested, error) {
	if n := s.find(id); n != nil {
		return n, nil
	}
	s.attaching.Lock() // and not mu: what follows asks others, and may take a while
	defer s.attaching.Unlock()
	s.mu.Lock()
	old := s.terminals[id]
	s.mu.Unlock()
	if old != nil {
		return old, nil
	}
	terminal, err := s.cfg.Runtime.Terminal(context.Background(), id)
	if kind := fault.KindOf(err); kind == fault.Unsupported || kind == fault.NotFound || kind == fault.Conflict {
		return nil, s.noStreams(id)
	}
	if err != nil {
		return nil, err
	}
	shown, err := s.follow(id)
	if err != nil {
		return nil, errors.Join(err, terminal.Close())
	}
	n := &nested{
		id: id, tty: true, hub: newHub(), starting: make(chan struct{}), ended: make(chan struct{}),
		process: &taskTerminal{Terminal: terminal, id: id, runtime: s.cfg.Runtime, shown: shown},
	}
	close(n.starting)
	s.mu.Lock()
	s.terminals[id] = n
	s.mu.Unlock()
	s.group.Go("terminal of "+string(id), func(context.Context) error {
		if err := n.run(); err != nil {
			s.cfg.Log.Debug("terminal of a task", logkey.Container(id), logkey.Err(err))
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.terminals, id)
		return nil
	})
	return n, nil
}

func (s *Set) closeTerminals() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, n := range s.terminals {
		errs = append(errs, n.process.Close())
	}
	return errors.Join(errs...)
}

// follow opens the file that a container's terminal is copied to, at its end. The task may have put anything in its place.
func (s *Set) follow(id ids.Container) (*tail, error) {
	sandbox, err := s.cfg.Sandbox(context.Background(), id)
	if err != nil || sandbox == "" {
		return nil, errors.Join(unknown(id), err)
	}
	root, err := os.OpenRoot(sandbox)
	if err != nil {
		return nil, fmt.Errorf("open sandbox: %w", err)
	}
	f, err := root.OpenFile("stdout", os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err = errors.Join(err, root.Close()); err != nil {
		return nil, fmt.Errorf("open what the task's terminal shows: %w", err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fault.New(fault.Conflict, "the task has put something else in the place of its stdout")
	}
	if err == nil {
		_, err = f.Seek(0, io.SeekEnd)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &tail{f: f, done: make(chan struct{})}, nil
}

// tail reads a file as it grows, until it is told that nothing more comes.
type tail struct {
	f    *os.File
	once sync.Once
	done chan struct{}
}

// lookAgain is how long a reader at the end waits: as long as nobody who types would notice.
const lookAgain = 20 * time.Millisecond

// Read implements io.Reader.
func (t *tail) Read(p []byte) (int, error) {
	timer := time.NewTicker(lookAgain)
	defer timer.Stop()
	for over := false; ; {
		n, err := t.f.Read(p)
		if n > 0 || err != nil && !errors.Is(err, io.EOF) || over {
			return n, err
		}
		select {
		case <-t.done:
			over = true // one more look: it may have grown before
		case <-timer.C:
		}
	}
}

func (t *tail) end() { t.once.Do(func() { close(t.done) }) }

// taskTerminal is the terminal of a task's command as a process that somebody is attached to. Letting it go does not end it.
type taskTerminal struct {
	runtime.Terminal
	id      ids.Container
	runtime runtime.Runtime
	shown   *tail
	closing sync.Once
}

var _ runtime.Process = (*taskTerminal)(nil)

// PID implements runtime.Process; nobody asks.
func (t *taskTerminal) PID() int { return 0 }

// Stdin implements runtime.Process.
func (t *taskTerminal) Stdin() io.WriteCloser { return keyboard{t.Terminal} }

// keyboard cannot be closed: the end of a terminal's input is a key.
type keyboard struct{ io.Writer }

// Close implements io.Closer.
func (keyboard) Close() error { return nil }

// Stdout implements runtime.Process.
func (t *taskTerminal) Stdout() io.Reader { return t.shown }

// Stderr implements runtime.Process.
func (t *taskTerminal) Stderr() io.Reader { return nil }

// Signal implements runtime.Process.
func (t *taskTerminal) Signal(signal int) error {
	return t.runtime.Signal(context.Background(), t.id, signal, true)
}

// Wait implements runtime.Process. It also returns when the terminal has been let go.
func (t *taskTerminal) Wait(ctx context.Context) (runtime.Exit, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var group sync.WaitGroup
	group.Go(func() {
		select {
		case <-t.shown.done:
			cancel()
		case <-ctx.Done():
		}
	})
	exit, err := t.runtime.Wait(ctx, t.id)
	t.shown.end()
	group.Wait()
	return exit, err
}

// Close implements runtime.Process: it lets the terminal go.
func (t *taskTerminal) Close() (err error) {
	t.shown.end()
	t.closing.Do(func() { err = errors.Join(t.Terminal.Close(), t.shown.f.Close()) })
	return err
}
