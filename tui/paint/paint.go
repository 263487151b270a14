// Package paint brings frames to the terminal: the moment there is one, and only the lines that differ from what is there.
// bubbletea's own renderer looks for frames at ticks, so a key would wait for the next one, and ticks cost something while
// nothing happens; here bubbletea keeps the terminal's modes and is given an empty view. It owns the knowledge of what
// the terminal shows; it never decides what that is, and a slow terminal never holds up whoever has a frame to show.
// Start reading at Painter.
package paint

import (
	"bytes"
	"context"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"
)

// blank is the view that bubbletea gets. What its renderer writes because of it is dropped by this sign: it would be an
// empty first line.
const blank = "\x1b[0;0;0m"

// What terminals understand of the alternate screen, which is the console's.
const (
	enterScreen = "\x1b[?1049h"
	leaveScreen = "\x1b[?1049l"
	eraseScreen = "\x1b[2J"
)

// Painter paints the newest frame. Frames that come faster than the terminal takes them are left out.
type Painter struct {
	out  io.Writer
	gap  time.Duration
	wake chan struct{} // capacity 1: there is something to paint

	io    sync.Mutex // held while something is written; guards open and lines
	open  bool       // the alternate screen is ours: not before it was entered, nor while it is lent to a shell
	lines []string   // what the terminal shows, nil if that is not known

	mu     sync.Mutex // guards frame and forget; never held while something is written
	frame  string
	forget bool // what the terminal shows is not known any more
}

// New returns a painter that writes to out, and not again within gap of the last time.
func New(out io.Writer, gap time.Duration) *Painter {
	return &Painter{out: out, gap: gap, wake: make(chan struct{}, 1)}
}

// Show has a frame painted: lines of the terminal's width, each without attributes at its end. It does not wait.
func (p *Painter) Show(frame string) {
	p.mu.Lock()
	news := frame != p.frame || p.forget
	p.frame = frame
	p.mu.Unlock()
	if news {
		p.raise()
	}
}

// Repaint has everything painted anew, because nobody knows what the terminal shows. It does not wait.
func (p *Painter) Repaint() {
	p.mu.Lock()
	p.forget = true
	p.mu.Unlock()
	p.raise()
}

func (p *Painter) raise() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Run paints until ctx ends.
func (p *Painter) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for last := (time.Time{}); ; {
		select {
		case <-p.wake:
		case <-ctx.Done():
			return ctx.Err()
		}
		if left := p.gap - time.Since(last); left > 0 { // asked only now: most frames come much later, and a timer that rings costs something
			timer.Reset(left)
			select {
			case <-timer.C:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if p.paint() {
			last = time.Now()
		}
	}
}

// paint writes the lines that differ, and says whether there were any. What cannot be written is bubbletea's to notice: its input
// ends, too.
func (p *Painter) paint() bool {
	p.io.Lock()
	defer p.io.Unlock()
	if !p.open {
		return false // entering the screen asks for a painting
	}
	p.mu.Lock()
	frame := p.frame
	if p.forget {
		p.lines, p.forget = nil, false
	}
	p.mu.Unlock()
	if frame == "" {
		return false
	}
	next := strings.Split(frame, "\n")
	var b bytes.Buffer
	for y, line := range next {
		if y < len(p.lines) && p.lines[y] == line {
			continue
		}
		b.WriteString("\x1b[" + strconv.Itoa(y+1) + ";1H")
		b.WriteString(line)
	}
	p.lines = next
	if b.Len() > 0 {
		_, _ = p.out.Write(b.Bytes())
	}
	return b.Len() > 0
}

// Write takes what bubbletea writes: modes, mostly. It notes when the screen is entered, left or erased.
func (p *Painter) Write(b []byte) (int, error) {
	p.io.Lock()
	defer p.io.Unlock()
	switch {
	case bytes.Contains(b, []byte(blank)):
		return len(b), nil
	case bytes.Contains(b, []byte(leaveScreen)):
		p.open = false
	case bytes.Contains(b, []byte(enterScreen)):
		p.open = true
		p.Repaint()
	case bytes.Contains(b, []byte(eraseScreen)):
		p.Repaint()
	}
	return p.out.Write(b)
}

// WriteString is Write.
func (p *Painter) WriteString(s string) (int, error) { return p.Write([]byte(s)) }
