package reeveapi

import "time"

// JobKind says when a job is done.
type JobKind string

// Batch jobs run every instance once, to success, with retries; services and periodic jobs come later.
const Batch JobKind = "batch"

// JobSpec is what an operator submits: POST /reeve/v1/jobs, answered with 201 and the Job.
type JobSpec struct {
	Name             string            `json:"name" yaml:"name"`                               // unique; an id by the rule of the spec's 3.1
	Kind             JobKind           `json:"kind,omitempty" yaml:"kind,omitempty"`           // default batch
	Role             string            `json:"role,omitempty" yaml:"role,omitempty"`           // default "*"
	Command          string            `json:"command" yaml:"command"`                         // for sh -c
	Instances        int               `json:"instances,omitempty" yaml:"instances,omitempty"` // default 1
	Retries          int               `json:"retries,omitempty" yaml:"retries,omitempty"`     // of each instance, default 0
	Resources        Amounts           `json:"resources" yaml:"resources"`                     // of each instance
	Ports            int               `json:"ports,omitempty" yaml:"ports,omitempty"`         // how many; told as PORT0, PORT1, …
	User             string            `json:"user,omitempty" yaml:"user,omitempty"`
	Env              map[string]string `json:"env,omitempty" yaml:"env,omitempty"`
	URIs             []string          `json:"uris,omitempty" yaml:"uris,omitempty"`
	Labels           map[string]string `json:"labels,omitempty" yaml:"labels,omitempty"`
	KillGraceSeconds float64           `json:"kill_grace_seconds,omitempty" yaml:"kill_grace_seconds,omitempty"` // default 3
}

// Job is a job and how far it is. GET /reeve/v1/jobs answers a list, GET /reeve/v1/jobs/{name} one, POST
// /reeve/v1/jobs/{name}/stop ends it, DELETE /reeve/v1/jobs/{name} forgets an ended one.
type Job struct {
	Spec      JobSpec    `json:"spec"`
	State     string     `json:"state"` // one of the Job… constants
	Submitted time.Time  `json:"submitted"`
	By        string     `json:"by,omitempty"`      // who submitted it
	Run       int        `json:"run,omitempty"`     // how often the name was submitted before, as far as is remembered
	Stopped   bool       `json:"stopped,omitempty"` // an operator asked for its end
	Ended     time.Time  `json:"ended,omitzero"`
	Instances []Instance `json:"instances"`
	Waiting   string     `json:"waiting,omitempty"` // what a pending job waits for, in one sentence
}

// States of a Job. Pending: no instance was launched yet. Running: at least one was. Finished: every instance succeeded.
// Failed: an instance has used up its retries. Stopped: an operator ended it.
const (
	JobPending  = "pending"
	JobRunning  = "running"
	JobFinished = "finished"
	JobFailed   = "failed"
	JobStopped  = "stopped"
)

// Instance is one of a job's tasks, in its newest attempt.
type Instance struct {
	Index   int       `json:"index"`            // from 0
	Attempt int       `json:"attempt"`          // from 0
	Failed  int       `json:"failed,omitempty"` // attempts that failed; others ended with their agent, or never began
	Task    string    `json:"task,omitempty"`   // id of the newest attempt's task, "" before the first
	Agent   string    `json:"agent,omitempty"`
	State   string    `json:"state,omitempty"` // TASK_…, "" before the first launch
	Message string    `json:"message,omitempty"`
	Changed time.Time `json:"changed,omitzero"`
}
