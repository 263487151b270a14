// Package tasksapi is the edge of Reeve's own API for tasks. It lists and shows them and asks for their end; who may ask and
// whether this master leads is masterd/httpapi's to say, what is shown of a task masterd/overview's. Start reading at List.
package tasksapi

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/masterd/overview"
	"codeberg.org/reeve/reeve/masterd/view"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesoshttp"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/taskstate"
	"codeberg.org/reeve/reeve/shared/watchline"
)

// Viewer shows the state of the leading master.
type Viewer interface {
	View(ctx context.Context) (*cluster.View, error)
}

// Doer hands inputs to the machine of the leading master.
type Doer interface {
	Do(ctx context.Context, build func(cluster.Ticket) cluster.Input) error
}

// List answers GET /reeve/v1/tasks: all tasks, or those of ?framework=, ?agent= and ?state= if they are given; with ?live=1 those that
// have not ended, and of each only its ?fields=.
func List(w http.ResponseWriter, r *http.Request, t Viewer) error {
	v, err := t.View(r.Context())
	if err != nil {
		return err
	}
	q := r.URL.Query()
	framework, agent, state, live := q.Get("framework"), q.Get("agent"), q.Get("state"), mesoshttp.On(r, "live")
	fields, show := watchline.AllFields, overview.Task
	if text := q.Get("fields"); text != "" {
		if fields, err = watchline.ParseFields(text); err != nil {
			return err
		}
		if !fields.Has(overview.NotInBrief...) {
			show = overview.Brief
		}
	}
	tasks := overview.Tasks(v, show, func(t *cluster.Task) bool {
		return (framework == "" || framework == string(t.ID.Framework)) && (!live || !taskstate.Terminal(t.Latest)) &&
			(agent == "" || agent == string(t.Agent)) && (state == "" || state == t.Latest.String())
	})
	out, before := mesoshttp.NewPieces(w, r, "application/json"), byte('[')
	for t := range tasks {
		if out.Text, err = watchline.AppendFields(append(out.Text, before), t, fields); err != nil {
			return out.Fail(err)
		}
		out.Send()
		before = ','
	}
	if before == '[' {
		out.Text = append(out.Text, before)
	}
	out.Text = append(out.Text, "]\n"...)
	out.End()
	return nil
}

func named(r *http.Request) ids.Task {
	return ids.Task{Framework: ids.Framework(r.PathValue("framework")), ID: r.PathValue("task")}
}

// One answers GET /reeve/v1/tasks/{framework}/{task}. It fails for a task that is not known.
func One(w http.ResponseWriter, r *http.Request, t Viewer) error {
	v, err := t.View(r.Context())
	if err != nil {
		return err
	}
	found, ok := overview.FindTask(v, named(r))
	if !ok {
		return fault.New(fault.NotFound, "task %s is not known; it may have ended long ago%s", named(r), view.Away(v.Away()))
	}
	mesoshttp.WriteAPI(w, r, http.StatusOK, found)
	return nil
}

// Kill answers POST /reeve/v1/tasks/{framework}/{task}/kill: it ends a task; ?grace=seconds overrides how
// long it has to end by itself.
func Kill(w http.ResponseWriter, r *http.Request, t Doer, who string) error {
	var policy *mesosv1.KillPolicy
	if text := r.URL.Query().Get("grace"); text != "" {
		seconds, err := strconv.ParseFloat(text, 64)
		const most = 24 * 60 * 60
		if err != nil || !(seconds >= 0 && seconds <= most) {
			return fault.New(fault.Invalid, "grace is %q, and must be seconds between 0 and %d", text, most)
		}
		policy = &mesosv1.KillPolicy{GracePeriod: &mesosv1.DurationInfo{
			Nanoseconds: new(int64(seconds * float64(time.Second))),
		}}
	}
	id := named(r)
	err := t.Do(context.WithoutCancel(r.Context()), func(ticket cluster.Ticket) cluster.Input {
		return cluster.OperatorKill{Ticket: ticket, Task: id, Policy: policy, Who: who}
	})
	if err != nil {
		return err
	}
	mesoshttp.WriteEmpty(w, r, http.StatusAccepted)
	return nil
}
