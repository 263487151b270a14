package holdings

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"codeberg.org/reeve/reeve/agentd/launch"
	"codeberg.org/reeve/reeve/agentd/record"
	"codeberg.org/reeve/reeve/agentd/turn"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/operation"
	"codeberg.org/reeve/reeve/shared/resources"
)

// Given is what an agent is started with.
func Given(info *mesosv1.AgentInfo) resources.Resources {
	r, err := resources.FromProto(info.GetResources())
	if err != nil {
		return resources.Resources{} // the configuration has been checked
	}
	return r
}

// Check says why an agent that is started as info says can't take over what an earlier one saved, or nil.
func Check(info *mesosv1.AgentInfo, saved []*record.Entry) error {
	set := New(Given(info), 0, 0)
	for _, e := range slices.Backward(saved) {
		if last := e.GetHoldings(); last != nil {
			return set.Restore(last.GetResources())
		}
	}
	return nil
}

// Carry carries out an operation for the master: what came of it is saved before anybody hears of it. Besides the effects it
// returns what has to be sent now. id is a fresh one for the status.
func (s *Set) Carry(now time.Time, msg *agentlink.ApplyOperation, agent *mesosv1.AgentID, id uuid.UUID) (effects []turn.Effect, send []*mesosv1.Operation) {
	if s.Has(msg.GetUuid()) {
		return nil, nil // sent twice
	}
	status := &mesosv1.OperationStatus{
		OperationId: msg.GetInfo().GetId(), AgentId: agent, State: mesosv1.OperationState_OPERATION_FINISHED.Enum(),
	}
	done, err := s.Apply(msg.GetInfo())
	if err == nil {
		status.ConvertedResources = done.Converted.Proto()
		effects = append([]turn.Effect{turn.Save{Entry: record.NewHoldings(s.Changed().Proto()), Durable: true}}, moved(done)...)
	} else {
		status.State, status.Message = mesosv1.OperationState_OPERATION_FAILED.Enum(), new(err.Error())
	}
	effects = append(effects, turn.Happened{
		Noun: "operation", ID: msg.GetInfo().GetType().String(), To: status.GetState().String(), Reason: status.GetMessage(),
	})
	op := &mesosv1.Operation{
		FrameworkId: msg.GetFrameworkId(), AgentId: agent, Info: msg.GetInfo(), LatestStatus: status,
		Statuses: []*mesosv1.OperationStatus{status}, Uuid: &mesosv1.UUID{Value: msg.GetUuid()},
	}
	if msg.GetInfo().GetId() == nil || msg.GetFrameworkId() == nil { // nobody acknowledges it
		return effects, []*mesosv1.Operation{op}
	}
	status.Uuid = &mesosv1.UUID{Value: id[:]}
	return append(effects, turn.Save{Entry: record.NewOperation(op), Durable: true}), s.Add(now, op)
}

// moved makes and removes the directories of the volumes that a conversion makes and removes.
func moved(c operation.Conversion) (effects []turn.Effect) {
	before, after := paths(c.Consumed), paths(c.Converted)
	for _, path := range before {
		if !slices.Contains(after, path) {
			effects = append(effects, turn.RemoveVolume{Path: path})
		}
	}
	for _, path := range after {
		if !slices.Contains(before, path) {
			effects = append(effects, turn.MakeVolume{Path: path})
		}
	}
	return effects
}

func paths(r resources.Resources) []string {
	var list []string
	for _, volume := range r.PersistentVolumes().Proto() {
		list = append(list, operation.VolumePath(volume))
	}
	return list
}

// Lacking says which persistent volume of tasks or their executor the agent does not have, "" if it has all.
func (s *Set) Lacking(executor *mesosv1.ExecutorInfo, tasks ...*mesosv1.TaskInfo) string {
	list := slices.Clone(executor.GetResources())
	for _, task := range tasks {
		list = append(list, task.GetResources()...)
	}
	for _, volume := range operation.Volumes(list) {
		volume.AllocationInfo = nil
		r, err := resources.FromProto([]*mesosv1.Resource{volume})
		if err != nil || !s.total.Contains(r) {
			return fmt.Sprintf("the agent has no persistent volume %s", r)
		}
	}
	return ""
}

// Lent are the persistent volumes that a run uses, those of its pod included.
func Lent(run launch.Run) []turn.Volume {
	var list []turn.Volume
	for _, v := range append(launch.Volumes(run), launch.Volumes(launch.Run{Executor: run.Pod})...) {
		list = append(list, turn.Volume{Path: v.Path, Shared: v.Shared})
	}
	return list
}

// Replay applies a saved entry about what the agent has; others are of no interest.
func (s *Set) Replay(saved *record.Entry) {
	switch e := saved.GetEntry().(type) {
	case *record.Entry_Holdings:
		_ = s.Restore(e.Holdings.GetResources()) // of the last one Check has seen that it can be
	case *record.Entry_Operation:
		s.Add(time.Time{}, e.Operation.GetOperation())
	case *record.Entry_OperationAcknowledged:
		s.Acknowledge(e.OperationAcknowledged.GetUuid(), nil)
	}
}

// Remains removes what was destroyed and may still lie there: the agent may have ended before it got to that.
func (s *Set) Remains(saved []*record.Entry) (effects []turn.Effect) {
	there := paths(s.total)
	for _, e := range saved {
		for _, volume := range operation.Volumes(e.GetHoldings().GetResources()) {
			if path := operation.VolumePath(volume); !slices.Contains(there, path) {
				there = append(there, path) // once
				effects = append(effects, turn.RemoveVolume{Path: path})
			}
		}
	}
	return effects
}

// Snapshot lists what must survive of what the agent has.
func (s *Set) Snapshot() []*record.Entry {
	var entries []*record.Entry
	if changed := s.Changed(); !changed.Empty() {
		entries = append(entries, record.NewHoldings(changed.Proto()))
	}
	for _, op := range s.Pending() {
		entries = append(entries, record.NewOperation(op))
	}
	return entries
}
