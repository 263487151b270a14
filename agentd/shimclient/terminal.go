package shimclient

import (
	"context"
	"errors"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/shimexec"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
)

// Terminal implements runtime.Terminaler: the shim gives a copy of the terminal's descriptor, which lives until it is closed.
func (c *Client) Terminal(ctx context.Context, id ids.Container) (runtime.Terminal, error) {
	e, err := c.find(ctx, id)
	if err != nil {
		return nil, err
	}
	if e.hasEnded() {
		return nil, fault.New(fault.Conflict, "attach to container %s: it has ended", id)
	}
	conn, err := c.dialExec(ctx, e)
	if err != nil {
		return nil, err
	}
	terminal, err := shimexec.Terminal(conn, id)
	if cerr := conn.Close(); cerr != nil && terminal != nil {
		return nil, errors.Join(cerr, terminal.Close())
	}
	return terminal, err
}
