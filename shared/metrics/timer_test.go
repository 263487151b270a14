package metrics_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/reeve/reeve/shared/metrics"
)

// The figures of a real Mesos after two writes of its registry.
func TestStatisticsAreThoseOfMesos(t *testing.T) {
	set := metrics.New()
	timer := set.Timer("registrar/state_store_ms")
	if got := set.Snapshot(t.Context()); len(got) != 0 {
		t.Errorf("a timer without measurements shows %v", got)
	}
	timer.Observe(116992 * time.Nanosecond)
	if diff := cmp.Diff(set.Snapshot(t.Context()), map[string]float64{"registrar/state_store_ms": 0.116992}); diff != "" {
		t.Errorf("one measurement has no statistics: %s", diff)
	}
	timer.Observe(9895936 * time.Nanosecond)
	want := map[string]float64{
		"": 9.895936, "/count": 2, "/max": 9.895936, "/min": 0.116992, "/p50": 5.006464, "/p90": 8.9180416,
		"/p95": 9.4069888, "/p99": 9.79814656, "/p999": 9.886157056, "/p9999": 9.8949581056,
	}
	got := set.Snapshot(t.Context())
	for statistic, value := range want {
		if d := got["registrar/state_store_ms"+statistic] - value; d > 1e-9 || d < -1e-9 {
			t.Errorf("%s is %v, want %v", statistic, got["registrar/state_store_ms"+statistic], value)
		}
	}
	if len(got) != len(want) {
		t.Errorf("got %v", got)
	}
}

func TestTimersForget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set := metrics.New()
		timer := set.Timer("x_ms")
		for range 2000 { // more than are kept
			timer.Observe(time.Second)
		}
		if got := set.Snapshot(t.Context())["x_ms/count"]; got != 1000 {
			t.Errorf("count is %v, want the most that is kept", got)
		}
		time.Sleep(2 * time.Hour)
		timer.Observe(time.Millisecond)
		timer.Observe(2 * time.Millisecond)
		got := set.Snapshot(t.Context())
		if got["x_ms/count"] != 2 || got["x_ms/max"] != 2 || got["x_ms"] != 2 {
			t.Errorf("two hours later: %v", got)
		}
	})
}

func TestASnapshotDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set := metrics.New()
		set.Counter("counted").Add(1)
		set.Source(func(ctx context.Context) map[string]float64 {
			<-ctx.Done()
			return nil
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if diff := cmp.Diff(set.Snapshot(ctx), map[string]float64{"counted": 1}); diff != "" {
			t.Errorf("with a source that hangs: %s", diff)
		}
	})
}
