package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// TestMembersAreProbed: of each other member a master knows how long it takes to answer, and of itself how well it keeps up.
func TestMembersAreProbed(t *testing.T) {
	t.Parallel()
	r := start(t, 1, 1)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	began := time.Now()
	err := r.Poll(ctx, func(context.Context) (bool, string) {
		var all []reeveapi.Member
		if err := json.Unmarshal([]byte(r.must("members", "-o", "json")), &all); err != nil {
			t.Fatal(err)
		}
		good := 0
		for _, m := range all {
			switch m.Kind {
			case reeveapi.KindAgent:
				if m.RTTMillis > 0 && m.RTTMillis < 60_000 && time.Since(m.Answered) < time.Since(began)+patience && m.Health == nil {
					good++
				}
			case reeveapi.KindMaster:
				if m.RTTMillis == 0 && m.Answered.IsZero() && m.Health != nil && *m.Health >= 0 && *m.Health <= 7 {
					good++
				}
			}
		}
		return good == 2, fmt.Sprintf("a master that is asked and an agent that answers it, not %+v", all)
	})
	if err != nil {
		t.Fatal(err)
	}
}
