package fake

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

const gb = 1024.0 // in MB

// New returns a cluster as it could be at now: twelve agents, one of them lost and one draining, five frameworks, about a
// hundred tasks, some of which crash, and a few jobs.
func New(now time.Time) *Cluster {
	c := &Cluster{
		now: now, random: rand.New(rand.NewPCG(1, 2)), //nolint:gosec // the same scene each time
		logs: map[string][]byte{}, usage: map[string][]reeveapi.TaskUsage{}, hosts: map[string][]reeveapi.HostUsage{},
		signal: make(chan struct{}),
	}
	c.cluster = reeveapi.Cluster{
		Name: "demo", ID: "7c1e02aa", Version: "0.1.0", Leader: "m2", Term: 14,
		Elected: now.Add(-76 * time.Hour), Started: now.Add(-31 * 24 * time.Hour),
		Commit: "9d21c0e277aa4e0b9b1e2f3c7e5d8a104f6b7a21", Built: time.Date(2026, 9, 30, 8, 12, 0, 0, time.UTC),
		Masters: []reeveapi.Master{
			{Name: "m1", ID: "m1", HTTP: "10.0.0.11:5050", State: "standby", Gossip: "alive", Voter: true, Version: "0.1.0", Term: 14, Index: 90210, Behind: new(uint64(0)), Silent: new(0), Started: now.Add(-31 * 24 * time.Hour)},
			{Name: "m2", ID: "m2", HTTP: "10.0.0.12:5050", State: "leading", Gossip: "alive", Voter: true, Version: "0.1.0", Term: 14, Index: 90210, Behind: new(uint64(0)), Silent: new(0), Started: now.Add(-31 * 24 * time.Hour)},
			{Name: "m3", ID: "m3", HTTP: "10.0.0.13:5050", State: "standby", Gossip: "alive", Voter: true, Version: "0.1.0", Term: 14, Index: 90209, Behind: new(uint64(1)), Silent: new(0), Started: now.Add(-76 * time.Hour)},
		},
	}
	c.past(-70*time.Minute, "MASTER_ELECTED", "m2", "m2", "", "term 14", "")
	c.past(-65*time.Minute, "QUOTA_SET", "batch", "batch", "", "guaranteed cpus:4, at most cpus:12,mem:49152", "alice")
	c.past(-41*time.Minute, "QUOTA_SET", "batch", "batch", "", "guaranteed cpus:8, at most cpus:16,mem:49152", "bob")
	c.makeAgents()
	c.makeFrameworks()
	c.makeTasks()
	c.makeJobs()
	c.planMaintenance()
	c.makeServices()
	c.makeRoles()
	c.makeSecrets()
	c.troubles()
	for range 90 {
		c.now = c.now.Add(-time.Second)
	}
	for range 90 {
		c.now = c.now.Add(time.Second)
		c.measure()
	}
	return c
}

// Large returns a cluster with n running tasks on a hundred agents, for measuring.
func Large(now time.Time, n int) *Cluster {
	c := New(now)
	c.agents = nil
	for i := range 100 {
		c.addAgent(i+1, "rack=r1", 1e6)
	}
	for i := range n {
		f := &c.frameworks[i%len(c.frameworks)].val
		t := c.launch(f, fmt.Sprintf("task-%05d", i), c.agents[i%len(c.agents)], reeveapi.Amounts{CPUs: 0.5, Mem: 128, Disk: 64}, "./work", -time.Hour)
		c.setTask(t, "TASK_RUNNING", "", "")
	}
	c.events = c.events[:10]
	return c
}

func (c *Cluster) past(ago time.Duration, kind, subject, id, agent, text, who string) {
	now := c.now
	c.now = c.now.Add(ago)
	c.event(kind, subject, id, agent, text, who)
	c.now = now
}

