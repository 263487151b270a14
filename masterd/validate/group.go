package validate

import (
	"fmt"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/resources"
)

// The least that an executor of task groups must have (spec 3.4).
const (
	minExecutorCPUs = 10 // in resources.Milli: 0.01
	minExecutorMem  = 32_000
)

// GroupNeeds is what a valid task group takes out of the offers: each task in order, and the executor, which is empty if it
// runs already.
type GroupNeeds struct {
	Tasks    []resources.Resources
	Executor resources.Resources
}

// Group checks a task group that is to be launched, all or nothing (spec 3.4). Tasks and executor have been completed, and
// every task has the executor. The error's text is the message of every task's TASK_ERROR.
func Group(tasks []*mesosv1.TaskInfo, executor *mesosv1.ExecutorInfo, in TaskContext) (GroupNeeds, error) {
	if len(tasks) == 0 {
		return GroupNeeds{}, fmt.Errorf("task group has no tasks")
	}
	seen := map[string]bool{}
	known := in.Known
	in.Known = func(id string) bool { return seen[id] || known(id) }
	for _, task := range tasks {
		if err := groupTask(task, executor, in); err != nil {
			return GroupNeeds{}, fault.Wrap(fault.Invalid, err, "Task '%s' is invalid", task.GetTaskId().GetValue())
		}
		seen[task.GetTaskId().GetValue()] = true
	}
	if err := groupExecutor(executor, in); err != nil {
		return GroupNeeds{}, err
	}
	if err := shareCgroups(tasks, executor); err != nil {
		return GroupNeeds{}, err
	}
	return groupNeeds(tasks, executor, in)
}

// groupTask checks what holds for one task of a group by itself.
func groupTask(task *mesosv1.TaskInfo, executor *mesosv1.ExecutorInfo, in TaskContext) error {
	for _, check := range []func(*mesosv1.TaskInfo, TaskContext) error{
		identity, durations, taskChecks, environments, container,
	} {
		if err := check(task, in); err != nil {
			return err
		}
	}
	own := task.GetContainer()
	health := task.GetHealthCheck().GetType()
	switch {
	case len(own.GetNetworkInfos()) > 0 && (health == mesosv1.HealthCheck_HTTP || health == mesosv1.HealthCheck_TCP):
		return fault.New(fault.Invalid, "HTTP and TCP health checks are not supported for nested containers not joining parent's network")
	case own != nil && own.GetType() == mesosv1.ContainerInfo_DOCKER:
		return fault.New(fault.Invalid, "Docker ContainerInfo is not supported on the task")
	case len(task.GetLimits()) > 0 && sharesCgroups(own):
		return fault.New(fault.Invalid, "Resource limits may only be set for tasks within a task group when the 'share_cgroups' field is set to 'false'.")
	case task.Executor != nil && !sameExecutor(task.GetExecutor(), executor):
		return fault.New(fault.Invalid, "The `ExecutorInfo` of task '%s' is different from executor '%s'", task.GetTaskId().GetValue(), executor.GetExecutorId().GetValue())
	}
	return nil
}

func sharesCgroups(container *mesosv1.ContainerInfo) bool {
	return container.GetLinuxInfo().GetShareCgroups()
}

// shareCgroups checks that tasks agree in whether they share a cgroup.
func shareCgroups(tasks []*mesosv1.TaskInfo, executor *mesosv1.ExecutorInfo) error {
	if linux := executor.GetContainer().GetLinuxInfo(); linux != nil && linux.ShareCgroups != nil && linux.GetShareCgroups() {
		return fault.New(fault.Invalid, "The 'share_cgroups' field cannot be set to 'true' on executor containers")
	}
	for _, task := range tasks[1:] {
		if sharesCgroups(task.GetContainer()) != sharesCgroups(tasks[0].GetContainer()) {
			return fault.New(fault.Invalid, "If set, the value of 'share_cgroups' must be the same for all tasks in each task group and under a single executor")
		}
	}
	return nil
}

