package workload

import (
	"time"

	"codeberg.org/reeve/reeve/agentd/launch"
	"codeberg.org/reeve/reeve/agentd/lifecycle"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// View is the machine's state at one moment, for readers outside the loop. It shares messages with the machine, which
// are never changed, and nothing else.
type View struct {
	Agent      *mesosv1.AgentInfo   // with its id, once a master has admitted it
	Registered bool                 // with a master, now
	Draining   bool                 // agentd is to end, and ends its tasks first
	Drain      *mesosv1.DrainConfig // a master has ordered that every task ends; nil without
	DrainSince time.Time
	Frameworks []FrameworkView // by id
	Completed  []FrameworkView // oldest first
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
	Tasks     []TaskView // by id: not ended, or ended and not acknowledged
	Completed []TaskView // oldest first
}

// TaskView is a task of an executor.
type TaskView struct {
	Task   *mesosv1.Task // as the master is told; executor_id is unset for a command task
	Info   *mesosv1.TaskInfo
	Queued bool // the executor has not been told of it

	Container ids.Container // the task's own in a pod, "" for others
	PID       int           // of its first process, 0 while there is none
}

// View copies the state. It must be called between two turns.
func (m *Machine) View() *View {
	v := &View{Agent: m.agent, Registered: m.registered, Draining: m.draining}
	if m.order != nil {
		v.Drain, v.DrainSince = m.order.Config(), time.Unix(0, m.order.GetSinceNs())
	}
	for _, fw := range sorted(m.frameworks) {
		v.Frameworks = append(v.Frameworks, m.viewFramework(fw))
	}
	for _, fw := range m.completed {
		v.Completed = append(v.Completed, m.viewFramework(fw))
	}
	return v
}

func (m *Machine) viewFramework(fw *framework) FrameworkView {
	v := FrameworkView{ID: fw.id, Info: fw.info}
	for _, c := range sorted(fw.executors) {
		v.Executors = append(v.Executors, m.viewExecutor(c))
	}
	for _, c := range fw.completed {
		v.Completed = append(v.Completed, m.viewExecutor(c))
	}
	return v
}

func (m *Machine) viewExecutor(c *container) ExecutorView {
	v := ExecutorView{
		ID: c.executor, Info: c.info, Command: c.command, Container: c.id, Sandbox: m.sandbox(c), Phase: c.phase,
		PID: c.pid, Created: c.created, Started: c.started,
	}
	for _, t := range sorted(c.tasks) {
		task := TaskView{Task: m.taskProto(c, t), Info: t.info, Queued: !t.delivered}
		if member := c.members[t.id()]; member != nil {
			task.Container = member.id
			if member.phase == lifecycle.Running || member.phase == lifecycle.Stopping {
				task.PID = member.pid
			}
		}
		v.Tasks = append(v.Tasks, task)
	}
	for _, t := range c.completed {
		v.Completed = append(v.Completed, TaskView{Task: m.taskProto(c, t), Info: t.info})
	}
	return v
}

// RunningContainer is a container that can be measured.
type RunningContainer struct {
	ID      ids.Container
	Sandbox string
	Tasks   []ids.Task // those that have not ended

	StdoutLimit, StderrLimit int64 // bytes that are to be kept of them; 0 where nothing was asked
}

// Running lists the containers whose processes run. It must be called between two turns.
func (m *Machine) Running() []RunningContainer {
	var list []RunningContainer
	for _, fw := range sorted(m.frameworks) {
		for _, c := range fw.all() {
			if c.members != nil || c.phase != lifecycle.Running && c.phase != lifecycle.Stopping {
				continue
			}
			run := m.run(c)
			r := RunningContainer{ID: c.id, Sandbox: m.cfg.Launch.Sandbox(run)}
			r.StdoutLimit, r.StderrLimit = launch.LogLimits(run)
			for _, t := range sorted(c.tasks) {
				if !t.ended() {
					r.Tasks = append(r.Tasks, ids.Task{Framework: fw.id, ID: t.id()})
				}
			}
			list = append(list, r)
		}
	}
	return list
}
