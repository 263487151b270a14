package bench

import (
	"testing"
	"time"
)

// TestConsole watches a program that is no console: what is typed comes back on the screen.
func TestConsole(t *testing.T) {
	c, err := Start(t.Context(), []string{"PATH=/bin:/usr/bin"}, "cat")
	if err != nil {
		t.Skip("no pseudo terminal here: ", err)
	}
	blank := true
	c.Screen(func(s *Screen) { blank = s.Blank() })
	if !blank {
		t.Errorf("the screen is not blank:\n%s", c.Text())
	}
	took, err := c.Press(t.Context(), "hello\r", "hello twice", func(s *Screen) bool { return s.Has(0, "hello") && s.Has(1, "hello") })
	if err != nil {
		t.Fatal(err)
	}
	if took <= 0 || c.Written() < int64(len("hello\r\nhello\r\n")) {
		t.Errorf("took %s and wrote %d bytes", took, c.Written())
	}
	if _, err := c.Press(t.Context(), "x", "hello", func(s *Screen) bool { return s.Has(0, "hello") }); err == nil {
		t.Error("what was there before the key was pressed is taken for its effect")
	}
	before, err := CPU(c.PID())
	if err != nil || before <= 0 || before > time.Minute {
		t.Errorf("cat has used %s, %v", before, err)
	}
	if err := c.Stop(); err != nil {
		t.Error(err)
	}
	if _, err := c.Await(t.Context(), "more", func(s *Screen) bool { return s.Has(3, "more") }); err == nil {
		t.Error("a program that has ended is waited for")
	}
}

func TestFigures(t *testing.T) {
	l := Latencies{3 * time.Millisecond, time.Millisecond, 2 * time.Millisecond}
	if got := l.Percentile(50); got != 2*time.Millisecond {
		t.Errorf("p50 is %s", got)
	}
	if got := l.Percentile(99); got != 3*time.Millisecond {
		t.Errorf("p99 is %s", got)
	}
	if got := Milliseconds(1500 * time.Microsecond); got != "1.5 ms" {
		t.Errorf("got %s", got)
	}
}
