package httpapi

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"path"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/agentd/adhoc"
	"codeberg.org/reeve/reeve/agentd/provenance"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/workload"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/logging"
	"codeberg.org/reeve/reeve/shared/mesoshttp"
	"codeberg.org/reeve/reeve/shared/mesosjson"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/metrics"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// Config is what the edge is built from. Functions are called from many goroutines and must not block for long.
type Config struct {
	View       func(ctx context.Context) (*workload.View, error)
	Ready      func() bool                                                        // the agent has recovered; nil for always
	Stats      func(ctx context.Context, id ids.Container) (runtime.Stats, error) // of a running container
	Usage      func(history time.Duration, task string) (reeveapi.Usage, error)   // the samples; task "" is all
	Disk       func(id ids.Container) (used int64, known bool)                    // bytes in the sandbox of a running container; nil for never
	Host       func() reeveapi.HostDetail                                         // a close look at the host; nil for never
	Kept       func() time.Duration                                               // how long sandboxes stay that nobody uses; nil if nobody knows
	Images     Images                                                             // nil for an agent without
	GPUs       func() []runtime.GPU                                               // of the host; nil for an agent without
	Origin     func(run, id ids.Container) provenance.Record                      // what a container of an executor's run was made of; nil if nobody knows
	Containers *adhoc.Set                                                         // nil for an agent without
	Master     func() string                                                      // hostname of the leading master, "" without one
	Hostname   string                                                             // of this agent
	HTTP       string                                                             // ip:port of this API
	Executor   http.Handler                                                       // answers /api/v1/executor
	Started    time.Time
	Flags      map[string]string
	Metrics    *metrics.Set
	Roots      mesoshttp.Roots // of /files besides the sandboxes, such as a log; nil for none
	Auth       Auth
	Logger     *slog.Logger
	Verbosity  *logging.Verbosity // nil: the log level cannot be changed
	LogFile    string             // shown as /slave/log; "" for none
}

// Auth says who must prove who they are. The zero value asks nobody.
type Auth struct {
	Readonly  bool // what only reads
	Readwrite bool // the operator API
	Secrets   map[string]string
}

func (a Auth) guard(on bool, realm string) mesoshttp.Authenticator {
	return mesoshttp.NewAuthenticator(on, realm, a.Secrets)
}

// api is the edge.
type api struct {
	cfg       Config
	build     *mesosv1.VersionInfo
	files     mesoshttp.Files
	processes mesoshttp.Processes
}

// viewPatience is how long a reader without a request of its own waits for a busy loop.
const viewPatience = 5 * time.Second

// New returns the handler of everything that an agent serves. It also declares the agent's counters and gauges in
// cfg.Metrics, so that all of them exist from the start.
func New(cfg Config) http.Handler {
	a := &api{cfg: cfg, build: mesoshttp.Build(), processes: mesoshttp.Processes{
		Program: "agentd", Verbosity: cfg.Verbosity, LogFile: cfg.LogFile, LogPath: "/slave/log",
	}}
	a.files = mesoshttp.Files{Roots: a.processes.Roots(a.roots)}
	for _, name := range counters() {
		cfg.Metrics.Counter(name)
	}
	cfg.Metrics.Source(mesoshttp.SystemGauges)
	cfg.Metrics.Source(a.gauges)
	mesos, reeve := mesoshttp.NewRouter("slave(1)", a.routes()...), a.reeve()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/reeve/"):
			reeve.ServeHTTP(w, r)
		case strings.HasPrefix(r.URL.Path, "/debug/pprof/"):
			mesoshttp.Profiles(w, r)
		default:
			mesos.ServeHTTP(w, r)
		}
	})
}

