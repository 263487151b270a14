package app

import (
	"cmp"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/theme"
)

// keys takes what was read from the terminal at once. Keys that a slow line delivers together are one message of several
// runes; each is a key, unless it goes into a text. What is pasted where no text is expected does nothing.
func (a *App) keys(msg tea.KeyMsg) tea.Cmd {
	if msg.Type != tea.KeyRunes || len(msg.Runes) <= 1 || a.typing() {
		if msg.Paste && !a.typing() {
			return nil
		}
		return a.key(msg)
	}
	if msg.Paste {
		return nil
	}
	var cmds []tea.Cmd
	for i, r := range msg.Runes {
		if a.typing() {
			msg.Runes = msg.Runes[i:]
			return tea.Batch(append(cmds, a.key(msg))...)
		}
		one := tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}, Alt: msg.Alt}
		if r == ' ' {
			one.Type = tea.KeySpace
		}
		cmds = append(cmds, a.key(one))
	}
	return tea.Batch(cmds...)
}

// typing says whether letters are text now.
func (a *App) typing() bool {
	if a.over != nil {
		return a.over.typing()
	}
	t, ok := a.top().screen.(screen.Typist)
	return ok && t.Typing()
}

// key takes one key. Whatever lies on top gets it first.
func (a *App) key(msg tea.KeyMsg) tea.Cmd {
	if msg.Type == tea.KeyCtrlC {
		return a.quit("")
	}
	if a.pending != nil && msg.String() == stops && !a.typing() {
		return a.undo() // whatever lies on top: there are three seconds
	}
	if a.over != nil {
		return a.over.key(a, msg)
	}
	l := a.top()
	if a.typing() {
		for _, scope := range l.screen.Scopes() {
			if b, ok := keys.Lookup([]keys.Scope{scope}, msg.String()); ok && b.Scope == scope && scope.Form() {
				return a.do(b)
			}
		}
		return a.settle(l, l.screen.(screen.Typist).Type(msg))
	}
	b, ok := keys.Lookup(l.screen.Scopes(), msg.String())
	if !ok {
		return nil
	}
	return a.do(b)
}

// off says why a binding does not work now, "" if it does.
func (a *App) off(b keys.Binding) string {
	if b.Dangerous {
		if why := a.blocked(); why != "" {
			return why
		}
	}
	if b.Enters && a.deps.ReadOnly {
		return "this console is read-only"
	}
	if o, ok := a.top().screen.(screen.Offerer); ok {
		return o.Off(b.Verb)
	}
	return ""
}

// do runs a binding: the screen first, then what works everywhere.
func (a *App) do(b keys.Binding) tea.Cmd {
	if why := a.off(b); why != "" {
		a.say(theme.Warn, strings.TrimSuffix(cmp.Or(b.Foot, b.Help), "…")+": "+why)
		return nil
	}
	if cmd, handled := a.press(b.Verb); handled {
		return cmd
	}
	if cmd, handled := a.onThing(b.Verb); handled {
		return cmd
	}
	if cmd, handled := a.onText(b.Verb); handled {
		return cmd
	}
	return a.global(b.Verb)
}

var places = map[keys.Verb]screen.Kind{
	keys.GoOver: screen.Overview, keys.GoAgents: screen.Agents, keys.GoTasks: screen.Tasks, keys.GoFrames: screen.Frameworks,
	keys.GoRoles: screen.Roles, keys.GoOffers: screen.Offers, keys.GoMasters: screen.Masters, keys.GoEvents: screen.Events, keys.GoJobs: screen.Jobs,
	keys.GoMaint: screen.Maintenance,
}

// resizePane gives the preview more of the screen, or less; what is not shown comes first.
func (a *App) resizePane(by int) {
	if !a.looks.Preview {
		a.looks.Preview = by > 0
		return
	}
	if a.looks.Pane+by < 0 {
		a.looks.Preview = false
		return
	}
	a.looks.Pane = min(a.looks.Pane+by, len(panes)-1)
}

// pace has screens change less often, for slow lines.
func (a *App) pace(least time.Duration) {
	a.looks.Pace = least
	if a.deps.Pace != nil {
		a.deps.Pace(least)
	}
	if least == 0 {
		a.say(theme.Good, "screens change as soon as something does, ten times a second at most")
		return
	}
	a.say(theme.Good, "screens change every "+least.String()+" at most")
}

// freeze lets the screens stand still, so that what moves can be read; or go on.
func (a *App) freeze() {
	on := !a.deps.Store.Frozen()
	a.deps.Store.Freeze(on)
	if on {
		a.say(theme.Info, "frozen: nothing moves until P is pressed again")
	} else {
		a.say(theme.Good, "live again")
	}
}

func (a *App) global(verb keys.Verb) tea.Cmd {
	if kind, ok := places[verb]; ok {
		return a.goTop(screen.Target{Kind: kind})
	}
	switch verb {
	case keys.Back:
		a.pop()
	case keys.Leave:
		if !a.pop() {
			return a.quit("")
		}
	case keys.Last:
		if a.last.Kind != "" {
			return a.goTop(a.last)
		}
	case keys.Older:
		return a.travel(-1)
	case keys.Newer:
		return a.travel(1)
	case keys.Freeze:
		a.freeze()
	case keys.Preview:
		a.looks.Preview = !a.looks.Preview
	case keys.PaneMore:
		a.resizePane(1)
	case keys.PaneLess:
		a.resizePane(-1)
	case keys.PickColumns:
		a.chooseColumns()
	case keys.FullScreen:
		a.full = !a.full
	case keys.WhyStale:
		a.whyStale()
	case keys.New:
		return a.push(screen.Target{Kind: screen.Submit})
	case keys.Undo:
		return a.undo()
	case keys.Help:
		a.over = &helpOverlay{}
	case keys.Actions:
		a.over = newMenu(a)
	case keys.Command:
		a.over = newCommandLine("")
	case keys.Refresh:
		a.deps.Retry()
		a.say(theme.Dim, "asking the masters again")
	case keys.Suspend:
		if a.deps.Served {
			a.say(theme.Dim, "there is no shell under this console to go to")
			return nil
		}
		return tea.Suspend
	case keys.Quit:
		return a.quit("")
	default:
	}
	return nil
}
