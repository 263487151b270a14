package shimclient

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/shimapi"
	"codeberg.org/reeve/reeve/agentd/shimdir"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/logkey"
)

// startTimeout bounds a shim's start, on a machine that is badly overloaded.
const startTimeout = 20 * time.Second

// spare is how many containers must still fit before the next shim is started in the background, so that no launch
// has to wait for one.
const spare = 4

// pick reserves a place in a shim, starting one if there is none.
func (c *Client) pick(ctx context.Context) (*link, error) {
	if l := c.reserve(); l != nil {
		return l, nil
	}
	select {
	case c.starting <- struct{}{}:
		defer func() { <-c.starting }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if l := c.reserve(); l != nil { // somebody else has started one meanwhile
		return l, nil
	}
	if err := c.startShim(ctx); err != nil {
		return nil, err
	}
	if l := c.reserve(); l != nil {
		return l, nil
	}
	return nil, fault.New(fault.Unavailable, "the shim ended right after its start; its log is below %s", c.cfg.shims())
}

// reserve takes a place in the fullest shim that has one: the others drain and can go.
func (c *Client) reserve() *link {
	current := shimapi.Binary(c.cfg.ShimPath) // an upgrade may have replaced it: a shim cannot start anything without its file
	c.mu.Lock()
	defer c.mu.Unlock()
	var best *link
	free := 0
	for _, l := range c.links {
		if l.binary != current {
			l.usable = false
		}
		if !l.usable || l.load >= c.cfg.GroupSize {
			continue
		}
		free += c.cfg.GroupSize - l.load
		if best == nil || l.load > best.load || l.load == best.load && l.name < best.name {
			best = l
		}
	}
	if best == nil {
		return nil
	}
	best.load++
	if free-1 < spare && !c.closed {
		c.wg.Go(c.warm)
	}
	return best
}

// warm starts a shim ahead of need, unless one is being started.
func (c *Client) warm() {
	select {
	case c.starting <- struct{}{}:
		defer func() { <-c.starting }()
	default:
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout) // belongs to no caller: it is for launches to come
	defer cancel()
	if err := c.startShim(ctx); err != nil && !errors.Is(err, errClosed) {
		c.log.Warn("spare shim not started", logkey.Err(err))
	}
}

// release gives a place back, and ends the shim if it is empty and another one is ready.
func (c *Client) release(l *link) {
	if l == nil {
		return
	}
	c.mu.Lock()
	l.load--
	others := 0
	for _, o := range c.links {
		if o != l && o.usable {
			others += c.cfg.GroupSize - o.load
		}
	}
	retire := l.load == 0 && !c.closed && (!l.usable || others >= spare)
	if retire {
		l.usable = false
		c.wg.Go(func() { c.retire(l) })
	}
	c.mu.Unlock()
}

// retire ends an empty shim. It may refuse because a launch got in first, or for a moment because it has yet to find out that
// something has ended.
func (c *Client) retire(l *link) {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout) // belongs to no caller
	defer cancel()
	for {
		_, err := l.call(ctx, shimapi.Request{Op: shimapi.OpShutdown})
		if fault.KindOf(err) == fault.Conflict && c.isEmpty(l) && shimdir.Pause(ctx, 20*time.Millisecond) == nil {
			continue
		}
		if err != nil && !errors.Is(err, errGone) {
			c.log.Debug("shim not shut down", logkey.Source(l.name), logkey.Err(err))
		}
		return
	}
}

func (c *Client) isEmpty(l *link) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return l.load == 0
}

// startShim starts a shim and connects to it.
func (c *Client) startShim(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	began := time.Now()
	name, err := newName()
	if err != nil {
		return err
	}
	dir := filepath.Join(c.cfg.shims(), name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return fmt.Errorf("start shim: %w", err)
	}
	cmd, err := c.spawn(ctx, dir)
	if err != nil {
		return errors.Join(fmt.Errorf("start shim: %w", err), os.RemoveAll(dir))
	}
	l, _, err := c.connect(ctx, name, cmd)
	if err != nil {
		return errors.Join(fmt.Errorf("start shim: %w", err), cmd.Process.Kill(), cmd.Wait(), os.RemoveAll(dir))
	}
	c.log.Debug("shim started", logkey.Source(l.name), logkey.PID(cmd.Process.Pid), logkey.Took(time.Since(began)))
	return nil
}

func newName() (string, error) {
	var b [4]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", fmt.Errorf("name a shim: %w", err)
	}
	return hex.EncodeToString(b[:]), nil
}

