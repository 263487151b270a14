package tasklog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// bench is a sandbox with a log in it, and a clock.
type bench struct {
	*testing.T
	dir    string
	file   *os.File
	keeper *Keeper
	now    time.Time
	limit  int64
	lines  int
}

func newBench(t *testing.T, limit int64) *bench {
	t.Helper()
	b := &bench{T: t, dir: t.TempDir(), keeper: New(Config{Log: slog.New(slog.NewTextHandler(t.Output(), nil))}), now: time.Now().Add(-time.Hour), limit: limit}
	f, err := os.OpenFile(filepath.Join(b.dir, "stdout"), os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	b.file = f
	t.Cleanup(func() { _ = f.Close() })
	return b
}

// write appends numbered lines.
func (b *bench) write(n int) {
	b.Helper()
	var buf bytes.Buffer
	for range n {
		b.lines++
		fmt.Fprintf(&buf, "line %d\n", b.lines)
	}
	if _, err := b.file.Write(buf.Bytes()); err != nil {
		b.Fatal(err)
	}
}

// look is a second later.
func (b *bench) look() {
	b.now = b.now.Add(time.Second)
	if err := os.Chtimes(b.file.Name(), b.now, b.now); err != nil {
		b.Fatal(err)
	}
	b.keeper.Look([]Log{{Sandbox: b.dir, Name: "stdout", Limit: b.limit}}, b.now)
}

func (b *bench) allocated() int64 {
	b.Helper()
	info, err := b.file.Stat()
	if err != nil {
		b.Fatal(err)
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		b.Fatal("no stat")
	}
	return st.Blocks * 512
}

func (b *bench) open() (*os.File, []Entry, int64) {
	b.Helper()
	f, err := os.Open(b.file.Name())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = f.Close() })
	root, err := os.OpenRoot(b.dir)
	if err != nil {
		b.Fatal(err)
	}
	entries, err := ReadIndex(root, "stdout")
	if err != nil {
		b.Fatal(err)
	}
	if err := root.Close(); err != nil {
		b.Fatal(err)
	}
	start, err := Start(f)
	if err != nil {
		b.Fatal(err)
	}
	return f, entries, start
}

// TestBound: what is kept is in bounds, begins with a whole line, and has no gap.
func TestBound(t *testing.T) {
	const limit = 256 << 10
	b := newBench(t, limit)
	for range 60 {
		b.write(5000)
		b.look()
		if got := b.allocated(); got > limit+8*block {
			t.Fatalf("%d bytes are allocated, the limit is %d", got, limit)
		}
	}
	f, _, start := b.open()
	data, err := io.ReadAll(io.NewSectionReader(f, start, 1<<40))
	if err != nil {
		t.Fatal(err)
	}
	if len(data) < limit/slack*(slack-1)-maxLine {
		t.Errorf("only %d bytes are left of %d", len(data), limit)
	}
	lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	for i, line := range lines {
		if want := fmt.Sprintf("line %d", b.lines-len(lines)+1+i); line != want {
			t.Fatalf("line %d of %d is %q, want %q", i, len(lines), line, want)
		}
	}
}

