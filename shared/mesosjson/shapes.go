package mesosjson

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"

	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/resources"
	"codeberg.org/reeve/reeve/shared/secrets"
)

// forced are the scalars that a resources object always has, in Mesos's order.
var forced = [...]string{"disk", "mem", "gpus", "cpus"}

// Resources writes the resources object: the four scalars always, ranges and sets as text, revocable amounts apart.
func (w *Writer) Resources(r resources.Resources) {
	plain, revocable := r.Nonrevocable(), r.Revocable()
	w.Open()
	for _, name := range forced {
		w.FloatField(name, plain.Scalar(name).Float())
	}
	for _, name := range plain.Names() {
		if !slices.Contains(forced[:], name) {
			w.quantity(plain, name, name)
		}
	}
	for _, name := range revocable.Names() {
		w.quantity(revocable, name, name+"_revocable")
	}
	w.Close()
}

// Quantities writes an object of the amounts that exist, and no zeros.
func (w *Writer) Quantities(r resources.Resources) {
	w.Open()
	for _, name := range r.Names() {
		w.quantity(r, name, name)
	}
	w.Close()
}

func (w *Writer) quantity(r resources.Resources, name, key string) {
	if r.IsScalar(name) {
		w.FloatField(key, r.Scalar(name).Float())
		return
	}
	w.TextField(key, r.Text(name))
}

// ResourcesField writes a member that is a resources object.
func (w *Writer) ResourcesField(name string, r resources.Resources) { w.Key(name); w.Resources(r) }

// QuantitiesField writes a member that is an object of amounts.
func (w *Writer) QuantitiesField(name string, r resources.Resources) { w.Key(name); w.Quantities(r) }

// FullField writes a member that is an array of whole Resource messages.
func (w *Writer) FullField(name string, r resources.Resources) { w.Key(name); w.full(r) }

func (w *Writer) full(r resources.Resources) {
	w.OpenList()
	for _, m := range r.ProtoEndpoint() {
		w.Message(m)
	}
	w.CloseList()
}

// ReservedField writes a member that has a resources object for each role that something is reserved to.
func (w *Writer) ReservedField(name string, r resources.Resources) {
	w.Key(name)
	w.Open()
	for _, role := range r.Reservations() {
		w.ResourcesField(role, r.ReservedTo(role))
	}
	w.Close()
}

// ReservedFullField writes a member that has an array of Resource messages for each role with reservations.
func (w *Writer) ReservedFullField(name string, r resources.Resources) {
	w.Key(name)
	w.Open()
	for _, role := range r.Reservations() {
		w.FullField(role, r.ReservedTo(role))
	}
	w.Close()
}

// AttributesField writes a member that maps attributes to numbers and texts.
func (w *Writer) AttributesField(name string, attributes []*mesosv1.Attribute) {
	w.Key(name)
	w.Open()
	for _, a := range attributes {
		if a.GetType() == mesosv1.Value_SCALAR {
			w.FloatField(a.GetName(), a.GetScalar().GetValue())
			continue
		}
		w.TextField(a.GetName(), resources.AttributeText(a))
	}
	w.Close()
}

// LabelsField writes a member that is an array of labels; nothing if there are none.
func (w *Writer) LabelsField(name string, labels *mesosv1.Labels) {
	if labels == nil {
		return
	}
	w.Key(name)
	w.OpenList()
	for _, l := range labels.GetLabels() {
		w.Message(l)
	}
	w.CloseList()
}

// RoleFields writes the role or roles of a framework, by what it can do.
func (w *Writer) RoleFields(info *mesosv1.FrameworkInfo) {
	if Can(info, mesosv1.FrameworkInfo_Capability_MULTI_ROLE) {
		w.TextsField("roles", info.GetRoles())
		return
	}
	w.TextField("role", cmp.Or(info.GetRole(), "*"))
}

// Can reports whether a framework has a capability.
func Can(info *mesosv1.FrameworkInfo, want mesosv1.FrameworkInfo_Capability_Type) bool {
	return slices.ContainsFunc(info.GetCapabilities(), func(c *mesosv1.FrameworkInfo_Capability) bool {
		return c.GetType() == want
	})
}

// BuildFields writes the members that describe a binary, the same in /version and /state.
func (w *Writer) BuildFields(build *mesosv1.VersionInfo) {
	w.TextField("version", build.GetVersion())
	if sha := build.GetGitSha(); sha != "" {
		w.TextField("git_sha", sha)
	}
	w.TextField("build_date", build.GetBuildDate())
	w.FloatField("build_time", build.GetBuildTime())
	w.TextField("build_user", build.GetBuildUser())
}

// FlagsField writes the member "flags": an object of texts, with the names spelt as Mesos spells them.
func (w *Writer) FlagsField(flags map[string]string) {
	w.Key("flags")
	w.Open()
	for _, name := range slices.Sorted(maps.Keys(flags)) {
		w.TextField(FlagName(name), flags[name])
	}
	w.Close()
}

// FlagName spells a flag as Mesos does.
func FlagName(name string) string { return strings.ReplaceAll(name, "-", "_") }

