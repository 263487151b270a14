package httpapi

import (
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"codeberg.org/reeve/reeve/shared/mesoshttp"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// leading lets requests through to h while this master leads, and sends them to the leader otherwise (spec 1.6).
func (a *api) leading(h func(http.ResponseWriter, *http.Request, Term)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if t := a.cfg.Term(); t != nil {
			h(w, r, t)
			return
		}
		status, text, location := a.elsewhere(r)
		if location != "" {
			w.Header().Set("Location", location)
			mesoshttp.WriteEmpty(w, r, status)
			return
		}
		mesoshttp.WriteText(w, r, status, text)
	}
}

// elsewhere says where a request belongs that this master does not answer: a location, or why there is none.
func (a *api) elsewhere(r *http.Request) (status int, text, location string) {
	leader := a.cfg.Leader()
	switch {
	case leader == nil:
		return http.StatusServiceUnavailable, "No leader elected", ""
	case leader.GetPid() == a.cfg.Info().GetPid():
		return http.StatusServiceUnavailable, "Master has not finished recovery", ""
	}
	return http.StatusTemporaryRedirect, "", authority(leader) + original(r)
}

// authority is where a master is reached, without a scheme: the client keeps its own (spec 8, pitfall 8).
func authority(m *mesosv1.MasterInfo) string {
	return "//" + net.JoinHostPort(m.GetHostname(), strconv.FormatUint(uint64(m.GetPort()), 10))
}

// original is the path and query as the client wrote them; the router has changed the parsed ones.
func original(r *http.Request) string {
	if strings.HasPrefix(r.RequestURI, "/") {
		return r.RequestURI
	}
	if u, err := url.Parse(r.RequestURI); err == nil && u.IsAbs() {
		return u.RequestURI()
	}
	return r.URL.RequestURI()
}

// redirect answers /redirect, on the leader too.
func (a *api) redirect(w http.ResponseWriter, r *http.Request) {
	leader := a.cfg.Leader()
	if leader == nil {
		mesoshttp.WriteText(w, r, http.StatusServiceUnavailable, "No leader elected")
		return
	}
	w.Header().Set("Location", authority(leader))
	mesoshttp.WriteEmpty(w, r, http.StatusTemporaryRedirect)
}
