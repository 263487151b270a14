// Package open makes screens from targets. It is the one place that knows all of them. Start reading at Screen.
package open

import (
	"maps"
	"time"

	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/screen/agent"
	"codeberg.org/reeve/reeve/tui/screen/agents"
	"codeberg.org/reeve/reeve/tui/screen/detail"
	"codeberg.org/reeve/reeve/tui/screen/events"
	"codeberg.org/reeve/reeve/tui/screen/files"
	"codeberg.org/reeve/reeve/tui/screen/frameworks"
	"codeberg.org/reeve/reeve/tui/screen/job"
	"codeberg.org/reeve/reeve/tui/screen/jobs"
	"codeberg.org/reeve/reeve/tui/screen/logs"
	"codeberg.org/reeve/reeve/tui/screen/maintenance"
	"codeberg.org/reeve/reeve/tui/screen/masters"
	"codeberg.org/reeve/reeve/tui/screen/members"
	"codeberg.org/reeve/reeve/tui/screen/offers"
	"codeberg.org/reeve/reeve/tui/screen/overview"
	"codeberg.org/reeve/reeve/tui/screen/roles"
	"codeberg.org/reeve/reeve/tui/screen/secret"
	"codeberg.org/reeve/reeve/tui/screen/secrets"
	"codeberg.org/reeve/reeve/tui/screen/shells"
	"codeberg.org/reeve/reeve/tui/screen/submit"
	"codeberg.org/reeve/reeve/tui/screen/task"
	"codeberg.org/reeve/reeve/tui/screen/tasks"
	"codeberg.org/reeve/reeve/tui/screen/window"
	"codeberg.org/reeve/reeve/tui/store"
)

// Columns are the columns of all lists, by the names that the configuration has for them.
func Columns() map[string][]string {
	env := screen.Env{Store: store.New(), Now: time.Now}
	out := map[string][]string{}
	for _, kind := range []screen.Kind{
		screen.Agents, screen.Tasks, screen.Jobs, screen.Frameworks, screen.Roles, screen.Offers, screen.Maintenance, screen.Masters, screen.Members, screen.Events, screen.Agent, screen.Files, screen.Secrets,
	} {
		if l, ok := Screen(env, screen.Target{Kind: kind}).(interface{ Lists() map[string][]string }); ok {
			maps.Copy(out, l.Lists())
		}
	}
	return out
}

// Screen makes the screen that target names; an unknown one is the overview, so that an old file of settings does no harm.
func Screen(env screen.Env, target screen.Target) screen.Screen {
	switch target.Kind {
	case screen.Agents:
		return agents.New(env, target)
	case screen.Agent:
		return agent.New(env, target)
	case screen.Tasks:
		return tasks.New(env, target)
	case screen.Task:
		return task.New(env, target)
	case screen.Jobs:
		return jobs.New(env, target)
	case screen.Job:
		return job.New(env, target)
	case screen.Frameworks:
		return frameworks.New(env, target)
	case screen.Roles:
		return roles.New(env, target)
	case screen.Maintenance:
		return maintenance.New(env, target)
	case screen.Offers:
		return offers.New(env, target)
	case screen.Masters:
		return masters.New(env, target)
	case screen.Members:
		return members.New(env, target)
	case screen.Events:
		return events.New(env, target)
	case screen.Secrets:
		return secrets.New(env, target)
	case screen.Shells:
		return shells.New(env, target)
	case screen.Secret:
		return secret.New(env, target)
	case screen.Window:
		return window.New(env, target)
	case screen.Files:
		return files.New(env, target)
	case screen.Detail:
		return detail.New(env, target)
	case screen.Log:
		return logs.New(env, target)
	case screen.Submit:
		return submit.New(env, target)
	case screen.Overview:
		return overview.New(env, target)
	}
	return overview.New(env, target)
}
