package httpapi

import (
	"net/http"
	"net/url"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/masterd/reading"
	"codeberg.org/reeve/reeve/masterd/upkeepapi"
	"codeberg.org/reeve/reeve/shared/mesoshttp"
	"codeberg.org/reeve/reeve/shared/mesosjson"
)

// maintenanceRoutes lists the legacy endpoints about maintenance.
func (a *api) maintenanceRoutes(readers, writers mesoshttp.Authenticator) []mesoshttp.Route {
	change := func(h func(http.ResponseWriter, *http.Request, upkeepapi.Doer, string)) http.HandlerFunc {
		return writers.Guard(a.leading(func(w http.ResponseWriter, r *http.Request, t Term) { h(w, r, t, who(r)) }))
	}
	schedule := func(out *mesosjson.Writer, v *cluster.View, _ Term, _ url.Values) error {
		out.Message(v.Maintenance.Proto())
		return nil
	}
	status := func(out *mesosjson.Writer, v *cluster.View, _ Term, _ url.Values) error {
		out.Message(reading.MaintenanceStatus(v))
		return nil
	}
	post := []string{http.MethodPost}
	return []mesoshttp.Route{
		{
			Path: "/maintenance/schedule", Methods: []string{http.MethodGet, http.MethodPost},
			Handler: byMethod(map[string]http.HandlerFunc{
				http.MethodGet: readers.Guard(a.leading(a.reading(schedule))), http.MethodPost: change(upkeepapi.Schedule),
			}),
		},
		{Path: "/maintenance/status", Methods: []string{http.MethodGet}, Handler: readers.Guard(a.leading(a.reading(status)))},
		{Path: "/machine/down", Methods: post, Handler: change(upkeepapi.Down)},
		{Path: "/machine/up", Methods: post, Handler: change(upkeepapi.Up)},
	}
}

// reeveMaintenanceRoutes lists Reeve's own API about maintenance.
func (a *api) reeveMaintenanceRoutes() []mesoshttp.APIRoute {
	routes := []mesoshttp.APIRoute{{
		Method: http.MethodGet, Path: "/reeve/v1/maintenance",
		Handler: a.led(func(w http.ResponseWriter, r *http.Request, t Term) error {
			v, err := t.View(r.Context())
			if err == nil {
				mesoshttp.WriteAPI(w, r, http.StatusOK, reading.Maintenance(v))
			}
			return err
		}),
	}}
	for step := range upkeepapi.Steps {
		routes = append(routes, mesoshttp.APIRoute{
			Method: http.MethodPost, Path: "/reeve/v1/maintenance/" + step,
			Handler: a.led(func(w http.ResponseWriter, r *http.Request, t Term) error {
				return upkeepapi.Step(w, r, t, step, who(r))
			}),
		})
	}
	return routes
}
