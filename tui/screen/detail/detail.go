// Package detail is the screen of all that is known of one thing: written for people, as YAML, and as JSON, with search.
// It follows the store like all screens, and keeps what was known last when the thing is gone. Start reading at Screen.
package detail

import (
	"context"
	"fmt"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/lookup"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/pager"
	"codeberg.org/reeve/reeve/tui/widget/tabs"
)

// The tabs.
const (
	described = iota
	asYAML
	asJSON
)

// Screen is one thing, as text.
type Screen struct {
	env   screen.Env
	thing screen.Thing // with a Value if it is not in the store, once that was answered
	ask   func(ctx context.Context) (any, error)
	query query
	tabs  tabs.Tabs
	pager pager.Pager
	last  record // the newest that was known
	gone  bool
	seen  uint64
	shown int
}

// New returns the screen; target's Arg is what ArgOf made.
func New(env screen.Env, target screen.Target) *Screen {
	verb, kind, _ := strings.Cut(target.Arg, ":")
	s := &Screen{
		env: env, thing: screen.Thing{Kind: screen.Kind(kind), ID: target.ID}, shown: -1,
		tabs: tabs.Tabs{Names: []string{"described", "YAML", "JSON"}},
	}
	s.ask = lookup.Of(env, s.thing)
	if keys.Verb(verb) == keys.Raw {
		s.tabs.At = asYAML
	}
	return s
}

// Crumb names the screen.
func (s *Screen) Crumb() string {
	s.refresh()
	if s.last.name != "" {
		return s.last.name + " " + s.tabs.Name()
	}
	return s.tabs.Name()
}

// Scopes are the key scopes.
func (s *Screen) Scopes() []keys.Scope { return []keys.Scope{keys.Text} }

// Start asks for what is not in the store.
func (s *Screen) Start() tea.Cmd { return s.inquire() }

// Update takes the answer to that, and asks again now and then. All else is in the store: Render looks at the newest snapshot.
func (s *Screen) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case screen.Tick:
		return s.again()
	case answer:
		s.take(msg)
	}
	return nil
}

// Typing says whether the search line takes keys.
func (s *Screen) Typing() bool { return s.pager.Typing() }

// Type gives the search line a key.
func (s *Screen) Type(key tea.KeyMsg) tea.Cmd {
	s.pager.Type(key)
	return nil
}

// Points is the thing that is shown.
func (s *Screen) Points() screen.Thing { return s.thing }

// Do takes a verb.
func (s *Screen) Do(verb keys.Verb) (tea.Cmd, bool) {
	s.refresh()
	switch verb {
	case keys.NextTab:
		s.tabs.Step(1)
	case keys.PrevTab:
		s.tabs.Step(-1)
	case keys.Describe:
		s.tabs.At = described
	case keys.Raw:
		if s.tabs.At == asYAML {
			s.tabs.At = asJSON
		} else {
			s.tabs.At = asYAML
		}
	case keys.Copy:
		return screen.Send(screen.Copy{Text: s.pager.Text(), What: "the text"}), true
	case keys.Save:
		name, text := s.Text()
		return screen.Send(screen.Write{Name: name, Text: text}), true
	default:
		return nil, s.pager.Do(verb)
	}
	return nil, true
}

// Text is what is shown.
func (s *Screen) Text() (name, text string) {
	s.refresh()
	return s.last.name + [...]string{".txt", ".yaml", ".json"}[s.tabs.At], s.pager.Text()
}

// Status says where in the text one is, and whether the thing is still there.
func (s *Screen) Status() (string, theme.Role) {
	switch {
	case s.query.wrong != "" && s.last.value != nil:
		return "what is shown may be old: " + s.query.wrong, theme.Warn
	case s.gone && s.last.value != nil:
		return "it is gone; this is what was known last", theme.Warn
	}
	from, to, of := s.pager.Place()
	return fmt.Sprintf("lines %d to %d of %d", from, to, of), theme.Dim
}

func (s *Screen) refresh() {
	snap := s.env.Store.Snapshot()
	if snap.Version == s.seen && s.shown == s.tabs.At {
		return
	}
	other := s.shown != s.tabs.At
	s.seen, s.shown = snap.Version, s.tabs.At
	r, found := find(snap, s.thing)
	s.gone = !found
	if found {
		s.last = r
	}
	switch s.tabs.At {
	case described:
		s.pager.Set(s.last.describe(s.env.Now()))
	case asYAML:
		s.pager.Set(s.last.yaml())
	default:
		s.pager.Set(s.last.json())
	}
	if other {
		s.pager.Do(keys.First) // a place in one text is none in another
	}
}

// Render draws the screen.
func (s *Screen) Render(a frame.Area) {
	s.refresh()
	s.tabs.Draw(a.Sub(1, 0, a.W-1, 1))
	if s.last.value == nil {
		text, role := s.missing()
		a.Text(1, 2, role, a.Clip(text, a.W-2))
		return
	}
	s.pager.Render(a.Sub(0, 1, a.W, a.H-1))
}
