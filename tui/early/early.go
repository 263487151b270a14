// Package early answers a question before anybody asks it. It owns one statement: the background is taken to be dark.
// bubbletea asks the terminal for its background while it is initialised, and waits up to five seconds for the answer,
// so every command of ours would hang in a terminal that never answers (expect, CI, serial consoles). Go initialises
// packages in the order of their import paths, and this one sorts before bubbletea's; a test in tui/console starts the
// binary in a silent terminal. It never decides what the console looks like: that is theme's. Start reading here.
package early

import "github.com/charmbracelet/lipgloss"

// Answered is true once lipgloss has been told. It exists so that the call below runs when the package is initialised.
var Answered = answer()

func answer() bool {
	lipgloss.SetHasDarkBackground(true)
	return true
}
