package httpapi

import (
	"net/http"

	"codeberg.org/reeve/reeve/masterd/reading"
	"codeberg.org/reeve/reeve/shared/mesoshttp"
	"codeberg.org/reeve/reeve/shared/mesosjson"
)

// registry answers /registrar(1)/registry.
func (a *api) registry(w http.ResponseWriter, r *http.Request, t Term) {
	v, err := t.View(r.Context())
	if err != nil {
		mesoshttp.WriteError(w, r, err)
		return
	}
	var out mesosjson.Writer
	reading.Registry(&out, v, a.cfg.Info())
	mesoshttp.WriteDocument(w, r, &out)
}
