package mesoshttp

import (
	"net/http"
	"slices"
	"strings"
)

// Router finds the handler of a path by Mesos's rules (spec 1.1): the first segment may be the process id, one trailing
// slash is dropped, and a longer path falls back to its prefixes.
type Router struct {
	process string
	routes  map[string]Route
}

// Route is one path and who answers it.
type Route struct {
	Path     string
	Handler  http.HandlerFunc
	Methods  []string // empty: any
	Exact    bool     // longer paths are not found
	Separate bool     // of another process: does not exist below the process id
}

// NewRouter returns a router for a process id, such as "master" or "slave(1)".
func NewRouter(process string, routes ...Route) *Router {
	rt := &Router{process: process, routes: make(map[string]Route, len(routes))}
	rt.Add(routes...)
	return rt
}

// Add adds routes. It must not be called once the router serves.
func (rt *Router) Add(routes ...Route) {
	for _, r := range routes {
		rt.routes[r.Path] = r
	}
}

// ServeHTTP routes one request. A handler finds the path without process id and trailing slash in r.URL.Path.
func (rt *Router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, prefixed, ok := Normalize(r.URL.Path, rt.process)
	if !ok {
		status := http.StatusNotFound
		if !strings.HasPrefix(r.URL.Path, "/") {
			status = http.StatusBadRequest
		}
		WriteStatus(w, r, status)
		return
	}
	found, ok := rt.lookup(path, prefixed)
	if !ok {
		WriteStatus(w, r, http.StatusNotFound)
		return
	}
	if len(found.Methods) > 0 && !slices.Contains(found.Methods, r.Method) {
		WriteMethodNotAllowed(w, r, found.Methods...)
		return
	}
	r2 := *r
	u := *r.URL
	u.Path = path
	r2.URL = &u
	found.Handler(w, &r2)
}

// lookup tries the path and then its ever shorter prefixes.
func (rt *Router) lookup(path string, prefixed bool) (Route, bool) {
	for p := path; p != ""; p = p[:strings.LastIndexByte(p, '/')] {
		if found, ok := rt.routes[p]; ok && (!found.Separate || !prefixed) {
			return found, !found.Exact || p == path
		}
	}
	return Route{}, false
}

// Normalize drops a trailing slash and a first segment that is the process id, and says whether there was one. ok is
// false for paths that no route may see: not rooted, or climbing.
func Normalize(path, process string) (normal string, prefixed, ok bool) {
	if !strings.HasPrefix(path, "/") || strings.Contains(path, "/..") {
		return "", false, false
	}
	if len(path) > 1 {
		path = strings.TrimSuffix(path, "/")
	}
	first, rest, more := strings.Cut(path[1:], "/")
	if first != process {
		return path, false, true
	}
	if !more {
		return "/", true, true
	}
	return "/" + rest, true, true
}
