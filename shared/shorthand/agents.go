package shorthand

import (
	"reflect"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

func sameAgent(a, b *reeveapi.Agent) bool { return reflect.DeepEqual(a, b) }

// agents tells of agents. Of most only their tasks and what these use are not as they were.
func (b *line) agents() {
	for i := range b.in.Agents {
		a := &b.in.Agents[i]
		k := b.w.agents[a.ID]
		if k == nil || k.unsure || !figures(&k.Agent, a) {
			b.w.agents[a.ID] = &toldAgent{Agent: *a}
			b.out.Agents = append(b.out.Agents, *a)
			continue
		}
		f := reeveapi.AgentFigures{ID: a.ID, Tasks: a.Tasks}
		if a.Allocated != k.Allocated {
			f.Allocated = &a.Allocated
		}
		if a.Offered != k.Offered {
			f.Offered = &a.Offered
		}
		if !reflect.DeepEqual(a.Usage, k.Usage) {
			f.Usage = a.Usage
		}
		k.Agent = *a
		b.brief.Agents = append(b.brief.Agents, f)
	}
	for _, id := range b.in.AgentsRemoved {
		delete(b.w.agents, id)
	}
}

// figures says whether nothing of an agent is another but its figures.
func figures(was, is *reeveapi.Agent) bool {
	if is.Usage == nil && was.Usage != nil {
		return false
	}
	now := *was
	now.Allocated, now.Offered, now.Usage, now.Tasks = is.Allocated, is.Offered, is.Usage, is.Tasks
	return sameAgent(&now, is)
}

// set makes an agent what figures say.
func set(a *reeveapi.Agent, f *reeveapi.AgentFigures) {
	a.Tasks = f.Tasks
	if f.Allocated != nil {
		a.Allocated = *f.Allocated
	}
	if f.Offered != nil {
		a.Offered = *f.Offered
	}
	if f.Usage != nil {
		a.Usage = f.Usage
	}
}
