//go:build linux && cgo

package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/opencontainers/runc/libcontainer"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/shimapi"
	"codeberg.org/reeve/reeve/agentd/strays"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/logkey"
	"codeberg.org/reeve/reeve/shared/procstate"
)

// acceptExec takes connections to the exec socket, each for one process, until the listener is closed.
func (s *server) acceptExec(listener net.Listener) error {
	for {
		conn, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("accept exec: %w", err)
		}
		unixConn, ok := conn.(*net.UnixConn)
		if !ok {
			return errors.Join(fmt.Errorf("accept exec: a %T", conn), conn.Close())
		}
		s.spawn("exec", func() { s.serveExec(unixConn) })
	}
}

// execPatience is how long a connection may take to say what it wants: all of it is sent at once.
const execPatience = 10 * time.Second

// serveExec is the life of one further process in a container: it ends with the connection, whoever closes that.
func (s *server) serveExec(conn *net.UnixConn) {
	defer func() { _ = conn.Close() }()                    // it may be closed
	_ = conn.SetReadDeadline(time.Now().Add(execPatience)) // fails on a closed one only
	files, err := shimapi.ReadFiles(conn)
	if err != nil {
		return // nobody to tell
	}
	var req shimapi.Exec
	if err := shimapi.Read(conn, &req); err != nil {
		_ = shimapi.CloseFiles(files)
		return
	}
	_ = conn.SetReadDeadline(time.Time{})
	if req.Attach {
		if err := errors.Join(s.attach(conn, &req), shimapi.CloseFiles(files)); err != nil {
			s.log.Debug("attach failed", logkey.Container(req.Container), logkey.Err(err))
		}
		return
	}
	running, err := s.startExec(&req, files)
	err = errors.Join(err, shimapi.CloseFiles(files)) // a copy kept here would hide the streams' end
	if err != nil {
		_ = shimapi.Write(conn, shimapi.ExecReply{Error: shimapi.NewError(err)})
		if running != nil {
			running.kill()
			_ = running.wait()
		}
		return
	}
	if err := shimapi.Write(conn, shimapi.ExecReply{PID: running.pid}); err != nil {
		running.kill()
	}
	s.spawn("exec orders", func() { running.obey(conn) })
	exit := running.wait()
	_ = shimapi.Write(conn, shimapi.ExecReply{Exit: &exit}) // whoever has gone does not want to know
}

func (s *server) startExec(req *shimapi.Exec, files []*os.File) (*execution, error) {
	c, err := s.find(req.Container)
	if err != nil {
		return nil, err
	}
	if c == nil {
		return nil, hasEnded(req)
	}
	e, err := c.exec(req, files)
	s.trim.Reset(trimAfter)
	if err != nil {
		s.log.Debug("exec failed", logkey.Container(req.Container), logkey.Err(err))
	}
	return e, err
}

func hasEnded(req *shimapi.Exec) error {
	return fault.New(fault.Conflict, "run %q in container %s: it has ended", req.Argv[0], req.Container)
}

// execution is a further process in a container.
type execution struct {
	container *container
	process   *libcontainer.Process
	pid       int // also of its session and its process group: libcontainer makes it the leader of both
	started   time.Time

	mu    sync.Mutex // guards ended
	ended bool       // reaped: the pid may be somebody else's
}

// exec starts a process in a container as the container's own command was started, and by default as the same user. One that
// has been started, and could not become the command, is returned with the error.
func (c *container) exec(req *shimapi.Exec, files []*os.File) (*execution, error) {
	if len(req.Argv) == 0 || req.Argv[0] == "" {
		return nil, fault.New(fault.Invalid, "run in container %s: the command is empty", req.Container)
	}
	if c.cgroups.Frozen(c.group) {
		// On v2 libcontainer makes a process right in the container's cgroup. It could not become a program there, and Go cannot
		// do anything else before it has: the whole shim would stand still.
		return nil, fault.New(fault.Conflict, "run %q in container %s: it is frozen", req.Argv[0], req.Container)
	}
	proc, err := process(execProcess(c.spec, req))
	if err == nil {
		err = withLimits(proc)
	}
	if err != nil {
		return nil, err
	}
	proc.Args = slices.Insert(proc.Args, 1, "-x")
	proc.Init = false
	switch {
	case req.TTY != nil && len(files) == 1:
		proc.ConsoleSocket = files[0]
		proc.ConsoleWidth, proc.ConsoleHeight = req.TTY.Columns, req.TTY.Rows
	case req.TTY == nil && len(files) == 3:
		proc.Stdin, proc.Stdout, proc.Stderr = files[0], files[1], files[2]
	default:
		return nil, fault.New(fault.Invalid, "run in container %s: %d descriptors came", req.Container, len(files))
	}
	status, report, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	proc.ExtraFiles = []*os.File{report}
	e := &execution{container: c, process: proc, started: time.Now()}
	err = strays.Alone(func() error { return c.inner.Run(proc) })
	if err == nil {
		e.pid, err = proc.Pid()
	}
	if cerr := report.Close(); err != nil { // what keeps it open now is the process, until it is the command
		return nil, errors.Join(execFailed(req, err), cerr, status.Close())
	}
	kind, value, err := message(status)
	if err == nil && kind == msgFailed {
		err = notStarted(req.Argv[0], syscall.Errno(value))
	} else {
		err = nil // the end of the pipe: exec has closed it, or the end of the process
	}
	return e, errors.Join(err, status.Close())
}

