package offering

import (
	"fmt"
	"strings"

	"codeberg.org/reeve/reeve/masterd/ledger"
	"codeberg.org/reeve/reeve/masterd/message"
	"codeberg.org/reeve/reeve/masterd/validate"
	"codeberg.org/reeve/reeve/masterd/view"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/operation"
	"codeberg.org/reeve/reeve/shared/resources"
)

// acceptance is one ACCEPT while it is carried out.
type acceptance struct {
	f        *ledger.Framework
	a        *ledger.Agent
	role     string
	pool     resources.Resources // of the offers, not used yet
	fresh    resources.Resources // the part of pool that operations have made
	launched bool
	run      []*agentlink.RunTasks
}

// Accept uses up offers: its operations are carried out in order, and what they leave is declined.
func (d *Desk) Accept(f *ledger.Framework, call *scheduler.Call_Accept) {
	offers, wrong := d.acceptedOffers(f, call.GetOfferIds())
	if wrong != "" {
		d.acceptInvalid(f, call, offers, wrong)
		return
	}
	if len(call.GetOperations()) == 0 {
		d.Decline(f, call.GetOfferIds(), call.GetFilters())
		return
	}
	on := &acceptance{f: f, a: d.Book.Agents[offers[0].Agent], role: offers[0].Role}
	for _, o := range offers {
		on.pool = on.pool.Plus(o.Resources)
		d.Book.TakeOffer(o)
	}
	for _, op := range call.GetOperations() {
		d.operation(on, op)
	}
	d.flush(on)
	d.giveBack(on, call.GetFilters())
}

// flush tells the agent of the launches so far: what is converted after them must not overtake them.
func (d *Desk) flush(on *acceptance) {
	for _, run := range on.run {
		d.Turn.ToAgent(on.a.Conn, message.RunTasks(run))
	}
	on.run = nil
}

// giveBack declines what is left. What operations have made is offered again at once (spec 3.4).
func (d *Desk) giveBack(on *acceptance, filters *mesosv1.Filters) {
	made := on.fresh.Minus(on.fresh.Minus(on.pool)) // and not used
	if rest := on.pool.Minus(made); !rest.Empty() {
		d.Book.Alloc.Recover(on.f.ID, on.a.ID, rest, d.filter(filters, on.launched))
	}
	if !made.Empty() {
		d.Book.Alloc.Recover(on.f.ID, on.a.ID, made, nil)
	}
}

// acceptedOffers returns the offers of an ACCEPT, or those of them that are there, and what is wrong with the list. A list
// without any is nobody's offer.
func (d *Desk) acceptedOffers(f *ledger.Framework, list []*mesosv1.OfferID) ([]*view.Offer, string) {
	var offers []*view.Offer
	wrong := ""
	seen := map[ids.Offer]bool{}
	for _, one := range list {
		id := ids.Offer(one.GetValue())
		o := d.Book.Offers[id]
		switch {
		case seen[id]:
			wrong = fmt.Sprintf("Duplicate offer %s in offer list", id)
			continue
		case o == nil:
			wrong = fmt.Sprintf("Offer %s is no longer valid", id)
		case o.Framework != f.ID:
			wrong = fmt.Sprintf("Offer %s belongs to another framework", id)
			o = nil
		case len(offers) > 0 && o.Agent != offers[0].Agent:
			wrong = fmt.Sprintf("Offers %s and %s are of different agents", offers[0].ID, id)
		case len(offers) > 0 && o.Role != offers[0].Role:
			wrong = fmt.Sprintf("Offers %s and %s are for different roles", offers[0].ID, id)
		}
		seen[id] = true
		if o != nil {
			offers = append(offers, o)
		}
	}
	if len(list) == 0 {
		wrong = "No offers specified"
	}
	return offers, wrong
}

