package cgroupfs

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Host is where this machine's hierarchies are mounted.
type Host struct {
	Unified     bool              // v2 holds the controllers: there is no v1
	Controllers map[string]string // v1: controller → mount point; "" → the v2 mount point, if there is one
	Mounts      []string          // every mount point, of all hierarchies
}

// Find looks for the hierarchies in /proc/self/mountinfo.
func Find() (Host, error) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return Host{}, fmt.Errorf("find cgroups: %w", err)
	}
	h, err := parse(f)
	return h, errors.Join(err, f.Close())
}

// maxMountinfo bounds what is read of a mount table: some thousand mounts.
const maxMountinfo = 16 << 20

// parse reads mountinfo: "... root mountpoint options - type source superoptions".
func parse(r io.Reader) (Host, error) {
	h := Host{Controllers: make(map[string]string)}
	lines := bufio.NewScanner(io.LimitReader(r, maxMountinfo))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		before, after, ok := strings.Cut(lines.Text(), " - ")
		fields, more := strings.Fields(before), strings.Fields(after)
		if !ok || len(fields) < 5 || len(more) < 3 {
			continue
		}
		at := fields[4]
		switch more[0] {
		case "cgroup2":
			h.Controllers[""] = at
		case "cgroup":
			for option := range strings.SplitSeq(more[2], ",") {
				if controller := strings.TrimPrefix(option, "name="); controller != "rw" && controller != "ro" {
					h.Controllers[controller] = at
				}
			}
		default:
			continue
		}
		h.Mounts = append(h.Mounts, at)
	}
	_, v1 := h.Controllers["memory"]
	_, v2 := h.Controllers[""]
	h.Unified = v2 && !v1
	return h, lines.Err()
}

// Dir returns the directory of a group in the hierarchy of a controller, "" if that is not mounted.
func (h Host) Dir(controller, group string) string {
	if h.Unified {
		controller = ""
	}
	at, ok := h.Controllers[controller]
	if !ok {
		return ""
	}
	return filepath.Join(at, group)
}

// SwapLimit says whether swap can be bounded.
func (h Host) SwapLimit() bool {
	if h.Unified {
		return true // the file is missing without swap, and libcontainer copes
	}
	_, err := os.Stat(filepath.Join(h.Controllers["memory"], "memory.memsw.limit_in_bytes"))
	return err == nil
}

// Join moves the calling process into a group of every hierarchy where that is possible, and says where it is not.
func (h Host) Join(group string) error {
	var errs []error
	for _, at := range h.Mounts {
		dir := filepath.Join(at, group)
		if at == h.Controllers["cpuset"] {
			continue // a new cpuset has no CPUs: nobody can enter it
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			errs = append(errs, err)
			continue
		}
		errs = append(errs, os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte(strconv.Itoa(os.Getpid())), 0))
	}
	return errors.Join(errs...)
}

// Groups lists the names right below a group, of all hierarchies together.
func (h Host) Groups(group string) ([]string, error) {
	seen := make(map[string]bool)
	var names []string
	for _, at := range h.Mounts {
		entries, err := os.ReadDir(filepath.Join(at, group))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("list cgroups: %w", err)
		}
		for _, e := range entries {
			if e.IsDir() && !seen[e.Name()] {
				seen[e.Name()] = true
				names = append(names, e.Name())
			}
		}
	}
	return names, nil
}

// PIDs lists the processes in a group and below it, of all hierarchies together.
func (h Host) PIDs(group string) ([]int, error) {
	seen := make(map[int]bool)
	for _, at := range h.Mounts {
		if err := collect(filepath.Join(at, group), seen); err != nil {
			return nil, err
		}
	}
	pids := make([]int, 0, len(seen))
	for pid := range seen {
		pids = append(pids, pid)
	}
	return pids, nil
}

func collect(dir string, into map[int]bool) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !d.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(path, "cgroup.procs"))
		if gone(err) {
			return nil
		}
		if err != nil {
			return err
		}
		for field := range strings.FieldsSeq(string(data)) {
			if pid, err := strconv.Atoi(field); err == nil && pid > 0 {
				into[pid] = true
			}
		}
		return nil
	})
}
