package app

import (
	"fmt"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/tui/action"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/hint"
)

// stops is the key that stops what is about to begin, wherever one is.
const stops = "u"

// window is how long an action on several things can be stopped before it begins.
const window = 3 * time.Second

// undoable is how long what was done can be undone by a key; afterwards the operator has other things in mind.
const undoable = 2 * time.Minute

// pending is an action that was agreed to and has not begun.
type pending struct {
	act   action.Action
	layer uint64
	until time.Time
}

// agree begins an action: at once if it is about one thing, else when the window is over.
func (a *App) agree(layer uint64, act action.Action) tea.Cmd {
	if len(act.Steps) < 2 {
		return a.run(layer, act)
	}
	if a.pending != nil {
		a.say(theme.Warn, "not begun: "+a.pending.act.Title+" is about to begin; do this again afterwards")
		return nil
	}
	a.pending = &pending{act, layer, a.deps.Now().Add(window)}
	return nil
}

// due runs the action whose window is over. It is asked once a second.
func (a *App) due() tea.Cmd {
	p := a.pending
	if p == nil || a.deps.Now().Before(p.until) {
		return nil
	}
	a.pending = nil
	if why := a.blocked(); why != "" {
		a.say(theme.Bad, p.act.Title+" was not begun: "+why)
		return nil
	}
	return a.run(p.layer, p.act)
}

// undo stops what is about to begin, or asks whether to undo what was done last.
func (a *App) undo() tea.Cmd {
	if p := a.pending; p != nil {
		a.pending = nil
		a.say(theme.Good, "stopped: "+p.act.Title+" was not begun")
		return nil
	}
	if a.undone == nil || a.deps.Now().After(a.undoneUntil) {
		a.say(theme.Dim, "there is nothing to undo")
		return nil
	}
	act, err := a.undone(a.deps.Store.Snapshot())
	if err != nil {
		a.say(theme.Warn, err.Error())
		return nil
	}
	return a.ask(act)
}

// remember keeps how an action that went well can be undone.
func (a *App) remember(r action.Result) {
	a.undone = r.Undo
	if r.Undo != nil {
		a.undoneUntil = a.deps.Now().Add(undoable)
	}
}

// countdown is the status line while an action can be stopped. How it is stopped always has room.
func (p *pending) countdown(a frame.Area, now time.Time) {
	const stop = "<" + stops + ">stops it"
	left := fmt.Sprintf(" in %ds   ", max(int((p.until.Sub(now)+time.Second-1)/time.Second), 1))
	x := a.Text(1, 0, theme.Dim, a.Clip(p.act.Title, a.W-2-frame.Width(left+stop))+left)
	hint.Draw(a.Sub(x-1, 0, a.W-x+1, 1), stop)
}

// undoHint says that there is a way back, and by what where one is: on agents the letter has another meaning.
func (a *App) undoHint(r action.Result) string {
	if r.Undo == nil {
		return strings.TrimSpace(r.Done)
	}
	by := ":undo"
	if b, _ := keys.Lookup(a.top().screen.Scopes(), stops); b.Verb == keys.Undo {
		by = stops
	}
	return r.Done + "   " + by + " undoes it"
}

// undoing is how what was done is undone, given what is known then.
type undoing = func(s *store.Snapshot) (action.Action, error)