// execProcess changes a copy of what the container's command runs as. Nobody but the container's own user has
// capabilities, and root never more than the container.
func execProcess(own *specs.Process, req *shimapi.Exec) *specs.Process {
	p := *own
	p.Args = append([]string{own.Args[0]}, req.Argv...) // the container's init
	p.Env = append(slices.Clone(own.Env), req.Env...)
	if req.Cwd != "" {
		p.Cwd = req.Cwd
	}
	if req.User != nil && req.User.UID != own.User.UID {
		p.Capabilities = &specs.LinuxCapabilities{}
	}
	if req.User != nil {
		p.User = *req.User
	}
	return &p
}

// execFailed says in people's words why a process could not be started. libcontainer passes errors through a pipe, as text.
func execFailed(req *shimapi.Exec, err error) error {
	text := err.Error()
	switch {
	case strings.Contains(text, "stopped container"):
		return hasEnded(req)
	case strings.Contains(text, "chdir to cwd"):
		return fault.New(fault.Invalid, "start command %q: it cannot start in directory %q", req.Argv[0], req.Cwd)
	case strings.Contains(text, "executable file not found"):
		return fault.New(fault.Invalid, "start command %q: it is not in any directory of PATH", req.Argv[0])
	}
	for _, errno := range []syscall.Errno{unix.ENOENT, unix.EACCES, unix.ENOEXEC, unix.ENOTDIR, unix.EISDIR, unix.E2BIG} {
		if strings.Contains(text, errno.Error()) {
			return fault.New(fault.Invalid, "start command %q: %s", req.Argv[0], errno.Error())
		}
	}
	return fmt.Errorf("start command %q: %w", req.Argv[0], err)
}

// obey carries out signals until the connection ends, and then kills.
func (e *execution) obey(conn *net.UnixConn) {
	for {
		var order shimapi.ExecSignal
		if err := shimapi.Read(conn, &order); err != nil {
			e.kill()
			return
		}
		e.signal(syscall.Signal(order.Signal))
	}
}

// signal goes to the process group. The process leads one until it chooses otherwise.
func (e *execution) signal(sig syscall.Signal) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended {
		return
	}
	if err := unix.Kill(-e.pid, sig); errors.Is(err, unix.ESRCH) {
		_ = unix.Kill(e.pid, sig) // it has left its group, or has ended
	}
}

// kill ends the process and all that it started and that stayed in its session.
func (e *execution) kill() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended {
		return
	}
	_ = unix.Kill(e.pid, unix.SIGKILL) // at most it has ended
	seen := make(map[int]bool)
	for found := true; found; {
		found = false
		for _, pid := range e.container.pids() {
			if sid, err := unix.Getsid(pid); err == nil && sid == e.pid && !seen[pid] {
				seen[pid], found = true, true // look again: it may have started another one meanwhile
				_ = unix.Kill(pid, unix.SIGKILL)
			}
		}
	}
}

// wait returns how the process ended, when what it left in its session has been killed. It occupies no thread meanwhile,
// except on kernels that cannot watch a process.
func (e *execution) wait() runtime.Exit {
	exit := runtime.Exit{Started: e.started}
	if err := awaitEnd(e.pid); err == nil {
		e.kill() // it is not reaped yet, so that its pid still names its session and nothing else
	}
	state, err := e.process.Wait()
	e.mu.Lock()
	e.ended = true
	e.mu.Unlock()
	exit.Ended = time.Now()
	if state == nil {
		exit.Lost, exit.Message = true, fmt.Sprintf("how it ended is not known: %v", err)
		return exit
	}
	ws, _ := state.Sys().(syscall.WaitStatus) // always that type on Linux
	exit.WaitStatus = int(ws)
	return exit
}

// awaitEnd returns when a child has ended; it is not reaped.
func awaitEnd(pid int) error {
	fd, err := unix.PidfdOpen(pid, unix.PIDFD_NONBLOCK)
	if err != nil {
		return err
	}
	file := os.NewFile(uintptr(fd), "pidfd")
	raw, err := file.SyscallConn()
	if err == nil {
		// Asked again whenever the descriptor becomes readable. That it has become so before is told to nobody: so look.
		err = raw.Read(func(fd uintptr) bool {
			n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
			return n > 0 || err != nil && !errors.Is(err, unix.EINTR)
		})
	}
	return errors.Join(err, file.Close())
}

// pids lists the container's processes. Without cgroups that is every process of the host; the caller looks closer.
func (c *container) pids() []int {
	if c.group != "" {
		pids, err := c.inner.Processes()
		if err == nil {
			return pids
		}
	}
	pids, err := procstate.All()
	if err != nil {
		return nil
	}
	return pids
}
