package hostguard

import (
	"path/filepath"
	"slices"
	"sync"

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
	slices.SortFunc(all, func(a, b string) int { // 10 comes after 9
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return slices.Compare([]byte(a), []byte(b))
	})
	return all
}

// Take gives n GPUs to a container: the paths of their devices are to be noted, the devices to be given. One that has some
// already keeps them.
func (g *GPUs) Take(id ids.Container, n int) (paths []string, devices []runtime.Device, err error) {
	if n == 0 {
		return nil, nil, nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	all := ListGPUs(g.dir)
	for _, path := range all {
		if owner, ok := g.taken[path]; (!ok || owner == id) && len(paths) < n {
			paths = append(paths, path)
		}
	}
	if len(paths) < n {
		return nil, nil, fault.New(fault.Invalid, "the task asks for %d GPUs; of the %d that have devices (%s/nvidia0 and on) %d are free",
			n, len(all), g.dir, len(paths))
	}
	for _, path := range paths {
		g.taken[path] = id
		devices = append(devices, runtime.Device{Path: path, Access: "rw"})
	}
	for _, name := range shared {
		if found, err := filepath.Glob(filepath.Join(g.dir, name)); err == nil && len(found) == 1 {
			devices = append(devices, runtime.Device{Path: found[0], Access: "rw"})
		}
	}
	return paths, devices, nil
}

// Note says that a container has GPUs that an earlier agentd gave it.
func (g *GPUs) Note(id ids.Container, paths []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, path := range paths {
		g.taken[path] = id
	}
}

// Release takes back what a container has.
func (g *GPUs) Release(id ids.Container) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for path, owner := range g.taken {
		if owner == id {
			delete(g.taken, path)
		}
	}
}
