package action

import (
	"context"
	"fmt"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
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
	a := Action{}
	var jobs []string
	for _, t := range tasks {
		if !t.Ended.IsZero() {
			a.Preview = append(a.Preview, Line{Text: fmt.Sprintf("%-20s has ended, is left out", name(t)), Note: true})
			continue
		}
		framework, id := t.Framework, t.ID
		a.Steps = append(a.Steps, Step{Target: name(t), Run: func(ctx context.Context, d Doer) error {
			return d.KillTask(ctx, framework, id, grace)
		}})
		if len(a.Steps) <= 8 {
			state := strings.TrimPrefix(t.State, "TASK_")
			a.Preview = append(a.Preview, Line{Text: fmt.Sprintf("%-20s %-9s %s, up %s", name(t), state, t.AgentName, age(t))})
		}
		if t.Job != "" && (len(jobs) == 0 || jobs[len(jobs)-1] != t.Job) {
			jobs = append(jobs, t.Job)
		}
	}
	n := len(a.Steps)
	switch {
	case n == 0:
		return a, fmt.Errorf("nothing to kill: the task has ended")
	case n > 8:
		a.Preview = append(a.Preview, Line{Text: fmt.Sprintf("… and %d more", n-8), Note: true})
	}
	a.Preview = append(a.Preview, Line{})
	if hidden > 0 {
		a.Preview = append(a.Preview, Line{Text: fmt.Sprintf("%d of the marked ones are hidden by the filter", hidden), Warn: true})
	}
	for _, job := range jobs {
		a.Preview = append(a.Preview, Line{Text: "job " + job + " starts it again if it has retries left; to end the job, stop it", Note: true})
	}
	if grace == 0 {
		a.Preview = append(a.Preview, Line{Text: "It has no time to end what it does: nothing is saved, nothing is closed.", Warn: true})
	}
	what := "1 task"
	if n > 1 {
		what = fmt.Sprintf("%d tasks", n)
	}
	a.Title, a.Button, a.Done = "Kill "+what, "Kill "+what, "asked for the end of "+what
	if n == 1 {
		a.Done = "asked for the end of " + a.Steps[0].Target
	}
	if n > many {
		a.Word = fmt.Sprintf("kill %d", n)
	}
	return a, nil
}
