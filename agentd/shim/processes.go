//go:build linux && cgo

package main

import "codeberg.org/reeve/reeve/shared/procstate"

// processes lists a container's processes: those of its cgroup, or without one those of its pid namespace. A process that is
// not ours to look at is in no container of ours.
func (c *container) processes() ([]int, error) {
	if c.group != "" {
		return c.inner.Processes()
	}
	return procstate.Sharing(c.pid)
}
