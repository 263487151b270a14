package masterlink

import (
	"slices"
	"testing"

	"codeberg.org/reeve/reeve/shared/agentlink"
)

// TestImagesAreToldWhenTheyChange: in the first two heartbeats, when they differ, and now and then.
func TestImagesAreToldWhenTheyChange(t *testing.T) {
	var told []string
	var in []int
	for n := range 2*tellAgainEvery + 1 {
		names := []string{"a"}
		if n >= 5 {
			names = []string{"a", "b"}
		}
		usage := &agentlink.HostUsage{Images: &agentlink.ImageNames{Names: names}}
		told = sparing(usage, told, n)
		if !slices.Equal(told, names) {
			t.Fatalf("heartbeat %d: told %v of %v", n, told, names)
		}
		if usage.GetImages() != nil {
			in = append(in, n)
		}
	}
	if want := []int{0, 1, 5, 12, 13, 24}; !slices.Equal(in, want) {
		t.Errorf("told in heartbeats %v, want %v", in, want)
	}
	if got := sparing(nil, told, 3); !slices.Equal(got, told) {
		t.Error("a heartbeat without measurements changes what was told")
	}
}
