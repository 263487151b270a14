package action

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/store"
)

// OwnGrace leaves each task the grace that it was given when it was launched.
const OwnGrace time.Duration = -1

// KillWith is Kill with another grace than each task's own; 0 kills at once.
func KillWith(grace time.Duration, tasks []*reeveapi.Task, hidden int, age func(*reeveapi.Task) string) (Action, error) {
	a, err := kill(tasks, hidden, age, grace)
	if err != nil {
		return a, err
	}
	graces := []time.Duration{OwnGrace, 0}
	signal := Choice{Label: "Signal", Options: []string{"SIGTERM, and SIGKILL after its grace", "SIGKILL now"}}
	switch {
	case grace == 0:
		signal.At = 1
	case grace > 0: // typed: it comes first
		graces = append([]time.Duration{grace}, graces...)
		signal.Options = []string{"SIGTERM, SIGKILL after " + grace.String(), "after its own grace", "SIGKILL now"}
	}
	a.Choices = []Choice{signal}
	a.With = func(picked []int) Action {
		b, _ := kill(tasks, hidden, age, graces[picked[0]]) // it went well before, with the same frozen tasks
		b.Choices, b.With = []Choice{{signal.Label, signal.Options, picked[0]}}, a.With
		return b
	}
	return a, nil
}

// Kill ends tasks. Those that have ended are named and left out. hidden is how many of them the filter hides.
func Kill(tasks []*reeveapi.Task, hidden int, age func(*reeveapi.Task) string) (Action, error) {
	return KillWith(OwnGrace, tasks, hidden, age)
}

func kill(tasks []*reeveapi.Task, hidden int, age func(*reeveapi.Task) string, grace time.Duration) (Action, error) {
	a := Action{Preview: unseen(hidden)}
	var jobs []string
	var rows [][]string
	for _, t := range tasks {
		if !t.Ended.IsZero() {
			rows = append(rows, []string{name(t), "has ended, is left out"})
			continue
		}
		framework, id := t.Framework, t.ID
		a.Steps = append(a.Steps, Step{Target: name(t), Run: func(ctx context.Context, d Doer) error {
			return d.KillTask(ctx, framework, id, grace)
		}})
		a.Tasks = append(a.Tasks, t)
		rows = append(rows, []string{name(t), strings.TrimPrefix(t.State, "TASK_"), t.AgentName + ", up " + age(t)})
		if t.Job != "" && !slices.Contains(jobs, t.Job) {
			jobs = append(jobs, t.Job)
		}
	}
	n := len(a.Steps)
	if n == 0 {
		return a, fmt.Errorf("nothing to kill: the task has ended")
	}
	a.Targets = aligned(rows)
	for i, t := range tasks {
		a.Targets[i].Task = store.TaskKey(t)
	}
	a.Preview = append(a.Preview, restarts(jobs)...)
	if grace == 0 {
		a.Preview = append(a.Preview, Line{Text: "It has no time to end what it does: nothing is saved, nothing is closed.", Warn: true})
	}
	what := plural(n, "task")
	a.Title, a.Button, a.Done = "Kill "+what, "Kill "+what, "asked for the end of "+what
	if n == 1 {
		a.Done = "asked for the end of " + a.Steps[0].Target
	}
	if n > many {
		a.Word = fmt.Sprintf("kill %d", n)
	}
	return a, nil
}

// restarts says that jobs start their tasks again.
func restarts(jobs []string) []Line {
	switch len(jobs) {
	case 0:
		return nil
	case 1:
		return []Line{{Text: "job " + jobs[0] + " starts it again, unless it was the last attempt of a batch job; to end the job, stop it", Note: true}}
	}
	return []Line{{Text: "their jobs start them again, unless it was the last attempt of a batch job; to end a job, stop it: " + strings.Join(jobs, ", "), Note: true}}
}
