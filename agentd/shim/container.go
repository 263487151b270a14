//go:build linux && cgo

package main

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/opencontainers/runc/libcontainer"
	"github.com/opencontainers/runc/libcontainer/configs"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/cgroupfs"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/shimapi"
	"codeberg.org/reeve/reeve/agentd/shimstage"
	"codeberg.org/reeve/reeve/agentd/strays"
	"codeberg.org/reeve/reeve/shared/fault"
)

// launcher starts containers. It keeps none of them.
type launcher struct {
	stateDir string
	convert  *converter
	cgroups  cgroupfs.Host
	pods     pods
}

// container is a started one.
type container struct {
	inner   *libcontainer.Container
	process *libcontainer.Process
	status  *os.File       // what init.c reports
	master  *os.File       // its terminal; nil without
	output  *os.File       // what it shows is copied to
	shown   chan struct{}  // closed when all that the terminal has shown is in the file
	group   string         // its cgroup
	spec    *specs.Process // what its command runs as, for those that are started beside it
	pid     int
	started time.Time
	kept    func() error // takes away what was staged for others
	cgroups cgroupfs.Host

	mu    sync.Mutex // guards limit, and resizing
	limit int64      // of memory, bytes
}

// start returns when the command has been exec'ed. After an error nothing is left.
func (l *launcher) start(id string, req *shimapi.Launch) (_ *container, err error) {
	config, err := l.convert.config(id, req.Spec, req.Seccomp)
	if err != nil {
		return nil, err
	}
	if req.Pod != nil {
		if err := l.pods.set(req.Pod); err != nil {
			return nil, err
		}
	}
	proc, err := process(req.Spec.Process)
	if err == nil {
		err = withLimits(proc)
	}
	if err != nil {
		return nil, err
	}
	unstage, err := shimstage.Prepare(req)
	if err != nil {
		return nil, err
	}
	kept := nothing
	if req.Hold { // it is for others
		kept, unstage = unstage, nothing
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, kept())
		}
		err = errors.Join(err, unstage())
	}()
	files := &startFiles{}
	defer func() { err = errors.Join(err, files.closeChilds()) }()
	if err := files.open(req); err != nil {
		return nil, err
	}
	inner, err := libcontainer.Create(l.stateDir, id, config)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("create container: %w", err), files.status.Close())
	}
	if req.Hold {
		proc.Args = []string{proc.Args[0], "-h"}
	}
	proc.ExtraFiles = []*os.File{files.report}
	if req.TTY == nil {
		proc.Stdout, proc.Stderr = files.stdout, files.stderr
	} else {
		proc.ConsoleSocket, proc.ConsoleWidth, proc.ConsoleHeight = files.console, req.TTY.Columns, req.TTY.Rows
	}
	c := &container{
		inner: inner, process: proc, status: files.status, group: req.Spec.Linux.CgroupsPath, spec: req.Spec.Process, started: time.Now(), kept: kept,
		cgroups: l.cgroups,
	}
	c.limit = memoryLimit(req.Spec.Linux.Resources)
	if err := strays.Alone(func() error { return inner.Run(proc) }); err != nil {
		return nil, errors.Join(fmt.Errorf("start container: %w", err), c.destroy(), files.status.Close())
	}
	if err := errors.Join(c.openTerminal(req, files), files.closeChilds(), unstage(), c.awaitExec(req.Spec)); err != nil {
		_ = inner.Signal(unix.SIGKILL) // it is ending by itself in most cases
		_, _ = proc.Wait()             // its status has been reported
		return nil, errors.Join(err, c.destroy(), files.status.Close(), c.closeTerminal())
	}
	c.pid, err = proc.Pid()
	return c, err
}

func nothing() error { return nil }

// startFiles are the descriptors a container is started with.
type startFiles struct {
	stdout, stderr *os.File
	status, report *os.File // the two ends of a pipe: ours, and init's

	console, terminal *os.File // the two ends of a socket by which the terminal comes; nil without one
}

func (f *startFiles) open(req *shimapi.Launch) (err error) {
	user, sandbox := req.Spec.Process.User, cmp.Or(req.Sandbox, req.Spec.Process.Cwd)
	if f.stdout, err = openOutput(req.Stdout, sandbox, user); err != nil {
		return err
	}
	if f.stderr, err = openOutput(req.Stderr, sandbox, user); err != nil {
		return err
	}
	if f.status, f.report, err = os.Pipe(); err == nil && req.TTY != nil {
		f.console, f.terminal, err = socketPair()
	}
	return err
}

// closeChilds closes what only the container needs; it may be called twice.
func (f *startFiles) closeChilds() error {
	var errs []error
	for _, file := range []**os.File{&f.stdout, &f.stderr, &f.report, &f.console, &f.terminal} {
		if *file != nil {
			errs = append(errs, (*file).Close())
			*file = nil
		}
	}
	return errors.Join(errs...)
}

// openOutput opens a file of the sandbox for appending. It goes through os.Root: a task may have left a link there, and
// this process is root.
func openOutput(path, sandbox string, user specs.User) (*os.File, error) {
	if path == "" {
		return os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	}
	name, err := filepath.Rel(sandbox, path)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(sandbox)
	if err != nil {
		return nil, fmt.Errorf("open sandbox: %w", err)
	}
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
	if errors.Is(err, fs.ErrNotExist) {
		f, err = root.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
		if err == nil && int(user.UID) != os.Geteuid() {
			err = f.Chown(int(user.UID), int(user.GID))
		}
	}
	if err = errors.Join(err, root.Close()); err != nil {
		return nil, fmt.Errorf("open output file: %w", err)
	}
	return f, nil
}

