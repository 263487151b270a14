package bench

import (
	"context"
	"math/rand/v2"
	"time"
)

// Typist presses keys on the list of tasks, at the pace of a hand.
type Typist struct {
	Console *Console
	Random  *rand.Rand
	Fast    bool // a key follows the one before at once
}

// pause waits as people do between two keys; now and then long enough for rows to take their new order.
func (t *Typist) pause(ctx context.Context) error {
	if t.Fast {
		return ctx.Err()
	}
	d := 20*time.Millisecond + time.Duration(t.Random.IntN(180))*time.Millisecond
	if t.Random.IntN(20) == 0 {
		d = 2 * time.Second
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Open opens the list of tasks.
func (t *Typist) Open(ctx context.Context) error {
	if _, err := t.Console.Await(ctx, "the overview", func(s *Screen) bool { return s.Has(0, "live") }); err != nil {
		return err
	}
	_, err := t.Console.Press(ctx, "3", "the tasks", func(s *Screen) bool { return s.Has(0, "› tasks (") && s.Cursor() != "" })
	return err
}

// Move presses a key n times that puts the cursor on another row.
func (t *Typist) Move(ctx context.Context, n int, keys ...string) (Latencies, error) {
	var all Latencies
	for i := range n {
		if err := t.pause(ctx); err != nil {
			return nil, err
		}
		before := ""
		t.Console.Screen(func(s *Screen) { before = s.Cursor() })
		took, err := t.Console.Press(ctx, keys[i%len(keys)], "the cursor on another row than "+before, func(s *Screen) bool {
			now := s.Cursor()
			return now != "" && now != before
		})
		if err != nil {
			return nil, err
		}
		all = append(all, took)
	}
	return all, nil
}

// Filter types a filter letter by letter, and clears it, n times.
func (t *Typist) Filter(ctx context.Context, n int, text string) (Latencies, error) {
	var all Latencies
	press := func(keys, what string, want func(s *Screen) bool) error {
		if err := t.pause(ctx); err != nil {
			return err
		}
		took, err := t.Console.Press(ctx, keys, what, want)
		all = append(all, took)
		return err
	}
	for range n {
		if err := press("/", "the filter's line", func(s *Screen) bool { return s.Has(1, "/ ") }); err != nil {
			return nil, err
		}
		for i := range text {
			typed := "/ " + text[:i+1]
			if err := press(text[i:i+1], typed, func(s *Screen) bool { return s.Has(1, typed) }); err != nil {
				return nil, err
			}
		}
		if err := press("\x1b", "the list without a filter", func(s *Screen) bool { return !s.Has(1, "/ ") }); err != nil {
			return nil, err
		}
	}
	// The escape key waits for the rest of a sequence by design; it is no figure of the console's speed.
	return without(all, len(text)+2), nil
}

// without leaves out the last of every n.
func without(all Latencies, n int) Latencies {
	var out Latencies
	for i, l := range all {
		if i%n != n-1 {
			out = append(out, l)
		}
	}
	return out
}

// Sort turns the order n times.
func (t *Typist) Sort(ctx context.Context, n int) (Latencies, error) {
	var all Latencies
	for range n {
		if err := t.pause(ctx); err != nil {
			return nil, err
		}
		arrow := "↓"
		t.Console.Screen(func(s *Screen) {
			if s.Has(1, "↓") {
				arrow = "↑"
			}
		})
		took, err := t.Console.Press(ctx, "O", "the order "+arrow, func(s *Screen) bool { return s.Has(1, arrow) })
		if err != nil {
			return nil, err
		}
		all = append(all, took)
	}
	return all, nil
}

// Switch goes to other screens and back, n times.
func (t *Typist) Switch(ctx context.Context, n int) (Latencies, error) {
	var all Latencies
	for i := range n {
		key := []string{"2", "3", "8", "3", "4", "3"}[i%6]
		if err := t.pause(ctx); err != nil {
			return nil, err
		}
		name := map[string]string{"2": "› agents", "3": "› tasks (", "4": "› frameworks", "8": "› events"}[key]
		took, err := t.Console.Press(ctx, key, "the screen "+name, func(s *Screen) bool { return s.Has(0, name) && s.Cursor() != "" })
		if err != nil {
			return nil, err
		}
		all = append(all, took)
	}
	return all, nil
}
