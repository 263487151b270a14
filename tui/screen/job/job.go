// Package job is the screen of one job and its instances; a submitted job is followed here. Start reading at Screen.
package job

import (
	"fmt"
	"strconv"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/action"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/outcome"
	"codeberg.org/reeve/reeve/tui/progress"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/screen/jobs"
	"codeberg.org/reeve/reeve/tui/screen/label"
	"codeberg.org/reeve/reeve/tui/screen/tasks"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
	"codeberg.org/reeve/reeve/tui/widget/table"
)

type instance = reeveapi.Instance

// Screen is one job.
type Screen struct {
	env   screen.Env
	name  string
	last  *reeveapi.Job
	table *table.Table[instance]
	seen  uint64

	follow follow
}

// New returns the screen of the job that target names; it need not be known yet.
func New(env screen.Env, target screen.Target) *Screen {
	s := &Screen{env: env, name: target.ID}
	s.table = table.New("no instance was launched yet", []table.Column[instance]{
		{
			Name: "INSTANCE", Width: 8, Right: true, Text: func(i *instance) (string, theme.Role) { return strconv.Itoa(i.Index), theme.Text },
			Compare: table.Compare(func(i *instance) int { return i.Index }),
		},
		{Name: "STATE", Width: 11, Draw: func(a frame.Area, i *instance) {
			text, role := label.Task(a.Theme(), i.State)
			a.Left(0, 0, a.W, role, text)
		}, Compare: table.Compare(func(i *instance) string { return i.State })},
		{
			Name: "ATTEMPT", Width: 7, Right: true, Rank: 2, Text: func(i *instance) (string, theme.Role) { return strconv.Itoa(i.Attempt + 1), theme.Text },
			Compare: table.Compare(func(i *instance) int { return i.Attempt }),
		},
		{
			Name: "AGENT", Width: 10, Max: 20, Rank: 1, Text: func(i *instance) (string, theme.Role) { return s.agentName(i), theme.Text },
			Compare: table.Compare(func(i *instance) string { return i.Agent }),
		},
		{Name: "CHANGED", Width: 8, Max: 12, Rank: 1, Text: func(i *instance) (string, theme.Role) {
			return label.Clock(s.env.Now(), i.Changed), theme.Dim
		}, Compare: func(a, b *instance) int { return a.Changed.Compare(b.Changed) }},
		{
			Name: "VERSION", Width: 7, Right: true, Rank: 4, Text: func(i *instance) (string, theme.Role) { return strconv.Itoa(max(i.Template, 1)), theme.Dim },
			Compare: table.Compare(func(i *instance) int { return i.Template }),
		},
		{Name: "MESSAGE", Width: 12, Max: 120, Rank: 3, Text: note},
	}...)
	return s
}

func (s *Screen) agentName(i *instance) string {
	if a := s.env.Store.Snapshot().Agents.Get(i.Agent); a != nil {
		return a.Name
	}
	return label.Or(i.Agent, "-")
}

func (s *Screen) job() *reeveapi.Job {
	if j := s.env.Store.Snapshot().Jobs.Get(s.name); j != nil {
		s.last = j
	}
	return s.last
}

// Crumb names the screen.
func (s *Screen) Crumb() string { return s.name }

// Scopes are the key scopes.
func (s *Screen) Scopes() []keys.Scope { return []keys.Scope{keys.Job, keys.List} }

// Start does nothing: all data are in the store.
func (s *Screen) Start() tea.Cmd { return nil }

// Off says why a verb makes no sense now.
func (s *Screen) Off(verb keys.Verb) string {
	if verb == keys.Shell {
		s.refresh()
		return tasks.ShellOff(s.env.Store.Snapshot().Tasks.Get(s.taskOf()))
	}
	if verb == keys.Filter {
		return "the instances of one job have none"
	}
	return jobs.Off(verb, s.job())
}

// Do takes a verb.
func (s *Screen) Do(verb keys.Verb) (tea.Cmd, bool) {
	s.refresh()
	if verb == keys.Back {
		return nil, s.table.ClearMarks()
	}
	if s.table.Do(verb, s.env.Now()) {
		return nil, true
	}
	switch verb {
	case keys.New:
		return screen.Send(screen.Go{Target: screen.Target{Kind: screen.Submit, Arg: "job:" + s.name}}), true
	case keys.Copy:
		return screen.Send(screen.Copy{Text: s.name, What: "name"}), true
	default:
	}
	return s.onJob(verb)
}

func (s *Screen) onJob(verb keys.Verb) (tea.Cmd, bool) {
	j := s.job()
	if j == nil {
		return nil, false
	}
	switch verb {
	case keys.ShowEvents:
		return screen.EventsOf(j.Spec.Name), true
	case keys.CopyCommand:
		return screen.Send(screen.Copy{Text: action.RunCommand(j.Spec, s.env.Reach), What: "command line"}), true
	case keys.Open, keys.Logs, keys.Shell:
		t := s.env.Store.Snapshot().Tasks.Get(s.taskOf())
		if t == nil {
			return screen.Say(theme.Dim, "this instance has no task yet"), true
		}
		return tasks.OnTask(verb, t, s.env)
	default:
	}
	return jobs.Change(verb, j)
}

