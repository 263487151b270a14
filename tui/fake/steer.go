package fake

import (
	"context"
	"fmt"
	"time"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// steer changes an agent on an operator's word.
func (c *Cluster) steer(id string, change func(a *reeveapi.Agent) (kind, text string, err error)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut != nil {
		return c.cut
	}
	for _, e := range c.agents {
		if e.val.ID != id || e.val.State == reeveapi.AgentGone {
			continue
		}
		kind, text, err := change(&e.val)
		if err != nil {
			return err
		}
		e.val.Since, e.version = c.now, c.change()
		c.event(kind, e.val.Name, id, e.val.Name, text, "operator")
		c.publish()
		return nil
	}
	return fault.New(fault.NotFound, "agent %s is not known", id)
}

// endAll has every task on an agent go to a state.
func (c *Cluster) endAll(agent, state, message string) {
	for _, e := range c.tasks {
		if e.val.Agent == agent && e.val.Ended.IsZero() {
			c.setTask(e, state, message, "operator")
		}
	}
}

// DrainAgent begins a drain; its tasks end with Advance.
func (c *Cluster) DrainAgent(_ context.Context, agent string, maxGrace time.Duration, markGone bool) error {
	return c.steer(agent, func(a *reeveapi.Agent) (string, string, error) {
		a.Drain = &reeveapi.Drain{Since: c.now, MarkGone: markGone, Left: a.Tasks, Begun: a.Tasks}
		if maxGrace >= 0 {
			a.Drain.MaxGraceSeconds = new(maxGrace.Seconds())
		}
		a.State, a.Deactivated = reeveapi.AgentDraining, true
		text := fmt.Sprintf("%d tasks of it must end", a.Tasks)
		c.endAll(agent, "TASK_KILLING", "the agent is draining")
		c.drains(a)
		return "AGENT_DRAINING", text, nil
	})
}

// drains says how far a drain is.
func (c *Cluster) drains(a *reeveapi.Agent) {
	if a.Drain == nil {
		return
	}
	d := *a.Drain
	d.Left = a.Tasks
	switch a.Reason = fmt.Sprintf("drains: %d tasks to end", d.Left); {
	case d.Left > 0:
	case d.MarkGone:
		a.State, a.Since, a.Reason, d.Drained = reeveapi.AgentGone, c.now, "drained", true
	default:
		a.State, a.Since, a.Reason, d.Drained = reeveapi.AgentDrained, c.now, "drained", true
	}
	a.Drain = &d
}

// DeactivateAgent takes an agent out of use.
func (c *Cluster) DeactivateAgent(_ context.Context, agent string) error {
	return c.steer(agent, func(a *reeveapi.Agent) (string, string, error) {
		a.State, a.Deactivated = reeveapi.AgentDeactivated, true
		return "AGENT_DEACTIVATED", "nothing of it is offered", nil
	})
}

// ReactivateAgent has one used again.
func (c *Cluster) ReactivateAgent(_ context.Context, agent string) error {
	return c.steer(agent, func(a *reeveapi.Agent) (string, string, error) {
		if !a.Deactivated {
			return "", "", fault.New(fault.Conflict, "Agent is not deactivated")
		}
		a.State, a.Deactivated, a.Drain, a.Reason = reeveapi.AgentActive, false, nil, ""
		return "AGENT_REACTIVATED", "it is offered again", nil
	})
}

// MarkAgentGone gives one up.
func (c *Cluster) MarkAgentGone(_ context.Context, agent string) error {
	return c.steer(agent, func(a *reeveapi.Agent) (string, string, error) {
		c.endAll(agent, "TASK_GONE_BY_OPERATOR", "the agent was marked as gone")
		a.State = reeveapi.AgentGone
		return "AGENT_GONE", "was marked as gone by an operator", nil
	})
}