// acceptInvalid answers an ACCEPT whose offers are wrong: those that exist are used up all the same.
func (d *Desk) acceptInvalid(f *ledger.Framework, call *scheduler.Call_Accept, offers []*view.Offer, wrong string) {
	for _, o := range offers {
		d.Book.ReturnOffer(o, nil)
	}
	for _, op := range call.GetOperations() {
		switch op.GetType() {
		case mesosv1.Offer_Operation_LAUNCH, mesosv1.Offer_Operation_LAUNCH_GROUP:
			d.Turn.Count("messages_launch_tasks")
			for _, task := range tasksOf(op) {
				d.Tasks.Refuse(f, task, f.Aware(mesosv1.TaskState_TASK_DROPPED), mesosv1.TaskStatus_REASON_INVALID_OFFERS,
					"Task launched with invalid offers: "+wrong)
			}
		default:
			d.Operations.Refuse(f, op, "Operation attempted with invalid offers: "+wrong)
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
func (d *Desk) operation(on *acceptance, op *mesosv1.Offer_Operation) {
	switch op.GetType() {
	case mesosv1.Offer_Operation_LAUNCH:
		d.Turn.Count("messages_launch_tasks")
		for _, task := range op.GetLaunch().GetTaskInfos() {
			d.launch(on, op, task)
		}
	case mesosv1.Offer_Operation_LAUNCH_GROUP:
		d.Turn.Count("messages_launch_tasks")
		d.launchGroup(on, op)
	default:
		d.convert(on, op)
	}
}

// convert carries out an operation that converts resources, or answers why not.
func (d *Desk) convert(on *acceptance, op *mesosv1.Offer_Operation) {
	f, a := on.f, on.a
	op = operation.Complete(op, on.role)
	done, err := validate.Operation(op, validate.OperationContext{
		Principal: f.Info.GetPrincipal(), Role: on.role, Roles: f.Roles, Shared: f.Caps.Shared, Total: a.Total,
		Used:  func(volumes resources.Resources) bool { return d.Book.VolumesUsed(a, volumes) },
		Known: func(id string) bool { return d.Book.OperationOf(f.ID, id) != nil },
	})
	if err != nil {
		d.Operations.Refuse(f, op, sentence(err))
		return
	}
	pool, ok := done.Apply(on.pool)
	if !ok {
		d.Operations.Refuse(f, op, fmt.Sprintf("Invalid %s: the offers do not contain %s", op.GetType(), done.Consumed))
		return
	}
	d.flush(on)
	d.takeBackShared(a, done.Consumed)
	pool = d.dropCopies(on, pool, done.Consumed.Shared())
	on.pool, on.fresh = pool, on.fresh.Minus(done.Consumed).Plus(done.Converted)
	d.Operations.Apply(f, a, op, done)
}

// launch starts one task, or answers why not.
func (d *Desk) launch(on *acceptance, op *mesosv1.Offer_Operation, info *mesosv1.TaskInfo) {
	f, a := on.f, on.a
	info = validate.CompleteTask(info, f.ID, on.role)
	context := on.context(op, info.GetExecutor().GetExecutorId())
	needs, err := validate.Task(info, context)
	if err != nil {
		d.Tasks.Refuse(f, info, mesosv1.TaskState_TASK_ERROR, mesosv1.TaskStatus_REASON_TASK_INVALID, sentence(err))
		return
	}
	on.take(needs.Task.Plus(needs.Executor))
	on.launched = true
	if info.Executor != nil && context.Running == nil {
		d.Book.AddExecutor(f, a, info.GetExecutor(), needs.Executor)
	}
	on.send(d.enter(on, info, needs.Task), info, context.Running != nil)
}

// sentence writes what is wrong with a task as Mesos does: frameworks show it to people, and some look for its words.
func sentence(err error) string {
	text := err.Error()
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// launchGroup starts all tasks of a group, or answers for each why not (spec 3.4).
func (d *Desk) launchGroup(on *acceptance, op *mesosv1.Offer_Operation) {
	f, a := on.f, on.a
	executor := validate.CompleteExecutor(op.GetLaunchGroup().GetExecutor(), f.ID, on.role)
	context := on.context(op, executor.GetExecutorId())
	var tasks []*mesosv1.TaskInfo
	for _, info := range tasksOf(op) {
		info = validate.CompleteTask(info, f.ID, on.role)
		if info.Executor == nil {
			info.Executor = executor
		}
		tasks = append(tasks, info)
	}
	needs, err := validate.Group(tasks, executor, context)
	if err != nil {
		for _, info := range tasks {
			d.Tasks.Refuse(f, info, mesosv1.TaskState_TASK_ERROR, mesosv1.TaskStatus_REASON_TASK_GROUP_INVALID, sentence(err))
		}
		return
	}
	on.launched = true
	if context.Running == nil {
		d.Book.AddExecutor(f, a, executor, needs.Executor)
		on.take(needs.Executor)
	}
	for i, info := range tasks {
		on.take(needs.Tasks[i])
		d.enter(on, info, needs.Tasks[i])
	}
	on.run = append(on.run, &agentlink.RunTasks{
		Framework: f.Info, Executor: executor, Tasks: tasks, Group: true, ExecutorRuns: context.Running != nil,
	})
}

// take uses something up. What is shared stays for the next task.
func (on *acceptance) take(needs resources.Resources) { on.pool = on.pool.Minus(needs.Nonshared()) }

// context is what tasks of an operation are judged against.
func (on *acceptance) context(op *mesosv1.Offer_Operation, id *mesosv1.ExecutorID) validate.TaskContext {
	context := validate.TaskContext{
		OperationID: op.GetId().GetValue(), Agent: on.a.ID, Role: on.role, Available: on.pool,
		Known: func(id string) bool { return on.f.Tasks[id] != nil || on.f.LostIDs[id] },
	}
	if executor := on.a.Executors[on.f.ID][ids.Executor(id.GetValue())]; executor != nil {
		context.Running = executor.Info
	}
	return context
}

// enter writes a task that is launched into the books.
func (d *Desk) enter(on *acceptance, info *mesosv1.TaskInfo, uses resources.Resources) *view.Task {
	t := &view.Task{
		ID: ids.Task{Framework: on.f.ID, ID: info.GetTaskId().GetValue()}, Agent: on.a.ID,
		Executor: ids.Executor(info.GetExecutor().GetExecutorId().GetValue()), Info: info, Role: on.role,
		State: mesosv1.TaskState_TASK_STAGING, Latest: mesosv1.TaskState_TASK_STAGING,
		Resources: uses, User: userOf(info, on.f.Info), Launched: d.Turn.Now,
	}
	d.Book.AddTask(on.f, on.a, t)
	d.Turn.ToOperators(message.TaskAdded(t.Proto()))
	d.Turn.Happened(d.Book.AboutTask(t, ""))
	return t
}

// send adds a task to what the agent is told. Neighbours that run in the same way go in one message.
func (on *acceptance) send(t *view.Task, info *mesosv1.TaskInfo, executorRuns bool) {
	if n := len(on.run); n > 0 {
		last := on.run[n-1]
		if !last.GetGroup() && last.GetExecutor().GetExecutorId().GetValue() == string(t.Executor) {
			last.Tasks = append(last.Tasks, info)
			return
		}
	}
	on.run = append(on.run, &agentlink.RunTasks{
		Framework: on.f.Info, Executor: info.GetExecutor(), Tasks: []*mesosv1.TaskInfo{info}, ExecutorRuns: executorRuns,
	})
}

// userOf is who a task runs as: its command's user, its executor's, or the framework'd.
func userOf(info *mesosv1.TaskInfo, fw *mesosv1.FrameworkInfo) string {
	if user := info.GetCommand().GetUser(); user != "" {
		return user
	}
	if user := info.GetExecutor().GetCommand().GetUser(); user != "" {
		return user
	}
	return fw.GetUser()
}
