package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/taskstate"
)

// TestASharedVolumeIsInTwoTasksAtOnce: each of two tasks waits for what the other writes; then a custom executor has the
// volume, too, through its task.
func TestASharedVolumeIsInTwoTasksAtOnce(t *testing.T) {
	t.Parallel()
	needRoot(t)
	r := start(t, 1, 1)
	f := r.tenant()
	volume := volumeAt("common", "data", 64)
	volume.Shared = &mesosv1.Resource_SharedInfo{}
	f.accept(everything, func(agent *mesosv1.AgentID) []*mesosv1.Offer_Operation {
		return []*mesosv1.Offer_Operation{
			{Type: mesosv1.Offer_Operation_RESERVE.Enum(), Reserve: &mesosv1.Offer_Operation_Reserve{
				Resources: []*mesosv1.Resource{reserved("cpus", 1), reserved("mem", 128), reserved("disk", 128)},
			}},
			{Type: mesosv1.Offer_Operation_CREATE.Enum(), Create: &mesosv1.Offer_Operation_Create{Volumes: []*mesosv1.Resource{volume}}},
			launchOn(agent, "one", "touch data/one; until [ -e data/two ]; do sleep 0.1; done; touch data/both", volume),
			launchOn(agent, "two", "touch data/two; until [ -e data/both ]; do sleep 0.1; done; rm data/one data/two", volume),
		}
	})
	f.ends("one")
	f.ends("two")
	dir := filepath.Join(r.Agents[0].Dir(), "volumes", "roles", tenantRole, "common")
	if names, err := os.ReadDir(dir); err != nil || len(names) != 1 || names[0].Name() != "both" {
		t.Errorf("the volume has %v, %v, want what both of them made of it", names, err)
	}
	f.accept(everything, func(agent *mesosv1.AgentID) []*mesosv1.Offer_Operation {
		op := launchOn(agent, "third", "", volume)
		task := op.GetLaunch().GetTaskInfos()[0]
		task.Executor = &mesosv1.ExecutorInfo{
			ExecutorId: &mesosv1.ExecutorID{Value: new("custom")}, FrameworkId: f.info.GetId(), Type: mesosv1.ExecutorInfo_CUSTOM.Enum(),
			Command:   &mesosv1.CommandInfo{Value: new("mv data/both data/third")}, // and it ends, without having subscribed
			Resources: []*mesosv1.Resource{reserved("cpus", 0.1), reserved("mem", 32)},
		}
		task.Command = nil
		return []*mesosv1.Offer_Operation{op}
	})
	f.until("end of the third task", func() bool { return taskstate.Terminal(f.states["third"]) })
	if names, err := os.ReadDir(dir); err != nil || len(names) != 1 || names[0].Name() != "third" {
		t.Errorf("the volume has %v, %v, want what the executor made of it; its task is %s: %s", names, err, f.states["third"], f.words["third"])
	}
}
