package shimclient

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"path/filepath"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/shimapi"
	"codeberg.org/reeve/reeve/agentd/shimexec"
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
	p, err := shimexec.Start(ctx, conn, req, exec.Stdin)
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
	return shimexec.User(pid, name)
}
