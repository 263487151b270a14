package roster

import (
	"maps"
	"slices"
	"time"

	"codeberg.org/reeve/reeve/agentd/check"
	"codeberg.org/reeve/reeve/agentd/lifecycle"
	"codeberg.org/reeve/reeve/agentd/outcome"
	"codeberg.org/reeve/reeve/agentd/pod"
	"codeberg.org/reeve/reeve/agentd/record"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/turn"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/taskstate"
)

// Framework is one framework with something on this host.
type Framework struct {
	ID        ids.Framework
	Info      *mesosv1.FrameworkInfo
	Executors map[ids.Executor]*Container
	Completed []*Container // oldest first
	Removed   bool         // told to shut down: nothing is reported any more
}

// Container is one run of an executor. For a command task there is an executor in name only, and the container is the
// command's. A pod, which is an executor of type DEFAULT, has none of its own: its tasks have one each, which are like those
// of command tasks.
type Container struct {
	Framework *Framework
	Executor  ids.Executor
	Info      *mesosv1.ExecutorInfo
	Command   bool
	ID        ids.Container
	Agent     ids.Agent // who we were when it was made
	HostBoot  string    // the host's boot in which it was made
	Created   time.Time
	Phase     lifecycle.Phase
	PID       int
	Started   time.Time
	Joined    []runtime.Joined // networks other than the host's
	Limits    runtime.Limits   // asked for last; not known of a container that was recovered
	GPUs      int              // that it has for certain
	GPUsAsked int              // asked for last; -1 when that is not known

	Tasks     map[string]*Task
	Completed []*Task // oldest first

	Members map[string]*Container // of a pod: the containers of its tasks, by task; nil for all others
	Pod     *Container            // whose member this is; nil for all others

	Cause  record.Cause  // why it is being ended
	Why    string        // the same for people, where cause is not enough; not known after a restart
	KillAt time.Time     // when its grace is over, in phase Stopping
	Grace  time.Duration // how long that was away when it was decided

	Stream     turn.StreamID // 0 without one
	Subscribed bool          // has ever been on the API
	WaitUntil  time.Time     // when it must have subscribed; zero if it need not
}

// Task is one task of an executor. It leaves when its terminal update has been acknowledged.
type Task struct {
	Info      *mesosv1.TaskInfo
	Secrets   map[string][]byte // values that Info refers to by name, until it runs
	Group     uint64
	State     mesosv1.TaskState // the latest
	Statuses  []*mesosv1.TaskStatus
	Delivered bool                // the executor has been told of it; always true for a command
	Kill      *mesosv1.KillPolicy // a KILL that waits for the executor to be there
	DoneBy    time.Time           // max_completion_time; zero without
	Checks    *check.Checks       // of a command that runs; nil without
}

// Add takes on a run of one of the framework's executors, as it was saved.
func (fw *Framework) Add(e *record.Executor) *Container {
	c := &Container{
		Framework: fw, Executor: ids.Executor(e.GetInfo().GetExecutorId().GetValue()), Info: e.GetInfo(), Command: e.GetCommand(),
		ID: ids.Container(e.GetContainerId()), Agent: ids.Agent(e.GetAgentId()), HostBoot: e.GetHostBootId(),
		Created: time.Unix(0, e.GetCreatedNs()), Tasks: map[string]*Task{},
	}
	if pod.Is(c.Info) {
		c.Members = map[string]*Container{}
	}
	fw.Executors[c.Executor] = c
	return c
}

// All lists a framework's executors, and behind each pod its members.
func (fw *Framework) All() []*Container {
	var list []*Container
	for _, c := range Sorted(fw.Executors) {
		list = append(append(list, c), Sorted(c.Members)...)
	}
	return list
}

// Can says whether the framework has a capability.
func (fw *Framework) Can(capability mesosv1.FrameworkInfo_Capability_Type) bool {
	return slices.ContainsFunc(fw.Info.GetCapabilities(), func(c *mesosv1.FrameworkInfo_Capability) bool {
		return c.GetType() == capability
	})
}