func (c *Cluster) addAgent(n int, rack string, cpus float64) {
	name := fmt.Sprintf("agent-%02d", n)
	k, v := rack[:4], rack[5:]
	a := reeveapi.Agent{
		ID: fmt.Sprintf("f3c1a9e2-77aa-4e0b-9b1e-2f3c7e5d8a10-S%d", n), Name: name, HTTP: fmt.Sprintf("10.0.1.%d:5051", 10+n),
		State: reeveapi.AgentActive, Version: "0.1.0", Since: c.now.Add(-22*time.Hour - time.Duration(n)*time.Minute),
		Registered: c.now.Add(-22*time.Hour - time.Duration(n)*time.Minute), Ports: "[31000-32000]",
		Attributes: map[string]string{k: v, "zone": string(rune('a' + n%3))},
		Total:      reeveapi.Amounts{CPUs: cpus, Mem: cpus * 3 * gb, Disk: 160 * gb},
	}
	if n%5 == 1 && n < 12 {
		a.Total.GPUs = 2
	}
	if n == 1 {
		a.Reserved = map[string]reeveapi.Amounts{"web": {CPUs: 2, Mem: 4 * gb, Disk: 20 * gb}}
		a.Volumes = []reeveapi.Volume{{ID: "postgres-0", Role: "web", Disk: 16 * gb, Path: "var/lib/postgresql"}}
	}
	c.agents = append(c.agents, &entry[reeveapi.Agent]{a, c.change()})
}

func (c *Cluster) makeAgents() {
	for n := 1; n <= 12; n++ {
		c.addAgent(n, fmt.Sprintf("rack=r%d", 1+n%3), 8)
	}
}

func (c *Cluster) makeFrameworks() {
	for i, f := range []struct {
		name, role, user string
		up               time.Duration
	}{
		{"marathon", "web", "root", 31 * 24 * time.Hour},
		{"spark-etl", "batch", "etl", 2 * time.Hour},
		{"chronos", "ci", "chronos", 31 * 24 * time.Hour},
		{"jobs", "*", "reeve", 76 * time.Hour},
		{"aurora", "web", "aurora", 9 * 24 * time.Hour},
	} {
		fw := reeveapi.Framework{
			ID: fmt.Sprintf("f3c1a9e2-77aa-4e0b-9b1e-2f3c7e5d8a10-%04d", i+1), Name: f.name, State: reeveapi.FrameworkActive, User: f.user, Principal: f.name,
			Roles: []string{f.role}, Hostname: fmt.Sprintf("app%d.dc1", i+1), WebUI: fmt.Sprintf("http://app%d:8080", i+1),
			Registered: c.now.Add(-f.up), Tasks: map[string]int{}, Capabilities: []string{"PARTITION_AWARE"},
		}
		fw.Since, fw.Failover = fw.Registered, 15*60
		switch f.name {
		case "aurora":
			fw.State, fw.Since = reeveapi.FrameworkInactive, c.now.Add(-13*time.Minute)
		case "chronos":
			fw.Reregistered = c.now.Add(-5 * time.Hour)
			fw.Since = fw.Reregistered
		}
		c.frameworks = append(c.frameworks, &entry[reeveapi.Framework]{fw, c.change()})
	}
}

func (c *Cluster) framework(name string) *reeveapi.Framework {
	for _, f := range c.frameworks {
		if f.val.Name == name {
			return &f.val
		}
	}
	return nil
}

func (c *Cluster) makeTasks() {
	kinds := []struct {
		framework, name, command string
		n                        int
		need                     reeveapi.Amounts
		up                       time.Duration
	}{
		{"marathon", "web-api", "/srv/web-api --listen :$PORT0 --pool 64 --cache redis://cache.1:6379", 12, reeveapi.Amounts{CPUs: 1, Mem: 512, Disk: gb}, 3 * time.Hour},
		{"marathon", "web-front", "/srv/front --listen :$PORT0", 14, reeveapi.Amounts{CPUs: 0.5, Mem: 256, Disk: 512}, 3*time.Hour + 7*time.Minute},
		{"marathon", "cache", "redis-server --port $PORT0", 3, reeveapi.Amounts{CPUs: 1, Mem: 4 * gb, Disk: 2 * gb}, 22 * time.Hour},
		{"marathon", "log-ship", "/usr/bin/log-ship", 11, reeveapi.Amounts{CPUs: 0.1, Mem: 64, Disk: 64}, 22 * time.Hour},
		{"marathon", "metrics", "/usr/bin/metrics", 11, reeveapi.Amounts{CPUs: 0.2, Mem: 128, Disk: 64}, 22 * time.Hour},
		{"spark-etl", "etl-22", "spark-task --stage 7", 16, reeveapi.Amounts{CPUs: 1, Mem: 2 * gb, Disk: 4 * gb}, 11 * time.Minute},
		{"chronos", "cron-backup", "/opt/backup.sh /srv", 4, reeveapi.Amounts{CPUs: 0.5, Mem: 128, Disk: gb}, time.Minute},
	}
	slot := 0
	for _, k := range kinds {
		for i := range k.n {
			agent := c.agents[slot%len(c.agents)]
			if i%7 == 3 {
				slot++
			}
			slot++
			up := k.up + time.Duration(i*13)*time.Second
			t := c.launch(c.framework(k.framework), fmt.Sprintf("%s.%d", k.name, i+1), agent, k.need, k.command, -up)
			c.step(t, "TASK_STARTING", "", -up+2*time.Second)
			c.step(t, "TASK_RUNNING", "", -up+8*time.Second)
		}
	}
}

