package httpapi

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/masterd/reading"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesoshttp"
	"codeberg.org/reeve/reeve/shared/mesosjson"
)

// document writes a legacy document from a view.
type document func(out *mesosjson.Writer, v *cluster.View, t Term, q url.Values) error

// reading makes a handler of a document.
func (a *api) reading(write document) func(http.ResponseWriter, *http.Request, Term) {
	return func(w http.ResponseWriter, r *http.Request, t Term) {
		v, err := t.View(r.Context())
		if err != nil {
			mesoshttp.WriteError(w, r, err)
			return
		}
		var out mesosjson.Writer
		if err := write(&out, v, t, r.URL.Query()); err != nil {
			mesoshttp.WriteError(w, r, err)
			return
		}
		mesoshttp.WriteDocument(w, r, &out)
	}
}

// identity is what documents say of this master.
func (a *api) identity(t Term) reading.Identity {
	return reading.Identity{
		Info:    a.cfg.Info(),
		Leader:  a.cfg.Leader(),
		Build:   a.build,
		Started: a.cfg.Started,
		Elected: t.Elected(),
		Cluster: a.clusterName(),
		Flags:   a.cfg.Flags,
	}
}

func (a *api) clusterName() string {
	name, _ := a.cfg.Cluster()
	return name
}

func (a *api) state(out *mesosjson.Writer, v *cluster.View, t Term, _ url.Values) error {
	reading.State(out, a.identity(t), v)
	return nil
}

func (a *api) summary(out *mesosjson.Writer, v *cluster.View, t Term, _ url.Values) error {
	reading.Summary(out, a.identity(t), v)
	return nil
}

func (a *api) slaves(out *mesosjson.Writer, v *cluster.View, _ Term, q url.Values) error {
	reading.Agents(out, v, q.Get("slave_id"))
	return nil
}

func (a *api) frameworks(out *mesosjson.Writer, v *cluster.View, _ Term, q url.Values) error {
	reading.Frameworks(out, v, q.Get("framework_id"))
	return nil
}

func (a *api) roles(out *mesosjson.Writer, v *cluster.View, _ Term, _ url.Values) error {
	reading.WriteRoles(out, v)
	return nil
}

// defaultTasks is how many tasks /tasks lists unless it is told otherwise.
const defaultTasks = 100

func (a *api) tasks(out *mesosjson.Writer, v *cluster.View, _ Term, q url.Values) error {
	limit, err := count(q, "limit", defaultTasks)
	if err != nil {
		return err
	}
	offset, err := count(q, "offset", 0)
	if err != nil {
		return err
	}
	reading.Tasks(out, v, reading.TaskQuery{
		Framework: q.Get("framework_id"), Task: q.Get("task_id"),
		Limit: limit, Offset: offset, Ascending: q.Get("order") == "asc",
	})
	return nil
}

func count(q url.Values, name string, otherwise int) (int, error) {
	text := q.Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < -1 {
		return 0, fault.New(fault.Invalid, "%s is %q, and must be a whole number, or -1 for no limit", name, text)
	}
	return n, nil
}

// maxForm bounds the body of /teardown.
const maxForm = 64 << 10

// teardown answers POST /teardown, whose body is a form whatever its Content-Type says.
func (a *api) teardown(w http.ResponseWriter, r *http.Request, t Term) {
	body, status, err := mesoshttp.ReadBody(w, r, maxForm)
	if err != nil {
		mesoshttp.WriteText(w, r, status, err.Error())
		return
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		mesoshttp.WriteText(w, r, http.StatusBadRequest, fmt.Sprintf("Unable to decode query string: %v", err))
		return
	}
	id := form.Get("frameworkId")
	if id == "" {
		mesoshttp.WriteText(w, r, http.StatusBadRequest, "Missing 'frameworkId' query parameter")
		return
	}
	a.tearDown(w, r, t, id)
}

// health says that this process answers; standbys are healthy too.
func (a *api) health(w http.ResponseWriter, r *http.Request) {
	mesoshttp.WriteEmpty(w, r, http.StatusOK)
}

// ready says whether this master can be of use: it leads, or it knows who does.
func (a *api) ready(w http.ResponseWriter, r *http.Request) {
	if a.cfg.Term() != nil {
		mesoshttp.WriteText(w, r, http.StatusOK, "leading")
		return
	}
	if leader := a.cfg.Leader(); leader != nil && leader.GetPid() != a.cfg.Info().GetPid() {
		mesoshttp.WriteText(w, r, http.StatusOK, "standing by for "+leader.GetPid())
		return
	}
	mesoshttp.WriteText(w, r, http.StatusServiceUnavailable, "no master leads; an election needs most of the masters")
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
