package run_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/reeve/reeve/shared/run"
)

func TestTheFirstFailureEndsTheGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := run.NewGroup(t.Context())
		broken := errors.New("broken")
		g.Go("waiter", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
		g.Go("worker", func(context.Context) error { return broken })
		err := g.Wait()
		if !errors.Is(err, broken) || err.Error() != "worker: broken" {
			t.Errorf("got %v, want worker: broken", err)
		}
	})
}

func TestAStoppedGroupEndsWithoutError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := run.NewGroup(t.Context())
		g.Go("waiter", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
		g.Stop()
		if err := g.Wait(); err != nil {
			t.Errorf("got %v, want nil", err)
		}
	})
}

func TestCleanupsRunLastFirstEachInItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c run.Cleanups
		var got []string
		step := func(name string) func(context.Context) error {
			return func(context.Context) error { got = append(got, name); return nil }
		}
		c.Add("first", time.Second, step("first"))
		c.Add("stuck", time.Second, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
		c.Add("last", time.Second, step("last"))
		err := c.Run(t.Context())
		if diff := cmp.Diff(got, []string{"last", "first"}); diff != "" {
			t.Error(diff)
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the stuck step's time-out", err)
		}
	})
}
