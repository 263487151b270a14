//go:build linux && cgo

package main

import (
	"fmt"
	"os"
	"strconv"
)

// processes lists a container's processes: those of its cgroup, or without one those of its pid namespace. A process that is
// not ours to look at is in no container of ours.
func (c *container) processes() ([]int, error) {
	if c.group != "" {
		return c.inner.Processes()
	}
	namespace, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", c.pid))
	if err != nil {
		return nil, err // it has ended
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var pids []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if of, err := os.Readlink("/proc/" + e.Name() + "/ns/pid"); err == nil && of == namespace {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}
