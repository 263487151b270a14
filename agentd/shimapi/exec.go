package shimapi

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/ids"
)

// ExecSocket is the name, in a shim's directory, of the socket for further processes in its containers. A shim of before
// there was exec has none.
const ExecSocket = "x"

// Exec is the first message on a connection to the exec socket, after the descriptors: the process's stdin, stdout and
// stderr, or one socket over which the master of its terminal comes back. The connection is the process's life: when it
// ends, the process is killed.
type Exec struct {
	Container ids.Container   `json:"container"`
	Argv      []string        `json:"argv"`
	Env       []string        `json:"env,omitempty"`  // added to that of the container's command
	Cwd       string          `json:"cwd,omitempty"`  // "" for that of the container's command
	User      *specs.User     `json:"user,omitempty"` // nil for that of the container's command
	TTY       *runtime.Window `json:"tty,omitempty"`

	Attach bool `json:"attach,omitempty"` // no process: the terminal of the container's own comes back, after the reply
}

// ExecSignal is what agentd says afterwards.
type ExecSignal struct {
	Signal int `json:"signal"`
}

// ExecReply is what the shim says: once how the start went, and once how the process ended.
type ExecReply struct {
	Error *Error        `json:"error,omitempty"`
	PID   int           `json:"pid,omitempty"`
	Exit  *runtime.Exit `json:"exit,omitempty"`
}

// maxFiles bounds what is received at once.
const maxFiles = 3

// WriteFiles sends descriptors. They are the receiver's then, too; the sender closes its own.
func WriteFiles(conn *net.UnixConn, files ...*os.File) error {
	fds := make([]int, len(files))
	for i, f := range files {
		fds[i] = int(f.Fd())
		if err := unix.SetNonblock(fds[i], false); err != nil { // what our poller needs would surprise the other program
			return fmt.Errorf("send descriptors: %w", err)
		}
	}
	_, _, err := conn.WriteMsgUnix([]byte{byte(len(files))}, unix.UnixRights(fds...), nil)
	if err != nil {
		return fmt.Errorf("send descriptors: %w", err)
	}
	return nil
}

// WriteShared sends a descriptor that both sides go on using; nothing about it is changed.
func WriteShared(conn *net.UnixConn, file *os.File) error {
	raw, err := file.SyscallConn()
	if err != nil {
		return fmt.Errorf("send descriptor: %w", err)
	}
	cerr := raw.Control(func(fd uintptr) { _, _, err = conn.WriteMsgUnix([]byte{1}, unix.UnixRights(int(fd)), nil) })
	if err = errors.Join(cerr, err); err != nil {
		return fmt.Errorf("send descriptor: %w", err)
	}
	return nil
}

// ReadFiles receives what WriteFiles sent. None is left open if it fails.
func ReadFiles(conn *net.UnixConn) ([]*os.File, error) {
	count, oob := make([]byte, 1), make([]byte, unix.CmsgSpace(maxFiles*4))
	n, oobn, flags, _, err := conn.ReadMsgUnix(count, oob) // close-on-exec
	if err != nil {
		return nil, fmt.Errorf("receive descriptors: %w", err)
	}
	if n == 0 {
		return nil, io.EOF
	}
	files, err := parseFiles(oob[:oobn], false)
	if err == nil && (flags&unix.MSG_CTRUNC != 0 || len(files) != int(count[0])) {
		err = fmt.Errorf("receive descriptors: %d came, %d were sent", len(files), count[0])
	}
	if err != nil {
		return nil, errors.Join(err, CloseFiles(files))
	}
	return files, nil
}

// ReadFile1 receives the one descriptor that a process sends with some text, as libcontainer does with a terminal. It comes
// ready for the poller, so that closing it ends what reads it.
func ReadFile1(socket *os.File) (*os.File, error) {
	text, oob := make([]byte, 4096), make([]byte, unix.CmsgSpace(4))
	_, oobn, _, _, err := unix.Recvmsg(int(socket.Fd()), text, oob, unix.MSG_CMSG_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("receive descriptor: %w", err)
	}
	files, err := parseFiles(oob[:oobn], true)
	if err == nil && len(files) != 1 {
		err = fmt.Errorf("receive descriptor: %d came", len(files))
	}
	if err != nil {
		return nil, errors.Join(err, CloseFiles(files))
	}
	return files[0], nil
}

func parseFiles(oob []byte, pollable bool) (files []*os.File, err error) {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return nil, fmt.Errorf("receive descriptors: %w", err)
	}
	var errs []error
	for i := range messages {
		fds, err := unix.ParseUnixRights(&messages[i])
		errs = append(errs, err)
		for _, fd := range fds {
			if pollable {
				errs = append(errs, unix.SetNonblock(fd, true))
			}
			files = append(files, os.NewFile(uintptr(fd), "received"))
		}
	}
	return files, errors.Join(errs...)
}

// CloseFiles closes all that are not nil.
func CloseFiles(files []*os.File) error {
	var errs []error
	for _, f := range files {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}
