package workload

import (
	"path"
	"time"

	"codeberg.org/reeve/reeve/agentd/launch"
	"codeberg.org/reeve/reeve/agentd/lifecycle"
	"codeberg.org/reeve/reeve/agentd/roster"
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
	for _, fw := range roster.Sorted(m.frameworks) {
		v.Frameworks = append(v.Frameworks, m.viewFramework(fw))
	}
	for _, fw := range m.completed {
		v.Completed = append(v.Completed, m.viewFramework(fw))
	}
	return v
}

func (m *Machine) viewFramework(fw *roster.Framework) FrameworkView {
	v := FrameworkView{ID: fw.ID, Info: fw.Info}
	for _, c := range roster.Sorted(fw.Executors) {
		v.Executors = append(v.Executors, m.viewExecutor(c))
	}
	for _, c := range fw.Completed {
		v.Completed = append(v.Completed, m.viewExecutor(c))
	}
	return v
}

func (m *Machine) viewExecutor(c *roster.Container) ExecutorView {
	v := ExecutorView{
		ID: c.Executor, Info: c.Info, Command: c.Command, Container: c.ID, Sandbox: m.sandbox(c), Phase: c.Phase,
		PID: c.PID, Created: c.Created, Started: c.Started, Joined: c.Joined,
	}
	for _, t := range roster.Sorted(c.Tasks) {
		task := TaskView{Task: m.taskProto(c, t), Info: t.Info, Queued: !t.Delivered}
		if member := c.Members[t.ID()]; member != nil {
			task.Container = member.ID
			if member.Phase == lifecycle.Running || member.Phase == lifecycle.Stopping {
				task.PID, task.Joined = member.PID, member.Joined
			}
		}
		v.Tasks = append(v.Tasks, task)
	}
	for _, of := range append(roster.Sorted(c.Members), c) {
		v.Volumes = append(v.Volumes, m.viewVolumes(of)...)
	}
	for _, t := range c.Completed {
		v.Completed = append(v.Completed, TaskView{Task: m.taskProto(c, t), Info: t.Info})
	}
	return v
}

// viewVolumes lists where the persistent volumes of a container are seen. Those of a pod's tasks are seen in the tasks' own
// sandboxes, under both of their names.
func (m *Machine) viewVolumes(c *roster.Container) []view.VolumeView {
	switch {
	case !c.Phase.Alive():
		return nil
	case c.Pod != nil:
		return m.cfg.Launch.Seen(m.run(c), m.sandbox(c), path.Join(m.sandbox(c.Pod), "tasks", c.MemberOf()))
	case c.Members != nil:
		return m.cfg.Launch.Seen(launch.Run{Executor: c.Info}, m.sandbox(c))
	}
	return m.cfg.Launch.Seen(m.run(c), m.sandbox(c))
}

// Running lists the containers that run, pods among them. It must be called between two turns.
func (m *Machine) Running() []RunningContainer {
	var list []RunningContainer
	for _, fw := range roster.Sorted(m.frameworks) {
		for _, c := range fw.All() {
			if c.Phase == lifecycle.Running || c.Phase == lifecycle.Stopping {
				list = append(list, m.cfg.Launch.Running(m.run(c)))
			}
		}
	}
	return list
}
