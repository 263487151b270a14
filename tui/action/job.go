package action

import (
	"context"
	"fmt"
	"strings"

	"codeberg.org/reeve/reeve/shared/jobfile"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/taskstate"
)

// changeable says why a job cannot be changed, nil if it can.
func changeable(j *reeveapi.Job) error {
	switch {
	case !j.Ended.IsZero():
		return fmt.Errorf("job %s is %s already", j.Spec.Name, j.State)
	case j.Stopped:
		return fmt.Errorf("job %s is being stopped", j.Spec.Name)
	}
	return nil
}

// changed is an action on one version of a job: if somebody else changes it meanwhile, it is refused.
func changed(j *reeveapi.Job, title, button, done string, run func(ctx context.Context, d Doer) error, preview ...Line) Action {
	name := j.Spec.Name
	return Action{
		Job: name, Title: title + " job " + name, Button: button, Done: done + " job " + name, Preview: preview,
		Steps: []Step{{Target: name, Run: run}},
	}
}

// ScaleJob changes how many instances a job has.
func ScaleJob(j *reeveapi.Job, n int) (Action, error) {
	if err := changeable(j); err != nil {
		return Action{}, err
	}
	have, version, name := max(j.Spec.Instances, 1), j.Version, j.Spec.Name
	switch {
	case n < 1:
		return Action{}, fmt.Errorf("a job has at least 1 instance; stop it instead")
	case n == have:
		return Action{}, fmt.Errorf("job %s has %d instances already", name, n)
	}
	preview := []Line{{Text: fmt.Sprintf("%d instances, %d before", n, have)}}
	if n < have {
		preview = append(preview, Line{Text: fmt.Sprintf("The %d with the highest numbers are ended.", have-n), Warn: true})
	}
	act := changed(j, "Scale", fmt.Sprintf("Scale to %d", n), "scaled", func(ctx context.Context, d Doer) error {
		_, err := d.ScaleJob(ctx, name, version, n)
		return err
	}, preview...)
	act.Targets = instances(j, n)
	return act, nil
}

// RestartJob replaces the tasks of a service.
func RestartJob(j *reeveapi.Job) (Action, error) {
	if err := changeable(j); err != nil {
		return Action{}, err
	}
	if j.Spec.Kind != reeveapi.Service {
		return Action{}, fmt.Errorf("job %s is of kind %s; only services are restarted", j.Spec.Name, j.Spec.Kind)
	}
	version, name := j.Version, j.Spec.Name
	act := changed(j, "Restart", "Restart", "restarting", func(ctx context.Context, d Doer) error {
		_, err := d.RestartJob(ctx, name, version)
		return err
	}, Line{Text: fmt.Sprintf("All %d instances are replaced, as an update replaces them.", len(j.Instances))}, replacing(j.Spec))
	act.Targets = instances(j, 0)
	return act, nil
}

// instances are those of a job that are on, from a number on.
func instances(j *reeveapi.Job, from int) []Line {
	var rows [][]string
	for _, i := range j.Instances {
		if i.Index >= from && i.Task != "" && !taskstate.TerminalName(i.State) {
			rows = append(rows, []string{i.Task, strings.TrimPrefix(i.State, "TASK_"), fmt.Sprintf("instance %d", i.Index)})
		}
	}
	return aligned(rows)
}

// replacing says how the instances of a service are replaced.
func replacing(spec reeveapi.JobSpec) Line {
	u := spec.Update
	if u == nil {
		return Line{Note: true}
	}
	return Line{Note: true, Text: fmt.Sprintf("At most %d are missing and %d more run meanwhile; on failure: %s.", u.MaxUnavailable, u.MaxSurge, u.OnFailure)}
}

// RollbackJob makes an earlier version of a job the newest one; to is 0 for the one before.
func RollbackJob(j *reeveapi.Job, to int) (Action, error) {
	if err := changeable(j); err != nil {
		return Action{}, err
	}
	version, name := j.Version, j.Spec.Name
	if n := len(j.History); to == 0 && n > 1 {
		to = j.History[n-2].Version
	}
	for _, r := range j.History {
		if r.Version != to || to == version {
			continue
		}
		next := r.Spec
		next.Instances = j.Spec.Instances
		act := changed(j, "Roll back", fmt.Sprintf("Back to version %d", to), "rolling back", func(ctx context.Context, d Doer) error {
			_, err := d.RollbackJob(ctx, name, version, to)
			return err
		}, replacing(next))
		act.Targets = diff(j.Spec, next)
		return act, nil
	}
	return Action{}, fmt.Errorf("job %s has no such earlier version", name)
}

// TriggerJob runs a periodic job now.
func TriggerJob(j *reeveapi.Job) (Action, error) {
	if err := changeable(j); err != nil {
		return Action{}, err
	}
	name := j.Spec.Name
	switch {
	case j.Spec.Kind != reeveapi.Periodic:
		return Action{}, fmt.Errorf("job %s is of kind %s; only periodic jobs are run by hand", name, j.Spec.Kind)
	case j.State != reeveapi.JobScheduled:
		return Action{}, fmt.Errorf("a run of job %s is still on", name)
	}
	return changed(j, "Run", "Run now", "running", func(ctx context.Context, d Doer) error {
		_, err := d.TriggerJob(ctx, name)
		return err
	}, Line{Text: j.Spec.Command}, Line{Text: "Its schedule stays as it is.", Note: true}), nil
}

// UpdateJob replaces the spec of a job as it was when the form was opened.
func UpdateJob(j *reeveapi.Job, spec reeveapi.JobSpec) (Action, error) {
	if err := changeable(j); err != nil {
		return Action{}, err
	}
	changes := diff(j.Spec, spec)
	if len(changes) == 0 {
		return Action{}, fmt.Errorf("nothing of job %s was changed", spec.Name)
	}
	version := j.Version
	act := changed(j, "Update", "Update", "updated", func(ctx context.Context, d Doer) error {
		_, err := d.UpdateJob(ctx, spec, version)
		return err
	}, replacing(spec))
	act.Targets, act.Follow = changes, spec.Name
	return act, nil
}

func diff(from, to reeveapi.JobSpec) []Line {
	var lines []Line
	for _, c := range jobfile.Diff(from, to) {
		if c.From != "" {
			lines = append(lines, Line{Text: "- " + c.Key + ": " + c.From})
		}
		if c.To != "" {
			lines = append(lines, Line{Text: "+ " + c.Key + ": " + c.To})
		}
	}
	return lines
}
