package chaos

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"codeberg.org/reeve/reeve/shared/chaos/history"
	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/resources"
	"codeberg.org/reeve/reeve/shared/run"
)

// framework launches tasks as long as it is told to, acknowledges what it hears, kills those that stay, and asks about those
// that it has not heard of for a while. It writes down everything, and trusts nobody.
type framework struct {
	client *client.Client
	marker string // in the command of every task
	random *rand.Rand
	began  time.Time

	id     *mesosv1.FrameworkID
	stream *client.SchedulerStream
	heard  time.Time // when the last event came

	mu        sync.Mutex // guards what follows
	events    []history.Event
	open      map[string]*openTask
	launching bool
	restart   bool // its stream is to end
	launched  int
}

// openTask is one without an end yet.
type openTask struct {
	agent  *mesosv1.AgentID
	plan   history.Plan
	heard  time.Time
	kill   time.Time // when to kill it; zero for never
	killed time.Time // last
	unsure bool
}

// What it does how often.
const (
	mostOpen       = 30 // tasks at once
	launchPause    = 150 * time.Millisecond
	silence        = 18 * time.Second // HEARTBEAT comes every 15 s
	askAfter       = 4 * time.Second
	repeat         = 3 * time.Second
	resubscribe    = 200 * time.Millisecond
	callTimeout    = 5 * time.Second
	failoverSecond = 3600
)

func newFramework(c *client.Client, marker string, seed uint64) *framework {
	return &framework{
		client: c, marker: marker, random: rand.New(rand.NewPCG(seed, 0xf4)), began: time.Now(), open: map[string]*openTask{}, launching: true,
	}
}

// run goes on until ctx ends.
func (f *framework) run(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := f.session(ctx); err != nil && !passing(err) {
			return err
		}
		pause(ctx, resubscribe)
	}
	return nil
}

// passing says whether an error is one that clusters have while they are broken.
func passing(err error) bool {
	kind := fault.KindOf(err)
	return kind == fault.Unavailable || kind == fault.Internal || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func (f *framework) info() *mesosv1.FrameworkInfo {
	info := &mesosv1.FrameworkInfo{
		User: new("root"), Name: new("chaos"), Id: f.id, FailoverTimeout: new(float64(failoverSecond)), Checkpoint: new(true),
		Roles: []string{"*"},
	}
	for _, c := range []mesosv1.FrameworkInfo_Capability_Type{
		mesosv1.FrameworkInfo_Capability_PARTITION_AWARE, mesosv1.FrameworkInfo_Capability_TASK_KILLING_STATE,
		mesosv1.FrameworkInfo_Capability_MULTI_ROLE, mesosv1.FrameworkInfo_Capability_RESERVATION_REFINEMENT,
	} {
		info.Capabilities = append(info.Capabilities, &mesosv1.FrameworkInfo_Capability{Type: c.Enum()})
	}
	return info
}

// session is one subscription: one goroutine reads events, this one acts on them and on the clock.
func (f *framework) session(ctx context.Context) error {
	group := run.NewGroup(ctx)
	events := make(chan *scheduler.Event)
	group.Go("session", func(ctx context.Context) error {
		defer group.Stop()
		stream, err := f.client.Subscribe(ctx, &scheduler.Call{
			Type: scheduler.Call_SUBSCRIBE.Enum(), FrameworkId: f.id, Subscribe: &scheduler.Call_Subscribe{FrameworkInfo: f.info()},
		}, codec.Protobuf)
		if err != nil {
			return err
		}
		defer stream.Close()
		f.stream, f.heard = stream, time.Now()
		group.Go("read", func(ctx context.Context) error { return read(ctx, stream, events) })
		return f.serve(ctx, events)
	})
	return group.Wait()
}

func read(ctx context.Context, stream *client.SchedulerStream, events chan<- *scheduler.Event) error {
	for {
		e, err := stream.Recv()
		if err != nil {
			return fault.Wrap(fault.Unavailable, err, "read events")
		}
		select {
		case events <- e:
		case <-ctx.Done():
			return nil
		}
	}
}

func (f *framework) serve(ctx context.Context, events <-chan *scheduler.Event) error {
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return ctx.Err()
		case e := <-events:
			f.heard = time.Now()
			err = f.event(ctx, e)
		case <-ticker.C:
			err = f.tick(ctx)
		}
		if err != nil {
			return err
		}
	}
}

