// Package jobs is the screen of all jobs. Start reading at Screen.
package jobs

import (
	"fmt"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/progress"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/screen/label"
	"codeberg.org/reeve/reeve/tui/screen/list"
	"codeberg.org/reeve/reeve/tui/screen/tasks"
	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/filter"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
	"codeberg.org/reeve/reeve/tui/widget/table"
)

type (
	job    = reeveapi.Job
	column = table.Column[job]
)

// Screen is the list of jobs.
type Screen struct{ list.Base[job] }

// New returns the screen; target's Arg is a filter to begin with.
func New(env screen.Env, target screen.Target) *Screen {
	s := &Screen{}
	t := table.New("no job yet; n submits one", s.columns()...)
	t.SortBy("AGE", false)
	l := list.New(t, "words = AND  !not  /rx/  state: role: by:", fields()...)
	l.Problem = problem
	l.SetFilter(target.Arg)
	s.Base = list.NewBase(env, list.Setup[job]{
		Scope: keys.Jobs, Kind: screen.Job, Name: "jobs",
		Differs: func(was, is *job) bool {
			return was.State != is.State || was.Version != is.Version || was.Health != is.Health || was.Healthy != is.Healthy
		},
		List: func(s *store.Snapshot) store.List[job] { return s.Jobs },
	}, l)
	return s
}

// problem says whether somebody should look at a job.
func problem(j *job) bool {
	switch {
	case j.State == reeveapi.JobFailed, j.Health == reeveapi.HealthDegraded, j.Health == reeveapi.HealthCrashing:
		return true
	}
	return j.Rollout != nil && j.Rollout.State == reeveapi.RolloutFailed && j.Ended.IsZero() || j.Waiting != "" && j.State == reeveapi.JobPending
}

func (s *Screen) columns() []column {
	return []column{
		{
			Name: "JOB", Width: 14, Max: 32, Text: func(j *job) (string, theme.Role) { return j.Spec.Name, theme.Text },
			Compare: table.ByName(func(j *job) string { return j.Spec.Name }),
		},
		{Name: "KIND", Width: 8, Rank: 2, Text: func(j *job) (string, theme.Role) {
			return label.Or(string(j.Spec.Kind), string(reeveapi.Batch)), theme.Dim
		}, Compare: table.Compare(func(j *job) string { return string(j.Spec.Kind) })},
		{Name: "STATE", Width: 12, Draw: func(a frame.Area, j *job) {
			text, role := label.Job(a.Theme(), j)
			a.Left(0, 0, a.W, role, text)
		}, Compare: table.Compare(func(j *job) string { return j.State })},
		{Name: "WELL", Width: 7, Right: true, Text: func(j *job) (string, theme.Role) { return Progress(j), theme.Text }},
		{Name: "RUNNING", Width: 7, Right: true, Rank: 3, Text: func(j *job) (string, theme.Role) {
			return fmt.Sprint(Count(j, "TASK_RUNNING")), theme.Text
		}, Compare: table.Compare(func(j *job) int { return Count(j, "TASK_RUNNING") })},
		{
			Name: "CPUS", Width: 5, Right: true, Rank: 4, Text: func(j *job) (string, theme.Role) { return gauge.CPUs(j.Spec.Resources.CPUs), theme.Text },
			Compare: table.Compare(func(j *job) float64 { return j.Spec.Resources.CPUs }),
		},
		{
			Name: "MEM", Width: 6, Right: true, Rank: 4, Text: func(j *job) (string, theme.Role) { return gauge.MB(j.Spec.Resources.Mem), theme.Text },
			Compare: table.Compare(func(j *job) float64 { return j.Spec.Resources.Mem }),
		},
		{
			Name: "ROLE", Width: 5, Max: 12, Rank: 5, Text: func(j *job) (string, theme.Role) { return label.Or(j.Spec.Role, "*"), theme.Dim },
			Compare: table.Compare(func(j *job) string { return j.Spec.Role }),
		},
		{Name: "COMMAND", Width: 12, Max: 50, Rank: 6, Text: func(j *job) (string, theme.Role) { return label.Command(j.Spec), theme.Dim }},
		{
			Name: "BY", Width: 6, Max: 12, Rank: 7, Wide: true, Text: func(j *job) (string, theme.Role) { return label.Or(j.By, "-"), theme.Dim },
			Compare: table.Compare(func(j *job) string { return j.By }),
		},
		{Name: "AGE", Width: 6, Right: true, Rank: 1, Text: func(j *job) (string, theme.Role) {
			return gauge.Since(s.Env.Now(), j.Submitted), theme.Dim
		}, Compare: func(a, b *job) int { return b.Submitted.Compare(a.Submitted) }},
	}
}

