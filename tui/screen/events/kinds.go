package events

import (
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/tui/screen"
)

// family are events of one sort of thing.
type family struct {
	key, name string
	of        []string // what their kinds begin with
}

// families can be shown and hidden. What belongs to none is the last one's.
var families = []family{
	{"t", "task", []string{"TASK"}},
	{"g", "agent", []string{"AGENT"}},
	{"f", "framework", []string{"FRAMEWORK"}},
	{"j", "job", []string{"JOB", "JOBS"}},
	{"o", "offer", []string{"OFFER", "OPERATION", "VOLUME"}},
	{"r", "role", []string{"QUOTA", "WEIGHT"}},
	{"m", "master", []string{"MASTER"}},
	{"w", "other", nil},
}

func familyOf(kind string) string {
	first, _, _ := strings.Cut(kind, "_")
	for _, f := range families {
		if slices.Contains(f.of, first) {
			return f.name
		}
	}
	return families[len(families)-1].name
}

// toggle is what a line of the menu answers: the name of a family, or "" for all.
type toggle string

// choose opens the menu of families.
func (s *Screen) choose() tea.Cmd {
	choices := []screen.Choice{{Key: "a", Text: "all", Note: "shows every kind", Msg: s.Env.Self(toggle(""))}}
	for _, f := range families {
		sign := "[x] "
		if s.hidden[f.name] {
			sign = "[ ] "
		}
		note := strings.Join(f.of, ", ")
		if f.of == nil {
			note = "all others"
		}
		choices = append(choices, screen.Choice{Key: f.key, Text: sign + f.name, Note: note, Msg: s.Env.Self(toggle(f.name))})
	}
	return screen.Send(screen.Choose{Title: "Kinds of events", Choices: choices})
}

// Update takes what was chosen in a menu.
func (s *Screen) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case toggle:
		return s.turn(msg)
	case ago:
		s.since(msg)
		return nil
	case following:
		s.newest()
		return nil
	}
	return s.Base.Update(msg)
}

// turn shows a family that was hidden, or hides one.
func (s *Screen) turn(t toggle) tea.Cmd {
	if t == "" {
		s.hide(nil)
		return nil
	}
	next := map[string]bool{}
	for _, f := range families {
		if s.hidden[f.name] != (f.name == string(t)) {
			next[f.name] = true
		}
	}
	s.hide(next)
	return s.choose()
}

// hide shows all families but these.
func (s *Screen) hide(hidden map[string]bool) {
	s.hidden = hidden
	if len(hidden) == 0 {
		s.List().Only(nil, "")
		return
	}
	var shown []string
	for _, f := range families {
		if !hidden[f.name] {
			shown = append(shown, f.name)
		}
	}
	if len(shown) == 0 {
		shown = []string{"none"}
	}
	s.List().Only(func(e *event) bool { return !hidden[familyOf(e.Kind)] }, "kinds: "+strings.Join(shown, " "))
}

// Save keeps the kinds that are hidden, too.
func (s *Screen) Save() screen.State {
	st := s.Base.Save()
	for _, f := range families {
		if s.hidden[f.name] {
			st.On = append(st.On, "no "+f.name)
		}
	}
	return st
}
