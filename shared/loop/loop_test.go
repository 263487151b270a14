package loop_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/reeve/reeve/shared/loop"
)

// recorder is a machine that echoes its inputs and asks to be woken at due.
type recorder struct {
	due   time.Time
	ticks []time.Time
}

func (r *recorder) Step(now time.Time, in string) []string {
	if in == "tick" {
		r.ticks = append(r.ticks, now)
		r.due = time.Time{}
	}
	return []string{in}
}

func (r *recorder) Deadline() time.Time { return r.due }

func start(t *testing.T, m *recorder, execute func([]string)) (*loop.Loop[string, string], context.CancelFunc) {
	t.Helper()
	l := loop.New(loop.Config[string, string]{Name: "test loop", Machine: m, Tick: "tick", Execute: execute})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { _ = l.Run(ctx) }() // its error is ctx's, which the test ends
	return l, cancel
}

func TestInputsAreSteppedInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []string
		l, cancel := start(t, &recorder{}, func(effs []string) { got = append(got, effs...) })
		want := []string{"a", "b", "c"}
		for _, in := range want {
			if err := l.Post(t.Context(), in); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		cancel()
		synctest.Wait()
		if diff := cmp.Diff(got, want); diff != "" {
			t.Error(diff)
		}
	})
}

// TestInspectSeesWhatWasPosted: an agent that looked before its recovery had been stepped took the sandboxes of running tasks
// for old ones.
func TestInspectSeesWhatWasPosted(t *testing.T) {
	t.Parallel()
	for range 100 { // without an order each time is a toss of a coin
		var stepped []string
		l, cancel := start(t, &recorder{}, func(effs []string) { stepped = append(stepped, effs...) })
		for _, in := range []string{"a", "b", "c"} {
			if err := l.Post(t.Context(), in); err != nil {
				t.Fatal(err)
			}
		}
		var seen int
		if err := l.Inspect(t.Context(), func() { seen = len(stepped) }); err != nil {
			t.Fatal(err)
		}
		cancel()
		if seen != 3 {
			t.Fatalf("Inspect saw %d of 3 inputs that had been posted before", seen)
		}
	}
}

func TestTickComesAtTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &recorder{due: time.Now().Add(time.Hour)}
		want := m.due
		_, cancel := start(t, m, func([]string) {})
		time.Sleep(2 * time.Hour)
		cancel()
		synctest.Wait()
		if diff := cmp.Diff(m.ticks, []time.Time{want}); diff != "" {
			t.Error(diff)
		}
	})
}

func TestADeadlineSetByAnInputIsArmed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &recorder{}
		l, cancel := start(t, m, func([]string) {})
		if err := l.Inspect(t.Context(), func() { m.due = time.Now().Add(time.Minute) }); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		cancel()
		synctest.Wait()
		if len(m.ticks) != 1 {
			t.Errorf("got %d ticks, want 1", len(m.ticks))
		}
	})
}

func TestAStoppedLoopRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, cancel := start(t, &recorder{}, func([]string) {})
		cancel()
		synctest.Wait()
		want := loop.StoppedError{Name: "test loop"}
		if err := l.Post(t.Context(), "late"); !errors.Is(err, want) {
			t.Errorf("Post: got %v, want %v", err, want)
		}
		if err := l.Inspect(t.Context(), func() { t.Error("ran on a stopped loop") }); !errors.Is(err, want) {
			t.Errorf("Inspect: got %v, want %v", err, want)
		}
	})
}

func TestAFullMailboxPushesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := loop.New(loop.Config[string, string]{Name: "test loop", Machine: &recorder{}, Tick: "tick", Execute: func([]string) {}})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var err error
		posted := 0
		for ; err == nil; posted++ {
			err = l.Post(ctx, "in") // nobody runs the loop
		}
		if !errors.Is(err, context.DeadlineExceeded) || posted < 1000 {
			t.Errorf("after %d inputs: got %v, want a wait that ends with the context", posted, err)
		}
	})
}
