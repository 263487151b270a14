package hostguard

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/shared/fault"
)

func TestGPUs(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"nvidia0", "nvidia1", "nvidia10", "nvidia2", "nvidiactl", "nvidia-uvm"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	g := NewGPUs(dir)
	g.Note("old", []string{filepath.Join(dir, "nvidia1")})
	take := func(want string, n int) {
		t.Helper()
		paths, devices, err := g.Take("new", n)
		var names []string
		for _, d := range devices {
			names = append(names, filepath.Base(d.Path))
		}
		if err != nil || strings.Join(names, " ") != want || len(paths) != n {
			t.Errorf("got %v, %v, want %s", names, err, want)
		}
	}
	take("nvidia0 nvidia2 nvidiactl nvidia-uvm", 2)
	take("nvidia0 nvidia2 nvidiactl nvidia-uvm", 2) // again
	if _, _, err := g.Take("third", 2); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "of the 4 that have devices") || !strings.Contains(err.Error(), "1 are free") {
		t.Errorf("too many: %v", err)
	}
	g.Release("old")
	if paths, _, err := g.Take("third", 2); err != nil || fmt.Sprint(paths) != fmt.Sprint([]string{filepath.Join(dir, "nvidia1"), filepath.Join(dir, "nvidia10")}) {
		t.Errorf("after a release: %v, %v", paths, err)
	}
	if paths, devices, err := g.Take("none", 0); err != nil || len(paths)+len(devices) > 0 {
		t.Errorf("none: %v, %v, %v", paths, devices, err)
	}
	if all := ListGPUs(dir); !slices.IsSortedFunc(all, func(a, b string) int { return len(a) - len(b) }) || len(all) != 4 {
		t.Errorf("all: %v", all)
	}
}
