package jobs

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"codeberg.org/reeve/reeve/masterd/jobrecord"
	"codeberg.org/reeve/reeve/masterd/jobspec"
	"codeberg.org/reeve/reeve/masterd/registry"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// world is everything around the machine: a registry, a cluster with agents, and queues between them in which things get
// lost when a leader dies.
type world struct {
	t      *rapid.T
	state  *State
	now    time.Time
	stored map[ids.Job]reeveapi.Job

	writes []Persist
	calls  []*scheduler.Call
	events []*scheduler.Event

	agents    map[string]*host
	tasks     map[string]*ran // every task that ever began
	offers    map[string]string
	submitted map[string]reeveapi.JobSpec
	stopped   map[string]bool // somebody asked for it: a leader may have died with the request, and not without effect
	draining  map[string]bool // agents
	serial    int
}

// host is an agent. A lost one is not reached by the master, and its tasks go on.
type host struct {
	name                   string
	recovered, lost, gone_ bool
}

// ran is a task that an agent began.
type ran struct {
	id    string
	agent string
	state mesosv1.TaskState
	uuid  []byte // of an update that was not acknowledged

	command string
}

func (r *ran) over() bool { return jobrecord.Judge(r.state) != jobrecord.Alive }

func newWorld(t *rapid.T) *world {
	w := &world{
		t: t, now: epoch, stored: map[ids.Job]reeveapi.Job{}, agents: map[string]*host{}, tasks: map[string]*ran{},
		submitted: map[string]reeveapi.JobSpec{}, stopped: map[string]bool{}, draining: map[string]bool{},
	}
	for _, name := range []string{"s1", "s2", "s3"} {
		w.agents[name] = &host{name: name}
	}
	w.elect()
	return w
}

// elect begins a term with what the registry holds.
func (w *world) elect() {
	w.writes, w.calls, w.events, w.offers = nil, nil, nil, map[string]string{}
	w.state = New(Config{}, &registry.State{Jobs: w.stored}, w.now)
	w.take(w.state.Start(w.now))
	for _, name := range sortedKeys(w.draining) {
		w.step(Draining{Agent: ids.Agent(name), On: true})
	}
}

func (w *world) step(in Input) { w.take(w.state.Step(w.now, in)) }

func (w *world) take(effs []Effect) {
	for _, e := range effs {
		switch e := e.(type) {
		case Call:
			w.calls = append(w.calls, e.Call)
		case Persist:
			w.writes = append(w.writes, e)
		case Reply:
			if e.Err != nil {
				w.t.Fatalf("reply: %v", e.Err)
			}
		case Happened:
		}
	}
}

func (w *world) write() bool {
	if len(w.writes) == 0 {
		return false
	}
	next := w.writes[0]
	w.writes = w.writes[1:]
	for _, op := range next.Ops {
		apply(w.stored, op)
	}
	w.step(Persisted{Token: next.Token})
	return true
}

func (w *world) deliver() bool {
	if len(w.events) == 0 {
		return false
	}
	next := w.events[0]
	w.events = w.events[1:]
	w.step(Event{next})
	return true
}

// call lets the cluster carry out the oldest call.
func (w *world) call() bool {
	if len(w.calls) == 0 {
		return false
	}
	c := w.calls[0]
	w.calls = w.calls[1:]
	switch c.GetType() {
	case scheduler.Call_SUBSCRIBE:
		w.events = append(w.events, &scheduler.Event{Type: scheduler.Event_SUBSCRIBED.Enum()})
	case scheduler.Call_ACCEPT:
		w.accept(c.GetAccept())
	case scheduler.Call_DECLINE:
		delete(w.offers, c.GetDecline().GetOfferIds()[0].GetValue())
	case scheduler.Call_ACKNOWLEDGE:
		w.acknowledge(c.GetAcknowledge())
	case scheduler.Call_KILL:
		w.kill(c.GetKill())
	case scheduler.Call_RECONCILE:
		for _, task := range c.GetReconcile().GetTasks() {
			w.reconcile(task.GetTaskId().GetValue(), task.GetAgentId().GetValue())
		}
		if len(c.GetReconcile().GetTasks()) == 0 {
			for _, id := range sortedKeys(w.tasks) {
				if w.isKnown(id) {
					w.reconcile(id, w.tasks[id].agent)
				}
			}
		}
	default: // suppressing and reviving: offers come at random anyway
	}
	return true
}

