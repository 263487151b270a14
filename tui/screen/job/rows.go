package job

import (
	"fmt"
	"slices"
	"strings"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/screen/label"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
	"codeberg.org/reeve/reeve/tui/widget/table"
)

// rows are a job's instances, and the tasks that are to end beside their successors.
func rows(j *reeveapi.Job) []table.Row[instance] {
	all := make([]table.Row[instance], 0, len(j.Instances)+len(j.Leaving))
	for n := range j.Instances {
		all = append(all, table.Row[instance]{ID: fmt.Sprintf("%09d", j.Instances[n].Index), Val: &j.Instances[n]})
	}
	for n := range j.Leaving {
		l := j.Leaving[n]
		one := l.Instance
		one.Message = "is to end: " + l.Why
		if l.Wait {
			one.Message = "ends when its successor is well: " + l.Why
		}
		all = append(all, table.Row[instance]{ID: fmt.Sprintf("%09d %s", one.Index, one.Task), Val: &one})
	}
	slices.SortFunc(all, func(a, b table.Row[instance]) int { return strings.Compare(a.ID, b.ID) }) // as the table wants it
	return all
}

// note is why an instance does not run, or what was said of it last.
func note(i *instance) (string, theme.Role) {
	switch {
	case i.Waiting == "":
		return i.Message, theme.Dim
	case i.State == "" || i.Message == "":
		return i.Waiting, theme.Warn
	}
	return i.Message + "; " + i.Waiting, theme.Warn
}

// jobSecrets are the names of the secrets that a job refers to.
func jobSecrets(spec reeveapi.JobSpec) []string {
	var names []string
	for _, s := range spec.Secrets {
		if !slices.Contains(names, s.Name) {
			names = append(names, s.Name)
		}
	}
	return names
}

// each is what one instance gets, and how it is kept.
func each(spec reeveapi.JobSpec) string {
	text := fmt.Sprintf("%s cpus  %s memory  %s disk  role %s", gauge.CPUs(spec.Resources.CPUs), gauge.MB(spec.Resources.Mem), gauge.MB(spec.Resources.Disk), label.Or(spec.Role, "*"))
	if spec.Resources.GPUs > 0 {
		text = gauge.CPUs(spec.Resources.GPUs) + " gpus  " + text
	}
	if names := jobSecrets(spec); len(names) > 0 {
		text += "  secrets " + strings.Join(names, ", ")
	}
	switch spec.Kind {
	case reeveapi.Service:
		if spec.Health != nil {
			text += "  checked"
		}
		return text
	case reeveapi.Periodic:
		if s := spec.Schedule; s != nil {
			text += fmt.Sprintf("  at %s (%s), %s if still on", s.Cron, label.Or(s.TimeZone, "UTC"), label.Or(s.Overlap, reeveapi.OverlapSkip))
		}
	case reeveapi.Batch:
	}
	return text + fmt.Sprintf("  %d retries", spec.Retries)
}

// progress is how far a job's change or run is, and its colour.
func (s *Screen) progress(j *reeveapi.Job) (string, theme.Role) {
	now := s.env.Now()
	if r := j.Rollout; r != nil {
		text := fmt.Sprintf("to version %d: %s, %d of %d", r.Version, r.State, r.Updated, max(len(j.Instances), 1))
		if r.Message != "" {
			text += "; " + r.Message
		}
		switch r.State {
		case reeveapi.RolloutRunning:
			return text + ", since " + gauge.Since(now, r.Started), theme.Info
		case reeveapi.RolloutFailed:
			return text, theme.Bad
		}
		return text, theme.Dim
	}
	if n := len(j.Runs); n > 0 {
		last := j.Runs[n-1]
		text := "last run " + last.State
		if !last.Started.IsZero() {
			text += ", " + gauge.Since(now, last.Started) + " ago"
		}
		if last.Message != "" {
			text += ": " + last.Message
		}
		if last.State == reeveapi.JobFailed {
			return text, theme.Bad
		}
		return text, theme.Dim
	}
	return "", theme.Dim
}

// past draws the newest versions or runs of a job.
func (s *Screen) past(a frame.Area, j *reeveapi.Job) {
	now := s.env.Now()
	a.Text(1, 0, theme.Dim, "VERSIONS")
	y := 1
	for n := len(j.History) - 1; n >= 0 && y < a.H; n-- {
		r := j.History[n]
		line := fmt.Sprintf("%3d  %6s ago  %s", r.Version, gauge.Since(now, r.At), label.Or(r.By, "-"))
		a.Text(1, y, theme.Text, a.Clip(line+"  "+r.Note, a.W/2-2))
		y++
	}
	if len(j.Runs) == 0 {
		return
	}
	right := a.Sub(a.W/2, 0, a.W-a.W/2, a.H)
	right.Text(0, 0, theme.Dim, "RUNS")
	y = 1
	for n := len(j.Runs) - 1; n >= 0 && y < a.H; n-- {
		r := j.Runs[n]
		when := r.Started
		if when.IsZero() {
			when = r.Scheduled
		}
		role := theme.Text
		if r.State == reeveapi.JobFailed {
			role = theme.Bad
		}
		right.Text(0, y, role, right.Clip(fmt.Sprintf("%6s ago  %s  %s", gauge.Since(now, when), r.State, r.Message), right.W-1))
		y++
	}
}