// routes lists every path but Reeve's own.
func (a *api) routes() []mesoshttp.Route {
	get := []string{http.MethodGet, http.MethodHead}
	readers := a.cfg.Auth.guard(a.cfg.Auth.Readonly, "mesos-agent-readonly")
	writers := a.cfg.Auth.guard(a.cfg.Auth.Readwrite, "mesos-agent-readwrite")
	prometheus := a.cfg.Metrics.Handler()

	routes := []mesoshttp.Route{
		{Path: "/api/v1", Handler: writers.Guard(a.operator)},
		{Path: "/state", Handler: readers.Guard(a.document(a.state)), Methods: get},
		{Path: "/flags", Handler: readers.Guard(a.flags), Methods: get},
		{Path: "/health", Handler: a.health},
		{Path: "/ready", Handler: a.readiness, Methods: get, Exact: true},
		{Path: "/containers", Handler: readers.Guard(a.containers(true)), Methods: get},
		{Path: "/monitor/statistics", Handler: readers.Guard(a.containers(false)), Methods: get},
		{Path: "/containerizer/debug", Handler: readers.Guard(a.containerizerDebug), Methods: get},
		{Path: "/api/v1/resource_provider", Handler: noResourceProviders},
		{Path: "/version", Handler: a.version, Methods: get, Separate: true},
		{Path: "/system/stats.json", Handler: mesoshttp.SystemStats, Methods: get, Separate: true},
		{Path: "/metrics/snapshot", Handler: readers.Guard(a.snapshot), Methods: get, Separate: true},
		{Path: "/metrics", Handler: prometheus.ServeHTTP, Methods: get, Separate: true, Exact: true},
	}
	if a.cfg.Executor != nil {
		routes = append(routes, mesoshttp.Route{Path: "/api/v1/executor", Handler: a.cfg.Executor.ServeHTTP})
	}
	for _, route := range a.files.Routes() {
		route.Handler = readers.Guard(route.Handler)
		routes = append(routes, route)
	}
	for _, route := range a.processes.Routes(routes) {
		route.Handler = writers.Guard(route.Handler)
		routes = append(routes, route)
	}
	return routes
}

// containerizerDebug lists the operations of Mesos's containerizer that hang. Ours have no such list: a supervisor tries
// again until it is done, and says so in the log.
func (a *api) containerizerDebug(w http.ResponseWriter, r *http.Request) {
	var out mesosjson.Writer
	out.Open()
	out.EmptyListField("pending")
	out.Close()
	mesoshttp.WriteDocument(w, r, &out)
}

func noResourceProviders(w http.ResponseWriter, r *http.Request) {
	mesoshttp.WriteText(w, r, http.StatusNotImplemented, "This version of Reeve has no resource providers.")
}

// reeveRoutes lists Reeve's own API.
func (a *api) reeveRoutes() []mesoshttp.APIRoute {
	return []mesoshttp.APIRoute{
		{Method: http.MethodGet, Path: "/reeve/v1/openapi.yaml", Handler: describeAPI},
		{Method: http.MethodGet, Path: "/reeve/v1/usage", Handler: a.usage},
		{Method: http.MethodGet, Path: "/reeve/v1/log", Handler: a.log},
		{Method: http.MethodGet, Path: "/reeve/v1/images", Handler: a.images},
		{Method: http.MethodGet, Path: "/reeve/v1/host", Handler: a.host},
		{Method: http.MethodGet, Path: "/reeve/v1/container", Handler: a.container},
	}
}

func (a *api) reeve() http.Handler {
	readers := a.cfg.Auth.guard(a.cfg.Auth.Readonly, "mesos-agent-readonly")
	routes := a.reeveRoutes()
	for i := range routes {
		routes[i].Handler = readers.Guard(routes[i].Handler)
	}
	return mesoshttp.NewAPI(routes...)
}

// maxHistory is the longest history that can be asked for.
const maxHistory = 30 * time.Minute

// usage answers /reeve/v1/usage.
func (a *api) usage(w http.ResponseWriter, r *http.Request) {
	history, err := historyOf(r.URL.Query().Get("history"))
	if err != nil {
		mesoshttp.WriteAPIError(w, r, err)
		return
	}
	usage, err := a.cfg.Usage(history, r.URL.Query().Get("task"))
	if err != nil {
		mesoshttp.WriteAPIError(w, r, err)
		return
	}
	mesoshttp.WriteAPI(w, r, http.StatusOK, usage)
}

