package ledger

import (
	"maps"
	"slices"

	"codeberg.org/reeve/reeve/masterd/view"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/resources"
)

// views remembers what the newest View does not show yet.
type views struct {
	version    uint64
	newest     *view.View
	agents     []ids.Agent     // changed or removed
	frameworks []ids.Framework // changed or removed
	offers     bool
	operations bool
	upkeep     bool
	completed  bool
}

// View returns the state of this moment. It costs what has changed since the last one, and a copy of the map of agents,
// of frameworks or of offers if one of its entries has.
func (l *Ledger) View() *view.View {
	v := &l.views
	if v.newest != nil && v.newest.Version == v.version {
		return v.newest
	}
	next := &view.View{Version: v.version}
	if v.newest != nil {
		*next = *v.newest
		next.Version = v.version
	}
	if v.newest == nil || len(v.agents) > 0 {
		next.Agents = l.viewAgents(next.Agents)
	}
	if v.newest == nil || len(v.frameworks) > 0 {
		next.Frameworks = l.viewFrameworks(next.Frameworks)
	}
	if v.newest == nil || v.offers {
		next.Offers = maps.Clone(l.Offers)
	}
	if v.newest == nil || v.operations {
		next.Operations = maps.Clone(l.Operations)
	}
	if v.newest == nil || v.upkeep {
		next.Maintenance, next.InverseOffers, next.Answers = l.Maintenance, maps.Clone(l.InverseOffers), maps.Clone(l.Answers)
	}
	if v.completed {
		next.Completed = slices.Clone(l.completed)
	}
	next.Settings = l.Settings
	v.newest, v.offers, v.operations, v.upkeep, v.completed = next, false, false, false, false
	return next
}

func (l *Ledger) viewAgents(old map[ids.Agent]*view.Agent) map[ids.Agent]*view.Agent {
	agents := make(map[ids.Agent]*view.Agent, len(l.Agents))
	maps.Copy(agents, old)
	for _, id := range l.views.agents {
		a, ok := l.Agents[id]
		if !ok {
			delete(agents, id)
			continue
		}
		if a.shown == nil {
			a.shown = l.ViewAgent(a)
		}
		agents[id] = a.shown
	}
	l.views.agents = l.views.agents[:0]
	return agents
}

// ViewAgent is an agent at this moment.
func (l *Ledger) ViewAgent(a *Agent) *view.Agent {
	shown := &view.Agent{
		ID: a.ID, Info: a.Info, HTTP: a.HTTP, GossipName: a.Gossip, Version: a.Version, BootID: a.BootID,
		State: a.State, Since: a.Since, Registered: a.Registered, Reregistered: a.Reregistered, Conn: a.Conn,
		Total: a.Total, Allocated: a.Allocated, Tasks: len(a.Tasks),
		Deactivated: a.Deactivated, Drain: a.Drain, Unavailable: a.Unavailable,
	}
	for id := range a.Offers {
		shown.Offered = shown.Offered.Plus(l.Offers[id].Resources)
	}
	if len(a.Executors) > 0 {
		shown.Executors = make(map[ids.Framework]map[ids.Executor]*mesosv1.ExecutorInfo, len(a.Executors))
	}
	for fw, executors := range a.Executors {
		infos := make(map[ids.Executor]*mesosv1.ExecutorInfo, len(executors))
		for id, e := range executors {
			infos[id] = e.Info
		}
		shown.Executors[fw] = infos
	}
	return shown
}

func (l *Ledger) viewFrameworks(old map[ids.Framework]*view.Framework) map[ids.Framework]*view.Framework {
	frameworks := make(map[ids.Framework]*view.Framework, len(l.Frameworks))
	maps.Copy(frameworks, old)
	for _, id := range l.views.frameworks {
		f, ok := l.Frameworks[id]
		if !ok {
			delete(frameworks, id)
			continue
		}
		if f.shown == nil {
			f.shown = l.viewFramework(f)
		}
		frameworks[id] = f.shown
	}
	l.views.frameworks = l.views.frameworks[:0]
	return frameworks
}

func (l *Ledger) viewFramework(f *Framework) *view.Framework {
	shown := l.ViewFramework(f)
	shown.Tasks, shown.Unreachable, shown.Ended = maps.Clone(f.Tasks), slices.Clip(f.Unreachable), slices.Clip(f.Ended)
	return shown
}

// ViewFramework is a framework without its tasks.
func (l *Ledger) ViewFramework(f *Framework) *view.Framework {
	shown := &view.Framework{
		ID: f.ID, Info: f.Info, State: f.State, Stream: f.Stream, Roles: f.Roles, Suppressed: f.Suppressed,
		Since: f.Since, Registered: f.Registered, Reregistered: f.Reregistered, Constraints: f.Constraints,
	}
	var parts []resources.Resources
	for _, r := range f.Allocated {
		parts = append(parts, r)
	}
	shown.Allocated = sum(parts)
	for id := range f.Offers {
		shown.Offered = shown.Offered.Plus(l.Offers[id].Resources)
	}
	return shown
}

// sum adds in pairs, so that long lists of ranges are not copied once for each agent.
func sum(parts []resources.Resources) resources.Resources {
	switch len(parts) {
	case 0:
		return resources.Resources{}
	case 1:
		return parts[0]
	}
	half := len(parts) / 2
	return sum(parts[:half]).Plus(sum(parts[half:]))
}

// TouchAgent says that an agent is not what the newest view shows.
func (l *Ledger) TouchAgent(a *Agent) {
	l.changed = true
	if a.shown != nil {
		a.shown = nil
		l.views.agents = append(l.views.agents, a.ID)
	}
}

// TouchFramework says that a framework is not what the newest view shows.
func (l *Ledger) TouchFramework(f *Framework) {
	l.changed = true
	if f.shown != nil {
		f.shown = nil
		l.views.frameworks = append(l.views.frameworks, f.ID)
	}
}
