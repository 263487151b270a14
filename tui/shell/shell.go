// Package shell connects the operator's terminal, or pipes, with a command in a task: the command line's exec and the
// console's shell. It owns raw mode, and gives the terminal back as it was on every way out, with no key swallowed. It
// starts no command: what it is given is a session. Start reading at Run.
package shell

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/charmbracelet/x/term"
	"github.com/muesli/cancelreader"

	"codeberg.org/reeve/reeve/shared/client"
)

// Session is a running command; see client.Session.
type Session interface {
	Next() (data []byte, stderr bool, err error)
	Write(data []byte) (int, error)
	CloseInput() error
	Resize(w client.Window) error
	Status(ctx context.Context) (int, error)
	Close()
}

// Streams are the operator's side.
type Streams struct {
	In  *os.File // nil for no input
	Out io.Writer
	Err io.Writer
	TTY bool // In is a terminal, and the command has one
	// Kill says that the menu offers to kill the task: whoever ran the shell asks, once it has ended by ErrKill.
	Kill bool
}

// Size is the size of a terminal, and a usual one if that can't be found out.
func Size(f *os.File) client.Window {
	columns, rows, err := term.GetSize(f.Fd())
	if err != nil || columns <= 0 || rows <= 0 {
		return client.Window{Columns: 80, Rows: 24}
	}
	return client.Window{Columns: columns, Rows: rows}
}

// Run returns when the command has ended and everything it wrote is written: its exit status, as a shell has it. It closes
// the session. When ctx ends, so does the command.
func Run(ctx context.Context, session Session, s Streams) (status int, err error) {
	stop := context.AfterFunc(ctx, session.Close)
	defer stop()
	defer session.Close()
	if s.TTY {
		restore, err := raw(s.In)
		if err != nil {
			return 0, err
		}
		defer restore()
	}
	input := startInput(session, s)
	err = output(session, s)
	input.stop()
	if s.TTY {
		input.stopResizing()
	}
	switch {
	case input.left() != nil:
		return 0, input.left()
	case ctx.Err() != nil:
		return 0, ctx.Err()
	case err != nil:
		return 0, err
	}
	return session.Status(ctx)
}

// How the operator ended the command by the menu: for no more than that, and to kill the task.
var (
	ErrDetached = errors.New("ended by ctrl+] d")
	ErrKill     = errors.New("ended by ctrl+] k")
)

// raw switches a terminal to raw mode; what it returns switches it back.
func raw(f *os.File) (restore func(), err error) {
	state, err := term.MakeRaw(f.Fd())
	if err != nil {
		return nil, fmt.Errorf("switch the terminal to raw mode: %w", err)
	}
	return func() { _ = term.Restore(f.Fd(), state) }, nil // it has gone then
}

// output writes what comes until the end of it.
func output(session Session, s Streams) error {
	for {
		data, stderr, err := session.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		to := s.Out
		if stderr {
			to = s.Err
		}
		if _, err := to.Write(data); err != nil {
			return fmt.Errorf("write the command's output: %w", err)
		}
	}
}

// input passes on what the operator types, and the size of the terminal.
type input struct {
	session Session
	streams Streams
	reader  io.Reader
	cancel  func() bool // wakes the reader up
	group   sync.WaitGroup
	winch   chan os.Signal
	resizes sync.WaitGroup

	mu  sync.Mutex // guards bye
	bye error      // ErrDetached or ErrKill once the menu ended the command
}

func startInput(session Session, s Streams) *input {
	in := &input{session: session, streams: s, cancel: func() bool { return false }}
	if s.In == nil {
		in.group.Go(func() { _ = session.CloseInput() }) // it has ended already then
		return in
	}
	in.reader = s.In
	// A plain Read could not be given up, and would swallow the next key. Files have no poll, and do not block.
	if reader, err := cancelreader.NewReader(s.In); err == nil {
		in.reader, in.cancel = reader, reader.Cancel
	}
	in.group.Go(in.copy)
	if s.TTY {
		in.winch = make(chan os.Signal, 1)
		signal.Notify(in.winch, syscall.SIGWINCH)
		in.resizes.Go(func() {
			for range in.winch {
				_ = session.Resize(Size(s.In)) // it has ended already then
			}
		})
	}
	return in
}

func (in *input) stop() {
	in.cancel()
	in.session.Close() // wakes up whoever writes
	in.group.Wait()
	if closer, ok := in.reader.(cancelreader.CancelReader); ok {
		_ = closer.Close() // it closes its poll, not the terminal
	}
}

func (in *input) stopResizing() {
	signal.Stop(in.winch)
	close(in.winch)
	in.resizes.Wait()
}

func (in *input) left() error {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.bye
}

// menuKey is ctrl+]. It is not ~., which would end the operator's own ssh.
const menuKey = 0x1d

func (in *input) menuText() string {
	kill := ""
	if in.streams.Kill {
		kill = "k ends it and asks to kill the task   "
	}
	return "\r\n[ d ends this shell   s sends ctrl+]   " + kill + "any other key goes back ]\r\n"
}

// copy passes on the input until its end, or until it is stopped.
func (in *input) copy() {
	buf := make([]byte, 32<<10)
	menu := false
	for {
		n, err := in.reader.Read(buf)
		data := buf[:n]
		if in.streams.TTY {
			data, menu = in.keys(data, menu)
		}
		if _, werr := in.session.Write(data); werr != nil {
			return // the output tells why
		}
		if errors.Is(err, io.EOF) {
			_ = in.session.CloseInput() // it has ended already then
		}
		if err != nil {
			return
		}
	}
}

// leave ends the command on the operator's word.
func (in *input) leave(why error) {
	in.mu.Lock()
	in.bye = why
	in.mu.Unlock()
	in.session.Close()
}

// keys takes the menu's keys out of what was typed; menu says whether its question is open.
func (in *input) keys(data []byte, menu bool) (rest []byte, open bool) {
	for len(data) > 0 {
		if menu {
			menu = false
			switch {
			case data[0] == 'd':
				in.leave(ErrDetached)
				return nil, false
			case data[0] == 'k' && in.streams.Kill:
				in.leave(ErrKill)
				return nil, false
			case data[0] == 's':
				rest = append(rest, menuKey)
			}
			data = data[1:]
			continue
		}
		at := bytes.IndexByte(data, menuKey)
		if at < 0 {
			return append(rest, data...), false
		}
		rest = append(rest, data[:at]...)
		data, menu = data[at+1:], true
		_, _ = io.WriteString(in.streams.Out, in.menuText()) // whoever can't see it did not ask
	}
	return rest, menu
}
