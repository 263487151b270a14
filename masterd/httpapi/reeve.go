package httpapi

import (
	"context"
	_ "embed" // for the API's description
	"encoding/json"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"codeberg.org/reeve/reeve/masterd/broadcast"
	"codeberg.org/reeve/reeve/masterd/overview"
	"codeberg.org/reeve/reeve/masterd/tasksapi"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesoshttp"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// openapi describes /reeve/v1; a test holds it and reeveRoutes together.
//
//go:embed openapi.yaml
var openapi []byte

// reeveRoutes lists Reeve's own API.
func (a *api) reeveRoutes() []mesoshttp.APIRoute {
	return slices.Concat(a.jobRoutes(), a.secretRoutes(), a.reeveRoleRoutes(), a.reeveMaintenanceRoutes(), []mesoshttp.APIRoute{
		{Method: http.MethodGet, Path: "/reeve/v1/openapi.yaml", Handler: a.describe},
		{Method: http.MethodGet, Path: "/reeve/v1/masters", Handler: a.cfg.Peers.List},
		{Method: http.MethodGet, Path: "/reeve/v1/masters/figures", Handler: a.cfg.Peers.Measured},
		{Method: http.MethodGet, Path: "/reeve/v1/masters/members", Handler: a.cfg.Peers.Gossiping},
		{Method: http.MethodPost, Path: "/reeve/v1/masters/step-down", Handler: a.led(a.stepDown)},
		{Method: http.MethodGet, Path: "/reeve/v1/cluster", Handler: a.led(a.cluster)},
		{Method: http.MethodGet, Path: "/reeve/v1/agents", Handler: a.led(a.agents)},
		{Method: http.MethodPost, Path: "/reeve/v1/agents/{id}/drain", Handler: a.led(a.drainAgent)},
		{Method: http.MethodPost, Path: "/reeve/v1/agents/{id}/deactivate", Handler: a.led(a.deactivateAgent)},
		{Method: http.MethodPost, Path: "/reeve/v1/agents/{id}/reactivate", Handler: a.led(a.reactivateAgent)},
		{Method: http.MethodPost, Path: "/reeve/v1/agents/{id}/gone", Handler: a.led(a.markGone)},
		{Method: http.MethodGet, Path: "/reeve/v1/frameworks", Handler: a.led(a.frameworkList)},
		{Method: http.MethodGet, Path: "/reeve/v1/tasks", Handler: a.led(listTasks)},
		{Method: http.MethodGet, Path: "/reeve/v1/tasks/{framework}/{task}", Handler: a.led(oneTask)},
		{Method: http.MethodPost, Path: "/reeve/v1/tasks/{framework}/{task}/kill", Handler: a.led(killTask)},
		{Method: http.MethodGet, Path: "/reeve/v1/events", Handler: a.led(a.events)},
		{Method: http.MethodPost, Path: "/reeve/v1/sessions", Handler: a.led(a.session)},
		{Method: http.MethodGet, Path: "/reeve/v1/watch", Handler: a.led(a.watch)},
	})
}

// reeve returns the handler of /reeve/v1.
func (a *api) reeve() http.Handler {
	readers := a.cfg.Auth.guard(a.cfg.Auth.Readonly, "mesos-master-readonly")
	writers := a.cfg.Auth.guard(a.cfg.Auth.Readwrite, "mesos-master-readwrite")
	routes := a.reeveRoutes()
	for i := range routes {
		if routes[i].Method == http.MethodGet {
			routes[i].Handler = readers.Guard(routes[i].Handler)
		} else {
			routes[i].Handler = writers.Guard(routes[i].Handler)
		}
	}
	return mesoshttp.NewAPI(routes...)
}

// led lets requests through to h while this master leads. An error that h returns is answered.
func (a *api) led(h func(http.ResponseWriter, *http.Request, Term) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if t := a.cfg.Term(); t != nil {
			if err := h(w, r, t); err != nil {
				mesoshttp.WriteAPIError(w, r, err)
			}
			return
		}
		status, text, location := a.elsewhere(r)
		if location != "" {
			w.Header().Set("Location", location)
			mesoshttp.WriteEmpty(w, r, status)
			return
		}
		mesoshttp.WriteAPIError(w, r, fault.New(fault.Unavailable, "%s; try again in a moment", text))
	}
}

// who is the person behind a request: proved, claimed, or at least an address.
func who(r *http.Request) string {
	if p := mesoshttp.Principal(r); p != "" {
		return p
	}
	const longest = 64
	claimed := strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return -1
		}
		return c
	}, r.Header.Get(reeveapi.UserHeader))
	if claimed != "" {
		return claimed[:min(len(claimed), longest)]
	}
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		return host
	}
	return r.RemoteAddr
}

func (a *api) describe(w http.ResponseWriter, r *http.Request) {
	mesoshttp.Write(w, r, http.StatusOK, "application/yaml", openapi)
}

func (a *api) stepDown(w http.ResponseWriter, r *http.Request, t Term) error {
	return a.cfg.Peers.StepDown(w, r, t, who(r))
}

