package fake

import (
	"context"
	"slices"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// planMaintenance puts machines on the schedule: one whose time has come, one for tonight, and one for tomorrow.
func (c *Cluster) planMaintenance() {
	machine := func(n int, answers ...reeveapi.MaintenanceAnswer) reeveapi.MaintenanceMachine {
		a := c.agents[n].val
		return reeveapi.MaintenanceMachine{Hostname: a.Name, IP: a.HTTP[:len(a.HTTP)-len(":5051")], State: reeveapi.MachineDraining, Agents: []string{a.ID}, Answers: answers}
	}
	end, later := c.now.Add(2*time.Hour), c.now.Add(26*time.Hour)
	c.plan = reeveapi.Maintenance{Windows: []reeveapi.MaintenanceWindow{
		{Start: c.now.Add(-10 * time.Minute), End: &end, Machines: []reeveapi.MaintenanceMachine{machine(10,
			reeveapi.MaintenanceAnswer{Framework: c.framework("marathon").ID, Accepted: true, At: c.now},
			reeveapi.MaintenanceAnswer{Framework: c.framework("spark-etl").ID, At: c.now})}},
		{Start: c.now.Add(9 * time.Hour), Machines: []reeveapi.MaintenanceMachine{machine(3)}},
		{Start: c.now.Add(24 * time.Hour), End: &later, Machines: []reeveapi.MaintenanceMachine{machine(0)}},
	}}
	for _, w := range c.plan.Windows {
		for _, m := range w.Machines {
			for _, a := range c.onMachine(reeveapi.MachineID{Hostname: m.Hostname, IP: m.IP}) {
				a.val.Maintenance = &reeveapi.Unavailability{Start: w.Start, End: w.End}
			}
		}
	}
}

// Maintenance is the schedule, with the tasks that are on its machines now.
func (c *Cluster) Maintenance(context.Context) (reeveapi.Maintenance, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut != nil {
		return reeveapi.Maintenance{}, c.cut
	}
	out := reeveapi.Maintenance{}
	for _, w := range c.plan.Windows {
		w.Machines = slices.Clone(w.Machines)
		for i := range w.Machines {
			m := &w.Machines[i]
			for _, t := range c.tasks {
				if slices.Contains(m.Agents, t.val.Agent) && t.val.Ended.IsZero() {
					m.Tasks++
				}
			}
		}
		out.Windows = append(out.Windows, w)
	}
	return out, nil
}

// ChangeMaintenance puts machines on the schedule, takes them down, or off it.
func (c *Cluster) ChangeMaintenance(_ context.Context, step string, asked reeveapi.MaintenanceRequest) error {
	return c.setting(func() error {
		if step == "schedule" {
			c.schedule(asked)
		}
		for _, id := range asked.Machines {
			if !c.upkeep(step, id) {
				return fault.New(fault.NotFound, "machine %s is not in the schedule", id.Hostname)
			}
			c.event("MAINTENANCE", id.Hostname, id.Hostname, id.Hostname, step, "operator")
		}
		return nil
	})
}

// schedule gives machines a window of their own; those that had one leave it.
func (c *Cluster) schedule(asked reeveapi.MaintenanceRequest) {
	w := reeveapi.MaintenanceWindow{Start: asked.Start}
	if w.Start.IsZero() {
		w.Start = c.now.Truncate(time.Second)
	}
	if s := asked.DurationSeconds; s != nil {
		w.End = new(w.Start.Add(time.Duration(*s * float64(time.Second))))
	}
	for _, id := range asked.Machines {
		m := reeveapi.MaintenanceMachine{Hostname: id.Hostname, IP: id.IP, State: reeveapi.MachineDraining}
		if old := c.remove(id); old != nil {
			m = *old
		} else {
			for _, a := range c.onMachine(id) {
				m.Agents = append(m.Agents, a.val.ID)
			}
		}
		w.Machines = append(w.Machines, m)
		for _, a := range c.onMachine(id) {
			a.val.Maintenance, a.version = &reeveapi.Unavailability{Start: w.Start, End: w.End}, c.change()
		}
	}
	c.plan.Windows = append(c.plan.Windows, w)
	slices.SortStableFunc(c.plan.Windows, func(a, b reeveapi.MaintenanceWindow) int { return a.Start.Compare(b.Start) })
}

func (c *Cluster) onMachine(id reeveapi.MachineID) (out []*entry[reeveapi.Agent]) {
	for _, a := range c.agents {
		if strings.EqualFold(a.val.Name, id.Hostname) && strings.HasPrefix(a.val.HTTP, id.IP+":") {
			out = append(out, a)
		}
	}
	return out
}

// find is a machine of the schedule and its window, nil if it is not on it.
func (c *Cluster) find(id reeveapi.MachineID) (*reeveapi.MaintenanceWindow, int) {
	for w := range c.plan.Windows {
		at := slices.IndexFunc(c.plan.Windows[w].Machines, func(m reeveapi.MaintenanceMachine) bool {
			return strings.EqualFold(m.Hostname, id.Hostname) && m.IP == id.IP
		})
		if at >= 0 {
			return &c.plan.Windows[w], at
		}
	}
	return nil, 0
}

// remove takes a machine off the schedule, and answers what it was there.
func (c *Cluster) remove(id reeveapi.MachineID) *reeveapi.MaintenanceMachine {
	w, at := c.find(id)
	if w == nil {
		return nil
	}
	was := w.Machines[at]
	w.Machines = slices.Delete(w.Machines, at, at+1)
	c.plan.Windows = slices.DeleteFunc(c.plan.Windows, func(w reeveapi.MaintenanceWindow) bool { return len(w.Machines) == 0 })
	for _, a := range c.onMachine(id) {
		a.val.Maintenance, a.version = nil, c.change()
	}
	return &was
}

// upkeep does a step with a machine of the schedule, and says whether it is one.
func (c *Cluster) upkeep(step string, id reeveapi.MachineID) bool {
	w, at := c.find(id)
	switch {
	case w == nil:
		return false
	case step == "start":
		w.Machines[at].State = reeveapi.MachineDown
	case step != "schedule":
		c.remove(id)
	}
	return true
}
