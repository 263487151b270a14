package bench

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/taskstate"
)

// Framework is a scheduler that launches one kind of task and times it. It is for one goroutine.
type Framework struct {
	Image string // that tasks run in from now on; "" for the host's files

	client  *client.Client
	id      *mesosv1.FrameworkID
	stream  *client.SchedulerStream
	offers  []*mesosv1.Offer
	next    int
	command string
	seen    func(id string, state mesosv1.TaskState, at time.Time)
}

// Open subscribes. command is what every task runs, by sh -c; its cpus and mem are small.
func Open(ctx context.Context, c *client.Client, command string) (*Framework, error) {
	f := &Framework{client: c, command: command}
	return f, f.subscribe(ctx)
}

// failoverSeconds is how long masters keep the tasks of a framework whose stream broke.
const failoverSeconds = 300

func (f *Framework) subscribe(ctx context.Context) error {
	stream, err := f.client.Subscribe(ctx, &scheduler.Call{
		Type: scheduler.Call_SUBSCRIBE.Enum(), FrameworkId: f.id,
		Subscribe: &scheduler.Call_Subscribe{FrameworkInfo: &mesosv1.FrameworkInfo{
			Id: f.id, User: new("root"), Name: new("bench"), FailoverTimeout: new(float64(failoverSeconds)), Checkpoint: new(true),
			Capabilities: []*mesosv1.FrameworkInfo_Capability{{Type: mesosv1.FrameworkInfo_Capability_RESERVATION_REFINEMENT.Enum()}},
		}},
	}, codec.Protobuf)
	if err != nil {
		return err
	}
	f.stream, f.offers = stream, nil
	return nil
}

// Resubscribe takes the framework to the master that leads now, after its stream broke, and waits for one.
func (f *Framework) Resubscribe(ctx context.Context) error {
	f.stream.Close()
	for {
		err := f.subscribe(ctx)
		if err == nil || fault.KindOf(err) != fault.Unavailable || ctx.Err() != nil {
			return err
		}
	}
}

