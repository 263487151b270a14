package jobs

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/masterd/placement"
	"codeberg.org/reeve/reeve/masterd/taskinfo"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/resources"
)

// refuseSeconds is for how long what did not fit is not offered again. Whoever becomes ready meanwhile revives.
const refuseSeconds = 5

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

// knownFor is how long an agent counts for group_by without an offer. While something is ready, an agent that has
// anything left is offered every few seconds.
const knownFor = 2 * time.Minute

// candidate is an offer, and who goes there.
type candidate struct {
	offer  *mesosv1.Offer
	host   placement.Host
	pool   *placement.Pool
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
		if c.pool != nil {
			role := offer.GetAllocationInfo().GetRole()
			byRole[role] = append(byRole[role], c)
		}
	}
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
	c := &candidate{offer: offer, host: placement.Host{
		Agent: offer.GetAgentId().GetValue(), Name: offer.GetHostname(), Attributes: placement.Attributes(offer.GetAttributes()),
	}}
	s.hosts[c.host.Agent] = known{c.host, s.now}
	if r, err := resources.FromProto(offer.GetResources()); err == nil {
		c.pool = placement.NewPool(offer.GetAllocationInfo().GetRole(), r)
	}
	return c
}

func (s *State) decline(offer *mesosv1.Offer) {
	s.call(&scheduler.Call{
		Type:    scheduler.Call_DECLINE.Enum(),
		Decline: &scheduler.Call_Decline{OfferIds: []*mesosv1.OfferID{offer.Id}, Filters: filters()},
	})
}

func filters() *mesosv1.Filters { return &mesosv1.Filters{RefuseSeconds: proto.Float64(refuseSeconds)} }

// site is where a job's instances and those it avoids are.
type site struct {
	tally   placement.Tally
	onAgent map[string]int
	groups  map[string]map[string]bool
	avoided map[string]string // agent id → the job there
	last    *candidate
}

// survey looks at where everything is that matters to a job.
func (s *State) survey(j *job) *site {
	at := &site{tally: placement.Tally{}, onAgent: map[string]int{}, groups: map[string]map[string]bool{}, avoided: map[string]string{}}
	for i := range j.instances {
		if j.instances[i].task == "" {
			continue
		}
		inst := &j.record.Instances[i]
		at.onAgent[inst.Agent]++
		where := inst.Where
		if k, ok := s.hosts[inst.Agent]; ok {
			where = j.rules.Where(k.host)
		}
		at.tally.Add(where, 1)
	}
	for _, attribute := range j.rules.Groups() {
		values := map[string]bool{}
		for _, k := range s.hosts {
			if v, ok := k.host.Value(attribute); ok && s.now.Sub(k.seen) <= knownFor {
				values[v] = true
			}
		}
		at.groups[attribute] = values
	}
	for name, o := range s.jobs {
		if o == j || o.over() || !slices.Contains(j.record.Spec.Avoid, string(name)) && !slices.Contains(o.record.Spec.Avoid, j.record.Spec.Name) {
			continue
		}
		for i := range o.instances {
			if o.instances[i].task != "" {
				at.avoided[o.record.Instances[i].Agent] = string(name)
			}
		}
		for _, l := range o.record.Leaving {
			at.avoided[l.Agent] = string(name)
		}
	}
	return at
}

// fill takes a job's instances into offers.
func (s *State) fill(j *job, offers []*candidate) {
	if len(j.queue) == 0 {
		return
	}
	at := s.survey(j)
	open := slices.Clone(offers)
	for len(j.queue) > 0 {
		i := j.queue[0]
		ask := placement.DemandOf(j.specOf(j.record.Instances[i].Template))
		var best *candidate
		if best, open = s.choose(j, ask, at, open); best == nil {
			return
		}
		given, ports, ok := best.pool.Take(ask)
		if !ok {
			s.refuse(j, best, placement.Shortage{Resource: -1, Text: "what is left is reserved, or in volumes"})
			open, at.last = slices.DeleteFunc(open, func(c *candidate) bool { return c == best }), nil
			continue
		}
		s.assign(j, i, best.host, ports)
		at.onAgent[best.host.Agent]++
		at.tally.Add(j.record.Instances[i].Where, 1)
		best.placed = append(best.placed, placed{ref{j, i}, j.instances[i].task, given.Proto(), ports})
	}
}

func (s *State) refuse(j *job, c *candidate, why placement.Shortage) {
	j.refused[c.host.Agent] = why
	j.published = nil // what it waits for may read differently now
}

