package httpapi

import (
	"context"
	"net/http"
	"slices"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesoshttp"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

func (a *api) secretRoutes() []mesoshttp.APIRoute {
	return []mesoshttp.APIRoute{
		{Method: http.MethodGet, Path: "/reeve/v1/secrets", Handler: a.led(a.secrets)},
		{Method: http.MethodPut, Path: "/reeve/v1/secrets/{name}", Handler: a.led(a.setSecret)},
		{Method: http.MethodDelete, Path: "/reeve/v1/secrets/{name}", Handler: a.led(a.removeSecret)},
	}
}

func (a *api) secrets(w http.ResponseWriter, r *http.Request, t Term) error {
	list, err := t.Secrets(r.Context())
	if err != nil {
		return err
	}
	mesoshttp.WriteAPI(w, r, http.StatusOK, list)
	return nil
}

// setSecret takes the body as it is for the value. It answers what everybody may know of the secret.
func (a *api) setSecret(w http.ResponseWriter, r *http.Request, t Term) error {
	name := r.PathValue("name")
	value, status, err := mesoshttp.ReadBody(w, r, reeveapi.MaxSecret)
	if err != nil {
		kind := fault.Invalid
		if status == http.StatusRequestEntityTooLarge {
			kind = fault.Exhausted
		}
		return fault.New(kind, "secret %q: %v", name, err)
	}
	if err := t.SetSecret(context.WithoutCancel(r.Context()), name, value, who(r)); err != nil {
		return err
	}
	list, err := t.Secrets(r.Context())
	if err != nil {
		return err
	}
	i := slices.IndexFunc(list, func(s reeveapi.Secret) bool { return s.Name == name })
	if i < 0 {
		return fault.New(fault.Conflict, "secret %q was stored, and removed by somebody else since", name)
	}
	mesoshttp.WriteAPI(w, r, http.StatusOK, list[i])
	return nil
}

func (a *api) removeSecret(w http.ResponseWriter, r *http.Request, t Term) error {
	if err := t.RemoveSecret(context.WithoutCancel(r.Context()), r.PathValue("name"), who(r)); err != nil {
		return err
	}
	mesoshttp.WriteEmpty(w, r, http.StatusNoContent)
	return nil
}
