package shimclient

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/shimapi"
	"codeberg.org/reeve/reeve/agentd/shimdir"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/logkey"
	"codeberg.org/reeve/reeve/shared/procstate"
)

// defaultShimPatience bounds the answer to a signal: a shim waits for nobody to give it, but the host may be badly overloaded.
const defaultShimPatience = 10 * time.Second

// withoutShim does what can be done for a container whose shim is alive and does not answer, because it was stopped or hangs. It
// gets nothing more to run. SIGKILL is sent past it; then the container is lost: nobody can say how it ended.
func (c *Client) withoutShim(ctx context.Context, e *entry, signal int) error {
	c.mu.Lock()
	e.link.usable = false
	c.mu.Unlock()
	shim := c.explainShim(e.link.name)
	if signal != int(unix.SIGKILL) || c.rootless {
		return fault.New(fault.Unavailable, "signal container %s: its shim does not answer: %s", e.id, shim)
	}
	ctx, cancel := context.WithTimeout(ctx, defaultShimPatience)
	defer cancel()
	for {
		if err := c.cgroups.KillAll(c.cfg.group(e.id)); err != nil {
			return fmt.Errorf("kill container %s, whose shim does not answer: %w", e.id, err)
		}
		left, err := c.cgroups.PIDs(c.cfg.group(e.id))
		if err == nil && len(left) == 0 {
			break
		}
		if shimdir.Pause(ctx, 10*time.Millisecond) != nil {
			return fault.New(fault.Unavailable, "kill container %s, whose shim does not answer (%s): %d processes are left", e.id, shim, len(left))
		}
	}
	c.log.Warn("container killed past its shim, which does not answer; as long as it does not, its other containers cannot be ended "+
		"otherwise: see whether it was stopped, or end it, which ends them", logkey.Container(e.id), logkey.Source(e.link.name), logkey.Reason(shim))
	exit := lost(e.started.At, "killed; its shim does not answer, so that nobody knows how it ended")
	last := shimapi.Container{ID: e.id, PID: e.started.PID, Started: e.started.At, Exit: exit}
	if err := shimapi.WriteExit(c.cfg.record(e.id), last); err != nil {
		c.log.Error("exit not recorded", logkey.Container(e.id), logkey.Err(err))
	}
	c.finish(e.id, *exit)
	return nil
}

func (c *Client) explainShim(name string) string {
	p, err := procstate.Read(shimdir.PID(filepath.Join(c.cfg.shims(), name)))
	if err != nil {
		return err.Error()
	}
	return "process " + p.String()
}

// Explain implements runtime.Explainer.
func (c *Client) Explain(ctx context.Context, id ids.Container) string {
	e, err := c.find(ctx, id)
	switch {
	case err != nil:
		return err.Error()
	case e.link == nil:
		return procstate.Explain(e.started.PID)
	}
	return procstate.Explain(e.started.PID) + "; its shim is " + c.explainShim(e.link.name)
}

var _ runtime.Explainer = (*Client)(nil)