// TestLast: a log that was written while nobody looked, and whose container has ended, is brought into bounds once more.
func TestLast(t *testing.T) {
	b := newBench(t, 64<<10)
	b.write(50_000)
	b.keeper.cfg.Logs = func(context.Context) ([]Log, error) { return nil, nil }
	b.keeper.Last(Log{Sandbox: b.dir, Name: "stdout", Limit: b.limit})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ran := make(chan error, 1)
	go func() { ran <- b.keeper.Run(ctx) }()
	for b.allocated() > 2*b.limit && ctx.Err() == nil {
		time.Sleep(10 * time.Millisecond) // a poll with a deadline
	}
	if n := b.allocated(); n > 2*b.limit {
		t.Errorf("the log takes %d bytes, the limit is %d", n, b.limit)
	}
	cancel()
	if err := <-ran; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestSince(t *testing.T) {
	b := newBench(t, 0)
	begin := b.now
	firsts := []int{}
	for range 100 {
		firsts = append(firsts, b.lines+1)
		b.write(10)
		b.look()
	}
	f, entries, start := b.open()
	if len(entries) != 100 || start != 0 {
		t.Fatalf("%d entries, start %d", len(entries), start)
	}
	for _, second := range []int{0, 1, 42, 99} {
		at, err := Since(f, entries, start, begin.Add(time.Duration(second)*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 20)
		n, err := f.ReadAt(buf, at)
		if err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("line %d\n", firsts[second]); !strings.HasPrefix(string(buf[:n]), want) {
			t.Errorf("since second %d: %q, want %q", second, buf[:n], want)
		}
	}
	if at, err := Since(f, entries, start, b.now.Add(time.Minute)); err != nil || at != size(t, f) {
		t.Errorf("since after the end: %d, %v", at, err)
	}
}

func size(t *testing.T, f *os.File) int64 {
	t.Helper()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// TestNextAgentd finds the index and goes on with it; a truncated file begins a new one.
func TestNextAgentd(t *testing.T) {
	b := newBench(t, 0)
	b.write(10)
	b.look()
	b.keeper = New(b.keeper.cfg)
	b.look()
	if _, entries, _ := b.open(); len(entries) != 1 {
		t.Errorf("%d entries of a log that did not grow", len(entries))
	}
	b.write(10)
	b.look()
	if _, entries, _ := b.open(); len(entries) != 2 {
		t.Errorf("%d entries", len(entries))
	}
	if err := b.file.Truncate(0); err != nil {
		t.Fatal(err)
	}
	b.write(1)
	b.look()
	if _, entries, _ := b.open(); len(entries) != 1 {
		t.Errorf("%d entries after a truncation", len(entries))
	}
}

// TestHostile: links, pipes and rubbish that a task left are neither followed nor waited for.
func TestHostile(t *testing.T) {
	b := newBench(t, 1)
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, bytes.Repeat([]byte("x"), 3*block), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, put := range []func() error{
		func() error { return os.Symlink(outside, filepath.Join(b.dir, "stdout")) },
		func() error { return syscall.Mkfifo(filepath.Join(b.dir, "stdout"), 0o600) },
		func() error {
			return os.WriteFile(filepath.Join(b.dir, ".stdout.index"), []byte("rubbish that is longer than an entry"), 0o600)
		},
	} {
		_ = os.Remove(filepath.Join(b.dir, "stdout"))
		if err := put(); err != nil {
			t.Fatal(err)
		}
		b.keeper.Look([]Log{{Sandbox: b.dir, Name: "stdout", Limit: 1}}, b.now)
	}
	if data, err := os.ReadFile(outside); err != nil || bytes.ContainsRune(data, 0) {
		t.Errorf("a file outside was touched: %v", err)
	}
	root, err := os.OpenRoot(b.dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ReadIndex(root, "stdout"); err != nil {
		t.Error(err)
	}
	if err := root.Close(); err != nil {
		t.Error(err)
	}
}

func TestThin(t *testing.T) {
	var entries []Entry
	for i := range maxEntries {
		entries = append(entries, Entry{time.Unix(int64(i), 0), int64(i * 10)})
	}
	kept := thin(entries, 1000)
	if len(kept) >= len(entries)*4/5 || kept[0].Size > 1000 || kept[len(kept)-1] != entries[len(entries)-1] {
		t.Errorf("%d of %d are kept, from %+v to %+v", len(kept), len(entries), kept[0], kept[len(kept)-1])
	}
}

func FuzzReadIndex(f *testing.F) {
	f.Add(encode([]Entry{{time.Unix(1, 2), 3}, {time.Unix(4, 5), 6}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, ".a.index"), data, 0o600); err != nil {
			t.Fatal(err)
		}
		root, err := os.OpenRoot(dir)
		if err != nil {
			t.Fatal(err)
		}
		entries, err := ReadIndex(root, "a")
		if err != nil {
			t.Fatal(err)
		}
		for i := 1; i < len(entries); i++ {
			if entries[i].Size < entries[i-1].Size || entries[i].At.Before(entries[i-1].At) {
				t.Fatal("out of order")
			}
		}
		if err := root.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