// figures is what the overview says besides the view's.
func (a *api) figures(t Term) overview.Identity {
	name, id := a.cfg.Cluster()
	var gossip map[string]int
	if a.cfg.Peers.Gossip != nil {
		gossip = a.cfg.Peers.Gossip()
	}
	return overview.Identity{
		Name: name, ID: id, Leader: a.cfg.Name, Term: t.Number(), Elected: t.Elected(), Started: a.cfg.Started,
		Masters: a.cfg.Peers.Masters(), Gossip: gossip,
	}
}

func (a *api) cluster(w http.ResponseWriter, r *http.Request, t Term) error {
	v, err := t.View(r.Context())
	if err != nil {
		return err
	}
	mesoshttp.WriteAPI(w, r, http.StatusOK, overview.Cluster(a.figures(t), v, t.Usage))
	return nil
}

func (a *api) agents(w http.ResponseWriter, r *http.Request, t Term) error {
	v, err := t.View(r.Context())
	if err != nil {
		return err
	}
	mesoshttp.WriteAPI(w, r, http.StatusOK, overview.Agents(v, t.Usage))
	return nil
}

func (a *api) frameworkList(w http.ResponseWriter, r *http.Request, t Term) error {
	v, err := t.View(r.Context())
	if err != nil {
		return err
	}
	mesoshttp.WriteAPI(w, r, http.StatusOK, overview.Frameworks(v))
	return nil
}

func listTasks(w http.ResponseWriter, r *http.Request, t Term) error { return tasksapi.List(w, r, t) }

func oneTask(w http.ResponseWriter, r *http.Request, t Term) error { return tasksapi.One(w, r, t) }

func killTask(w http.ResponseWriter, r *http.Request, t Term) error {
	return tasksapi.Kill(w, r, t, who(r))
}

// lookEvery is the time between two looks of a stream at what has changed: at most ten lines a second.
const lookEvery = 100 * time.Millisecond

// pace is that of /reeve/v1/watch.
var pace = broadcast.Pace{Look: lookEvery, Say: 5 * time.Second, Calm: time.Second, Busy: 300}

// events lists what happened since ?since=seq, and with ?follow=1 streams what happens from then on.
func (a *api) events(w http.ResponseWriter, r *http.Request, t Term) error {
	var since uint64
	if text := r.URL.Query().Get("since"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return fault.New(fault.Invalid, "since is %q, and must be the seq of an event", text)
		}
		since = n
	}
	if !mesoshttp.On(r, "follow") {
		mesoshttp.WriteAPI(w, r, http.StatusOK, append([]reeveapi.Event{}, t.Events(since)...))
		return nil
	}
	stream, err := mesoshttp.StartLines(w)
	if err != nil {
		return nil // the client has left before the first byte
	}
	a.streamEnded(r, follow(r.Context(), t.Done(), func(time.Time) error {
		for _, e := range t.Events(since) {
			since = e.Seq
			if err := sendLine(stream, e); err != nil {
				return err
			}
		}
		return nil
	}))
	return nil
}

// follow calls look now and every lookEvery, until it fails, the client leaves or the term ends.
func follow(ctx context.Context, done <-chan struct{}, look func(now time.Time) error) error {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for now := time.Now(); ; {
		if err := look(now); err != nil {
			return err
		}
		select {
		case now = <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		case <-done:
			return nil
		}
	}
}

func sendLine(stream *mesoshttp.Stream, v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return stream.SendLine(line)
}

// watch streams the whole cluster: everything first, then what changes, to all readers the same, or with ?brief=1 the same in fewer words.
func (a *api) watch(w http.ResponseWriter, r *http.Request, t Term) error {
	cast := a.casts.of(t, func() *broadcast.Cast {
		return broadcast.New(func(ctx context.Context, since uint64) (overview.Now, error) { return a.now(ctx, t, since) }, pace)
	})
	first, box, err := cast.Join(r.Context(), mesoshttp.On(r, "brief"))
	if err != nil {
		return err
	}
	defer box.Hangup()
	stream, err := mesoshttp.StartLines(w)
	if err != nil {
		return nil // the client has left before the first byte
	}
	err = stream.SendLine(first)
	if err == nil {
		err = cast.Follow(r.Context(), t.Done(), box, stream.SendLine)
	}
	a.streamEnded(r, err)
	return nil
}

// now is the cluster as watchers compare it.
func (a *api) now(ctx context.Context, t Term, since uint64) (overview.Now, error) {
	v, err := t.View(ctx)
	if err != nil {
		return overview.Now{}, err
	}
	jobs, err := sortedJobs(ctx, t)
	if err != nil {
		return overview.Now{}, err
	}
	return overview.Now{At: time.Now(), Identity: a.figures(t), View: v, Jobs: jobs, Events: t.Events(since), Usage: t.Usage}, nil
}

// casts is the broadcast of the newest term that was asked for.
type casts struct {
	mu   sync.Mutex // guards the fields below
	term Term
	cast *broadcast.Cast
}

func (c *casts) of(t Term, make func() *broadcast.Cast) *broadcast.Cast {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.term != t {
		c.term, c.cast = t, make()
	}
	return c.cast
}
