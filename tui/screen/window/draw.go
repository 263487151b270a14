package window

import (
	"fmt"

	"codeberg.org/reeve/reeve/tui/action"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/prose"
)

const (
	boxed = 8 // lines: three fields, each with an error, and the frame
	edge  = 2 // lines of the frame
)

// Render draws the form, and below it what runs on the machines. Where that has no room the form gets no more than it needs now.
func (s *Screen) Render(a frame.Area) {
	title := "Schedule maintenance"
	if s.change {
		title = "Change maintenance"
	}
	h := boxed
	below, whole := s.below(a.W-3, a.H-h-1)
	if !whole {
		h = min(s.Form.Height()+edge, h)
		below, _ = s.below(a.W-3, a.H-h-1)
	}
	s.Form.Render(a.Sub(1, 0, min(a.W-2, 100), min(a.H, h)).Box(title), s.note)
	for y, line := range below {
		role := theme.Text
		switch {
		case line.Warn:
			role = theme.Warn
		case line.Note:
			role = theme.Dim
		}
		a.Text(2, h+1+y, role, line.Text)
	}
}

// below is what stands below the form, in w columns and at most h lines; whole says that it is all that there is to say. Where it
// is not, what is always the same goes first, and then machines: the question names them all.
func (s *Screen) below(w, h int) (out []action.Line, whole bool) {
	notes := []action.Line{{}, {Text: "Frameworks are asked to leave. Nothing is taken down by itself then.", Note: true}}
	if s.change {
		notes = append(notes, action.Line{Text: "A machine that is no longer named here keeps the window that it has.", Note: true})
	}
	machines := s.affected()
	if len(machines) == 0 {
		notes = notes[1:]
	}
	for i, m := range machines {
		lines := wrapped(m, w)
		more, room := len(machines)-i, h-len(out)
		if len(lines) > room || len(lines) == room && more > 1 {
			return append(out, others(more, room, i > 0)...), false
		}
		out = append(out, lines...)
	}
	for _, n := range notes {
		lines := wrapped(n, w)
		if len(out)+len(lines) > h {
			return out, false
		}
		out = append(out, lines...)
	}
	return out, true
}

func wrapped(l action.Line, w int) (out []action.Line) {
	for _, text := range prose.Wrap(l.Text, w) {
		out = append(out, action.Line{Text: text, Warn: l.Warn, Note: l.Note})
	}
	return out
}

// others stands for machines that have no room.
func others(n, room int, some bool) []action.Line {
	switch {
	case room < 1:
		return nil
	case !some:
		return []action.Line{{Text: plural(n) + ": the question names all that runs there", Note: true}}
	}
	return []action.Line{{Text: "and " + plural(n) + " more", Note: true}}
}

func plural(machines int) string {
	if machines == 1 {
		return "1 machine"
	}
	return fmt.Sprintf("%d machines", machines)
}

// affected says what runs on the machines that are named.
func (s *Screen) affected() []action.Line {
	snap := s.env.Store.Snapshot()
	if s.typed == s.Form.Version() && s.known == snap.Version {
		return s.machines
	}
	s.typed, s.known, s.machines = s.Form.Version(), snap.Version, nil
	if machines, err := action.Machines(snap.Agents.Rows(), action.Names(s.Form.Value(fieldMachines))); err == nil {
		s.machines, _ = action.Window{Machines: machines}.Affects(snap, s.env.Now())
	}
	return s.machines
}
