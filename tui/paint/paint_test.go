package paint

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"codeberg.org/reeve/reeve/shared/emulator"
)

const (
	w = 12
	h = 4
)

// sheet is a terminal that notes what is written to it.
type sheet struct {
	mu   sync.Mutex // guards the fields below
	vt   *emulator.Terminal
	text strings.Builder
}

func newSheet() *sheet { return &sheet{vt: emulator.New(w, h)} }

func (s *sheet) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text.Write(b)
	return s.vt.Write(b)
}

// written is what came since the last time.
func (s *sheet) written() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.text.Reset()
	return s.text.String()
}

func (s *sheet) lines() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	for y := range h {
		for x := range w {
			b.WriteRune(max(s.vt.Cell(x, y).Char, ' '))
		}
		b.WriteByte('\n')
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// frame has a letter in each line.
func frame(letters ...string) string {
	var lines []string
	for _, l := range letters {
		lines = append(lines, "\x1b[1m"+strings.Repeat(l, w)+"\x1b[0m")
	}
	return strings.Join(lines, "\n")
}

// play runs a painter in a bubble, with the screen entered.
func play(t *testing.T, out io.Writer, story func(p *Painter)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		p := New(out, 10*time.Millisecond)
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := p.Run(ctx); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
		story(p)
		cancel()
		wg.Wait()
	})
}

func enter(t *testing.T, p *Painter) {
	t.Helper()
	say(t, p, enterScreen)
	say(t, p, eraseScreen)
	say(t, p, ansi.CursorHomePosition)
}

func say(t *testing.T, p *Painter, text string) {
	t.Helper()
	if _, err := p.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

func TestAFrameIsPaintedAtOnceAndOnlyWhereItDiffers(t *testing.T) {
	s := newSheet()
	play(t, s, func(p *Painter) {
		enter(t, p)
		p.Show(frame("a", "b", "c", "d"))
		synctest.Wait()
		if got, want := s.lines(), ansi.Strip(frame("a", "b", "c", "d")); got != want {
			t.Fatalf("the terminal shows\n%s\nwant\n%s", got, want)
		}
		time.Sleep(time.Second)
		s.written()
		p.Show(frame("a", "x", "c", "d"))
		synctest.Wait() // no time passes
		if got, want := s.written(), "\x1b[2;1H\x1b[1m"+strings.Repeat("x", w)+"\x1b[0m"; got != want {
			t.Errorf("wrote %q, want %q", got, want)
		}
		p.Show(frame("a", "x", "c", "d"))
		time.Sleep(time.Second)
		if got := s.written(); got != "" {
			t.Errorf("wrote %q for a frame that is there", got)
		}
		// Of frames that come faster than the gap the last one counts.
		p.Show(frame("a", "1", "c", "d"))
		synctest.Wait()
		s.written()
		for _, l := range []string{"2", "3", "4"} {
			p.Show(frame("a", l, "c", "d"))
			synctest.Wait()
		}
		if got := s.written(); got != "" {
			t.Errorf("wrote %q within the gap", got)
		}
		time.Sleep(20 * time.Millisecond)
		if got := s.written(); !strings.Contains(got, "4") || strings.Contains(got, "3") {
			t.Errorf("wrote %q after the gap, want the last frame", got)
		}
	})
}

// TestNothingIsPaintedOnALentTerminal gives the terminal to a shell, as bubbletea does.
func TestNothingIsPaintedOnALentTerminal(t *testing.T) {
	s := newSheet()
	play(t, s, func(p *Painter) {
		p.Show(frame("a", "b", "c", "d"))
		time.Sleep(time.Second)
		if got := s.written(); got != "" {
			t.Errorf("wrote %q before the screen was entered", got)
		}
		enter(t, p)
		time.Sleep(time.Second)
		s.written()
		say(t, p, leaveScreen)
		s.written()
		p.Show(frame("x", "b", "c", "d"))
		p.Repaint()
		time.Sleep(time.Second)
		if got := s.written(); got != "" {
			t.Errorf("wrote %q while a shell has the terminal", got)
		}
		say(t, p, "a shell was here")
		enter(t, p)
		time.Sleep(time.Second)
		if got, want := s.lines(), ansi.Strip(frame("x", "b", "c", "d")); got != want {
			t.Errorf("the terminal shows\n%s\nwant\n%s", got, want)
		}
	})
}

// stuck is a terminal that takes nothing until it is let go.
type stuck struct{ free chan struct{} }

func (s stuck) Write(b []byte) (int, error) {
	<-s.free
	return len(b), nil
}

func TestAStuckTerminalHoldsUpNobody(t *testing.T) {
	out := stuck{make(chan struct{})}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		out.free = make(chan struct{})
		p := New(out, 10*time.Millisecond)
		p.open = true
		var wg sync.WaitGroup
		wg.Go(func() { _ = p.Run(ctx) })
		for i := range 1000 {
			p.Show(frame(fmt.Sprint(i % 10)))
			p.Repaint()
			time.Sleep(time.Millisecond)
		}
		close(out.free)
		cancel()
		wg.Wait()
	})
}

// TestTheTerminalShowsTheLastFrame lets frames, erasures and lendings come in any order.
func TestTheTerminalShowsTheLastFrame(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := newSheet()
		p := New(s, 0)
		say(t, p, enterScreen)
		last := frame("a", "b", "c", "d")
		p.Show(last)
		for range rapid.IntRange(1, 20).Draw(rt, "turns") {
			switch rapid.IntRange(0, 5).Draw(rt, "what") {
			case 0:
				say(t, p, eraseScreen)
			case 1:
				say(t, p, leaveScreen)
				say(t, p, "foreign")
				say(t, p, enterScreen)
			case 2:
				say(t, p, "\x1b[H\r"+blank+"\x1b[K\x1b[1;0H") // bubbletea's own renderer
			default:
				letters := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c"}), h, h).Draw(rt, "letters")
				last = frame(letters...)
				p.Show(last)
			}
			if rapid.Bool().Draw(rt, "paint") {
				p.paint()
			}
		}
		p.paint()
		if got, want := s.lines(), ansi.Strip(last); got != want {
			rt.Fatalf("the terminal shows\n%s\nwant\n%s", got, want)
		}
	})
}
