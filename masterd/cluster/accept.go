package cluster

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/masterd/validate"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/resources"
)

// acceptance is one ACCEPT while it is carried out.
type acceptance struct {
	f        *framework
	a        *agent
	role     string
	pool     resources.Resources // of the offers, not used yet
	launched bool
	run      []*agentlink.RunTasks
}

func (s *State) accept(f *framework, call *scheduler.Call_Accept) {
	offers, err := s.acceptedOffers(f, call.GetOfferIds())
	if err != nil {
		s.acceptInvalid(f, call, offers, err)
		return
	}
	if len(call.GetOperations()) == 0 {
		s.decline(f, &scheduler.Call_Decline{OfferIds: call.GetOfferIds(), Filters: call.GetFilters()})
		return
	}
	on := &acceptance{f: f, a: s.agents[offers[0].Agent], role: offers[0].Role}
	for _, o := range offers {
		on.pool = on.pool.Plus(o.Resources)
		s.takeOffer(o)
	}
	for _, op := range call.GetOperations() {
		s.operation(on, op)
	}
	for _, run := range on.run {
		s.toAgent(on.a, &agentlink.FromMaster{Message: &agentlink.FromMaster_RunTasks{RunTasks: run}})
	}
	if !on.pool.Empty() {
		s.alloc.Recover(f.id, on.a.id, on.pool, s.filter(call.GetFilters(), on.launched))
	}
}

// acceptedOffers returns the offers of an ACCEPT, or those of them that are there, and what is wrong with the list. A list
// without any is nobody's offer.
func (s *State) acceptedOffers(f *framework, list []*mesosv1.OfferID) ([]*Offer, error) {
	var offers []*Offer
	var wrong error
	seen := map[ids.Offer]bool{}
	for _, one := range list {
		id := ids.Offer(one.GetValue())
		o := s.offers[id]
		switch {
		case seen[id]:
			wrong = fmt.Errorf("Duplicate offer %s in offer list", id)
			continue
		case o == nil:
			wrong = fmt.Errorf("Offer %s is no longer valid", id)
		case o.Framework != f.id:
			wrong = fmt.Errorf("Offer %s belongs to another framework", id)
			o = nil
		case len(offers) > 0 && o.Agent != offers[0].Agent:
			wrong = fmt.Errorf("Offers %s and %s are of different agents", offers[0].ID, id)
		case len(offers) > 0 && o.Role != offers[0].Role:
			wrong = fmt.Errorf("Offers %s and %s are for different roles", offers[0].ID, id)
		}
		seen[id] = true
		if o != nil {
			offers = append(offers, o)
		}
	}
	if len(list) == 0 {
		wrong = fmt.Errorf("No offers specified")
	}
	return offers, wrong
}

// acceptInvalid answers an ACCEPT whose offers are wrong: those that exist are used up all the same.
func (s *State) acceptInvalid(f *framework, call *scheduler.Call_Accept, offers []*Offer, err error) {
	for _, o := range offers {
		s.takeOffer(o)
		s.alloc.Recover(f.id, o.Agent, o.Resources, nil)
	}
	for _, op := range call.GetOperations() {
		switch op.GetType() {
		case mesosv1.Offer_Operation_LAUNCH, mesosv1.Offer_Operation_LAUNCH_GROUP:
			s.count("messages_launch_tasks")
			for _, task := range tasksOf(op) {
				s.refuseTask(f, task, f.aware(mesosv1.TaskState_TASK_DROPPED), mesosv1.TaskStatus_REASON_INVALID_OFFERS,
					"Task launched with invalid offers: "+err.Error())
			}
		default:
			s.refuseOperation(f, op, "Operation attempted with invalid offers: "+err.Error())
		}
	}
}

func tasksOf(op *mesosv1.Offer_Operation) []*mesosv1.TaskInfo {
	if op.GetType() == mesosv1.Offer_Operation_LAUNCH_GROUP {
		return op.GetLaunchGroup().GetTaskGroup().GetTasks()
	}
	return op.GetLaunch().GetTaskInfos()
}

// operation carries out one operation of an ACCEPT. Those that come later see what it left.
func (s *State) operation(on *acceptance, op *mesosv1.Offer_Operation) {
	switch op.GetType() {
	case mesosv1.Offer_Operation_LAUNCH:
		s.count("messages_launch_tasks")
		for _, task := range op.GetLaunch().GetTaskInfos() {
			s.launch(on, op, task)
		}
	case mesosv1.Offer_Operation_LAUNCH_GROUP:
		s.count("messages_launch_tasks")
		for _, task := range tasksOf(op) {
			s.refuseTask(on.f, task, mesosv1.TaskState_TASK_ERROR, mesosv1.TaskStatus_REASON_TASK_GROUP_INVALID,
				"This version of Reeve does not run task groups yet; launch the tasks one by one")
		}
	default:
		s.refuseOperation(on.f, op, fmt.Sprintf("This version of Reeve does not carry out %s yet", op.GetType()))
	}
}

