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
	for i, w := range lines {
		if len(out) == 0 || w.Snapshot {
			out = append(out, roomy(w, lines[i+1:]))
			continue
		}
		join(out[len(out)-1], w)
	}
	return out
}

// roomy is a line with lists of its own, and room in them for what may be joined to it.
func roomy(w *reeveapi.Watch, later []*reeveapi.Watch) *reeveapi.Watch {
	one := *w
	tasks, events := 0, 0
	for _, l := range later {
		if l.Snapshot {
			break
		}
		tasks, events = tasks+len(l.Tasks), events+len(l.Events)
	}
	one.Tasks, one.Events = own(w.Tasks, tasks), own(w.Events, events)
	one.Agents, one.Frameworks, one.Jobs, one.Roles, one.Offers = own(w.Agents, 0), own(w.Frameworks, 0), own(w.Jobs, 0), own(w.Roles, 0), own(w.Offers, 0)
	for _, removed := range []*[]string{&one.AgentsRemoved, &one.FrameworksRemoved, &one.TasksRemoved, &one.JobsRemoved, &one.RolesRemoved, &one.OffersRemoved} {
		*removed = own(*removed, 0)
	}
	return &one
}

// own is a copy of a list with room for more.
func own[T any](list []T, more int) []T {
	if more == 0 {
		return slices.Clip(list) // what is appended goes elsewhere
	}
	return append(make([]T, 0, len(list)+more), list...)
}

// join makes w part of the line before it, whose lists are its own.
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
	l.Events = append(l.Events, w.Events...)
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
	return append(changed, later...), append(removed, gone...)
}
