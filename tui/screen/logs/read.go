package logs

import (
	"bytes"
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

	timesFrom int64 // from where on times were asked for, -1 if they were not
	times     []reeveapi.LogTime
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

// read begins to read what is shown, unless that goes on already. It may be asked at any time.
func (s *Screen) read() tea.Cmd {
	var cmds []tea.Cmd
	for _, tab := range s.parts() {
		cmds = append(cmds, s.readOne(tab))
	}
	return tea.Batch(cmds...)
}

func (s *Screen) readOne(tab int) tea.Cmd {
	st := s.streams[tab]
	if st.reading || s.paused {
		return nil // a read is on its way, or waits for its time
	}
	at, ok := s.place(tab)
	if !ok {
		st.err = "the task has no sandbox yet"
		return s.later(tab, idlePace)
	}
	st.reading = true
	w := wanted{tab: tab, turn: st.turn, known: st.known, next: st.next, place: at}
	if w.times = (s.times || s.tabs.At == together) && !at.daemon; w.times {
		w.timesFrom, w.untimed = st.unknown()
	}
	return s.env.Async(func(ctx context.Context) tea.Msg {
		p := s.fetch(ctx, w)
		p.tab, p.turn = w.tab, w.turn
		return p
	})
}

// wanted is what is to be read.
type wanted struct {
	tab, turn int
	place     place
	known     bool // whether next is
	next      int64

	times     bool  // also when it was written
	timesFrom int64 // from where on
	untimed   bool  // of something that was read before, too
}

// fetch reads what comes next. It runs outside of the loop and sees nothing of the screen's but env.
func (s *Screen) fetch(ctx context.Context, w wanted) piece {
	p, length := piece{from: w.next, timesFrom: -1}, chunk
	if !w.known {
		_, size, err := s.readAt(ctx, w.place, -1, 0)
		if err != nil {
			return piece{err: err}
		}
		start, err := s.start(ctx, w.place)
		if err != nil {
			return piece{err: err}
		}
		p.from, length = max(size-firstChunk, start), firstChunk
		w.timesFrom = p.from
	}
	p.data, p.size, p.err = s.readAt(ctx, w.place, p.from, length)
	if p.err == nil && len(p.data) > 0 && p.data[0] == 0 { // perhaps the part that is kept has moved on meanwhile
		start, err := s.start(ctx, w.place)
		if err != nil {
			return piece{err: err}
		}
		if p.skip = max(start-p.from, 0); p.skip > 0 {
			p.from = start
			p.data, p.size, p.err = s.readAt(ctx, w.place, p.from, length)
		}
	}
	if behind := p.size - p.from; w.known && p.err == nil && behind > maxBehind {
		p.skip += behind - firstChunk
		p.from += behind - firstChunk
		p.data, p.size, p.err = s.readAt(ctx, w.place, p.from, length)
	}
	if w.times && p.err == nil && (len(p.data) > 0 || w.untimed) {
		times, err := s.env.LogTimes(ctx, w.place.peer, w.place.file, w.timesFrom)
		if err == nil { // an older agent knows none; its log is shown all the same
			p.timesFrom, p.times = w.timesFrom, times
		}
	}
	return p
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
	caughtUp := st.known && st.next >= st.size
	switch {
	case !st.known:
		st.begins(p.from)
	case p.size < st.next:
		st.ring.Note(fmt.Sprintf("··· the file was replaced by a new one of %s ···", gauge.Bytes(p.size)))
		st.next, st.size, st.times = 0, p.size, nil
		st.ring.Begin(0)
		s.remerge(true)
		return s.readOne(p.tab)
	case p.skip > 0:
		st.ring.Note(fmt.Sprintf("··· %s not shown: they came too fast to be read; ctrl+s saves all ···", gauge.Bytes(p.skip)))
		st.next = p.from
		st.ring.Begin(p.from)
	}
	st.size = p.size
	if caughtUp { // else it was there before
		st.pace.note(bytes.Count(p.data, []byte{'\n'}), s.env.Now())
	}
	st.append(p.data)
	if p.timesFrom >= 0 {
		st.learn(p.timesFrom, p.times)
	}
	if len(p.data) > 0 || p.timesFrom >= 0 {
		s.remerge(true)
	}
	if st.next < st.size && len(p.data) > 0 {
		return s.readOne(p.tab)
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
	return s.env.Later(d, again{tab, turn})
}

// readBefore reads what comes before the first line that is loaded.
func (s *Screen) readBefore(tab int) tea.Cmd {
	st := s.streams[tab]
	at, ok := s.place(tab)
	if st.older || !st.known || st.begin <= 0 || !ok || st.ring.Dropped() > 0 {
		return nil
	}
	st.older = true
	begin, turn := st.begin, st.turn
	return s.env.Async(func(ctx context.Context) tea.Msg {
		start, err := s.start(ctx, at)
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
			data, _, err := s.readAt(ctx, at, from+int64(len(all)), length-len(all))
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
	s.remerge(false)
}

// save copies the whole file from the agent, not only what is loaded.
func (s *Screen) save() tea.Cmd {
	at, ok := s.place(min(s.tabs.At, stderr))
	if !ok {
		return screen.Say(theme.Warn, "the task has no sandbox")
	}
	if s.tabs.At == together {
		return screen.Say(theme.Dim, "o or e first: each stream is a file of its own")
	}
	local := s.stream().name
	if t := s.task(); t != nil {
		local = label.Name(t) + "-" + local
	}
	if at.daemon {
		local = s.title()
	}
	return s.env.Async(func(ctx context.Context) tea.Msg {
		offset, err := s.start(ctx, at)
		if err != nil {
			return saved{err: err}
		}
		path, size, err := s.env.Save(local, func() ([]byte, error) {
			data, _, err := s.readAt(ctx, at, offset, chunk)
			offset += int64(len(data))
			return data, err
		})
		return saved{path, gauge.Bytes(size), err}
	})
}
