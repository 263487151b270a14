package diskwatch

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"codeberg.org/reeve/reeve/agentd/view"
	"codeberg.org/reeve/reeve/shared/ids"
)

func write(t *testing.T, path string, size int) {
	t.Helper()
	if err := os.WriteFile(path, make([]byte, size), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestMeasure(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	empty := measure(t.Context(), []string{dir, other, filepath.Join(dir, "gone")})
	write(t, filepath.Join(dir, "sub", "a"), 1<<20)
	write(t, filepath.Join(other, "b"), 1<<20)
	for _, err := range []error{
		os.Link(filepath.Join(dir, "sub", "a"), filepath.Join(dir, "twice")),
		os.Symlink("/usr", filepath.Join(dir, "link")),
		os.WriteFile(filepath.Join(dir, "hole"), nil, 0o644),
		os.Truncate(filepath.Join(dir, "hole"), 1<<40),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := measure(t.Context(), []string{dir, other}) - empty; got < 2<<20 || got > 2<<20+64<<10 {
		t.Errorf("got %d bytes, want 2 MB", got)
	}
}

func TestWatch(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a"), 1<<20)
	synctest.Test(t, func(t *testing.T) {
		running := []view.RunningContainer{
			{ID: "much", Sandbox: dir, DiskLimit: 1 << 19}, {ID: "enough", Sandbox: dir, DiskLimit: 4 << 20}, {ID: "unbounded", Sandbox: dir},
		}
		var mu sync.Mutex // guards running and told
		var told []ids.Container
		tells := func() []ids.Container {
			mu.Lock()
			defer mu.Unlock()
			return slices.Clone(told)
		}
		w := New(Config{
			Running: func(context.Context) ([]view.RunningContainer, error) {
				mu.Lock()
				defer mu.Unlock()
				return running, nil
			},
			Also: func(view.RunningContainer) []string { return nil },
			Exceeded: func(_ context.Context, id ids.Container, used, limit int64) error {
				if used < 1<<20 || limit != 1<<19 {
					t.Errorf("%s: %d of %d", id, used, limit)
				}
				mu.Lock()
				defer mu.Unlock()
				told = append(told, id)
				return nil
			},
			Interval: 15 * time.Second, Enforce: true,
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- w.Run(ctx) }()
		time.Sleep(14500 * time.Millisecond)
		synctest.Wait()
		if told := tells(); !slices.Equal(told, []ids.Container{"much"}) || w.Used("unbounded") < 1<<20 || w.Used("none") != 0 {
			t.Errorf("told of %v; used %d", told, w.Used("unbounded"))
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if told := tells(); len(told) != 2 {
			t.Errorf("told of %v after the second look", told)
		}
		mu.Lock()
		running = running[1:]
		mu.Unlock()
		time.Sleep(2 * time.Second)
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) || w.Used("much") != 0 {
			t.Errorf("%v; an ended container is remembered with %d bytes", err, w.Used("much"))
		}
	})
}
