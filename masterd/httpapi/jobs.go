package httpapi

import (
	"context"
	_ "embed" // for the schema
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/masterd/jobplan"
	"codeberg.org/reeve/reeve/masterd/jobs"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/jobfile"
	"codeberg.org/reeve/reeve/shared/mesoshttp"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// jobSchema is the JSON schema of a job; a test holds it and reeveapi.JobSpec together.
//
//go:embed job.schema.json
var jobSchema []byte

func (a *api) jobRoutes() []mesoshttp.APIRoute {
	return []mesoshttp.APIRoute{
		{Method: http.MethodGet, Path: "/reeve/v1/jobs/schema.json", Handler: a.schema},
		{Method: http.MethodGet, Path: "/reeve/v1/jobs", Handler: a.led(a.jobs)},
		{Method: http.MethodPost, Path: "/reeve/v1/jobs", Handler: a.led(a.submit)},
		{Method: http.MethodPost, Path: "/reeve/v1/jobs/plan", Handler: a.led(a.planJob)},
		{Method: http.MethodGet, Path: "/reeve/v1/jobs/{name}", Handler: a.led(a.job)},
		{Method: http.MethodPut, Path: "/reeve/v1/jobs/{name}", Handler: a.led(a.updateJob)},
		{Method: http.MethodDelete, Path: "/reeve/v1/jobs/{name}", Handler: a.led(a.removeJob)},
		{Method: http.MethodPost, Path: "/reeve/v1/jobs/{name}/scale", Handler: a.led(a.scaleJob)},
		{Method: http.MethodPost, Path: "/reeve/v1/jobs/{name}/restart", Handler: a.led(a.restartJob)},
		{Method: http.MethodPost, Path: "/reeve/v1/jobs/{name}/rollback", Handler: a.led(a.rollbackJob)},
		{Method: http.MethodPost, Path: "/reeve/v1/jobs/{name}/trigger", Handler: a.led(a.triggerJob)},
		{Method: http.MethodPost, Path: "/reeve/v1/jobs/{name}/stop", Handler: a.led(a.stopJob)},
	}
}

func (a *api) schema(w http.ResponseWriter, r *http.Request) {
	mesoshttp.Write(w, r, http.StatusOK, "application/schema+json", jobSchema)
}

func (a *api) jobs(w http.ResponseWriter, r *http.Request, t Term) error {
	list, err := sortedJobs(r.Context(), t)
	if err != nil {
		return err
	}
	mesoshttp.WriteAPI(w, r, http.StatusOK, list)
	return nil
}

// sortedJobs lists all jobs by name.
func sortedJobs(ctx context.Context, t Term) ([]reeveapi.Job, error) {
	jobs, err := t.Jobs(ctx)
	if err != nil {
		return nil, err
	}
	list := append([]reeveapi.Job{}, jobs...)
	slices.SortFunc(list, func(a, b reeveapi.Job) int { return strings.Compare(a.Spec.Name, b.Spec.Name) })
	return list, nil
}

func (a *api) job(w http.ResponseWriter, r *http.Request, t Term) error {
	list, err := t.Jobs(r.Context())
	if err != nil {
		return err
	}
	name := r.PathValue("name")
	i := slices.IndexFunc(list, func(j reeveapi.Job) bool { return j.Spec.Name == name })
	if i < 0 {
		return fault.New(fault.NotFound, "there is no job %q", name)
	}
	writeJob(w, r, http.StatusOK, list[i])
	return nil
}

// writeJob answers with a job and its version, which If-Match takes.
func writeJob(w http.ResponseWriter, r *http.Request, status int, job reeveapi.Job) {
	w.Header().Set("ETag", strconv.Quote(strconv.Itoa(job.Version)))
	mesoshttp.WriteAPI(w, r, status, job)
}

// expected reads If-Match: a version in quotes, or * for any. ok is false if the request has none.
func expected(r *http.Request) (version int, ok bool, err error) {
	text := r.Header.Get("If-Match")
	if text == "" || text == "*" {
		return 0, text != "", nil
	}
	version, err = strconv.Atoi(strings.Trim(text, `"`))
	if err != nil || version < 1 {
		return 0, false, fault.New(fault.Invalid, "If-Match is %q, it must be the ETag of the job, such as \"3\", or *", text)
	}
	return version, true, nil
}

// readSpec reads the job of a body, which is a job's file: what is wrong there is told with line and column.
func readSpec(w http.ResponseWriter, r *http.Request) (spec reeveapi.JobSpec, err error) {
	body, err := mesoshttp.ReadAPIBody(w, r)
	if err != nil {
		return spec, err
	}
	if err := jobfile.Read(body, &spec); err != nil {
		return spec, fault.New(fault.Invalid, "the body is no job: %v", err)
	}
	return spec, nil
}

func (a *api) submit(w http.ResponseWriter, r *http.Request, t Term) error {
	spec, err := readSpec(w, r)
	if err != nil {
		return err
	}
	job, err := t.SubmitJob(context.WithoutCancel(r.Context()), spec, who(r))
	if err != nil {
		return err
	}
	writeJob(w, r, http.StatusCreated, job)
	return nil
}

// change makes a change of the job that the path names.
func change(w http.ResponseWriter, r *http.Request, t Term, build func(jobs.Change) jobs.Input) error {
	job, err := do(r, t, build)
	if err != nil {
		return err
	}
	writeJob(w, r, http.StatusOK, job)
	return nil
}

// do makes a change of the version that If-Match says, if it says one.
func do(r *http.Request, t Term, build func(jobs.Change) jobs.Input) (reeveapi.Job, error) {
	expect, _, err := expected(r)
	if err != nil {
		return reeveapi.Job{}, err
	}
	return t.DoJob(context.WithoutCancel(r.Context()), func(ticket jobs.Ticket) jobs.Input {
		return build(jobs.Change{Ticket: ticket, Name: ids.Job(r.PathValue("name")), Expect: expect, By: who(r)})
	})
}

// updateJob replaces a spec. It wants the version that the operator has seen, so that nobody's change is lost unseen.
func (a *api) updateJob(w http.ResponseWriter, r *http.Request, t Term) error {
	if _, ok, err := expected(r); err != nil || !ok {
		if err == nil {
			err = fault.New(fault.Invalid, "the update does not say which version it is of; send the job's ETag as If-Match, or * for any")
		}
		return err
	}
	spec, err := readSpec(w, r)
	if err != nil {
		return err
	}
	return change(w, r, t, func(c jobs.Change) jobs.Input { return jobs.Update{Change: c, Spec: spec} })
}

func (a *api) scaleJob(w http.ResponseWriter, r *http.Request, t Term) error {
	var to reeveapi.JobScale
	if err := mesoshttp.ReadAPI(w, r, &to); err != nil {
		return err
	}
	return change(w, r, t, func(c jobs.Change) jobs.Input { return jobs.Scale{Change: c, Instances: to.Instances} })
}

func (a *api) restartJob(w http.ResponseWriter, r *http.Request, t Term) error {
	return change(w, r, t, func(c jobs.Change) jobs.Input { return jobs.Restart{Change: c} })
}

func (a *api) rollbackJob(w http.ResponseWriter, r *http.Request, t Term) error {
	var to reeveapi.JobRollback
	if r.ContentLength != 0 {
		if err := mesoshttp.ReadAPI(w, r, &to); err != nil {
			return err
		}
	}
	return change(w, r, t, func(c jobs.Change) jobs.Input { return jobs.Rollback{Change: c, To: to.Version} })
}

func (a *api) triggerJob(w http.ResponseWriter, r *http.Request, t Term) error {
	return change(w, r, t, func(c jobs.Change) jobs.Input { return jobs.Trigger{Change: c} })
}

func (a *api) stopJob(w http.ResponseWriter, r *http.Request, t Term) error {
	return change(w, r, t, func(c jobs.Change) jobs.Input { return jobs.Stop{Change: c} })
}

func (a *api) removeJob(w http.ResponseWriter, r *http.Request, t Term) error {
	if _, err := do(r, t, func(c jobs.Change) jobs.Input { return jobs.Remove{Change: c} }); err != nil {
		return err
	}
	mesoshttp.WriteEmpty(w, r, http.StatusNoContent)
	return nil
}

// planJob says what a spec would change, and whether and where it fits. It changes nothing.
func (a *api) planJob(w http.ResponseWriter, r *http.Request, t Term) error {
	spec, err := readSpec(w, r)
	if err != nil {
		return err
	}
	all, err := t.Jobs(r.Context())
	if err != nil {
		return err
	}
	v, err := t.View(r.Context())
	if err != nil {
		return err
	}
	images, err := t.Images(r.Context())
	if err != nil {
		return err
	}
	plan, err := jobplan.Make(spec, jobplan.Cluster{View: v, Jobs: all, Images: images, Now: time.Now()})
	if err != nil {
		return err
	}
	if err := t.Judge(r.Context(), &plan); err != nil {
		return err
	}
	mesoshttp.WriteAPI(w, r, http.StatusOK, plan)
	return nil
}
