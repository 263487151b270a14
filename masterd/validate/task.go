package validate

import (
	"fmt"
	"math"
	"slices"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/resources"
)

// TaskContext is what Task has to know besides the task. The caller makes one for each task.
type TaskContext struct {
	OperationID string // of the LAUNCH, which must have none
	Agent       ids.Agent
	Role        string              // of the offer
	Available   resources.Resources // of the offers, what earlier tasks left, allocated to Role
	Running     *mesosv1.ExecutorInfo
	Known       func(taskID string) bool // the framework has a task of that id that is active or unreachable
}

// Needs is what a valid task takes out of the offers, allocated to the role. Executor is empty if it runs already.
type Needs struct{ Task, Executor resources.Resources }

// CompleteTask returns a copy of a task in which what frameworks may leave out is filled in: allocation roles, the
// executor's framework, the types of checks (spec 3.4). Task expects one.
func CompleteTask(info *mesosv1.TaskInfo, framework ids.Framework, role string) *mesosv1.TaskInfo {
	info = proto.CloneOf(info)
	allocate(info.GetResources(), role)
	if info.Executor != nil {
		info.Executor = CompleteExecutor(info.GetExecutor(), framework, role)
	}
	if h := info.HealthCheck; h != nil && h.Type == nil {
		switch {
		case h.Command != nil:
			h.Type = mesosv1.HealthCheck_COMMAND.Enum()
		case h.Http != nil:
			h.Type = mesosv1.HealthCheck_HTTP.Enum()
		}
	}
	return info
}

// CompleteExecutor is CompleteTask for an executor.
func CompleteExecutor(info *mesosv1.ExecutorInfo, framework ids.Framework, role string) *mesosv1.ExecutorInfo {
	info = proto.CloneOf(info)
	allocate(info.GetResources(), role)
	if info.FrameworkId == nil {
		info.FrameworkId = &mesosv1.FrameworkID{Value: new(string(framework))}
	}
	return info
}

func allocate(list []*mesosv1.Resource, role string) {
	for _, r := range list {
		if r.GetAllocationInfo().GetRole() == "" {
			r.AllocationInfo = &mesosv1.Resource_AllocationInfo{Role: new(role)}
		}
	}
}

// Task checks a task that is to be launched (spec 3.4). The error's text is the message of TASK_ERROR.
func Task(info *mesosv1.TaskInfo, in TaskContext) (Needs, error) {
	for _, check := range []func(*mesosv1.TaskInfo, TaskContext) error{
		identity, runnable, durations, taskChecks, environments, container,
	} {
		if err := check(info, in); err != nil {
			return Needs{}, err
		}
	}
	return needs(info, in)
}

func identity(info *mesosv1.TaskInfo, in TaskContext) error {
	id := info.GetTaskId().GetValue()
	if in.OperationID != "" {
		return fmt.Errorf("LAUNCH must not have an operation id, this one has '%s'", in.OperationID)
	}
	if err := ids.Check(id); err != nil {
		return fmt.Errorf("task %w", err)
	}
	if in.Known(id) {
		return fmt.Errorf("task has duplicate ID: %s; it can be used again when its task has ended and that was acknowledged", id)
	}
	if got := info.GetAgentId().GetValue(); got != string(in.Agent) {
		return fmt.Errorf("task uses agent %s while the offer is of agent %s", got, in.Agent)
	}
	return nil
}

func runnable(info *mesosv1.TaskInfo, in TaskContext) error {
	if (info.Executor == nil) == (info.Command == nil) {
		return fmt.Errorf("task should have exactly one of CommandInfo or ExecutorInfo present")
	}
	if info.Executor != nil {
		return executor(info.GetExecutor(), in)
	}
	return nil
}

func executor(e *mesosv1.ExecutorInfo, in TaskContext) error {
	id := e.GetExecutorId().GetValue()
	switch e.GetType() {
	case mesosv1.ExecutorInfo_UNKNOWN, mesosv1.ExecutorInfo_CUSTOM:
	case mesosv1.ExecutorInfo_DEFAULT:
		return fmt.Errorf("executor '%s' is of type DEFAULT, which runs task groups only; LAUNCH needs CUSTOM", id)
	}
	if e.Command == nil {
		return fmt.Errorf("executor '%s' has no command", id)
	}
	return anyExecutor(e, in)
}

