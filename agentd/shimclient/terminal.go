package shimclient

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/shimapi"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
)

// Terminal implements runtime.Terminaler: the shim gives a copy of the terminal's descriptor, which lives until it is closed.
func (c *Client) Terminal(ctx context.Context, id ids.Container) (runtime.Terminal, error) {
	e, err := c.find(ctx, id)
	if err != nil {
		return nil, err
	}
	if e.hasEnded() {
		return nil, fault.New(fault.Conflict, "attach to container %s: it has ended", id)
	}
	conn, err := c.dialExec(ctx, e)
	if err != nil {
		return nil, err
	}
	var reply shimapi.ExecReply
	err = shimapi.WriteFiles(conn)
	if err == nil {
		err = shimapi.Write(conn, shimapi.Exec{Container: id, Attach: true})
	}
	if err == nil {
		err = shimapi.Read(conn, &reply)
	}
	if err == nil {
		err = reply.Error.Err()
	}
	var files []*os.File
	if err == nil {
		files, err = shimapi.ReadFiles(conn)
	}
	if err = errors.Join(err, conn.Close()); err != nil {
		return nil, errors.Join(err, shimapi.CloseFiles(files))
	}
	return &console{files[0]}, nil
}

// console is the master's side of a container's terminal. It is only written to: the shim reads.
type console struct{ *os.File }

// Resize implements runtime.Terminal.
func (t *console) Resize(w runtime.Window) error {
	raw, err := t.SyscallConn()
	if err != nil {
		return err
	}
	cerr := raw.Control(func(fd uintptr) {
		err = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Row: w.Rows, Col: w.Columns})
	})
	if err = errors.Join(cerr, err); err != nil {
		return fmt.Errorf("change the size of the terminal: %w", err)
	}
	return nil
}
