package action

import (
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/store"
)

// TestQuotaLeft asks what roles may still have: the tightest limit above them counts, and what is over a limit leaves nothing.
func TestQuotaLeft(t *testing.T) {
	st := store.New()
	st.Apply(&reeveapi.Watch{Snapshot: true, Roles: []reeveapi.Role{
		{Name: "web", Limit: reeveapi.Quantities{"cpus": 8, "mem": 4096}, Consumed: reeveapi.Amounts{CPUs: 6, Mem: 1024}},
		{Name: "web/api", Limit: reeveapi.Quantities{"cpus": 4}, Consumed: reeveapi.Amounts{CPUs: 1}},
		{Name: "web/api/v2", Limit: reeveapi.Quantities{"cpus": 1}, Consumed: reeveapi.Amounts{CPUs: 1.5}},
	}}, time.Time{})
	need := reeveapi.Amounts{CPUs: 0.5, Mem: 1024}
	for _, c := range []struct {
		role, text string
		room       int
	}{
		{"web", "quota left: 2.0 cpus, 3G memory", 3},
		{"web/api", "quota left: 2.0 cpus, 3G memory", 3},
		{"web/api/v2", "quota left: 0 cpus, 3G memory", 0},
		{"web/new", "quota left: 2.0 cpus, 3G memory", 3},
		{"webs", "", 9},
		{"*", "", 9},
	} {
		left := QuotaLeft(st.Snapshot(), c.role)
		if got := QuotaText(left); got != c.text {
			t.Errorf("%s: %q, want %q", c.role, got, c.text)
		}
		if got := QuotaRoom(left, need, 9); got != c.room {
			t.Errorf("%s: room for %d, want %d", c.role, got, c.room)
		}
	}
}