func (f *framework) event(ctx context.Context, e *scheduler.Event) error {
	switch e.GetType() {
	case scheduler.Event_SUBSCRIBED:
		f.id = e.GetSubscribed().GetFrameworkId()
		return f.reconcile(ctx, 0)
	case scheduler.Event_OFFERS:
		for _, offer := range e.GetOffers().GetOffers() {
			if err := f.offered(ctx, offer); err != nil {
				return err
			}
		}
	case scheduler.Event_UPDATE:
		return f.updated(ctx, e.GetUpdate().GetStatus())
	case scheduler.Event_ERROR:
		if message := e.GetError().GetMessage(); message != "Framework failed over" {
			return fault.New(fault.Conflict, "the master says: %s", message)
		}
		return fault.New(fault.Unavailable, "another stream has taken over")
	default:
	}
	return nil
}

// send makes a call, and gives it up after a while.
func (f *framework) send(ctx context.Context, call *scheduler.Call) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	call.FrameworkId = f.id
	return f.stream.Send(ctx, call)
}

func (f *framework) record(e history.Event) {
	e.At = time.Since(f.began).Round(time.Millisecond)
	f.events = append(f.events, e)
}

// offered takes an offer for a task, or declines it.
func (f *framework) offered(ctx context.Context, offer *mesosv1.Offer) error {
	f.mu.Lock()
	full := !f.launching || len(f.open) >= mostOpen
	f.mu.Unlock()
	var tasks []*mesosv1.TaskInfo
	room, err := resources.FromProto(offer.GetResources())
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "read an offer")
	}
	for range 1 + f.random.IntN(3) {
		picked, ok := room.Unallocate().Pick(resources.MustParse("cpus:0.1;mem:32"), "*")
		if full || !ok {
			break
		}
		room = room.Unallocate().Minus(picked)
		tasks = append(tasks, f.task(offer.GetAgentId(), picked))
	}
	filters := &mesosv1.Filters{RefuseSeconds: new(0.5)}
	ids := []*mesosv1.OfferID{offer.GetId()}
	if len(tasks) == 0 {
		return f.send(ctx, &scheduler.Call{Type: scheduler.Call_DECLINE.Enum(), Decline: &scheduler.Call_Decline{OfferIds: ids, Filters: filters}})
	}
	err = f.send(ctx, &scheduler.Call{Type: scheduler.Call_ACCEPT.Enum(), Accept: &scheduler.Call_Accept{
		OfferIds: ids, Filters: filters, Operations: []*mesosv1.Offer_Operation{{
			Type: mesosv1.Offer_Operation_LAUNCH.Enum(), Launch: &mesosv1.Offer_Operation_Launch{TaskInfos: tasks},
		}},
	}})
	f.accepted(tasks, err)
	if err == nil {
		pause(ctx, launchPause)
	}
	return err
}

// task plans one more.
func (f *framework) task(agent *mesosv1.AgentID, uses resources.Resources) *mesosv1.TaskInfo {
	f.launched++
	plan, wait, exit := history.Finish, f.random.IntN(4), 0
	switch f.random.IntN(6) {
	case 0:
		plan, exit = history.Fail, 7
	case 1, 2:
		plan, wait = history.Stay, 3600
	}
	id := fmt.Sprintf("t%04d-%s", f.launched, plan)
	script := fmt.Sprintf(": %s; echo start; sleep %d; echo end; exit %d", f.marker, wait, exit)
	return &mesosv1.TaskInfo{
		Name: &id, TaskId: &mesosv1.TaskID{Value: &id}, AgentId: agent, Resources: uses.Proto(),
		Command:    &mesosv1.CommandInfo{Value: &script, User: new("root")},
		KillPolicy: &mesosv1.KillPolicy{GracePeriod: &mesosv1.DurationInfo{Nanoseconds: new(time.Second.Nanoseconds())}},
	}
}

// accepted notes what an ACCEPT means. One without an answer may have been taken.
func (f *framework) accepted(tasks []*mesosv1.TaskInfo, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	kind := history.Launched
	if err != nil {
		kind = history.Unsure
	}
	for _, t := range tasks {
		id := t.GetTaskId().GetValue()
		plan := history.Plan(id[strings.LastIndexByte(id, '-')+1:])
		o := &openTask{agent: t.GetAgentId(), plan: plan, heard: time.Now(), unsure: err != nil}
		f.open[id] = o
		f.record(history.Event{Kind: kind, Task: id, Agent: t.GetAgentId().GetValue(), Plan: plan})
	}
}

