package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/masterd/allocator"
	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/masterd/jobs"
	"codeberg.org/reeve/reeve/masterd/mastersapi"
	"codeberg.org/reeve/reeve/masterd/outbox"
	"codeberg.org/reeve/reeve/masterd/reading"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/logging"
	"codeberg.org/reeve/reeve/shared/mesoshttp"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/master"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/metrics"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// Term is one leadership, as this edge sees it; masterd/term has the contracts of its methods.
type Term interface {
	Number() uint64
	Elected() time.Time
	Done() <-chan struct{}
	View(ctx context.Context) (*cluster.View, error)
	Do(ctx context.Context, build func(cluster.Ticket) cluster.Input) error
	Subscribe(ctx context.Context, call *scheduler.Call, principal string) (cluster.StreamID, *outbox.Box[*scheduler.Event], error)
	SubscribeOperators(ctx context.Context) (*cluster.View, *outbox.Box[*master.Event], error)
	Operators() int
	Load(ctx context.Context) cluster.Load
	Jobs(ctx context.Context) ([]reeveapi.Job, error)
	SubmitJob(ctx context.Context, spec reeveapi.JobSpec, by string) (reeveapi.Job, error)
	DoJob(ctx context.Context, build func(jobs.Ticket) jobs.Input) (reeveapi.Job, error)
	Images(ctx context.Context) (map[string]map[string]bool, error)
	Judge(ctx context.Context, plan *reeveapi.JobPlan) error
	Secrets(ctx context.Context) ([]reeveapi.Secret, error)
	SetSecret(ctx context.Context, name string, value []byte, by string) error
	RemoveSecret(ctx context.Context, name, by string) error
	Explain(ctx context.Context, framework ids.Framework) (all []allocator.Verdict, held bool, err error)
	Events(since uint64) []reeveapi.Event
	Note(e reeveapi.Event)
	Usage(agent ids.Agent) (usage *agentlink.HostUsage, at time.Time, ok bool)
}

// Config is what the edge is built from. Functions are called from many goroutines and must not block for long.
type Config struct {
	Term    func() Term                // nil while this master does not lead
	Info    func() *mesosv1.MasterInfo // of this master
	Leader  func() *mesosv1.MasterInfo // nil while no leader is known; this master's own while it leads
	Peers   mastersapi.Config
	Cluster func() (name, id string)

	Name    string // of this master, for people
	Started time.Time
	Flags   map[string]string
	Metrics *metrics.Set
	Roots   mesoshttp.Roots // of /files; nil for none
	Auth    Auth
	Logger  *slog.Logger

	Verbosity *logging.Verbosity // nil: the log level cannot be changed
	LogFile   string             // shown as /master/log; "" for none
}

// Auth says who must prove who they are. The zero value asks nobody.
type Auth struct {
	Frameworks bool // the scheduler API
	Readonly   bool // what only reads
	Readwrite  bool // the operator API, and what changes something
	Secrets    map[string]string
}

func (a Auth) guard(on bool, realm string) mesoshttp.Authenticator {
	return mesoshttp.NewAuthenticator(on, realm, a.Secrets)
}

// api is the edge.
type api struct {
	cfg       Config
	build     *mesosv1.VersionInfo
	processes mesoshttp.Processes
	files     mesoshttp.Files
	operators streams
	casts     casts
}

// New returns the handler of everything that a master serves. It also declares the master's counters and gauges in
// cfg.Metrics, so that all of them exist from the start.
func New(cfg Config) http.Handler {
	a := &api{cfg: cfg, build: mesoshttp.Build(), processes: mesoshttp.Processes{
		Program: "masterd", Verbosity: cfg.Verbosity, LogFile: cfg.LogFile, LogPath: "/master/log",
	}}
	a.files = mesoshttp.Files{Roots: a.processes.Roots(cfg.Roots)}
	a.declareMetrics()
	mesos, reeve := mesoshttp.NewRouter("master", a.routes()...), a.reeve()
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

// routes lists every path but Reeve's own. Where the leader must answer, the redirect comes before any other check
// (spec 1.4).
func (a *api) routes() []mesoshttp.Route {
	get, post := []string{http.MethodGet, http.MethodHead}, []string{http.MethodPost}
	schedulers := a.cfg.Auth.guard(a.cfg.Auth.Frameworks, "mesos-master-scheduler")
	readers := a.cfg.Auth.guard(a.cfg.Auth.Readonly, "mesos-master-readonly")
	writers := a.cfg.Auth.guard(a.cfg.Auth.Readwrite, "mesos-master-readwrite")

	routes := []mesoshttp.Route{
		{Path: "/api/v1/scheduler", Handler: schedulers.Guard(a.leading(a.scheduler))},
		{Path: "/api/v1", Handler: writers.Guard(a.leading(a.operator))},
		{Path: "/teardown", Handler: writers.Guard(a.leading(a.teardown)), Methods: post},
		{Path: "/registrar(1)/registry", Handler: readers.Guard(a.leading(a.registry)), Methods: get, Separate: true},
		{Path: "/redirect", Handler: a.redirect, Exact: true},
		{Path: "/health", Handler: a.health},
		{Path: "/ready", Handler: a.ready, Methods: get, Exact: true},
		{Path: "/flags", Handler: readers.Guard(a.flags), Methods: get},
		{Path: "/version", Handler: a.version, Methods: get, Separate: true},
		{Path: "/system/stats.json", Handler: mesoshttp.SystemStats, Methods: get, Separate: true},
		{Path: "/metrics/snapshot", Handler: readers.Guard(a.snapshot), Methods: get, Separate: true},
		{Path: "/metrics", Handler: a.cfg.Metrics.Handler().ServeHTTP, Methods: get, Separate: true, Exact: true},
	}
	routes = append(routes, a.roleRoutes(readers, writers)...)
	routes = append(routes, a.operationRoutes(writers)...)
	routes = append(routes, a.maintenanceRoutes(readers, writers)...)
	for path, document := range map[string]document{
		"/state": a.state, "/state-summary": a.summary, "/slaves": a.slaves, "/frameworks": a.frameworks,
		"/tasks": a.tasks, "/roles": a.roles,
	} {
		routes = append(routes, mesoshttp.Route{
			Path: path, Handler: readers.Guard(a.leading(a.reading(document))), Methods: get,
		})
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

// declareMetrics makes every counter exist and adds the gauges that come from views.
func (a *api) declareMetrics() {
	for _, name := range reading.Counters() {
		a.cfg.Metrics.Counter(name)
	}
	a.cfg.Metrics.Source(mesoshttp.SystemGauges)
	a.cfg.Metrics.Source(a.gauges)
}

// gaugesPatience is how long a scrape waits for a busy loop before it goes without the figures of the view.
const gaugesPatience = 5 * time.Second

func (a *api) gauges(ctx context.Context) map[string]float64 {
	standing := reading.Standing{Uptime: time.Since(a.cfg.Started)}
	t := a.cfg.Term()
	if t == nil {
		return reading.Gauges(standing, nil)
	}
	standing.Leading, standing.Subscribers = true, t.Operators()
	ctx, cancel := context.WithTimeout(ctx, gaugesPatience)
	defer cancel()
	standing.Load = t.Load(ctx)
	v, err := t.View(ctx)
	if err != nil { // the loop is too busy to say more
		return map[string]float64{"master/uptime_secs": standing.Uptime.Seconds(), "master/elected": 1}
	}
	return reading.Gauges(standing, v)
}
