package shimclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/moby/sys/user"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/shimapi"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
)

// Exec implements runtime.Execer.
func (c *Client) Exec(ctx context.Context, id ids.Container, exec runtime.Exec) (runtime.Process, error) {
	e, err := c.find(ctx, id)
	if err != nil {
		return nil, err
	}
	if e.hasEnded() {
		return nil, fault.New(fault.Conflict, "run a command in container %s: it has ended", id)
	}
	req := shimapi.Exec{Container: id, Argv: exec.Argv, Env: exec.Env, Cwd: exec.Dir, TTY: exec.TTY}
	if exec.User != "" {
		if req.User, err = c.execUser(e.started.PID, exec.User); err != nil {
			return nil, err
		}
	}
	conn, err := c.dialExec(ctx, e)
	if err != nil {
		return nil, err
	}
	p, err := startProcess(ctx, conn, req, exec.Stdin)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return p, nil
}

func (c *Client) dialExec(ctx context.Context, e *entry) (*net.UnixConn, error) {
	if e.link == nil {
		return nil, errGone
	}
	path := filepath.Join(c.cfg.shims(), e.link.name, shimapi.ExecSocket)
	conn, err := new(net.Dialer).DialContext(ctx, "unix", path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fault.New(fault.Unsupported, "container %s was started by an earlier version, which cannot run further commands in it; "+
			"the task has to be started again for that", e.id)
	case err != nil && !c.isAlive(e.link.name):
		return nil, errGone
	case err != nil:
		return nil, fmt.Errorf("connect to shim %s: %w", e.link.name, err)
	}
	unixConn, ok := conn.(*net.UnixConn)
	if !ok {
		return nil, errors.Join(fault.New(fault.Internal, "a %T to a unix socket", conn), conn.Close())
	}
	return unixConn, nil
}

// execUser finds a user in the container's own /etc/passwd.
func (c *Client) execUser(pid int, name string) (*specs.User, error) {
	if c.rootless && name != "0" && name != "root" {
		return nil, fault.New(fault.Invalid, "command is to run as user %q; an agent that is not root can only run it as the task's own", name)
	}
	root, err := os.OpenRoot(filepath.Join("/proc", strconv.Itoa(pid), "root"))
	if err != nil {
		return nil, fault.Wrap(fault.Conflict, err, "look for user %q in the container", name)
	}
	u, err := lookupIn(root, name)
	if err = errors.Join(err, root.Close()); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "user %q does not exist in the container", name)
	}
	found := &specs.User{UID: uint32(u.Uid), GID: uint32(u.Gid)}
	for _, gid := range u.Sgids {
		found.AdditionalGids = append(found.AdditionalGids, uint32(gid))
	}
	return found, nil
}

// lookupIn goes through os.Root: in an image the files may be links to anywhere.
func lookupIn(root *os.Root, name string) (*user.ExecUser, error) {
	open := func(path string) (io.Reader, func()) {
		f, err := root.Open(path)
		if err != nil {
			return nil, func() {} // numbers need no file
		}
		return io.LimitReader(f, maxPasswd), func() { _ = f.Close() } // only read
	}
	passwd, closePasswd := open("etc/passwd")
	defer closePasswd()
	group, closeGroup := open("etc/group")
	defer closeGroup()
	return user.GetExecUser(name, nil, passwd, group)
}

// maxPasswd bounds what is read of a container's list of users.
const maxPasswd = 4 << 20

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

// startProcess hands the process's ends of its streams over and waits for the answer. It leaves conn open if it fails.
func startProcess(ctx context.Context, conn *net.UnixConn, req shimapi.Exec, stdin bool) (*process, error) {
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
		return errGone
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
