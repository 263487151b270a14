package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

const base = "/reeve/v1"

// Cluster returns the figures of the whole cluster.
func (c *Client) Cluster(ctx context.Context) (*reeveapi.Cluster, error) {
	return get[*reeveapi.Cluster](ctx, c, "/cluster")
}

// Masters returns the masters as the leading one sees them, or, while none leads, as any does.
func (c *Client) Masters(ctx context.Context) ([]reeveapi.Master, error) {
	all, err := get[[]reeveapi.Master](ctx, c, "/masters")
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(all, func(m reeveapi.Master) bool { return m.State == reeveapi.MasterLeading && m.Behind == nil }) {
		return all, nil
	}
	// A standby answered, which does not know how far the others are.
	ctx, cancel := context.WithTimeout(ctx, leaderPatience)
	defer cancel()
	if cluster, err := c.Cluster(ctx); err == nil {
		return cluster.Masters, nil
	}
	return all, nil
}

// leaderPatience is how long the leader may take to say more than a standby has said already.
const leaderPatience = 2 * time.Second

// Agents returns the agents.
func (c *Client) Agents(ctx context.Context) ([]reeveapi.Agent, error) {
	return get[[]reeveapi.Agent](ctx, c, "/agents")
}

// Frameworks returns the frameworks, completed ones included while they are remembered.
func (c *Client) Frameworks(ctx context.Context) ([]reeveapi.Framework, error) {
	return get[[]reeveapi.Framework](ctx, c, "/frameworks")
}

// Task returns one task.
func (c *Client) Task(ctx context.Context, framework, task string) (*reeveapi.Task, error) {
	return get[*reeveapi.Task](ctx, c, "/tasks/"+url.PathEscape(framework)+"/"+url.PathEscape(task))
}

// Events returns what is remembered of what happened after the event with that number; 0 asks for all.
func (c *Client) Events(ctx context.Context, since uint64) ([]reeveapi.Event, error) {
	return get[[]reeveapi.Event](ctx, c, "/events?since="+strconv.FormatUint(since, 10))
}

// Jobs returns all jobs.
func (c *Client) Jobs(ctx context.Context) ([]reeveapi.Job, error) {
	return get[[]reeveapi.Job](ctx, c, "/jobs")
}

// Job returns one job by name.
func (c *Client) Job(ctx context.Context, name string) (*reeveapi.Job, error) {
	return get[*reeveapi.Job](ctx, c, "/jobs/"+url.PathEscape(name))
}

// SubmitJob hands a job to the cluster, which keeps it from then on.
func (c *Client) SubmitJob(ctx context.Context, spec reeveapi.JobSpec) (*reeveapi.Job, error) {
	return change[*reeveapi.Job](ctx, c, http.MethodPost, "/jobs", spec)
}

// PlanJob says what a spec would change, and whether and where it fits now.
func (c *Client) PlanJob(ctx context.Context, spec reeveapi.JobSpec) (*reeveapi.JobPlan, error) {
	return change[*reeveapi.JobPlan](ctx, c, http.MethodPost, "/jobs/plan", spec)
}

// UpdateJob replaces the spec of a job that is at a version; another one is a Conflict. 0 takes any.
func (c *Client) UpdateJob(ctx context.Context, spec reeveapi.JobSpec, version int) (*reeveapi.Job, error) {
	return changeJob(ctx, c, http.MethodPut, "/jobs/"+url.PathEscape(spec.Name), version, spec)
}

// ScaleJob changes how many instances a job has that is at a version, 0 for any.
func (c *Client) ScaleJob(ctx context.Context, name string, version, instances int) (*reeveapi.Job, error) {
	return changeJob(ctx, c, http.MethodPost, "/jobs/"+url.PathEscape(name)+"/scale", version, reeveapi.JobScale{Instances: instances})
}

// RestartJob replaces the tasks of a service that is at a version, 0 for any.
func (c *Client) RestartJob(ctx context.Context, name string, version int) (*reeveapi.Job, error) {
	return changeJob(ctx, c, http.MethodPost, "/jobs/"+url.PathEscape(name)+"/restart", version, nil)
}

// RollbackJob makes an earlier version of a job the newest one; to is 0 for the one before.
func (c *Client) RollbackJob(ctx context.Context, name string, version, to int) (*reeveapi.Job, error) {
	return changeJob(ctx, c, http.MethodPost, "/jobs/"+url.PathEscape(name)+"/rollback", version, reeveapi.JobRollback{Version: to})
}

// TriggerJob runs a periodic job now.
func (c *Client) TriggerJob(ctx context.Context, name string) (*reeveapi.Job, error) {
	return changeJob(ctx, c, http.MethodPost, "/jobs/"+url.PathEscape(name)+"/trigger", 0, nil)
}

