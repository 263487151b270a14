package masters

import (
	"context"
	"sync"
	"time"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/cli/output"
)

// askPatience is how long a list waits for a master that does not say what it measures.
const askPatience = 2 * time.Second

// snapshots asks all masters that are there at once how old the newest snapshot of each is; by address. One that does not
// answer is left out: the list says of it what the others know.
func snapshots(ctx context.Context, c *client.Client, masters []reeveapi.Master) map[string]string {
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	ages := make([]string, len(masters))
	var wg sync.WaitGroup
	for i, m := range masters {
		if !m.There() {
			continue
		}
		wg.Go(func() {
			now := time.Now()
			f, err := c.MasterFigures(ctx, m.HTTP, now) // no samples
			switch {
			case err != nil:
			case f.Snapshot == nil:
				ages[i] = "none yet"
			default:
				ages[i] = output.Age(f.At, f.Snapshot.At)
			}
		})
	}
	wg.Wait()
	out := make(map[string]string, len(masters))
	for i, m := range masters {
		out[m.HTTP] = ages[i]
	}
	return out
}
