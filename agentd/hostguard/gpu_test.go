package hostguard

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
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
	take := func(id ids.Container, want string, n int) {
		t.Helper()
		paths, err := g.Take(id, n)
		var names []string
		for _, d := range g.Devices(paths) {
			names = append(names, filepath.Base(d.Path))
		}
		if err != nil || strings.Join(names, " ") != want || !slices.Equal(paths, g.Held(id)) {
			t.Errorf("got %v, %v, want %s", names, err, want)
		}
	}
	take("new", "nvidia0 nvidia2 nvidiactl nvidia-uvm", 2)
	take("new", "nvidia0 nvidia2 nvidiactl nvidia-uvm", 1) // what it has it keeps
	if _, err := g.Take("third", 2); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "of the 4 that have devices") || !strings.Contains(err.Error(), "1 are free") {
		t.Errorf("too many: %v", err)
	}
	g.Release("old")
	take("third", "nvidia1 nvidia10 nvidiactl nvidia-uvm", 2)
	g.Give("new", []string{filepath.Join(dir, "nvidia0"), filepath.Join(dir, "nvidia1")}) // the second is another's
	take("new", "nvidia2 nvidiactl nvidia-uvm", 1)
	take("new", "nvidia0 nvidia2 nvidiactl nvidia-uvm", 2)
	take("none", "", 0)
	var all string
	for _, one := range g.All() {
		all += filepath.Base(one.Path) + " of " + string(one.Container) + ", "
	}
	if want := "nvidia0 of new, nvidia1 of third, nvidia2 of new, nvidia10 of third, "; all != want {
		t.Errorf("all: %s, want %s", all, want)
	}
	g.Note("old", []string{filepath.Join(dir, "nvidia11")}) // whose device has vanished
	if all := g.All(); len(all) != 5 || all[4].Container != "old" {
		t.Errorf("all: %v, want one more", all)
	}
	g.Release("old")
	g.Release("third")
	if all := g.All(); len(all) != 4 || all[1].Container != "" {
		t.Errorf("all: %v, want a free one", all)
	}
	if all := ListGPUs(dir); !slices.IsSortedFunc(all, func(a, b string) int { return len(a) - len(b) }) || len(all) != 4 {
		t.Errorf("all: %v", all)
	}
}

// What somebody has open is taken back last.
func TestSurplus(t *testing.T) {
	paths := []string{"/dev/zero", "/dev/full", "/dev/random"}
	none := func(n int) string { return strings.Join(Surplus(paths, nil, n), " ") }
	if got := none(2); got != "/dev/random /dev/full" {
		t.Errorf("of idle ones: %s", got)
	}
	for _, path := range []string{"/dev/random", "/dev/zero"} {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = f.Close() }()
	}
	if got := strings.Join(Surplus(paths, []int{os.Getpid(), 1 << 30}, 2), " "); got != "/dev/full /dev/random" {
		t.Errorf("with two in use: %s", got)
	}
	if got := none(5); got != "/dev/random /dev/full /dev/zero" {
		t.Errorf("more than there are: %s", got)
	}
}