// The kinds of init.c's messages.
const (
	msgFailed  = 'E'
	msgRunning = 'R'
	msgExited  = 'X'
)

// message reads one message of init.c; io.EOF when it has ended.
func message(status io.Reader) (kind, value uint32, err error) {
	var buf [8]byte
	if _, err := io.ReadFull(status, buf[:]); err != nil {
		return 0, 0, err
	}
	return binary.NativeEndian.Uint32(buf[:4]), binary.NativeEndian.Uint32(buf[4:]), nil
}

// awaitExec waits until init.c has exec'ed the command.
func (c *container) awaitExec(spec *specs.Spec) error {
	kind, value, err := message(c.status)
	if err != nil {
		return fmt.Errorf("start container: its init ended at once: %w", err)
	}
	if kind == msgRunning {
		return nil
	}
	return notStarted(spec.Process.Args[1], syscall.Errno(value))
}

// notStarted says in people's words why a command could not be exec'ed.
func notStarted(command string, errno syscall.Errno) error {
	if errno == unix.ENOENT && !strings.Contains(command, "/") {
		return fault.New(fault.Invalid, "start command %q: it is not in any directory of PATH", command)
	}
	if errno == unix.EACCES {
		return fault.New(fault.Invalid, "start command %q: permission denied; it must be a file that its user can execute, and no directory", command)
	}
	return fault.New(fault.Invalid, "start command %q: %s", command, errno.Error())
}

// wait returns how the container ended, when nothing of it is left. It occupies no thread until the end has come: the
// status pipe is in the poller.
func (c *container) wait() (runtime.Exit, error) {
	exit := runtime.Exit{Started: c.started}
	status, reported := uint32(0), false
	for {
		kind, value, err := message(c.status)
		if err != nil {
			break // init is gone, or about to be
		}
		if kind == msgExited {
			status, reported = value, true
		}
	}
	exit.Ended = time.Now()
	// Returns once the kernel has killed and reaped everything in the pid namespace, if that is the container's own.
	state, err := c.process.Wait()
	namespaces, left := c.inner.Config().Namespaces, error(nil)
	if c.group != "" && (c.cgroups.Unified || !namespaces.IsPrivate(configs.NEWPID)) {
		left = c.cgroups.KillAll(c.group) // what is left goes with it; on v2 also a command that was on its way in
	}
	switch {
	case reported:
		exit.WaitStatus = int(status)
	case state != nil:
		ws, _ := state.Sys().(syscall.WaitStatus) // always that type on Linux
		exit.WaitStatus = int(ws)
	default:
		exit.Lost = true
		exit.Message = fmt.Sprintf("how it ended is not known: %v", err)
	}
	shown := c.awaitShown()
	if c.group != "" {
		kills, own := c.cgroups.OOMKills(c.group) // before destroy: the counter goes with the cgroup
		if kills > 0 {
			exit.OOMKilled = true
			exit.Message = oomMessage(c.memoryLimit(), own)
		}
	}
	return exit, errors.Join(left, shown, c.destroy(), c.kept(), c.status.Close())
}

func oomMessage(limit int64, own bool) string {
	if own && limit > 0 {
		return fmt.Sprintf("memory limit of %d MB exceeded", limit>>20)
	}
	return "killed by the kernel because the host ran out of memory"
}

// destroy removes the cgroups and libcontainer's state of a container that has no process.
func (c *container) destroy() error {
	if err := c.inner.Destroy(); err != nil {
		return fmt.Errorf("remove what the container left: %w", err)
	}
	return nil
}

// signal sends a signal to the command, or to every process of the container.
func (c *container) signal(sig int, all bool) error {
	s := syscall.Signal(sig)
	if s == unix.SIGKILL {
		return c.kill()
	}
	// SIGSTOP stops init itself and cannot be forwarded, so it goes to everybody else.
	if !all && s != unix.SIGSTOP {
		return ended(c.process.Signal(s))
	}
	pids, err := c.processes()
	if err != nil {
		return ended(err)
	}
	for _, pid := range pids {
		if pid == c.pid {
			continue // init would forward it, and the command would get it twice
		}
		if kerr := unix.Kill(pid, s); kerr != nil && !errors.Is(kerr, unix.ESRCH) {
			err = errors.Join(err, fmt.Errorf("signal process %d: %w", pid, kerr))
		}
	}
	return err
}

// kill ends everything in the container, frozen or not. It waits for nobody: libcontainer's own way takes a lock that is
// held while a command is started in the container, and such a start may be what does not go on.
func (c *container) kill() error {
	err := ended(c.process.Signal(unix.SIGKILL)) // of a namespace's first process all others die
	if c.group != "" {
		err = errors.Join(err, c.cgroups.KillAll(c.group))
	}
	return err
}

// ended drops the errors that mean that there is nothing left to signal.
func ended(err error) error {
	if errors.Is(err, libcontainer.ErrNotRunning) || errors.Is(err, unix.ESRCH) || errors.Is(err, os.ErrProcessDone) ||
		errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
