package mesoshttp

import (
	"fmt"
	"html"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/logging"
	"codeberg.org/reeve/reeve/shared/mesostime"
)

// Processes are the endpoints that each of Mesos's daemons has beside its own: help, logging and profiling.
type Processes struct {
	Program   string             // for /help
	Verbosity *logging.Verbosity // nil: the level cannot be changed
	LogFile   string             // served under LogPath; "" for none
	LogPath   string             // "/master/log" or "/slave/log"
}

// Roots adds the log to the roots of /files.
func (p Processes) Roots(others Roots) Roots {
	return func() map[string]string {
		roots := map[string]string{}
		if p.LogFile != "" {
			roots[p.LogPath] = p.LogFile
		}
		if others != nil {
			maps.Copy(roots, others())
		}
		return roots
	}
}

// Routes returns the endpoints; known are the daemon's other routes, which /help lists.
func (p Processes) Routes(known []Route) []Route {
	get := []string{http.MethodGet, http.MethodHead}
	return []Route{
		{Path: "/logging/toggle", Handler: p.toggle, Methods: append(get, http.MethodPost), Separate: true},
		{Path: "/help", Handler: p.help(known), Methods: get, Separate: true},
		{Path: "/profiler/start", Handler: noProfiler, Separate: true},
		{Path: "/profiler/stop", Handler: noProfiler, Separate: true},
		{Path: "/memory-profiler", Handler: noProfiler, Separate: true},
	}
}

// noProfiler answers as a Mesos that was started without its profiler, and says where ours is.
func noProfiler(w http.ResponseWriter, r *http.Request) {
	WriteText(w, r, http.StatusBadRequest,
		"The profiler of Mesos is not part of this program. To profile it, use /debug/pprof/ from its own machine.\n")
}

// toggle answers the level in force, or raises it for a while.
func (p Processes) toggle(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	level, duration := q.Get("level"), q.Get("duration")
	switch {
	case level == "" && duration == "":
		WriteText(w, r, http.StatusOK, strconv.FormatUint(uint64(p.Verbosity.Level()), 10)+"\n")
		return
	case duration == "":
		WriteText(w, r, http.StatusBadRequest, "Expecting 'duration=value' in query.\n")
		return
	case level == "":
		WriteText(w, r, http.StatusBadRequest, "Expecting 'level=value' in query.\n")
		return
	}
	n, err := strconv.ParseUint(level, 10, 32)
	if err != nil {
		WriteText(w, r, http.StatusBadRequest, fmt.Sprintf("Invalid level '%s'.\n", level))
		return
	}
	d, err := mesostime.Parse(duration)
	if err != nil {
		WriteText(w, r, http.StatusBadRequest, err.Error()+".\n")
		return
	}
	if err := p.SetLevel(uint32(n), d); err != nil {
		WriteText(w, r, http.StatusBadRequest, err.Error()+".\n")
		return
	}
	WriteEmpty(w, r, http.StatusOK)
}

// SetLevel raises the log level for a while. Less than the daemon was started with is refused: a log that was asked for at
// the start must not be silenced from afar.
func (p Processes) SetLevel(level uint32, d time.Duration) error {
	if original := p.Verbosity.Original(); level < original {
		return fault.New(fault.Invalid, "'%d' < original level: this daemon was started with debug logging, which is level %d", level, original)
	}
	if d < 0 {
		return fault.New(fault.Invalid, "the duration %v is negative", d)
	}
	p.Verbosity.Set(level, d)
	return nil
}

// help lists what can be asked; longer paths below /help lead here, too.
func (p Processes) help(known []Route) http.HandlerFunc {
	paths := []string{"/files/browse", "/logging/toggle", "/help"}
	for _, route := range known {
		paths = append(paths, route.Path)
	}
	slices.Sort(paths)
	paths = slices.Compact(paths)
	var page strings.Builder
	fmt.Fprintf(&page, "<!DOCTYPE html><html><head><title>Help</title></head><body><h1>%s</h1><ul>\n", html.EscapeString(p.Program))
	for _, path := range paths {
		fmt.Fprintf(&page, "<li><code>%s</code></li>\n", html.EscapeString(path))
	}
	page.WriteString("</ul><p>These are the endpoints of Apache Mesos that this program has; its own are described in " +
		"<code>/reeve/v1/openapi.yaml</code> of a master.</p></body></html>\n")
	body := []byte(page.String())
	return func(w http.ResponseWriter, r *http.Request) { Write(w, r, http.StatusOK, "text/html", body) }
}