// Status says what a pending job waits for.
func (s *Screen) Status() (string, theme.Role) {
	j := s.job()
	switch {
	case j == nil:
		return "", theme.Dim
	case j.Waiting != "":
		return "waits: " + j.Waiting, theme.Warn
	case outcome.OnItsWay(j):
		return "leave any time: this line tells what becomes of it", theme.Dim
	}
	return "", theme.Dim
}

func (s *Screen) refresh() {
	snap := s.env.Store.Snapshot()
	j := s.job()
	if snap.Version == s.seen || j == nil {
		return
	}
	s.seen = snap.Version
	s.table.SetRows(rows(j), s.env.Now())
}

// Points is the job.
func (s *Screen) Points() screen.Thing { return screen.Thing{Kind: screen.Job, ID: s.name} }

// Export is the job's instances as text.
func (s *Screen) Export(all bool) (string, []string, [][]string) {
	titles, rows := s.table.Export(all)
	return s.name + "-instances", titles, rows
}

// Render draws the screen.
func (s *Screen) Render(a frame.Area) {
	if s.follow.Flip(); s.follow.ID == "" {
		s.follow.drop()
	}
	s.refresh()
	j := s.job()
	if j == nil {
		a.Text(1, 1, theme.Dim, "job "+s.name+" is not known to the master yet")
		return
	}
	now := s.env.Now()
	text, role := label.Job(a.Theme(), j)
	x := a.Text(1, 0, role, text) + 2
	x = a.Text(x, 0, theme.Dim, "submitted "+gauge.Since(now, j.Submitted)+" ago") + 1
	if j.By != "" {
		x = a.Text(x, 0, theme.Dim, "by ")
		x = a.Text(x, 0, theme.Text, j.By) + 2
	}
	if j.Version > 0 {
		x = a.Text(x, 0, theme.Dim, fmt.Sprintf("version %d", j.Version)) + 1
	}
	if !j.Ended.IsZero() {
		a.Text(x+1, 0, theme.Dim, "ended "+gauge.Since(now, j.Ended)+" ago, after "+gauge.Age(j.Ended.Sub(j.Submitted)))
	}
	spec := j.Spec
	a.Text(1, 1, theme.Dim, "command")
	a.Text(11, 1, theme.Text, a.Clip(label.Command(spec), a.W-12))
	a.Text(1, 2, theme.Dim, "each")
	a.Text(11, 2, theme.Text, a.Clip(each(spec), a.W-12))
	s.well(a, j)
	top := 5
	if text, role := s.progress(j); text != "" {
		a.Text(1, 4, theme.Dim, "change")
		if j.Spec.Kind == reeveapi.Periodic {
			a.Text(1, 4, theme.Dim, "run   ")
		}
		a.Text(11, 4, role, a.Clip(text, a.W-12))
		top = 6
	}
	bottom := a.H
	if n := max(len(j.History), len(j.Runs)); n > 1 && a.H > 24 {
		h := min(n+1, 7)
		bottom = a.H - h
		s.past(a.Sub(0, bottom, a.W, h), j)
	}
	shown, _ := s.table.Len()
	if below := bottom - top - 1 - shown; shown > 0 && below >= leastFollow {
		s.following(a.Sub(0, bottom-below, a.W, below))
		bottom -= below
	}
	s.table.Render(a.Sub(0, top, a.W, bottom-top), now)
}

// well draws how many instances are done, or of a service well.
func (s *Screen) well(a frame.Area, j *reeveapi.Job) {
	if j.State == reeveapi.JobScheduled {
		return
	}
	word, done := "done", float64(jobs.Count(j, "TASK_FINISHED"))
	if j.Spec.Kind == reeveapi.Service {
		word, done = "well", float64(j.Healthy)
	}
	a.Text(1, 3, theme.Dim, word)
	well := jobs.Progress(j)
	a.Text(11, 3, theme.Text, well)
	n := float64(max(j.Spec.Instances, 1))
	busy := done + float64(jobs.Count(j, "TASK_RUNNING"))
	if j.Spec.Kind == reeveapi.Service {
		busy = max(done, float64(jobs.Count(j, "TASK_RUNNING")))
	}
	rest := ""
	if j.Spec.Kind != reeveapi.Service {
		rest = progress.Rest(j)
	}
	x := 13 + len(well)
	bar := max(min(40, a.W-20, a.W-x-frame.Width(rest)-3), 8)
	gauge.Progress(a.Sub(x, 3, bar, 1), done/n, busy/n)
	a.Text(x+bar+2, 3, theme.Dim, a.Clip(rest, a.W-x-bar-2))
}
