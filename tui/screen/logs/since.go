package logs

import (
	"context"
	"fmt"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
)

// ago is how far back the keys go.
var ago = map[keys.Verb]time.Duration{
	keys.Since1m: time.Minute, keys.Since5m: 5 * time.Minute, keys.Since15m: 15 * time.Minute, keys.Since30m: 30 * time.Minute, keys.Since1h: time.Hour,
}

// begun is where the stream is to be read from.
type begun struct {
	tab        int
	since      string // for people
	from, size int64
	err        error
}

// since begins anew with what was written since, or with the oldest line that is kept.
func (s *Screen) since(verb keys.Verb) tea.Cmd {
	var cmds []tea.Cmd
	for _, tab := range s.parts() {
		cmds = append(cmds, s.sinceOf(tab, verb))
	}
	return tea.Batch(cmds...)
}

func (s *Screen) sinceOf(tab int, verb keys.Verb) tea.Cmd {
	at, ok := s.place(tab)
	switch {
	case !ok:
		return nil
	case at.daemon && verb != keys.SinceStart:
		return screen.Say(theme.Dim, "when a daemon's log was written is not known; its lines say it")
	}
	return s.env.Async(func(ctx context.Context) tea.Msg {
		b := begun{tab: tab, since: "since " + strings.TrimSuffix(strings.TrimSuffix(ago[verb].String(), "0s"), "0m")}
		if verb == keys.SinceStart {
			b.since = "from the start"
		}
		if verb != keys.SinceStart {
			b.from, b.size, b.err = s.env.LogSince(ctx, at.peer, at.file, ago[verb])
			return b
		}
		if b.from, b.err = s.start(ctx, at); b.err == nil {
			_, b.size, b.err = s.readAt(ctx, at, -1, 0)
		}
		return b
	})
}

// begin empties the stream and reads from there. What is too much to be loaded is left out, and said.
func (s *Screen) begin(b begun) tea.Cmd {
	st := s.streams[b.tab]
	if b.err != nil {
		st.err = "cannot find that time: " + b.err.Error()
		return nil
	}
	from := max(b.from, b.size-maxBehind)
	st.begins(from)
	st.size, st.since = b.size, b.since
	if from > b.from {
		st.ring.Note(fmt.Sprintf("··· %s before this are not loaded; ctrl+s saves all ···", gauge.Bytes(from-b.from)))
	}
	st.follow, st.top, st.fresh = false, 0, 0
	st.turn, st.reading, st.older, st.err = st.turn+1, false, false, ""
	s.paused = false
	if !s.shows(b.tab) {
		return nil
	}
	if s.tabs.At == together {
		shown := s.stream()
		shown.follow, shown.top, shown.fresh, shown.hit = false, 0, 0, -1
		s.remerge(false)
	}
	return s.readOne(b.tab)
}