// launch makes a task that was staged some time ago.
func (c *Cluster) launch(f *reeveapi.Framework, name string, agent *entry[reeveapi.Agent], need reeveapi.Amounts, command string, ago time.Duration) *entry[reeveapi.Task] {
	c.launched++
	id := fmt.Sprintf("%s.%08x", name, c.launched*2654435761&0xffffffff)
	at := c.now.Add(ago)
	t := reeveapi.Task{
		ID: id, Framework: f.ID, FrameworkName: f.Name, Name: name, Role: f.Roles[0], Executor: id,
		Agent: agent.val.ID, AgentName: agent.val.Name, AgentHTTP: agent.val.HTTP, State: "TASK_STAGING",
		Container: fmt.Sprintf("9d21c0e2-77aa-4e0b-9b1e-%012x", c.launched), Requested: need, Command: command, User: f.User,
		Env: map[string]string{"CACHE": "redis://cache.1:6379", "LANG": "C.UTF-8"}, Labels: map[string]string{"team": "shop"},
		Sandbox:  fmt.Sprintf("/frameworks/%s/executors/%s/runs/latest", f.ID, id),
		Launched: at, History: []reeveapi.TaskStep{{State: "TASK_STAGING", At: at}},
	}
	if f.Name == "marathon" {
		port := 31000 + c.launched
		t.Ports, t.Env["PORT0"], t.Healthy = fmt.Sprintf("[%d-%d]", port, port), fmt.Sprint(port), new(true)
	}
	e := &entry[reeveapi.Task]{t, c.change()}
	c.tasks = append(c.tasks, e)
	agent.val.Allocated, agent.version = plus(agent.val.Allocated, need), c.change()
	agent.val.Tasks++
	f.Allocated = plus(f.Allocated, need)
	f.Tasks["TASK_STAGING"]++
	c.touch(f)
	c.logs[t.Sandbox+"/stdout"], c.logs[t.Sandbox+"/stderr"] = nil, nil
	return e
}

func (c *Cluster) touch(f *reeveapi.Framework) {
	for _, e := range c.frameworks {
		if e.val.ID == f.ID {
			e.val.Tasks, e.version = maps.Clone(f.Tasks), c.change()
		}
	}
}

// step is setTask at another time, without an event.
func (c *Cluster) step(e *entry[reeveapi.Task], state, message string, ago time.Duration) {
	now, events := c.now, c.events
	c.now = now.Add(ago)
	c.setTask(e, state, message, "")
	c.now, c.events = now, events
}

// setTask changes a task's state and what follows from it.
func (c *Cluster) setTask(e *entry[reeveapi.Task], state, message, who string) {
	old := e.val
	t := old
	t.State, t.Message, t.Pull = state, message, nil
	t.History = append(append([]reeveapi.TaskStep(nil), old.History...), reeveapi.TaskStep{State: state, At: c.now, Message: message})
	switch state {
	case "TASK_FINISHED", "TASK_FAILED", "TASK_KILLED", "TASK_LOST", "TASK_ERROR", "TASK_GONE_BY_OPERATOR":
		t.Ended = c.now
		for _, a := range c.agents {
			if a.val.ID == t.Agent {
				a.val.Allocated, a.version = minus(a.val.Allocated, t.Requested), c.change()
				if a.val.Tasks--; a.val.Tasks == 0 {
					a.val.Allocated = reeveapi.Amounts{} // without the dust of sums
				}
				c.drains(&a.val)
			}
		}
	}
	for _, f := range c.frameworks {
		if f.val.ID == t.Framework {
			f.val.Tasks = maps.Clone(f.val.Tasks) // readers may have the old one
			f.val.Tasks[old.State]--
			f.val.Tasks[state]++
			if !t.Ended.IsZero() {
				f.val.Allocated = minus(f.val.Allocated, t.Requested)
			}
			c.touch(&f.val)
		}
	}
	e.val, e.version = t, c.change()
	c.event(state, t.Name, t.Framework+"/"+t.ID, t.AgentName, message, who)
	c.tellJob(&t)
}