// Task is a task as masters and agents show it, whichever record they keep of it.
type Task struct {
	ID        string
	Framework string
	Executor  string // "" for a command task
	Agent     string
	Info      *mesosv1.TaskInfo // as it was launched; nil if only its statuses are known
	Role      string
	State     mesosv1.TaskState
	Queued    bool // not launched yet: it has neither state nor statuses
	Statuses  []*mesosv1.TaskStatus
	Resources resources.Resources
}

// Task writes a task object (spec 7.1).
func (w *Writer) Task(t Task) {
	w.Open()
	w.TextField("id", t.ID)
	w.TextField("name", t.Info.GetName())
	w.TextField("framework_id", t.Framework)
	w.TextField("executor_id", t.Executor)
	w.TextField("slave_id", t.Agent)
	if !t.Queued {
		w.TextField("state", t.State.String())
	}
	w.ResourcesField("resources", t.Resources)
	if limits := t.Info.GetLimits(); len(limits) > 0 {
		w.Key("limits")
		w.Open()
		for _, name := range slices.Sorted(maps.Keys(limits)) {
			if v := limits[name].GetValue(); math.IsInf(v, 1) {
				w.TextField(name, "Infinity") // a bare literal would not be JSON
			} else {
				w.FloatField(name, v)
			}
		}
		w.Close()
	}
	if t.Role != "" {
		w.TextField("role", t.Role)
	}
	if !t.Queued {
		w.Key("statuses")
		w.OpenList()
		for _, s := range t.Statuses {
			w.status(s)
		}
		w.CloseList()
	}
	w.taskExtras(t)
	w.Close()
}

// taskExtras writes the members of a task that few tasks have.
func (w *Writer) taskExtras(t Task) {
	if user := t.user(); user != "" {
		w.TextField("user", user)
	}
	w.LabelsField("labels", t.Info.GetLabels())
	if d := t.Info.GetDiscovery(); d != nil {
		w.MessageField("discovery", d)
	}
	if c := t.container(); c != nil {
		w.MessageField("container", c)
	}
	if h := t.Info.GetHealthCheck(); h != nil {
		w.MessageField("health_check", h)
	}
}

// user is the one that the task asked for, not the one its framework runs as.
func (t Task) user() string {
	return cmp.Or(t.Info.GetCommand().GetUser(), t.Info.GetExecutor().GetCommand().GetUser())
}

func (t Task) container() *mesosv1.ContainerInfo {
	if c := t.Info.GetContainer(); c != nil {
		return secrets.Hidden(c)
	}
	return secrets.Hidden(t.Info.GetExecutor().GetContainer())
}

// status writes a status object: much of a TaskStatus is not for these endpoints.
func (w *Writer) status(s *mesosv1.TaskStatus) {
	w.Open()
	w.TextField("state", s.GetState().String())
	w.FloatField("timestamp", s.GetTimestamp())
	w.LabelsField("labels", s.GetLabels())
	if c := s.GetContainerStatus(); c != nil {
		w.Key("container_status")
		w.Open()
		if c.ContainerId != nil {
			w.MessageField("container_id", c.GetContainerId())
		}
		if len(c.GetNetworkInfos()) > 0 {
			w.Key("network_infos")
			w.OpenList()
			for _, n := range c.GetNetworkInfos() {
				w.Message(n)
			}
			w.CloseList()
		}
		if c.CgroupInfo != nil {
			w.MessageField("cgroup_info", c.GetCgroupInfo())
		}
		w.Close()
	}
	if s.Healthy != nil {
		w.BoolField("healthy", s.GetHealthy())
	}
	w.Close()
}

// Proto returns the task as the v1 operator API has it.
func (t Task) Proto() *mesosv1.Task {
	m := &mesosv1.Task{
		Name:        new(t.Info.GetName()),
		TaskId:      &mesosv1.TaskID{Value: new(t.ID)},
		FrameworkId: &mesosv1.FrameworkID{Value: new(t.Framework)},
		AgentId:     &mesosv1.AgentID{Value: new(t.Agent)},
		State:       t.State.Enum(),
		Resources:   t.Resources.Proto(),
		Limits:      t.Info.GetLimits(),
		Statuses:    t.Statuses,
		Labels:      t.Info.GetLabels(),
		Discovery:   t.Info.GetDiscovery(),
		Container:   t.container(),
		HealthCheck: t.Info.GetHealthCheck(),
	}
	if p := t.Info.GetKillPolicy(); p != nil {
		m.KillPolicy = p
	}
	if t.Executor != "" {
		m.ExecutorId = &mesosv1.ExecutorID{Value: new(t.Executor)}
	}
	if user := t.user(); user != "" {
		m.User = new(user)
	}
	for _, v := range slices.Backward(t.Statuses) {
		if s := v; len(s.GetUuid()) > 0 { // only what an agent reported counts as an update
			m.StatusUpdateState, m.StatusUpdateUuid = s.GetState().Enum(), s.GetUuid()
			break
		}
	}
	return m
}
