package fake

import (
	"context"
	"fmt"
	"strings"

	"codeberg.org/reeve/reeve/shared/fault"
)

// stamp is how a daemon writes a time.
const stamp = "2006-01-02T15:04:05.000Z"

// ReadDaemonLog reads what a daemon might have written of what happened to it: of a master everything, of an agent what
// happened there.
func (c *Cluster) ReadDaemonLog(_ context.Context, peer, _ string, offset int64, length int) ([]byte, int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut != nil {
		return nil, 0, c.cut
	}
	agent, known := "", false
	for _, m := range c.cluster.Masters {
		known = known || m.HTTP == peer
	}
	for _, a := range c.agents {
		if a.val.HTTP == peer {
			agent, known = a.val.Name, true
		}
	}
	if !known {
		return nil, 0, fault.New(fault.Unavailable, "ask agent %s: connection refused", peer)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "time=%s level=INFO msg=started api=%s\n", c.cluster.Elected.UTC().Format(stamp), peer)
	for _, e := range c.events {
		if agent == "" || e.Agent == agent || e.Subject == agent {
			fmt.Fprintf(&b, "time=%s level=INFO msg=%q subject=%s\n", e.At.UTC().Format(stamp), strings.ToLower(e.Kind), e.Subject)
		}
	}
	size := int64(b.Len())
	if offset < 0 || offset >= size {
		return nil, size, nil
	}
	return []byte(b.String()[offset:min(offset+int64(length), size)]), size, nil
}