func (c *Cluster) task(name string) *entry[reeveapi.Task] {
	for _, e := range c.tasks {
		if e.val.Name == name {
			return e
		}
	}
	return nil
}

// troubles makes the scene worth looking at.
func (c *Cluster) troubles() {
	lost, drained := c.agents[8], c.agents[10]
	lost.val.State, lost.val.Since, lost.val.Reason = reeveapi.AgentUnreachable, c.now.Add(-252*time.Second), "no pong for 75 s"
	drained.val.State, drained.val.Since, drained.val.Deactivated = reeveapi.AgentDraining, c.now.Add(-156*time.Second), true
	drained.val.Drain = &reeveapi.Drain{Since: drained.val.Since, MaxGraceSeconds: new(300.0)}
	c.drains(&drained.val)
	for _, e := range c.tasks {
		if e.val.Agent == lost.val.ID && e.val.Ended.IsZero() {
			c.step(e, "TASK_UNREACHABLE", "the agent is unreachable", -252*time.Second)
		}
	}
	c.past(-13*time.Minute, "FRAMEWORK_INACTIVE", "aurora", c.framework("aurora").ID, "", "its stream broke, failover time-out 15m", "")
	c.past(-252*time.Second, "AGENT_UNREACHABLE", lost.val.Name, lost.val.ID, lost.val.Name, "no pong for 75 s", "")
	c.past(-156*time.Second, "AGENT_DRAINING", drained.val.Name, drained.val.ID, drained.val.Name, "5 tasks of it must end within 5m0s each", "alice")
	crash := c.agents[2]
	for i := range 4 {
		ago := -time.Duration(8-2*i) * time.Minute
		t := c.launch(c.framework("marathon"), "web-pay.1", crash, reeveapi.Amounts{CPUs: 1, Mem: 512, Disk: gb}, "/srv/pay --listen :$PORT0", ago)
		c.step(t, "TASK_STARTING", "", ago+2*time.Second)
		c.step(t, "TASK_RUNNING", "", ago+4*time.Second)
		c.step(t, "TASK_FAILED", "command exited with status 137: memory limit of 512 MB reached", ago+58*time.Second)
		t.val.Reason, t.val.Source = "REASON_CONTAINER_LIMITATION_MEMORY", "SOURCE_AGENT"
		c.past(ago+58*time.Second, "TASK_FAILED", "web-pay.1", t.val.Framework+"/"+t.val.ID, crash.val.Name, "memory limit of 512 MB reached", "")
		c.writeLog(t, 40)
	}
	sick := c.task("web-front.4")
	sick.val.Healthy, sick.val.Check = new(false), "HTTP status 503"
	staged := c.launch(c.framework("spark-etl"), "etl-22.17", c.agents[6], reeveapi.Amounts{CPUs: 1, Mem: 2 * gb, Disk: 4 * gb}, "spark-task --stage 8", -4*time.Second)
	staged.val.Image, staged.val.Pull, staged.val.Message = "registry.shop.example/etl:22", &reeveapi.Pull{Done: 34e6, Total: 120e6}, "pulling 34 of 120 MB"
	c.past(-4*time.Second, "TASK_STAGING", "etl-22.17", staged.val.Framework+"/"+staged.val.ID, "agent-07", "", "")
	c.sortEvents()
	for _, e := range c.tasks {
		if strings.HasPrefix(e.val.Name, "web-api") {
			e.val.Image = "registry.shop.example/web-api:4.2.1"
		}
		if e.val.State == "TASK_RUNNING" {
			c.writeLog(e, 60)
		}
	}
}

func (c *Cluster) sortEvents() {
	for i := 1; i < len(c.events); i++ {
		for j := i; j > 0 && c.events[j].At.Before(c.events[j-1].At); j-- {
			c.events[j], c.events[j-1] = c.events[j-1], c.events[j]
		}
	}
	for i := range c.events {
		c.events[i].Seq = uint64(i + 1)
	}
}

