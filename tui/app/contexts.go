package app

import (
	"fmt"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/tui/action"
	"codeberg.org/reeve/reeve/tui/command"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/theme"
)

// goContext ends this console so that one of another cluster can begin. It works also while this cluster hangs.
func (a *App) goContext(name string) tea.Cmd {
	switch {
	case len(a.deps.Contexts) == 0:
		a.say(theme.Warn, "no cluster is configured; \"reeve config\" says in which file")
		return nil
	case name == "":
		a.say(theme.Info, "clusters: "+strings.Join(a.deps.Contexts, ", "))
		return nil
	case name == a.deps.Context:
		a.say(theme.Dim, "this is "+name+" already")
		return nil
	case !slices.Contains(a.deps.Contexts, name):
		a.say(theme.Warn, fmt.Sprintf("there is no cluster %q; there are %s", name, strings.Join(a.deps.Contexts, ", ")))
		return nil
	}
	return a.quit(name)
}

// checkConfig says what is wrong with the operator's configuration. The console goes on with what it had read.
func (a *App) checkConfig() tea.Cmd {
	check := a.deps.CheckConfig
	if check == nil {
		a.say(theme.Warn, "there is no configuration of yours here: this console runs on another machine")
		return nil
	}
	return func() tea.Msg {
		path, err := check()
		if err != nil {
			return screen.Toast{Text: err.Error(), Role: theme.Bad}
		}
		return screen.Toast{Text: path + ": nothing is wrong; what changed counts from the next start", Role: theme.Good}
	}
}

// Next is the context to go to after the console has ended, "" if the operator left for good.
func (a *App) Next() string { return a.leave }

// complete lists ways to go on from a line; the names of contexts are known only here.
func (a *App) complete(line string) []command.Choice {
	if rest, ok := strings.CutPrefix(strings.TrimLeft(line, " "), "context "); ok {
		var out []command.Choice
		for _, name := range a.deps.Contexts {
			if strings.HasPrefix(name, strings.TrimLeft(rest, " ")) {
				out = append(out, command.Choice{Line: "context " + name})
			}
		}
		return out
	}
	return command.Complete(a.deps.Store.Snapshot(), line)
}

// word is what has to be typed before an action: on a production cluster always something.
func (a *App) word(act action.Action) string {
	if act.Word != "" || !a.deps.Production {
		return act.Word
	}
	first, _, _ := strings.Cut(act.Button, " ")
	return strings.ToLower(first)
}
