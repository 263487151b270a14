package cluster

import (
	"maps"
	"slices"

	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/resources"
)

// views remembers what the newest View does not show yet.
type views struct {
	version    uint64
	newest     *View
	agents     []ids.Agent     // changed or removed
	frameworks []ids.Framework // changed or removed
	offers     bool
	completed  bool
}

// View returns the state of this moment. It costs what has changed since the last one, and a copy of the map of agents,
// of frameworks or of offers if one of its entries has.
func (s *State) View() *View {
	v := &s.views
	if v.newest != nil && v.newest.Version == v.version {
		return v.newest
	}
	next := &View{Version: v.version}
	if v.newest != nil {
		*next = *v.newest
		next.Version = v.version
	}
	if v.newest == nil || len(v.agents) > 0 {
		next.Agents = s.viewAgents(next.Agents)
	}
	if v.newest == nil || len(v.frameworks) > 0 {
		next.Frameworks = s.viewFrameworks(next.Frameworks)
	}
	if v.newest == nil || v.offers {
		next.Offers = maps.Clone(s.offers)
	}
	if v.completed {
		next.Completed = slices.Clone(s.completed)
	}
	v.newest, v.offers, v.completed = next, false, false
	return next
}

func (s *State) viewAgents(old map[ids.Agent]*Agent) map[ids.Agent]*Agent {
	agents := make(map[ids.Agent]*Agent, len(s.agents))
	maps.Copy(agents, old)
	for _, id := range s.views.agents {
		a, ok := s.agents[id]
		if !ok {
			delete(agents, id)
			continue
		}
		if a.shown == nil {
			a.shown = s.viewAgent(a)
		}
		agents[id] = a.shown
	}
	s.views.agents = s.views.agents[:0]
	return agents
}

func (s *State) viewAgent(a *agent) *Agent {
	shown := &Agent{
		ID: a.id, Info: a.info, HTTP: a.http, GossipName: a.gossip, Version: a.version, BootID: a.bootID,
		State: a.state, Since: a.since, Registered: a.registered, Reregistered: a.reregistered, Conn: a.conn,
		Total: a.total, Allocated: a.allocated, Tasks: len(a.tasks),
	}
	for id := range a.offers {
		shown.Offered = shown.Offered.Plus(s.offers[id].Resources)
	}
	if len(a.executors) > 0 {
		shown.Executors = make(map[ids.Framework]map[ids.Executor]*mesosv1.ExecutorInfo, len(a.executors))
	}
	for fw, executors := range a.executors {
		infos := make(map[ids.Executor]*mesosv1.ExecutorInfo, len(executors))
		for id, e := range executors {
			infos[id] = e.info
		}
		shown.Executors[fw] = infos
	}
	return shown
}

func (s *State) viewFrameworks(old map[ids.Framework]*Framework) map[ids.Framework]*Framework {
	frameworks := make(map[ids.Framework]*Framework, len(s.frameworks))
	maps.Copy(frameworks, old)
	for _, id := range s.views.frameworks {
		f, ok := s.frameworks[id]
		if !ok {
			delete(frameworks, id)
			continue
		}
		if f.shown == nil {
			f.shown = s.viewFramework(f)
		}
		frameworks[id] = f.shown
	}
	s.views.frameworks = s.views.frameworks[:0]
	return frameworks
}

func (s *State) viewFramework(f *framework) *Framework {
	shown := s.viewFrameworkFigures(f)
	shown.Tasks, shown.Unreachable, shown.Ended = maps.Clone(f.tasks), slices.Clip(f.unreachable), slices.Clip(f.ended)
	return shown
}

// viewFrameworkFigures is a framework without its tasks.
func (s *State) viewFrameworkFigures(f *framework) *Framework {
	shown := &Framework{
		ID: f.id, Info: f.info, State: f.state, Stream: f.stream, Roles: f.roles, Suppressed: f.suppressed,
		Registered: f.registered, Reregistered: f.reregistered,
	}
	var parts []resources.Resources
	for _, r := range f.allocated {
		parts = append(parts, r)
	}
	shown.Allocated = sum(parts)
	for id := range f.offers {
		shown.Offered = shown.Offered.Plus(s.offers[id].Resources)
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

// touchAgent says that an agent is not what the newest view shows.
func (s *State) touchAgent(a *agent) {
	s.changed = true
	if a.shown != nil {
		a.shown = nil
		s.views.agents = append(s.views.agents, a.id)
	}
}

// touchFramework says that a framework is not what the newest view shows.
func (s *State) touchFramework(f *framework) {
	s.changed = true
	if f.shown != nil {
		f.shown = nil
		s.views.frameworks = append(s.views.frameworks, f.id)
	}
}
