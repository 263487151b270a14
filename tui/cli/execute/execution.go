package execute

import (
	"context"
	"fmt"
	"io"
	"time"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/resources"
	"codeberg.org/reeve/reeve/shared/run"
	"codeberg.org/reeve/reeve/shared/taskstate"
)

// subscribePause is how often SUBSCRIBE is sent while nobody answers it.
const subscribePause = time.Second

// execution is the framework. One goroutine runs it; another only waits for events.
type execution struct {
	plan           *plan
	client         *client.Client
	stdout, stderr io.Writer

	framework *mesosv1.FrameworkID
	launched  bool
	ended     map[string]bool // tasks with a terminal update
	kills     map[string]kill // by task, from TASK_RUNNING on
	told      string          // the last complaint, so that it is not repeated every second
}

// kill is a KILL that is due.
type kill struct {
	at    time.Time
	agent *mesosv1.AgentID
}

func newExecution(p *plan, c *client.Client, stdout, stderr io.Writer) *execution {
	return &execution{
		plan: p, client: c, stdout: stdout, stderr: stderr, ended: map[string]bool{}, kills: map[string]kill{},
	}
}

// run subscribes, again and again if it must, until every task has ended.
func (e *execution) run(ctx context.Context) error {
	for !e.done() {
		err := e.session(ctx)
		switch {
		case err == nil:
			continue
		case ctx.Err() != nil:
			return ctx.Err()
		case fault.KindOf(err) != fault.Unavailable:
			return err
		}
		if text := err.Error(); text != e.told {
			e.told = text
			fmt.Fprintf(e.stderr, "Waiting for a master: %s\n", text)
		}
		if err := pause(ctx, subscribePause); err != nil {
			return err
		}
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (e *execution) done() bool { return len(e.ended) == len(e.plan.tasks()) }

// session is one subscription.
func (e *execution) session(ctx context.Context) error {
	info := proto.CloneOf(e.plan.framework)
	info.Id = e.framework
	stream, err := e.client.Subscribe(ctx, &scheduler.Call{
		Type: scheduler.Call_SUBSCRIBE.Enum(), FrameworkId: e.framework, Subscribe: &scheduler.Call_Subscribe{FrameworkInfo: info},
	}, e.plan.form)
	if err != nil {
		return refused(err)
	}
	events := make(chan *scheduler.Event)
	readers := run.NewGroup(ctx)
	readers.Go("receive events", func(ctx context.Context) error {
		for {
			event, err := stream.Recv()
			if err != nil {
				return err
			}
			select {
			case events <- event:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	})
	err = e.handleAll(ctx, stream, events, readers.Done())
	readers.Stop()
	stream.Close()
	if lost := readers.Wait(); err == nil {
		err = lost
	}
	return err
}

// refused turns an answer to SUBSCRIBE that is no stream into what Mesos's library makes of it: an ERROR event.
func refused(err error) error {
	if fault.KindOf(err) == fault.Unavailable {
		return err
	}
	return &Error{Text: "Received an ERROR event: " + err.Error()}
}

// handleAll returns when every task has ended, the stream has, or something went wrong.
func (e *execution) handleAll(ctx context.Context, stream *client.SchedulerStream, events <-chan *scheduler.Event, lost <-chan struct{}) error {
	for !e.done() {
		due := e.nextKill()
		select {
		case event := <-events:
			if err := e.handle(ctx, stream, event); err != nil {
				return err
			}
		case <-due.C:
			if err := e.killDue(ctx, stream); err != nil {
				return err
			}
		case <-lost:
			return nil
		}
		due.Stop()
	}
	return nil
}

// nextKill returns a timer for the next KILL, one that is far away if there is none.
func (e *execution) nextKill() *time.Timer {
	wait := time.Hour
	for _, k := range e.kills {
		wait = min(wait, max(0, time.Until(k.at)))
	}
	return time.NewTimer(wait)
}

func (e *execution) killDue(ctx context.Context, stream *client.SchedulerStream) error {
	for task, k := range e.kills {
		if time.Until(k.at) > 0 {
			continue
		}
		if err := stream.Send(ctx, &scheduler.Call{
			Type: scheduler.Call_KILL.Enum(),
			Kill: &scheduler.Call_Kill{TaskId: &mesosv1.TaskID{Value: &task}, AgentId: k.agent},
		}); err != nil {
			return err
		}
		delete(e.kills, task)
		fmt.Fprintf(e.stdout, "Asked to kill task '%s' on agent '%s'\n", task, k.agent.GetValue())
	}
	return nil
}

func (e *execution) handle(ctx context.Context, stream *client.SchedulerStream, event *scheduler.Event) error {
	switch event.GetType() {
	case scheduler.Event_SUBSCRIBED:
		e.framework = event.GetSubscribed().GetFrameworkId()
		e.told = ""
		fmt.Fprintf(e.stdout, "Subscribed with ID %s\n", e.framework.GetValue())
	case scheduler.Event_OFFERS:
		return e.offers(ctx, stream, event.GetOffers().GetOffers())
	case scheduler.Event_UPDATE:
		return e.update(ctx, stream, event.GetUpdate().GetStatus())
	case scheduler.Event_ERROR:
		return &Error{Text: "Received an ERROR event: " + event.GetError().GetMessage()}
	default: // rescinds, failures, messages and heartbeats change nothing for one task
	}
	return nil
}

// offers launches on the first offer that is enough. Any other is declined, and offers are suppressed from then on: as in
// Mesos, a request that the first offer can't satisfy waits for ever.
func (e *execution) offers(ctx context.Context, stream *client.SchedulerStream, offers []*mesosv1.Offer) error {
	for _, offer := range offers {
		tasks, enough, err := e.place(offer)
		if err != nil {
			return err
		}
		if enough && !e.launched {
			if err := stream.Send(ctx, e.accept(offer, tasks)); err != nil {
				return err
			}
			e.launched = true
			e.printSubmitted(offer.GetAgentId())
			continue
		}
		if err := stream.Send(ctx, &scheduler.Call{
			Type: scheduler.Call_DECLINE.Enum(), Decline: &scheduler.Call_Decline{OfferIds: []*mesosv1.OfferID{offer.GetId()}},
		}); err != nil {
			return err
		}
		if err := stream.Send(ctx, &scheduler.Call{Type: scheduler.Call_SUPPRESS.Enum()}); err != nil {
			return err
		}
	}
	return nil
}

// place takes the tasks' resources out of an offer, and reports whether it has enough.
func (e *execution) place(offer *mesosv1.Offer) (tasks []*mesosv1.TaskInfo, enough bool, err error) {
	offered, err := resources.FromProto(offer.GetResources())
	if err != nil {
		return nil, false, fmt.Errorf("offer %s: %w", offer.GetId().GetValue(), err)
	}
	offered = offered.Unallocate() // the master knows the role; Mesos's tool doesn't say it either
	if !offered.ToUnreserved().Contains(e.plan.wanted) {
		return nil, false, nil
	}
	for _, planned := range e.plan.tasks() {
		task := proto.CloneOf(planned)
		wanted, err := resources.FromProto(task.GetResources())
		if err != nil {
			return nil, false, fmt.Errorf("task %s: %w", task.GetName(), err)
		}
		picked, ok := offered.Pick(wanted.ToUnreserved().Unallocate(), e.plan.role)
		if !ok {
			return nil, false, nil // what is there is reserved for somebody else
		}
		offered = offered.Minus(picked)
		task.AgentId, task.Resources = offer.GetAgentId(), picked.Proto()
		tasks = append(tasks, task)
	}
	return tasks, true, nil
}

func (e *execution) accept(offer *mesosv1.Offer, tasks []*mesosv1.TaskInfo) *scheduler.Call {
	return &scheduler.Call{
		Type: scheduler.Call_ACCEPT.Enum(),
		Accept: &scheduler.Call_Accept{
			OfferIds: []*mesosv1.OfferID{offer.GetId()}, Operations: []*mesosv1.Offer_Operation{e.launch(tasks)},
		},
	}
}

func (e *execution) launch(tasks []*mesosv1.TaskInfo) *mesosv1.Offer_Operation {
	if e.plan.group == nil {
		return &mesosv1.Offer_Operation{
			Type: mesosv1.Offer_Operation_LAUNCH.Enum(), Launch: &mesosv1.Offer_Operation_Launch{TaskInfos: tasks},
		}
	}
	executor := &mesosv1.ExecutorInfo{
		Type: mesosv1.ExecutorInfo_DEFAULT.Enum(), ExecutorId: &mesosv1.ExecutorID{Value: new("default-executor")},
		FrameworkId: e.framework, Resources: executorResources().Proto(),
	}
	if len(e.plan.networks) > 0 {
		executor.Container = &mesosv1.ContainerInfo{Type: mesosv1.ContainerInfo_MESOS.Enum(), NetworkInfos: e.plan.networks}
	}
	return &mesosv1.Offer_Operation{
		Type: mesosv1.Offer_Operation_LAUNCH_GROUP.Enum(),
		LaunchGroup: &mesosv1.Offer_Operation_LaunchGroup{
			Executor: executor, TaskGroup: &mesosv1.TaskGroupInfo{Tasks: tasks},
		},
	}
}

// executorResources are what Mesos's tool gives the executor of a group, without asking whether the offer has them.
func executorResources() resources.Resources { return resources.MustParse("cpus:0.1;mem:32;disk:32") }

func (e *execution) update(ctx context.Context, stream *client.SchedulerStream, status *mesosv1.TaskStatus) error {
	e.printStatus(status)
	if status.Uuid != nil {
		if err := stream.Send(ctx, &scheduler.Call{
			Type: scheduler.Call_ACKNOWLEDGE.Enum(),
			Acknowledge: &scheduler.Call_Acknowledge{
				AgentId: status.GetAgentId(), TaskId: status.GetTaskId(), Uuid: status.GetUuid(),
			},
		}); err != nil {
			return err
		}
	}
	task := status.GetTaskId().GetValue()
	_, asked := e.kills[task]
	switch {
	case taskstate.Terminal(status.GetState()):
		e.ended[task] = true
		delete(e.kills, task)
	case status.GetState() == mesosv1.TaskState_TASK_RUNNING && e.plan.killAfter > 0 && !asked:
		e.kills[task] = kill{at: time.Now().Add(e.plan.killAfter), agent: status.GetAgentId()}
	}
	return nil
}
