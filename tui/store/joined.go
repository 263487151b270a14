package store

import (
	"slices"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

func agentKey(a *reeveapi.Agent) string         { return a.ID }
func frameworkKey(f *reeveapi.Framework) string { return f.ID }
func jobKey(j *reeveapi.Job) string             { return j.Spec.Name }
func roleKey(r *reeveapi.Role) string           { return r.Name }
func offerKey(o *reeveapi.Offer) string         { return o.ID }

// joined are as few lines as do the same: each that is no snapshot is made part of the one before.
func joined(lines []*reeveapi.Watch) []*reeveapi.Watch {
	if len(lines) < 2 {
		return lines
	}
	var out []*reeveapi.Watch
	for _, w := range lines {
		if len(out) == 0 || w.Snapshot {
			one := *w // its lists grow
			out = append(out, &one)
			continue
		}
		join(out[len(out)-1], w)
	}
	return out
}

// join makes w part of the line before it.
func join(l, w *reeveapi.Watch) {
	l.Version = w.Version
	if w.Cluster != nil {
		l.Cluster = w.Cluster
	}
	l.Agents, l.AgentsRemoved = after(l.Agents, l.AgentsRemoved, w.Agents, w.AgentsRemoved, agentKey)
	l.Frameworks, l.FrameworksRemoved = after(l.Frameworks, l.FrameworksRemoved, w.Frameworks, w.FrameworksRemoved, frameworkKey)
	l.Tasks, l.TasksRemoved = after(l.Tasks, l.TasksRemoved, w.Tasks, w.TasksRemoved, TaskKey)
	l.Jobs, l.JobsRemoved = after(l.Jobs, l.JobsRemoved, w.Jobs, w.JobsRemoved, jobKey)
	l.Roles, l.RolesRemoved = after(l.Roles, l.RolesRemoved, w.Roles, w.RolesRemoved, roleKey)
	l.Offers, l.OffersRemoved = after(l.Offers, l.OffersRemoved, w.Offers, w.OffersRemoved, offerKey)
	l.Events = append(slices.Clip(l.Events), w.Events...)
}

// after adds later changes to earlier ones. List.With lets a removal win over a change, so what was removed and is there
// again must not count as removed.
func after[T any](changed []T, removed []string, later []T, gone []string, id func(*T) string) ([]T, []string) {
	if len(removed) > 0 && len(later) > 0 {
		back := make(map[string]bool, len(later))
		for i := range later {
			back[id(&later[i])] = true
		}
		removed = slices.DeleteFunc(slices.Clone(removed), func(id string) bool { return back[id] })
	}
	return append(slices.Clip(changed), later...), append(slices.Clip(removed), gone...)
}