// LostAs is state for partition-aware frameworks and TASK_LOST for the others (spec 3.6).
func (fw *Framework) LostAs(state mesosv1.TaskState) mesosv1.TaskState {
	return taskstate.ForFramework(state, fw.Can(mesosv1.FrameworkInfo_Capability_PARTITION_AWARE))
}

// Task finds a task of the framework and the container that has it.
func (fw *Framework) Task(id string) (*Container, *Task) {
	if c := fw.Executors[ExecutorOf(id)]; c != nil && c.Command { // a command task's executor is named after it
		if t := c.Tasks[id]; t != nil {
			return c, t
		}
	}
	for _, c := range fw.Executors {
		if t := c.Tasks[id]; t != nil {
			if member := c.Members[id]; member != nil {
				return member, t
			}
			return c, t
		}
	}
	return nil, nil
}

// Knew says whether a task has ended here and been told of, so that a late update of it is no news.
func (fw *Framework) Knew(id string) bool {
	had := func(c *Container) bool {
		return slices.ContainsFunc(c.Completed, func(t *Task) bool { return t.ID() == id })
	}
	for _, c := range fw.Executors {
		if had(c) {
			return true
		}
	}
	return slices.ContainsFunc(fw.Completed, had)
}

// MemberOf is the task whose container in a pod this is, "" for all other containers.
func (c *Container) MemberOf() string {
	if c.Pod != nil {
		for id := range c.Tasks {
			return id
		}
	}
	return ""
}

// Name is what a container is called in the log.
func (c *Container) Name() string {
	name := string(c.Framework.ID) + "/" + string(c.Executor)
	if c.Pod != nil {
		name += "/" + c.MemberOf()
	}
	return name
}

// PodTasks is what agentd/pod has to know of a pod's tasks.
func (c *Container) PodTasks() []pod.Task {
	var list []pod.Task
	for _, t := range Sorted(c.Tasks) {
		list = append(list, pod.Task{ID: t.ID(), Group: t.Group, State: t.State})
	}
	return list
}

// KillFrom is when the grace of a container is over that was being ended before a restart. If the clock was set back
// meanwhile, it gets its grace once more, and not all the time by which that was.
func (c *Container) KillFrom(now time.Time) time.Time {
	left := min(c.KillAt.Sub(now), c.Grace)
	if c.Grace == 0 { // an earlier version did not write it down
		left = c.KillAt.Sub(now)
	}
	return now.Add(max(left, 0))
}

// Deadline is the next moment that a container waits for, zero for none.
func (c *Container) Deadline() (next time.Time) {
	if !c.Phase.Alive() || c.Members != nil {
		return next
	}
	sooner := func(t time.Time) {
		if !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	sooner(c.KillAt)
	sooner(c.WaitUntil)
	for _, t := range c.Tasks {
		sooner(t.DoneBy)
		sooner(t.Checks.Deadline())
	}
	return next
}

// StartedBefore is when a container was started, on the clock that now is of. Of a clock that was set back that is no later than now.
func (c *Container) StartedBefore(now time.Time) time.Time {
	return now.Add(-max(now.Sub(c.Started), 0))
}

// ID is what the framework calls it.
func (t *Task) ID() string { return t.Info.GetTaskId().GetValue() }

// Ended says whether a task's latest state is final.
func (t *Task) Ended() bool { return taskstate.Terminal(t.State) }

// Arm has a command task ended when its max_completion_time is over, and checked until then. Both count from a time of the
// agent's clock: c.Started is the shim's, and of another day if the clock was set.
func (t *Task) Arm(now time.Time, c *Container, started time.Time) {
	if limit := t.Info.GetMaxCompletionTime(); limit != nil {
		t.DoneBy = started.Add(time.Duration(limit.GetNanoseconds()))
	}
	if c.Phase == lifecycle.Running {
		t.Checks = check.New(t.Info, started, now, outcome.Last(t.Statuses))
	}
}

// Sorted lists a map's values by their keys, so that everything happens in the same order every time.
func Sorted[K ~string, V any](m map[K]V) []V {
	list := make([]V, 0, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		list = append(list, m[key])
	}
	return list
}

// ExecutorOf is the executor of a command task: it has the task's id (spec 3.11; pitfall 23).
func ExecutorOf(taskID string) ids.Executor { return ids.Executor(taskID) }
