package fake

import (
	"context"
	"io"
	"strings"
	"sync"
	"time"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
)

// Exec implements runtime.Execer. The script decides what the process does, as for a container with that command; beside,
// "cat" copies its input, and "echo" writes its arguments.
func (r *Runtime) Exec(_ context.Context, id ids.Container, exec runtime.Exec) (runtime.Process, error) {
	c, err := r.find(id)
	if err != nil {
		return nil, err
	}
	if c.hasEnded() {
		return nil, fault.New(fault.Conflict, "run a command in container %s: it has ended", id)
	}
	b := r.script(runtime.Spec{ID: id, Argv: exec.Argv, Env: exec.Env, User: exec.User})
	if b.LaunchErr != nil {
		return nil, b.LaunchErr
	}
	r.mu.Lock()
	r.nextPID++
	p := &process{pid: r.nextPID, tty: exec.TTY != nil, started: time.Now(), behaviour: b, ended: make(chan struct{})}
	r.mu.Unlock()
	p.open(exec)
	p.group.Go(func() { p.run(exec.Argv) })
	p.group.Go(func() { // it ends with its container
		select {
		case <-c.ended:
			p.end(runtime.Exit{WaitStatus: sigKill})
		case <-p.ended:
		}
	})
	return p, nil
}

// process is one more process of a container.
type process struct {
	pid       int
	tty       bool
	started   time.Time
	behaviour Behaviour
	group     sync.WaitGroup

	stdinR  *io.PipeReader
	stdinW  *io.PipeWriter
	stdoutR *io.PipeReader
	stdoutW *io.PipeWriter
	stderrR *io.PipeReader
	stderrW *io.PipeWriter

	mu    sync.Mutex // guards exit until ended is closed
	exit  runtime.Exit
	ended chan struct{}
}

func (p *process) open(exec runtime.Exec) {
	p.stdoutR, p.stdoutW = io.Pipe()
	if exec.Stdin || p.tty {
		p.stdinR, p.stdinW = io.Pipe()
	}
	if !p.tty {
		p.stderrR, p.stderrW = io.Pipe()
	}
}

func (p *process) run(argv []string) {
	status := p.behaviour.WaitStatus
	switch {
	case argv[0] == "echo":
		_, _ = io.WriteString(p.stdoutW, strings.Join(argv[1:], " ")+"\n") // whoever reads may have gone
	case argv[0] == "cat" && p.stdinR != nil:
		_, _ = io.Copy(p.stdoutW, p.stdinR)
	case argv[0] == "cat":
	case p.behaviour.Forever:
		<-p.ended
	default:
		timer := time.NewTimer(p.behaviour.RunFor)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-p.ended:
		}
	}
	p.end(runtime.Exit{WaitStatus: status})
}

// end is the first word on how the process ended.
func (p *process) end(exit runtime.Exit) {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.ended:
		return
	default:
	}
	exit.Started, exit.Ended = p.started, time.Now()
	p.exit = exit
	close(p.ended)
	_ = p.stdoutW.Close()
	if p.stderrW != nil {
		_ = p.stderrW.Close()
	}
	if p.stdinR != nil {
		_ = p.stdinR.Close()
	}
}

func (p *process) PID() int { return p.pid }

func (p *process) Stdin() io.WriteCloser {
	if p.stdinW == nil {
		return nil
	}
	return p.stdinW
}

func (p *process) Stdout() io.Reader { return p.stdoutR }

func (p *process) Stderr() io.Reader {
	if p.stderrR == nil {
		return nil
	}
	return p.stderrR
}

func (p *process) Resize(runtime.Window) error {
	if !p.tty {
		return fault.New(fault.Invalid, "change the size of a terminal: the command has none")
	}
	return nil
}

func (p *process) Signal(signal int) error {
	if signal == sigKill || signal == sigTerm && !p.behaviour.IgnoreTerm {
		p.end(runtime.Exit{WaitStatus: signal})
	}
	return nil
}

func (p *process) Wait(ctx context.Context) (runtime.Exit, error) {
	select {
	case <-p.ended:
		return p.exit, nil
	case <-ctx.Done():
		return runtime.Exit{}, ctx.Err()
	}
}

func (p *process) Close() error {
	p.end(runtime.Exit{WaitStatus: sigKill})
	_ = p.stdoutR.Close()
	if p.stderrR != nil {
		_ = p.stderrR.Close()
	}
	p.group.Wait()
	return nil
}
