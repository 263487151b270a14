package submit

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

func TestSize(t *testing.T) {
	for text, want := range map[string]float64{"64": 64, "64M": 64, "2G": 2048, "2GiB": 2048, "2 g": -1, "1.5g": 1536, "1T": 1 << 20, "512K": 0.5, "0": 0, "": -1, "x": -1, "-1": -1, "NaN": -1, "Inf": -1} {
		got, err := size(text)
		if err != nil {
			got = -1
		}
		if got != want {
			t.Errorf("size(%q) = %g (%v), want %g", text, got, err, want)
		}
	}
}

func TestEnvironment(t *testing.T) {
	got, err := environment(`A=1  B="two words" C='it"s' D= E=x=y`)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"A": "1", "B": "two words", "C": `it"s`, "D": "", "E": "x=y"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for text, want := range map[string]string{"A": `"A" is not KEY=value`, "=1": `"=1" is not KEY=value`, "A='x": "a ' is not closed"} {
		if _, err := environment(text); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

func FuzzCut(f *testing.F) {
	f.Add(`A=1 B="x y" 'z`)
	f.Fuzz(func(t *testing.T, text string) {
		if words, err := cut(text); err == nil && len(words) > len(text) {
			t.Errorf("%d words in %q", len(words), text)
		}
	})
}

// TestWhatTheFormDoesNotShowStays: changing a job by the form loses nothing that the form has no field for.
func TestWhatTheFormDoesNotShowStays(t *testing.T) {
	base := reeveapi.JobSpec{
		Name: "j", Command: "x", Resources: reeveapi.Amounts{CPUs: 1, GPUs: 2}, Secrets: []reeveapi.JobSecret{{Name: "db", Env: "DB"}},
		Container: &reeveapi.JobContainer{Network: "none"},
	}
	got := merged(base, reeveapi.JobSpec{Name: "j", Command: "y", Resources: reeveapi.Amounts{CPUs: 3}})
	if got.Command != "y" || got.Resources.CPUs != 3 || got.Resources.GPUs != 2 || len(got.Secrets) != 1 || got.Container == nil {
		t.Errorf("got %+v", got)
	}
}
