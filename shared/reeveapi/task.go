package reeveapi

import "time"

// Task is one task, running or ended. GET /reeve/v1/tasks answers a list; POST
// /reeve/v1/tasks/{framework}/{task}/kill asks for a task's end on behalf of an operator.
type Task struct {
	ID            string            `json:"id"`
	Framework     string            `json:"framework"`
	FrameworkName string            `json:"framework_name"`
	Name          string            `json:"name"`
	Role          string            `json:"role"`
	Executor      string            `json:"executor"` // for a command task the task's id
	Agent         string            `json:"agent"`
	AgentName     string            `json:"agent_name"`
	AgentHTTP     string            `json:"agent_http"` // where its files and usage are
	Container     string            `json:"container,omitempty"`
	State         string            `json:"state"` // TASK_…
	Message       string            `json:"message,omitempty"`
	Reason        string            `json:"reason,omitempty"`
	Source        string            `json:"source,omitempty"`
	Healthy       *bool             `json:"healthy,omitempty"`
	Check         string            `json:"check,omitempty"` // what its check has found last, for people
	Requested     Amounts           `json:"requested"`
	Ports         string            `json:"ports,omitempty"`
	Command       string            `json:"command,omitempty"`
	Image         string            `json:"image,omitempty"`
	Pull          *Pull             `json:"pull,omitempty"` // of its image or of what is fetched for it, while the task is staging
	User          string            `json:"user,omitempty"`
	Labels        map[string]string `json:"labels,omitempty"`
	Env           map[string]string `json:"env,omitempty"` // without the values of secrets
	Job           string            `json:"job,omitempty"`
	Sandbox       string            `json:"sandbox"` // virtual path for /files on the agent
	History       []TaskStep        `json:"history"` // oldest first; the first is TASK_STAGING
	Launched      time.Time         `json:"launched"`
	Ended         time.Time         `json:"ended,omitzero"`
}

// TaskMove is what can be another of a task without it being another task: where it is in its life. What it was launched as
// stays as it was told before.
type TaskMove struct {
	Task          string     `json:"task"` // "framework/task"
	FrameworkName string     `json:"framework_name"`
	AgentName     string     `json:"agent_name"`
	AgentHTTP     string     `json:"agent_http"`
	Container     string     `json:"container,omitempty"`
	State         string     `json:"state"`
	Message       string     `json:"message,omitempty"`
	Reason        string     `json:"reason,omitempty"`
	Source        string     `json:"source,omitempty"`
	Healthy       *bool      `json:"healthy,omitempty"`
	Check         string     `json:"check,omitempty"`
	Pull          *Pull      `json:"pull,omitempty"`
	Kept          int        `json:"kept"`    // how many steps of its history are as they were
	History       []TaskStep `json:"history"` // those that follow
	Ended         time.Time  `json:"ended,omitzero"`
}

// Move makes the task what it is after the move. Of its history only what is kept may be in use elsewhere: what follows is
// written behind that, or to another place.
func (t *Task) Move(m *TaskMove) {
	t.FrameworkName, t.AgentName, t.AgentHTTP, t.Container = m.FrameworkName, m.AgentName, m.AgentHTTP, m.Container
	t.State, t.Message, t.Reason, t.Source = m.State, m.Message, m.Reason, m.Source
	t.Healthy, t.Check, t.Pull, t.Ended = m.Healthy, m.Check, m.Pull, m.Ended
	kept := min(max(m.Kept, 0), len(t.History))
	if kept < len(t.History) {
		t.History = t.History[:kept:kept]
	}
	t.History = append(t.History, m.History...)
}

// Pull is how far an image is on its way to an agent, or what is fetched for a task.
type Pull struct {
	URI   string `json:"uri,omitempty"` // what is fetched; unset for the image
	Done  int64  `json:"done"`          // bytes
	Total int64  `json:"total"`         // of what the agent did not have; 0 while that of a URI is unknown
}

// TaskStep is one state a task has been in.
type TaskStep struct {
	State   string    `json:"state"`
	At      time.Time `json:"at"`
	Message string    `json:"message,omitempty"`
}

// Event is something that happened, for people: what, to whom, who did it and why.
type Event struct {
	Seq     uint64    `json:"seq"` // grows by one within a term
	At      time.Time `json:"at"`
	Kind    string    `json:"kind"`            // TASK_RUNNING, AGENT_UNREACHABLE, FRAMEWORK_ADDED, MASTER_ELECTED, …
	Subject string    `json:"subject"`         // name of the task, agent, framework, master or job
	ID      string    `json:"id"`              // its id; "framework/task" for a task
	Agent   string    `json:"agent,omitempty"` // hostname, where one is involved
	Text    string    `json:"text,omitempty"`
	Who     string    `json:"who,omitempty"`
}
