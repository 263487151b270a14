// Package bench measures the command line and the console from the outside, as an operator has them: the real program at
// a pseudo-terminal, keys that are pressed, and when what they do is on the screen. It owns the terminal and the clock; the
// cluster is somebody else's, and so are the goals. It never looks into the program. Start reading at Console.
package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/shared/emulator"
)

// patience is how long a console may take to show something.
const patience = time.Minute

// The terminal's size.
const (
	Columns = 140
	Rows    = 40
)

// Console is a program at a pseudo-terminal.
type Console struct {
	Began time.Time // when the program was started

	command *exec.Cmd
	tty     *os.File
	reader  sync.WaitGroup
	ended   chan error // the one result of the program

	mu    sync.Mutex // guards the fields below
	vt    *emulator.Terminal
	bytes int64
	want  func(s *Screen) bool // nil while nobody waits
	found chan time.Time       // capacity 1
}

// Start starts a program at a terminal of its own. It ends with ctx.
func Start(ctx context.Context, env []string, program string, args ...string) (*Console, error) {
	c := &Console{
		command: exec.CommandContext(ctx, program, args...), vt: emulator.New(Columns, Rows), ended: make(chan error, 1),
	}
	c.command.Env = env
	c.Began = time.Now()
	tty, err := pty.StartWithSize(c.command, &pty.Winsize{Cols: Columns, Rows: Rows})
	if err != nil {
		return nil, fmt.Errorf("start %s at a terminal: %w", program, err)
	}
	c.tty = tty
	c.reader.Go(c.read)
	c.reader.Go(func() { c.ended <- c.command.Wait() })
	return c, nil
}

// read feeds the terminal until the program closes it.
func (c *Console) read() {
	fd := int(c.tty.Fd())
	buf := make([]byte, 64<<10)
	for {
		n, err := unix.Read(fd, buf)
		at := time.Now()
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || n <= 0 {
			return
		}
		c.take(buf[:n], at, func() bool { return readable(fd) })
	}
}

// readable says whether more is there already.
func readable(fd int) bool {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n > 0
}

// take draws what came at a moment. Who waits is told once nothing more is there: a frame may come in pieces.
func (c *Console) take(b []byte, at time.Time, more func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bytes += int64(len(b))
	_, _ = c.vt.Write(b) // it takes everything
	if c.want != nil && c.want(&Screen{c.vt}) && !more() {
		c.want = nil
		c.found <- at
	}
}

// Await returns when the screen is as wanted: the moment at which the last of that came.
func (c *Console) Await(ctx context.Context, what string, want func(s *Screen) bool) (time.Time, error) {
	found, already := c.arm(want)
	if already {
		return time.Now(), nil
	}
	return c.await(ctx, what, found)
}

// Press presses keys, and answers how long it took until the screen was as wanted.
func (c *Console) Press(ctx context.Context, keys, what string, want func(s *Screen) bool) (time.Duration, error) {
	found, already := c.arm(want)
	if already {
		return 0, fmt.Errorf("the console showed %s before the key was pressed:\n%s", what, c.Text())
	}
	began := time.Now()
	if _, err := c.tty.WriteString(keys); err != nil {
		return 0, err
	}
	at, err := c.await(ctx, what, found)
	return at.Sub(began), err
}

// arm has the reader look for what is wanted.
func (c *Console) arm(want func(s *Screen) bool) (found <-chan time.Time, already bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if want(&Screen{c.vt}) {
		return nil, true
	}
	c.want, c.found = want, make(chan time.Time, 1)
	return c.found, false
}

func (c *Console) await(ctx context.Context, what string, found <-chan time.Time) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case at := <-found:
		return at, nil
	case err := <-c.ended:
		c.ended <- err
		return time.Time{}, fmt.Errorf("the console ended before it showed %s: %w\n%s", what, cmp.Or(err, io.EOF), c.Text())
	case <-ctx.Done():
		return time.Time{}, fmt.Errorf("the console does not show %s:\n%s", what, c.Text())
	}
}

// Screen calls look with what is on the screen.
func (c *Console) Screen(look func(s *Screen)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	look(&Screen{c.vt})
}

// Text is the screen.
func (c *Console) Text() string {
	var b strings.Builder
	c.Screen(func(s *Screen) {
		for y := range Rows {
			b.WriteString(strings.TrimRight(s.Line(y), " ") + "\n")
		}
	})
	return b.String()
}

// Written is how many bytes the program has written to the terminal.
func (c *Console) Written() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.bytes
}

// PID is the program's.
func (c *Console) PID() int { return c.command.Process.Pid }

// Stop ends the program and waits for it.
func (c *Console) Stop() error {
	err := c.command.Process.Signal(unix.SIGTERM)
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	timer := time.AfterFunc(10*time.Second, func() { _ = c.command.Process.Kill() }) // it has had its time
	defer timer.Stop()
	c.reader.Wait()
	return errors.Join(err, c.tty.Close())
}

// Screen is what the terminal shows. It is good only inside of the call that was given it.
type Screen struct{ vt *emulator.Terminal }

// Line is one line, from 0.
func (s *Screen) Line(y int) string {
	line := make([]rune, Columns)
	for x := range Columns {
		line[x] = max(s.vt.Cell(x, y).Char, ' ')
	}
	return string(line)
}

// Blank says whether nothing is on the screen.
func (s *Screen) Blank() bool {
	for y := range Rows {
		for x := range Columns {
			if s.vt.Cell(x, y).Char > ' ' {
				return false
			}
		}
	}
	return true
}

// Cursor is the name of the row that the console's cursor is on, "" if there is none.
func (s *Screen) Cursor() string {
	for y := range Rows {
		if s.vt.Cell(1, y).Char != '▶' {
			continue
		}
		if fields := strings.Fields(string([]rune(s.Line(y))[3:])); len(fields) > 0 {
			return fields[0]
		}
	}
	return ""
}

// Has says whether a line contains a text.
func (s *Screen) Has(y int, text string) bool { return strings.Contains(s.Line(y), text) }
