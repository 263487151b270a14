package reeveapi

import "time"

// Brief is the larger part of a line of GET /reeve/v1/watch?brief=1: that of which hardly anything is said that an earlier line
// has not said. Tasks have numbers there. What comes in masses stands in columns, which are lists: what stands first in all of
// them belongs together, then what stands second, and so on. A column that is left out says the same of all: nothing.
// Package shorthand makes lines brief, and whole again.
type Brief struct {
	Base       time.Time      `json:"base"`                  // moments are nanoseconds after it
	Event      uint64         `json:"event,omitempty"`       // the number of the line's first event
	Events     int            `json:"events,omitempty"`      // how many it has: those in Watch.Events, and those of which launches and moves tell
	Tasks      []int          `json:"tasks,omitempty"`       // the numbers of those in Watch.Tasks, from 1; 0 for none
	TasksMoved []int          `json:"tasks_moved,omitempty"` // the numbers of those in Watch.TasksMoved
	Places     []Place        `json:"places,omitempty"`
	Launches   []Launches     `json:"launches,omitempty"` // before moves: a task may have been launched and have moved on
	Moves      []Moves        `json:"moves,omitempty"`
	Removed    []int          `json:"removed,omitempty"` // numbers of tasks, which are others' from the next line on
	Agents     []AgentFigures `json:"agents,omitempty"`
}

// Place is an agent on which tasks were launched.
type Place struct {
	Agent string `json:"agent"` // id
	Name  string `json:"name"`
	HTTP  string `json:"http"`
}

// Launches are new tasks that are alike.
type Launches struct {
	// Like is such a task, without its id, its name, its agent, and what follows from these: its executor is named as it is, its
	// sandbox is SandboxOf, and its history is one step, into the state that it is in, when it was launched.
	Like     Task     `json:"like"`
	Numbers  []int    `json:"numbers"`
	IDs      []string `json:"ids"`
	Names    []string `json:"names"`
	Places   []int    `json:"places"` // in Brief.Places, from 0
	Launched []int64  `json:"launched"`
	Events   []int    `json:"events,omitempty"` // which of the line's events says so, from 1; 0 for none
	EventsAt []int64  `json:"events_at,omitempty"`
}

// SandboxOf is the sandbox of a task that has an executor of its own.
func SandboxOf(framework, task string) string {
	return "/frameworks/" + framework + "/executors/" + task + "/runs/latest"
}

// Moves are tasks to which the same happened, as TaskMove tells it. Their agents are called as they were, and all of their
// histories is kept.
type Moves struct {
	FrameworkName string   `json:"framework_name"`
	State         string   `json:"state"`
	Message       string   `json:"message,omitempty"`
	Reason        string   `json:"reason,omitempty"`
	Source        string   `json:"source,omitempty"`
	Healthy       *bool    `json:"healthy,omitempty"`
	Check         string   `json:"check,omitempty"`
	Pull          *Pull    `json:"pull,omitempty"`
	Steps         []string `json:"steps,omitempty"` // the states that follow in their histories; Message is that of the last one, others have none
	Numbers       []int    `json:"numbers"`
	// At is when all steps of the first task were, then those of the second, and so on. Events and EventsAt are as long, and
	// say the same as those of Launches.
	At         []int64  `json:"at,omitempty"`
	Events     []int    `json:"events,omitempty"`
	EventsAt   []int64  `json:"events_at,omitempty"`
	Containers []string `json:"containers,omitempty"` // left out if they are as they were
	Ended      []int64  `json:"ended,omitempty"`      // left out if they have not
}

// AgentFigures is an agent of which only these are not as they were.
type AgentFigures struct {
	ID        string     `json:"id"`
	Allocated *Amounts   `json:"allocated,omitempty"` // this and the next ones are left out if they are as they were
	Offered   *Amounts   `json:"offered,omitempty"`
	Usage     *HostUsage `json:"usage,omitempty"`
	Tasks     int        `json:"tasks"`
}

// Numbers are the numbers that tasks of a line have in its stream, for readers who want to find them fast; none if it is not a brief
// one. A number is one task's until a line after the one that removes it.
type Numbers struct {
	Tasks        []int // of Watch.Tasks, and so on
	TasksMoved   []int
	TasksRemoved []int
}

// EventOf is the event that says what a step of a task's history says.
func EventOf(seq uint64, at time.Time, step *TaskStep, task, key, agent string) Event {
	return Event{Seq: seq, At: at, Kind: step.State, Subject: task, ID: key, Agent: agent, Text: step.Message}
}
