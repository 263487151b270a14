package mesoshttp

import (
	"net"
	"net/http"
	"net/http/pprof"
)

// Profiles serves the profiles of the Go runtime to this machine only.
func Profiles(w http.ResponseWriter, r *http.Request) {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if ip := net.ParseIP(host); err != nil || !ip.IsLoopback() {
		WriteText(w, r, http.StatusForbidden, "profiles are served to this machine only; ask from a shell on it")
		return
	}
	switch r.URL.Path {
	case "/debug/pprof/cmdline":
		pprof.Cmdline(w, r)
	case "/debug/pprof/profile":
		pprof.Profile(w, r)
	case "/debug/pprof/symbol":
		pprof.Symbol(w, r)
	case "/debug/pprof/trace":
		pprof.Trace(w, r)
	default:
		pprof.Index(w, r)
	}
}
