package app

import (
	"context"
	"fmt"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/tui/action"
	"codeberg.org/reeve/reeve/tui/clip"
	"codeberg.org/reeve/reeve/tui/export"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
)

// thing is what the cursor is on; its Kind is "" if there is nothing.
func (a *App) thing() screen.Thing {
	if p, ok := a.top().screen.(screen.Pointer); ok {
		return p.Points()
	}
	return screen.Thing{}
}

// onThing does what works on the thing under the cursor, whatever the screen; false if verb is none of that.
func (a *App) onThing(verb keys.Verb) (tea.Cmd, bool) {
	switch verb {
	case keys.Describe, keys.Raw:
		t := a.thing()
		if t.ID == "" {
			a.say(theme.Dim, "there is nothing here to describe")
			return nil, true
		}
		return a.push(screen.Target{Kind: screen.Detail, ID: t.ID, Arg: screen.ArgOf(t, verb)}), true
	case keys.CopyMenu:
		t := a.thing()
		items := clip.Of(a.deps.Store.Snapshot(), t, a.deps.Env.Reach)
		if len(items) == 0 {
			a.say(theme.Dim, "there is nothing here to copy")
			return nil, true
		}
		a.over = &chooser{title: "Copy", items: items}
		return nil, true
	case keys.Export:
		a.export()
		return nil, true
	case keys.CopyCommand:
		return a.copyList(), true
	default:
		return nil, false
	}
}

// lists are the verbs of the command line that print what a screen lists.
var lists = map[screen.Kind]string{
	screen.Agents: "agents", screen.Tasks: "tasks", screen.Jobs: "jobs", screen.Frameworks: "frameworks", screen.Roles: "roles",
	screen.Offers: "offers", screen.Masters: "masters", screen.Members: "members", screen.Events: "events", screen.Maintenance: "maintenance", screen.Secrets: "secrets",
}

// tabFlags are what the tabs of the tasks' screen are to the command line.
var tabFlags = [][]string{nil, {"--state=unreachable"}, {"--all"}}

// copyList copies the command line that prints the list.
func (a *App) copyList() tea.Cmd {
	at := a.top()
	verb, args := lists[at.target.Kind], []string(nil)
	var st screen.State
	if saver, ok := at.screen.(screen.Saver); ok {
		st = saver.Save()
	}
	switch at.target.Kind {
	case screen.Tasks:
		args = tabFlags[st.Tab]
	case screen.Task:
		_, task, _ := strings.Cut(at.target.ID, "/")
		verb, args = "inspect", []string{task}
	case screen.Agent:
		verb, args = "tasks", []string{"--agent=" + at.target.ID}
		if st.Tab > 0 {
			args = append(args, "--all") // also those that have ended, which the other tabs count
		}
	case screen.Files:
		_, task, _ := strings.Cut(at.target.ID, "/")
		verb, args = "files", []string{task}
		if at.target.Arg != "" {
			args = append(args, at.target.Arg)
		}
	default:
	}
	if verb == "" {
		a.say(theme.Dim, "no command prints this list")
		return nil
	}
	what := "command line"
	if st.Filter != "" {
		what += ", without the filter,"
	}
	return a.copy(screen.Copy{Text: action.CommandLine(a.deps.Env.Reach, verb, args...), What: what})
}

// export asks in which form to save the list.
func (a *App) export() {
	e, ok := a.top().screen.(screen.Exporter)
	if !ok {
		a.say(theme.Dim, "there is no list here to save")
		return
	}
	name, titles, shown := e.Export(false)
	_, _, all := e.Export(true)
	items := []screen.Choice{
		{Key: "c", Text: "CSV", Note: plural(len(shown), "row"), Msg: screen.Write{Name: name + ".csv", Text: export.CSV(titles, shown)}},
		{Key: "l", Text: "JSON lines", Note: plural(len(shown), "row"), Msg: screen.Write{Name: name + ".jsonl", Text: export.Lines(titles, shown)}},
	}
	if len(all) > len(shown) {
		items[0].Note += " that pass the filter"
		items[1].Note += " that pass the filter"
		items = append(items,
			screen.Choice{Key: "C", Text: "CSV, all", Note: plural(len(all), "row"), Msg: screen.Write{Name: name + ".csv", Text: export.CSV(titles, all)}},
			screen.Choice{Key: "L", Text: "JSON lines, all", Note: plural(len(all), "row"), Msg: screen.Write{Name: name + ".jsonl", Text: export.Lines(titles, all)}})
	}
	a.over = &chooser{title: "Save this list as", items: items}
}

// write saves a text outside of the loop.
func (a *App) write(w screen.Write) tea.Cmd {
	save, rest := a.deps.Env.Save, []byte(w.Text)
	ctx, cancel := a.bg()
	return func() tea.Msg {
		defer cancel()
		path, size, err := save(w.Name, func() ([]byte, error) {
			piece := rest
			rest = nil
			return piece, context.Cause(ctx)
		})
		if err != nil {
			return screen.Toast{Text: "not saved: " + err.Error(), Role: theme.Bad}
		}
		return screen.Toast{Text: fmt.Sprintf("saved %s (%s)", path, gauge.Bytes(size)), Role: theme.Good}
	}
}

// chooser is a menu whose choices are messages.
type chooser struct {
	title string
	items []screen.Choice
	at    int
}

func (c *chooser) typing() bool { return false }

func (c *chooser) key(a *App, msg tea.KeyMsg) tea.Cmd {
	for _, item := range c.items {
		if item.Key == msg.String() {
			return c.take(a, item)
		}
	}
	switch msg.String() {
	case "esc", "q":
		a.over = nil
	case "down", "tab":
		c.at = min(c.at+1, len(c.items)-1)
	case "up", "shift+tab":
		c.at = max(c.at-1, 0)
	case "enter":
		return c.take(a, c.items[c.at])
	}
	return nil
}

func (c *chooser) take(a *App, item screen.Choice) tea.Cmd {
	a.over = nil
	return a.asked(a.top(), item.Msg)
}

func (c *chooser) render(_ *App, area frame.Area) {
	box := area.Center(min(area.W-4, 76), len(c.items)+2)
	box.Clear()
	in := box.Box(c.title)
	for i, item := range c.items {
		line := in.Sub(0, i, in.W, 1)
		if i == c.at {
			line = line.With(theme.Cursor)
			line.Clear()
		}
		line.Text(1, 0, theme.Key, item.Key)
		x := line.Text(4, 0, theme.Text, item.Text) + 2
		note, _, more := strings.Cut(item.Note, "\n")
		if more {
			note += " …"
		}
		if x = max(x, 28); x < line.W {
			line.Text(x, 0, theme.Dim, line.Clip(note, line.W-x))
		}
	}
}

func (c *chooser) hint() string { return "<letter>take it  <up down>choose  <enter>take  <esc>close" }
