// Package overview is the screen to leave open: how much of the cluster is in use, how many of what there are, what needs
// somebody, and what happened last. Start reading at Screen.
package overview

import (
	"fmt"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/screen/label"
	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/theme"
)

// Screen is the overview.
type Screen struct {
	env   screen.Env
	items []item
	at    int
	key   screen.Target // of the item with the cursor, so that it stays there
	shown int           // lines that there were room for

	crashed []item // as of looked
	looked  time.Time
}

// New returns the screen.
func New(env screen.Env, _ screen.Target) *Screen { return &Screen{env: env} }

// Crumb names the screen: it is the root, so the cluster's name stands for it.
func (s *Screen) Crumb() string { return "" }

// Scopes are the key scopes.
func (s *Screen) Scopes() []keys.Scope { return []keys.Scope{keys.Overview} }

// Start does nothing: all data are in the store.
func (s *Screen) Start() tea.Cmd { return nil }

// Update does nothing: Render looks at the newest snapshot.
func (s *Screen) Update(tea.Msg) tea.Cmd { return nil }

// Do takes a verb.
func (s *Screen) Do(verb keys.Verb) (tea.Cmd, bool) {
	s.refresh()
	switch verb {
	case keys.Open, keys.Logs, keys.ShowEvents:
		return s.onItem(verb), true
	case keys.New:
		return screen.Send(screen.Go{Target: screen.Target{Kind: screen.Submit}}), true
	default:
	}
	return nil, s.move(verb)
}

func (s *Screen) refresh() {
	snap := s.env.Store.Snapshot()
	now := s.env.Now()
	s.items = attention(snap, now, s.crashes(snap, now))
	for i, it := range s.items {
		if it.target == s.key {
			s.at = i
			return
		}
	}
	s.at = max(min(s.at, len(s.items)-1), 0)
}

// Render draws the screen: boxes where there is room for them, else headings.
func (s *Screen) Render(a frame.Area) {
	s.refresh()
	snap := s.env.Store.Snapshot()
	if snap.Cluster == nil {
		return // the app says that it is connecting
	}
	if a.W >= 120 && a.H >= 30 {
		s.wide(a, snap)
		return
	}
	s.narrow(a, snap)
}

func (s *Screen) narrow(a frame.Area, snap *store.Snapshot) {
	y := s.resources(a.Sub(1, 0, a.W-2, a.H), snap, false)
	if a.H >= 18 {
		y++
		counts := a.Sub(1, y, a.W-2, 6)
		gap := 2 + max(counts.W-78, 0)/6
		x := 0
		s.agentCounts(counts.Sub(x, 0, 18, 6), snap, "AGENTS")
		x += 18 + gap
		s.taskCounts(counts.Sub(x, 0, 31, 6), snap, "TASKS")
		x += 31 + gap
		s.frameworkCounts(counts.Sub(x, 0, 14, 6), snap, "FRAMEW.")
		x += 14 + gap
		s.masterCounts(counts.Sub(x, 0, counts.W-x, 6), snap, "MASTERS")
		s.rolesLine(a.Sub(1, y+6, a.W-2, 1), snap)
		y += 7
	} else {
		s.countsLine(a.Sub(1, y, a.W-2, 1), snap)
		y++
	}
	rest := a.H - y
	n := max(min(len(s.items), max(rest/2-1, 1)), 1)
	count := ""
	if len(s.items) > n {
		count = fmt.Sprintf("%d of %d", s.at+1, len(s.items))
	}
	s.heading(a.Sub(1, y, a.W-2, 1), "ATTENTION", count)
	s.attention(a.Sub(0, y+1, a.W, n))
	s.heading(a.Sub(1, y+1+n, a.W-2, 1), "EVENTS", "<8>all")
	s.events(a.Sub(2, y+2+n, a.W-3, max(rest-n-2, 0)), snap)
}

func (s *Screen) wide(a frame.Area, snap *store.Snapshot) {
	h := 6
	if snap.Cluster.Total.GPUs > 0 {
		h++
	}
	s.resources(a.Sub(0, 0, a.W, h).Box("RESOURCES"), snap, true)
	y := h
	rows := 10
	if a.H >= 36 {
		rows = 11
	}
	s.boxes(a.Sub(0, y, a.W, rows), snap)
	y += rows
	n := max(min(len(s.items), 8), 1)
	box := a.Sub(0, y, a.W, n+2)
	box.Box(fmt.Sprintf("ATTENTION %d", len(s.items)))
	s.attention(box.Sub(1, 1, a.W-2, n))
	y += n + 2
	in := a.Sub(0, y, a.W, a.H-y).Box("EVENTS")
	if in.H > 0 {
		a.Text(a.W-11, y, theme.Key, " <8>all ")
	}
	s.events(in, snap)
}

func (s *Screen) heading(a frame.Area, title, hint string) {
	a.Text(0, 0, theme.Title, title)
	role := theme.Dim
	if strings.HasPrefix(hint, "<") {
		role = theme.Key
	}
	a.Text(a.W-frame.Width(hint), 0, role, hint)
}

func (s *Screen) attention(a frame.Area) {
	if len(s.items) == 0 {
		a.Text(2, 0, theme.Good, a.Theme().Glyph.Finished+" nothing needs you")
		return
	}
	s.shown = a.H
	top := max(s.at-a.H+1, 0)
	for y := 0; y < a.H && top+y < len(s.items); y++ {
		it, line := s.items[top+y], a.Sub(0, y, a.W, 1)
		if top+y == s.at {
			line = line.With(theme.Cursor)
			line.Clear()
			line.Text(1, 0, theme.Accent, line.Theme().Glyph.Cursor)
		}
		line.Text(3, 0, it.role, "!")
		x := line.Left(5, 0, max(min(a.W/4, 24), 12), theme.Strong, it.subject) + 1
		line.Text(x, 0, it.role, line.Clip(it.text, a.W-x-1))
	}
}

func (s *Screen) events(a frame.Area, snap *store.Snapshot) {
	events, now := snap.Events, s.env.Now()
	if len(events) == 0 && a.H > 0 {
		a.Text(0, 0, theme.Dim, "nothing has happened yet")
	}
	w, agent := max(min(a.W/5, 24), 14), 10
	if a.W >= 100 {
		agent = min(a.W/7, 24)
	}
	for y := 0; y < a.H && y < len(events); y++ {
		e := &events[len(events)-1-y]
		when, width := label.Clock(now, e.At), 12
		if a.W < 100 {
			when, width = e.At.Local().Format("15:04:05"), 8
		}
		x := a.Left(0, y, width, theme.Dim, when)
		x = a.Left(x+2, y, 18, label.Event(e.Kind), e.Kind) + 2
		x = a.Left(x, y, w, theme.Text, e.Subject) + 1
		x = a.Left(x, y, agent, theme.Dim, e.Agent) + 1
		a.Text(x, y, theme.Dim, a.Clip(detail(e), a.W-x))
	}
}

func detail(e *reeveapi.Event) string {
	if e.Who != "" && e.Text != "" {
		return e.Text + ", by " + e.Who
	}
	if e.Who != "" {
		return "by " + e.Who
	}
	return e.Text
}
