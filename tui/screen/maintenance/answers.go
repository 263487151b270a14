package maintenance

import (
	"fmt"
	"strings"

	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/screen/label"
	"codeberg.org/reeve/reeve/tui/theme"
)

// answer is what a framework said when it was asked to leave a machine.
type answer struct{ framework, word string }

func (s *Screen) said(m *machine) []answer {
	var out []answer
	for _, a := range m.Answers {
		said := answer{a.Framework, "stays"}
		if f := s.Env.Store.Snapshot().Frameworks.Get(a.Framework); f != nil {
			said.framework = f.Name
		}
		if a.Accepted {
			said.word = "leaves"
		}
		out = append(out, said)
	}
	return out
}

// answers are those of a row in one line.
func (s *Screen) answers(m *machine) string {
	var out []string
	for _, a := range s.said(m) {
		out = append(out, a.framework+" "+a.word)
	}
	return strings.Join(out, ", ")
}

// Render draws the list, and where it leaves room what frameworks answered about the cursor's machine: a row has no room for many.
func (s *Screen) Render(a frame.Area) {
	s.Asked.Render(a)
	_, m, _ := s.Row()
	if m == nil || len(m.Answers) == 0 {
		return
	}
	const head, rest = 1, 3 // of the pane; the list's own heads and some air
	rows, _ := s.Table().Len()
	all := s.said(m)
	h := min(head+len(all), a.H-rows-rest)
	if h <= head {
		return
	}
	pane := a.Sub(1, a.H-h, a.W-2, h)
	x := pane.Text(0, 0, theme.Title, "ANSWERS") + 2
	pane.Text(x, 0, theme.Dim, pane.Clip("of the frameworks that were asked to leave "+label.Or(m.Hostname, m.IP), pane.W-x))
	name := 12
	for _, said := range all {
		name = max(name, min(frame.Width(said.framework), pane.W/2))
	}
	for i, said := range all {
		y := head + i
		if y == h-1 && len(all)-i > 1 {
			pane.Text(2, y, theme.Dim, fmt.Sprintf("%s %d more", a.Theme().Glyph.More, len(all)-i))
			return
		}
		pane.Left(2, y, name, theme.Text, said.framework)
		pane.Text(2+name+1, y, map[string]theme.Role{"stays": theme.Warn, "leaves": theme.Good}[said.word], said.word)
	}
}
