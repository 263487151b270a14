package workload

import (
	"path"
	"time"

	"codeberg.org/reeve/reeve/agentd/launch"
	"codeberg.org/reeve/reeve/agentd/lifecycle"
	"codeberg.org/reeve/reeve/agentd/view"
)

// What readers outside the loop get, as they know it; agentd/view says what each is.
type (
	// View is the machine's state at one moment.
	View = view.View
	// FrameworkView is a framework with something on this host.
	FrameworkView = view.FrameworkView
	// ExecutorView is one run of an executor.
	ExecutorView = view.ExecutorView
	// TaskView is a task of an executor.
	TaskView = view.TaskView
	// RunningContainer is a container that can be measured.
	RunningContainer = view.RunningContainer
)

// View copies the state. It must be called between two turns.
func (m *Machine) View() *View {
	v := &View{Agent: m.agent, Registered: m.registered, Draining: m.draining, Total: m.holdings.Total(), Operations: m.holdings.Pending()}
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
		PID: c.pid, Created: c.created, Started: c.started, Joined: c.joined,
	}
	for _, t := range sorted(c.tasks) {
		task := TaskView{Task: m.taskProto(c, t), Info: t.info, Queued: !t.delivered}
		if member := c.members[t.id()]; member != nil {
			task.Container = member.id
			if member.phase == lifecycle.Running || member.phase == lifecycle.Stopping {
				task.PID, task.Joined = member.pid, member.joined
			}
		}
		v.Tasks = append(v.Tasks, task)
	}
	for _, of := range append(sorted(c.members), c) {
		v.Volumes = append(v.Volumes, m.viewVolumes(of)...)
	}
	for _, t := range c.completed {
		v.Completed = append(v.Completed, TaskView{Task: m.taskProto(c, t), Info: t.info})
	}
	return v
}

// viewVolumes lists where the persistent volumes of a container are seen. Those of a pod's tasks are seen in the tasks' own
// sandboxes, under both of their names.
func (m *Machine) viewVolumes(c *container) []view.VolumeView {
	switch {
	case !c.phase.Alive():
		return nil
	case c.pod != nil:
		return m.cfg.Launch.Seen(m.run(c), m.sandbox(c), path.Join(m.sandbox(c.pod), "tasks", c.memberOf()))
	case c.members != nil:
		return m.cfg.Launch.Seen(launch.Run{Executor: c.info}, m.sandbox(c))
	}
	return m.cfg.Launch.Seen(m.run(c), m.sandbox(c))
}

// Running lists the containers that run, pods among them. It must be called between two turns.
func (m *Machine) Running() []RunningContainer {
	var list []RunningContainer
	for _, fw := range sorted(m.frameworks) {
		for _, c := range fw.all() {
			if c.phase == lifecycle.Running || c.phase == lifecycle.Stopping {
				list = append(list, m.cfg.Launch.Running(m.run(c)))
			}
		}
	}
	return list
}
