package sandbox

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/shared/fault"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestCreate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	for range 2 { // again is fine, and changes nothing
		if err := Create(dir, ""); err != nil {
			t.Fatal(err)
		}
		for _, name := range outputs {
			if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() != 0 && name != "stdout" {
				t.Errorf("%s: %v, %v", name, info, err)
			}
		}
		write(t, filepath.Join(dir, "stdout"), "kept")
	}
	if data, err := os.ReadFile(filepath.Join(dir, "stdout")); err != nil || string(data) != "kept" {
		t.Errorf("stdout holds %q, %v", data, err)
	}
	if err := Create(dir, "no-such-user"); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "no-such-user") {
		t.Errorf("unknown user: %v", err)
	}
	if err := Create("relative", ""); fault.KindOf(err) != fault.Invalid {
		t.Errorf("relative path: %v", err)
	}
}

func TestCreateForUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("gives files away, which needs root")
	}
	dir := filepath.Join(t.TempDir(), "s")
	if err := Create(dir, "1234:5678"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".", "stdout", "stderr"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if st := info.Sys().(*syscall.Stat_t); st.Uid != 1234 || st.Gid != 5678 {
			t.Errorf("%s belongs to %d:%d", name, st.Uid, st.Gid)
		}
	}
}

func TestBrowse(t *testing.T) {
	base := t.TempDir()
	dir := filepath.Join(base, "s")
	if err := Create(dir, ""); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(base, "secret"), "secret")
	write(t, filepath.Join(dir, "stdout"), "0123456789")
	for link, to := range map[string]string{"out": "../secret", "abs": filepath.Join(base, "secret"), "in": "stdout"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.Mkfifo(filepath.Join(dir, "pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	entries, more, err := List(dir, "")
	if err != nil || more {
		t.Fatal(err, more)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name)
	}
	if got, want := strings.Join(names, " "), "abs in out pipe stderr stdout"; got != want {
		t.Errorf("listed %q, want %q", got, want)
	}
	if _, _, err := List(dir, "none"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("list of nothing: %v", err)
	}
	for _, test := range []struct {
		name           string
		offset, length int64
		want           string
		kind           fault.Kind
	}{
		{"stdout", 0, 4, "0123", 0},
		{"stdout", 8, 4, "89", 0},
		{"stdout", 10, 4, "", 0},
		{"stdout", 99, 4, "", 0},
		{"stdout", 3, -1, "3456789", 0},
		{"/stdout", 0, 1, "0", 0},
		{"in", 0, 1, "0", 0},
		{"out", 0, 9, "", fault.Forbidden},
		{"abs", 0, 9, "", fault.Forbidden},
		{"../secret", 0, 9, "", fault.Forbidden},
		{"none", 0, 9, "", fault.NotFound},
		{"stdout/x", 0, 9, "", fault.NotFound},
		{"pipe", 0, 9, "", fault.Invalid},
		{"", 0, 9, "", fault.Invalid},
	} {
		data, size, err := Read(dir, test.name, test.offset, test.length)
		if string(data) != test.want || fault.KindOf(err) != test.kind || err == nil && size != 10 {
			t.Errorf("read %q at %d: %q of %d, %v", test.name, test.offset, data, size, err)
		}
	}
}

func TestMeasure(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a"), strings.Repeat("x", 100_000))
	if err := os.Link(filepath.Join(dir, "a"), filepath.Join(dir, "b")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/", filepath.Join(dir, "root")); err != nil {
		t.Fatal(err)
	}
	sparse, err := os.Create(filepath.Join(dir, "sparse"))
	if err != nil {
		t.Fatal(err)
	}
	if err := sparse.Truncate(1 << 30); err != nil {
		t.Fatal(err)
	}
	if err := sparse.Close(); err != nil {
		t.Fatal(err)
	}
	u, err := Measure(dir, 100, nil)
	if err != nil {
		t.Fatal(err)
	}
	if u.Bytes < 100_000 || u.Bytes > 150_000 || u.Files != 5 || u.Partial {
		t.Errorf("got %+v, want the file once and no hole", u)
	}
	if u, err := Measure(dir, 2, nil); err != nil || !u.Partial || u.Files != 2 {
		t.Errorf("limited: %+v, %v", u, err)
	}
	if u, err := Measure(dir, 100, func() bool { return true }); err != nil || !u.Partial {
		t.Errorf("stopped: %+v, %v", u, err)
	}
}