// spawn starts the process with its lock held, and returns when it serves.
func (c *Client) spawn(ctx context.Context, dir string) (*exec.Cmd, error) {
	lock, err := shimdir.Lock(dir)
	if err != nil {
		return nil, err
	}
	defer closeOurs(lock)
	log, err := os.OpenFile(filepath.Join(dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer closeOurs(log)
	ready, theirs, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer closeOurs(ready)
	defer closeOurs(theirs)
	cmd := c.command(dir)
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = log, log, []*os.File{lock, theirs}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	err = os.WriteFile(filepath.Join(dir, "pid"), []byte(strconv.Itoa(cmd.Process.Pid)), 0o600)
	if err == nil {
		err = theirs.Close()
	}
	if err == nil {
		err = awaitReady(ctx, ready)
	}
	if err != nil {
		_ = cmd.Process.Kill() // it may have ended by itself
		_ = cmd.Wait()         // killed: its status says nothing
		return nil, err
	}
	return cmd, nil
}

// closeOurs closes our copy of what a shim was given. Nothing was written through it, and the shim's copy keeps the lock.
func closeOurs(f *os.File) { _ = f.Close() }

func (c *Client) command(dir string) *exec.Cmd {
	cmd := &exec.Cmd{
		Path: c.cfg.ShimPath,
		Args: []string{"agentd-shim", "serve", "--dir", dir, "--runtime", c.cfg.RuntimeDir, "--cgroup", c.cfg.CgroupRoot, "--work-dir", c.cfg.WorkDir},
		Env:  []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
		Dir:  "/",
		SysProcAttr: &syscall.SysProcAttr{
			Setsid:     true, // a signal to agentd's process group is not for containers
			Cloneflags: unix.CLONE_NEWNS,
		},
	}
	if c.rootless {
		cmd.Args = append(cmd.Args, "--rootless")
		cmd.SysProcAttr.Cloneflags |= unix.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}}
	}
	return cmd
}

// awaitReady reads the one line with which a shim says that it serves, or why it cannot.
func awaitReady(ctx context.Context, ready *os.File) error {
	if deadline, ok := ctx.Deadline(); ok {
		if err := ready.SetReadDeadline(deadline); err != nil {
			return err
		}
	}
	line, err := bufio.NewReader(ready).ReadString('\n')
	switch line = strings.TrimSpace(line); {
	case line == "ok":
		return nil
	case line != "":
		return errors.New(line)
	}
	return fmt.Errorf("it ended before it served: %w", err)
}

// isAlive says whether a shim's process exists.
func (c *Client) isAlive(name string) bool { return shimdir.Alive(filepath.Join(c.cfg.shims(), name)) }

// connect dials a shim and asks what it has; cmd is nil for one that an earlier agentd started. A shim that is still
// starting is waited for as long as it lives and ctx allows.
func (c *Client) connect(ctx context.Context, name string, cmd *exec.Cmd) (*link, *shimapi.Hello, error) {
	conn, err := c.dial(ctx, name)
	if err != nil {
		return nil, nil, err
	}
	l := newLink(name, conn, cmd)
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil, nil, errors.Join(errClosed, conn.Close())
	}
	c.links[name] = l
	c.wg.Go(func() { c.follow(l) })
	c.mu.Unlock()
	reply, err := l.call(ctx, shimapi.Request{Op: shimapi.OpHello})
	if err == nil && reply.Hello == nil {
		err = fault.New(fault.Internal, "shim %s gave no answer to hello", name)
	}
	if err != nil {
		return nil, nil, errors.Join(err, l.detach())
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.links[name] != l {
		return nil, nil, errGone // it has died since
	}
	l.known, l.binary = true, reply.Hello.Binary
	l.usable = l.binary == shimapi.Binary(c.cfg.ShimPath)
	return l, reply.Hello, nil
}

func (c *Client) dial(ctx context.Context, name string) (net.Conn, error) {
	var dialer net.Dialer
	for {
		conn, err := dialer.DialContext(ctx, "unix", c.cfg.socket(name))
		if err == nil {
			return conn, nil
		}
		if !c.isAlive(name) {
			return nil, errGone
		}
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, unix.ECONNREFUSED) && !errors.Is(err, unix.EAGAIN) {
			return nil, fmt.Errorf("connect to shim %s: %w", name, err)
		}
		if perr := shimdir.Pause(ctx, 2*time.Millisecond); perr != nil {
			return nil, fmt.Errorf("connect to shim %s: %w", name, errors.Join(err, perr))
		}
	}
}
