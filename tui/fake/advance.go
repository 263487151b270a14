package fake

import (
	"fmt"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// Advance lets time pass: tasks go on to their next state, jobs are placed, logs grow.
func (c *Cluster) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := c.now
	c.now = c.now.Add(d)
	for _, e := range c.tasks {
		c.progress(e)
	}
	for _, j := range c.jobs {
		c.place(j)
	}
	if c.now.Unix() != before.Unix() {
		c.measure()
		c.countRoles()
		for _, e := range c.tasks {
			if e.val.State == "TASK_RUNNING" {
				c.writeLog(e, 1+c.launched%2)
			}
		}
	}
	c.publish()
}

// progress moves a task on when it was long enough where it is.
func (c *Cluster) progress(e *entry[reeveapi.Task]) {
	t := &e.val
	in := c.now.Sub(t.History[len(t.History)-1].At)
	switch {
	case t.State == "TASK_STAGING" && in > 900*time.Millisecond && t.Job != "":
		c.setTask(e, "TASK_STARTING", "", "")
	case t.State == "TASK_STAGING" && in > 9*time.Second, t.State == "TASK_STARTING" && in > 600*time.Millisecond:
		c.setTask(e, "TASK_RUNNING", "", "")
		c.writeLog(e, 3)
	case t.State == "TASK_KILLING" && in > 800*time.Millisecond:
		c.setTask(e, "TASK_KILLED", "ended by signal 15", "")
	}
}

// place starts the instances of a job that wait.
func (c *Cluster) place(e *entry[reeveapi.Job]) {
	j := &e.val
	if j.Stopped || j.State != reeveapi.JobPending && j.State != reeveapi.JobRunning {
		return
	}
	for i := range j.Instances {
		if j.Instances[i].State != "" {
			continue
		}
		agent := c.room(j.Spec.Resources)
		if agent == nil {
			j.Waiting, e.version = "no agent has enough free resources", c.change()
			return
		}
		j.Waiting = ""
		t := c.start(e, i, agent, 0)
		c.event("TASK_STAGING", t.val.Name, t.val.Framework+"/"+t.val.ID, t.val.AgentName, "", "")
	}
}

func (c *Cluster) room(need reeveapi.Amounts) *entry[reeveapi.Agent] {
	for _, a := range c.agents {
		left := minus(a.val.Total, a.val.Allocated)
		if a.val.State == reeveapi.AgentActive && left.CPUs >= need.CPUs && left.Mem >= need.Mem && left.Disk >= need.Disk {
			return a
		}
	}
	return nil
}

// start launches one instance.
func (c *Cluster) start(e *entry[reeveapi.Job], i int, agent *entry[reeveapi.Agent], ago time.Duration) *entry[reeveapi.Task] {
	j := &e.val
	name := j.Spec.Name
	if len(j.Instances) > 1 || j.Spec.Instances > 1 {
		name = fmt.Sprintf("%s.%d", name, i)
	}
	t := c.launch(c.framework("jobs"), name, agent, j.Spec.Resources, j.Spec.Command, ago)
	t.val.Job = j.Spec.Name
	instances := append([]reeveapi.Instance(nil), j.Instances...)
	instances[i].Task, instances[i].Agent, instances[i].State, instances[i].Changed = t.val.ID, t.val.Agent, "TASK_STAGING", c.now.Add(ago)
	instances[i].Waiting = ""
	j.Instances, j.State, e.version = instances, reeveapi.JobRunning, c.change()
	return t
}

// tellJob keeps a job in step with its tasks.
func (c *Cluster) tellJob(t *reeveapi.Task) {
	if t.Job == "" {
		return
	}
	for _, e := range c.jobs {
		if e.val.Spec.Name != t.Job {
			continue
		}
		j := &e.val
		finished, failed, healthy := 0, 0, 0
		instances := append([]reeveapi.Instance(nil), j.Instances...)
		for i := range instances {
			if instances[i].Task == t.ID {
				instances[i].State, instances[i].Message, instances[i].Changed = t.State, t.Message, c.now
				instances[i].Healthy = t.State == "TASK_RUNNING"
			}
			if instances[i].Healthy {
				healthy++
			}
			switch instances[i].State {
			case "TASK_FINISHED":
				finished++
			case "TASK_FAILED":
				failed++
			}
		}
		j.Instances, j.Healthy, e.version = instances, healthy, c.change()
		if j.Health != "" && healthy == len(instances) {
			j.Health = reeveapi.HealthGood
		}
		switch {
		case j.Stopped:
		case failed > 0:
			j.State, j.Ended = reeveapi.JobFailed, c.now
		case finished == len(instances):
			j.State, j.Ended = reeveapi.JobFinished, c.now
		}
	}
}

// lines are what the tasks say, again and again.
var lines = []string{
	"INFO  http.go:210    GET /v1/cart 200 41ms  user=8123 path=\"/v1/cart?items=3&promo=none\" bytes=4096",
	"INFO  http.go:210    GET /healthz 200 1ms",
	"INFO  pool.go:31     64 connections to cache.1",
	"WARN  pool.go:77     pool exhausted, waiting 120ms (x14)",
	"INFO  http.go:210    GET /v1/cart 200 38ms  user=8123 path=\"/v1/cart?items=4&promo=none\" bytes=5007",
	"ERROR http.go:233    GET /v1/pay 500 1.2s upstream timeout",
	"INFO  http.go:210    GET /v1/items 200 12ms",
}

// writeLog adds lines to both streams of a task, as if they had been written in the last seconds.
func (c *Cluster) writeLog(e *entry[reeveapi.Task], n int) {
	out, errs := e.val.Sandbox+"/stdout", e.val.Sandbox+"/stderr"
	if len(c.logs[out]) > 1<<20 {
		return
	}
	for i := range n {
		at := c.now.Add(-time.Duration(n-i) * 700 * time.Millisecond)
		text := lines[(len(c.logs[out])/40+i)%len(lines)]
		line := at.UTC().Format("15:04:05.000") + " " + text + "\n"
		c.logs[out] = append(c.logs[out], line...)
		if text[0] != 'I' {
			c.logs[errs] = append(c.logs[errs], line...)
		}
	}
}
