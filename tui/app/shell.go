package app

import (
	"errors"
	"fmt"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/action"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/screen/label"
	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/theme"
)

// shellEnded is what to say after a shell.
type shellEnded struct {
	role theme.Role
	text string
}

// Recorder is a shell that may have written a transcript.
type Recorder interface {
	Transcript() (path, note string) // where it is, "" if there is none, and what to say of it
}

// ShellStatus is the exit status of a shell, as an error of its command; 0 is none.
type ShellStatus int

func (s ShellStatus) Error() string { return fmt.Sprintf("exit %d", int(s)) }

// ErrKillAsked is a shell that the operator left to kill its task.
var ErrKillAsked = errors.New("the task is to be killed")

// shell leaves the terminal to a shell in a task. The console waits, but its data go on being kept.
func (a *App) shell(s screen.Shell) tea.Cmd {
	if a.deps.ReadOnly {
		a.say(theme.Warn, "shell: this console is read-only")
		return nil
	}
	if a.deps.Shell == nil {
		a.say(theme.Warn, "shell: this cluster is made up, and its tasks run nowhere")
		return nil
	}
	begin, name := a.deps.Now(), label.Name(s.Task)
	run := a.deps.Shell(s)
	return a.deps.Exec(run, func(err error) tea.Msg {
		took := a.deps.Now().Sub(begin).Round(time.Second)
		if errors.Is(err, ErrKillAsked) {
			return a.killAfter(s.Task)
		}
		said := shellEnded{theme.Bad, fmt.Sprintf("shell in %s: %v", name, err)}
		if _, ended := errors.AsType[ShellStatus](err); ended {
			said = shellEnded{theme.Warn, fmt.Sprintf("shell in %s ended: %v after %s", name, err, took)}
		} else if err == nil {
			said = shellEnded{theme.Good, fmt.Sprintf("shell in %s ended: exit 0 after %s", name, took)}
		}
		if r, ok := run.(Recorder); ok {
			if path, note := r.Transcript(); path != "" {
				return screen.Confirm{Title: "Transcript", Lines: []string{said.text, note, path}, Button: "Copy its path", Msg: screen.Copy{Text: path, What: "path"}}
			}
		}
		return said
	})
}

// killAfter asks whether to kill a task whose shell was left for that, as it is by now.
func (a *App) killAfter(t *reeveapi.Task) tea.Msg {
	if now := a.deps.Store.Snapshot().Tasks.Get(store.TaskKey(t)); now != nil {
		t = now
	}
	act, err := action.Kill([]*reeveapi.Task{t}, 0, func(t *reeveapi.Task) string { return label.Ran(t, a.deps.Now()) })
	if err != nil {
		return shellEnded{theme.Warn, err.Error()}
	}
	return screen.Ask{Action: act}
}
