//go:build linux && cgo

package main

import (
	"fmt"
	"sync"

	"github.com/opencontainers/cgroups"
	"github.com/opencontainers/cgroups/manager"

	"codeberg.org/reeve/reeve/agentd/shimapi"
)

// pods makes the cgroups of pods and sets what bounds their containers together. It keeps none: agentd removes them.
type pods struct {
	mu sync.Mutex // held while one is set: containers of a pod are launched at once
}

// set makes a pod's group, if it is not there, and changes its limits.
func (p *pods) set(pod *shimapi.Pod) error {
	wanted, err := convertLimits(pod.Resources)
	if err != nil {
		return err
	}
	wanted.SkipDevices, wanted.MemoryCheckBeforeUpdate = true, true // each container has rules for devices of its own
	p.mu.Lock()
	defer p.mu.Unlock()
	group, err := manager.New(&cgroups.Cgroup{Path: pod.Group, Resources: wanted})
	if err != nil {
		return fmt.Errorf("find the pod's cgroup: %w", err)
	}
	const nobody = -1
	if err := group.Apply(nobody); err != nil {
		return fmt.Errorf("make the pod's cgroup: %w", err)
	}
	if err := group.Set(wanted); err != nil {
		return fmt.Errorf("set the limits of the pod: %w", err)
	}
	return nil
}