func fields() []filter.Field[job] {
	return []filter.Field[job]{
		{Name: "name", Free: true, Text: func(j *job) string { return j.Spec.Name }},
		{Name: "state", Free: true, Text: func(j *job) string { return j.State + " " + j.Health }},
		{Name: "kind", Free: true, Text: func(j *job) string { return string(j.Spec.Kind) }},
		{Name: "command", Free: true, Text: func(j *job) string { return j.Spec.Command }},
		{Name: "role", Free: true, Text: func(j *job) string { return j.Spec.Role }},
		{Name: "by", Text: func(j *job) string { return j.By }},
	}
}

// Count is how many instances of a job are in a state.
func Count(j *reeveapi.Job, state string) int {
	n := 0
	for _, i := range j.Instances {
		if i.State == state {
			n++
		}
	}
	return n
}

// Progress is how many instances have succeeded, or of a service are well, of how many.
func Progress(j *reeveapi.Job) string {
	switch {
	case j.Spec.Kind == reeveapi.Service:
		return fmt.Sprintf("%d/%d", j.Healthy, max(j.Spec.Instances, 1))
	case j.State == reeveapi.JobScheduled:
		return "-"
	}
	return fmt.Sprintf("%d/%d", Count(j, "TASK_FINISHED"), max(j.Spec.Instances, 1))
}

// Crumb names the screen.
func (s *Screen) Crumb() string { return fmt.Sprintf("jobs (%d)", s.Env.Store.Snapshot().Jobs.Len()) }

// Off says why a verb makes no sense for the cursor's row.
func (s *Screen) Off(verb keys.Verb) string {
	_, j, alive := s.Row()
	if !alive {
		return Off(verb, nil)
	}
	return Off(verb, j)
}

// Do takes a verb.
func (s *Screen) Do(verb keys.Verb) (tea.Cmd, bool) {
	if s.Take(verb) {
		return nil, true
	}
	id, j, _ := s.Row()
	if j == nil {
		if verb == keys.New {
			return screen.Send(screen.Go{Target: screen.Target{Kind: screen.Submit}}), true
		}
		return nil, false
	}
	switch verb {
	case keys.Open:
		return screen.Send(screen.Go{Target: screen.Target{Kind: screen.Job, ID: id}}), true
	case keys.New:
		return screen.Send(screen.Go{Target: screen.Target{Kind: screen.Submit, Arg: "job:" + id}}), true
	case keys.Logs:
		t := tasks.OfJob(s.Env.Store.Snapshot(), id)
		if t == nil {
			return screen.Say(theme.Dim, id+" has no task yet, and so no log"), true
		}
		return tasks.OnTask(verb, t, s.Env)
	case keys.ShowEvents:
		return screen.EventsOf(id), true
	case keys.Copy:
		return screen.Send(screen.Copy{Text: id, What: "name"}), true
	default:
	}
	return Change(verb, j)
}

// Status describes the cursor's row.
func (s *Screen) Status() (string, theme.Role) {
	id, j, _ := s.Row()
	if j == nil {
		return "", theme.Dim
	}
	if j.Waiting != "" {
		return id + " waits: " + j.Waiting, theme.Warn
	}
	if text := progress.Text(j); text != "" && j.Ended.IsZero() {
		return id + "  " + text, theme.Dim
	}
	return id + "  " + label.Command(j.Spec), theme.Dim
}
