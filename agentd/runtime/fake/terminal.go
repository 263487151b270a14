package fake

import (
	"context"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
)

// Terminal implements runtime.Terminaler: containers here have none.
func (r *Runtime) Terminal(_ context.Context, id ids.Container) (runtime.Terminal, error) {
	if _, err := r.find(id); err != nil {
		return nil, err
	}
	return nil, fault.New(fault.Unsupported, "container %s has no terminal", id)
}
