package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/masterd/reading"
	"codeberg.org/reeve/reeve/masterd/roles"
	"codeberg.org/reeve/reeve/masterd/validate"
	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/mesoshttp"
	"codeberg.org/reeve/reeve/shared/mesosjson"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// roleRoutes lists the legacy endpoints about roles that also change something.
func (a *api) roleRoutes(readers, writers mesoshttp.Authenticator) []mesoshttp.Route {
	read := func(write document) http.HandlerFunc { return readers.Guard(a.leading(a.reading(write))) }
	return []mesoshttp.Route{{
		Path: "/weights", Methods: []string{http.MethodGet, http.MethodPut},
		Handler: byMethod(map[string]http.HandlerFunc{
			http.MethodGet: read(a.weights), http.MethodPut: writers.Guard(a.leading(a.putWeights)),
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