// changeJob sends the version that was seen with a change.
func changeJob(ctx context.Context, c *Client, method, path string, version int, body any) (*reeveapi.Job, error) {
	r, err := posting(method, path, body)
	if err != nil {
		return nil, err
	}
	match := "*"
	if version > 0 {
		match = strconv.Quote(strconv.Itoa(version))
	}
	r.header.Set("If-Match", match)
	return exchange[*reeveapi.Job](ctx, c, r)
}

// StopJob asks for a job's end and returns before it has come.
func (c *Client) StopJob(ctx context.Context, name string) error {
	_, err := change[json.RawMessage](ctx, c, http.MethodPost, "/jobs/"+url.PathEscape(name)+"/stop", nil)
	return err
}

// RemoveJob forgets an ended job.
func (c *Client) RemoveJob(ctx context.Context, name string) error {
	_, err := change[json.RawMessage](ctx, c, http.MethodDelete, "/jobs/"+url.PathEscape(name), nil)
	return err
}

// KillTask asks for a task's end on behalf of an operator and returns before it has come. grace is how long the task may take
// to end by itself; a negative one leaves it its own.
func (c *Client) KillTask(ctx context.Context, framework, task string, grace time.Duration) error {
	path := "/tasks/" + url.PathEscape(framework) + "/" + url.PathEscape(task) + "/kill"
	if grace >= 0 {
		path += "?grace=" + strconv.FormatFloat(grace.Seconds(), 'f', -1, 64)
	}
	_, err := change[json.RawMessage](ctx, c, http.MethodPost, path, nil)
	return err
}

// NoteSession notes among the events that a console was opened or left.
func (c *Client) NoteSession(ctx context.Context, s reeveapi.Session) error {
	_, err := change[json.RawMessage](ctx, c, http.MethodPost, "/sessions", s)
	return err
}

// Maintenance returns the schedule of maintenance.
func (c *Client) Maintenance(ctx context.Context) (reeveapi.Maintenance, error) {
	return get[reeveapi.Maintenance](ctx, c, "/maintenance")
}

// ChangeMaintenance asks for a step: "schedule", "cancel", "start" or "stop".
func (c *Client) ChangeMaintenance(ctx context.Context, step string, asked reeveapi.MaintenanceRequest) error {
	_, err := change[json.RawMessage](ctx, c, http.MethodPost, "/maintenance/"+url.PathEscape(step), asked)
	return err
}

// DrainAgent ends everything on an agent and stops that it is offered; it returns before that has come. A negative grace
// leaves each task its own.
func (c *Client) DrainAgent(ctx context.Context, agent string, maxGrace time.Duration, markGone bool) error {
	asked := reeveapi.DrainRequest{MarkGone: markGone}
	if maxGrace >= 0 {
		asked.MaxGraceSeconds = new(maxGrace.Seconds())
	}
	return c.steer(ctx, agent, "drain", asked, true)
}

// DeactivateAgent stops that an agent is offered; its tasks go on.
func (c *Client) DeactivateAgent(ctx context.Context, agent string) error {
	return c.steer(ctx, agent, "deactivate", nil, true)
}

// ReactivateAgent has a deactivated or drained agent offered again.
func (c *Client) ReactivateAgent(ctx context.Context, agent string) error {
	return c.steer(ctx, agent, "reactivate", nil, false)
}

// MarkAgentGone removes an agent for ever.
func (c *Client) MarkAgentGone(ctx context.Context, agent string) error {
	return c.steer(ctx, agent, "gone", nil, true)
}

// steer says something of an agent. again: to say it twice is to say it once, so that a leader which died before it answered
// is no reason to bother a person.
func (c *Client) steer(ctx context.Context, agent, verb string, body any, again bool) error {
	r, err := posting(http.MethodPost, "/agents/"+url.PathEscape(agent)+"/"+verb, body)
	if err != nil {
		return err
	}
	r.again = again
	_, err = exchange[json.RawMessage](ctx, c, r)
	return err
}

func get[T any](ctx context.Context, c *Client, path string) (T, error) {
	return exchange[T](ctx, c, request{method: http.MethodGet, path: base + path, again: true})
}

func change[T any](ctx context.Context, c *Client, method, path string, body any) (T, error) {
	r, err := posting(method, path, body)
	if err != nil {
		var none T
		return none, err
	}
	return exchange[T](ctx, c, r)
}

func posting(method, path string, body any) (request, error) {
	r := request{method: method, path: base + path, header: http.Header{}}
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return r, fault.Wrap(fault.Internal, err, "encode the request")
		}
		r.body = encoded
		r.header.Set("Content-Type", "application/json")
	}
	return r, nil
}

func exchange[T any](ctx context.Context, c *Client, r request) (T, error) {
	answer, err := c.leadFor(ctx, r)
	if err != nil {
		var none T
		return none, err
	}
	return decode[T](answer)
}