// anyExecutor checks what holds for executors of every type.
func anyExecutor(e *mesosv1.ExecutorInfo, in TaskContext) error {
	id := e.GetExecutorId().GetValue()
	if err := ids.Check(id); err != nil {
		return fmt.Errorf("executor %w", err)
	}
	if d := e.GetShutdownGracePeriod().GetNanoseconds(); d < 0 {
		return fmt.Errorf("executor '%s' has a negative shutdown grace period", id)
	}
	if in.Running != nil && !sameExecutor(e, in.Running) {
		return fmt.Errorf("executor '%s' runs on this agent already with another ExecutorInfo; use another id or the same info", id)
	}
	return nil
}

// sameExecutor compares resources by amount, everything else field by field.
func sameExecutor(a, b *mesosv1.ExecutorInfo) bool {
	ra, errA := resources.FromProto(a.GetResources())
	rb, errB := resources.FromProto(b.GetResources())
	if errA != nil || errB != nil || !ra.Equal(rb) {
		return false
	}
	a, b = proto.CloneOf(a), proto.CloneOf(b)
	a.Resources, b.Resources = nil, nil
	return proto.Equal(a, b)
}

func durations(info *mesosv1.TaskInfo, _ TaskContext) error {
	if info.GetKillPolicy().GetGracePeriod().GetNanoseconds() < 0 {
		return fmt.Errorf("task's 'kill_policy.grace_period' must be non-negative")
	}
	if info.GetMaxCompletionTime().GetNanoseconds() < 0 {
		return fmt.Errorf("task's 'max_completion_time' must be non-negative")
	}
	return nil
}

// needs checks what a task and its executor use, and that the offers have it.
func needs(info *mesosv1.TaskInfo, in TaskContext) (Needs, error) {
	var n Needs
	var err error
	if n.Task, err = amounts("task", info.GetResources(), in.Role); err != nil {
		return n, err
	}
	if n.Task.Empty() {
		return n, fmt.Errorf("task uses no resources")
	}
	if err := limits(info, n.Task); err != nil {
		return n, err
	}
	if info.Executor != nil && in.Running == nil {
		if n.Executor, err = amounts("executor", info.GetExecutor().GetResources(), in.Role); err != nil {
			return n, err
		}
	}
	total := n.Task.Plus(n.Executor)
	if err := revocable(total); err != nil {
		return n, err
	}
	if !total.Minus(n.Executor).Equal(n.Task) { // a sum of ranges hides what is in both
		return n, fmt.Errorf("task and its executor use the same ports: %s and %s", n.Task.Text("ports"), n.Executor.Text("ports"))
	}
	if !in.Available.Contains(total.Once()) {
		return n, fault.New(fault.Invalid, "Total resources %s required by task and its executor is more than available %s", total, in.Available)
	}
	return n, nil
}

// amounts parses resources and checks what holds for a task's and an executor's alike.
func amounts(whose string, list []*mesosv1.Resource, role string) (resources.Resources, error) {
	r, err := resources.FromProto(list)
	if err != nil {
		return r, fmt.Errorf("%s uses invalid resources: %w", whose, err)
	}
	for _, other := range r.AllocationRoles() {
		if other != role {
			return r, fmt.Errorf("%s uses resources allocated to role '%s' while the offer is for role '%s'", whose, other, role)
		}
	}
	return r, nil
}

func revocable(r resources.Resources) error {
	firm := r.Nonrevocable().Names()
	for _, name := range r.Revocable().Names() {
		if slices.Contains(firm, name) {
			return fmt.Errorf("task and its executor use both revocable and non-revocable %s", name)
		}
	}
	return nil
}

func limits(info *mesosv1.TaskInfo, uses resources.Resources) error {
	for name, limit := range info.GetLimits() {
		if name != "cpus" && name != "mem" {
			return fmt.Errorf("task's resource limits may name cpus and mem only, not '%s'", name)
		}
		if v := limit.GetValue(); math.IsNaN(v) || !math.IsInf(v, 1) && resources.MilliOf(v) < uses.Scalar(name) {
			return fmt.Errorf("task's limit of %v %s is below its request of %v", v, name, uses.Scalar(name).Float())
		}
	}
	return nil
}
