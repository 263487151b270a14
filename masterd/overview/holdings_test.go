package overview

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/resources"
)

func TestAgentShowsWhatIsSetAside(t *testing.T) {
	start := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	volume, err := resources.FromProto([]*mesosv1.Resource{{
		Name: new("disk"), Type: mesosv1.Value_SCALAR.Enum(), Scalar: &mesosv1.Value_Scalar{Value: new(64.0)},
		Reservations: []*mesosv1.Resource_ReservationInfo{{Type: mesosv1.Resource_ReservationInfo_DYNAMIC.Enum(), Role: new("web")}},
		Disk: &mesosv1.Resource_DiskInfo{
			Persistence: &mesosv1.Resource_DiskInfo_Persistence{Id: new("data")},
			Volume:      &mesosv1.Volume{ContainerPath: new("var/data"), Mode: mesosv1.Volume_RW.Enum()},
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	a := &cluster.Agent{
		Info: &mesosv1.AgentInfo{Hostname: new("h")}, Total: resources.MustParse("cpus:4;cpus(web):2").Plus(volume),
		Unavailable: &mesosv1.Unavailability{
			Start: &mesosv1.TimeInfo{Nanoseconds: new(start.UnixNano())}, Duration: &mesosv1.DurationInfo{Nanoseconds: new(time.Hour.Nanoseconds())},
		},
	}
	var got reeveapi.Agent
	keeps(&got, a)
	end := start.Add(time.Hour)
	want := reeveapi.Agent{
		Reserved:    map[string]reeveapi.Amounts{"web": {CPUs: 2, Disk: 64}},
		Volumes:     []reeveapi.Volume{{ID: "data", Role: "web", Disk: 64, Path: "var/data"}},
		Maintenance: &reeveapi.Unavailability{Start: start, End: &end},
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
}

// TestADrainIsCountedWhereItsTasksAreKnown says how many tasks there were when it began only together with how many are left:
// a master that has just begun to lead knows of none on an agent that has not come back to it.
func TestADrainIsCountedWhereItsTasksAreKnown(t *testing.T) {
	for state, want := range map[cluster.AgentState]int{
		cluster.AgentActive: 12, cluster.AgentDisconnected: 12, cluster.AgentRecovered: 0, cluster.AgentUnreachable: 0,
	} {
		a := &cluster.Agent{Info: &mesosv1.AgentInfo{}, State: state, Drain: &cluster.Drain{Begun: 12}, Tasks: 3}
		got := Agent(a, 3, func(ids.Agent) (*agentlink.HostUsage, time.Time, bool) { return nil, time.Time{}, false })
		if got.Drain.Begun != want {
			t.Errorf("in state %v it is said to have begun with %d tasks, want %d", state, got.Drain.Begun, want)
		}
	}
}
