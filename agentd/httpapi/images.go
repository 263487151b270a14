package httpapi

import (
	"net/http"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesoshttp"
	"codeberg.org/reeve/reeve/shared/mesosv1/agent"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// Images are those that an agent keeps; see agentd/image/store.
type Images interface {
	Prune(names []string) error
	List() reeveapi.Images
}

func errNoImages() error {
	return fault.New(fault.Unsupported, "this agent has no images")
}

// pruneImages deletes the images that no container uses, but those that are excluded.
func (a *api) pruneImages(w http.ResponseWriter, r *http.Request, call *agent.Call_PruneImages) {
	err := errNoImages()
	if a.cfg.Images != nil {
		var names []string
		for _, image := range call.GetExcludedImages() {
			names = append(names, image.GetDocker().GetName())
		}
		err = a.cfg.Images.Prune(names)
	}
	if err != nil {
		mesoshttp.WriteError(w, r, err)
		return
	}
	mesoshttp.WriteEmpty(w, r, http.StatusOK)
}

// images answers /reeve/v1/images.
func (a *api) images(w http.ResponseWriter, r *http.Request) {
	if a.cfg.Images == nil {
		mesoshttp.WriteAPIError(w, r, errNoImages())
		return
	}
	mesoshttp.WriteAPI(w, r, http.StatusOK, a.cfg.Images.List())
}
