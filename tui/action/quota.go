package action

import (
	"fmt"
	"strings"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
)

// QuotaLeft is what a role may still have of each resource that a quota limits, its own or that of a role above it, whichever
// leaves less. Nil if nothing is limited.
func QuotaLeft(s *store.Snapshot, role string) reeveapi.Quantities {
	var left reeveapi.Quantities
	for name := role; name != ""; name = name[:max(strings.LastIndexByte(name, '/'), 0)] {
		r := s.Roles.Get(name)
		if r == nil {
			continue
		}
		for of, limit := range r.Limit {
			rest := max(limit-r.Consumed.Of(of), 0)
			if was, known := left[of]; known && was <= rest {
				continue
			}
			if left == nil {
				left = reeveapi.Quantities{}
			}
			left[of] = rest
		}
	}
	return left
}

// QuotaRoom is how often need fits into what a quota leaves, at most limit.
func QuotaRoom(left reeveapi.Quantities, need reeveapi.Amounts, limit int) int {
	for name, rest := range left {
		if of := need.Of(name); of > 0 {
			limit = min(limit, int((rest+dust)/of))
		}
	}
	return limit
}

// QuotaText says what a quota leaves, "" if nothing is limited.
func QuotaText(left reeveapi.Quantities) string {
	var parts []string
	for _, of := range []struct {
		name, unit string
		write      func(float64) string
	}{{"cpus", " cpus", gauge.CPUs}, {"mem", " memory", gauge.MB}, {"disk", " disk", gauge.MB}, {"gpus", " gpus", gauge.CPUs}} {
		if rest, limited := left[of.name]; limited {
			parts = append(parts, of.write(rest)+of.unit)
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return fmt.Sprintf("quota left: %s", strings.Join(parts, ", "))
}
