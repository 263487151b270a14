package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesoshttp"
	"codeberg.org/reeve/reeve/shared/mesosv1/master"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// What an operator says of an agent: the calls DRAIN_AGENT, DEACTIVATE_AGENT, REACTIVATE_AGENT and MARK_AGENT_GONE, and
// the same under /reeve/v1/agents. All are answered when the registry has them.

// steer answers the calls of the operator API, with Mesos's statuses (spec 3.9).
func (a *api) steer(w http.ResponseWriter, r *http.Request, t Term, call *master.Call) {
	var err error
	var grace *time.Duration
	switch call.GetType() {
	case master.Call_DRAIN_AGENT:
		drain := call.GetDrainAgent()
		if asked := drain.GetMaxGracePeriod(); asked != nil {
			grace = new(asked.AsDuration())
			err = asked.CheckValid()
		}
		if err != nil {
			err = fault.New(fault.Invalid, "max_grace_period is not a duration: %v", err)
		} else {
			err = doDrain(r, t, drain.GetAgentId().GetValue(), grace, drain.GetMarkGone())
		}
	case master.Call_DEACTIVATE_AGENT:
		err = doDeactivate(r, t, call.GetDeactivateAgent().GetAgentId().GetValue())
	case master.Call_REACTIVATE_AGENT:
		id := call.GetReactivateAgent().GetAgentId().GetValue()
		if err = doReactivate(r, t, id); err == nil {
			err = awaited(r.Context(), t, ids.Agent(id))
		} else if fault.KindOf(err) == fault.Conflict && !errors.Is(err, cluster.ErrGoing) {
			err = fault.New(fault.Invalid, "%v", err)
		}
	default:
		err = doMarkGone(r, t, call.GetMarkAgentGone().GetAgentId().GetValue())
	}
	switch {
	case err == nil:
		mesoshttp.WriteEmpty(w, r, http.StatusOK)
	case fault.KindOf(err) == fault.NotFound && call.GetType() != master.Call_MARK_AGENT_GONE:
		mesoshttp.WriteText(w, r, http.StatusBadRequest, "Unknown agent")
	default:
		mesoshttp.WriteError(w, r, err)
	}
}

// awaited says that a reactivation is stored, and that the agent is not here to be offered.
func awaited(ctx context.Context, t Term, id ids.Agent) error {
	v, err := t.View(ctx)
	if err != nil {
		return err
	}
	one := v.Agents[id]
	if one == nil || one.State != cluster.AgentActive && one.State != cluster.AgentDisconnected {
		return fault.New(fault.Conflict, "Agent is not registered; it is reactivated once it is back")
	}
	return nil
}

func doDrain(r *http.Request, t Term, id string, grace *time.Duration, gone bool) error {
	return t.Do(context.WithoutCancel(r.Context()), func(ticket cluster.Ticket) cluster.Input {
		return cluster.DrainAgent{Ticket: ticket, Agent: ids.Agent(id), MaxGrace: grace, MarkGone: gone, Who: who(r)}
	})
}

func doDeactivate(r *http.Request, t Term, id string) error {
	return t.Do(context.WithoutCancel(r.Context()), func(ticket cluster.Ticket) cluster.Input {
		return cluster.DeactivateAgent{Ticket: ticket, Agent: ids.Agent(id), Who: who(r)}
	})
}

func doReactivate(r *http.Request, t Term, id string) error {
	return t.Do(context.WithoutCancel(r.Context()), func(ticket cluster.Ticket) cluster.Input {
		return cluster.ReactivateAgent{Ticket: ticket, Agent: ids.Agent(id), Who: who(r)}
	})
}

func doMarkGone(r *http.Request, t Term, id string) error {
	return t.Do(context.WithoutCancel(r.Context()), func(ticket cluster.Ticket) cluster.Input {
		return cluster.MarkGone{Ticket: ticket, Agent: ids.Agent(id), Who: who(r)}
	})
}

// drainAgent begins a drain; the body is a reeveapi.DrainRequest or nothing.
func (a *api) drainAgent(w http.ResponseWriter, r *http.Request, t Term) error {
	var asked reeveapi.DrainRequest
	if r.ContentLength != 0 {
		if err := mesoshttp.ReadAPI(w, r, &asked); err != nil {
			return err
		}
	}
	var grace *time.Duration
	if s := asked.MaxGraceSeconds; s != nil {
		const most = 365 * 24 * 60 * 60
		if !(*s >= 0 && *s <= most) {
			return fault.New(fault.Invalid, "max_grace_seconds is %v, and must be between 0 and %d", *s, most)
		}
		grace = new(time.Duration(*s * float64(time.Second)))
	}
	return steered(w, r, doDrain(r, t, r.PathValue("id"), grace, asked.MarkGone), http.StatusAccepted)
}

func (a *api) deactivateAgent(w http.ResponseWriter, r *http.Request, t Term) error {
	return steered(w, r, doDeactivate(r, t, r.PathValue("id")), http.StatusOK)
}

func (a *api) reactivateAgent(w http.ResponseWriter, r *http.Request, t Term) error {
	return steered(w, r, doReactivate(r, t, r.PathValue("id")), http.StatusOK)
}

func (a *api) markGone(w http.ResponseWriter, r *http.Request, t Term) error {
	return steered(w, r, doMarkGone(r, t, r.PathValue("id")), http.StatusOK)
}

func steered(w http.ResponseWriter, r *http.Request, err error, status int) error {
	if err == nil {
		mesoshttp.WriteEmpty(w, r, status)
	}
	return err
}
