package shimclient

import (
	"errors"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/logkey"
)

// Containers and pods lie in two groups side by side, which contend for the CPUs as what is in them would: each weighs as much
// as that together.

// weigh notes a container that was launched; one of a pod counts as the pod.
func (c *Client) weigh(spec runtime.Spec) {
	pod, _ := spec.ID.Split()
	switch {
	case pod == "":
		c.weighs(c.cfg.groups(), spec.ID, spec.Limits)
	case spec.Pod != nil:
		c.weighs(c.cfg.pods(), pod, *spec.Pod)
	}
}

// weighs notes what a container or pod asks for now. That it cannot be written is no reason to fail what was asked for.
func (c *Client) weighs(parent string, id ids.Container, limits runtime.Limits) {
	if c.rootless {
		return
	}
	if err := c.weights.Set(parent, string(id), limits.CPUs); err != nil {
		c.log.Warn("CPUs are not shared as they should be", logkey.Container(id), logkey.Err(err))
	}
}

// weighsNothing notes that a container or pod was deleted.
func (c *Client) weighsNothing(parent string, id ids.Container) {
	if err := c.weights.Forget(parent, string(id)); err != nil {
		c.log.Warn("CPUs are not shared as they should be", logkey.Container(id), logkey.Err(err))
	}
}

// recoverWeights takes up what there is.
func (c *Client) recoverWeights() {
	if c.rootless {
		return
	}
	if err := errors.Join(c.weights.Read(c.cfg.groups()), c.weights.Read(c.cfg.pods())); err != nil {
		c.log.Warn("CPUs are not shared as they should be", logkey.Err(err))
	}
}
