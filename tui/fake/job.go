package fake

import (
	"context"
	"fmt"
	"slices"
	"time"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// changeJob makes a version of a job. Its tasks stay as they are: instances are replaced by real masters only.
func (c *Cluster) changeJob(name string, version int, note string, edit func(*reeveapi.Job) error) (*reeveapi.Job, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut != nil {
		return nil, c.cut
	}
	i := slices.IndexFunc(c.jobs, func(e *entry[reeveapi.Job]) bool { return e.val.Spec.Name == name })
	if i < 0 {
		return nil, fault.New(fault.NotFound, "there is no job %s", name)
	}
	e := c.jobs[i]
	j := e.val
	if version != 0 && version != j.Version {
		return nil, fault.New(fault.Conflict, "job %q is at version %d now, the change was made for version %d; look at it again", name, j.Version, version)
	}
	j.Instances = slices.Clone(j.Instances)
	if err := edit(&j); err != nil {
		return nil, err
	}
	j.Version++
	j.History = append(slices.Clone(j.History), reeveapi.Revision{Version: j.Version, Template: j.Template, Spec: j.Spec, At: c.now, By: "operator", Note: note})
	e.val, e.version = j, c.change()
	c.event("JOB_UPDATED", name, name, "", fmt.Sprintf("version %d: %s", j.Version, note), "operator")
	c.publish()
	return &j, nil
}

// UpdateJob replaces a job's spec.
func (c *Cluster) UpdateJob(_ context.Context, spec reeveapi.JobSpec, version int) (*reeveapi.Job, error) {
	return c.changeJob(spec.Name, version, "updated", func(j *reeveapi.Job) error {
		j.Spec = spec
		resize(j)
		return nil
	})
}

// ScaleJob changes how many instances a job has.
func (c *Cluster) ScaleJob(_ context.Context, name string, version, instances int) (*reeveapi.Job, error) {
	return c.changeJob(name, version, fmt.Sprintf("scaled to %d", instances), func(j *reeveapi.Job) error {
		j.Spec.Instances = instances
		resize(j)
		return nil
	})
}

func resize(j *reeveapi.Job) {
	for len(j.Instances) < j.Spec.Instances {
		j.Instances = append(j.Instances, reeveapi.Instance{Index: len(j.Instances), Template: j.Template})
	}
	j.Instances = j.Instances[:max(j.Spec.Instances, 1)]
}

// RestartJob makes a version like the newest.
func (c *Cluster) RestartJob(_ context.Context, name string, version int) (*reeveapi.Job, error) {
	return c.changeJob(name, version, "restarted", func(*reeveapi.Job) error { return nil })
}

// RollbackJob makes an earlier version the newest one.
func (c *Cluster) RollbackJob(_ context.Context, name string, version, to int) (*reeveapi.Job, error) {
	return c.changeJob(name, version, fmt.Sprintf("rolled back to version %d", to), func(j *reeveapi.Job) error {
		for _, r := range j.History {
			if r.Version == to {
				j.Spec = r.Spec
				return nil
			}
		}
		return fault.New(fault.NotFound, "job %s has no version %d", name, to)
	})
}

// TriggerJob notes a run of a periodic job.
func (c *Cluster) TriggerJob(_ context.Context, name string) (*reeveapi.Job, error) {
	return c.changeJob(name, 0, "run by hand", func(j *reeveapi.Job) error {
		j.Run++
		j.Runs = append(slices.Clone(j.Runs), reeveapi.JobRun{Number: j.Run, Started: c.now, Ended: c.now, State: reeveapi.JobFinished})
		return nil
	})
}

// makeServices adds jobs of the other kinds: a service in the middle of an update, and one that runs at night.
func (c *Cluster) makeServices() {
	const minutes = 60
	web := reeveapi.JobSpec{
		Name: "checkout", Kind: reeveapi.Service, Role: "*", Command: "./checkout --port $PORT0", Instances: 3, Ports: 1,
		Resources: reeveapi.Amounts{CPUs: 0.2, Mem: 128, Disk: 64}, Health: &reeveapi.JobHealth{HTTP: "/health"},
		Secrets: []reeveapi.JobSecret{{Name: "shop-db", Env: "DB_PASSWORD"}, {Name: "tls-key", File: "/run/secrets/tls.key"}},
		Update:  &reeveapi.JobUpdate{MaxSurge: 1, HealthySeconds: 5, DeadlineSeconds: 10 * minutes, OnFailure: reeveapi.OnFailureRollback},
	}
	before := web
	before.Command = "./checkout-v6 --port $PORT0"
	history := []reeveapi.Revision{
		{Version: 1, Template: 1, Spec: before, At: c.now.Add(-50 * time.Hour), By: "alice", Note: "submitted"},
		{Version: 2, Template: 2, Spec: web, At: c.now.Add(-2 * time.Minute), By: "bob", Note: "updated"},
	}
	job := reeveapi.Job{
		Spec: web, State: reeveapi.JobRunning, Submitted: c.now.Add(-50 * time.Hour), By: "alice", Version: 2, Template: 2, Stable: 1,
		History: history, Health: reeveapi.HealthStarting, Healthy: 2,
		Rollout: &reeveapi.Rollout{Version: 2, State: reeveapi.RolloutRunning, Started: c.now.Add(-2 * time.Minute), Progress: c.now.Add(-time.Minute), Updated: 1},
		Waiting: "a place; of 11 agents that offered in role *, on 11: at most 96 MB of mem left, 128 asked",
	}
	job.Instances = []reeveapi.Instance{
		{Index: 0, Attempt: 1, Restarts: 2, Template: 2, Task: "checkout.0.1", Agent: c.agents[0].val.ID, State: "TASK_RUNNING", Healthy: true, Changed: c.now.Add(-time.Minute)},
		{Index: 1, Attempt: 1, Template: 2, Changed: c.now.Add(-time.Minute), Waiting: job.Waiting},
		{Index: 2, Template: 1, Task: "checkout.2", Agent: c.agents[2].val.ID, State: "TASK_RUNNING", Healthy: true, Changed: c.now.Add(-50 * time.Hour)},
	}
	job.Leaving = []reeveapi.Leaving{{
		Instance: reeveapi.Instance{Index: 1, Template: 1, Task: "checkout.1", Agent: c.agents[1].val.ID, State: "TASK_RUNNING", Healthy: true, Changed: c.now.Add(-50 * time.Hour)},
		Why:      "an update replaces it", Left: c.now.Add(-time.Minute), Wait: true,
	}}
	night := reeveapi.JobSpec{
		Name: "backup", Kind: reeveapi.Periodic, Role: "*", Command: "./backup --all", Instances: 1,
		Resources: reeveapi.Amounts{CPUs: 0.5, Mem: 256, Disk: 1024},
		Schedule:  &reeveapi.JobSchedule{Cron: "0 4 * * *", TimeZone: "Europe/Berlin", Overlap: reeveapi.OverlapSkip},
	}
	next := c.now.Add(16 * time.Hour)
	periodic := reeveapi.Job{
		Spec: night, State: reeveapi.JobScheduled, Submitted: c.now.Add(-100 * time.Hour), By: "alice", Version: 1, Template: 1, Stable: 1, Run: 2, NextRun: next,
		Instances: []reeveapi.Instance{}, Waiting: "its next run at " + next.Format("2006-01-02 15:04:05") + " UTC",
		History: []reeveapi.Revision{{Version: 1, Template: 1, Spec: night, At: c.now.Add(-100 * time.Hour), By: "alice", Note: "submitted"}},
		Runs: []reeveapi.JobRun{
			{Number: 1, Scheduled: c.now.Add(-32 * time.Hour), Started: c.now.Add(-32 * time.Hour), Ended: c.now.Add(-31 * time.Hour), State: reeveapi.JobFailed, Message: "command exited with status 2"},
			{Number: 2, Scheduled: c.now.Add(-8 * time.Hour), Started: c.now.Add(-8 * time.Hour), Ended: c.now.Add(-7 * time.Hour), State: reeveapi.JobFinished},
		},
	}
	for _, j := range []reeveapi.Job{job, periodic} {
		c.jobs = append(c.jobs, &entry[reeveapi.Job]{j, c.change()})
	}
}
