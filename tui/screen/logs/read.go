package logs

import (
	"context"
	"fmt"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/screen/label"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
)

// How much and how often.
const (
	chunk      = 256 << 10
	firstChunk = 64 << 10
	pace       = 250 * time.Millisecond // while something comes
	idlePace   = time.Second            // while nothing does
	maxBehind  = 8 << 20                // a reader that is further behind skips, and says so
)

// piece is what one read brought.
type piece struct {
	tab  int
	turn int // of the stream, when it was asked for
	from int64
	data []byte
	size int64
	skip int64 // bytes that were left out before data
	err  error
}

// before is what was read in front of the first line.
type before struct {
	tab  int
	turn int
	data []byte
	head bool // what is loaded begins with the oldest line that is kept
	err  error
}

// again asks for the next read.
type again struct{ tab, turn int }

type saved struct {
	path, size string
	err        error
}

// read begins to read the shown stream, unless that goes on already. It may be asked at any time.
func (s *Screen) read() tea.Cmd {
	st, tab, t := s.stream(), s.tabs.At, s.task()
	if st.reading || s.paused {
		return nil // a read is on its way, or waits for its time
	}
	if t == nil || t.AgentHTTP == "" || t.Sandbox == "" {
		st.err = "the task has no sandbox yet"
		return s.later(tab, idlePace)
	}
	st.reading = true
	return s.fetch(tab, st.known, st.next, t)
}

func (s *Screen) fetch(tab int, known bool, next int64, t *reeveapi.Task) tea.Cmd {
	name, agent, turn := file(t, s.tabs.Names[tab]), t.AgentHTTP, s.streams[tab].turn
	return s.env.Async(func(ctx context.Context) tea.Msg {
		p := piece{tab: tab, turn: turn, from: next}
		length := chunk
		if !known {
			_, size, err := s.env.ReadFile(ctx, agent, name, -1, 0)
			if err != nil {
				return piece{tab: tab, turn: turn, err: err}
			}
			start, err := s.env.LogStart(ctx, agent, name)
			if err != nil {
				return piece{tab: tab, turn: turn, err: err}
			}
			p.from, length = max(size-firstChunk, start), firstChunk
		}
		p.data, p.size, p.err = s.env.ReadFile(ctx, agent, name, p.from, length)
		if p.err == nil && len(p.data) > 0 && p.data[0] == 0 { // perhaps the part that is kept has moved on meanwhile
			start, err := s.env.LogStart(ctx, agent, name)
			if err != nil {
				return piece{tab: tab, turn: turn, err: err}
			}
			if p.skip = max(start-p.from, 0); p.skip > 0 {
				p.from = start
				p.data, p.size, p.err = s.env.ReadFile(ctx, agent, name, p.from, length)
			}
		}
		if behind := p.size - p.from; known && p.err == nil && behind > maxBehind {
			p.skip += behind - firstChunk
			p.from += behind - firstChunk
			p.data, p.size, p.err = s.env.ReadFile(ctx, agent, name, p.from, length)
		}
		return p
	})
}

// take puts what was read into the ring and reads on: at once while there is more, else after a while.
func (s *Screen) take(p piece) tea.Cmd {
	st := s.streams[p.tab]
	if p.turn != st.turn {
		return nil // it was asked for before the stream began anew
	}
	st.reading = false
	if p.err != nil {
		st.err = "cannot read " + st.name + ": " + p.err.Error()
		return s.later(p.tab, idlePace)
	}
	st.err = ""
	switch {
	case !st.known:
		st.begin, st.next, st.known, st.hit = p.from, p.from, true, -1
	case p.size < st.next:
		st.ring.Note(fmt.Sprintf("··· the file was replaced by a new one of %s ···", gauge.Bytes(p.size)))
		st.next, st.size = 0, p.size
		return s.read()
	case p.skip > 0:
		st.ring.Note(fmt.Sprintf("··· %s not shown: they came too fast to be read; ctrl+s saves all ···", gauge.Bytes(p.skip)))
		st.next = p.from
	}
	st.size = p.size
	st.append(p.data)
	if st.next < st.size && len(p.data) > 0 {
		return s.read()
	}
	if len(p.data) > 0 {
		return s.later(p.tab, pace)
	}
	return s.later(p.tab, idlePace)
}

// later asks for the next read after a while, unless the view is paused. A task that has ended writes no more, but its
// last words may still be on their way, so it is looked at as well, only less often.
func (s *Screen) later(tab int, d time.Duration) tea.Cmd {
	st := s.streams[tab]
	if s.paused {
		return nil
	}
	if t := s.task(); t != nil && !t.Ended.IsZero() && d == idlePace {
		d = 5 * idlePace
	}
	st.reading = true
	turn := st.turn
	return s.env.Async(func(ctx context.Context) tea.Msg {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
		return again{tab, turn}
	})
}

// readBefore reads what comes before the first line that is loaded.
func (s *Screen) readBefore() tea.Cmd {
	st, tab, t := s.stream(), s.tabs.At, s.task()
	if st.older || !st.known || st.begin <= 0 || t == nil || st.ring.Dropped() > 0 {
		return nil
	}
	st.older = true
	begin, name, agent, turn := st.begin, file(t, st.name), t.AgentHTTP, st.turn
	return s.env.Async(func(ctx context.Context) tea.Msg {
		start, err := s.env.LogStart(ctx, agent, name)
		if err != nil {
			return before{tab: tab, turn: turn, err: err}
		}
		from := max(begin-chunk, start)
		if from >= begin {
			return before{tab: tab, turn: turn, head: true}
		}
		length := int(begin - from)
		var all []byte
		for len(all) < length {
			data, _, err := s.env.ReadFile(ctx, agent, name, from+int64(len(all)), length-len(all))
			if err != nil {
				return before{tab: tab, turn: turn, err: err}
			}
			if len(data) == 0 {
				return before{tab: tab, turn: turn, err: fmt.Errorf("the file is shorter than it was")}
			}
			all = append(all, data...)
		}
		return before{tab: tab, turn: turn, data: all}
	})
}

func (s *Screen) takeBefore(b before) {
	st := s.streams[b.tab]
	if b.turn != st.turn {
		return // the stream has begun anew
	}
	st.older = false
	if b.err != nil {
		st.err = "cannot read further back: " + b.err.Error()
		return
	}
	if b.head {
		st.begin = 0 // there is nothing to be read in front of it
		return
	}
	st.prepend(b.data)
}

// save copies the whole file from the agent, not only what is loaded.
func (s *Screen) save() tea.Cmd {
	t := s.task()
	if t == nil || t.AgentHTTP == "" {
		return screen.Say(theme.Warn, "the task has no sandbox")
	}
	name, agent := file(t, s.stream().name), t.AgentHTTP
	local := label.Name(t) + "-" + s.stream().name
	return s.env.Async(func(ctx context.Context) tea.Msg {
		offset, err := s.env.LogStart(ctx, agent, name)
		if err != nil {
			return saved{err: err}
		}
		path, size, err := s.env.Save(local, func() ([]byte, error) {
			data, _, err := s.env.ReadFile(ctx, agent, name, offset, chunk)
			offset += int64(len(data))
			return data, err
		})
		return saved{path, gauge.Bytes(size), err}
	})
}
