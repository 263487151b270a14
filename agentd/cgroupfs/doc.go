// Package cgroupfs works on control groups by their files: it finds the hierarchies of a host (v2, v1, or both at once),
// reads a group's counters cheaply, and kills and removes whole subtrees. It is the agent's and the shim's own, small way
// for what must work when the container's runtime is dead; it sets no limits and starts nothing. Start reading at Host.
package cgroupfs
