// Package events is the screen of what happened: to whom, who did it and why. Start reading at Screen.
package events

import (
	"cmp"
	"fmt"
	"iter"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/screen/label"
	"codeberg.org/reeve/reeve/tui/screen/list"
	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/filter"
	"codeberg.org/reeve/reeve/tui/widget/table"
)

type (
	event  = reeveapi.Event
	column = table.Column[event]
)

// Screen is the list of events, newest first.
type Screen struct {
	list.Base[event]
	follow bool
	hidden map[string]bool // names of families
}

// New returns the screen; target's Arg is a filter to begin with.
func New(env screen.Env, target screen.Target) *Screen {
	s := &Screen{follow: true}
	t := table.New("nothing has happened yet", s.columns()...)
	t.SortBy("TIME", true)
	l := list.New(t, "words = AND  !not  /rx/  kind: agent: who: age<15m", fields(env.Now)...)
	l.Aside = s.aside
	l.Problem = func(e *event) bool { return label.Event(e.Kind) == theme.Bad }
	l.SetFilter(target.Arg)
	s.Base = list.NewBase(env, list.Setup[event]{Scope: keys.Events, Kind: screen.Events, Name: "events", Rows: all, Put: s.put}, l)
	return s
}

func all(s *store.Snapshot) iter.Seq2[string, *event] {
	return func(yield func(string, *event) bool) {
		for i := range s.Events {
			if e := &s.Events[i]; !yield(store.EventKey(e), e) {
				return
			}
		}
	}
}

// put keeps the newest in sight while one follows.
func (s *Screen) put(t *table.Table[event], rows []table.Row[event]) {
	if !s.follow {
		t.SetRows(rows, s.Env.Now())
		return
	}
	t.Reset(rows)
	t.Do(keys.First, s.Env.Now().Add(-1e10)) // not a key: the rows need not stand still
}

func (s *Screen) columns() []column {
	return []column{
		{
			Name: "TIME", Width: 12, Text: func(e *event) (string, theme.Role) { return label.Clock(s.Env.Now(), e.At), theme.Dim },
			Compare: func(a, b *event) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Seq, b.Seq)) },
		},
		{
			Name: "KIND", Width: 18, Max: 22, Text: func(e *event) (string, theme.Role) { return e.Kind, label.Event(e.Kind) },
			Compare: table.Compare(func(e *event) string { return e.Kind }),
		},
		{
			Name: "OBJECT", Width: 14, Max: 32, Text: func(e *event) (string, theme.Role) { return e.Subject, theme.Text },
			Compare: table.Compare(func(e *event) string { return e.Subject }),
		},
		{
			Name: "AGENT", Width: 9, Max: 20, Rank: 2, Text: func(e *event) (string, theme.Role) { return e.Agent, theme.Text },
			Compare: table.Compare(func(e *event) string { return e.Agent }),
		},
		{
			Name: "WHO", Width: 8, Max: 14, Rank: 3, Text: func(e *event) (string, theme.Role) { return e.Who, theme.Dim },
			Compare: table.Compare(func(e *event) string { return e.Who }),
		},
		{Name: "DETAIL", Width: 12, Max: 80, Rank: 1, Text: func(e *event) (string, theme.Role) { return e.Text, theme.Dim }},
	}
}

func fields(now func() time.Time) []filter.Field[event] {
	return []filter.Field[event]{
		{Name: "kind", Free: true, Text: func(e *event) string { return e.Kind }},
		{Name: "object", Free: true, Text: func(e *event) string { return e.Subject }},
		{Name: "id", Free: true, Text: func(e *event) string { return e.ID }}, // of the only instance of a job, whose object is the job's name
		{Name: "agent", Free: true, Text: func(e *event) string { return e.Agent }},
		{Name: "who", Free: true, Text: func(e *event) string { return e.Who }},
		{Name: "age", Moves: true, Number: func(e *event) (float64, bool) { return now().Sub(e.At).Seconds(), true }},
		{Free: true, Text: func(e *event) string { return e.Text }},
	}
}

