package console

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/app"
	"codeberg.org/reeve/reeve/tui/cli/exec"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/screen/label"
	choice "codeberg.org/reeve/reeve/tui/screen/shells"
	"codeberg.org/reeve/reeve/tui/shell"
	"codeberg.org/reeve/reeve/tui/term"
)

// shells opens shells on the console's own terminal.
type shells struct {
	ctx    func() context.Context // the console's: bubbletea has none for a command
	client *client.Client
	out    *term.Output
	create func(name string) (*os.File, error) // a file for a transcript
	open   atomic.Bool                         // bubbletea waits for one, and takes no messages
}

// tell says that there is news, unless nobody listens: the next tick looks at the newest anyway.
func (s *shells) tell(p *tea.Program) {
	if !s.open.Load() {
		p.Send(screen.Changed{})
	}
}

// in is a command for bubbletea: it gives the terminal away and takes it back.
func (s *shells) in(ask screen.Shell) tea.ExecCommand {
	if len(ask.Command) == 0 {
		ask.Command = exec.Shell()
	}
	return &taskShell{shells: s, task: *ask.Task, ask: ask}
}

// inside looks into a task's container.
func (s *shells) inside(ctx context.Context, t reeveapi.Task) (screen.Inside, error) {
	ask, err := exec.Of(t, []string{"/bin/sh", "-c", choice.Look})
	if err != nil {
		return screen.Inside{}, err
	}
	session, err := s.client.Exec(ctx, t.AgentHTTP, ask)
	if err != nil {
		return screen.Inside{}, err
	}
	var found bounded
	if _, err := shell.Run(ctx, session, shell.Streams{Out: &found, Err: io.Discard}); err != nil {
		return screen.Inside{}, err
	}
	return choice.Found(found.text.String()), nil
}

// bounded keeps the beginning of what is written.
type bounded struct{ text bytes.Buffer }

const maxFound = 64 << 10

func (b *bounded) Write(p []byte) (int, error) {
	b.text.Write(p[:min(len(p), max(maxFound-b.text.Len(), 0))])
	return len(p), nil
}

// taskShell is one shell. It reads the terminal itself: bubbletea's input takes keys apart.
type taskShell struct {
	shells *shells
	task   reeveapi.Task
	ask    screen.Shell
	record *transcript // nil if none was asked for
}

// Transcript says where it is.
func (c *taskShell) Transcript() (path, note string) {
	if c.record == nil {
		return "", ""
	}
	return c.record.file.Name(), c.record.note()
}

func (c *taskShell) SetStdin(io.Reader)  {}
func (c *taskShell) SetStdout(io.Writer) {}
func (c *taskShell) SetStderr(io.Writer) {}

// Run returns when the shell has ended.
func (c *taskShell) Run() error {
	c.shells.open.Store(true)
	defer c.shells.open.Store(false)
	ask, err := exec.Of(c.task, c.ask.Command)
	if err != nil {
		return err
	}
	var out io.Writer = c.shells.out
	if c.ask.Record {
		if c.record, err = record(c.shells.create, c.shells.out, &c.task, c.ask); err != nil {
			return fmt.Errorf("a transcript was asked for, and there can be none: %w", err)
		}
		out = c.record
		defer c.record.close()
	}
	size := shell.Size(os.Stdin)
	ask.User, ask.TTY, ask.Env = c.ask.User, &size, []string{"TERM=" + os.Getenv("TERM")}
	c.banner(size)
	session, err := c.shells.client.Exec(c.shells.ctx(), c.task.AgentHTTP, ask)
	if err != nil {
		return err
	}
	status, err := shell.Run(c.shells.ctx(), session, shell.Streams{In: os.Stdin, Out: out, Err: out, TTY: true, Kill: true})
	switch {
	case errors.Is(err, shell.ErrKill):
		return app.ErrKillAsked
	case errors.Is(err, shell.ErrDetached) || err == nil && status == 0:
		return nil
	case err == nil:
		return app.ShellStatus(status)
	}
	return err
}

// banner says once where one is. What is below is the real terminal.
func (c *taskShell) banner(size client.Window) {
	text := fmt.Sprintf(" shell  %s on %s  %s", label.Name(&c.task), c.task.AgentName, label.Or(c.ask.User, label.Or(c.task.User, "as agentd")))
	if c.record != nil {
		text += "  recorded"
	}
	const menu = "   ctrl+] menu"
	text = ansi.Truncate(ansi.Strip(text), max(size.Columns-len(menu), 0), "…") + menu
	_, _ = io.WriteString(c.shells.out, "\x1b[2J\x1b[H"+text+"\r\n"+strings.Repeat("-", size.Columns)+"\r\n") // a terminal that is gone ends the shell, too
}
