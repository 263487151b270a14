package action

import (
	"context"
	"errors"
	"fmt"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// Teardown ends frameworks and everything they run. It cannot be undone, so that a word is asked for also for one.
func Teardown(frameworks []*reeveapi.Framework, hidden int) (Action, error) {
	a := Action{Preview: unseen(hidden)}
	tasks := 0
	var rows [][]string
	for _, f := range frameworks {
		if f.State == reeveapi.FrameworkCompleted {
			rows = append(rows, []string{f.Name, "is torn down already, is left out"})
			continue
		}
		id, active := f.ID, Active(f)
		tasks += active
		a.Steps = append(a.Steps, Step{Target: f.Name, Run: func(ctx context.Context, d Doer) error { return d.Teardown(ctx, id) }})
		rows = append(rows, []string{f.Name, f.State, plural(active, "active task")})
	}
	n := len(a.Steps)
	switch {
	case len(frameworks) == 0:
		return a, errors.New("there is no framework here")
	case n == 0:
		return a, errors.New("nothing to tear down: the framework is torn down already")
	}
	a.Targets = aligned(rows)
	a.Preview = append(a.Preview,
		Line{Text: fmt.Sprintf("%d tasks are killed. This cannot be undone:", tasks), Warn: true},
		Line{Text: "the framework's id can never subscribe again.", Warn: true})
	whom := a.Steps[0].Target
	if n > 1 {
		whom = fmt.Sprintf("%d frameworks", n)
	}
	a.Title, a.Button, a.Word, a.Done = "Tear down "+whom, "Tear down", "teardown", "tore down "+whom
	return a, nil
}

// Active is how many tasks of a framework have not ended.
func Active(f *reeveapi.Framework) int {
	n := 0
	for _, state := range []string{"TASK_STAGING", "TASK_STARTING", "TASK_RUNNING", "TASK_KILLING", "TASK_UNREACHABLE"} {
		n += f.Tasks[state]
	}
	return n
}
