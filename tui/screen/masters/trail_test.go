package masters

import (
	"errors"
	"slices"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// TestTrail keeps what was answered, asks only for what is new, and forgets a master that was started anew.
func TestTrail(t *testing.T) {
	began := time.Unix(1000, 0)
	tr := trail{of: map[string]*known{"a": {asking: true}}}
	answer := func(started time.Time, entries ...float64) {
		f := &reeveapi.MasterFigures{Started: started}
		for _, n := range entries {
			f.Samples = append(f.Samples, reeveapi.MasterSample{Entries: n})
		}
		tr.take(answered{"a", f, nil})
	}
	got := func() []float64 {
		var all []float64
		for _, s := range tr.of["a"].figures.Samples {
			all = append(all, lines[0].of(s))
		}
		return all
	}
	answer(began, 1, 2)
	answer(began, 3)
	tr.take(answered{"a", nil, errors.New("away")})
	if want := []float64{1, 2, 3}; !slices.Equal(got(), want) || tr.of["a"].asking || tr.of["a"].err == nil {
		t.Errorf("kept %v (%v), want %v", got(), tr.of["a"].err, want)
	}
	for range keptSamples {
		answer(began, 4, 5)
	}
	if all := got(); len(all) != keptSamples || all[0] != 4 || tr.of["a"].err != nil {
		t.Errorf("%d samples are kept", len(all))
	}
	answer(began.Add(time.Second), 6)
	if want := []float64{6}; !slices.Equal(got(), want) {
		t.Errorf("kept %v of another process, want %v", got(), want)
	}
	if got := squeeze([]float64{1, 3, 5, 7, 9}, 3); !slices.Equal(got, []float64{2, 6, 9}) {
		t.Errorf("squeezed to %v", got)
	}
	for seconds, want := range map[float64]string{0: "-", 0.0041: "4.1 ms", 0.038: "38 ms", 1.26: "1.3 s"} {
		if got := duration(seconds); got != want {
			t.Errorf("%v s is %q, want %q", seconds, got, want)
		}
	}
}
