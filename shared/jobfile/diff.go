package jobfile

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// Diff lists the keys in which two specs differ, in order.
func Diff(from, to reeveapi.JobSpec) []reeveapi.SpecChange {
	var changes []reeveapi.SpecChange
	compare("", keysOf(from), keysOf(to), &changes)
	return changes
}

// keysOf is a spec as JSON has it.
func keysOf(spec reeveapi.JobSpec) map[string]any {
	var keys map[string]any
	data, err := json.Marshal(spec)
	if err == nil {
		err = json.Unmarshal(data, &keys)
	}
	if err != nil { // NaN is the only value that has no JSON, and Check refuses it
		return map[string]any{"": err.Error()}
	}
	return keys
}

func compare(prefix string, from, to map[string]any, changes *[]reeveapi.SpecChange) {
	keys := slices.Collect(maps.Keys(from))
	for key := range to {
		if _, both := from[key]; !both {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		a, b := from[key], to[key]
		if reflect.DeepEqual(a, b) {
			continue
		}
		x, isMap := a.(map[string]any)
		y, areMaps := b.(map[string]any)
		if isMap && areMaps {
			compare(prefix+key+".", x, y, changes)
			continue
		}
		*changes = append(*changes, reeveapi.SpecChange{Key: prefix + key, From: written(a), To: written(b)})
	}
}

func written(v any) string {
	if v == nil {
		return ""
	}
	data, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(data)
}
