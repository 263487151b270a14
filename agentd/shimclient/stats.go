package shimclient

import (
	"context"

	"codeberg.org/reeve/reeve/agentd/network"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
)

// Stats implements runtime.Runtime.
func (c *Client) Stats(ctx context.Context, id ids.Container) (runtime.Stats, error) {
	e, err := c.find(ctx, id)
	if fault.KindOf(err) == fault.NotFound && !c.rootless && c.anyMember(id) != nil {
		return c.podStats(id)
	}
	if err != nil {
		return runtime.Stats{}, err
	}
	if c.rootless {
		return runtime.Stats{}, fault.New(fault.Unsupported, "no statistics of containers: the agent is not root")
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.hasEnded() {
		return runtime.Stats{}, fault.New(fault.Conflict, "read statistics of container %s: it has ended", id)
	}
	if e.counters == nil {
		if e.counters, err = c.cgroups.Open(c.cfg.group(id)); err != nil {
			return runtime.Stats{}, fault.Wrap(fault.Conflict, err, "container %s is ending", id)
		}
	}
	stats, err := e.counters.Read()
	if err == nil {
		stats.Net, err = network.Traffic(e.started.PID)
	}
	if err != nil {
		return runtime.Stats{}, fault.Wrap(fault.Conflict, err, "container %s is ending", id)
	}
	return stats, nil
}

func (e *entry) closeCounters() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.counters == nil {
		return nil
	}
	err := e.counters.Close()
	e.counters = nil
	return err
}
