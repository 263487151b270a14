package explain

import (
	"fmt"
	"strings"

	"codeberg.org/reeve/reeve/masterd/allocator"
	"codeberg.org/reeve/reeve/masterd/placement"
	"codeberg.org/reeve/reeve/shared/resources"
)

// Quotas says which quotas keep ask from somebody, "" if none does.
func Quotas(barriers []allocator.Barrier, ask resources.Vector) string {
	parts := make([]string, 0, len(barriers))
	for _, b := range barriers {
		most, asked := placement.Amount(b.Resource, b.Most), placement.Bare(b.Resource, ask[b.Resource])
		taken := placement.Bare(b.Resource, min(b.Taken, b.Most))
		if b.Limit != "" {
			parts = append(parts, fmt.Sprintf("the quota of role %s allows %s, %s are taken, %s more asked", b.Limit, most, taken, asked))
		} else {
			parts = append(parts, fmt.Sprintf("of %s free in the cluster %s are kept for what other roles are guaranteed, %s asked", most, taken, asked))
		}
	}
	return strings.Join(parts, "; ")
}
