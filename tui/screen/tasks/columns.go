package tasks

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/screen/label"
	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/filter"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
	"codeberg.org/reeve/reeve/tui/widget/table"
)

type (
	task   = reeveapi.Task
	column = table.Column[task]
)

func plain(text string) (string, theme.Role) { return text, theme.Text }

// State is the column of a task's state.
func State() table.Column[reeveapi.Task] {
	return column{Name: "STATE", Width: 11, Draw: func(a frame.Area, t *task) {
		text, role := label.Task(a.Theme(), t.State)
		if t.Healthy != nil && !*t.Healthy && t.Ended.IsZero() {
			text, role = a.Theme().Glyph.Running+" UNHEALTHY", theme.Bad
		}
		a.Left(0, 0, a.W, role, text)
	}, Compare: table.Compare(func(t *task) string { return t.State })}
}

// Name is the column of a task's name.
func Name() table.Column[reeveapi.Task] {
	return column{
		Name: "TASK", Width: 14, Max: 32, Text: func(t *task) (string, theme.Role) { return plain(label.Name(t)) },
		Key: label.Name,
	}
}

func agent() column {
	return column{
		Name: "AGENT", Width: 9, Max: 20, Rank: 2, Text: func(t *task) (string, theme.Role) { return plain(t.AgentName) },
		Key: func(t *task) string { return t.AgentName },
	}
}

// Framework is the column of a task's framework.
func Framework() table.Column[reeveapi.Task] {
	return column{
		Name: "FRAMEWORK", Width: 9, Max: 20, Rank: 5, Text: func(t *task) (string, theme.Role) { return t.FrameworkName, theme.Dim },
		Compare: table.Compare(func(t *task) string { return t.FrameworkName }),
	}
}

func role() column {
	return column{
		Name: "ROLE", Width: 6, Max: 14, Rank: 6, Text: func(t *task) (string, theme.Role) { return t.Role, theme.Dim },
		Compare: table.Compare(func(t *task) string { return t.Role }),
	}
}

func job() column {
	return column{
		Name: "JOB", Width: 8, Max: 20, Rank: 6, Wide: true, Text: func(t *task) (string, theme.Role) { return plain(label.Or(t.Job, "-")) },
		Compare: table.Compare(func(t *task) string { return t.Job }),
	}
}

func identity() column {
	return column{
		Name: "ID", Width: 12, Max: 48, Rank: 7, Wide: true, Text: func(t *task) (string, theme.Role) { return t.ID, theme.Dim },
		Compare: table.Compare(func(t *task) string { return t.ID }),
	}
}

func cpus() column {
	return column{
		Name: "CPUS", Width: 5, Max: 6, Right: true, Rank: 4, Text: func(t *task) (string, theme.Role) { return plain(gauge.CPUs(t.Requested.CPUs)) },
		Compare: table.Compare(func(t *task) float64 { return t.Requested.CPUs }),
	}
}

func mem() column {
	return column{
		Name: "MEM", Width: 6, Right: true, Rank: 3, Text: func(t *task) (string, theme.Role) { return plain(gauge.MB(t.Requested.Mem)) },
		Compare: table.Compare(func(t *task) float64 { return t.Requested.Mem }),
	}
}

// more are the columns that few look for: all that the other columns of an active task say of it, or of an ended one.
func more(now func() time.Time) []column {
	amount := func(name string, of func(*task) float64, write func(float64) string) column {
		return column{
			Name: name, Width: 6, Right: true, Rank: 8, Wide: true, Compare: table.Compare(of),
			Text: func(t *task) (string, theme.Role) { return write(of(t)), theme.Dim },
		}
	}
	text := func(name string, width, most int, of func(*task) string) column {
		return column{
			Name: name, Width: width, Max: most, Rank: 8, Wide: true, Key: of,
			Text: func(t *task) (string, theme.Role) { return label.Or(of(t), "-"), theme.Dim },
		}
	}
	return []column{
		amount("DISK", func(t *task) float64 { return t.Requested.Disk }, gauge.MB),
		amount("GPUS", func(t *task) float64 { return t.Requested.GPUs }, gauge.CPUs),
		text("PORTS", 8, 24, func(t *task) string { return t.Ports }),
		text("USER", 6, 12, func(t *task) string { return t.User }),
		text("IMAGE", 8, 40, func(t *task) string { return t.Image }),
		text("EXECUTOR", 8, 40, func(t *task) string { return t.Executor }),
		text("FRAMEWORK ID", 12, 48, func(t *task) string { return t.Framework }),
		{
			Name: "STARTED", Width: 8, Max: 12, Rank: 8, Wide: true,
			Text:    func(t *task) (string, theme.Role) { return label.Clock(now(), t.Launched), theme.Dim },
			Compare: func(a, b *task) int { return a.Launched.Compare(b.Launched) },
		},
	}
}

// Health is the column of what a task's health check says.
func Health() table.Column[reeveapi.Task] {
	word := func(t *task) string {
		switch {
		case t.Healthy == nil:
			return "-"
		case *t.Healthy:
			return "ok"
		}
		return "bad"
	}
	return column{Name: "HEALTH", Width: 6, Rank: 8, Compare: table.Compare(word), Text: func(t *task) (string, theme.Role) {
		switch text := word(t); text {
		case "ok":
			return text, theme.Good
		case "bad":
			return text, theme.Bad
		default:
			return text, theme.Dim
		}
	}}
}

