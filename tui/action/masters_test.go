package action

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// TestStepDown asks for the leader's name, and offers those that can lead: on the leader's row any of them.
func TestStepDown(t *testing.T) {
	masters := []reeveapi.Master{
		{ID: "1", Name: "m1", State: reeveapi.MasterStandby, Voter: true},
		{ID: "2", Name: "m2", State: reeveapi.MasterLeading, Voter: true},
		{ID: "3", Name: "m3", State: reeveapi.MasterStandby, Voter: true},
		{ID: "4", Name: "m4", State: reeveapi.MasterFailed, Voter: true},
		{ID: "5", Name: "m5", State: reeveapi.MasterStandby},
	}
	for to, want := range map[string]string{"": "step down to ", "2": "step down to ", "3": "step down to 3"} {
		act, err := StepDown(masters, to)
		if err != nil {
			t.Fatal(err)
		}
		if act.Word != "m2" || len(act.Choices[0].Options) != 3 {
			t.Errorf("to %q: %+v", to, act)
		}
		d := &doer{}
		act.Run(t.Context(), d)
		act.With([]int{1}).Run(t.Context(), d)
		if diff := cmp.Diff([]string{want, "step down to 1"}, d.asked); diff != "" {
			t.Errorf("to %q (-want +got):\n%s", to, diff)
		}
	}
	for why, refused := range map[string]struct {
		masters []reeveapi.Master
		to      string
	}{
		"m4 does not stand by":     {masters, "4"},
		"m5 does not stand by":     {masters, "5"},
		"m2 is the only master":    {masters[1:2], ""},
		"no master leads now":      {masters[2:], ""},
		"m2 is the only master th": {append(masters[1:2:2], masters[3:]...), ""},
	} {
		if _, err := StepDown(refused.masters, refused.to); err == nil || !strings.HasPrefix(err.Error(), why) {
			t.Errorf("%s: %v", why, err)
		}
	}
}
