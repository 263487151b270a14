package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesoshttp"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/master"
)

// What an operator does to an agent's resources: RESERVE_RESOURCES and its like, and the legacy endpoints /reserve,
// /unreserve, /create-volumes, /destroy-volumes. All are answered with 202 once the agent has been told (spec 3.9).

// operation is the offer operation that a call means, and the agent it is for; nil for other calls.
func operation(call *master.Call) (*mesosv1.AgentID, *mesosv1.Offer_Operation) {
	switch call.GetType() {
	case master.Call_RESERVE_RESOURCES:
		c := call.GetReserveResources()
		return c.GetAgentId(), &mesosv1.Offer_Operation{
			Type:    mesosv1.Offer_Operation_RESERVE.Enum(),
			Reserve: &mesosv1.Offer_Operation_Reserve{Resources: c.GetResources(), Source: c.GetSource()},
		}
	case master.Call_UNRESERVE_RESOURCES:
		c := call.GetUnreserveResources()
		return c.GetAgentId(), about(mesosv1.Offer_Operation_UNRESERVE, c.GetResources())
	case master.Call_CREATE_VOLUMES:
		c := call.GetCreateVolumes()
		return c.GetAgentId(), about(mesosv1.Offer_Operation_CREATE, c.GetVolumes())
	case master.Call_DESTROY_VOLUMES:
		c := call.GetDestroyVolumes()
		return c.GetAgentId(), about(mesosv1.Offer_Operation_DESTROY, c.GetVolumes())
	case master.Call_GROW_VOLUME:
		c := call.GetGrowVolume()
		return c.GetAgentId(), &mesosv1.Offer_Operation{
			Type:       mesosv1.Offer_Operation_GROW_VOLUME.Enum(),
			GrowVolume: &mesosv1.Offer_Operation_GrowVolume{Volume: c.GetVolume(), Addition: c.GetAddition()},
		}
	case master.Call_SHRINK_VOLUME:
		c := call.GetShrinkVolume()
		return c.GetAgentId(), &mesosv1.Offer_Operation{
			Type:         mesosv1.Offer_Operation_SHRINK_VOLUME.Enum(),
			ShrinkVolume: &mesosv1.Offer_Operation_ShrinkVolume{Volume: c.GetVolume(), Subtract: c.GetSubtract()},
		}
	default:
		return nil, nil
	}
}

// about is an operation that has nothing but a list of resources.
func about(kind mesosv1.Offer_Operation_Type, list []*mesosv1.Resource) *mesosv1.Offer_Operation {
	op := &mesosv1.Offer_Operation{Type: kind.Enum()}
	switch kind {
	case mesosv1.Offer_Operation_RESERVE:
		op.Reserve = &mesosv1.Offer_Operation_Reserve{Resources: list}
	case mesosv1.Offer_Operation_UNRESERVE:
		op.Unreserve = &mesosv1.Offer_Operation_Unreserve{Resources: list}
	case mesosv1.Offer_Operation_CREATE:
		op.Create = &mesosv1.Offer_Operation_Create{Volumes: list}
	default:
		op.Destroy = &mesosv1.Offer_Operation_Destroy{Volumes: list}
	}
	return op
}

// operate hands an operation to the machine and answers.
func (a *api) operate(w http.ResponseWriter, r *http.Request, t Term, agent string, op *mesosv1.Offer_Operation) {
	err := t.Do(context.WithoutCancel(r.Context()), func(ticket cluster.Ticket) cluster.Input {
		return cluster.Operate{Ticket: ticket, Agent: ids.Agent(agent), Operation: op, Principal: mesoshttp.Principal(r), Who: who(r)}
	})
	if err != nil {
		mesoshttp.WriteError(w, r, err)
		return
	}
	mesoshttp.WriteEmpty(w, r, http.StatusAccepted)
}

// operationRoutes lists the legacy endpoints.
func (a *api) operationRoutes(writers mesoshttp.Authenticator) []mesoshttp.Route {
	var routes []mesoshttp.Route
	for path, kind := range map[string]mesosv1.Offer_Operation_Type{
		"/reserve": mesosv1.Offer_Operation_RESERVE, "/unreserve": mesosv1.Offer_Operation_UNRESERVE,
		"/create-volumes": mesosv1.Offer_Operation_CREATE, "/destroy-volumes": mesosv1.Offer_Operation_DESTROY,
	} {
		handle := func(w http.ResponseWriter, r *http.Request, t Term) { a.operateByForm(w, r, t, kind) }
		routes = append(routes, mesoshttp.Route{
			Path: path, Handler: writers.Guard(a.leading(handle)), Methods: []string{http.MethodPost},
		})
	}
	return routes
}

// operateByForm answers a legacy endpoint, whose body is a form whatever its Content-Type says.
func (a *api) operateByForm(w http.ResponseWriter, r *http.Request, t Term, kind mesosv1.Offer_Operation_Type) {
	body, status, err := mesoshttp.ReadBody(w, r, maxSettings)
	if err != nil {
		mesoshttp.WriteText(w, r, status, err.Error())
		return
	}
	list := "resources"
	if kind == mesosv1.Offer_Operation_CREATE || kind == mesosv1.Offer_Operation_DESTROY {
		list = "volumes"
	}
	form, err := url.ParseQuery(string(body))
	var found []*mesosv1.Resource
	text := ""
	switch {
	case err != nil:
		text = fmt.Sprintf("Unable to decode query string: %v", err)
	case form.Get("slaveId") == "":
		text = "Missing 'slaveId' query parameter in the request body"
	case form.Get(list) == "":
		text = fmt.Sprintf("Missing '%s' query parameter in the request body", list)
	default:
		if found, err = parseResources(form.Get(list)); err != nil {
			text = fmt.Sprintf("Error in parsing '%s' query parameter in the request body: %v", list, err)
		}
	}
	if text != "" {
		mesoshttp.WriteText(w, r, http.StatusBadRequest, text)
		return
	}
	a.operate(w, r, t, form.Get("slaveId"), about(kind, found))
}

// parseResources reads a JSON array of Resource messages.
func parseResources(text string) ([]*mesosv1.Resource, error) {
	var elements []json.RawMessage
	if err := json.Unmarshal([]byte(text), &elements); err != nil {
		return nil, fmt.Errorf("a JSON array is expected: %w", err)
	}
	list := make([]*mesosv1.Resource, len(elements))
	for i, element := range elements {
		list[i] = &mesosv1.Resource{}
		if err := codec.JSON.Unmarshal(element, list[i]); err != nil {
			return nil, err
		}
	}
	return list, nil
}
