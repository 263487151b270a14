package roles

import (
	"fmt"
	"maps"
	"strings"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// Settings is all that operators have said of roles. Holders treat it as immutable.
type Settings struct {
	Weights map[string]float64 // by role; one that is missing weighs 1
	Quotas  map[string]Quota   // by role; one that is missing is guaranteed nothing and has no limit
}

// Weight is the weight of a role among its siblings.
func (s Settings) Weight(role string) float64 {
	if w, ok := s.Weights[role]; ok {
		return w
	}
	return 1
}

// WithWeights returns the settings with these weights besides the others.
func (s Settings) WithWeights(weights map[string]float64) Settings {
	s.Weights = merged(s.Weights, weights)
	return s
}

// WithQuotas returns the settings with these quotas besides the others. A quota that says nothing is none.
func (s Settings) WithQuotas(quotas map[string]Quota) Settings {
	s.Quotas = merged(s.Quotas, quotas)
	maps.DeleteFunc(s.Quotas, func(_ string, q Quota) bool { return q.Empty() })
	return s
}

func merged[V any](old, change map[string]V) map[string]V {
	all := make(map[string]V, len(old)+len(change))
	maps.Copy(all, old)
	maps.Copy(all, change)
	return all
}

// Below says whether a role is another one or lies under it in the tree.
func Below(role, top string) bool {
	return role == top || len(role) > len(top) && role[len(top)] == '/' && strings.HasPrefix(role, top)
}

// Weights reads the list of UPDATE_WEIGHTS. check is the rule for names of roles. The errors are Mesos's.
func Weights(list []*mesosv1.WeightInfo, check func(role string) error) (map[string]float64, error) {
	weights := make(map[string]float64, len(list))
	for _, one := range list {
		role, weight := strings.TrimSpace(one.GetRole()), one.GetWeight()
		if err := check(role); err != nil {
			return nil, fault.New(fault.Invalid, "Failed to validate update weights request JSON: Invalid role '%s': %v", role, err)
		}
		if !(weight > 0) || weight > maxWeight {
			rule := "Weights must be positive"
			if weight > 0 {
				rule = fmt.Sprintf("the largest is %v", float64(maxWeight))
			}
			return nil, fault.New(fault.Invalid,
				"Failed to validate update weights request JSON for role '%s': Invalid weight '%v': %s", role, weight, rule)
		}
		weights[role] = weight
	}
	return weights, nil
}

// maxWeight keeps weighted shares apart from zero.
const maxWeight = 1e9