// refuseTask answers a launch that does not happen. The task never exists.
func (s *State) refuseTask(f *framework, task *mesosv1.TaskInfo, state mesosv1.TaskState, reason mesosv1.TaskStatus_Reason, text string) {
	id := ids.Task{Framework: f.id, ID: task.GetTaskId().GetValue()}
	status := s.masterStatus(id, state, reason, text)
	status.AgentId = task.AgentId
	s.count(stateCounter(state))
	s.count(reasonCounter(status))
	s.happened(s.aboutTask(&Task{ID: id, Info: task, State: state, Agent: ids.Agent(task.GetAgentId().GetValue())}, text))
	s.sendUpdate(f, status)
}

// refuseOperation answers an operation that does not happen, if it has an id.
func (s *State) refuseOperation(f *framework, op *mesosv1.Offer_Operation, text string) {
	if op.Id == nil {
		return
	}
	s.operationStatus(f, &mesosv1.OperationStatus{
		OperationId: op.Id, State: mesosv1.OperationState_OPERATION_ERROR.Enum(), Message: proto.String(text),
	})
}

func (s *State) operationStatus(f *framework, status *mesosv1.OperationStatus) {
	s.toFramework(f, &scheduler.Event{
		Type:                  scheduler.Event_UPDATE_OPERATION_STATUS.Enum(),
		UpdateOperationStatus: &scheduler.Event_UpdateOperationStatus{Status: status},
	})
}

// launch starts one task, or answers why not.
func (s *State) launch(on *acceptance, op *mesosv1.Offer_Operation, info *mesosv1.TaskInfo) {
	f, a := on.f, on.a
	info = validate.CompleteTask(info, f.id, on.role)
	executor := a.executors[f.id][ids.Executor(info.GetExecutor().GetExecutorId().GetValue())]
	context := validate.TaskContext{
		OperationID: op.GetId().GetValue(), Agent: a.id, Role: on.role, Available: on.pool,
		Known: func(id string) bool { return f.tasks[id] != nil || f.lostIDs[id] },
	}
	if executor != nil {
		context.Running = executor.info
	}
	needs, err := validate.Task(info, context)
	if err != nil {
		s.refuseTask(f, info, mesosv1.TaskState_TASK_ERROR, mesosv1.TaskStatus_REASON_TASK_INVALID, err.Error())
		return
	}
	on.pool = on.pool.Minus(needs.Task).Minus(needs.Executor)
	on.launched = true
	if info.Executor != nil && executor == nil {
		s.addExecutor(f, a, info.GetExecutor(), needs.Executor)
	}
	t := &Task{
		ID: ids.Task{Framework: f.id, ID: info.GetTaskId().GetValue()}, Agent: a.id,
		Executor: ids.Executor(info.GetExecutor().GetExecutorId().GetValue()), Info: info, Role: on.role,
		State: mesosv1.TaskState_TASK_STAGING, Latest: mesosv1.TaskState_TASK_STAGING,
		Resources: needs.Task, User: userOf(info, f.info), Launched: s.now,
	}
	s.addTask(f, a, t)
	s.taskAdded(t)
	s.happened(s.aboutTask(t, ""))
	on.send(t, info)
}

// send adds a task to what the agent is told. Neighbours that run in the same way go in one message.
func (on *acceptance) send(t *Task, info *mesosv1.TaskInfo) {
	if n := len(on.run); n > 0 {
		last := on.run[n-1]
		if last.GetExecutor().GetExecutorId().GetValue() == string(t.Executor) {
			last.Tasks = append(last.Tasks, info)
			return
		}
	}
	on.run = append(on.run, &agentlink.RunTasks{
		Framework: on.f.info, Executor: info.GetExecutor(), Tasks: []*mesosv1.TaskInfo{info},
	})
}

// userOf is who a task runs as: its command's user, its executor's, or the framework's.
func userOf(info *mesosv1.TaskInfo, fw *mesosv1.FrameworkInfo) string {
	if user := info.GetCommand().GetUser(); user != "" {
		return user
	}
	if user := info.GetExecutor().GetCommand().GetUser(); user != "" {
		return user
	}
	return fw.GetUser()
}
