package jobs

import (
	"maps"
	"slices"
	"time"

	"codeberg.org/reeve/reeve/masterd/jobcall"
	"codeberg.org/reeve/reeve/masterd/jobrecord"
	"codeberg.org/reeve/reeve/masterd/livejob"
	"codeberg.org/reeve/reeve/masterd/placement"
	"codeberg.org/reeve/reeve/masterd/taskinfo"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/resources"
)

// launch is an offer that is accepted once it is stored who goes there.
type launch struct {
	offer     *mesosv1.Offer
	instances []placed
}

// placed is an instance with its part of an offer.
type placed struct {
	ref
	task  string
	given []*mesosv1.Resource
	ports []uint64
}

// known is an agent of which there was an offer.
type known struct {
	host placement.Host
	seen time.Time
}

// sparesGPUs says whether agents without GPUs are known.
func (s *State) sparesGPUs() bool {
	for _, k := range s.hosts {
		if !k.host.GPUs && s.now.Sub(k.seen) <= knownFor {
			return true
		}
	}
	return false
}

// knownFor is how long an agent counts for group_by without an offer. While something is ready, an agent that has
// anything left is offered every few seconds.
const knownFor = 2 * time.Minute

// candidate is an offer, and who goes there.
type candidate struct {
	placement.Place
	offer  *mesosv1.Offer
	placed []placed
}

// place decides who goes into offers: the jobs of a role in the order in which they were submitted, each instance where
// its job likes it best.
func (s *State) place(offers []*mesosv1.Offer) {
	byRole := map[string][]*candidate{}
	var all []*candidate
	for _, offer := range offers {
		c := s.candidate(offer)
		all = append(all, c)
		if c.Pool != nil {
			role := offer.GetAllocationInfo().GetRole()
			byRole[role] = append(byRole[role], c)
		}
	}
	s.spare = s.sparesGPUs()
	for _, name := range sortedKeys(byRole) {
		if r := s.roles[name]; r != nil && r.ready > 0 {
			for _, j := range r.jobs {
				s.fill(j, byRole[name])
			}
		}
	}
	for _, c := range all {
		if len(c.placed) == 0 {
			s.decline(c.offer)
		} else {
			s.launches = append(s.launches, launch{c.offer, c.placed})
		}
	}
}

// candidate reads an offer. One that cannot be read has no pool.
func (s *State) candidate(offer *mesosv1.Offer) *candidate {
	c := &candidate{offer: offer, Place: placement.Place{Host: placement.Host{
		Agent: offer.GetAgentId().GetValue(), Name: offer.GetHostname(), Attributes: placement.Attributes(offer.GetAttributes()),
	}}}
	if r, err := resources.FromProto(offer.GetResources()); err == nil {
		c.Pool = placement.NewPool(offer.GetAllocationInfo().GetRole(), r)
		c.Host.Roles, c.Host.GPUs = placement.RolesOf(r), r.Scalar("gpus") > 0 || s.hosts[c.Host.Agent].host.GPUs
	}
	c.Host.Images = s.images[c.Host.Agent]
	s.hosts[c.Host.Agent] = known{c.Host, s.now}
	return c
}

// Images returns which images agents have, by their ids.
func (s *State) Images() map[string]map[string]bool { return maps.Clone(s.images) }

// noteImages keeps what an agent says of its images, which decides among equals.
func (s *State) noteImages(in Images) {
	if len(in.Names) == 0 {
		delete(s.images, string(in.Agent))
		return
	}
	have := make(map[string]bool, len(in.Names))
	for _, name := range in.Names {
		have[name] = true
	}
	s.images[string(in.Agent)] = have
}

func (s *State) decline(offer *mesosv1.Offer) { s.call(jobcall.Decline(offer.Id)) }

// survey looks at where everything is that matters to a job.
func (s *State) survey(j *livejob.Job) *placement.Site {
	at := placement.NewSite(j.Rules, &j.Record.Spec)
	for i := range j.Instances {
		if j.Instances[i].Task == "" {
			continue
		}
		inst := &j.Record.Instances[i]
		where := inst.Where
		if k, ok := s.hosts[inst.Agent]; ok {
			where = j.Rules.Where(k.host)
		}
		at.Add(inst.Agent, where)
	}
	if len(j.Rules.Groups()) > 0 {
		for _, k := range s.hosts {
			if s.now.Sub(k.seen) <= knownFor {
				at.Know(k.host)
			}
		}
	}
	if s.spare {
		at.SpareGPUs()
	}
	s.keepApart(j, at)
	return at
}