func historyOf(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, fault.New(fault.Invalid, "history is %q, and must be a duration such as 30m, the longest there is", text)
	}
	return min(d, maxHistory), nil
}

// roots are the sandboxes that are remembered, each under its stable path, its path on the host, and that with
// runs/latest (spec 3.12).
func (a *api) roots() map[string]string {
	roots := map[string]string{}
	if a.cfg.Roots != nil {
		maps.Copy(roots, a.cfg.Roots())
	}
	if a.cfg.Containers != nil {
		for id, sandbox := range a.cfg.Containers.Sandboxes() {
			roots["/containers/"+string(id)], roots[sandbox] = sandbox, sandbox
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), viewPatience)
	defer cancel()
	v, err := a.cfg.View(ctx)
	if err != nil {
		return roots
	}
	// oldest first, so that the newest run of an executor keeps the stable path
	for _, frameworks := range [][]workload.FrameworkView{v.Completed, v.Frameworks} {
		for _, f := range frameworks {
			for _, executors := range [][]workload.ExecutorView{f.Completed, f.Executors} {
				for _, e := range executors {
					addRoot(roots, f.ID, e)
				}
			}
		}
	}
	return roots
}

func addRoot(roots map[string]string, framework ids.Framework, e workload.ExecutorView) {
	if e.Sandbox == "" {
		return
	}
	roots["/frameworks/"+string(framework)+"/executors/"+string(e.ID)+"/runs/latest"] = e.Sandbox
	roots[e.Sandbox] = e.Sandbox
	roots[path.Join(path.Dir(e.Sandbox), "latest")] = e.Sandbox
	for _, v := range e.Volumes { // the longest root counts, so that these are seen in the sandbox
		for _, name := range []string{e.Sandbox, path.Join(path.Dir(e.Sandbox), "latest"), "/frameworks/" + string(framework) + "/executors/" + string(e.ID) + "/runs/latest"} {
			roots[name+strings.TrimPrefix(v.At, e.Sandbox)] = v.Path
		}
	}
}

// document makes a handler of a legacy document.
func (a *api) document(write func(out *mesosjson.Writer, v *workload.View)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := a.cfg.View(r.Context())
		if err != nil {
			mesoshttp.WriteError(w, r, err)
			return
		}
		var out mesosjson.Writer
		write(&out, v)
		mesoshttp.WriteDocument(w, r, &out)
	}
}

func (a *api) recovered() bool { return a.cfg.Ready == nil || a.cfg.Ready() }

// health says that this process answers.
func (a *api) health(w http.ResponseWriter, r *http.Request) {
	mesoshttp.WriteEmpty(w, r, http.StatusOK)
}

// readiness says whether this agent can take tasks.
func (a *api) readiness(w http.ResponseWriter, r *http.Request) {
	v, err := a.cfg.View(r.Context())
	switch {
	case err != nil:
		mesoshttp.WriteText(w, r, http.StatusServiceUnavailable, err.Error())
	case !a.recovered():
		mesoshttp.WriteText(w, r, http.StatusServiceUnavailable, "the agent is recovering its tasks")
	case !v.Registered:
		mesoshttp.WriteText(w, r, http.StatusServiceUnavailable, "no master has accepted the agent yet, or its link is down")
	default:
		mesoshttp.WriteText(w, r, http.StatusOK, "registered")
	}
}

func (a *api) flags(w http.ResponseWriter, r *http.Request) {
	var out mesosjson.Writer
	out.Open()
	out.FlagsField(a.cfg.Flags)
	out.Close()
	mesoshttp.WriteDocument(w, r, &out)
}

func (a *api) version(w http.ResponseWriter, r *http.Request) {
	var out mesosjson.Writer
	out.Open()
	out.BuildFields(a.build)
	out.Close()
	mesoshttp.WriteDocument(w, r, &out)
}

func (a *api) snapshot(w http.ResponseWriter, r *http.Request) {
	mesoshttp.MetricsSnapshot(w, r, a.cfg.Metrics)
}
