package app

import (
	"slices"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/screen"
)

// outside is what may take its time, and so runs outside of the loop. It is what Async's commands answer; all other
// commands of screens answer at once.
type outside func() tea.Msg

// settle does what a screen's command asks for before anything else happens. Were it left to bubbletea, which runs
// commands side by side, the next key could come first, and act on a screen that the key before it has left.
func (a *App) settle(l *layer, cmd tea.Cmd) tea.Cmd {
	if cmd == nil {
		return nil
	}
	switch msg := cmd().(type) {
	case nil:
		return nil
	case outside:
		return tea.Cmd(msg)
	case tea.BatchMsg:
		var rest []tea.Cmd
		for _, one := range msg {
			rest = append(rest, a.settle(l, one))
		}
		return tea.Batch(rest...)
	default:
		return a.asked(l, msg)
	}
}

// press has the top screen do a verb; false if it has no use for it.
func (a *App) press(verb keys.Verb) (tea.Cmd, bool) {
	l := a.top()
	cmd, handled := l.screen.Do(verb)
	return a.settle(l, cmd), handled
}

// tellScreen gives a message to a screen, which may be gone.
func (a *App) tellScreen(l *layer, msg tea.Msg) tea.Cmd {
	if l == nil {
		return nil
	}
	return a.settle(l, l.screen.Update(msg))
}

// swap opens a screen in place of another, even if the operator has opened a third one over that.
func (a *App) swap(old *layer, target screen.Target) tea.Cmd {
	at := slices.Index(a.stack, old)
	if at < 0 {
		return nil
	}
	if old == a.top() {
		a.drop(old)
		return a.push(target)
	}
	a.close(old)
	a.stack[at] = a.open(target)
	return a.settle(a.stack[at], a.stack[at].screen.Start())
}

// drop closes a screen, wherever it lies; what lies over it stays.
func (a *App) drop(l *layer) {
	if at := slices.Index(a.stack, l); at > 0 {
		a.close(l)
		a.stack = slices.Delete(a.stack, at, at+1)
	}
}

// close ends what a screen has under way, and keeps its settings.
func (a *App) close(l *layer) {
	a.keep(l)
	screen.Leave(l.screen)
	l.cancel()
}
