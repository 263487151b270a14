package app

import (
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/tabs"
)

const (
	wheelRows   = 3
	doubleClick = 500 * time.Millisecond
)

// toggleMouse takes the mouse, or gives it back: while it is taken the terminal selects no text with it.
func (a *App) toggleMouse() tea.Cmd {
	a.mouse = !a.mouse
	if !a.mouse {
		a.say(theme.Info, "the mouse is the terminal's again")
		return tea.DisableMouse
	}
	a.say(theme.Info, "mouse: wheel, click, double click; to select text hold shift")
	return tea.EnableMouseCellMotion
}

// mouseEvent takes the wheel and clicks. Questions are answered by keys only: what a button does deserves a look.
func (a *App) mouseEvent(msg tea.MouseMsg) tea.Cmd {
	if !a.mouse || a.over != nil || a.typing() || msg.Action != tea.MouseActionPress {
		return nil
	}
	switch msg.Button {
	case tea.MouseButtonWheelUp, tea.MouseButtonWheelDown:
		verb := keys.Down
		if msg.Button == tea.MouseButtonWheelUp {
			verb = keys.Up
		}
		var cmds []tea.Cmd
		for range wheelRows {
			cmd, _ := a.press(verb)
			cmds = append(cmds, cmd)
		}
		return tea.Batch(cmds...)
	case tea.MouseButtonLeft:
		return a.click(msg.X, msg.Y)
	default:
		return nil
	}
}

// turn goes so many tabs on.
func (a *App) turn(steps int) tea.Cmd {
	var cmds []tea.Cmd
	for range steps {
		cmd, _ := a.press(keys.NextTab)
		cmds = append(cmds, cmd)
	}
	return tea.Batch(cmds...)
}

// click does what a key in the footer stands for, or goes to a tab, or puts the cursor where the mouse is; clicked there again it opens
// that.
func (a *App) click(x, y int) tea.Cmd {
	now := a.deps.Now()
	again := a.clicked.y == y && a.clicked.x == x && now.Sub(a.clicked.at) < doubleClick
	a.clicked.x, a.clicked.y, a.clicked.at = x, y, now
	if a.paper == nil {
		return nil
	}
	tag, told := a.paper.Click(x, y)
	switch tag := tag.(type) {
	case keys.Binding:
		return a.do(tag)
	case tabs.Turn:
		return a.turn(int(tag))
	}
	if !told || !again {
		return nil
	}
	a.clicked.at = time.Time{}
	if b, ok := keys.Lookup(a.top().screen.Scopes(), "enter"); ok {
		return a.do(b)
	}
	return nil
}
