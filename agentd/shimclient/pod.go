package shimclient

import (
	"context"
	"errors"

	"codeberg.org/reeve/reeve/agentd/containerspec"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/shimapi"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
)

// A pod is a container that was never launched and that others are nested in: a cgroup that bounds them together. It is made
// by the launch of the first, and removed by Delete.

// podOf is what a shim is told of the pod that a container is launched in, nil without one or without cgroups.
func (c *Client) podOf(spec runtime.Spec) *shimapi.Pod {
	parent, _ := spec.ID.Split()
	if parent == "" || spec.Pod == nil || c.rootless {
		return nil
	}
	return c.podLimits(parent, *spec.Pod)
}

func (c *Client) podLimits(id ids.Container, limits runtime.Limits) *shimapi.Pod {
	return &shimapi.Pod{
		Group: c.cfg.pod(id), Resources: containerspec.Resources(limits, containerspec.Host{SwapLimit: c.cgroups.SwapLimit()}),
	}
}

// anyMember returns a container of the pod that a shim has, nil if there is none.
func (c *Client) anyMember(pod ids.Container) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, e := range c.containers {
		if parent, _ := id.Split(); parent != pod || e.hasEnded() {
			continue
		}
		select {
		case <-e.decided:
			if e.err == nil {
				return e
			}
		default: // its launch sets the limits
		}
	}
	return nil
}

func (c *Client) resizePod(ctx context.Context, id ids.Container, limits runtime.Limits, member *entry) error {
	if c.rootless {
		return nil
	}
	_, err := member.link.call(ctx, shimapi.Request{Op: shimapi.OpResize, Pod: c.podLimits(id, limits)})
	if errors.Is(err, errGone) {
		return nil // the shim died: what it ran is being killed
	}
	if err == nil {
		c.weighs(c.cfg.pods(), id, limits)
	}
	return err
}

func (c *Client) podStats(id ids.Container) (runtime.Stats, error) {
	counters, err := c.cgroups.Open(c.cfg.pod(id))
	if err != nil {
		return runtime.Stats{}, fault.Wrap(fault.Conflict, err, "pod %s is ending", id)
	}
	stats, err := counters.Read()
	return stats, errors.Join(err, counters.Close())
}

// removePod removes the group of a pod whose containers have been deleted. One that is not there is no error.
func (c *Client) removePod(ctx context.Context, id ids.Container) error {
	if c.rootless {
		return nil
	}
	if err := c.endHolder(ctx, id); err != nil {
		return err
	}
	if err := c.cgroups.Kill(ctx, c.cfg.pod(id)); err != nil {
		return err
	}
	c.weighsNothing(c.cfg.pods(), id)
	return c.networks.Leave(ctx, id)
}

// podLeftovers adds the containers of which a group exists below that of a pod.
func (c *Client) podLeftovers(all map[ids.Container]bool) error {
	pods, err := c.cgroups.Groups(c.cfg.pods())
	if err != nil {
		return err
	}
	for _, pod := range pods {
		names, err := c.cgroups.Groups(c.cfg.pod(ids.Container(pod)))
		if err != nil {
			return err
		}
		for _, name := range names {
			all[ids.Container(pod).Nested(name)] = true
		}
	}
	return nil
}
