package httpapi

import (
	_ "embed" // for the document
	"net/http"

	"codeberg.org/reeve/reeve/shared/mesoshttp"
)

// openapi describes /reeve/v1 of agents; a test holds it, reeveRoutes and the types of the answers together.
//
//go:embed openapi.yaml
var openapi []byte

// describeAPI answers /reeve/v1/openapi.yaml.
func describeAPI(w http.ResponseWriter, r *http.Request) {
	mesoshttp.Write(w, r, http.StatusOK, "application/yaml", openapi)
}
