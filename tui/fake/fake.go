// Package fake is a cluster in memory, with a clock of its own: for tests, for "reeve --demo" and for pictures. It speaks
// what feed.Source asks for, so that nothing of the console knows the difference. Nothing happens in it but by Advance.
// Start reading at New.
package fake

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"path"
	"slices"
	"sync"
	"time"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// Cluster is a made-up cluster. Its methods may be called by any goroutine.
type Cluster struct {
	plan    reeveapi.Maintenance
	mu      sync.Mutex // guards everything below
	now     time.Time
	random  *rand.Rand
	version uint64
	cut     error // why nobody can be reached, nil if all can

	cluster    reeveapi.Cluster
	agents     []*entry[reeveapi.Agent]
	frameworks []*entry[reeveapi.Framework]
	tasks      []*entry[reeveapi.Task]
	jobs       []*entry[reeveapi.Job]
	roles      []*entry[reeveapi.Role]
	offers     []*entry[reeveapi.Offer]
	offersGone []entry[string] // ids of those that were taken back
	secrets    []reeveapi.Secret
	quotas     map[string]reeveapi.Quota
	weights    map[string]float64
	events     []reeveapi.Event
	logs       map[string][]byte // by path
	usage      map[string][]reeveapi.TaskUsage
	ledUntil   map[string]time.Time            // by name of a master that led before the one that leads
	hosts      map[string][]reeveapi.HostUsage // by agent id
	signal     chan struct{}                   // closed at each change
	launched   int
}

// entry is an object with the version at which it changed last.
type entry[T any] struct {
	val     T
	version uint64
}

func (c *Cluster) change() uint64 {
	c.version++
	return c.version
}

// publish wakes all streams.
func (c *Cluster) publish() {
	close(c.signal)
	c.signal = make(chan struct{})
}

