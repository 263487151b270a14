package agentlink

import (
	"testing"

	"codeberg.org/reeve/reeve/masterd/cluster"
)

// The machine asks for heartbeats, the edge misses them: the two must agree, or a moment's delay closes links.
func TestThreeHeartbeatsFitIntoTheSilence(t *testing.T) {
	if asked := cluster.DefaultConfig().AgentHeartbeat; silence <= 3*asked {
		t.Errorf("a link is closed after %s of silence, and a heartbeat is asked for every %s: three have to fit", silence, asked)
	}
}
