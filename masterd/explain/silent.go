package explain

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"codeberg.org/reeve/reeve/masterd/allocator"
	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/masterd/placement"
	"codeberg.org/reeve/reeve/shared/resources"
)

// Silent says why the agents that made a job no offer did not: those that are counted, and those that are absent. heard is how
// many made one.
func Silent(job string, c allocator.Census, absentees []*cluster.Agent, ask resources.Vector, heard int) string {
	total := c.Enough + len(absentees)
	var parts []string
	say := func(n int, text string) { parts = append(parts, fmt.Sprintf("on %d: %s", n, text)) }
	for i, n := range c.Short {
		if total += n; n > 0 {
			say(n, fmt.Sprintf("at most %s left, %s asked", placement.Amount(i, c.Most[i]), placement.Bare(i, ask[i])))
		}
	}
	away := map[string]int{}
	for _, a := range absentees {
		away[absent(a).text]++
	}
	for _, text := range slices.Sorted(maps.Keys(away)) {
		say(away[text], text)
	}
	if c.Enough > 0 {
		say(c.Enough, fmt.Sprintf("enough is left, and is not offered; \"reeve explain %s\" says why", job))
	}
	switch {
	case total == 0 && heard == 0:
		return "there are no agents"
	case total == 0:
		return ""
	case total == 1:
		return "of 1 agent that made no offer, " + parts[0]
	}
	return fmt.Sprintf("of %d agents that made no offer, %s", total, strings.Join(parts, "; "))
}