func (f *framework) updated(ctx context.Context, s *mesosv1.TaskStatus) error {
	id, uuid := s.GetTaskId().GetValue(), hex.EncodeToString(s.GetUuid())
	f.mu.Lock()
	f.record(history.Event{
		Kind: history.Updated, Task: id, Agent: s.GetAgentId().GetValue(), State: s.GetState().String(), Source: s.GetSource().String(),
		Reason: s.GetReason().String(), Message: s.GetMessage(), UUID: uuid,
	})
	if o := f.open[id]; o != nil {
		o.heard, o.unsure = time.Now(), false
		if s.GetState() == mesosv1.TaskState_TASK_RUNNING && o.plan == history.Stay && o.kill.IsZero() {
			o.kill = time.Now().Add(time.Duration(f.random.IntN(8000)) * time.Millisecond)
		}
		if history.Terminal(s.GetState().String()) {
			delete(f.open, id)
		}
	}
	f.mu.Unlock()
	if uuid == "" {
		return nil
	}
	err := f.send(ctx, &scheduler.Call{Type: scheduler.Call_ACKNOWLEDGE.Enum(), Acknowledge: &scheduler.Call_Acknowledge{
		AgentId: s.GetAgentId(), TaskId: s.GetTaskId(), Uuid: s.GetUuid(),
	}})
	if err == nil {
		f.mu.Lock()
		f.record(history.Event{Kind: history.Acked, Task: id, UUID: uuid})
		f.mu.Unlock()
	}
	return err
}

func (f *framework) tick(ctx context.Context) error {
	f.mu.Lock()
	restart := f.restart
	f.restart = false
	f.mu.Unlock()
	if restart {
		return fault.New(fault.Unavailable, "the stream was to end")
	}
	if quiet := time.Since(f.heard); quiet > silence {
		return fault.New(fault.Unavailable, "no event came for %s", quiet)
	}
	if err := f.kill(ctx); err != nil {
		return err
	}
	return f.reconcile(ctx, askAfter)
}

// kill ends the tasks that stay, all of them once no more are launched.
func (f *framework) kill(ctx context.Context) error {
	f.mu.Lock()
	var calls []*scheduler.Call
	now := time.Now()
	for id, o := range f.open {
		over := !f.launching && o.plan == history.Stay
		if (!o.kill.IsZero() && now.After(o.kill) || over) && now.Sub(o.killed) > repeat {
			o.killed = now
			f.record(history.Event{Kind: history.Killed, Task: id})
			calls = append(calls, &scheduler.Call{Type: scheduler.Call_KILL.Enum(), Kill: &scheduler.Call_Kill{
				TaskId: &mesosv1.TaskID{Value: &id}, AgentId: o.agent,
			}})
		}
	}
	f.mu.Unlock()
	for _, call := range calls {
		if err := f.send(ctx, call); err != nil {
			return err
		}
	}
	return nil
}

// reconcile asks about the tasks that were not heard of for a while.
func (f *framework) reconcile(ctx context.Context, quiet time.Duration) error {
	f.mu.Lock()
	var tasks []*scheduler.Call_Reconcile_Task
	for id, o := range f.open {
		if time.Since(o.heard) >= quiet {
			o.heard = time.Now()
			tasks = append(tasks, &scheduler.Call_Reconcile_Task{TaskId: &mesosv1.TaskID{Value: &id}, AgentId: o.agent})
		}
	}
	f.mu.Unlock()
	if len(tasks) == 0 {
		return nil
	}
	return f.send(ctx, &scheduler.Call{Type: scheduler.Call_RECONCILE.Enum(), Reconcile: &scheduler.Call_Reconcile{Tasks: tasks}})
}

// finish stops launching.
func (f *framework) finish() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.launching = false
}

// fail over: the stream ends, and another takes over.
func (f *framework) failOver() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.restart = true
}

// left lists the tasks without an end.
func (f *framework) left() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []string
	for id := range f.open {
		list = append(list, id)
	}
	slices.Sort(list)
	return list
}

func (f *framework) story() []history.Event {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.events)
}
