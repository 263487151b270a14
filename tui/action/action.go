// Package action holds what an operator can do to the cluster, as values: what it is called, what it will do to which
// frozen ids, and how it is done. Keys, menus and the command line share them. It never asks and never draws. Start
// reading at Action.
package action

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/store"
)

// Doer is the part of the cluster's API that changes something.
type Doer interface {
	SubmitJob(ctx context.Context, spec reeveapi.JobSpec) (*reeveapi.Job, error)
	StopJob(ctx context.Context, name string) error
	UpdateJob(ctx context.Context, spec reeveapi.JobSpec, version int) (*reeveapi.Job, error)
	ScaleJob(ctx context.Context, name string, version, instances int) (*reeveapi.Job, error)
	RestartJob(ctx context.Context, name string, version int) (*reeveapi.Job, error)
	RollbackJob(ctx context.Context, name string, version, to int) (*reeveapi.Job, error)
	TriggerJob(ctx context.Context, name string) (*reeveapi.Job, error)
	KillTask(ctx context.Context, framework, task string, grace time.Duration) error
	Teardown(ctx context.Context, framework string) error
	DrainAgent(ctx context.Context, agent string, maxGrace time.Duration, markGone bool) error
	DeactivateAgent(ctx context.Context, agent string) error
	ReactivateAgent(ctx context.Context, agent string) error
	MarkAgentGone(ctx context.Context, agent string) error
	ChangeMaintenance(ctx context.Context, step string, asked reeveapi.MaintenanceRequest) error
	RescindOffer(ctx context.Context, offer string) error
	StepDown(ctx context.Context, to string) (*reeveapi.SteppedDown, error)
	SetQuota(ctx context.Context, q reeveapi.Quota) error
	RemoveQuota(ctx context.Context, role string) error
	SetWeight(ctx context.Context, w reeveapi.Weight) error
	SetSecret(ctx context.Context, name string, value []byte) (*reeveapi.Secret, error)
	RemoveSecret(ctx context.Context, name string) error
}

// Action is something to do, to targets that were fixed when it was made.
type Action struct {
	Title   string           // of the question: "Kill 3 tasks"
	Button  string           // "Kill 3 tasks"
	Targets []Line           // whom it is about, one by one, also those that are left out
	Preview []Line           // what else there is to say
	Tasks   []*reeveapi.Task // those of Targets: their agents may be asked how busy they are
	Word    string           // to be typed on top, "" if a button is enough
	Choices []Choice         // of how it is done
	// With is the action with other answers to Choices. Nil if there are none.
	With   func(picked []int) Action
	Steps  []Step
	Done   string // what to say when every step succeeded
	Follow string // a job to show afterwards, "" for none
	Job    string // that it changes: what becomes of it is told later; "" for none
	// Undo makes the action that undoes this one, given what is known by then. Nil if nothing does.
	Undo func(s *store.Snapshot) (Action, error)
}

// Line is a line of the question.
type Line struct {
	Text string
	Warn bool
	Note bool
	Task string // its id, as the store has it, if the line is about a task
}

// Choice is a question within the question: one of Options holds, the one that At says.
type Choice struct {
	Label   string
	Options []string
	At      int
}

// Step is one request.
type Step struct {
	Target string
	Run    func(ctx context.Context, d Doer) error
}

// Result is what became of an action.
type Result struct {
	Title  string
	Done   string
	Follow string
	Job    string
	Failed []Failure
	Steps  int
	Undo   func(s *store.Snapshot) (Action, error)
}

// Failure is a step that did not succeed.
type Failure struct {
	Target string
	Err    error
}

// Run does all steps, also after one has failed.
func (a Action) Run(ctx context.Context, d Doer) Result {
	r := Result{Title: a.Title, Done: a.Done, Follow: a.Follow, Job: a.Job, Steps: len(a.Steps), Undo: a.Undo}
	for _, s := range a.Steps {
		if err := s.Run(ctx, d); err != nil {
			r.Failed = append(r.Failed, Failure{s.Target, err})
		}
	}
	return r
}

// aligned are lines of cells that stand below each other. The last cell of a line is as long as it is, and says of one with two that
// it is left out.
func aligned(rows [][]string) []Line {
	var widths []int
	for _, row := range rows {
		for i, cell := range row[:len(row)-1] {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var out []Line
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			if i < len(row)-1 {
				cell = fmt.Sprintf("%-*s  ", widths[i], cell)
			}
			line.WriteString(cell)
		}
		out = append(out, Line{Text: line.String(), Note: len(row) == 2})
	}
	return out
}

// unseen says how many of the targets one does not see in the list behind.
func unseen(hidden int) []Line {
	if hidden == 0 {
		return nil
	}
	return []Line{{Text: fmt.Sprintf("%d of the marked ones are hidden by the filter", hidden), Warn: true}}
}

// many is how many targets must be confirmed by typing.
const many = 5

// name tells the instances of a job apart, which share their name.
func name(t *reeveapi.Task) string {
	if t.Name == "" || t.Job != "" && t.Name == t.Job {
		return t.ID
	}
	return t.Name
}

// StopJob ends a job and its tasks.
func StopJob(j *reeveapi.Job) (Action, error) {
	name := j.Spec.Name
	switch j.State {
	case reeveapi.JobPending, reeveapi.JobRunning:
	default:
		return Action{}, fmt.Errorf("job %s is %s already", name, j.State)
	}
	active := 0
	for _, i := range j.Instances {
		if i.State == "TASK_RUNNING" || i.State == "TASK_STARTING" || i.State == "TASK_STAGING" {
			active++
		}
	}
	return Action{
		Job: name, Title: "Stop job " + name, Button: "Stop " + name, Done: "asked job " + name + " to stop",
		Targets: instances(j, 0),
		Preview: []Line{
			{Text: fmt.Sprintf("%d of its %d instances are active and will be killed.", active, max(j.Spec.Instances, 1))},
			{Text: "It stays in the list of jobs and is not started again.", Note: true},
		},
		Steps: []Step{{Target: name, Run: func(ctx context.Context, d Doer) error { return d.StopJob(ctx, name) }}},
	}, nil
}

// Submit hands in a job and follows it.
func Submit(spec reeveapi.JobSpec, fit Line) Action {
	n := max(spec.Instances, 1)
	role := spec.Role
	if role == "" {
		role = "*"
	}
	return Action{
		Job: spec.Name, Title: "Submit job " + spec.Name, Button: "Submit", Follow: spec.Name, Done: "submitted job " + spec.Name,
		Preview: []Line{
			{Text: spec.Command},
			{},
			{Text: fmt.Sprintf("%d × %g cpus, %g MB memory, %g MB disk, role %s", n, spec.Resources.CPUs, spec.Resources.Mem, spec.Resources.Disk, role)},
			fit,
		},
		Steps: []Step{{Target: spec.Name, Run: func(ctx context.Context, d Doer) error {
			_, err := d.SubmitJob(ctx, spec)
			return err
		}}},
	}
}

// Free is what nobody has of an agent.
func Free(a *reeveapi.Agent) reeveapi.Amounts {
	return reeveapi.Amounts{
		CPUs: a.Total.CPUs - a.Allocated.CPUs, Mem: a.Total.Mem - a.Allocated.Mem,
		Disk: a.Total.Disk - a.Allocated.Disk, GPUs: a.Total.GPUs - a.Allocated.GPUs,
	}
}

const dust = 1e-6 // amounts are in thousandths, sums of floats are not
