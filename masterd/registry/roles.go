package registry

import (
	"maps"
	"slices"

	"codeberg.org/reeve/reeve/masterd/roles"
)

// Weights and quotas as they are written, in the log and in snapshots: sorted lists.
type (
	weightRecord struct {
		Role   string  `json:"role"`
		Weight float64 `json:"weight"`
	}
	quotaRecord struct {
		Role      string        `json:"role"`
		Guarantee roles.Amounts `json:"guarantee_milli,omitempty"`
		Limit     roles.Amounts `json:"limit_milli,omitempty"`
	}
)

func weightRecords(weights map[string]float64) []weightRecord {
	list := make([]weightRecord, 0, len(weights))
	for _, role := range slices.Sorted(maps.Keys(weights)) {
		list = append(list, weightRecord{role, weights[role]})
	}
	return list
}

func weightsOf(list []weightRecord) map[string]float64 {
	if len(list) == 0 {
		return nil
	}
	weights := make(map[string]float64, len(list))
	for _, r := range list {
		weights[r.Role] = r.Weight
	}
	return weights
}

func quotaRecords(quotas map[string]roles.Quota) []quotaRecord {
	list := make([]quotaRecord, 0, len(quotas))
	for _, role := range slices.Sorted(maps.Keys(quotas)) {
		list = append(list, quotaRecord{role, quotas[role].Guarantee, quotas[role].Limit})
	}
	return list
}

func quotasOf(list []quotaRecord) map[string]roles.Quota {
	if len(list) == 0 {
		return nil
	}
	quotas := make(map[string]roles.Quota, len(list))
	for _, r := range list {
		quotas[r.Role] = roles.Quota{Guarantee: r.Guarantee, Limit: r.Limit}
	}
	return quotas
}
