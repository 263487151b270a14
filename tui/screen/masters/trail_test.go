package masters

import (
	"slices"
	"testing"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/store"
)

// TestTrail counts what was written between two samples, and begins anew with another leader.
func TestTrail(t *testing.T) {
	var tr trail
	at := func(term, index, seq, behind uint64) {
		for range sampleEvery {
			tr.sample(&store.Snapshot{
				Cluster: &reeveapi.Cluster{Term: term, Masters: []reeveapi.Master{{State: reeveapi.MasterLeading, Index: index}, {State: reeveapi.MasterStandby, Index: index - behind, Behind: &behind}}},
				Events:  []reeveapi.Event{{Seq: seq}},
			})
		}
	}
	at(1, 100, 10, 0)
	at(1, 150, 15, 3)
	at(2, 155, 1, 0)
	for name, got := range map[string][2][]float64{
		"writes": {tr.writes, {0, 10, 1}}, "events": {tr.events, {0, 1, 0}}, "lag": {tr.lag, {0, 3, 0}}, "offers": {tr.offers, {0, 0, 0}},
	} {
		if !slices.Equal(got[0], got[1]) {
			t.Errorf("%s: %v, want %v", name, got[0], got[1])
		}
	}
	for range 2 * keptSamples {
		at(2, 155, 1, 0)
	}
	if len(tr.writes) != keptSamples {
		t.Errorf("%d samples are kept", len(tr.writes))
	}
	if got := squeeze([]float64{1, 3, 5, 7, 9}, 3); !slices.Equal(got, []float64{2, 6, 9}) {
		t.Errorf("squeezed to %v", got)
	}
}
