package shimstage

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// Whatever links say, a path leads to somewhere below where it begins, or nowhere.
func TestOpenIn(t *testing.T) {
	outer := t.TempDir()
	root := filepath.Join(outer, "root")
	for _, dir := range []string{"root/etc", "root/sub", "secret"} {
		if err := os.MkdirAll(filepath.Join(outer, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range map[string]string{
		"absolute": "/etc", "up": "../../../../../../etc", "out": "../secret", "gone": "/nothing", "magic": "/proc/self/root",
	} {
		if err := os.Symlink(to, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	dir, err := unix.Open(root, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Close(dir) }()
	for path, want := range map[string]string{
		"/": "", "sub": "/sub", "/sub/../../..": "", "absolute": "/etc", "up": "/etc", "out": "-", "gone": "-", "magic": "-",
	} {
		fd, err := OpenIn(dir, path)
		if want == "-" {
			if !errors.Is(err, unix.ENOENT) {
				t.Errorf("%s: %v, want it not to be there", path, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if got, err := os.Readlink(filepath.Join("/proc/self/fd", strconv.Itoa(fd))); err != nil || got != root+want {
			t.Errorf("%s leads to %s, %v, want %s", path, got, err, root+want)
		}
		if err := unix.Close(fd); err != nil {
			t.Error(err)
		}
	}
}
