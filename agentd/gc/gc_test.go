package gc

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func sandbox(t *testing.T, workDir, executor, run string) string {
	t.Helper()
	dir := filepath.Join(workDir, "slaves", "S0", "frameworks", "f", "executors", executor, "runs", run)
	if err := os.MkdirAll(filepath.Join(dir, "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "stdout"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	latest := filepath.Join(filepath.Dir(dir), "latest")
	_ = os.Remove(latest) // it may not be there
	if err := os.Symlink(run, latest); err != nil {
		t.Fatal(err)
	}
	return dir
}

func exists(path string) bool { _, err := os.Lstat(path); return err == nil }

func TestCollect(t *testing.T) {
	workDir := t.TempDir()
	used := int64(50)
	var gone []string
	c := New(Config{
		WorkDir: workDir, Delay: 10 * time.Hour, Headroom: 0.1, Log: slog.New(slog.DiscardHandler), Count: func(string) {},
		DiskUsed: func() (int64, int64) { return used, 100 },
		Deleted:  func(run string) { gone = append(gone, run) },
	})
	old, young, inUse := sandbox(t, workDir, "e1", "a"), sandbox(t, workDir, "e2", "a"), sandbox(t, workDir, "e2", "b")
	found, err := c.Find(map[string]bool{inUse: true})
	if want := []string{old, young, inUse}; err != nil || !slices.Equal(found, want) {
		t.Fatalf("it found %v, %v; want %v", found, err, want)
	}
	now := time.Now()
	c.ended[old], c.ended[young] = now.Add(-9*time.Hour), now.Add(-3*time.Hour)

	c.collect(now)
	if !exists(old) || !exists(young) {
		t.Fatal("deleted before the delay")
	}
	used = 95 // half of the headroom is left, so half of the delay
	c.collect(now)
	if !slices.Equal(gone, []string{"a"}) {
		t.Errorf("told that %v are gone, want the old one", gone)
	}
	if exists(old) || !exists(young) {
		t.Errorf("with half of the headroom: got old %v, young %v, want only the young one", exists(old), exists(young))
	}
	if exists(filepath.Dir(filepath.Dir(old))) {
		t.Error("the executor's directory was left behind")
	}
	used = 100
	c.collect(now)
	if exists(young) || !exists(inUse) || !exists(filepath.Join(filepath.Dir(inUse), "latest")) {
		t.Error("with a full disk: want all ended sandboxes gone, and nothing else")
	}
}
