package fake

import (
	"context"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/screen"
)

// Inside is what all containers here have.
func (c *Cluster) Inside(_ context.Context, t reeveapi.Task) (screen.Inside, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut != nil {
		return screen.Inside{}, c.cut
	}
	return screen.Inside{Programs: []string{"/bin/bash", "/bin/sh"}, Self: "www-data", Users: []string{"root", "www-data"}}, nil
}
