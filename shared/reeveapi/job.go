package reeveapi

import "time"

// Job is a job and how far it is. GET /reeve/v1/jobs answers a list, GET /reeve/v1/jobs/{name} one with its Version as
// ETag, POST /reeve/v1/jobs/{name}/stop ends it, DELETE /reeve/v1/jobs/{name} forgets an ended one.
type Job struct {
	Spec      JobSpec    `json:"spec"`
	State     string     `json:"state"` // one of the Job… constants
	Submitted time.Time  `json:"submitted"`
	By        string     `json:"by,omitempty"`      // who submitted it
	Run       int        `json:"run,omitempty"`     // how often it ran before, as far as is remembered: under the same name, or by its schedule
	Stopped   bool       `json:"stopped,omitempty"` // an operator asked for its end
	Ended     time.Time  `json:"ended,omitzero"`
	Message   string     `json:"message,omitempty"` // how it ended, for people
	Instances []Instance `json:"instances"`
	Waiting   string     `json:"waiting,omitempty"` // what a pending job waits for, in one sentence

	Version  int        `json:"version,omitempty"`  // grows with every change of Spec; what If-Match compares
	Template int        `json:"template,omitempty"` // the Version since which tasks are as Spec wants them
	Spent    int        `json:"spent,omitempty"`    // attempts that new instances must not repeat
	History  []Revision `json:"history,omitempty"`  // newest last
	Stable   int        `json:"stable,omitempty"`   // the Template that was rolled out last
	Rollout  *Rollout   `json:"rollout,omitempty"`  // the newest change of running instances
	Leaving  []Leaving  `json:"leaving,omitempty"`  // tasks that are to end and still may run
	Health   string     `json:"health,omitempty"`   // of a service: one of the Health… constants
	Healthy  int        `json:"healthy,omitempty"`  // instances that run and are well

	Expired    bool        `json:"expired,omitempty"`     // its deadline has passed
	Replaced   bool        `json:"replaced,omitempty"`    // the run ends because the next one is due
	RunStarted time.Time   `json:"run_started,omitzero"`  // of a periodic job's newest run
	NextRun    time.Time   `json:"next_run,omitzero"`     // of a periodic job
	Queued     int         `json:"queued_runs,omitempty"` // runs that wait for the end of this one
	Due        []time.Time `json:"queued_due,omitempty"`  // when those were due, the first that comes first
	Runs       []JobRun    `json:"runs,omitempty"`        // newest last
}

// States of a Job. Pending: no instance was launched yet. Running: at least one was. Scheduled: a periodic job between
// two runs. Finished: every instance succeeded. Failed: an instance has used up its retries, or the deadline has passed.
// Stopped: an operator ended it.
const (
	JobPending   = "pending"
	JobRunning   = "running"
	JobScheduled = "scheduled"
	JobFinished  = "finished"
	JobFailed    = "failed"
	JobStopped   = "stopped"
)

// Health of a service.
const (
	HealthGood     = "healthy"       // every instance runs and is well
	HealthStarting = "starting"      // some are on their way
	HealthDegraded = "degraded"      // some have failed, are unhealthy or unreachable
	HealthCrashing = "crash-looping" // some fail again and again
)

// Instance is one of a job's tasks, in its newest attempt.
type Instance struct {
	Index    int               `json:"index"`              // from 0
	Attempt  int               `json:"attempt"`            // from 0
	Failed   int               `json:"failed,omitempty"`   // attempts that failed; of a service: in a row
	Restarts int               `json:"restarts,omitempty"` // of a service: attempts that ended by themselves
	Template int               `json:"template,omitempty"` // as Job's, of this attempt
	Task     string            `json:"task,omitempty"`     // id of the newest attempt's task, "" before the first
	Agent    string            `json:"agent,omitempty"`
	Where    map[string]string `json:"where,omitempty"` // what constraints count by
	State    string            `json:"state,omitempty"` // TASK_…, "" before the first launch
	Message  string            `json:"message,omitempty"`
	Changed  time.Time         `json:"changed,omitzero"`
	Started  time.Time         `json:"started,omitzero"`  // when it began to run
	Healthy  bool              `json:"healthy,omitempty"` // it runs, and is well if there is a health check
	Since    time.Time         `json:"since,omitzero"`    // when Healthy began
	Ports    []int             `json:"ports,omitempty"`
	Waiting  string            `json:"waiting,omitempty"` // why it does not run
}

