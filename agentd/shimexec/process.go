package shimexec

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/shimapi"
	"codeberg.org/reeve/reeve/shared/fault"
)

// process is a further process in a container, and the connection that keeps it alive.
type process struct {
	conn   *net.UnixConn
	pid    int
	master *os.File // the terminal
	stdin  *os.File
	stdout *os.File
	stderr *os.File

	write sync.Mutex // held while an order is written
	group sync.WaitGroup
	ended chan struct{}
	exit  runtime.Exit // set before ended is closed
}

// Start hands the process's ends of its streams over and waits for the answer. It leaves conn open if it fails.
func Start(ctx context.Context, conn *net.UnixConn, req shimapi.Exec, stdin bool) (runtime.Process, error) {
	p := &process{conn: conn, ended: make(chan struct{})}
	theirs, socket, err := p.open(req.TTY != nil, stdin)
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // the shim sees it, and kills
	if err == nil {
		err = p.handOver(req, theirs)
	}
	err = errors.Join(err, shimapi.CloseFiles(theirs))
	if err == nil && socket != nil {
		err = p.takeTerminal(socket)
	}
	if socket != nil {
		err = errors.Join(err, socket.Close())
	}
	if !stop() {
		err = errors.Join(ctx.Err(), err)
	}
	if err != nil {
		return nil, errors.Join(err, shimapi.CloseFiles([]*os.File{p.stdin, p.stdout, p.stderr, p.master}))
	}
	p.group.Go(p.follow)
	return p, nil
}

// open makes the streams. theirs is what the shim gets; over socket the terminal will come.
func (p *process) open(tty, stdin bool) (theirs []*os.File, socket *os.File, err error) {
	if tty {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return nil, nil, fmt.Errorf("make a socket for the terminal: %w", err)
		}
		return []*os.File{os.NewFile(uintptr(pair[0]), "console")}, os.NewFile(uintptr(pair[1]), "console"), nil
	}
	theirs = make([]*os.File, 3)
	if stdin {
		theirs[0], p.stdin, err = os.Pipe()
	} else {
		theirs[0], err = os.Open(os.DevNull)
	}
	for i, ours := range []**os.File{&p.stdout, &p.stderr} {
		if err == nil {
			*ours, theirs[i+1], err = os.Pipe()
		}
	}
	return theirs, nil, err
}

func (p *process) handOver(req shimapi.Exec, theirs []*os.File) error {
	if err := shimapi.WriteFiles(p.conn, theirs...); err != nil {
		return err
	}
	if err := shimapi.Write(p.conn, req); err != nil {
		return err
	}
	var reply shimapi.ExecReply
	if err := shimapi.Read(p.conn, &reply); err != nil {
		return shimapi.ErrGone
	}
	p.pid = reply.PID
	return reply.Error.Err()
}

// takeTerminal receives the terminal, which was sent before the shim said that the process runs.
func (p *process) takeTerminal(socket *os.File) (err error) {
	p.master, err = shimapi.ReadFile1(socket)
	return err
}

// follow waits for the word on how the process ended.
func (p *process) follow() {
	defer close(p.ended)
	var reply shimapi.ExecReply
	err := shimapi.Read(p.conn, &reply)
	if err != nil || reply.Exit == nil {
		p.exit = runtime.Exit{Lost: true, Message: "the process that held the command has gone"}
		return
	}
	p.exit = *reply.Exit
}

func (p *process) PID() int { return p.pid }

func (p *process) Stdin() io.WriteCloser {
	switch {
	case p.master != nil:
		return keepOpen{p.master}
	case p.stdin != nil:
		return p.stdin
	}
	return nil
}

// keepOpen is a terminal as an input: closing the input must not hang it up.
type keepOpen struct{ io.Writer }

func (keepOpen) Close() error { return nil }

func (p *process) Stdout() io.Reader {
	if p.master != nil {
		return terminal{p.master}
	}
	return p.stdout
}

// terminal reads a terminal's master: the kernel calls it an error when nobody has the other side open any more.
type terminal struct{ *os.File }

func (t terminal) Read(b []byte) (int, error) {
	n, err := t.File.Read(b)
	if errors.Is(err, unix.EIO) {
		err = io.EOF
	}
	return n, err
}

func (p *process) Stderr() io.Reader {
	if p.master != nil {
		return nil
	}
	return p.stderr
}

func (p *process) Resize(w runtime.Window) error {
	if p.master == nil {
		return fault.New(fault.Invalid, "change the size of a terminal: the command has none")
	}
	raw, err := p.master.SyscallConn()
	if err == nil {
		var ioctl error
		err = raw.Control(func(fd uintptr) {
			ioctl = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Row: w.Rows, Col: w.Columns})
		})
		err = errors.Join(err, ioctl)
	}
	if errors.Is(err, os.ErrClosed) {
		return nil // nothing is left to be resized
	}
	return err
}

func (p *process) Signal(signal int) error {
	p.write.Lock()
	defer p.write.Unlock()
	select {
	case <-p.ended:
		return nil
	default:
	}
	err := shimapi.Write(p.conn, shimapi.ExecSignal{Signal: signal})
	if _, ok := errors.AsType[net.Error](err); ok {
		return nil // it has just ended, or the shim has, and then everything with it
	}
	return err
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
	errs := []error{p.conn.Close()}
	for _, f := range []*os.File{p.stdin, p.stdout, p.stderr, p.master} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	for i, err := range errs {
		if errors.Is(err, os.ErrClosed) || errors.Is(err, net.ErrClosed) {
			errs[i] = nil
		}
	}
	p.group.Wait()
	return errors.Join(errs...)
}
