package httpapi

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/masterd/explain"
	"codeberg.org/reeve/reeve/masterd/jobs"
	"codeberg.org/reeve/reeve/masterd/view"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesoshttp"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// explain answers why ?framework= or the framework of ?job= has no offers.
func (a *api) explain(w http.ResponseWriter, r *http.Request, t Term) error {
	framework, job := r.URL.Query().Get("framework"), r.URL.Query().Get("job")
	if (framework == "") == (job == "") {
		return fault.New(fault.Invalid, "say which framework or which job: ?framework=… or ?job=…")
	}
	v, err := t.View(r.Context())
	if err != nil {
		return err
	}
	q := explain.Question{View: v, Now: time.Now()}
	if job != "" {
		list, err := t.Jobs(r.Context())
		if err != nil {
			return err
		}
		i := slices.IndexFunc(list, func(j reeveapi.Job) bool { return j.Spec.Name == job })
		if i < 0 {
			return fault.New(fault.NotFound, "there is no job %q", job)
		}
		q.Job, framework = &list[i], string(jobs.FrameworkID)
	}
	if q.Framework = findFramework(v, framework); q.Framework == nil {
		return fault.New(fault.NotFound, "there is no framework %q; GET /reeve/v1/frameworks lists those that there are%s", framework, view.Away(v.Away()))
	}
	if q.Verdicts, q.Held, err = t.Explain(r.Context(), q.Framework.ID); err != nil {
		return err
	}
	mesoshttp.WriteAPI(w, r, http.StatusOK, q.Answer())
	return nil
}

// findFramework finds a framework by its id or its name; of several with one name the newest, connected ones first.
func findFramework(v *cluster.View, name string) *cluster.Framework {
	if f := v.Frameworks[ids.Framework(name)]; f != nil {
		return f
	}
	var found []*cluster.Framework
	for _, f := range v.Frameworks {
		if f.Info.GetName() == name {
			found = append(found, f)
		}
	}
	for _, f := range v.Completed {
		if string(f.ID) == name || f.Info.GetName() == name {
			found = append(found, f)
		}
	}
	if len(found) == 0 {
		return nil
	}
	return slices.MinFunc(found, func(a, b *cluster.Framework) int {
		return cmp.Or(cmp.Compare(a.State, b.State), b.Registered.Compare(a.Registered))
	})
}
