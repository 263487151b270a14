package app

import (
	"context"
	"slices"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/tui/feed"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/theme"
)

// page is a screen that answers every message with what that holds.
type page struct{ env screen.Env }

func (page) Crumb() string                { return "page" }
func (page) Scopes() []keys.Scope         { return []keys.Scope{keys.Global} }
func (page) Start() tea.Cmd               { return nil }
func (page) Do(keys.Verb) (tea.Cmd, bool) { return nil, false }
func (page) Render(frame.Area)            {}
func (p page) Update(msg tea.Msg) tea.Cmd {
	if cmd, ok := msg.(tea.Cmd); ok {
		return cmd
	}
	return nil
}

// pages is an app with an overview and screens of the kinds over it.
func pages(t *testing.T, kinds ...screen.Kind) *App {
	t.Helper()
	a := New(t.Context(), Deps{
		Store: store.New(), Now: time.Now, Theme: func(string) *theme.Theme { return nil }, Want: func([]feed.Want) {},
		Open: func(env screen.Env, _ screen.Target) screen.Screen { return page{env} },
	})
	for _, kind := range kinds {
		a.Update(screen.Go{Target: screen.Target{Kind: kind}})
	}
	return a
}

// TestAScreenBelowLeaves has the answer to a screen's question come when the operator has gone on to another one.
func TestAScreenBelowLeaves(t *testing.T) {
	for name, c := range map[string]struct {
		asks tea.Msg
		want []screen.Kind
	}{
		"pop":  {screen.Pop{}, []screen.Kind{screen.Agents, screen.Log}},
		"swap": {screen.Swap{Target: screen.Target{Kind: screen.Job}}, []screen.Kind{screen.Agents, screen.Job, screen.Log}},
	} {
		a := pages(t, screen.Agents, screen.Submit, screen.Log)
		a.Update(forScreen{a.stack[2].id, screen.Send(c.asks)})
		var got []screen.Kind
		for _, at := range a.path() {
			got = append(got, at.Kind)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: the screens are %v, want %v", name, got, c.want)
		}
	}
}

// TestOnlyAsyncLeavesTheLoop has commands of a screen, alone and in a batch, done before the next message; what may take its time is
// left to bubbletea.
func TestOnlyAsyncLeavesTheLoop(t *testing.T) {
	a := pages(t, screen.Agents)
	l := a.top()
	slow := l.screen.(page).env.Async(func(context.Context) tea.Msg { return screen.Send(screen.Pop{}) })
	go1 := screen.Send(screen.Go{Target: screen.Target{Kind: screen.Log}})
	_, cmd := a.Update(forScreen{l.id, tea.Batch(go1, slow)})
	if a.top().target.Kind != screen.Log || cmd == nil {
		t.Fatalf("the top is %v, want the log, and the slow command is to come", a.top().target)
	}
	a.Update(cmd())
	if got := a.path(); len(got) != 1 || got[0].Kind != screen.Log {
		t.Errorf("the screens are %v, want the log alone", got)
	}
}
