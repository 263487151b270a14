package agentlink

import (
	"testing"
	"time"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/shared/clocktest"
)

// The machine asks for heartbeats, the edge misses them: the two must agree, or a moment's delay closes links.
func TestThreeHeartbeatsFitIntoTheSilence(t *testing.T) {
	if asked := cluster.DefaultConfig().AgentHeartbeat; silence <= 3*asked {
		t.Errorf("a link is closed after %s of silence, and a heartbeat is asked for every %s: three have to fit", silence, asked)
	}
}

// A clock that is set forward must not close every link at once, nor one that is set back keep those of dead agents open.
func TestSilenceWithAClockThatIsSet(t *testing.T) {
	began := time.Now()
	for _, by := range []time.Duration{time.Hour, -time.Hour} {
		st := &stream{began: began}
		st.hears(began.Add(time.Minute))
		if got := st.quiet(clocktest.Set(t, began.Add(time.Minute+5*time.Second), by)); got != 5*time.Second {
			t.Errorf("set by %v: silent for %v, want 5s", by, got)
		}
	}
}
