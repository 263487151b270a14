package fake

import (
	"context"
	"slices"
	"time"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// planMaintenance puts two machines on the schedule: one whose time has come, and one for tonight.
func (c *Cluster) planMaintenance() {
	machine := func(n int, answers ...reeveapi.MaintenanceAnswer) reeveapi.MaintenanceMachine {
		a := c.agents[n].val
		return reeveapi.MaintenanceMachine{Hostname: a.Name, IP: a.HTTP[:len(a.HTTP)-len(":5051")], State: reeveapi.MachineDraining, Agents: []string{a.ID}, Answers: answers}
	}
	end := c.now.Add(2 * time.Hour)
	c.plan = reeveapi.Maintenance{Windows: []reeveapi.MaintenanceWindow{
		{Start: c.now.Add(-10 * time.Minute), End: &end, Machines: []reeveapi.MaintenanceMachine{machine(10,
			reeveapi.MaintenanceAnswer{Framework: c.framework("marathon").ID, Accepted: true, At: c.now},
			reeveapi.MaintenanceAnswer{Framework: c.framework("spark-etl").ID, At: c.now})}},
		{Start: c.now.Add(9 * time.Hour), Machines: []reeveapi.MaintenanceMachine{machine(3)}},
	}}
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

// ChangeMaintenance takes machines of the schedule down, or off it.
func (c *Cluster) ChangeMaintenance(_ context.Context, step string, asked reeveapi.MaintenanceRequest) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut != nil {
		return c.cut
	}
	for _, id := range asked.Machines {
		if !c.upkeep(step, id) {
			return fault.New(fault.NotFound, "machine %s is not in the schedule", id.Hostname)
		}
		c.event("MAINTENANCE", id.Hostname, id.Hostname, id.Hostname, step, "operator")
	}
	c.publish()
	return nil
}

func (c *Cluster) upkeep(step string, id reeveapi.MachineID) bool {
	for w := range c.plan.Windows {
		machines := c.plan.Windows[w].Machines
		for i := range machines {
			if machines[i].Hostname != id.Hostname {
				continue
			}
			if step == "start" {
				machines[i].State = reeveapi.MachineDown
			} else {
				c.plan.Windows[w].Machines = slices.Delete(machines, i, i+1)
			}
			return true
		}
	}
	return false
}
