package paint

import (
	"os"

	tea "github.com/charmbracelet/bubbletea"
)

// Options are those of a bubbletea program whose frames go to the painter; Model must be its model. tty is the terminal
// under the painter's output, whose size bubbletea asks for; nil if there is none.
func (p *Painter) Options(tty *os.File) []tea.ProgramOption {
	const seldom = 1 // a second, the least there is: the renderer has nothing to do
	options := []tea.ProgramOption{tea.WithAltScreen(), tea.WithFPS(seldom)}
	if tty == nil {
		return append(options, tea.WithOutput(p))
	}
	return append(options, tea.WithOutput(file{tty, p}))
}

// file is a painter that bubbletea takes for a terminal.
type file struct {
	*os.File
	painter *Painter
}

func (f file) Write(b []byte) (int, error) { return f.painter.Write(b) }

// WriteString is Write: without it the embedded file's would pass the painter by.
func (f file) WriteString(s string) (int, error) { return f.painter.WriteString(s) }

// Model is root, but its frames go to the painter.
func (p *Painter) Model(root tea.Model) tea.Model { return model{root, p} }

type model struct {
	root    tea.Model
	painter *Painter
}

func (m model) Init() tea.Cmd { return m.root.Init() }

func (m model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if _, resized := msg.(tea.WindowSizeMsg); resized {
		m.painter.Repaint() // terminals move what they show when their size changes
	}
	root, cmd := m.root.Update(msg)
	return model{root, m.painter}, cmd
}

func (m model) View() string {
	m.painter.Show(m.root.View())
	return blank
}
