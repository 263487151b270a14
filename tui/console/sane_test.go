package console

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/term"
	"github.com/creack/pty"

	"codeberg.org/reeve/reeve/shared/emulator"
	"codeberg.org/reeve/reeve/tui/paint"
	ownterm "codeberg.org/reeve/reeve/tui/term"
)

// saneEnv says which end a child of TestTheTerminalStaysSane comes to.
const saneEnv = "REEVE_SANE_CHILD"

// TestTheTerminalStaysSane ends consoles in ways that nobody wants. Each time the terminal is left as it was found: no raw mode, no
// second screen, a cursor.
func TestTheTerminalStaysSane(t *testing.T) {
	if how := os.Getenv(saneEnv); how != "" {
		saneChild(t, how)
		return
	}
	for how, end := range map[string]func(child *os.Process, terminal *os.File) error{
		"SIGTERM": func(child *os.Process, _ *os.File) error { return child.Signal(syscall.SIGTERM) },
		"SIGHUP":  func(child *os.Process, _ *os.File) error { return child.Signal(syscall.SIGHUP) },
		"ctrl+c":  func(_ *os.Process, terminal *os.File) error { return press(terminal, "\x03") },

		// Who is told to end asks nobody, also where the key would.
		"SIGTERM" + inForm: func(child *os.Process, _ *os.File) error { return child.Signal(syscall.SIGTERM) },
		"SIGHUP" + inForm:  func(child *os.Process, _ *os.File) error { return child.Signal(syscall.SIGHUP) },
		"ctrl+c" + inForm:  func(_ *os.Process, terminal *os.File) error { return press(terminal, "\x03\x03") },

		"panic in the loop":   func(_ *os.Process, terminal *os.File) error { return press(terminal, "p") },
		"panic while drawing": func(_ *os.Process, terminal *os.File) error { return press(terminal, "d") },
		"panic beside it":     func(_ *os.Process, terminal *os.File) error { return press(terminal, "g") },
	} {
		t.Run(how, func(t *testing.T) { stayedSane(t, how, end) })
	}
}

// inForm ends the names of ends while something is typed into a form.
const inForm = " in a form"

func press(terminal *os.File, keys string) error {
	_, err := terminal.WriteString(keys)
	return err
}

func stayedSane(t *testing.T, how string, end func(child *os.Process, terminal *os.File) error) {
	t.Helper()
	terminal, tty, err := pty.Open()
	if err != nil {
		t.Fatal("no pseudo terminal, which these tests need (mount devpts): ", err)
	}
	defer func() { _ = errors.Join(terminal.Close(), tty.Close()) }()
	if err := pty.Setsize(terminal, &pty.Winsize{Rows: 24, Cols: 80}); err != nil {
		t.Fatal(err)
	}
	before, err := term.GetState(tty.Fd())
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	child := exec.CommandContext(ctx, self, "-test.run=^TestTheTerminalStaysSane$")
	child.Env = append(os.Environ(), "TERM=xterm-256color", "LANG=C.UTF-8", saneEnv+"="+how, "HOME="+t.TempDir())
	child.Stdin, child.Stdout, child.Stderr = tty, tty, tty
	child.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	screen, all := emulator.New(80, 24), ""
	read := func() bool {
		part := make([]byte, 4096)
		if err := terminal.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		n, err := terminal.Read(part)
		all += string(part[:n])
		_, _ = screen.Write(part[:n]) // a test's own screen
		return err == nil
	}
	for !strings.Contains(screen.String(), "READY") && !strings.Contains(screen.String(), "ATTENTION") {
		if !read() {
			t.Fatalf("the console ended early:\n%s", screen)
		}
	}
	if strings.HasSuffix(how, inForm) {
		if err := press(terminal, "ncanary"); err != nil {
			t.Fatal(err)
		}
		for !strings.Contains(screen.String(), "canary") {
			if !read() {
				t.Fatalf("the console ended early:\n%s", screen)
			}
		}
	}
	if err := end(child.Process, terminal); err != nil {
		t.Fatal(err)
	}
	for !strings.Contains(all, "\x1b[?1049l") {
		if !read() {
			t.Fatalf("the second screen was never left: %q", all)
		}
	}
	_ = child.Wait() // a panic is a failure
	after, err := term.GetState(tty.Fd())
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(before, after) {
		t.Errorf("the terminal was\n%+v, and is\n%+v", before, after)
	}
	if strings.LastIndex(all, "\x1b[?25h") < strings.LastIndex(all, "\x1b[?25l") {
		t.Errorf("the cursor was left hidden: %q", all)
	}
}

// saneChild is a console, or one with a fault that nobody knows of yet.
func saneChild(t *testing.T, how string) {
	t.Helper()
	if !strings.HasPrefix(how, "panic") {
		if err := Run(context.Background(), Options{Demo: true, Fresh: true}); err != nil {
			t.Fatal(err)
		}
		return
	}
	out := ownterm.NewOutput(os.Stdout)
	painter := paint.New(out, time.Millisecond)
	m := &faulty{beside: make(chan struct{}, 1)}
	p := tea.NewProgram(painter.Model(m), append(painter.Options(os.Stdout), tea.WithInput(ownterm.NewInput(os.Stdin)))...)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, fn := range []func(context.Context) error{painter.Run, func(ctx context.Context) error {
		select {
		case <-m.beside:
			panic("a goroutine has a fault")
		case <-ctx.Done():
			return ctx.Err()
		}
	}} {
		go func() { _ = guard(p, fn)(ctx) }() // the program tells
	}
	if _, err := p.Run(); err == nil {
		t.Fatal("the panic is not told")
	}
}

// faulty is a model with faults.
type faulty struct {
	draws  bool
	beside chan struct{}
}

func (*faulty) Init() tea.Cmd { return nil }

func (f *faulty) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if key, ok := msg.(tea.KeyMsg); ok {
		switch key.String() {
		case "p":
			panic("the loop has a fault")
		case "d":
			f.draws = true
		case "g":
			f.beside <- struct{}{}
		}
	}
	return f, nil
}

func (f *faulty) View() string {
	if f.draws {
		panic("drawing has a fault")
	}
	return "READY"
}
