package shimclient

import (
	"context"
	"errors"
	"io/fs"

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
		stats.Net, err = e.traffic()
	}
	if err != nil {
		return runtime.Stats{}, fault.Wrap(fault.Conflict, err, "container %s is ending", id)
	}
	return stats, nil
}

// traffic is nil for a container on the host's network. The caller holds mu.
func (e *entry) traffic() (*runtime.Net, error) {
	if e.onHost == nil {
		ours, err := network.IsOurs(e.started.PID)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil // it is ending
		}
		if err != nil {
			return nil, err
		}
		e.onHost = &ours
	}
	if *e.onHost {
		return nil, nil
	}
	return network.Traffic(e.started.PID)
}

func (e *entry) forgetCounters() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.counters != nil {
		e.counters.Forget()
	}
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