func (w *world) accept(c *scheduler.Call_Accept) {
	agent, valid := w.offers[c.GetOfferIds()[0].GetValue()]
	delete(w.offers, c.GetOfferIds()[0].GetValue())
	for _, info := range c.GetOperations()[0].GetLaunch().GetTaskInfos() {
		id := info.GetTaskId().GetValue()
		if h := w.agents[agent]; !valid || h.lost || h.gone_ || h.recovered {
			w.tell(id, info.GetAgentId().GetValue(), mesosv1.TaskState_TASK_DROPPED, nil)
			continue
		}
		if w.tasks[id] != nil {
			w.t.Fatalf("task %s is launched a second time", id)
		}
		w.begin(id, agent, info.GetCommand().GetValue())
	}
}

// begin runs a task, which must not run beside another attempt, unless the registry knows that one as leaving.
func (w *world) begin(id, agent, command string) {
	w.tasks[id] = &ran{id: id, agent: agent, state: mesosv1.TaskState_TASK_RUNNING, command: command}
	for other, r := range w.tasks {
		if other != id && instanceOf(other) == instanceOf(id) && !r.over() && !w.leaves(other) {
			w.t.Fatalf("task %s begins while %s runs", id, other)
		}
	}
	w.say(w.tasks[id])
}

// leaves says whether the registry has a task as one that is to end.
func (w *world) leaves(task string) bool {
	for _, j := range w.stored {
		if slices.ContainsFunc(j.Leaving, func(l reeveapi.Leaving) bool { return l.Task == task }) {
			return true
		}
	}
	return false
}

// instanceOf is "job.index" of "job.index.attempt".
func instanceOf(id string) string {
	parts := strings.Split(id, ".")
	return parts[0] + "." + parts[1]
}

// say makes an agent send an update that wants an acknowledgement.
func (w *world) say(r *ran) {
	w.serial++
	r.uuid = fmt.Appendf(nil, "u%d", w.serial)
	w.repeat(r)
}

// repeat sends it, if the agent is connected to this leader.
func (w *world) repeat(r *ran) {
	if h := w.agents[r.agent]; r.uuid != nil && !h.lost && !h.recovered && !h.gone_ {
		w.tell(r.id, r.agent, r.state, r.uuid)
	}
}

func (w *world) tell(id, agent string, state mesosv1.TaskState, uuid []byte) {
	status := &mesosv1.TaskStatus{TaskId: &mesosv1.TaskID{Value: new(id)}, State: state.Enum(), Uuid: uuid}
	if agent != "" {
		status.AgentId = &mesosv1.AgentID{Value: new(agent)}
	}
	w.events = append(w.events, &scheduler.Event{
		Type: scheduler.Event_UPDATE.Enum(), Update: &scheduler.Event_Update{Status: status},
	})
}

func (w *world) acknowledge(c *scheduler.Call_Acknowledge) {
	r := w.tasks[c.GetTaskId().GetValue()]
	if r == nil || string(r.uuid) != string(c.GetUuid()) || w.agents[r.agent].lost || w.agents[r.agent].recovered {
		return
	}
	r.uuid = nil
	if r.over() && !slices.Contains([]string{"TASK_FINISHED", "TASK_FAILED", "TASK_KILLED"}, w.storedState(r.id)) {
		w.t.Fatalf("the end of %s is acknowledged, and the registry says %q", r.id, w.storedState(r.id))
	}
}

