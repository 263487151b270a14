package usage

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/workload"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// An hour of a task that uses half a core: the figures are right, 30 minutes are kept, and an ended task stays a while.
func TestAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var ended atomic.Bool
		running := []workload.RunningContainer{{ID: "c1", Tasks: []ids.Task{{Framework: "f", ID: "t"}}}}
		s := New(Config{
			Running: func(context.Context) ([]workload.RunningContainer, error) {
				if ended.Load() {
					return nil, nil
				}
				return running, nil
			},
			Stats: func(context.Context, ids.Container) (runtime.Stats, error) {
				return runtime.Stats{At: time.Now(), CPUUser: time.Since(start) / 2, MemBytes: 30 << 20, CacheBytes: 10 << 20, MemLimit: 64 << 20, Processes: 3}, nil
			},
			Disk: func(ids.Container) int64 { return 5 << 20 },
			Host: func() reeveapi.HostUsage { return reeveapi.HostUsage{At: time.Now(), CPUs: 1} },
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx) }()
		time.Sleep(time.Hour)
		synctest.Wait()

		u := s.Usage("", time.Hour)
		now := u.Tasks["f/t"]
		if now.CPUs != 0.5 || now.MemBytes != 20<<20 || now.CacheBytes != 10<<20 || now.DiskBytes != 5<<20 || now.Processes != 3 {
			t.Errorf("got %+v, want half a core, 20 MB without 10 MB of cache, 5 MB of disk, 3 processes", now)
		}
		history := u.TaskHistory["f/t"]
		if len(history) != keep || len(u.HostHistory) < keep {
			t.Fatalf("got %d samples of the task and %d of the host, want %d", len(history), len(u.HostHistory), keep)
		}
		for i := range history {
			if i > 0 && history[i].At.Sub(history[i-1].At) != interval || history[i].CPUs != 0.5 {
				t.Fatalf("sample %d: got %+v after %+v", i, history[i], history[max(0, i-1)])
			}
		}
		if got := len(s.Usage("f/t", time.Minute).TaskHistory["f/t"]); got < 60 || got > 61 {
			t.Errorf("got %d samples of the last minute, want 60", got)
		}

		ended.Store(true)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if got := s.Usage("f/t", time.Hour); len(got.TaskHistory["f/t"]) != keep || len(got.Tasks) != 0 {
			t.Errorf("got %d samples of a task that ended ten minutes ago and %d running, want %d and 0", len(got.TaskHistory["f/t"]), len(got.Tasks), keep)
		}
		time.Sleep(30 * time.Minute)
		synctest.Wait()
		if got := s.Usage("f/t", time.Hour).TaskHistory["f/t"]; got != nil {
			t.Errorf("got %d samples of a task that ended long ago, want none", len(got))
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// TestLateSamples: on a host that is late now and then no two samples are so close that their rate says nothing.
func TestLateSamples(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rounds := 0
		start := time.Now()
		s := New(Config{
			Running: func(context.Context) ([]workload.RunningContainer, error) {
				return []workload.RunningContainer{{ID: "c1", Tasks: []ids.Task{{Framework: "f", ID: "t"}}}}, nil
			},
			Stats: func(context.Context, ids.Container) (runtime.Stats, error) {
				if rounds++; rounds%3 == 0 {
					time.Sleep(time.Duration(rounds) * 170 * time.Millisecond)
				}
				return runtime.Stats{At: time.Now(), CPUUser: time.Since(start) / 2}, nil
			},
			Disk: func(ids.Container) int64 { return 0 },
			Host: func() reeveapi.HostUsage { return reeveapi.HostUsage{At: time.Now()} },
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx) }()
		time.Sleep(time.Minute)
		synctest.Wait()
		history := s.Usage("f/t", time.Hour).TaskHistory["f/t"]
		if len(history) < 20 {
			t.Errorf("got %d samples in a minute", len(history))
		}
		for i := 1; i < len(history); i++ {
			if gap := history[i].At.Sub(history[i-1].At); gap < interval/2 {
				t.Errorf("sample %d comes %s after the one before", i, gap)
			}
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// TestPack: what is kept is what was measured, in the units of the ring, and never wraps around.
func TestPack(t *testing.T) {
	want := reeveapi.TaskUsage{
		At: time.UnixMilli(5000), CPUs: 1.25, CPUSeconds: 2, ThrottledSeconds: 0.5, MemBytes: 3 << 20, CacheBytes: 1 << 20, DiskBytes: 7 << 10,
		Processes: 2, Threads: 9, OOMKills: 1, MajorFaults: 8, ReadBytes: 4 << 20, WriteBytes: 5 << 20, NetReceiveBytes: 6 << 20, NetSendBytes: 7 << 20,
	}
	if got := pack(want).unpack(0); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := pack(reeveapi.TaskUsage{ReadBytes: 1 << 50, Threads: 1 << 20, MajorFaults: 1 << 40}).unpack(0); got.ReadBytes < 1<<41 || got.Threads != 1<<16-1 || got.MajorFaults != 1<<32-1 {
		t.Errorf("too much became %+v", got)
	}
}
