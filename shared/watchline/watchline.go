// Package watchline reads and writes lines of /reeve/v1/watch, and lists of tasks, as encoding/json would, several times as
// fast and with a fraction of its garbage: a console on a large cluster does nothing else most of the time. It owns a reader
// and a writer for what comes in masses (tasks, events; to read also agents, frameworks and the cluster's figures) in the form in which masters write it; all else,
// and everything that is unusual, it leaves to encoding/json, so that they never differ. What comes again and again is kept
// once when it is read. Start reading at Reader and AppendWatch.
package watchline

import (
	"bytes"
	"encoding/json"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// Reader reads lines of one stream. It is for one goroutine; the zero value is ready.
type Reader struct {
	texts map[string]string            // by how they are written, with escapes
	maps  map[string]map[string]string // by how they are written

	agents, frameworks, tasks, moves, events, steps int // how many there were in the last list
	places, launches, groups, figures, column       int

	masters string // how those of the last cluster are written
	known   []reeveapi.Master

	part []reeveapi.Task // memory of EachTask

	minute string    // of the last moment, as it is written up to the seconds
	began  time.Time // when that minute began
}

// kept is how many texts and maps are remembered; then it starts over.
const kept = 8192

// recall makes room for what is remembered.
func (r *Reader) recall() {
	if r.texts == nil || len(r.texts) > kept || len(r.maps) > kept {
		r.texts, r.maps = map[string]string{}, map[string]map[string]string{}
	}
}

// Read reads one line. What it answers may share texts and maps with other lines: maps must not be changed.
func (r *Reader) Read(line []byte) (*reeveapi.Watch, error) {
	r.recall()
	w := &reeveapi.Watch{}
	s := &scanner{reader: r, text: line}
	object(s, w, watchFields)
	if s.space(); !s.bad && s.at == len(line) {
		return w, nil
	}
	w = &reeveapi.Watch{} // what was read so far may be half of something
	return w, json.Unmarshal(line, w)
}

// Tasks reads a list of tasks, as GET /reeve/v1/tasks answers it. What it answers may share texts and maps as those of Read do.
func (r *Reader) Tasks(text []byte) ([]reeveapi.Task, error) {
	r.recall()
	r.tasks = bytes.Count(text, []byte(`{"id":`)) // or a few more: to have the room in one piece
	s := &scanner{reader: r, text: text}
	tasks := list(s, taskFields, &r.tasks)
	if s.space(); !s.bad && s.at == len(text) {
		return tasks, nil
	}
	var all []reeveapi.Task
	return all, json.Unmarshal(text, &all)
}

// field is a key of an object and how its value is read.
type field[T any] struct {
	name string
	read func(s *scanner, v *T)
}

var watchFields = []field[reeveapi.Watch]{
	{"snapshot", func(s *scanner, w *reeveapi.Watch) { s.other(&w.Snapshot) }},
	{"version", func(s *scanner, w *reeveapi.Watch) { w.Version = s.unsigned() }},
	{"cluster", func(s *scanner, w *reeveapi.Watch) {
		w.Cluster = new(reeveapi.Cluster)
		object(s, w.Cluster, clusterFields)
	}},
	{"agents", func(s *scanner, w *reeveapi.Watch) { w.Agents = list(s, agentFields, &s.reader.agents) }},
	{"agents_removed", func(s *scanner, w *reeveapi.Watch) { w.AgentsRemoved = s.texts() }},
	{"frameworks", func(s *scanner, w *reeveapi.Watch) { w.Frameworks = list(s, frameworkFields, &s.reader.frameworks) }},
	{"frameworks_removed", func(s *scanner, w *reeveapi.Watch) { w.FrameworksRemoved = s.texts() }},
	{"tasks", func(s *scanner, w *reeveapi.Watch) { w.Tasks = list(s, taskFields, &s.reader.tasks) }},
	{"tasks_moved", func(s *scanner, w *reeveapi.Watch) { w.TasksMoved = list(s, moveFields, &s.reader.moves) }},
	{"tasks_removed", func(s *scanner, w *reeveapi.Watch) { w.TasksRemoved = s.texts() }},
	{"jobs", func(s *scanner, w *reeveapi.Watch) { s.other(&w.Jobs) }},
	{"jobs_removed", func(s *scanner, w *reeveapi.Watch) { w.JobsRemoved = s.texts() }},
	{"roles", func(s *scanner, w *reeveapi.Watch) { s.other(&w.Roles) }},
	{"roles_removed", func(s *scanner, w *reeveapi.Watch) { w.RolesRemoved = s.texts() }},
	{"offers", func(s *scanner, w *reeveapi.Watch) { s.other(&w.Offers) }},
	{"offers_removed", func(s *scanner, w *reeveapi.Watch) { w.OffersRemoved = s.texts() }},
	{"events", func(s *scanner, w *reeveapi.Watch) { w.Events = list(s, eventFields, &s.reader.events) }},
	{"brief", func(s *scanner, w *reeveapi.Watch) {
		w.Brief = new(reeveapi.Brief)
		object(s, w.Brief, briefFields)
	}},
}

// Fields stand in the order in which masters write them. There is a cluster in each line in which anything has changed.
var clusterFields = []field[reeveapi.Cluster]{
	{"name", func(s *scanner, c *reeveapi.Cluster) { c.Name = s.shared() }},
	{"id", func(s *scanner, c *reeveapi.Cluster) { c.ID = s.shared() }},
	{"version", func(s *scanner, c *reeveapi.Cluster) { c.Version = s.shared() }},
	{"leader", func(s *scanner, c *reeveapi.Cluster) { c.Leader = s.shared() }},
	{"term", func(s *scanner, c *reeveapi.Cluster) { c.Term = s.unsigned() }},
	{"elected", func(s *scanner, c *reeveapi.Cluster) { c.Elected = s.time() }},
	{"started", func(s *scanner, c *reeveapi.Cluster) { c.Started = s.time() }},
	{"commit", func(s *scanner, c *reeveapi.Cluster) { c.Commit = s.shared() }},
	{"built", func(s *scanner, c *reeveapi.Cluster) { c.Built = s.time() }},
	{"built_by", func(s *scanner, c *reeveapi.Cluster) { c.BuiltBy = s.shared() }},
	{"total", func(s *scanner, c *reeveapi.Cluster) { object(s, &c.Total, amountFields) }},
	{"allocated", func(s *scanner, c *reeveapi.Cluster) { object(s, &c.Allocated, amountFields) }},
	{"offered", func(s *scanner, c *reeveapi.Cluster) { object(s, &c.Offered, amountFields) }},
	{"used", func(s *scanner, c *reeveapi.Cluster) { object(s, &c.Used, amountFields) }},
	{"agents", func(s *scanner, c *reeveapi.Cluster) { c.Agents = s.counts() }},
	{"tasks", func(s *scanner, c *reeveapi.Cluster) { c.Tasks = s.counts() }},
	{"frameworks", func(s *scanner, c *reeveapi.Cluster) { c.Frameworks = s.counts() }},
	{"masters", func(s *scanner, c *reeveapi.Cluster) { c.Masters = s.masters() }},
	{"gossip", func(s *scanner, c *reeveapi.Cluster) { c.Gossip = s.counts() }},
}

var frameworkFields = []field[reeveapi.Framework]{
	{"id", func(s *scanner, f *reeveapi.Framework) { f.ID = s.shared() }},
	{"name", func(s *scanner, f *reeveapi.Framework) { f.Name = s.shared() }},
	{"state", func(s *scanner, f *reeveapi.Framework) { f.State = s.shared() }},
	{"user", func(s *scanner, f *reeveapi.Framework) { f.User = s.shared() }},
	{"principal", func(s *scanner, f *reeveapi.Framework) { f.Principal = s.shared() }},
	{"hostname", func(s *scanner, f *reeveapi.Framework) { f.Hostname = s.shared() }},
	{"webui", func(s *scanner, f *reeveapi.Framework) { f.WebUI = s.shared() }},
	{"roles", func(s *scanner, f *reeveapi.Framework) { f.Roles = s.texts() }},
	{"suppressed", func(s *scanner, f *reeveapi.Framework) { f.Suppressed = s.texts() }},
	{"capabilities", func(s *scanner, f *reeveapi.Framework) { f.Capabilities = s.texts() }},
	{"since", func(s *scanner, f *reeveapi.Framework) { f.Since = s.time() }},
	{"registered", func(s *scanner, f *reeveapi.Framework) { f.Registered = s.time() }},
	{"reregistered", func(s *scanner, f *reeveapi.Framework) { f.Reregistered = s.time() }},
	{"failover_seconds", func(s *scanner, f *reeveapi.Framework) { f.Failover = s.number() }},
	{"ended", func(s *scanner, f *reeveapi.Framework) { f.Ended = s.time() }},
	{"allocated", func(s *scanner, f *reeveapi.Framework) { object(s, &f.Allocated, amountFields) }},
	{"offered", func(s *scanner, f *reeveapi.Framework) { object(s, &f.Offered, amountFields) }},
	{"offers", func(s *scanner, f *reeveapi.Framework) { f.Offers = int(s.whole()) }},
	{"tasks", func(s *scanner, f *reeveapi.Framework) { f.Tasks = s.counts() }},
}

var taskFields = []field[reeveapi.Task]{
	{"id", func(s *scanner, t *reeveapi.Task) { t.ID = s.own() }},
	{"framework", func(s *scanner, t *reeveapi.Task) { t.Framework = s.shared() }},
	{"framework_name", func(s *scanner, t *reeveapi.Task) { t.FrameworkName = s.shared() }},
	{"name", func(s *scanner, t *reeveapi.Task) { t.Name = s.own() }},
	{"role", func(s *scanner, t *reeveapi.Task) { t.Role = s.shared() }},
	{"executor", func(s *scanner, t *reeveapi.Task) { t.Executor = s.like(t.ID) }},
	{"agent", func(s *scanner, t *reeveapi.Task) { t.Agent = s.shared() }},
	{"agent_name", func(s *scanner, t *reeveapi.Task) { t.AgentName = s.shared() }},
	{"agent_http", func(s *scanner, t *reeveapi.Task) { t.AgentHTTP = s.shared() }},
	{"container", func(s *scanner, t *reeveapi.Task) { t.Container = s.own() }},
	{"state", func(s *scanner, t *reeveapi.Task) { t.State = s.shared() }},
	{"message", func(s *scanner, t *reeveapi.Task) { t.Message = s.shared() }},
	{"reason", func(s *scanner, t *reeveapi.Task) { t.Reason = s.shared() }},
	{"source", func(s *scanner, t *reeveapi.Task) { t.Source = s.shared() }},
	{"healthy", func(s *scanner, t *reeveapi.Task) { s.other(&t.Healthy) }},
	{"check", func(s *scanner, t *reeveapi.Task) { t.Check = s.shared() }},
	{"requested", func(s *scanner, t *reeveapi.Task) { object(s, &t.Requested, amountFields) }},
	{"ports", func(s *scanner, t *reeveapi.Task) { t.Ports = s.shared() }},
	{"command", func(s *scanner, t *reeveapi.Task) { t.Command = s.shared() }},
	{"image", func(s *scanner, t *reeveapi.Task) { t.Image = s.shared() }},
	{"pull", func(s *scanner, t *reeveapi.Task) { s.other(&t.Pull) }},
	{"user", func(s *scanner, t *reeveapi.Task) { t.User = s.shared() }},
	{"labels", func(s *scanner, t *reeveapi.Task) { t.Labels = s.sharedMap() }},
	{"env", func(s *scanner, t *reeveapi.Task) { t.Env = s.sharedMap() }},
	{"job", func(s *scanner, t *reeveapi.Task) { t.Job = s.shared() }},
	{"sandbox", func(s *scanner, t *reeveapi.Task) { t.Sandbox = s.own() }},
	{"history", func(s *scanner, t *reeveapi.Task) { t.History = list(s, stepFields, &s.reader.steps) }},
	{"launched", func(s *scanner, t *reeveapi.Task) { t.Launched = s.time() }},
	{"ended", func(s *scanner, t *reeveapi.Task) { t.Ended = s.time() }},
}

var moveFields = []field[reeveapi.TaskMove]{
	{"task", func(s *scanner, m *reeveapi.TaskMove) { m.Task = s.own() }},
	{"framework_name", func(s *scanner, m *reeveapi.TaskMove) { m.FrameworkName = s.shared() }},
	{"agent_name", func(s *scanner, m *reeveapi.TaskMove) { m.AgentName = s.shared() }},
	{"agent_http", func(s *scanner, m *reeveapi.TaskMove) { m.AgentHTTP = s.shared() }},
	{"container", func(s *scanner, m *reeveapi.TaskMove) { m.Container = s.own() }},
	{"state", func(s *scanner, m *reeveapi.TaskMove) { m.State = s.shared() }},
	{"message", func(s *scanner, m *reeveapi.TaskMove) { m.Message = s.shared() }},
	{"reason", func(s *scanner, m *reeveapi.TaskMove) { m.Reason = s.shared() }},
	{"source", func(s *scanner, m *reeveapi.TaskMove) { m.Source = s.shared() }},
	{"healthy", func(s *scanner, m *reeveapi.TaskMove) { s.other(&m.Healthy) }},
	{"check", func(s *scanner, m *reeveapi.TaskMove) { m.Check = s.shared() }},
	{"pull", func(s *scanner, m *reeveapi.TaskMove) { s.other(&m.Pull) }},
	{"kept", func(s *scanner, m *reeveapi.TaskMove) { m.Kept = int(s.whole()) }},
	{"history", func(s *scanner, m *reeveapi.TaskMove) { m.History = list(s, stepFields, &s.reader.steps) }},
	{"ended", func(s *scanner, m *reeveapi.TaskMove) { m.Ended = s.time() }},
}

var stepFields = []field[reeveapi.TaskStep]{
	{"state", func(s *scanner, t *reeveapi.TaskStep) { t.State = s.shared() }},
	{"at", func(s *scanner, t *reeveapi.TaskStep) { t.At = s.time() }},
	{"message", func(s *scanner, t *reeveapi.TaskStep) { t.Message = s.shared() }},
}

var amountFields = []field[reeveapi.Amounts]{
	{"cpus", func(s *scanner, a *reeveapi.Amounts) { a.CPUs = s.number() }},
	{"mem", func(s *scanner, a *reeveapi.Amounts) { a.Mem = s.number() }},
	{"disk", func(s *scanner, a *reeveapi.Amounts) { a.Disk = s.number() }},
	{"gpus", func(s *scanner, a *reeveapi.Amounts) { a.GPUs = s.number() }},
}

var eventFields = []field[reeveapi.Event]{
	{"seq", func(s *scanner, e *reeveapi.Event) { e.Seq = s.unsigned() }},
	{"at", func(s *scanner, e *reeveapi.Event) { e.At = s.time() }},
	{"kind", func(s *scanner, e *reeveapi.Event) { e.Kind = s.shared() }},
	{"subject", func(s *scanner, e *reeveapi.Event) { e.Subject = s.own() }},
	{"id", func(s *scanner, e *reeveapi.Event) { e.ID = s.own() }},
	{"agent", func(s *scanner, e *reeveapi.Event) { e.Agent = s.shared() }},
	{"text", func(s *scanner, e *reeveapi.Event) { e.Text = s.shared() }},
	{"who", func(s *scanner, e *reeveapi.Event) { e.Who = s.shared() }},
}

var agentFields = []field[reeveapi.Agent]{
	{"id", func(s *scanner, a *reeveapi.Agent) { a.ID = s.shared() }},
	{"name", func(s *scanner, a *reeveapi.Agent) { a.Name = s.shared() }},
	{"http", func(s *scanner, a *reeveapi.Agent) { a.HTTP = s.shared() }},
	{"state", func(s *scanner, a *reeveapi.Agent) { a.State = s.shared() }},
	{"reason", func(s *scanner, a *reeveapi.Agent) { a.Reason = s.shared() }},
	{"version", func(s *scanner, a *reeveapi.Agent) { a.Version = s.shared() }},
	{"since", func(s *scanner, a *reeveapi.Agent) { a.Since = s.time() }},
	{"registered", func(s *scanner, a *reeveapi.Agent) { a.Registered = s.time() }},
	{"reregistered", func(s *scanner, a *reeveapi.Agent) { a.Reregistered = s.time() }},
	{"total", func(s *scanner, a *reeveapi.Agent) { object(s, &a.Total, amountFields) }},
	{"allocated", func(s *scanner, a *reeveapi.Agent) { object(s, &a.Allocated, amountFields) }},
	{"offered", func(s *scanner, a *reeveapi.Agent) { object(s, &a.Offered, amountFields) }},
	{"ports", func(s *scanner, a *reeveapi.Agent) { a.Ports = s.shared() }},
	{"attributes", func(s *scanner, a *reeveapi.Agent) { a.Attributes = s.sharedMap() }},
	{"tasks", func(s *scanner, a *reeveapi.Agent) { a.Tasks = int(s.whole()) }},
	{"usage", func(s *scanner, a *reeveapi.Agent) {
		a.Usage = new(reeveapi.HostUsage)
		object(s, a.Usage, usageFields)
	}},
	{"deactivated", func(s *scanner, a *reeveapi.Agent) { s.other(&a.Deactivated) }},
	{"drain", func(s *scanner, a *reeveapi.Agent) { s.other(&a.Drain) }},
	{"reserved", func(s *scanner, a *reeveapi.Agent) { s.other(&a.Reserved) }},
	{"volumes", func(s *scanner, a *reeveapi.Agent) { s.other(&a.Volumes) }},
	{"maintenance", func(s *scanner, a *reeveapi.Agent) { s.other(&a.Maintenance) }},
}

var usageFields = []field[reeveapi.HostUsage]{
	{"at", func(s *scanner, u *reeveapi.HostUsage) { u.At = s.time() }},
	{"cpus", func(s *scanner, u *reeveapi.HostUsage) { u.CPUs = s.number() }},
	{"load1", func(s *scanner, u *reeveapi.HostUsage) { u.Load1 = s.number() }},
	{"mem_bytes", func(s *scanner, u *reeveapi.HostUsage) { u.MemBytes = s.whole() }},
	{"mem_total_bytes", func(s *scanner, u *reeveapi.HostUsage) { u.MemTotalBytes = s.whole() }},
	{"disk_bytes", func(s *scanner, u *reeveapi.HostUsage) { u.DiskBytes = s.whole() }},
	{"disk_total_bytes", func(s *scanner, u *reeveapi.HostUsage) { u.DiskTotalBytes = s.whole() }},
	{"net_receive_bytes", func(s *scanner, u *reeveapi.HostUsage) { u.NetReceiveBytes = s.whole() }},
	{"net_send_bytes", func(s *scanner, u *reeveapi.HostUsage) { u.NetSendBytes = s.whole() }},
}