// storedState is what the registry says of the instance of a task.
func (w *world) storedState(id string) string {
	for _, j := range w.stored {
		for _, l := range j.Leaving {
			if l.Task == id {
				return l.State
			}
		}
		if parts := strings.Split(id, "."); parts[0] == j.Spec.Name && parts[1] >= strconv.Itoa(len(j.Instances)) && j.Spent > 0 {
			return "TASK_FAILED" // of an instance that was scaled away
		}
		for _, i := range j.Instances {
			if i.Task == id {
				return i.State
			}
			if fmt.Sprintf("%s.%d", j.Spec.Name, i.Index) == instanceOf(id) && (i.State != "" || i.Attempt > 0) {
				return "TASK_FAILED" // a later attempt: this one's end was known
			}
		}
	}
	return "" // the job is not there
}

// isKnown says whether the master has the task in its active set.
func (w *world) isKnown(id string) bool {
	r := w.tasks[id]
	h := w.agents[r.agent]
	return !h.recovered && !h.lost && !h.gone_ && (!r.over() || r.uuid != nil)
}

// reconcile answers as spec 3.8 does.
func (w *world) reconcile(id, agent string) {
	if r := w.tasks[id]; r != nil && w.isKnown(id) {
		w.tell(id, r.agent, r.state, nil)
		return
	}
	h := w.agents[agent]
	switch {
	case h.recovered:
	case h.gone_:
		w.tell(id, agent, mesosv1.TaskState_TASK_GONE_BY_OPERATOR, nil)
	case h.lost:
		w.tell(id, agent, mesosv1.TaskState_TASK_UNREACHABLE, nil)
	default:
		w.tell(id, agent, mesosv1.TaskState_TASK_GONE, nil)
	}
}

func (w *world) kill(c *scheduler.Call_Kill) {
	id, agent := c.GetTaskId().GetValue(), c.GetAgentId().GetValue()
	r := w.tasks[id]
	if r == nil || !w.isKnown(id) || r.over() {
		w.reconcile(id, agent)
		return
	}
	r.state = mesosv1.TaskState_TASK_KILLED
	w.say(r)
}

// end lets a running task end.
func (w *world) end(r *ran, state mesosv1.TaskState) {
	r.state = state
	w.say(r)
}

func (w *world) running() []*ran {
	var all []*ran
	for _, id := range sortedKeys(w.tasks) {
		if r := w.tasks[id]; !r.over() {
			all = append(all, r)
		}
	}
	return all
}

// offer offers an agent that is there.
func (w *world) offer(h *host) {
	if h.lost || h.recovered || h.gone_ || !w.state.subscribed || w.draining[h.name] {
		return
	}
	w.serial++
	id := fmt.Sprintf("o%d", w.serial)
	w.offers[id] = h.name
	w.events = append(w.events, offerEvent(id, h.name, "*", "cpus:0.25;mem:256"))
}

// back lets an agent come back to this leader.
func (w *world) back(h *host) {
	if !h.recovered && !h.lost {
		return
	}
	h.recovered, h.lost = false, false
	for _, id := range sortedKeys(w.tasks) {
		if r := w.tasks[id]; r.agent == h.name {
			w.repeat(r)
			if r.uuid == nil && !r.over() {
				w.tell(id, h.name, r.state, nil)
			}
		}
	}
}

// markGone: an operator gives the machine up, which is off.
func (w *world) markGone(h *host) {
	h.gone_, h.lost, h.recovered = true, false, false
	for _, id := range sortedKeys(w.tasks) {
		if r := w.tasks[id]; r.agent == h.name && !r.over() {
			r.state, r.uuid = mesosv1.TaskState_TASK_GONE_BY_OPERATOR, nil
			w.tell(id, h.name, r.state, nil)
		}
	}
}