func (c *Cluster) makeJobs() {
	specs := []struct {
		spec    reeveapi.JobSpec
		ago     time.Duration
		state   string
		by      string
		message string
	}{
		{reeveapi.JobSpec{Name: "index-products", Kind: reeveapi.Batch, Command: "./index --all", Instances: 4, Retries: 2, Resources: reeveapi.Amounts{CPUs: 0.5, Mem: 256, Disk: 512}}, 9 * time.Minute, "TASK_RUNNING", "alice", ""},
		{reeveapi.JobSpec{Name: "nightly-report", Kind: reeveapi.Batch, Command: "./report --yesterday", Instances: 2, Resources: reeveapi.Amounts{CPUs: 1, Mem: 512, Disk: 512}}, 3 * time.Hour, "TASK_FINISHED", "bob", ""},
		{reeveapi.JobSpec{Name: "migrate-users", Kind: reeveapi.Batch, Command: "./migrate users --to v7", Retries: 1, Resources: reeveapi.Amounts{CPUs: 1, Mem: 512, Disk: 512}}, 25 * time.Minute, "TASK_FAILED", "alice", "command exited with status 1"},
	}
	for n, s := range specs {
		j := reeveapi.Job{Spec: s.spec, State: reeveapi.JobRunning, Submitted: c.now.Add(-s.ago), By: s.by}
		e := &entry[reeveapi.Job]{j, 0}
		c.jobs = append(c.jobs, e)
		for i := range max(s.spec.Instances, 1) {
			e.val.Instances = append(e.val.Instances, reeveapi.Instance{Index: i})
			t := c.start(e, i, c.agents[(n*3+i)%8], -s.ago+time.Second)
			c.step(t, "TASK_RUNNING", "", -s.ago+3*time.Second)
			if s.state != "TASK_RUNNING" {
				c.step(t, s.state, s.message, -s.ago+time.Duration(5+i)*time.Minute)
			}
		}
		e.version = c.change()
	}
	c.jobs[0].val.Instances[1].Attempt = 1 // of index-products: its first one was killed on a machine that was drained
	c.past(-9*time.Minute, "JOB_SUBMITTED", "index-products", "index-products", "", "4 instances", "alice")
	c.past(-20*time.Minute, "JOB_FAILED", "migrate-users", "migrate-users", "", "command exited with status 1", "")
}

// measure adds a sample of every agent and running task.
func (c *Cluster) measure() {
	wave := func(seed int, period float64) float64 {
		return 0.5 + 0.5*math.Sin(float64(c.now.Unix())/period+float64(seed))
	}
	for i, e := range c.agents {
		a := &e.val
		if a.State == reeveapi.AgentUnreachable && len(c.hosts[a.ID]) > 0 {
			continue
		}
		used := a.Allocated.CPUs * (0.45 + 0.4*wave(i, 23) + 0.1*c.random.Float64())
		u := reeveapi.HostUsage{
			At: c.now, CPUs: min(used, a.Total.CPUs), Load1: used * 1.1, MemTotalBytes: int64(a.Total.Mem) << 20,
			MemBytes:  int64(a.Allocated.Mem*(0.55+0.2*wave(i, 61))) << 20,
			DiskBytes: int64(a.Allocated.Disk*0.8+9*gb) << 20, DiskTotalBytes: int64(a.Total.Disk) << 20,
		}
		if n := len(c.hosts[a.ID]); n > 0 {
			last := c.hosts[a.ID][n-1]
			u.NetReceiveBytes = last.NetReceiveBytes + int64(8e6*wave(i, 11))
			u.NetSendBytes = last.NetSendBytes + int64(20e6*wave(i+3, 17))
		}
		c.hosts[a.ID] = limit(append(c.hosts[a.ID], u))
		a.Usage, e.version = &u, c.change()
	}
	for i, e := range c.tasks {
		t := &e.val
		if t.State != "TASK_RUNNING" {
			continue
		}
		key := t.Framework + "/" + t.ID
		high := 0.35 + float64(i*37%60)/100
		c.usage[key] = limit(append(c.usage[key], reeveapi.TaskUsage{
			At: c.now, CPUs: t.Requested.CPUs * min(high*(0.7+0.5*wave(i, 13)), 1), MemBytes: int64(t.Requested.Mem*min(high+0.1*wave(i, 47), 0.99)*1024) << 10,
			CacheBytes: 27 << 20, MemLimitBytes: int64(t.Requested.Mem) << 20, DiskBytes: int64(t.Requested.Disk*0.2) << 20, Processes: 3 + i%7,
			ThrottledSeconds: float64(i%4) * 3.1, MajorFaults: int64(c.now.Sub(t.Launched).Seconds()) * int64(i%3),
		}))
	}
}

func limit[T any](s []T) []T {
	if len(s) > 1800 {
		return s[len(s)-1800:]
	}
	return s
}
