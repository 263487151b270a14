package conformance

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// recorded reads what a real Mesos answered while a task of mesos-execute ran.
func recorded(t *testing.T, name string) any {
	t.Helper()
	for _, dir := range []string{"testdata", "../../masterd/reading/testdata/running", "../../agentd/httpapi/testdata/running"} {
		data, err := os.ReadFile(filepath.Join(dir, name+".json"))
		if err != nil {
			continue
		}
		var v any
		if err := json.Unmarshal(data, &v); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return v
	}
	t.Fatalf("there is no recorded %s", name)
	return nil
}

// lacks lists where got has not the shape of want: every member that Mesos wrote is there, with a value of the same type.
// The first item of a list has to have its like. What comes and goes with the case is left out by its path.
func lacks(path string, want, got any, but []string) []string {
	if slices.Contains(but, path) {
		return nil
	}
	switch want := want.(type) {
	case map[string]any:
		have, ok := got.(map[string]any)
		if !ok {
			return []string{fmt.Sprintf("%s is %v, want an object", path, got)}
		}
		var missing []string
		for name, value := range want {
			below := path + "." + name
			if _, there := have[name]; !there {
				if !slices.Contains(but, below) {
					missing = append(missing, below+" is missing")
				}
				continue
			}
			missing = append(missing, lacks(below, value, have[name], but)...)
		}
		return missing
	case []any:
		have, ok := got.([]any)
		switch {
		case !ok:
			return []string{fmt.Sprintf("%s is %v, want a list", path, got)}
		case len(want) == 0:
			return nil
		case len(have) == 0:
			return []string{path + " is empty"}
		}
		best := lacks(path+"[]", want[0], have[0], but)
		for _, one := range have[1:] {
			if missing := lacks(path+"[]", want[0], one, but); len(missing) < len(best) {
				best = missing
			}
		}
		return best
	default:
		if fmt.Sprintf("%T", want) != fmt.Sprintf("%T", got) {
			return []string{fmt.Sprintf("%s is %v (%T), want a %T", path, got, got, want)}
		}
		return nil
	}
}
