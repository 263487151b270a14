package feed

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/store"
)

// source is a master that does what the test says.
type source struct {
	Source
	watch  func(ctx context.Context, try int, line func(*reeveapi.Watch) error) error
	tries  atomic.Int32
	usages atomic.Int32
	past   atomic.Int32 // usages that asked for history
	dead   bool         // no agent answers
}

func (s *source) Watch(ctx context.Context, line func(*reeveapi.Watch) error) error {
	return s.watch(ctx, int(s.tries.Add(1)), line)
}

func (s *source) Master() string { return "m:5050" }

func (s *source) Tried() []client.Tried {
	return []client.Tried{{Master: "m:5050", Said: "it broke off"}, {Master: "n:5050", Said: "no election yet"}}
}

func (s *source) Usage(_ context.Context, _ string, history time.Duration) (*reeveapi.Usage, error) {
	s.usages.Add(1)
	if history > 0 {
		s.past.Add(1)
	}
	if s.dead {
		return nil, errors.New("refused")
	}
	return &reeveapi.Usage{Host: reeveapi.HostUsage{At: time.Now()}}, nil
}

func play(t *testing.T, s *source, story func(f *Feed, st *store.Store, changed *atomic.Int32)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		st := store.New()
		f := New(s, st)
		var changed atomic.Int32
		done := make(chan error)
		go func() { done <- f.Run(ctx, func() { changed.Add(1) }) }()
		story(f, st, &changed)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestReconnects(t *testing.T) {
	s := &source{watch: func(ctx context.Context, try int, line func(*reeveapi.Watch) error) error {
		switch {
		case try == 1:
			_ = line(&reeveapi.Watch{Snapshot: true, Agents: []reeveapi.Agent{{ID: "1"}}})
			return errors.New("it broke off")
		case try < 8:
			return errors.New("refused")
		}
		_ = line(&reeveapi.Watch{Snapshot: true, Agents: []reeveapi.Agent{{ID: "2"}}})
		<-ctx.Done()
		return ctx.Err()
	}}
	play(t, s, func(f *Feed, st *store.Store, _ *atomic.Int32) {
		synctest.Wait()
		n := st.Snapshot()
		if n.Link.Live || n.Link.Err != "it broke off" || n.Link.Attempt != 1 || len(n.Link.Tried) != 2 || n.Agents.Get("1") == nil {
			t.Errorf("after the loss: %+v", n.Link)
		}
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if got := s.tries.Load(); got < 4 || got > 6 {
			t.Errorf("%d tries in 20 s, want about 5", got)
		}
		f.Retry()
		synctest.Wait()
		before := s.tries.Load()
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if n = st.Snapshot(); !n.Link.Live || n.Agents.Get("2") == nil || n.Agents.Get("1") != nil || n.Link.Attempt != 0 || len(n.Link.Tried) > 0 {
			t.Errorf("after %d more tries: %+v", s.tries.Load()-before, n.Link)
		}
	})
}

// TestSilence checks that a stream on which nothing comes is taken for lost.
func TestSilence(t *testing.T) {
	s := &source{watch: func(ctx context.Context, _ int, line func(*reeveapi.Watch) error) error {
		_ = line(&reeveapi.Watch{Snapshot: true})
		<-ctx.Done()
		return ctx.Err()
	}}
	play(t, s, func(_ *Feed, st *store.Store, _ *atomic.Int32) {
		time.Sleep(11 * time.Second)
		synctest.Wait()
		if !st.Snapshot().Link.Live {
			t.Error("lost after 11 s")
		}
		time.Sleep(1500 * time.Millisecond)
		synctest.Wait()
		if l := st.Snapshot().Link; l.Live || l.Err != errSilent.Error() {
			t.Errorf("after 12.5 s: %+v", l)
		}
	})
}

// TestChangesAreCoalesced checks that a busy cluster wakes the console ten times a second at most.
func TestChangesAreCoalesced(t *testing.T) {
	s := &source{watch: func(ctx context.Context, _ int, line func(*reeveapi.Watch) error) error {
		for ctx.Err() == nil {
			_ = line(&reeveapi.Watch{})
			time.Sleep(time.Millisecond)
		}
		return ctx.Err()
	}}
	play(t, s, func(f *Feed, _ *store.Store, changed *atomic.Int32) {
		for range 5 {
			f.Touch(time.Now())
			time.Sleep(2 * time.Second)
		}
		if got := changed.Load(); got < 90 || got > 101 {
			t.Errorf("told %d times in 10 s of a thousand changes a second, want about 100", got)
		}
		time.Sleep(5 * time.Second)
		changed.Store(0)
		time.Sleep(10 * time.Second)
		if got := changed.Load(); got < 9 || got > 11 {
			t.Errorf("told %d times in 10 s in which nobody touched anything, want 10", got)
		}
		changed.Store(0)
		f.Touch(time.Now())
		synctest.Wait()
		if got := changed.Load(); got != 1 {
			t.Errorf("told %d times at once when somebody came back, want once", got)
		}
	})
}

// TestAChangeAfterSilenceIsToldAtOnce checks that the pace is for cities, not for villages.
func TestAChangeAfterSilenceIsToldAtOnce(t *testing.T) {
	s := &source{watch: func(ctx context.Context, _ int, line func(*reeveapi.Watch) error) error {
		for ctx.Err() == nil {
			time.Sleep(300 * time.Millisecond)
			_ = line(&reeveapi.Watch{})
		}
		return ctx.Err()
	}}
	play(t, s, func(_ *Feed, _ *store.Store, changed *atomic.Int32) {
		time.Sleep(10*time.Second + 10*time.Millisecond)
		synctest.Wait()
		if got := changed.Load(); got != 33 {
			t.Errorf("told %d times of 33 changes, one every 300 ms", got)
		}
	})
}

func TestUsageOfWhatIsWanted(t *testing.T) {
	s := &source{watch: func(ctx context.Context, _ int, _ func(*reeveapi.Watch) error) error {
		<-ctx.Done()
		return ctx.Err()
	}}
	play(t, s, func(f *Feed, st *store.Store, _ *atomic.Int32) {
		time.Sleep(5500 * time.Millisecond) // between two polls
		if got := s.usages.Load(); got != 0 {
			t.Errorf("asked %d times for nothing", got)
		}
		f.Want([]Want{{Agent: "a", HTTP: "a:5051"}})
		time.Sleep(4200 * time.Millisecond)
		synctest.Wait()
		if got, past := s.usages.Load(), s.past.Load(); got != 5 || past != 1 {
			t.Errorf("asked %d times, %d for history; want 5 and 1", got, past)
		}
		if got := len(st.Snapshot().Usage["a"].Host); got != 5 {
			t.Errorf("%d samples, want 5", got)
		}
		f.Want(nil)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if got := s.usages.Load(); got != 5 || len(st.Snapshot().Usage) != 0 {
			t.Errorf("asked %d times, still knows %d agents", got, len(st.Snapshot().Usage))
		}
	})
}

// TestManyAreAskedInTurns wants more agents than are asked in a second: all get their turn, and none is asked for what was.
func TestManyAreAskedInTurns(t *testing.T) {
	s := &source{watch: func(ctx context.Context, _ int, _ func(*reeveapi.Watch) error) error {
		<-ctx.Done()
		return ctx.Err()
	}}
	play(t, s, func(f *Feed, st *store.Store, changed *atomic.Int32) {
		const n = 5 * slowAsks
		wants := func(alarms bool) []Want {
			var out []Want
			for i := range n {
				out = append(out, Want{Agent: fmt.Sprint(i), HTTP: "a:5051", Every: 20 * time.Second, Alarms: alarms})
			}
			return out
		}
		f.Want(wants(false))
		time.Sleep(5500 * time.Millisecond)
		synctest.Wait()
		if got, known := s.usages.Load(), len(st.Snapshot().Usage); got != n || known != n {
			t.Errorf("asked %d times and knows %d agents, want %d", got, known, n)
		}
		time.Sleep(10 * time.Second)
		if got, past := s.usages.Load(), s.past.Load(); got != n || past != 0 {
			t.Errorf("asked %d times, %d for history; want %d and none", got, past, n)
		}
		time.Sleep(10 * time.Second)
		if got := s.usages.Load(); got != 2*n {
			t.Errorf("asked %d times by now, want %d", got, 2*n)
		}
		told := changed.Load()
		f.Want(wants(true))
		f.Want([]Want{{Agent: "0", HTTP: "a:5051"}})
		time.Sleep(500 * time.Millisecond)
		synctest.Wait()
		if past := s.past.Load(); past != 1 || len(st.Snapshot().Usage) != 1 {
			t.Errorf("%d were asked for history, %d known; want one", past, len(st.Snapshot().Usage))
		}
		f.Want(wants(true))
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if got := changed.Load() - told; got > 2 {
			t.Errorf("told %d times of agents on which nothing is close to a limit", got)
		}
	})
}

// TestTheDeadAreLeftAlone has agents come and go that do not answer, as in a list that changes: none is asked more often for it.
func TestTheDeadAreLeftAlone(t *testing.T) {
	s := &source{dead: true, watch: func(ctx context.Context, _ int, _ func(*reeveapi.Watch) error) error {
		<-ctx.Done()
		return ctx.Err()
	}}
	play(t, s, func(f *Feed, _ *store.Store, _ *atomic.Int32) {
		const every = 5 * time.Second
		for i := range 60 { // a minute
			f.Want([]Want{{Agent: fmt.Sprint(i % 2), HTTP: "a:5051", Every: every}})
			time.Sleep(time.Second)
			synctest.Wait()
		}
		if got, most := s.usages.Load(), int32(2*(time.Minute/((unanswered+1)*every)+1)); got > most || got < 2 {
			t.Errorf("two agents were asked %d times in a minute, want 2 to %d", got, most)
		}
		f.Want(nil)
		time.Sleep(time.Hour)
		was := s.usages.Load()
		f.Want([]Want{{Agent: "0", HTTP: "a:5051", Every: every}})
		time.Sleep(time.Second)
		synctest.Wait()
		if got := s.usages.Load() - was; got != 1 {
			t.Errorf("asked %d times after an hour, want at once", got)
		}
	})
}

// TestPace asks for fewer looks than the feed would take, and for as many again.
func TestPace(t *testing.T) {
	s := &source{watch: func(ctx context.Context, _ int, line func(*reeveapi.Watch) error) error {
		for ctx.Err() == nil {
			if err := line(&reeveapi.Watch{Events: []reeveapi.Event{{}}}); err != nil {
				return err
			}
			time.Sleep(50 * time.Millisecond)
		}
		return ctx.Err()
	}}
	play(t, s, func(f *Feed, _ *store.Store, changed *atomic.Int32) {
		f.Pace(2 * time.Second)
		time.Sleep(time.Second)
		before := changed.Load()
		time.Sleep(10 * time.Second)
		if got := changed.Load() - before; got != 5 {
			t.Errorf("told %d times in 10 s, want 5", got)
		}
		f.Pace(0)
		time.Sleep(4 * time.Second)
		before = changed.Load()
		time.Sleep(10 * time.Second)
		if got := changed.Load() - before; got < 9 {
			t.Errorf("told %d times in 10 s, want once a second at least", got)
		}
	})
}
