package reading

import (
	"time"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/masterd/view"
	"codeberg.org/reeve/reeve/shared/mesosjson"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/version"
)

// Identity is what a document says about the master itself.
type Identity struct {
	Info    *mesosv1.MasterInfo // of the answering master
	Leader  *mesosv1.MasterInfo // nil while nobody leads
	Cluster string              // its name; "" leaves it out
	Build   *mesosv1.VersionInfo
	Started time.Time
	Elected time.Time // zero unless it leads
	Flags   map[string]string
}

// State writes the document of /state (spec 7.1).
func State(w *mesosjson.Writer, id Identity, v *cluster.View) {
	x := newIndex(v)
	w.Open()
	id.write(w)
	active, inactive, unreachable := x.agentCounts()
	w.FloatField("activated_slaves", active)
	w.FloatField("deactivated_slaves", inactive)
	w.FloatField("unreachable_slaves", unreachable)
	if id.Cluster != "" {
		w.TextField("cluster", id.Cluster)
	}
	id.writeLeader(w)
	if dir := id.Flags["log-dir"]; dir != "" {
		w.TextField("log_dir", dir)
	}
	w.FlagsField(id.Flags)
	x.agents(w, "", false)
	x.frameworks(w, "")
	w.EmptyListField("orphan_tasks")
	w.EmptyListField("unregistered_frameworks")
	w.Close()
}

// write writes the members that say who answers.
func (id Identity) write(w *mesosjson.Writer) {
	w.BuildFields(id.Build)
	w.TimeField("start_time", id.Started)
	if !id.Elected.IsZero() {
		w.TimeField("elected_time", id.Elected)
	}
	w.TextField("id", id.Info.GetId())
	w.TextField("pid", id.Info.GetPid())
	w.TextField("hostname", id.Info.GetHostname())
	w.Key("capabilities")
	w.OpenList()
	for _, c := range id.Info.GetCapabilities() {
		w.Text(c.GetType().String())
	}
	w.CloseList()
	if id.Info.GetDomain() != nil {
		w.MessageField("domain", id.Info.GetDomain())
	}
}

func (id Identity) writeLeader(w *mesosjson.Writer) {
	if id.Leader == nil {
		return
	}
	w.TextField("leader", id.Leader.GetPid())
	w.Key("leader_info")
	w.Open()
	w.TextField("id", id.Leader.GetId())
	w.TextField("pid", id.Leader.GetPid())
	w.IntField("port", int64(id.Leader.GetPort()))
	w.TextField("hostname", id.Leader.GetHostname())
	if id.Leader.GetDomain() != nil {
		w.MessageField("domain", id.Leader.GetDomain())
	}
	w.Close()
}

func (x *index) agentCounts() (active, inactive, unreachable float64) {
	for _, a := range x.view.Agents {
		switch {
		case a.Usable():
			active++
		case a.State == cluster.AgentActive, a.State == cluster.AgentDisconnected:
			inactive++
		case a.State == cluster.AgentUnreachable:
			unreachable++
		}
	}
	return active, inactive, unreachable
}

// Agents writes the document of /slaves; only one agent if id is set.
func Agents(w *mesosjson.Writer, v *cluster.View, id string) {
	w.Open()
	newIndex(v).agents(w, id, true)
	w.Close()
}

// agents writes the members slaves and recovered_slaves.
func (x *index) agents(w *mesosjson.Writer, id string, full bool) {
	w.Key("slaves")
	w.OpenList()
	for _, a := range x.registered {
		if id != "" && id != string(a.ID) {
			continue
		}
		w.Open()
		agentSummary(w, a)
		if full {
			agentFull(w, a)
		}
		w.Close()
	}
	w.CloseList()
	w.Key("recovered_slaves")
	w.OpenList()
	for _, a := range x.recovered {
		if id != "" && id != string(a.ID) {
			continue
		}
		w.Open()
		agentName(w, a)
		w.Close()
	}
	w.CloseList()
}

func agentName(w *mesosjson.Writer, a *cluster.Agent) {
	w.TextField("id", string(a.ID))
	w.TextField("hostname", a.Info.GetHostname())
	w.IntField("port", int64(a.Info.GetPort()))
	w.AttributesField("attributes", a.Info.GetAttributes())
	if a.Info.GetDomain() != nil {
		w.MessageField("domain", a.Info.GetDomain())
	}
}

// agentSummary writes the members of an agent that every document has.
func agentSummary(w *mesosjson.Writer, a *cluster.Agent) {
	agentName(w, a)
	w.TextField("pid", a.PID())
	w.TimeField("registered_time", a.Registered)
	if !a.Reregistered.IsZero() {
		w.TimeField("reregistered_time", a.Reregistered)
	}
	w.ResourcesField("resources", a.Total)
	w.ResourcesField("used_resources", a.Allocated)
	w.ResourcesField("offered_resources", a.Offered)
	w.ReservedField("reserved_resources", a.Total)
	w.ResourcesField("unreserved_resources", a.Total.Unreserved())
	w.BoolField("active", a.Usable())
	w.BoolField("deactivated", a.Deactivated)
	w.TextField("version", version.Mesos)
	w.Key("capabilities")
	w.OpenList()
	for _, c := range view.AgentCapabilities {
		w.Text(c.String())
	}
	w.CloseList()
	if a.Drain != nil {
		w.MessageField("drain_info", a.Drain.Proto())
		w.TimeField("estimated_drain_start_time_seconds", a.Drain.Since)
	}
}

func agentFull(w *mesosjson.Writer, a *cluster.Agent) {
	w.ReservedFullField("reserved_resources_full", a.Total)
	w.FullField("unreserved_resources_full", a.Total.Unreserved())
	w.FullField("used_resources_full", a.Allocated)
	w.FullField("offered_resources_full", a.Offered)
}

