package e2e

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// reserved is an amount that is reserved for the tenant.
func reserved(name string, amount float64) *mesosv1.Resource {
	return &mesosv1.Resource{
		Name: &name, Type: mesosv1.Value_SCALAR.Enum(), Scalar: &mesosv1.Value_Scalar{Value: &amount},
		Reservations: []*mesosv1.Resource_ReservationInfo{{
			Type: mesosv1.Resource_ReservationInfo_DYNAMIC.Enum(), Role: new(tenantRole), Principal: new("keeper"),
		}},
	}
}

// volumeAt is a persistent volume of the tenant's.
func volumeAt(id, path string, amount float64) *mesosv1.Resource {
	r := reserved("disk", amount)
	r.Disk = &mesosv1.Resource_DiskInfo{
		Persistence: &mesosv1.Resource_DiskInfo_Persistence{Id: &id, Principal: new("keeper")},
		Volume:      &mesosv1.Volume{ContainerPath: &path, Mode: mesosv1.Volume_RW.Enum()},
	}
	return r
}

// everything is what the agent has besides the volume.
const everything = "cpus:4;mem:2048;disk:4032"

func launchOn(agent *mesosv1.AgentID, id, shell string, with ...*mesosv1.Resource) *mesosv1.Offer_Operation {
	return &mesosv1.Offer_Operation{Type: mesosv1.Offer_Operation_LAUNCH.Enum(), Launch: &mesosv1.Offer_Operation_Launch{
		TaskInfos: []*mesosv1.TaskInfo{{
			Name: &id, TaskId: &mesosv1.TaskID{Value: &id}, AgentId: agent, Command: &mesosv1.CommandInfo{Value: &shell},
			Resources: append(with, reserved("cpus", 0.1), reserved("mem", 32)),
		}},
	}}
}

// TestAVolumeOutlivesItsTasksItsAgentdAndItsMaster: a framework reserves, makes a volume and writes to it in one call; then
// agentd and the leader are killed, and another task reads what was written; then the volume is destroyed, and its files
// are gone.
func TestAVolumeOutlivesItsTasksItsAgentdAndItsMaster(t *testing.T) {
	t.Parallel()
	needRoot(t)
	r := start(t, 3, 1)
	f := r.tenant()
	volume := volumeAt("data", "data", 64)
	f.accept(everything, func(agent *mesosv1.AgentID) []*mesosv1.Offer_Operation {
		return []*mesosv1.Offer_Operation{
			{Type: mesosv1.Offer_Operation_RESERVE.Enum(), Reserve: &mesosv1.Offer_Operation_Reserve{
				Resources: []*mesosv1.Resource{reserved("cpus", 1), reserved("mem", 128), reserved("disk", 128)},
			}},
			{
				Type: mesosv1.Offer_Operation_CREATE.Enum(), Id: &mesosv1.OperationID{Value: new("make")},
				Create: &mesosv1.Offer_Operation_Create{Volumes: []*mesosv1.Resource{volume}},
			},
			launchOn(agent, "writer", "echo kept > data/file", volume),
		}
	})
	f.ends("writer")
	dir := filepath.Join(r.Agents[0].Dir(), "volumes", "roles", tenantRole, "data")
	if text, err := os.ReadFile(filepath.Join(dir, "file")); err != nil || string(text) != "kept\n" {
		t.Fatalf("the volume's file has %q, %v", text, err)
	}

	f.killAgentAndLeader()
	delete(f.done, "make") // it was not acknowledged, so that it is told again
	f.until("the operation's status again", func() bool { return f.done["make"].GetUuid() != nil })
	if got := f.done["make"].GetState(); got != mesosv1.OperationState_OPERATION_FINISHED {
		t.Errorf("CREATE is %s: %s", got, f.done["make"].GetMessage())
	}
	f.know(f.done["make"])

	f.accept(everything, func(agent *mesosv1.AgentID) []*mesosv1.Offer_Operation {
		return []*mesosv1.Offer_Operation{launchOn(agent, "reader", `test "$(cat data/file)" = kept`, volume)}
	})
	f.ends("reader")
	f.accept(everything, func(*mesosv1.AgentID) []*mesosv1.Offer_Operation {
		return []*mesosv1.Offer_Operation{
			{
				Type: mesosv1.Offer_Operation_DESTROY.Enum(), Id: &mesosv1.OperationID{Value: new("unmake")},
				Destroy: &mesosv1.Offer_Operation_Destroy{Volumes: []*mesosv1.Resource{volume}},
			},
			{
				Type: mesosv1.Offer_Operation_UNRESERVE.Enum(), Id: &mesosv1.OperationID{Value: new("free")},
				Unreserve: &mesosv1.Offer_Operation_Unreserve{
					Resources: []*mesosv1.Resource{reserved("cpus", 1), reserved("mem", 128), reserved("disk", 128)},
				},
			},
		}
	})
	f.until("the end of both operations", func() bool { return f.done["unmake"].GetUuid() != nil && f.done["free"].GetUuid() != nil })
	for _, id := range []string{"unmake", "free"} {
		if got := f.done[id].GetState(); got != mesosv1.OperationState_OPERATION_FINISHED {
			t.Errorf("%s is %s: %s", id, got, f.done[id].GetMessage())
		}
		f.know(f.done[id])
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := r.Poll(ctx, func(context.Context) (bool, string) {
		_, err := os.Stat(dir)
		return errors.Is(err, fs.ErrNotExist), "the end of the volume's files"
	})
	if err != nil {
		t.Error(err)
	}
}

// killAgentAndLeader ends both as a power cut does, starts the agent again, and comes back as the framework.
func (f *tenant) killAgentAndLeader() {
	t, r := f.r.t, f.r
	t.Helper()
	state, err := r.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Agents[0].Kill(); err != nil {
		t.Fatal(err)
	}
	for _, m := range r.Masters {
		if m.Name == state.Leader {
			if err := m.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := r.Agents[0].Start(ctx); err != nil {
		t.Fatal(err)
	}
	if err := r.WaitReady(ctx, 1); err != nil {
		t.Fatal(err)
	}
	f.subscribe()
}
