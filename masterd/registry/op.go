package registry

import (
	"time"

	"codeberg.org/reeve/reeve/masterd/maintenance"
	"codeberg.org/reeve/reeve/masterd/roles"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// Op is one change of the registry. Ops are values: they carry every time and id they need, so that each master that
// applies one reaches the same State. Applying an op twice is the same as applying it once.
type Op interface{ op() }

// The ops. A name in the log (see encode.go) is fixed for ever; a new field must have a zero value that means "as before".
type (
	// SetCluster gives the cluster its identity, once: a later one is ignored.
	SetCluster struct{ ID, Name string }

	// AdmitAgent adds an agent, or replaces what is known of it; it ends being unreachable.
	AdmitAgent struct {
		Info *mesosv1.AgentInfo
		At   time.Time
	}

	// MarkUnreachable records that an agent was not heard of for too long. Its tasks may still run.
	MarkUnreachable struct {
		Agent ids.Agent
		At    time.Time
	}

	// MarkGone records that an agent never comes back, on an operator's word.
	MarkGone struct {
		Agent ids.Agent
		At    time.Time
	}

	// DeactivateAgent records that nothing of an agent is to be offered until ReactivateAgent.
	DeactivateAgent struct{ Agent ids.Agent }

	// ReactivateAgent ends DeactivateAgent and DrainAgent.
	ReactivateAgent struct{ Agent ids.Agent }

	// DrainAgent records that an agent is deactivated and that its tasks are to end. It replaces an earlier one, and what
	// was drained drains anew.
	DrainAgent struct {
		Agent    ids.Agent
		MaxGrace *time.Duration
		MarkGone bool
		At       time.Time
		Begun    int // tasks there are when it begins, 0 if that is not known
	}

	// AgentDrained records that nothing is left on a draining agent.
	AgentDrained struct{ Agent ids.Agent }

	// RemoveAgent forgets an agent that said goodbye.
	RemoveAgent struct{ Agent ids.Agent }

	// SetWeights gives roles weights. Those of other roles stay.
	SetWeights struct{ Weights map[string]float64 }

	// SetQuotas gives roles quotas; one that says nothing takes a role's quota away. Those of other roles stay.
	SetQuotas struct{ Quotas map[string]roles.Quota }

	// SetMaintenance replaces the schedule of maintenance, and which machines are down.
	SetMaintenance struct{ State maintenance.State }

	// PutJob stores a job, replacing an older version of it.
	PutJob struct{ Job reeveapi.Job }

	// RemoveJob forgets a job and its history.
	RemoveJob struct{ Job ids.Job }

	// PutSecret stores a secret, replacing an older version of it.
	PutSecret struct{ Secret Secret }

	// RemoveSecret forgets a secret.
	RemoveSecret struct{ Name string }
)

func (SetCluster) op()      {}
func (AdmitAgent) op()      {}
func (MarkUnreachable) op() {}
func (MarkGone) op()        {}
func (DeactivateAgent) op() {}
func (ReactivateAgent) op() {}
func (DrainAgent) op()      {}
func (AgentDrained) op()    {}
func (RemoveAgent) op()     {}
func (SetWeights) op()      {}
func (SetQuotas) op()       {}
func (SetMaintenance) op()  {}
func (PutJob) op()          {}
func (RemoveJob) op()       {}
func (PutSecret) op()       {}
func (RemoveSecret) op()    {}