// failover: the leader dies, with some of what it wanted to do done.
func (w *world) failover() {
	for n := rapid.IntRange(0, len(w.writes)).Draw(w.t, "writes done"); n > 0; n-- {
		for _, op := range w.writes[0].Ops {
			apply(w.stored, op)
		}
		w.writes = w.writes[1:]
	}
	for n := rapid.IntRange(0, len(w.calls)).Draw(w.t, "calls done"); n > 0; n-- {
		w.call()
	}
	for _, h := range w.agents {
		h.recovered = !h.gone_ && !h.lost
	}
	w.elect()
}

func (w *world) submit(spec reeveapi.JobSpec) {
	w.submitted[spec.Name] = spec
	w.step(Submit{Spec: spec})
	for w.write() { // an answered submission is what the promise begins with
	}
}

// advance lets time pass to the machine's deadline, at most a minute.
func (w *world) advance() {
	to := w.now.Add(time.Minute)
	if at := w.state.Deadline(); !at.IsZero() && at.Before(to) {
		to = at
	}
	if to.After(w.now) {
		w.now = to
	}
	w.step(Tick{})
}

// settle lets everything go well from now on, until nothing is left to do.
func (w *world) settle() {
	for range 3000 {
		for _, name := range sortedKeys(w.agents) {
			w.back(w.agents[name])
			w.offer(w.agents[name])
		}
		for w.deliver() || w.call() || w.write() {
		}
		for _, r := range w.running() {
			w.end(r, mesosv1.TaskState_TASK_FINISHED)
		}
		for _, id := range sortedKeys(w.tasks) {
			w.repeat(w.tasks[id])
		}
		for w.deliver() || w.call() || w.write() {
		}
		if w.allOver() {
			return
		}
		w.advance()
	}
	for name, j := range w.state.Jobs() {
		w.t.Logf("%s: %s", name, showJob(*j))
	}
	w.t.Fatalf("jobs do not end")
}

func (w *world) allOver() bool {
	for _, j := range w.state.jobs {
		if !j.Over() {
			return false
		}
	}
	return len(w.writes) == 0
}

// checkOutcome compares what the jobs say with what the agents did.
func (w *world) checkOutcome() {
	for name, spec := range w.submitted {
		j := w.state.Job(ids.Job(name))
		if j == nil {
			w.t.Fatalf("job %s is lost", name)
		}
		for _, i := range j.Instances {
			w.checkInstance(j, i, spec)
		}
	}
}

func (w *world) checkInstance(j *reeveapi.Job, i reeveapi.Instance, spec reeveapi.JobSpec) {
	name := fmt.Sprintf("%s.%d", spec.Name, i.Index)
	finished, failed := 0, 0
	untold := 0 // ends that went down with their machine, maybe before anybody heard of them
	for id, r := range w.tasks {
		if instanceOf(id) != name {
			continue
		}
		switch gone := w.agents[r.agent].gone_; {
		case r.uuid != nil && gone:
			untold++
		case r.uuid != nil:
			w.t.Fatalf("the end of %s was never acknowledged", id)
		case r.state == mesosv1.TaskState_TASK_FINISHED:
			finished++
		case r.state == mesosv1.TaskState_TASK_FAILED:
			failed++
		}
	}
	switch {
	case finished > 1:
		w.t.Fatalf("instance %s finished %d times", name, finished)
	case i.State != "TASK_FINISHED" && finished > 0:
		w.t.Fatalf("instance %s is %s and finished", name, i.State)
	case i.State == "TASK_FINISHED" && finished+untold == 0:
		w.t.Fatalf("instance %s is %s and did not finish", name, i.State)
	case i.State != "TASK_FINISHED" && !w.stopped[spec.Name] && failed+untold < spec.Retries+1:
		w.t.Fatalf("instance %s gave up after %d failures, %d retries asked", name, failed, spec.Retries)
	case failed > spec.Retries+1:
		w.t.Fatalf("instance %s failed %d times, %d retries asked", name, failed, spec.Retries)
	}
}

