package hostguard

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
)

// GPUs hands the GPUs of a host out to containers, each to one at a time. Its methods may be called from many goroutines.
type GPUs struct {
	dir string

	mu    sync.Mutex // guards taken
	taken map[string]ids.Container
}

// NewGPUs knows those whose devices are in dir, which is /dev.
func NewGPUs(dir string) *GPUs { return &GPUs{dir: dir, taken: make(map[string]ids.Container)} }

// shared are what every container with a GPU needs beside it.
var shared = []string{"nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-modeset"}

// ListGPUs are the GPUs of which there are devices in dir.
func ListGPUs(dir string) []string {
	all, err := filepath.Glob(filepath.Join(dir, "nvidia[0-9]*"))
	if err != nil {
		return nil
	}
	return inOrder(all)
}

// inOrder sorts paths of GPUs by number: 10 comes after 9.
func inOrder(paths []string) []string {
	slices.SortFunc(paths, func(a, b string) int { return cmp.Or(len(a)-len(b), cmp.Compare(a, b)) })
	return paths
}

// Surplus are n of the GPUs with these paths that can be taken back from processes: those that none of them has open, as far as
// that goes, the last ones first.
func Surplus(paths []string, pids []int, n int) []string {
	open := opened(pids)
	busy := func(path string) int {
		var st unix.Stat_t
		if unix.Stat(path, &st) == nil && open[st.Rdev] {
			return 1
		}
		return 0
	}
	list := slices.Clone(paths)
	slices.Reverse(list)
	slices.SortStableFunc(list, func(a, b string) int { return busy(a) - busy(b) })
	return list[:min(n, len(list))]
}

// opened are the devices that processes have open.
func opened(pids []int) map[uint64]bool {
	devices := map[uint64]bool{}
	for _, pid := range pids {
		files, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
		if err != nil {
			continue
		}
		for _, file := range files {
			var st unix.Stat_t
			if unix.Stat(file, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFCHR {
				devices[st.Rdev] = true
			}
		}
	}
	return devices
}

// Take has a container have n GPUs at least: what it has it keeps. It returns the paths of all devices of its own.
func (g *GPUs) Take(id ids.Container, n int) ([]string, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	paths := g.held(id)
	if len(paths) >= n {
		return paths, nil // most containers have none and ask for none: they need not look
	}
	all := ListGPUs(g.dir)
	free := slices.DeleteFunc(slices.Clone(all), func(path string) bool { _, taken := g.taken[path]; return taken })
	missing := n - len(paths)
	if missing > len(free) {
		return nil, fault.New(fault.Invalid, "the container is to have %d GPUs; of the %d that have devices (%s/nvidia0 and on) %d are free",
			n, len(all), g.dir, len(paths)+len(free))
	}
	paths = append(paths, free[:missing]...)
	for _, path := range paths {
		g.taken[path] = id
	}
	return inOrder(paths), nil
}

// Held are the paths of the GPUs that a container has.
func (g *GPUs) Held(id ids.Container) []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.held(id)
}

// All lists all there are, those too whose devices have vanished while somebody has them.
func (g *GPUs) All() []runtime.GPU {
	g.mu.Lock()
	defer g.mu.Unlock()
	paths := ListGPUs(g.dir)
	for path := range g.taken {
		if !slices.Contains(paths, path) {
			paths = append(paths, path)
		}
	}
	var all []runtime.GPU
	for _, path := range inOrder(paths) {
		all = append(all, runtime.GPU{Path: path, Container: g.taken[path]})
	}
	return all
}

func (g *GPUs) held(id ids.Container) []string {
	var paths []string
	for path, owner := range g.taken {
		if owner == id {
			paths = append(paths, path)
		}
	}
	return inOrder(paths)
}

// Give takes some of a container's GPUs back.
func (g *GPUs) Give(id ids.Container, paths []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, path := range paths {
		if g.taken[path] == id {
			delete(g.taken, path)
		}
	}
}

// Devices are what a container with these GPUs needs: theirs, and those that every container with a GPU has.
func (g *GPUs) Devices(paths []string) []runtime.Device {
	if len(paths) == 0 {
		return nil
	}
	var devices []runtime.Device
	for _, path := range paths {
		devices = append(devices, runtime.Device{Path: path, Access: "rw"})
	}
	for _, name := range shared {
		if found, err := filepath.Glob(filepath.Join(g.dir, name)); err == nil && len(found) == 1 {
			devices = append(devices, runtime.Device{Path: found[0], Access: "rw"})
		}
	}
	return devices
}

// Note says that a container has GPUs that an earlier agentd gave it.
func (g *GPUs) Note(id ids.Container, paths []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, path := range paths {
		g.taken[path] = id
	}
}

// Release takes back all that a container has.
func (g *GPUs) Release(id ids.Container) { g.Give(id, g.Held(id)) }