// Frameworks writes the document of /frameworks; only one framework if id is set.
func Frameworks(w *mesosjson.Writer, v *cluster.View, id string) {
	w.Open()
	newIndex(v).frameworks(w, id)
	w.EmptyListField("unregistered_frameworks")
	w.Close()
}

// frameworks writes the members frameworks and completed_frameworks.
func (x *index) frameworks(w *mesosjson.Writer, id string) {
	lists := []struct {
		name string
		of   []*cluster.Framework
	}{{"frameworks", x.live}, {"completed_frameworks", x.view.Completed}}
	for _, list := range lists {
		w.Key(list.name)
		w.OpenList()
		for _, f := range list.of {
			if id == "" || id == string(f.ID) {
				x.framework(w, f)
			}
		}
		w.CloseList()
	}
}

// frameworkSummary writes the members of a framework that every document has. There is no pid: only frameworks of the
// old driver have one, and readers trip over an empty one (spec 7.1).
func frameworkSummary(w *mesosjson.Writer, f *cluster.Framework) {
	w.TextField("id", string(f.ID))
	w.TextField("name", f.Info.GetName())
	w.ResourcesField("used_resources", f.Allocated)
	w.ResourcesField("offered_resources", f.Offered)
	w.Key("capabilities")
	w.OpenList()
	for _, c := range f.Info.GetCapabilities() {
		w.Text(c.GetType().String())
	}
	w.CloseList()
	w.TextField("hostname", f.Info.GetHostname())
	w.TextField("webui_url", f.Info.GetWebuiUrl())
	w.BoolField("active", f.State == cluster.FrameworkActive)
	w.BoolField("connected", f.State == cluster.FrameworkActive)
	w.BoolField("recovered", f.State == cluster.FrameworkRecovered)
}

func (x *index) framework(w *mesosjson.Writer, f *cluster.Framework) {
	w.Open()
	frameworkSummary(w, f)
	w.TextField("user", f.Info.GetUser())
	w.FloatField("failover_timeout", f.Info.GetFailoverTimeout())
	w.BoolField("checkpoint", f.Info.GetCheckpoint())
	w.TimeField("registered_time", f.Registered)
	w.TimeField("unregistered_time", f.Unregistered)
	if f.Info.GetPrincipal() != "" {
		w.TextField("principal", f.Info.GetPrincipal())
	}
	if !f.Reregistered.IsZero() && !f.Reregistered.Equal(f.Registered) {
		w.TimeField("reregistered_time", f.Reregistered)
	}
	w.ResourcesField("resources", f.Allocated.Plus(f.Offered))
	w.RoleFields(f.Info)
	tasksField(w, "tasks", tasksOf(f))
	tasksField(w, "unreachable_tasks", f.Unreachable)
	tasksField(w, "completed_tasks", f.Ended)
	w.Key("offers")
	w.OpenList()
	for _, o := range x.offers[f.ID] {
		offer(w, f, o)
	}
	w.CloseList()
	w.Key("executors")
	w.OpenList()
	if f.State != cluster.FrameworkCompleted {
		for _, e := range x.executors[f.ID] {
			executorObject(w, f, e)
		}
	}
	w.CloseList()
	w.LabelsField("labels", f.Info.GetLabels())
	w.MessageField("offer_constraints", f.Constraints.Proto())
	w.Close()
}

func tasksField(w *mesosjson.Writer, name string, tasks []*cluster.Task) {
	w.Key(name)
	w.OpenList()
	for _, t := range tasks {
		w.Task(shape(t))
	}
	w.CloseList()
}

func offer(w *mesosjson.Writer, f *cluster.Framework, o *cluster.Offer) {
	w.Open()
	w.TextField("id", string(o.ID))
	w.TextField("framework_id", string(o.Framework))
	if mesosjson.Can(f.Info, mesosv1.FrameworkInfo_Capability_MULTI_ROLE) {
		w.Key("allocation_info")
		w.Open()
		w.TextField("role", o.Role)
		w.Close()
	}
	w.TextField("slave_id", string(o.Agent))
	w.ResourcesField("resources", o.Resources)
	w.Close()
}

func executorObject(w *mesosjson.Writer, f *cluster.Framework, e executor) {
	w.Open()
	w.TextField("executor_id", e.info.GetExecutorId().GetValue())
	w.TextField("name", e.info.GetName())
	w.TextField("framework_id", string(f.ID))
	w.Key("command")
	executorCommand(w, e.info.GetCommand())
	r := parse(e.info.GetResources())
	w.ResourcesField("resources", r)
	if roles := r.AllocationRoles(); len(roles) > 0 {
		w.TextField("role", roles[0])
	} else if len(f.Roles) > 0 {
		w.TextField("role", f.Roles[0])
	}
	w.LabelsField("labels", e.info.GetLabels())
	if e.info.Type != nil {
		w.TextField("type", e.info.GetType().String())
	}
	w.TextField("slave_id", string(e.agent))
	w.Close()
}

func executorCommand(w *mesosjson.Writer, c *mesosv1.CommandInfo) {
	w.Open()
	if c.GetShell() {
		w.BoolField("shell", true)
	}
	if c.Value != nil {
		w.TextField("value", c.GetValue())
	}
	w.TextsField("argv", c.GetArguments())
	if c.GetEnvironment() != nil {
		w.MessageField("environment", c.GetEnvironment())
	}
	w.Key("uris")
	w.OpenList()
	for _, u := range c.GetUris() {
		w.Open()
		w.TextField("value", u.GetValue())
		w.BoolField("executable", u.GetExecutable())
		w.Close()
	}
	w.CloseList()
	w.Close()
}
