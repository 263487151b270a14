// Package label writes states of tasks, agents, jobs and frameworks for people: a glyph, a word and a role, so that none
// is told by colour alone. It never decides what a state means for the cluster. Start reading at Task.
package label

import (
	"fmt"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
)

// Task is a task's state: "● RUNNING".
func Task(t *theme.Theme, state string) (string, theme.Role) {
	word := strings.TrimPrefix(state, "TASK_")
	glyph, role := TaskGlyph(t, state)
	switch word {
	case "UNREACHABLE":
		word = "UNREACH"
	case "GONE_BY_OPERATOR":
		word = "GONE"
	case "":
		word = "WAITING"
	}
	return glyph + " " + word, role
}

// TaskGlyph is the sign of a task's state.
func TaskGlyph(t *theme.Theme, state string) (string, theme.Role) {
	g := t.Glyph
	switch strings.TrimPrefix(state, "TASK_") {
	case "RUNNING":
		return g.Running, theme.Good
	case "STAGING", "":
		return g.Staging, theme.Info
	case "STARTING":
		return g.Starting, theme.Info
	case "KILLING":
		return g.Killing, theme.Warn
	case "FINISHED":
		return g.Finished, theme.Dim
	case "KILLED":
		return g.Failed, theme.Dim
	case "UNREACHABLE", "UNKNOWN":
		return g.Unknown, theme.Warn
	}
	return g.Failed, theme.Bad
}

// Name is what a task is called: its name, but for the instances of a job, which share one, their id.
func Name(t *reeveapi.Task) string {
	if t.Name == "" || t.Job != "" && t.Name == t.Job {
		return t.ID
	}
	return t.Name
}

// Problem says whether somebody should look at the task.
func Problem(t *reeveapi.Task) bool {
	switch t.State {
	case "TASK_FAILED", "TASK_LOST", "TASK_ERROR", "TASK_DROPPED", "TASK_UNREACHABLE", "TASK_GONE", "TASK_GONE_BY_OPERATOR", "TASK_UNKNOWN":
		return true
	}
	return t.Healthy != nil && !*t.Healthy
}

// Runs says whether the task has not ended, and its agent can be asked about it.
func Runs(t *reeveapi.Task) bool { return t.Ended.IsZero() && t.State != "TASK_UNREACHABLE" }

// Agent is an agent's state.
func Agent(t *theme.Theme, state string) (string, theme.Role) {
	g := t.Glyph
	switch state {
	case reeveapi.AgentActive:
		return g.Running + " active", theme.Good
	case reeveapi.AgentDraining:
		return g.Drain + " draining", theme.Warn
	case reeveapi.AgentDrained:
		return g.Off + " drained", theme.Warn
	case reeveapi.AgentDeactivated:
		return g.Off + " deactivated", theme.Warn
	case reeveapi.AgentRecovered:
		return g.Staging + " recovered", theme.Info
	case reeveapi.AgentDisconnected:
		return g.Unknown + " disconnected", theme.Warn
	case reeveapi.AgentUnreachable:
		return g.Unknown + " unreachable", theme.Bad
	}
	return g.Failed + " " + state, theme.Dim
}

// Drain is how far a drain is, for a line about its agent; "" without one.
func Drain(d *reeveapi.Drain) string {
	if d == nil {
		return ""
	}
	text := "drained"
	if !d.Drained {
		text = fmt.Sprintf("%d left", d.Left)
		if of, known := d.Of(d.Left); known {
			text = fmt.Sprintf("%d of %d left", d.Left, of)
		}
		if d.MaxGraceSeconds != nil {
			text += ", at most " + gauge.Age(time.Duration(*d.MaxGraceSeconds*float64(time.Second))) + " each"
		}
	}
	if d.MarkGone {
		text += ", then gone"
	}
	return text
}

// Job is a job's state, and of a service that runs how it is.
func Job(t *theme.Theme, j *reeveapi.Job) (string, theme.Role) {
	g := t.Glyph
	switch {
	case j.State != reeveapi.JobRunning:
	case j.Health == reeveapi.HealthGood:
		return g.Running + " healthy", theme.Good
	case j.Health == reeveapi.HealthStarting:
		return g.Staging + " starting", theme.Info
	case j.Health == reeveapi.HealthDegraded:
		return g.Unknown + " degraded", theme.Warn
	case j.Health == reeveapi.HealthCrashing:
		return g.Failed + " crash loop", theme.Bad
	}
	switch j.State {
	case reeveapi.JobScheduled:
		return g.Staging + " scheduled", theme.Info
	case reeveapi.JobRunning:
		return g.Running + " running", theme.Good
	case reeveapi.JobPending:
		return g.Staging + " pending", theme.Info
	case reeveapi.JobFinished:
		return g.Finished + " finished", theme.Dim
	case reeveapi.JobStopped:
		return g.Off + " stopped", theme.Dim
	}
	return g.Failed + " " + j.State, theme.Bad
}

// Framework is a framework's state.
func Framework(t *theme.Theme, state string) (string, theme.Role) {
	g := t.Glyph
	switch state {
	case reeveapi.FrameworkActive:
		return g.Running + " active", theme.Good
	case reeveapi.FrameworkRecovered:
		return g.Staging + " recovered", theme.Info
	case reeveapi.FrameworkInactive:
		return g.Off + " inactive", theme.Warn
	}
	return g.Finished + " " + state, theme.Dim
}

// Event is the role of an event's kind.
func Event(kind string) theme.Role {
	for _, bad := range []string{"FAILED", "LOST", "ERROR", "UNREACH", "DROPPED", "GONE"} {
		if strings.Contains(kind, bad) {
			return theme.Bad
		}
	}
	for _, warn := range []string{"KILL", "DRAIN", "DISCONNECTED", "REMOVED", "STOP"} {
		if strings.Contains(kind, warn) {
			return theme.Warn
		}
	}
	switch {
	case strings.HasSuffix(kind, "RUNNING"), strings.HasSuffix(kind, "ADDED"), strings.HasSuffix(kind, "ELECTED"):
		return theme.Good
	case strings.HasSuffix(kind, "STAGING"), strings.HasSuffix(kind, "STARTING"):
		return theme.Info
	}
	return theme.Text
}

// Ran is how long a task has been going, or went.
func Ran(t *reeveapi.Task, now time.Time) string {
	if t.Launched.IsZero() {
		return "-"
	}
	if !t.Ended.IsZero() {
		now = t.Ended
	}
	return gauge.Age(now.Sub(t.Launched))
}

// Clock is a time of day, with the date if it was not today.
func Clock(now, at time.Time) string {
	at, now = at.Local(), now.Local()
	if at.IsZero() {
		return "-"
	}
	if at.YearDay() == now.YearDay() && at.Year() == now.Year() {
		return at.Format("15:04:05")
	}
	return at.Format("02 Jan 15:04")
}

// Command is what a job runs, for people.
func Command(spec reeveapi.JobSpec) string {
	words := append([]string{spec.Command}, spec.Args...)
	if spec.Command == "" {
		words[0] = "(of the image)"
	}
	return strings.Join(words, " ")
}

// Or is text, or alternative if it is empty.
func Or(text, alternative string) string {
	if text == "" {
		return alternative
	}
	return text
}
