package httpapi

import (
	"cmp"

	"codeberg.org/reeve/reeve/agentd/workload"
	"codeberg.org/reeve/reeve/shared/mesosjson"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/resources"
	"codeberg.org/reeve/reeve/shared/taskstate"
)

// capabilities are what every agent of this version can do, by Mesos's names.
var capabilities = []string{"MULTI_ROLE", "HIERARCHICAL_ROLE", "RESERVATION_REFINEMENT", "AGENT_DRAINING", "TASK_RESOURCE_LIMITS"}

// parse reads resources that came in messages. What cannot be read was refused long before it got into a view.
func parse(wire []*mesosv1.Resource) resources.Resources {
	r, err := resources.FromProto(wire)
	if err != nil {
		return resources.Resources{}
	}
	return r
}

// state writes the document of /state (spec 7.3).
func (a *api) state(w *mesosjson.Writer, v *workload.View) {
	total, allocated := totalOf(v), allocatedOf(v)
	w.Open()
	w.BuildFields(a.build)
	w.TimeField("start_time", a.cfg.Started)
	w.TextField("id", v.Agent.GetId().GetValue())
	w.TextField("pid", "slave(1)@"+a.cfg.HTTP)
	w.TextField("hostname", a.cfg.Hostname)
	w.TextsField("capabilities", capabilities)
	if v.Agent.GetDomain() != nil {
		w.MessageField("domain", v.Agent.GetDomain())
	}
	if v.Drain != nil {
		w.MessageField("drain_config", v.Drain)
		w.TimeField("estimated_drain_start_time_seconds", v.DrainSince)
	}
	w.ResourcesField("resources", total)
	w.ReservedField("reserved_resources", total)
	w.ResourcesField("unreserved_resources", total.Unreserved())
	w.ReservedFullField("reserved_resources_full", total)
	w.FullField("unreserved_resources_full", total.Unreserved())
	w.ReservedField("reserved_resources_allocated", allocated)
	w.ResourcesField("unreserved_resources_allocated", allocated.Unreserved())
	w.EmptyListField("resource_providers")
	w.AttributesField("attributes", v.Agent.GetAttributes())
	if master := a.cfg.Master(); master != "" {
		w.TextField("master_hostname", master)
	}
	if dir := a.cfg.Flags["log-dir"]; dir != "" {
		w.TextField("log_dir", dir)
	}
	w.FlagsField(a.cfg.Flags)
	frameworksField(w, "frameworks", v.Agent, v.Frameworks)
	frameworksField(w, "completed_frameworks", v.Agent, v.Completed)
	w.Close()
}

// allocatedOf sums what executors and their tasks hold.
func totalOf(v *workload.View) resources.Resources {
	if v.Total.Empty() {
		return parse(v.Agent.GetResources())
	}
	return v.Total
}

func allocatedOf(v *workload.View) resources.Resources {
	var sum resources.Resources
	for _, f := range v.Frameworks {
		for _, e := range f.Executors {
			sum = sum.Plus(executorResources(e))
		}
	}
	return sum
}

func executorResources(e workload.ExecutorView) resources.Resources {
	sum := parse(e.Info.GetResources())
	for _, t := range e.Tasks {
		if !taskstate.Terminal(t.Task.GetState()) {
			sum = sum.Plus(parse(t.Task.GetResources()))
		}
	}
	return sum
}

func frameworksField(w *mesosjson.Writer, name string, agent *mesosv1.AgentInfo, frameworks []workload.FrameworkView) {
	w.Key(name)
	w.OpenList()
	for _, f := range frameworks {
		w.Open()
		w.TextField("id", string(f.ID))
		w.TextField("name", f.Info.GetName())
		w.TextField("user", f.Info.GetUser())
		w.FloatField("failover_timeout", f.Info.GetFailoverTimeout())
		w.BoolField("checkpoint", f.Info.GetCheckpoint())
		w.TextField("hostname", f.Info.GetHostname())
		if f.Info.GetPrincipal() != "" {
			w.TextField("principal", f.Info.GetPrincipal())
		}
		w.RoleFields(f.Info)
		executorsField(w, "executors", agent, f.Executors)
		executorsField(w, "completed_executors", agent, f.Completed)
		w.Close()
	}
	w.CloseList()
}

func executorsField(w *mesosjson.Writer, name string, agent *mesosv1.AgentInfo, executors []workload.ExecutorView) {
	w.Key(name)
	w.OpenList()
	for _, e := range executors {
		w.Open()
		w.TextField("id", string(e.ID))
		w.TextField("name", e.Info.GetName())
		w.TextField("source", source(e))
		w.TextField("container", string(e.Container))
		w.TextField("directory", e.Sandbox)
		r := executorResources(e)
		w.ResourcesField("resources", r)
		if role := roleOf(e, r); role != "" {
			w.TextField("role", role)
		}
		w.LabelsField("labels", e.Info.GetLabels())
		if e.Info.Type != nil {
			w.TextField("type", e.Info.GetType().String())
		}
		s := sortTasks(e)
		tasksField(w, "tasks", agent, s.launched)
		tasksField(w, "queued_tasks", agent, s.queued)
		tasksField(w, "completed_tasks", agent, append(s.terminated, e.Completed...))
		w.Close()
	}
	w.CloseList()
}

// source names what a command executor came from.
func source(e workload.ExecutorView) string {
	if e.Command {
		return cmp.Or(e.Info.GetSource(), string(e.ID))
	}
	return e.Info.GetSource()
}

// roleOf is the role that an executor's resources are allocated to, also when it holds none any more.
func roleOf(e workload.ExecutorView, r resources.Resources) string {
	for _, t := range e.Completed {
		r = r.Plus(parse(t.Task.GetResources()))
	}
	if roles := r.AllocationRoles(); len(roles) > 0 {
		return roles[0]
	}
	return ""
}

// sorted are an executor's tasks by how far they are.
type sorted struct{ queued, launched, terminated []workload.TaskView }

func sortTasks(e workload.ExecutorView) sorted {
	var s sorted
	for _, t := range e.Tasks {
		switch {
		case taskstate.Terminal(t.Task.GetState()):
			s.terminated = append(s.terminated, t)
		case t.Queued:
			s.queued = append(s.queued, t)
		default:
			s.launched = append(s.launched, t)
		}
	}
	return s
}

func tasksField(w *mesosjson.Writer, name string, agent *mesosv1.AgentInfo, tasks []workload.TaskView) {
	w.Key(name)
	w.OpenList()
	for _, t := range tasks {
		w.Task(shape(agent, t))
	}
	w.CloseList()
}

// shape is the task as documents show it.
func shape(agent *mesosv1.AgentInfo, t workload.TaskView) mesosjson.Task {
	r := parse(t.Task.GetResources())
	out := mesosjson.Task{
		ID:        t.Task.GetTaskId().GetValue(),
		Framework: t.Task.GetFrameworkId().GetValue(),
		Executor:  t.Task.GetExecutorId().GetValue(),
		Agent:     cmp.Or(t.Task.GetAgentId().GetValue(), agent.GetId().GetValue()),
		Info:      t.Info,
		State:     t.Task.GetState(),
		Queued:    t.Queued && !taskstate.Terminal(t.Task.GetState()),
		Statuses:  t.Task.GetStatuses(),
		Resources: r,
	}
	if roles := r.AllocationRoles(); len(roles) > 0 {
		out.Role = roles[0]
	}
	return out
}