// groupExecutor checks the executor of a group.
func groupExecutor(e *mesosv1.ExecutorInfo, in TaskContext) error {
	id := e.GetExecutorId().GetValue()
	if e.Type == nil {
		return fault.New(fault.Invalid, "'ExecutorInfo.type' must be set")
	}
	switch e.GetType() {
	case mesosv1.ExecutorInfo_UNKNOWN:
		return fault.New(fault.Invalid, "Unknown executor type")
	case mesosv1.ExecutorInfo_DEFAULT:
		if err := defaultExecutor(e); err != nil {
			return err
		}
	case mesosv1.ExecutorInfo_CUSTOM:
		if e.Command == nil {
			return fault.New(fault.Invalid, "'ExecutorInfo.command' must be set for 'CUSTOM' executor")
		}
	}
	if e.Container != nil && e.GetContainer().GetType() == mesosv1.ContainerInfo_DOCKER {
		return fault.New(fault.Invalid, "Docker ContainerInfo is not supported on the executor")
	}
	if err := anyExecutor(e, in); err != nil {
		return err
	}
	has, err := amounts("executor", e.GetResources(), in.Role)
	switch {
	case err != nil:
		return err
	case has.Scalar("cpus") < minExecutorCPUs:
		return fault.New(fault.Invalid, "Executor '%s' uses less CPUs (%s) than the minimum required (0.01)", id, amountOrNone(has, "cpus"))
	case has.Scalar("mem") < minExecutorMem:
		return fault.New(fault.Invalid, "Executor '%s' uses less memory (%s) than the minimum required (32MB)", id, amountOrNone(has, "mem"))
	case has.Scalar("disk") == 0:
		return fault.New(fault.Invalid, "Executor '%s' uses no disk", id)
	}
	return nil
}

// amountOrNone is how Mesos writes an amount that may not be there.
func amountOrNone(r resources.Resources, name string) string {
	if r.Scalar(name) == 0 {
		return "None"
	}
	unit := ""
	if name == "mem" {
		unit = "MB"
	}
	return fmt.Sprintf("%g%s", r.Scalar(name).Float(), unit)
}

// defaultExecutor checks what only the built-in executor must not have.
func defaultExecutor(e *mesosv1.ExecutorInfo) error {
	switch {
	case e.Command != nil:
		return fault.New(fault.Invalid, "'ExecutorInfo.command' must not be set for 'DEFAULT' executor")
	case e.Container != nil && e.GetContainer().GetType() != mesosv1.ContainerInfo_MESOS:
		return fault.New(fault.Invalid, "'ExecutorInfo.container.type' must be 'MESOS' for 'DEFAULT' executor")
	case e.GetContainer().GetMesos().GetImage() != nil:
		return fault.New(fault.Invalid, "'ExecutorInfo.container.mesos.image' must not be set for 'DEFAULT' executor")
	}
	return nil
}

// groupNeeds checks what a group and its executor use together, and that the offers have it.
func groupNeeds(tasks []*mesosv1.TaskInfo, e *mesosv1.ExecutorInfo, in TaskContext) (GroupNeeds, error) {
	var n GroupNeeds
	var err error
	if in.Running == nil {
		if n.Executor, err = amounts("executor", e.GetResources(), in.Role); err != nil {
			return n, err
		}
	}
	total := n.Executor
	for _, task := range tasks {
		uses, err := amounts("task", task.GetResources(), in.Role)
		if err == nil && uses.Empty() {
			err = fmt.Errorf("task uses no resources")
		}
		if err == nil {
			err = limits(task, uses)
		}
		if err != nil {
			return n, fault.Wrap(fault.Invalid, err, "Task '%s' is invalid", task.GetTaskId().GetValue())
		}
		before := total
		if total = total.Plus(uses); !total.Minus(before).Equal(uses) { // a sum of ranges hides what is in both
			return n, fault.New(fault.Invalid, "There are overlapping resources in the task group's task resources and/or executor resources: "+
				"task '%s' uses %s again", task.GetTaskId().GetValue(), uses.Text("ports"))
		}
		n.Tasks = append(n.Tasks, uses)
	}
	if err := revocable(total); err != nil {
		return n, fault.Wrap(fault.Invalid, err, "Task group and executor mix revocable and non-revocable resources")
	}
	if !in.Available.Contains(total.Once()) {
		return n, fault.New(fault.Invalid, "Total resources %s required by task group and its executor are more than available %s", total, in.Available)
	}
	return n, nil
}
