package registry

import (
	"fmt"
	"maps"
	"time"

	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// New returns an empty registry.
func New() *State {
	return &State{Agents: map[ids.Agent]Agent{}, Jobs: map[ids.Job]reeveapi.Job{}}
}

// Apply returns the state after the ops, in order. s is not changed; the result shares with it what stayed the same.
func (s *State) Apply(ops ...Op) *State {
	next := draft{State: *s}
	for _, op := range ops {
		next.apply(op)
	}
	return &next.State
}

// draft is a copy in the making: a map is cloned when it is first written to.
type draft struct {
	State
	ownAgents, ownJobs bool
}

func (d *draft) apply(op Op) {
	switch op := op.(type) {
	case SetCluster:
		if d.ClusterID == "" {
			d.ClusterID, d.ClusterName = op.ID, op.Name
		}
	case AdmitAgent:
		d.admit(op)
	case MarkUnreachable:
		d.mark(op.Agent, Unreachable, op.At)
	case MarkGone:
		d.mark(op.Agent, Gone, op.At)
	case DeactivateAgent:
		d.steer(op.Agent, func(a *Agent) { a.Deactivated = true })
	case ReactivateAgent:
		d.steer(op.Agent, func(a *Agent) { a.Deactivated, a.Drain = false, nil })
	case DrainAgent:
		d.steer(op.Agent, func(a *Agent) {
			a.Deactivated, a.Drain = true, &Drain{MaxGrace: op.MaxGrace, MarkGone: op.MarkGone, Since: op.At, Begun: op.Begun}
		})
	case AgentDrained:
		d.steer(op.Agent, func(a *Agent) {
			if a.Drain != nil {
				drained := *a.Drain
				drained.Drained = true
				a.Drain = &drained
			}
		})
	case RemoveAgent:
		if d.Agents[op.Agent].Standing != Gone { // a gone id must stay refused
			d.dropAgent(op.Agent)
		}
	case SetWeights:
		d.Roles = d.Roles.WithWeights(op.Weights)
	case SetQuotas:
		d.Roles = d.Roles.WithQuotas(op.Quotas)
	case SetMaintenance:
		d.Maintenance = op.State
	case PutJob:
		d.putJob(op.Job)
	case RemoveJob:
		d.dropJob(op.Job)
	case PutSecret:
		d.Secrets = cloned(d.Secrets) // they are few and seldom change
		d.Secrets[op.Secret.Name] = op.Secret
	case RemoveSecret:
		d.Secrets = cloned(d.Secrets)
		delete(d.Secrets, op.Name)
	default:
		panic(fmt.Sprintf("registry: op %T has no rule; Decode lets no such op in", op))
	}
}

// admit takes an agent in. What an operator has said of it stays.
func (d *draft) admit(op AdmitAgent) {
	id := ids.Agent(op.Info.GetId().GetValue())
	a := d.Agents[id]
	if a.Standing == Gone {
		return // gone is for ever, whatever an op that was on its way says
	}
	a.Info, a.Standing, a.Since = op.Info, Admitted, op.At
	d.putAgent(id, a)
}

// steer changes what an operator has said of an agent that is known and not gone.
func (d *draft) steer(id ids.Agent, change func(*Agent)) {
	a, ok := d.Agents[id]
	if !ok || a.Standing == Gone {
		return
	}
	change(&a)
	d.putAgent(id, a)
}

// mark changes the standing of an agent that is known and not gone. Marking twice keeps the first time.
func (d *draft) mark(id ids.Agent, standing Standing, at time.Time) {
	a, ok := d.Agents[id]
	if !ok || a.Standing == standing || a.Standing == Gone {
		return
	}
	a.Standing, a.Since = standing, at
	d.putAgent(id, a)
}

func (d *draft) putAgent(id ids.Agent, a Agent) {
	if !d.ownAgents {
		d.Agents, d.ownAgents = cloned(d.Agents), true
	}
	d.Agents[id] = a
}

func (d *draft) dropAgent(id ids.Agent) {
	if _, ok := d.Agents[id]; !ok {
		return
	}
	if !d.ownAgents {
		d.Agents, d.ownAgents = cloned(d.Agents), true
	}
	delete(d.Agents, id)
}

func (d *draft) putJob(job reeveapi.Job) {
	if !d.ownJobs {
		d.Jobs, d.ownJobs = cloned(d.Jobs), true
	}
	d.Jobs[ids.Job(job.Spec.Name)] = job
}

func (d *draft) dropJob(id ids.Job) {
	if _, ok := d.Jobs[id]; !ok {
		return
	}
	if !d.ownJobs {
		d.Jobs, d.ownJobs = cloned(d.Jobs), true
	}
	delete(d.Jobs, id)
}

// cloned copies a map and never returns nil.
func cloned[K comparable, V any](m map[K]V) map[K]V {
	if m == nil {
		return make(map[K]V)
	}
	return maps.Clone(m)
}

// infoOf is the agent's entry in bytes that are the same on every master.
func infoOf(info *mesosv1.AgentInfo) ([]byte, error) {
	return deterministic.Marshal(info)
}