// TestOnce: every instance of every job comes to one end, whatever gets lost, comes late, or comes twice.
func TestOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		agent := func(t *rapid.T) *host {
			return w.agents[rapid.SampledFrom([]string{"s1", "s2", "s3"}).Draw(t, "agent")]
		}
		pick := func(t *rapid.T, label string, from []*ran) *ran {
			if len(from) == 0 {
				return nil
			}
			return rapid.SampledFrom(from).Draw(t, label)
		}
		act := map[string]func(*rapid.T){
			"submit": func(t *rapid.T) {
				if len(w.submitted) == 3 || !w.state.subscribed {
					return
				}
				w.submit(reeveapi.JobSpec{
					Name: fmt.Sprintf("j%d", len(w.submitted)), Command: "run",
					Instances: rapid.IntRange(1, 3).Draw(t, "instances"), Retries: rapid.IntRange(0, 2).Draw(t, "retries"),
				})
			},
			"stop": func(t *rapid.T) {
				name := ids.Job(rapid.SampledFrom([]string{"j0", "j1", "j2"}).Draw(t, "job"))
				if j := w.state.jobs[name]; j != nil && !j.Over() && rapid.IntRange(0, 3).Draw(t, "really") == 0 {
					w.stopped[string(name)] = true
					w.step(Stop{Change{Name: name}})
				}
			},
			"write": func(*rapid.T) { w.write() },
			"call":  func(*rapid.T) { w.call() },
			"event": func(*rapid.T) { w.deliver() },
			"flow": func(*rapid.T) {
				for w.deliver() || w.call() {
				}
			},
			"tick":    func(*rapid.T) { w.advance() },
			"offer":   func(t *rapid.T) { w.offer(agent(t)) },
			"rescind": func(*rapid.T) { clear(w.offers) },
			"end": func(t *rapid.T) {
				if r := pick(t, "task", w.running()); r != nil {
					w.end(r, rapid.SampledFrom([]mesosv1.TaskState{
						mesosv1.TaskState_TASK_FINISHED, mesosv1.TaskState_TASK_FAILED,
					}).Draw(t, "state"))
				}
			},
			"repeat": func(*rapid.T) {
				for _, id := range sortedKeys(w.tasks) {
					w.repeat(w.tasks[id])
				}
			},
			"failover": func(t *rapid.T) { w.t = t; w.failover() },
			"lose": func(t *rapid.T) {
				h := agent(t)
				if h.gone_ || h.lost || h.recovered {
					return
				}
				h.lost = true
				for _, r := range w.running() {
					if r.agent == h.name {
						w.tell(r.id, h.name, mesosv1.TaskState_TASK_UNREACHABLE, nil)
					}
				}
			},
			"back": func(t *rapid.T) { w.back(agent(t)) },
			"gone": func(t *rapid.T) {
				if h := w.agents["s3"]; !h.gone_ && rapid.IntRange(0, 5).Draw(t, "really") == 0 {
					w.markGone(h)
				}
			},
		}
		t.Repeat(act)
		w.t = t
		w.settle()
		w.checkOutcome()
	})
}

// TestTaskIDs: no two attempts of whatever jobs share an id.
func TestTaskIDs(t *testing.T) {
	seen := map[string]string{}
	for _, name := range []string{"a", "a-0", "a.b", "a.0b", "0", "a.b.c"} {
		if err := jobspec.Check(jobspec.Complete(reeveapi.JobSpec{Name: name, Command: "x"})); err != nil {
			t.Fatal(err)
		}
		for run := range 3 {
			for index := range 3 {
				for attempt := range 3 {
					who := fmt.Sprint(name, run, index, attempt)
					id := jobrecord.TaskID(&reeveapi.Job{Spec: reeveapi.JobSpec{Name: name}, Run: run}, index, attempt)
					if other, ok := seen[id]; ok {
						t.Errorf("%s and %s are both %s", who, other, id)
					}
					seen[id] = who
				}
			}
		}
	}
}
