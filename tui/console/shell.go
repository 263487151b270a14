package console

import (
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
	"codeberg.org/reeve/reeve/tui/shell"
	"codeberg.org/reeve/reeve/tui/term"
)

// shells opens shells on the console's own terminal.
type shells struct {
	ctx    func() context.Context // the console's: bubbletea has none for a command
	client *client.Client
	out    *term.Output
	open   atomic.Bool // bubbletea waits for one, and takes no messages
}

// tell says that there is news, unless nobody listens: the next tick looks at the newest anyway.
func (s *shells) tell(p *tea.Program) {
	if !s.open.Load() {
		p.Send(screen.Changed{})
	}
}

// in is a command for bubbletea: it gives the terminal away and takes it back.
func (s *shells) in(t *reeveapi.Task, command []string) tea.ExecCommand {
	if len(command) == 0 {
		command = exec.Shell()
	}
	return &taskShell{shells: s, task: *t, command: command}
}

// taskShell is one shell. It reads the terminal itself: bubbletea's input takes keys apart.
type taskShell struct {
	shells  *shells
	task    reeveapi.Task
	command []string
}

func (c *taskShell) SetStdin(io.Reader)  {}
func (c *taskShell) SetStdout(io.Writer) {}
func (c *taskShell) SetStderr(io.Writer) {}

// Run returns when the shell has ended.
func (c *taskShell) Run() error {
	c.shells.open.Store(true)
	defer c.shells.open.Store(false)
	ask, err := exec.Of(c.task, c.command)
	if err != nil {
		return err
	}
	size := shell.Size(os.Stdin)
	ask.TTY, ask.Env = &size, []string{"TERM=" + os.Getenv("TERM")}
	c.banner(size)
	session, err := c.shells.client.Exec(c.shells.ctx(), c.task.AgentHTTP, ask)
	if err != nil {
		return err
	}
	status, err := shell.Run(c.shells.ctx(), session, shell.Streams{In: os.Stdin, Out: c.shells.out, Err: c.shells.out, TTY: true})
	switch {
	case errors.Is(err, shell.ErrDetached) || err == nil && status == 0:
		return nil
	case err == nil:
		return app.ShellStatus(status)
	}
	return err
}

// banner says once where one is. What is below is the real terminal.
func (c *taskShell) banner(size client.Window) {
	text := fmt.Sprintf(" shell  %s on %s  %s", label.Name(&c.task), c.task.AgentName, label.Or(c.task.User, "as agentd"))
	const menu = "   ctrl+] menu"
	text = ansi.Truncate(ansi.Strip(text), max(size.Columns-len(menu), 0), "…") + menu
	_, _ = io.WriteString(c.shells.out, "\x1b[2J\x1b[H"+text+"\r\n"+strings.Repeat("-", size.Columns)+"\r\n") // a terminal that is gone ends the shell, too
}