// Leaving is a task that is not, or no longer, the current one of an instance: it is to end, and may still run.
type Leaving struct {
	Instance
	Why  string    `json:"why"`
	Left time.Time `json:"left"`           // when it ceased to be the current one
	Wait bool      `json:"wait,omitempty"` // it is ended when its successor is well
}

// Revision is one version of a job.
type Revision struct {
	Version  int       `json:"version"`
	Template int       `json:"template"`
	Spec     JobSpec   `json:"spec"`
	At       time.Time `json:"at"`
	By       string    `json:"by,omitempty"`
	Note     string    `json:"note"` // what made it: submitted, updated, scaled to 3, …
}

// Rollout is how far running instances are replaced.
type Rollout struct {
	Version  int       `json:"version"`
	State    string    `json:"state"`          // one of the Rollout… constants
	Back     bool      `json:"back,omitempty"` // it undoes one that failed
	Started  time.Time `json:"started"`
	Progress time.Time `json:"progress"` // when the last instance became well
	Ended    time.Time `json:"ended,omitzero"`
	Updated  int       `json:"updated"` // instances of the new version that are well
	Failures int       `json:"failures,omitempty"`
	Message  string    `json:"message,omitempty"`
}

// States of a Rollout.
const (
	RolloutRunning = "running"
	RolloutDone    = "done"
	RolloutFailed  = "failed" // and nothing more is replaced
)

// JobRun is one run of a periodic job.
type JobRun struct {
	Number    int       `json:"number,omitempty"` // as Job.Run; 0 for one that was skipped
	Scheduled time.Time `json:"scheduled,omitzero"`
	Started   time.Time `json:"started,omitzero"`
	Ended     time.Time `json:"ended,omitzero"`
	State     string    `json:"state"` // running, finished, failed, stopped, replaced, skipped
	Message   string    `json:"message,omitempty"`
}

// What becomes of a JobRun besides running, finished, failed and stopped.
const (
	RunSkipped  = "skipped"
	RunReplaced = "replaced"
)

// JobPlan is what a spec would change and where its instances would go: POST /reeve/v1/jobs/plan.
type JobPlan struct {
	Action  string       `json:"action"` // "create", "update", "none"
	Version int          `json:"version,omitempty"`
	Changes []SpecChange `json:"changes,omitempty"`
	Replace int          `json:"replace,omitempty"` // running instances that would be replaced
	Spec    JobSpec      `json:"spec"`              // with its defaults
	Wanted  int          `json:"wanted"`            // instances that need a place
	Fits    int          `json:"fits"`              // of these, how many have one now
	Later   int          `json:"later,omitempty"`   // and how many more have one once frameworks give back what they are offered
	Holders []Holder     `json:"holders,omitempty"` // those frameworks
	Waits   string       `json:"waits,omitempty"`   // who holds how much for how long, for people
	Lacks   []string     `json:"lacks,omitempty"`   // secrets that there are not: the job would be refused
	Quota   string       `json:"quota,omitempty"`   // which quotas keep how much from all of them together, for people
	Agents  []PlanAgent  `json:"agents"`
}

// PlanAgent is what one agent could take.
type PlanAgent struct {
	Name   string `json:"name"`
	ID     string `json:"id"`
	Takes  int    `json:"takes"`            // now
	Later  int    `json:"later,omitempty"`  // more, once frameworks give back what they are offered of it
	Reason string `json:"reason,omitempty"` // why no more
}

// SpecChange is one key of a spec that differs.
type SpecChange struct {
	Key  string `json:"key"`
	From string `json:"from,omitempty"` // JSON, "" if it was not there
	To   string `json:"to,omitempty"`
}

// JobScale is the body of POST /reeve/v1/jobs/{name}/scale.
type JobScale struct {
	Instances int `json:"instances"`
}

// JobRollback is the body of POST /reeve/v1/jobs/{name}/rollback; version 0 is the one before the newest.
type JobRollback struct {
	Version int `json:"version,omitempty"`
}
