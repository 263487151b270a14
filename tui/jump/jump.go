// Package jump connects to a cluster that only another machine can reach, through the ssh program: what is in the operator's
// ~/.ssh, his agent and his known hosts count as they do everywhere. It owns a process of ssh for each connection; it never
// asks for anything, because the terminal belongs to the console. Start reading at Host.
package jump

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
)

// Host is a machine to go through, in the words of ssh: HOST, USER@HOST, or a name of ~/.ssh/config.
type Host string

// Check says what is wrong with a host's name, nil if nothing is.
func (h Host) Check() error {
	if h == "" || strings.HasPrefix(string(h), "-") || strings.ContainsAny(string(h), " \t\r\n") {
		return fmt.Errorf("%q is no host to go through; write HOST, USER@HOST or a name of ~/.ssh/config", string(h))
	}
	return nil
}

// Dial connects to an address, host:port as the host sees it. It does not wait for ssh: what that fails at is told by the
// first Read or Write, as a failure to dial if nothing can have been sent.
func (h Host) Dial(_ context.Context, address string) (net.Conn, error) {
	ours, theirs, err := pair()
	if err != nil {
		return nil, fmt.Errorf("connect to ssh: %w", err)
	}
	command := exec.Command("ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-W", address, "--", string(h))
	c := &conn{Conn: ours, host: h, process: command}
	command.Stdin, command.Stdout, command.Stderr = theirs, theirs, &c.said
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // ctrl+c is for us
	err = command.Start()
	if err := errors.Join(err, theirs.Close()); err != nil {
		return nil, &net.OpError{Op: "dial", Net: "ssh", Err: errors.Join(err, ours.Close())}
	}
	c.waiting.Go(func() { c.result = command.Wait() })
	return c, nil
}

// pair are the two ends of a connection.
func pair() (ours net.Conn, theirs *os.File, err error) {
	syscall.ForkLock.RLock() // no process that starts in between gets them
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fds[0])
		syscall.CloseOnExec(fds[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, nil, err
	}
	end := os.NewFile(uintptr(fds[0]), "our end")
	theirs = os.NewFile(uintptr(fds[1]), "ssh's end")
	ours, err = net.FileConn(end) // a copy
	if err := errors.Join(err, end.Close()); err != nil {
		return nil, nil, errors.Join(err, theirs.Close())
	}
	return ours, theirs, nil
}

// conn is a connection, and the ssh that carries it.
type conn struct {
	net.Conn
	host    Host
	process *exec.Cmd
	waiting sync.WaitGroup // for the end of ssh
	result  error          // how it ended
	said    bytes.Buffer   // by ssh; to be read when it has ended
}

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	return n, c.explain(err)
}

func (c *conn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	return n, c.explain(err)
}

// Close ends ssh, too.
func (c *conn) Close() error {
	err := c.Conn.Close()
	_ = c.process.Process.Kill() // it may have ended
	c.waiting.Wait()
	return err
}

// unsent are words of ssh by which it says that it has not come as far as the address.
var unsent = []string{
	"open failed", "forwarding failed", "Could not resolve hostname", "connect to host", "Permission denied", "Host key verification failed",
}

// explain makes what ssh said of the end of a connection.
func (c *conn) explain(err error) error {
	if err == nil || !errors.Is(err, io.EOF) && !errors.Is(err, syscall.EPIPE) && !errors.Is(err, syscall.ECONNRESET) {
		return err
	}
	c.waiting.Wait() // its end of the pair is closed: it has ended, or does
	said := strings.Join(strings.FieldsFunc(c.said.String(), func(r rune) bool { return r == '\r' || r == '\n' }), "; ")
	if c.result == nil || said == "" {
		return err
	}
	err = fmt.Errorf("ssh %s: %s", c.host, said)
	if slices.ContainsFunc(unsent, func(words string) bool { return strings.Contains(said, words) }) {
		return &net.OpError{Op: "dial", Net: "ssh", Err: err}
	}
	return err
}