// AwaitBreak returns when the stream has ended.
func (f *Framework) AwaitBreak(ctx context.Context) error {
	f.seen = func(string, mesosv1.TaskState, time.Time) {}
	for {
		err := f.step(ctx)
		if errors.Is(err, errBroken) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// Running launches a task and returns when it runs.
func (f *Framework) Running(ctx context.Context) error {
	if err := f.waitOffer(ctx); err != nil {
		return err
	}
	running := false
	f.seen = func(id string, state mesosv1.TaskState, _ time.Time) {
		running = running || state == mesosv1.TaskState_TASK_RUNNING && id == f.newest()
	}
	if err := f.launch(ctx, 1); err != nil {
		return err
	}
	for !running {
		if err := f.step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// newest is the id of the task that was launched last.
func (f *Framework) newest() string { return taskID(f.next) }

func taskID(n int) string { return "bench-" + strconv.Itoa(n) }

// errBroken says that the stream has ended.
var errBroken = errors.New("read events")

// End tears the framework down, with its tasks.
func (f *Framework) End(ctx context.Context) error {
	return f.stream.Send(ctx, &scheduler.Call{Type: scheduler.Call_TEARDOWN.Enum()})
}

// Close ends the subscription.
func (f *Framework) Close() { f.stream.Close() }

// Latencies launches tasks one after the other, each when the one before has ended, and returns for each the time from
// its ACCEPT until TASK_RUNNING was received.
func (f *Framework) Latencies(ctx context.Context, n int) ([]time.Duration, error) {
	var took []time.Duration
	for range n {
		if err := f.waitOffer(ctx); err != nil {
			return nil, err
		}
		var ended bool
		start := time.Now()
		f.seen = func(_ string, state mesosv1.TaskState, at time.Time) {
			if state == mesosv1.TaskState_TASK_RUNNING {
				took = append(took, at.Sub(start))
			}
			ended = ended || taskstate.Terminal(state)
		}
		if err := f.launch(ctx, 1); err != nil {
			return nil, err
		}
		for !ended {
			if err := f.step(ctx); err != nil {
				return nil, err
			}
		}
	}
	if len(took) != n {
		return nil, fmt.Errorf("%d of %d tasks were never seen running", n-len(took), n)
	}
	return took, nil
}

// Throughput launches n tasks as fast as offers come and returns the time from the first ACCEPT to the last end.
func (f *Framework) Throughput(ctx context.Context, n int) (time.Duration, error) {
	if err := f.waitOffer(ctx); err != nil {
		return 0, err
	}
	ended := 0
	f.seen = func(_ string, state mesosv1.TaskState, _ time.Time) {
		if taskstate.Terminal(state) {
			ended++
		}
	}
	start := time.Now()
	for launched := 0; ended < n; {
		if len(f.offers) > 0 && launched < n {
			batch := min(n-launched, fits(f.offers[0])) // none: the offer is given back, and comes again when something ends
			if err := f.launch(ctx, batch); err != nil {
				return 0, err
			}
			launched += batch
			continue
		}
		if err := f.step(ctx); err != nil {
			return 0, err
		}
	}
	return time.Since(start), nil
}

// Crowd launches n tasks that stay, as fast as offers come, and returns when all of them run.
func (f *Framework) Crowd(ctx context.Context, n int) error {
	if err := f.waitOffer(ctx); err != nil {
		return err
	}
	running := map[string]bool{}
	f.seen = func(id string, state mesosv1.TaskState, _ time.Time) {
		if state == mesosv1.TaskState_TASK_RUNNING {
			running[id] = true
		}
	}
	for launched := 0; len(running) < n; {
		if len(f.offers) > 0 && launched < n {
			batch := min(n-launched, fits(f.offers[0]))
			if err := f.launch(ctx, batch); err != nil {
				return err
			}
			launched += batch
			continue
		}
		if err := f.step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// What a task asks for: little enough that what is measured is launching, not waiting for room.
const (
	taskCPUs = 0.01
	taskMem  = 32
)

// fits is how many tasks an offer has room for; what it does not name, it has none of.
func fits(offer *mesosv1.Offer) int {
	var cpus, mem float64
	for _, r := range offer.GetResources() {
		switch r.GetName() {
		case "cpus":
			cpus += r.GetScalar().GetValue()
		case "mem":
			mem += r.GetScalar().GetValue()
		}
	}
	return int(min(cpus/taskCPUs, mem/taskMem))
}

func (f *Framework) waitOffer(ctx context.Context) error {
	for len(f.offers) == 0 || fits(f.offers[0]) == 0 {
		if err := f.step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// launch accepts the oldest offer with n tasks; what is left of it comes back without a filter.
func (f *Framework) launch(ctx context.Context, n int) error {
	offer := f.offers[0]
	f.offers = f.offers[1:]
	var tasks []*mesosv1.TaskInfo
	for range n {
		f.next++
		id := taskID(f.next)
		tasks = append(tasks, &mesosv1.TaskInfo{
			Name: &id, TaskId: &mesosv1.TaskID{Value: &id}, AgentId: offer.GetAgentId(),
			Command:   &mesosv1.CommandInfo{Value: &f.command},
			Container: f.container(),
			Resources: []*mesosv1.Resource{scalar("cpus", taskCPUs), scalar("mem", taskMem)},
		})
	}
	return f.stream.Send(ctx, &scheduler.Call{
		Type: scheduler.Call_ACCEPT.Enum(),
		Accept: &scheduler.Call_Accept{
			OfferIds: []*mesosv1.OfferID{offer.GetId()},
			Operations: []*mesosv1.Offer_Operation{{
				Type:   mesosv1.Offer_Operation_LAUNCH.Enum(),
				Launch: &mesosv1.Offer_Operation_Launch{TaskInfos: tasks},
			}},
			Filters: &mesosv1.Filters{RefuseSeconds: new(0.0)},
		},
	})
}

func (f *Framework) container() *mesosv1.ContainerInfo {
	if f.Image == "" {
		return nil
	}
	return &mesosv1.ContainerInfo{
		Type: mesosv1.ContainerInfo_MESOS.Enum(),
		Mesos: &mesosv1.ContainerInfo_MesosInfo{Image: &mesosv1.Image{
			Type: mesosv1.Image_DOCKER.Enum(), Docker: &mesosv1.Image_Docker{Name: new(f.Image)},
		}},
	}
}

func scalar(name string, value float64) *mesosv1.Resource {
	return &mesosv1.Resource{
		Name: &name, Type: mesosv1.Value_SCALAR.Enum(), Scalar: &mesosv1.Value_Scalar{Value: &value},
	}
}

// step takes one event and does what every scheduler does about it.
func (f *Framework) step(ctx context.Context) error {
	event, err := f.stream.Recv()
	if err != nil {
		return fmt.Errorf("%w: %w", errBroken, err)
	}
	switch event.GetType() {
	case scheduler.Event_SUBSCRIBED:
		f.id = event.GetSubscribed().GetFrameworkId()
	case scheduler.Event_OFFERS:
		f.offers = append(f.offers, event.GetOffers().GetOffers()...)
	case scheduler.Event_RESCIND:
		f.offers = without(f.offers, event.GetRescind().GetOfferId().GetValue())
	case scheduler.Event_UPDATE:
		return f.update(ctx, event.GetUpdate().GetStatus())
	case scheduler.Event_ERROR:
		return fmt.Errorf("the master says: %s", event.GetError().GetMessage())
	default: // nothing that a benchmark has to react to
	}
	return nil
}

func (f *Framework) update(ctx context.Context, status *mesosv1.TaskStatus) error {
	id, state := status.GetTaskId().GetValue(), status.GetState()
	f.seen(id, state, time.Now())
	if taskstate.Terminal(state) && state != mesosv1.TaskState_TASK_FINISHED {
		return fmt.Errorf("task %s ended as %s: %s", id, state, status.GetMessage())
	}
	if len(status.GetUuid()) == 0 {
		return nil
	}
	return f.stream.Send(ctx, &scheduler.Call{
		Type: scheduler.Call_ACKNOWLEDGE.Enum(),
		Acknowledge: &scheduler.Call_Acknowledge{
			AgentId: status.GetAgentId(), TaskId: status.GetTaskId(), Uuid: status.GetUuid(),
		},
	})
}

func without(offers []*mesosv1.Offer, id string) []*mesosv1.Offer {
	var rest []*mesosv1.Offer
	for _, o := range offers {
		if o.GetId().GetValue() != id {
			rest = append(rest, o)
		}
	}
	return rest
}