// Crumb names the screen.
func (s *Screen) Crumb() string { return "events" }

// Restore takes what Save answered.
func (s *Screen) Restore(st screen.State) {
	st.Table.Cursor = "" // events of another day are gone
	s.Base.Restore(st)
	hidden := map[string]bool{}
	for _, on := range st.On {
		if name, no := strings.CutPrefix(on, "no "); no {
			hidden[name] = true
		}
	}
	s.hide(hidden)
}

// Do takes a verb.
func (s *Screen) Do(verb keys.Verb) (tea.Cmd, bool) {
	switch verb {
	case keys.Kinds:
		return s.choose(), true
	case keys.SinceWhen:
		return s.chooseSince(), true
	case keys.Back:
		if s.List().Filter() == "" && len(s.hidden) > 0 {
			s.hide(nil)
			return nil, true
		}
	case keys.Follow:
		s.newest()
		return nil, true
	case keys.Down, keys.HalfDown, keys.PageDown, keys.Bottom:
		s.follow = false
	case keys.First:
		s.follow = true
	default:
	}
	if s.Take(verb) {
		return nil, true
	}
	_, e, _ := s.Row()
	switch {
	case e == nil:
		return nil, false
	case verb == keys.Copy:
		_, id, framework := strings.Cut(e.ID, "/")
		if !framework {
			id = label.Or(e.ID, e.Subject)
		}
		return screen.Send(screen.Copy{Text: id, What: "id of " + e.Subject}), true
	case verb != keys.Open:
		return nil, false
	}
	target, err := About(e)
	if err != nil {
		return screen.Refuse(err), true
	}
	return screen.Send(screen.Go{Target: target}), true
}

// newest follows what comes.
func (s *Screen) newest() {
	s.Refresh()
	s.follow = true
	s.Table().Do(keys.First, s.Env.Now())
}

// About is the screen of what an event is about.
func About(e *reeveapi.Event) (screen.Target, error) {
	switch kind, _, _ := strings.Cut(e.Kind, "_"); kind {
	case "TASK":
		return screen.Target{Kind: screen.Task, ID: e.ID}, nil
	case "AGENT":
		return screen.Target{Kind: screen.Agent, ID: e.ID}, nil
	case "JOB", "RUN", "INSTANCE", "ROLLOUT":
		return screen.Target{Kind: screen.Job, ID: label.Or(e.ID, e.Subject)}, nil
	case "FRAMEWORK", "OFFER":
		return screen.Target{Kind: screen.Frameworks, Arg: e.Subject}, nil
	case "SECRET":
		return screen.Target{Kind: screen.Secrets, Arg: e.Subject}, nil
	case "QUOTA", "WEIGHT":
		return screen.Target{Kind: screen.Roles, Arg: e.Subject}, nil
	case "MAINTENANCE":
		return screen.Target{Kind: screen.Maintenance}, nil
	case "MASTER":
		return screen.Target{Kind: screen.Masters}, nil
	}
	return screen.Target{}, fmt.Errorf("there is no screen for %s", e.Kind)
}

// Status describes the cursor's row.
func (s *Screen) Status() (string, theme.Role) {
	_, e, _ := s.Row()
	if e == nil {
		return "", theme.Dim
	}
	text := e.At.Local().Format("15:04:05.000") + "  " + e.Subject
	if e.Text != "" {
		text += "  " + e.Text
	}
	if e.Who != "" {
		text += "  by " + e.Who
	}
	return text, theme.Dim
}

// Render draws the screen.
func (s *Screen) Render(a frame.Area) {
	s.Base.Render(a)
	if s.follow {
		text := "  " + a.Theme().Glyph.Follow + " FOLLOW "
		a.Text(a.W-frame.Width(text), 0, theme.Good, text)
	}
}
