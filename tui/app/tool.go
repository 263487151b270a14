package app

import (
	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/theme"
)

// Tool is a program of the operator's that gets a text, and the terminal until it ends.
type Tool struct {
	Kind   ToolKind
	Line   string  // what Pipe runs
	Name   string  // of the file that Editor opens
	At     int     // the line at which Editor begins, 0 for any
	Text   string  // what it gets
	Result *string // what Editor left of the text, nil if that does not matter
}

// ToolKind is a sort of program.
type ToolKind int

// The kinds.
const (
	Pager ToolKind = iota
	Pipe
	Editor
)

// toolEnded is what became of a program.
type toolEnded struct {
	id   uint64 // of the layer that asked
	tool Tool
	err  error
}

// tool leaves the terminal to a program.
func (a *App) tool(t Tool) tea.Cmd {
	if a.deps.Tool == nil {
		a.say(theme.Warn, "there are no programs here: this console runs on another machine than yours, or in a test")
		return nil
	}
	id := a.top().id
	return a.deps.Exec(a.deps.Tool(t), func(err error) tea.Msg { return toolEnded{id, t, err} })
}

// toolDone tells what became of a program, and its screen what was edited.
func (a *App) toolDone(msg toolEnded) tea.Cmd {
	if msg.err != nil {
		a.say(theme.Bad, msg.err.Error())
		return nil
	}
	if msg.tool.Kind != Editor || msg.tool.Result == nil {
		return nil
	}
	return a.tellScreen(a.layer(msg.id), screen.Edited{Before: msg.tool.Text, Text: *msg.tool.Result})
}

// onText does what works on the screen's text; false if verb is none of that.
func (a *App) onText(verb keys.Verb) (tea.Cmd, bool) {
	t, ok := a.top().screen.(screen.Texter)
	if !ok {
		return nil, false
	}
	switch verb {
	case keys.Pager:
		_, text := t.Text()
		return a.tool(Tool{Kind: Pager, Text: text}), true
	case keys.Editor:
		name, text := t.Text()
		return a.tool(Tool{Kind: Editor, Name: name, Text: text}), true
	case keys.Pipe:
		a.over = newCommandLine("pipe ")
		return nil, true
	default:
		return nil, false
	}
}

// pipe gives the screen's text to a command.
func (a *App) pipe(line string) tea.Cmd {
	t, ok := a.top().screen.(screen.Texter)
	if !ok {
		a.say(theme.Warn, "there is no text here; pipe is for logs and descriptions")
		return nil
	}
	_, text := t.Text()
	return a.tool(Tool{Kind: Pipe, Line: line, Text: text})
}
