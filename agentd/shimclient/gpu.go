package shimclient

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"codeberg.org/reeve/reeve/agentd/containerspec"
	"codeberg.org/reeve/reeve/agentd/hostguard"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/shimapi"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
)

// takeGPUs gives a container that is to be launched the GPUs that it asks for.
func (c *Client) takeGPUs(spec runtime.Spec, host *containerspec.Host) ([]string, error) {
	paths, err := c.gpus.Take(spec.ID, spec.GPUs)
	if err != nil {
		return nil, err
	}
	found, err := hostguard.Devices(c.gpus.Devices(paths))
	host.Devices = append(host.Devices, found...)
	return paths, err
}

// Equip implements runtime.Runtime. It may not be called twice at once for one container.
func (c *Client) Equip(ctx context.Context, id ids.Container, gpus int) error {
	e, err := c.find(ctx, id)
	if err != nil || e.hasEnded() {
		return err
	}
	held := c.gpus.Held(id)
	switch {
	case len(held) == gpus:
		return nil
	case c.rootless && len(held) < gpus:
		return fault.New(fault.Unsupported, "an agent that is not root can give GPUs only to containers that it starts; let the executor's first tasks ask for all of them")
	case c.rootless:
		return nil // what it was started with is its for good
	case len(held) > gpus:
		return c.takeBack(ctx, e, held, len(held)-gpus)
	}
	return c.giveMore(ctx, e, held, gpus)
}

// GPUs implements runtime.Runtime.
func (c *Client) GPUs() []runtime.GPU { return c.gpus.All() }

// giveMore notes GPUs before the container has them: whatever happens in between, nobody else gets them.
func (c *Client) giveMore(ctx context.Context, e *entry, held []string, gpus int) error {
	paths, err := c.gpus.Take(e.id, gpus)
	if err != nil {
		return err
	}
	if err = c.cfg.records().SetGPUs(e.id, paths); err == nil {
		err = c.changeDevices(ctx, e, held, paths)
	}
	if err == nil {
		return nil
	}
	undo := errors.Join(c.changeDevices(ctx, e, paths, held), c.cfg.records().SetGPUs(e.id, held))
	if undo != nil {
		return errors.Join(err, undo) // they stay the container's until it ends
	}
	c.gpus.Give(e.id, slices.DeleteFunc(paths, func(path string) bool { return slices.Contains(held, path) }))
	return err
}

func (c *Client) takeBack(ctx context.Context, e *entry, held []string, n int) error {
	pids, err := c.cgroups.PIDs(c.cfg.group(e.id))
	if err != nil {
		return err
	}
	back := hostguard.Surplus(held, pids, n)
	left := slices.DeleteFunc(slices.Clone(held), func(path string) bool { return slices.Contains(back, path) })
	if err := c.changeDevices(ctx, e, held, left); err != nil {
		return err
	}
	if err := c.cfg.records().SetGPUs(e.id, left); err != nil {
		return err
	}
	c.gpus.Give(e.id, back)
	return nil
}

// changeDevices has a container that has some GPUs have others.
func (c *Client) changeDevices(ctx context.Context, e *entry, from, to []string) error {
	before, after := c.gpus.Devices(from), c.gpus.Devices(to)
	give, err := devices(after, before)
	if err != nil {
		return err
	}
	take, err := devices(before, after)
	if err != nil {
		return err
	}
	_, err = e.link.call(ctx, shimapi.Request{Op: shimapi.OpDevices, Container: e.id, Devices: &shimapi.Devices{Give: give, Take: take}})
	if errors.Is(err, errGone) {
		return nil // the shim died: what it ran is being killed
	}
	if fault.KindOf(err) == fault.Unsupported {
		return fault.New(fault.Unsupported, "the container was started by an older agentd-shim, which cannot change its GPUs; end it and start it anew")
	}
	return err
}

// devices looks those up that are in one list and not in another.
func devices(list, without []runtime.Device) ([]shimapi.Device, error) {
	found, err := hostguard.Devices(slices.DeleteFunc(slices.Clone(list), func(d runtime.Device) bool { return slices.Contains(without, d) }))
	if err != nil {
		return nil, fmt.Errorf("look for the devices of GPUs: %w", err)
	}
	var out []shimapi.Device
	for _, d := range found {
		out = append(out, shimapi.Device{Node: d.Node(), Access: d.Access})
	}
	return out, nil
}