// choose finds the offer that an instance likes best, and returns the offers that are still of use to the job.
func (s *State) choose(j *job, ask placement.Demand, at *site, open []*candidate) (*candidate, []*candidate) {
	pack := j.record.Spec.Placement == reeveapi.PlacePack && !j.rules.Counts()
	if pack && at.last != nil {
		if _, ok := at.last.pool.Lacks(ask); ok {
			return at.last, open // it was the fullest before, and is still
		}
	}
	var best *candidate
	var bestKey [3]int64
	kept := open[:0]
	for _, c := range open {
		lack, ok := c.pool.Lacks(ask)
		if !ok {
			s.refuse(j, c, lack)
			continue
		}
		if name := at.avoided[c.host.Agent]; name != "" {
			s.refuse(j, c, placement.Shortage{Resource: -1, Text: "job " + name + " is there, which is to be avoided"})
			continue
		}
		why := j.rules.Refuse(c.host, at.tally, at.groups)
		if why != "" {
			s.refuse(j, c, placement.Shortage{Resource: -1, Text: why})
			if j.rules.Counts() {
				kept = append(kept, c) // another instance may change that
			}
			continue
		}
		kept = append(kept, c)
		key := [3]int64{int64(j.rules.Crowd(c.host, at.tally)), 0, c.pool.Room(ask)}
		if j.record.Spec.Placement == reeveapi.PlaceSpread {
			key[1], key[2] = int64(at.onAgent[c.host.Agent]), -key[2]
		}
		if best == nil || slices.Compare(key[:], bestKey[:]) < 0 {
			best, bestKey = c, key
		}
	}
	at.last = best
	return best, kept
}

// assign makes an instance's next attempt.
func (s *State) assign(j *job, i int, host placement.Host, ports []uint64) {
	inst := &j.record.Instances[i]
	if inst.State != "" {
		inst.Attempt++
	}
	inst.Task = taskID(&j.record, i, inst.Attempt)
	inst.Agent = host.Agent
	inst.Where = j.rules.Where(host)
	inst.State = mesosv1.TaskState_TASK_STAGING.String()
	inst.Message, inst.Waiting = "", ""
	inst.Changed, inst.Started, inst.Since, inst.Healthy = s.now, time.Time{}, time.Time{}, false
	inst.Ports = nil
	for _, port := range ports {
		inst.Ports = append(inst.Ports, int(port)) //nolint:gosec // ports have 16 bits
	}
	j.record.State = reeveapi.JobRunning
	s.enter(j, i, launching)
	s.watchTask(j, i, inst.Task)
	s.markDirty(j)
}

// accept launches what was placed, now that the registry has it. An offer that was rescinded meanwhile comes back as
// TASK_DROPPED. Jobs that were stopped meanwhile have one instance less to kill.
func (s *State) accept(l launch) {
	var tasks []*mesosv1.TaskInfo
	for _, p := range l.instances {
		j := p.job
		if !j.isAt(p.index, p.task, launching) {
			continue
		}
		if j.ending() {
			s.unassign(j, p.index)
			continue
		}
		s.enterLaunched(j, p.index)
		tasks = append(tasks, taskinfo.Build(j.specOf(j.record.Instances[p.index].Template), taskinfo.Attempt{
			Index: p.index, Task: p.task, Agent: l.offer.GetAgentId(), Resources: p.given, Ports: p.ports,
		}))
	}
	if len(tasks) == 0 {
		s.decline(l.offer)
		return
	}
	s.call(&scheduler.Call{
		Type: scheduler.Call_ACCEPT.Enum(),
		Accept: &scheduler.Call_Accept{
			OfferIds: []*mesosv1.OfferID{l.offer.Id},
			Operations: []*mesosv1.Offer_Operation{{
				Type:   mesosv1.Offer_Operation_LAUNCH.Enum(),
				Launch: &mesosv1.Offer_Operation_Launch{TaskInfos: tasks},
			}},
			Filters: filters(),
		},
	})
}

// unassign ends an instance of a stopped job that was about to be launched.
func (s *State) unassign(j *job, i int) {
	inst := &j.record.Instances[i]
	inst.State = mesosv1.TaskState_TASK_KILLED.String()
	inst.Message = "the job was stopped before the task was launched"
	inst.Changed = s.now
	s.enter(j, i, ended)
	s.markDirty(j)
	s.finishIfOver(j)
}
