package checkpoint

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
	"google.golang.org/protobuf/testing/protocmp"

	"codeberg.org/reeve/reeve/agentd/record"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

func entry(n int) *record.Entry {
	return &record.Entry{Entry: &record.Entry_Update{Update: &record.Update{
		FrameworkId: fmt.Sprintf("f-%d", n),
		Status: &mesosv1.TaskStatus{
			TaskId: &mesosv1.TaskID{Value: new(fmt.Sprintf("t-%d", n))},
			State:  mesosv1.TaskState_TASK_RUNNING.Enum(),
			Uuid:   []byte(strings.Repeat("u", n%16+1)),
		},
	}}}
}

func entries(from, to int) []*record.Entry {
	var list []*record.Entry
	for n := from; n < to; n++ {
		list = append(list, entry(n))
	}
	return list
}

func open(t *testing.T, dir string) (*Journal, Recovery) {
	t.Helper()
	j, r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return j, r
}

func diff(t *testing.T, got, want []*record.Entry) {
	t.Helper()
	if d := cmp.Diff(got, want, protocmp.Transform()); d != "" {
		t.Fatalf("entries (-got +want):\n%s", d)
	}
}

func TestAppendAndReopen(t *testing.T) {
	dir := t.TempDir()
	j, r := open(t, dir)
	if len(r.Entries) != 0 {
		t.Fatalf("got %d entries in a new journal, want none", len(r.Entries))
	}
	for n := range 5 {
		if err := j.Append(entries(n*2, n*2+2), n%2 == 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j, r = open(t, dir)
	diff(t, r.Entries, entries(0, 10))
	if err := j.Rewrite(entries(3, 5)); err != nil {
		t.Fatal(err)
	}
	if err := j.Append(entries(5, 6), true); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	_, r = open(t, dir)
	diff(t, r.Entries, entries(3, 6))
}

// Cut at any byte, or with zeros in place of the end, a journal opens with every frame that was whole, and can be
// appended to.
func TestTornTail(t *testing.T) {
	dir := t.TempDir()
	j, _ := open(t, dir)
	ends := []int64{int64(len(magic))}
	for n := range 4 {
		if err := j.Append(entries(n, n+1), false); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, j.size)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(filepath.Join(dir, journalName))
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(whole) + 1 {
		frames := 0
		for frames+1 < len(ends) && ends[frames+1] <= int64(cut) {
			frames++
		}
		for _, zeros := range []int{0, 100} {
			torn := append(append([]byte{}, whole[:cut]...), make([]byte, zeros)...)
			if cut < len(magic) {
				torn = torn[:cut]
			}
			got, good, err := Decode(torn)
			if err != nil {
				if zeros > 0 && cut > int(ends[frames]) && cut < len(whole) {
					continue // half a frame and zeros that reach past its end cannot be told from damage
				}
				t.Fatalf("cut at %d, %d zeros: %v", cut, zeros, err)
			}
			diff(t, got, entries(0, frames))
			if want := ends[frames]; cut >= len(magic) && good != want {
				t.Fatalf("cut at %d: got %d good bytes, want %d", cut, good, want)
			}
		}
	}
	if err := os.Truncate(filepath.Join(dir, journalName), int64(len(whole)-3)); err != nil {
		t.Fatal(err)
	}
	j, r := open(t, dir)
	diff(t, r.Entries, entries(0, 3))
	if r.Torn == 0 {
		t.Error("got no word of the torn tail")
	}
	if err := errors.Join(j.Append(entries(9, 10), true), j.Close()); err != nil {
		t.Fatal(err)
	}
	_, r = open(t, dir)
	diff(t, r.Entries, append(entries(0, 3), entry(9)))
}

// A flipped bit before the last frame is not a torn tail: starting without what it held would lose tasks silently.
func TestDamageIsRefused(t *testing.T) {
	dir := t.TempDir()
	j, _ := open(t, dir)
	if err := errors.Join(j.Append(entries(0, 3), false), j.Append(entries(3, 6), false), j.Close()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, journalName)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[len(magic)+frameHeader+5] ^= 1
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, err = Open(dir)
	corrupt, ok := errors.AsType[*CorruptError](err)
	if !ok || corrupt.Path != path || corrupt.Offset != int64(len(magic)) {
		t.Fatalf("got %v, want a CorruptError that names %s at byte %d", err, path, len(magic))
	}
}

// What version 1 wrote must stay readable for ever.
func TestVersion1Fixture(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "v1", "journal"))
	if err != nil {
		t.Fatal(err)
	}
	got, good, err := Decode(data)
	if err != nil || good != int64(len(data)) {
		t.Fatalf("got %d good bytes of %d, %v", good, len(data), err)
	}
	diff(t, got, entries(0, 3))
}

// TestFullDisk: on a disk without room a journal takes what it had asked room for, goes on after a rewrite that finds none,
// and is whole when it is read.
func TestFullDisk(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: a small disk of its own")
	}
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=8m"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	j, _, err := Open(filepath.Join(dir, "meta"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "fill"), make([]byte, 16<<20), 0o600); !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("filled the disk: %v", err)
	}
	want := 0
	for ; want < 1000; want++ {
		if err := j.Append([]*record.Entry{entry(want)}, want%10 == 0); err != nil {
			t.Fatalf("entry %d on a full disk: %v", want, err)
		}
	}
	if err := j.Rewrite([]*record.Entry{entry(0)}); !errors.Is(err, ErrFull) {
		t.Errorf("rewritten on a full disk: %v, want ErrFull", err)
	}
	if err := j.Append([]*record.Entry{entry(want)}, true); err != nil {
		t.Errorf("after a rewrite that found no room: %v", err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	again, found, err := Open(filepath.Join(dir, "meta"))
	if err != nil || len(found.Entries) != want+1 || found.Torn != 0 {
		t.Fatalf("read %d entries and %d torn bytes, %v; want %d", len(found.Entries), found.Torn, err, want+1)
	}
	for n := range 1000 { // it has not given up what was asked for before
		if err := again.Append([]*record.Entry{entry(n)}, false); err != nil {
			t.Fatalf("entry %d of the next agentd on a full disk: %v", n, err)
		}
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestLock(t *testing.T) {
	dir := t.TempDir()
	lock, err := Acquire(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Acquire(dir); err == nil || !strings.Contains(err.Error(), fmt.Sprint(os.Getpid())) {
		t.Fatalf("got %v, want a refusal that names the holder", err)
	}
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	if _, err := Acquire(dir); err != nil {
		t.Fatal(err)
	}
}

func FuzzDecode(f *testing.F) {
	frame, err := encodeFrame(entries(0, 2))
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(magic))
	f.Add(append([]byte(magic), frame...))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, good, err := Decode(data)
		if err != nil {
			return
		}
		again, same, err := Decode(data[:good])
		if err != nil || same != good {
			t.Fatalf("the good front of %d bytes decodes to %d, %v", good, same, err)
		}
		diff(t, again, got)
	})
}
