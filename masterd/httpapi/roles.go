package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/masterd/reading"
	"codeberg.org/reeve/reeve/masterd/roles"
	"codeberg.org/reeve/reeve/masterd/validate"
	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/mesoshttp"
	"codeberg.org/reeve/reeve/shared/mesosjson"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/master"
	"codeberg.org/reeve/reeve/shared/mesosv1/quota"
)

// roleRoutes lists the legacy endpoints about roles that also change something.
func (a *api) roleRoutes(readers, writers mesoshttp.Authenticator) []mesoshttp.Route {
	read := func(write document) http.HandlerFunc { return readers.Guard(a.leading(a.reading(write))) }
	return []mesoshttp.Route{{
		Path: "/weights", Methods: []string{http.MethodGet, http.MethodPut},
		Handler: byMethod(map[string]http.HandlerFunc{
			http.MethodGet: read(a.weights), http.MethodPut: writers.Guard(a.leading(a.putWeights)),
		}),
	}, {
		Path: "/quota", Methods: []string{http.MethodGet, http.MethodPost, http.MethodDelete},
		Handler: byMethod(map[string]http.HandlerFunc{
			http.MethodGet: read(a.quota), http.MethodPost: writers.Guard(a.leading(a.postQuota)),
			http.MethodDelete: writers.Guard(a.leading(a.deleteQuota)),
		}),
	}}
}

// byMethod chooses the handler of a path; the router lets no other methods in.
func byMethod(handlers map[string]http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { handlers[r.Method](w, r) }
}

func (a *api) weights(out *mesosjson.Writer, v *cluster.View, _ Term, _ url.Values) error {
	reading.Weights(out, v)
	return nil
}

// maxSettings bounds the bodies that change settings.
const maxSettings = 4 << 20

// putWeights answers PUT /weights, whose body is an array of WeightInfo whatever its Content-Type says.
func (a *api) putWeights(w http.ResponseWriter, r *http.Request, t Term) {
	body, status, err := mesoshttp.ReadBody(w, r, maxSettings)
	if err != nil {
		mesoshttp.WriteText(w, r, status, err.Error())
		return
	}
	var elements []json.RawMessage
	if err := json.Unmarshal(body, &elements); err != nil {
		mesoshttp.WriteText(w, r, http.StatusBadRequest,
			fmt.Sprintf("Failed to parse update weights request JSON ('%s'): %v", excerpt(body), err))
		return
	}
	list := make([]*mesosv1.WeightInfo, len(elements))
	for i, element := range elements {
		list[i] = &mesosv1.WeightInfo{}
		if err := codec.JSON.Unmarshal(element, list[i]); err != nil {
			mesoshttp.WriteText(w, r, http.StatusBadRequest,
				fmt.Sprintf("Failed to convert weights JSON array to protobuf ('%s'): %v", excerpt(body), err))
			return
		}
	}
	a.updateWeights(w, r, t, list)
}

// excerpt is as much of a body as an answer repeats.
func excerpt(body []byte) string {
	const most = 200
	if len(body) > most {
		return string(body[:most]) + "…"
	}
	return string(body)
}

// updateWeights answers UPDATE_WEIGHTS and PUT /weights.
func (a *api) updateWeights(w http.ResponseWriter, r *http.Request, t Term, list []*mesosv1.WeightInfo) {
	weights, err := roles.Weights(list, validate.Role)
	if err != nil {
		mesoshttp.WriteError(w, r, err)
		return
	}
	a.changeSettings(w, r, t, func(ticket cluster.Ticket) cluster.Input {
		return cluster.SetWeights{Ticket: ticket, Weights: weights, Who: who(r)}
	})
}

// changeSettings hands a change to the machine and answers 200 with nothing once it is in force.
func (a *api) changeSettings(w http.ResponseWriter, r *http.Request, t Term, build func(cluster.Ticket) cluster.Input) {
	if err := t.Do(context.WithoutCancel(r.Context()), build); err != nil { // once asked, it is done
		mesoshttp.WriteError(w, r, err)
		return
	}
	mesoshttp.WriteEmpty(w, r, http.StatusOK)
}

func (a *api) quota(out *mesosjson.Writer, v *cluster.View, _ Term, _ url.Values) error {
	out.Message(v.Settings.Status())
	return nil
}

// postQuota answers POST /quota, whose body is a QuotaRequest whatever its Content-Type says.
func (a *api) postQuota(w http.ResponseWriter, r *http.Request, t Term) {
	body, status, err := mesoshttp.ReadBody(w, r, maxSettings)
	if err != nil {
		mesoshttp.WriteText(w, r, status, err.Error())
		return
	}
	request := &quota.QuotaRequest{}
	if err := codec.JSON.Unmarshal(body, request); err != nil {
		mesoshttp.WriteText(w, r, http.StatusBadRequest,
			fmt.Sprintf("Failed to parse set quota request JSON '%s': %v", excerpt(body), err))
		return
	}
	a.setQuota(w, r, t, request)
}

// deleteQuota answers DELETE /quota/<role>.
func (a *api) deleteQuota(w http.ResponseWriter, r *http.Request, t Term) {
	role := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/quota"), "/")
	if role == "" {
		mesoshttp.WriteText(w, r, http.StatusBadRequest,
			fmt.Sprintf("Failed to parse request path '%s': it must end with the role, as in /quota/<role>", r.URL.Path))
		return
	}
	a.removeQuota(w, r, t, role)
}

// changeQuota answers the calls of Mesos that change quotas.
func (a *api) changeQuota(w http.ResponseWriter, r *http.Request, t Term, call *master.Call) {
	switch call.GetType() {
	case master.Call_UPDATE_QUOTA:
		update := call.GetUpdateQuota()
		quotas, err := roles.Configs(update.GetQuotaConfigs(), roles.Rules{Name: validate.Role})
		if err != nil {
			mesoshttp.WriteError(w, r, err)
			return
		}
		a.changeSettings(w, r, t, func(ticket cluster.Ticket) cluster.Input {
			return cluster.SetQuotas{Ticket: ticket, Quotas: quotas, Force: update.GetForce(), Who: who(r)}
		})
	case master.Call_SET_QUOTA:
		a.setQuota(w, r, t, call.GetSetQuota().GetQuotaRequest())
	default:
		a.removeQuota(w, r, t, call.GetRemoveQuota().GetRole())
	}
}

// setQuota answers SET_QUOTA and POST /quota.
func (a *api) setQuota(w http.ResponseWriter, r *http.Request, t Term, request *quota.QuotaRequest) {
	role, q, err := roles.Request(request, validate.Role)
	if err != nil {
		mesoshttp.WriteError(w, r, err)
		return
	}
	a.changeSettings(w, r, t, func(ticket cluster.Ticket) cluster.Input {
		return cluster.SetQuotas{
			Ticket: ticket, Quotas: map[string]roles.Quota{role: q}, Force: request.GetForce(), Rule: cluster.QuotaMissing, Who: who(r),
		}
	})
}

// removeQuota answers REMOVE_QUOTA and DELETE /quota/<role>.
func (a *api) removeQuota(w http.ResponseWriter, r *http.Request, t Term, role string) {
	if err := validate.Role(role); err != nil {
		mesoshttp.WriteText(w, r, http.StatusBadRequest, fmt.Sprintf("Failed to validate remove quota request for role '%s': %v", role, err))
		return
	}
	a.changeSettings(w, r, t, func(ticket cluster.Ticket) cluster.Input {
		return cluster.SetQuotas{Ticket: ticket, Quotas: map[string]roles.Quota{role: {}}, Rule: cluster.QuotaPresent, Who: who(r)}
	})
}
