package app

import (
	"errors"
	"fmt"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/screen/label"
	"codeberg.org/reeve/reeve/tui/theme"
)

// shellEnded is what to say after a shell.
type shellEnded struct {
	role theme.Role
	text string
}

// ShellStatus is the exit status of a shell, as an error of its command; 0 is none.
type ShellStatus int

func (s ShellStatus) Error() string { return fmt.Sprintf("exit %d", int(s)) }

// shell leaves the terminal to a shell in a task. The console waits, but its data go on being kept.
func (a *App) shell(t *reeveapi.Task, command []string) tea.Cmd {
	if a.deps.ReadOnly {
		a.say(theme.Warn, "shell: this console is read-only")
		return nil
	}
	if a.deps.Shell == nil {
		a.say(theme.Warn, "shell: this cluster is made up, and its tasks run nowhere")
		return nil
	}
	begin, name := a.deps.Now(), label.Name(t)
	return a.deps.Exec(a.deps.Shell(t, command), func(err error) tea.Msg {
		took := a.deps.Now().Sub(begin).Round(time.Second)
		_, ended := errors.AsType[ShellStatus](err)
		switch {
		case err == nil:
			return shellEnded{theme.Good, fmt.Sprintf("shell in %s ended: exit 0 after %s", name, took)}
		case ended:
			return shellEnded{theme.Warn, fmt.Sprintf("shell in %s ended: %v after %s", name, err, took)}
		}
		return shellEnded{theme.Bad, fmt.Sprintf("shell in %s: %v", name, err)}
	})
}
