package httpapi

import (
	"context"
	"net/http"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/masterd/overview"
	"codeberg.org/reeve/reeve/masterd/roles"
	"codeberg.org/reeve/reeve/masterd/validate"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesoshttp"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/quota"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// reeveRoleRoutes lists what Reeve's own API has about roles and offers.
func (a *api) reeveRoleRoutes() []mesoshttp.APIRoute {
	return []mesoshttp.APIRoute{
		{Method: http.MethodGet, Path: "/reeve/v1/roles", Handler: a.led(listing(overview.Roles))},
		{Method: http.MethodGet, Path: "/reeve/v1/explain", Handler: a.led(a.explain)},
		{Method: http.MethodGet, Path: "/reeve/v1/offers", Handler: a.led(listing(overview.Offers))},
		{Method: http.MethodPost, Path: "/reeve/v1/offers/{id}/rescind", Handler: a.led(rescindOffer)},
		{Method: http.MethodGet, Path: "/reeve/v1/quota", Handler: a.led(listing(overview.Quotas))},
		{Method: http.MethodPut, Path: "/reeve/v1/quota", Handler: a.led(a.putReeveQuota)},
		{Method: http.MethodDelete, Path: "/reeve/v1/quota/{role}", Handler: a.led(a.deleteReeveQuota)},
		{Method: http.MethodGet, Path: "/reeve/v1/weights", Handler: a.led(listing(overview.Weights))},
		{Method: http.MethodPut, Path: "/reeve/v1/weights", Handler: a.led(a.putReeveWeight)},
	}
}

// listing answers with a list that a view has.
func listing[T any](of func(*cluster.View) []T) func(http.ResponseWriter, *http.Request, Term) error {
	return func(w http.ResponseWriter, r *http.Request, t Term) error {
		v, err := t.View(r.Context())
		if err != nil {
			return err
		}
		mesoshttp.WriteAPI(w, r, http.StatusOK, of(v))
		return nil
	}
}

func (a *api) putReeveQuota(w http.ResponseWriter, r *http.Request, t Term) error {
	var asked reeveapi.Quota
	if err := mesoshttp.ReadAPI(w, r, &asked); err != nil {
		return err
	}
	config := &quota.QuotaConfig{Role: new(asked.Role), Guarantees: scalars(asked.Guarantee), Limits: scalars(asked.Limit)}
	quotas, err := roles.Configs([]*quota.QuotaConfig{config}, roles.Rules{Name: validate.Role, Nested: true})
	if err != nil {
		return err
	}
	if quotas[asked.Role].Empty() {
		return fault.New(fault.Invalid, "the quota of role %s says neither a guarantee nor a limit; DELETE takes a quota away", asked.Role)
	}
	by := who(r)
	return a.setting(w, r, t, func(ticket cluster.Ticket) cluster.Input {
		return cluster.SetQuotas{Ticket: ticket, Quotas: quotas, Force: asked.Force, Who: by}
	})
}

func scalars(q reeveapi.Quantities) map[string]*mesosv1.Value_Scalar {
	wire := make(map[string]*mesosv1.Value_Scalar, len(q))
	for name, n := range q {
		wire[name] = &mesosv1.Value_Scalar{Value: new(n)}
	}
	return wire
}

func (a *api) deleteReeveQuota(w http.ResponseWriter, r *http.Request, t Term) error {
	role, by := r.PathValue("role"), who(r)
	return a.setting(w, r, t, func(ticket cluster.Ticket) cluster.Input {
		return cluster.SetQuotas{Ticket: ticket, Quotas: map[string]roles.Quota{role: {}}, Rule: cluster.QuotaPresent, Who: by}
	})
}

func (a *api) putReeveWeight(w http.ResponseWriter, r *http.Request, t Term) error {
	var asked reeveapi.Weight
	if err := mesoshttp.ReadAPI(w, r, &asked); err != nil {
		return err
	}
	weights, err := roles.Weights([]*mesosv1.WeightInfo{{Role: new(asked.Role), Weight: new(asked.Weight)}}, validate.Role)
	if err != nil {
		return err
	}
	by := who(r)
	return a.setting(w, r, t, func(ticket cluster.Ticket) cluster.Input {
		return cluster.SetWeights{Ticket: ticket, Weights: weights, Who: by}
	})
}

// setting hands a change to the machine and answers with nothing once it is in force.
func (a *api) setting(w http.ResponseWriter, r *http.Request, t Term, build func(cluster.Ticket) cluster.Input) error {
	if err := t.Do(context.WithoutCancel(r.Context()), build); err != nil { // once asked, it is done
		return err
	}
	mesoshttp.WriteEmpty(w, r, http.StatusNoContent)
	return nil
}

func rescindOffer(w http.ResponseWriter, r *http.Request, t Term) error {
	return steered(w, r, t.Do(context.WithoutCancel(r.Context()), func(ticket cluster.Ticket) cluster.Input {
		return cluster.RescindOffer{Ticket: ticket, Offer: ids.Offer(r.PathValue("id")), Who: who(r)}
	}), http.StatusOK)
}
