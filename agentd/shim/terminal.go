//go:build linux && cgo

package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/shimapi"
	"codeberg.org/reeve/reeve/shared/fault"
)

// A container's command may have a terminal. The shim holds its master as long as the container lives, and is the only one
// who reads from it: what is shown goes into the file of its output. Whoever types gets a copy of the descriptor to write to.

func socketPair() (child, parent *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("make a socket for the terminal: %w", err)
	}
	return os.NewFile(uintptr(fds[0]), "console"), os.NewFile(uintptr(fds[1]), "terminal"), nil
}

// openTerminal takes the terminal that libcontainer has made, and the file that it is copied to, from files.
func (c *container) openTerminal(req *shimapi.Launch, files *startFiles) error {
	if req.TTY == nil {
		return nil
	}
	master, err := shimapi.ReadFile1(files.terminal)
	if err != nil {
		return err
	}
	c.master, c.output, c.shown = master, files.stdout, make(chan struct{})
	files.stdout = nil // ours now
	return nil
}

// show copies what the terminal shows into the file until its last user has gone. A full disk must not stop the command.
func (c *container) show() {
	defer close(c.shown)
	buf := make([]byte, 32<<10)
	for {
		n, err := c.master.Read(buf)
		if n > 0 {
			_, _ = c.output.Write(buf[:n])
		}
		if err != nil {
			return
		}
	}
}

// showPatience is how long an ended container's terminal may be held open by whatever else has it.
const showPatience = 2 * time.Second

// awaitShown returns when the file holds all that the terminal of an ended container has shown, and lets it go.
func (c *container) awaitShown() error {
	if c.master == nil {
		return nil
	}
	timer := time.NewTimer(showPatience)
	defer timer.Stop()
	select {
	case <-c.shown:
	case <-timer.C:
	}
	return c.closeTerminal()
}

func (c *container) closeTerminal() error {
	if c.master == nil {
		return nil
	}
	return errors.Join(c.master.Close(), c.output.Close())
}

// attach gives a copy of a container's terminal away.
func (s *server) attach(conn *net.UnixConn, req *shimapi.Exec) error {
	c, err := s.find(req.Container)
	switch {
	case err != nil:
	case c == nil:
		err = fault.New(fault.Conflict, "attach to container %s: it has ended", req.Container)
	case c.master == nil:
		err = fault.New(fault.Unsupported, "container %s has no terminal", req.Container)
	}
	if err := errors.Join(err, shimapi.Write(conn, shimapi.ExecReply{Error: shimapi.NewError(err)})); err != nil {
		return err
	}
	return shimapi.WriteShared(conn, c.master)
}
