package jobs

import (
	"testing"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

func TestTasksAreNamedSoThatPeopleCanTellThemApart(t *testing.T) {
	for instances, want := range map[int]string{1: "web", 3: "web.2"} {
		if got := taskName(&reeveapi.JobSpec{Name: "web", Instances: instances}, min(2, instances-1)); got != want {
			t.Errorf("of %d instances: got %q, want %q", instances, got, want)
		}
	}
}