// keepApart tells a site where the jobs are that one is to keep apart from, on either's word.
func (s *State) keepApart(j *livejob.Job, at *placement.Site) {
	for name, o := range s.jobs {
		if o == j || o.Over() || !slices.Contains(j.Record.Spec.Avoid, string(name)) && !slices.Contains(o.Record.Spec.Avoid, j.Record.Spec.Name) {
			continue
		}
		for i := range o.Instances {
			if o.Instances[i].Task != "" {
				at.Avoid(o.Record.Instances[i].Agent, string(name))
			}
		}
		for _, l := range o.Record.Leaving {
			at.Avoid(l.Agent, string(name))
		}
	}
}

// fill takes a job's instances into offers.
func (s *State) fill(j *livejob.Job, offers []*candidate) {
	if len(j.Queue) == 0 || s.blocked(j) {
		return
	}
	at := s.survey(j)
	open, of := make([]*placement.Place, len(offers)), make(map[*placement.Place]*candidate, len(offers))
	for k, c := range offers {
		open[k], of[&c.Place] = &c.Place, c
	}
	refuse := func(p *placement.Place, why placement.Shortage) {
		j.Refused[p.Host.Agent] = why
		j.Published = nil // what it waits for may read differently now
	}
	for len(j.Queue) > 0 {
		i := j.Queue[0]
		ask := placement.DemandOf(jobrecord.SpecOf(&j.Record, j.Record.Instances[i].Template))
		var best *placement.Place
		if best, open = at.Choose(open, ask, refuse); best == nil {
			return
		}
		given, ports, ok := best.Pool.Take(ask)
		if !ok {
			refuse(best, placement.Reserved())
			at.Forget()
			open = slices.DeleteFunc(open, func(p *placement.Place) bool { return p == best })
			continue
		}
		s.assign(j, i, best.Host, ports)
		at.Add(best.Host.Agent, j.Record.Instances[i].Where)
		of[best].placed = append(of[best].placed, placed{ref{j, i}, j.Instances[i].Task, given.Proto(), ports})
	}
}

// assign makes an instance's next attempt.
func (s *State) assign(j *livejob.Job, i int, host placement.Host, ports []uint64) {
	inst := jobrecord.Assign(&j.Record, i, host.Agent, ports, s.now)
	inst.Where = j.Rules.Where(host)
	s.enter(j, i, livejob.Launching)
	s.watchTask(j, i, inst.Task)
	s.markDirty(j)
}

// accept launches what was placed, now that the registry has it. An offer that was rescinded meanwhile comes back as
// TASK_DROPPED. Jobs that were stopped meanwhile have one instance less to kill.
func (s *State) accept(l launch) {
	var tasks []*mesosv1.TaskInfo
	for _, p := range l.instances {
		j := p.job
		if !j.IsAt(p.index, p.task, livejob.Launching) {
			continue
		}
		if j.Ending() {
			s.unassign(j, p.index)
			continue
		}
		s.enterLaunched(j, p.index)
		tasks = append(tasks, taskinfo.Build(jobrecord.SpecOf(&j.Record, j.Record.Instances[p.index].Template), taskinfo.Attempt{
			Index: p.index, Task: p.task, Agent: l.offer.GetAgentId(), Resources: p.given, Ports: p.ports,
		}))
	}
	if len(tasks) == 0 {
		s.decline(l.offer)
		return
	}
	s.call(jobcall.Accept(l.offer.Id, tasks))
}

// unassign ends an instance of a stopped job that was about to be launched.
func (s *State) unassign(j *livejob.Job, i int) {
	inst := &j.Record.Instances[i]
	inst.State = mesosv1.TaskState_TASK_KILLED.String()
	inst.Message = "the job was stopped before the task was launched"
	inst.Changed = s.now
	s.enter(j, i, livejob.Ended)
	s.markDirty(j)
	s.finishIfOver(j)
}
