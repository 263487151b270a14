//go:build linux && cgo

package main

import (
	"fmt"

	"github.com/opencontainers/cgroups"
	"github.com/opencontainers/runc/libcontainer/specconv"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"codeberg.org/reeve/reeve/shared/fault"
)

// The kernel's values for a container that asks for nothing.
const (
	defaultShares = 1024
	unlimited     = -1
)

// memoryLimit is 0 without a limit.
func memoryLimit(r *specs.LinuxResources) int64 {
	if r == nil || r.Memory == nil || r.Memory.Limit == nil {
		return 0
	}
	return *r.Memory.Limit
}

func (c *container) memoryLimit() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.limit
}

// resize changes CPU and processes first, and then memory, which may be refused alone. libcontainer writes memory and swap
// in the order that the kernel wants, and puts back what was there if it wants neither.
func (c *container) resize(to *specs.LinuxResources) error {
	wanted, err := convertLimits(to)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := *c.inner.Config().Cgroups.Resources
	now.CpuShares, now.CpuWeight, now.PidsLimit = wanted.CpuShares, wanted.CpuWeight, wanted.PidsLimit
	if wanted.CpuQuota != 0 || now.CpuQuota > 0 {
		now.CpuPeriod, now.CpuQuota = wanted.CpuPeriod, wanted.CpuQuota
		if now.CpuQuota == 0 {
			now.CpuQuota = unlimited
		}
	}
	if err := c.set(now); err != nil {
		return fmt.Errorf("change its share of the CPUs: %w", err)
	}
	now.Memory, now.MemorySwap = wanted.Memory, wanted.MemorySwap
	if err := c.set(now); err != nil {
		return fault.Wrap(fault.Conflict, err, "memory limit stays at %d MB", c.limit>>20)
	}
	c.limit = memoryLimit(to)
	return nil
}

// set writes resources to the container's groups. Devices stay as they are: writing them again would cut open descriptors
// off for a moment. A limit of memory below what is in use is refused; without that flag v2 would kill.
func (c *container) set(r cgroups.Resources) error {
	r.SkipDevices, r.MemoryCheckBeforeUpdate = true, true
	config := c.inner.Config()
	groups := *config.Cgroups
	groups.Resources = &r
	config.Cgroups = &groups
	err := c.inner.Set(config)
	r.SkipDevices = false // libcontainer keeps it, and starts nothing beside a command whose devices it is to leave alone
	return ended(err)
}

// convertLimits turns the limits of a spec into libcontainer's, with those that are absent as no limit.
func convertLimits(r *specs.LinuxResources) (*cgroups.Resources, error) {
	group, err := specconv.CreateCgroupConfig(&specconv.CreateOpts{Spec: &specs.Spec{Linux: &specs.Linux{Resources: r}}}, nil)
	if err != nil {
		return nil, err
	}
	out := group.Resources
	if out.CpuShares == 0 {
		out.CpuShares = defaultShares
	}
	proportional(out)
	if out.Memory == 0 {
		out.Memory, out.MemorySwap = unlimited, 0 // libcontainer lifts that of swap, too, where there is one
	}
	return out, nil
}
