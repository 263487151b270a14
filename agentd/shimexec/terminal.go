package shimexec

import (
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/shimapi"
	"codeberg.org/reeve/reeve/shared/ids"
)

// Terminal asks for a copy of the descriptor of the terminal that a container's own command has. It lives until it is closed.
func Terminal(conn *net.UnixConn, id ids.Container) (runtime.Terminal, error) {
	var reply shimapi.ExecReply
	err := shimapi.WriteFiles(conn)
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
	if err != nil {
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