// Restarts is the column of how often the instance of a job that a task is was started anew because it had ended. Of other
// frameworks' tasks that is not known.
func Restarts(s *store.Store) table.Column[reeveapi.Task] {
	return column{Name: "RESTARTS", Width: 8, Right: true, Rank: 7, Text: func(t *task) (string, theme.Role) {
		n, known := Restarted(s.Snapshot(), t)
		switch {
		case !known:
			return "-", theme.Dim
		case n > 0:
			return fmt.Sprint(n), theme.Warn
		}
		return "0", theme.Dim
	}}
}

// Restarted is how often the instance that a task is was started anew; false if that is not known.
func Restarted(s *store.Snapshot, t *reeveapi.Task) (times int, known bool) {
	if t.Job == "" {
		return 0, false
	}
	j := s.Jobs.Get(t.Job)
	if j == nil {
		return 0, false
	}
	i := instance(j, t.ID)
	switch {
	case i == nil:
		return 0, false
	case j.Spec.Kind != reeveapi.Service && i.Attempt > 0:
		return i.Attempt, true
	}
	return i.Restarts, true
}

// instance is the one whose newest task that is, nil if there is none. A task's id has the instance's number behind the
// job's name, which saves looking through thousands for each line of the screen.
func instance(j *reeveapi.Job, id string) *reeveapi.Instance {
	rest, _ := strings.CutPrefix(id, j.Spec.Name+".")
	number, _, _ := strings.Cut(rest, ".")
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 || n >= len(j.Instances) || j.Instances[n].Task != id {
		return nil
	}
	return &j.Instances[n]
}

// Age is the column of how long a task runs or ran.
func Age(title string, now func() time.Time) table.Column[reeveapi.Task] {
	return column{
		Name: title, Width: 6, Max: 7, Right: true, Rank: 5, Text: func(t *task) (string, theme.Role) { return plain(label.Ran(t, now())) },
		Compare: func(a, b *task) int { return b.Launched.Compare(a.Launched) },
	}
}

func endedAt(now func() time.Time) column {
	return column{
		Name: "ENDED", Width: 8, Max: 12, Rank: 1, Text: func(t *task) (string, theme.Role) { return label.Clock(now(), t.Ended), theme.Dim },
		Compare: func(a, b *task) int { return a.Ended.Compare(b.Ended) },
	}
}

// exit is the column of how a task's command ended: its exit status, or 128 and the signal that ended it, as shells have it.
func exit() column {
	status := func(t *task) int {
		n, _ := label.Exit(t)
		return n
	}
	return column{Name: "EXIT", Width: 4, Right: true, Rank: 2, Compare: table.Compare(status), Text: func(t *task) (string, theme.Role) {
		n, known := label.Exit(t)
		switch {
		case !known:
			return "-", theme.Dim
		case n == 0:
			return "0", theme.Dim
		}
		return strconv.Itoa(n), theme.Warn
	}}
}

func why() column {
	return column{Name: "WHY", Width: 12, Max: 60, Rank: 4, Text: func(t *task) (string, theme.Role) {
		text := Why(t)
		if rest, ok := strings.CutPrefix(text, "exit "); ok { // the column before says it
			_, text, _ = strings.Cut(rest, ": ")
		}
		return text, theme.Dim
	}}
}

// Why is the shortest account of a task's end.
func Why(t *reeveapi.Task) string {
	if t.Message != "" {
		for _, long := range []string{"command exited with status ", "Command exited with status "} {
			if rest, ok := strings.CutPrefix(t.Message, long); ok {
				return "exit " + rest
			}
		}
		return t.Message
	}
	return strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(t.Reason, "REASON_"), "_", " "))
}

// Active are the columns of tasks that have not ended.
func Active(now func() time.Time) []table.Column[reeveapi.Task] {
	return slices.Concat([]column{Name(), State(), Health(), agent(), cpus(), mem(), Framework(), Age("AGE", now), role(), job(), identity()}, more(now))
}

// Ended are the columns of tasks that have.
func Ended(now func() time.Time) []table.Column[reeveapi.Task] {
	role, framework := role(), Framework()
	role.Wide, framework.Rank = true, 6
	return slices.Concat([]column{Name(), State(), exit(), why(), agent(), framework, endedAt(now), Age("RAN", now), role, job(), identity()}, more(now))
}

// FilterHelp names the fields of Fields.
const FilterHelp = "words = AND  !not  /rx/  ~fuzzy  state: agent: fw: role: job: cpu> mem> age<"

// Fields are what a filter can ask of a task.
func Fields(now func() time.Time) []filter.Field[reeveapi.Task] {
	return []filter.Field[task]{
		{Name: "name", Free: true, Text: func(t *task) string { return t.Name }},
		{Name: "id", Free: true, Text: func(t *task) string { return t.ID }},
		{Name: "state", Free: true, Text: func(t *task) string { return strings.TrimPrefix(t.State, "TASK_") }},
		{Name: "agentid", Text: func(t *task) string { return t.Agent }},
		{Name: "executor", Text: func(t *task) string { return cmp.Or(t.Executor, t.ID) }},
		{Name: "agent", Free: true, Text: func(t *task) string { return t.AgentName }},
		{Name: "fw", Free: true, Text: func(t *task) string { return t.FrameworkName }},
		{Name: "fwid", Text: func(t *task) string { return t.Framework }},
		{Name: "role", Free: true, Text: func(t *task) string { return t.Role }},
		{Name: "job", Text: func(t *task) string { return t.Job }},
		{Name: "user", Text: func(t *task) string { return t.User }},
		{Name: "cpu", Number: func(t *task) (float64, bool) { return t.Requested.CPUs, true }},
		{Name: "mem", Number: func(t *task) (float64, bool) { return t.Requested.Mem, true }},
		{Name: "age", Moves: true, Number: func(t *task) (float64, bool) { return now().Sub(t.Launched).Seconds(), !t.Launched.IsZero() }},
	}
}
