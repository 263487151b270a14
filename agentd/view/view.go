// Package view is what readers outside the agent's loop get: its state at one moment. It owns the shape only; agentd/workload
// makes views, and nobody changes one. Start reading at View.
package view

import (
	"time"

	"codeberg.org/reeve/reeve/agentd/lifecycle"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/resources"
)

// View is the machine's state at one moment, for readers outside the loop. It shares messages with the machine, which
// are never changed, and nothing else.
type View struct {
	Agent      *mesosv1.AgentInfo   // with its id, once a master has admitted it
	Registered bool                 // with a master, now
	Draining   bool                 // agentd is to end, and ends its tasks first
	Drain      *mesosv1.DrainConfig // a master has ordered that every task ends; nil without
	DrainSince time.Time
	Total      resources.Resources  // what there is, as operations have converted it
	Operations []*mesosv1.Operation // done, and not acknowledged
	Frameworks []FrameworkView      // by id
	Completed  []FrameworkView      // oldest first
}

// FrameworkView is a framework with something on this host.
type FrameworkView struct {
	ID        ids.Framework
	Info      *mesosv1.FrameworkInfo
	Executors []ExecutorView // by id
	Completed []ExecutorView // oldest first
}

// ExecutorView is one run of an executor; for a command task one in name only.
type ExecutorView struct {
	ID        ids.Executor
	Info      *mesosv1.ExecutorInfo
	Command   bool
	Container ids.Container
	Sandbox   string // host path
	Phase     lifecycle.Phase
	PID       int
	Created   time.Time
	Started   time.Time
	Joined    []runtime.Joined // networks other than the host's
	Volumes   []VolumeView     // persistent ones in use
	Tasks     []TaskView       // by id: not ended, or ended and not acknowledged
	Completed []TaskView       // oldest first
}

// TaskView is a task of an executor.
type TaskView struct {
	Task   *mesosv1.Task // as the master is told; executor_id is unset for a command task
	Info   *mesosv1.TaskInfo
	Queued bool // the executor has not been told of it

	Container ids.Container // the task's own in a pod, "" for others
	PID       int           // of its first process, 0 while there is none
	Joined    []runtime.Joined
}

// VolumeView is where a persistent volume is seen in a sandbox.
type VolumeView struct {
	At   string // path on the host, in a sandbox
	Path string // of its directory on the host
}

// RunningContainer is a container that can be measured.
type RunningContainer struct {
	ID      ids.Container
	Sandbox string
	Tasks   []ids.Task // those that have not ended
	Pod     bool       // it has no process of its own; the containers of its tasks are listed, too

	DiskLimit                int64 // bytes that its files may take; 0 for no limit
	StdoutLimit, StderrLimit int64 // bytes that are to be kept of them; 0 where nothing was asked
}