// Now is the cluster's time.
func (c *Cluster) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Run lets time pass as it does, four steps a second, until ctx ends.
func (c *Cluster) Run(ctx context.Context) error {
	ticker := time.NewTicker(250 * time.Millisecond)
	defer ticker.Stop()
	last := time.Now()
	for {
		select {
		case now := <-ticker.C:
			c.Advance(now.Sub(last))
			last = now
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Cut ends all streams and refuses everything with err, until it is called with nil.
func (c *Cluster) Cut(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = err
	c.publish()
}

// Master is a made-up address.
func (c *Cluster) Master() string { return "10.0.0.12:5050" }

// Tried is what the masters say while nobody can be reached.
func (c *Cluster) Tried() []client.Tried {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut == nil {
		return nil
	}
	return []client.Tried{{Master: c.Master(), Said: c.cut.Error()}, {Master: "10.0.0.11:5050", Said: "not the leader, an election is on"}, {Master: "10.0.0.13:5050", Said: "connection refused"}}
}

// Watch answers a snapshot and then what changes.
func (c *Cluster) Watch(ctx context.Context, line func(*reeveapi.Watch) error) error {
	seen, first := uint64(0), true
	events := 0
	for {
		c.mu.Lock()
		if c.cut != nil {
			defer c.mu.Unlock()
			return c.cut
		}
		w := c.since(seen, events)
		w.Snapshot = first
		seen, first, events = c.version, false, len(c.events)
		signal := c.signal
		c.mu.Unlock()
		if err := line(w); err != nil {
			return err
		}
		timer := time.NewTimer(5 * time.Second)
		select {
		case <-signal:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
		timer.Stop()
	}
}

// since is what changed after a version.
func (c *Cluster) since(version uint64, events int) *reeveapi.Watch {
	w := &reeveapi.Watch{Version: c.version}
	cluster := c.figures()
	w.Cluster = &cluster
	for _, e := range c.agents {
		if e.version > version {
			w.Agents = append(w.Agents, e.val)
		}
	}
	for _, e := range c.frameworks {
		if e.version > version {
			w.Frameworks = append(w.Frameworks, e.val)
		}
	}
	for _, e := range c.tasks {
		if e.version > version {
			w.Tasks = append(w.Tasks, e.val)
		}
	}
	for _, e := range c.jobs {
		if e.version > version {
			w.Jobs = append(w.Jobs, e.val)
		}
	}
	for _, e := range c.roles {
		if e.version > version {
			w.Roles = append(w.Roles, e.val)
		}
	}
	for _, e := range c.offers {
		if e.version > version {
			w.Offers = append(w.Offers, e.val)
		}
	}
	w.OffersRemoved = c.offersGoneSince(version)
	w.Events = append(w.Events, c.events[events:]...)
	return w
}

// figures counts everything anew.
func (c *Cluster) figures() reeveapi.Cluster {
	f := c.cluster
	f.Gossip = map[string]int{}
	for _, m := range c.members() {
		f.Gossip[m.State]++
	}
	f.Agents, f.Tasks, f.Frameworks = map[string]int{}, map[string]int{"TASK_FINISHED": 1204, "TASK_KILLED": 39}, map[string]int{}
	for _, e := range c.agents {
		a := e.val
		f.Agents[a.State]++
		f.Total = plus(f.Total, a.Total)
		f.Allocated = plus(f.Allocated, a.Allocated)
		f.Offered = plus(f.Offered, a.Offered)
		if a.Usage != nil && a.State != reeveapi.AgentUnreachable {
			f.Used.CPUs += a.Usage.CPUs
			f.Used.Mem += float64(a.Usage.MemBytes) / (1 << 20)
			f.Used.Disk += float64(a.Usage.DiskBytes) / (1 << 20)
		}
	}
	for _, e := range c.tasks {
		f.Tasks[e.val.State]++
	}
	for _, e := range c.frameworks {
		f.Frameworks[e.val.State]++
	}
	return f
}

func plus(a, b reeveapi.Amounts) reeveapi.Amounts {
	return reeveapi.Amounts{CPUs: a.CPUs + b.CPUs, Mem: a.Mem + b.Mem, Disk: a.Disk + b.Disk, GPUs: a.GPUs + b.GPUs}
}

func minus(a, b reeveapi.Amounts) reeveapi.Amounts {
	return reeveapi.Amounts{CPUs: a.CPUs - b.CPUs, Mem: a.Mem - b.Mem, Disk: a.Disk - b.Disk, GPUs: a.GPUs - b.GPUs}
}

// Usage answers the samples of one agent.
func (c *Cluster) Usage(_ context.Context, agentHTTP string, history time.Duration) (*reeveapi.Usage, error) {
	return c.usageAt(agentHTTP, history, "")
}

// TaskUsage answers the samples of a host and of one of its tasks.
func (c *Cluster) TaskUsage(_ context.Context, agentHTTP, framework, task string, history time.Duration) (*reeveapi.Usage, error) {
	return c.usageAt(agentHTTP, history, framework+"/"+task)
}

func (c *Cluster) usageAt(agentHTTP string, history time.Duration, task string) (*reeveapi.Usage, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut != nil {
		return nil, c.cut
	}
	for _, e := range c.agents {
		if e.val.HTTP != agentHTTP {
			continue
		}
		if e.val.State == reeveapi.AgentUnreachable {
			return nil, fault.New(fault.Unavailable, "dial tcp %s: no route to host", agentHTTP)
		}
		return c.usageOf(e.val.ID, history > 0, task), nil
	}
	return nil, fault.New(fault.NotFound, "there is no agent at %s", agentHTTP)
}

func (c *Cluster) usageOf(agent string, history bool, only string) *reeveapi.Usage {
	u := &reeveapi.Usage{Tasks: map[string]reeveapi.TaskUsage{}, TaskHistory: map[string][]reeveapi.TaskUsage{}}
	if all := c.hosts[agent]; len(all) > 0 {
		u.Host = all[len(all)-1]
		if history {
			u.HostHistory = slices.Clone(all)
		}
	}
	for _, t := range c.tasks {
		key := t.val.Framework + "/" + t.val.ID
		if all := c.usage[key]; t.val.Agent == agent && len(all) > 0 && (only == "" || only == key) {
			u.Tasks[key] = all[len(all)-1]
			if history {
				u.TaskHistory[key] = slices.Clone(all)
			}
		}
	}
	return u
}

// ListFiles lists a sandbox: the logs that a task has written, and a few files that it was given.
func (c *Cluster) ListFiles(_ context.Context, _, at string) ([]*mesosv1.FileInfo, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut != nil {
		return nil, c.cut
	}
	entry := func(name string, mode uint32, size int) *mesosv1.FileInfo {
		return &mesosv1.FileInfo{
			Path: new(at + "/" + name), Mode: &mode, Size: new(uint64(size)), Nlink: new(int32(1)), Uid: new("www-data"), Gid: new("www-data"),
			Mtime: &mesosv1.TimeInfo{Nanoseconds: new(c.now.Add(-time.Hour).UnixNano())},
		}
	}
	if path.Base(at) == "conf" {
		return []*mesosv1.FileInfo{entry("app.yaml", 0o100644, 812), entry("current", 0o120777, 8)}, nil
	}
	files := []*mesosv1.FileInfo{entry("conf", 0o040755, 4096), entry("conf.tgz", 0o100644, 41<<20), entry("run.sh", 0o100755, 310)}
	for _, name := range []string{"stdout", "stderr"} {
		if data, ok := c.logs[at+"/"+name]; ok {
			files = append(files, entry(name, 0o100644, len(data)))
		}
	}
	return files, nil
}

// LogSince takes every line for a second old: a log of n lines began n seconds ago.
func (c *Cluster) LogSince(_ context.Context, _, at string, ago time.Duration) (offset, size int64, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	data, ok := c.logs[at]
	if c.cut != nil {
		return 0, 0, c.cut
	}
	if !ok {
		return 0, 0, fault.New(fault.NotFound, "there is no file %s", at)
	}
	from := len(bytes.TrimSuffix(data, []byte("\n")))
	for range int(ago.Seconds()) {
		if from = bytes.LastIndexByte(data[:from], '\n'); from < 0 {
			return 0, int64(len(data)), nil
		}
	}
	return int64(from) + 1, int64(len(data)), nil
}

// LogStart is 0: no log here is long.
func (c *Cluster) LogStart(context.Context, string, string) (int64, error) { return 0, nil }

// ReadFile reads a piece of a log.
func (c *Cluster) ReadFile(_ context.Context, _, path string, offset int64, length int) ([]byte, int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut != nil {
		return nil, 0, c.cut
	}
	data, ok := c.logs[path]
	if !ok {
		return nil, 0, fault.New(fault.NotFound, "there is no file %s", path)
	}
	size := int64(len(data))
	if offset < 0 || offset >= size {
		return nil, size, nil
	}
	end := min(offset+int64(length), size)
	return append([]byte(nil), data[offset:end]...), size, nil
}

// Tasks are all tasks as they are now.
func (c *Cluster) Tasks() []reeveapi.Task {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]reeveapi.Task, len(c.tasks))
	for i, e := range c.tasks {
		out[i] = e.val
	}
	return out
}

// SetLog replaces a file of a sandbox.
func (c *Cluster) SetLog(path string, data []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.logs[path] = data
}

// Teardown ends a framework and its tasks.
func (c *Cluster) Teardown(_ context.Context, framework string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut != nil {
		return c.cut
	}
	for _, f := range c.frameworks {
		if f.val.ID != framework {
			continue
		}
		for _, t := range c.tasks {
			if t.val.Framework == framework && t.val.Ended.IsZero() {
				c.setTask(t, "TASK_KILLED", "the framework was torn down", "operator")
			}
		}
		f.val.State, f.val.Ended, f.version = reeveapi.FrameworkCompleted, c.now, c.change()
		c.event("FRAMEWORK_COMPLETED", f.val.Name, framework, "", "torn down", "operator")
		c.publish()
		return nil
	}
	return fault.New(fault.NotFound, "there is no framework %s", framework)
}

// KillTask begins the end of a task.
func (c *Cluster) KillTask(_ context.Context, framework, id string, grace time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut != nil {
		return c.cut
	}
	for _, e := range c.tasks {
		if e.val.Framework == framework && e.val.ID == id {
			if !e.val.Ended.IsZero() {
				return fault.New(fault.Conflict, "task %s has ended", id)
			}
			if grace == 0 {
				c.setTask(e, "TASK_KILLED", "killed by an operator, at once", "operator")
			} else {
				c.setTask(e, "TASK_KILLING", "killed by an operator", "operator")
			}
			c.publish()
			return nil
		}
	}
	return fault.New(fault.NotFound, "there is no task %s", id)
}

// SubmitJob takes a job; its tasks come with Advance.
func (c *Cluster) SubmitJob(_ context.Context, spec reeveapi.JobSpec) (*reeveapi.Job, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut != nil {
		return nil, c.cut
	}
	for _, j := range c.jobs {
		if j.val.Spec.Name == spec.Name {
			return nil, fault.New(fault.Conflict, "there is a job %s already", spec.Name)
		}
	}
	spec.Instances = max(spec.Instances, 1)
	j := reeveapi.Job{Spec: spec, State: reeveapi.JobPending, Submitted: c.now, By: "operator"}
	for i := range spec.Instances {
		j.Instances = append(j.Instances, reeveapi.Instance{Index: i})
	}
	c.jobs = append(c.jobs, &entry[reeveapi.Job]{j, c.change()})
	c.event("JOB_SUBMITTED", spec.Name, spec.Name, "", fmt.Sprintf("%d instances", spec.Instances), "operator")
	c.publish()
	return &j, nil
}

// StopJob ends a job and its tasks.
func (c *Cluster) StopJob(_ context.Context, name string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut != nil {
		return c.cut
	}
	for _, e := range c.jobs {
		if e.val.Spec.Name != name {
			continue
		}
		e.val.Stopped = true
		e.val.State, e.val.Ended, e.version = reeveapi.JobStopped, c.now, c.change()
		for _, t := range c.tasks {
			if t.val.Job == name && t.val.Ended.IsZero() {
				c.setTask(t, "TASK_KILLING", "the job was stopped", "operator")
			}
		}
		c.event("JOB_STOPPED", name, name, "", "", "operator")
		c.publish()
		return nil
	}
	return fault.New(fault.NotFound, "there is no job %s", name)
}

func (c *Cluster) event(kind, subject, id, agent, text, who string) {
	c.events = append(c.events, reeveapi.Event{
		Seq: uint64(len(c.events) + 1), At: c.now, Kind: kind, Subject: subject, ID: id, Agent: agent, Text: text, Who: who,
	})
}
