package jobs

import (
	"fmt"
	"math"
	"strconv"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// Variables that every instance gets, beside PORT0, PORT1, ….
const (
	envJob      = "REEVE_JOB"
	envInstance = "REEVE_INSTANCE"
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
	given []*mesosv1.Resource
	ports []uint64
}

// place decides who goes into an offer: first fit, in the order in which the jobs were submitted.
func (s *State) place(offer *mesosv1.Offer) {
	var fitting []placed
	if r := s.roles[offer.GetAllocationInfo().GetRole()]; r != nil && r.ready > 0 {
		fitting = s.fit(r, offer)
	}
	if len(fitting) == 0 {
		s.decline(offer)
		return
	}
	s.launches = append(s.launches, launch{offer, fitting})
}

func (s *State) decline(offer *mesosv1.Offer) {
	s.call(&scheduler.Call{
		Type:    scheduler.Call_DECLINE.Enum(),
		Decline: &scheduler.Call_Decline{OfferIds: []*mesosv1.OfferID{offer.Id}, Filters: filters()},
	})
}

func filters() *mesosv1.Filters { return &mesosv1.Filters{RefuseSeconds: proto.Float64(refuseSeconds)} }

// fit takes instances of a role's jobs into an offer.
func (s *State) fit(r *role, offer *mesosv1.Offer) []placed {
	pool, err := newPool(offer)
	if err != nil {
		return nil // an offer that cannot be read is declined
	}
	var fitting []placed
	for _, j := range r.jobs {
		ask := demandOf(&j.record.Spec)
		for len(j.queue) > 0 {
			given, ports, ok := pool.take(ask)
			if !ok {
				j.tooSmall++
				j.most = j.most.max(pool.free())
				j.published = nil // what it waits for may read differently now
				break
			}
			i := j.queue[0]
			fitting = append(fitting, placed{ref{j, i}, given, ports})
			s.assign(j, i, offer.GetAgentId().GetValue())
		}
	}
	return fitting
}

// assign makes an instance's next attempt.
func (s *State) assign(j *job, i int, agent string) {
	inst := &j.record.Instances[i]
	if inst.State != "" {
		inst.Attempt++
	}
	inst.Task = taskID(&j.record, i, inst.Attempt)
	inst.Agent = agent
	inst.State = mesosv1.TaskState_TASK_STAGING.String()
	inst.Message = ""
	inst.Changed = s.now
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
		if p.job.record.Stopped {
			s.unassign(p.job, p.index)
			continue
		}
		s.enterLaunched(p.job, p.index)
		tasks = append(tasks, taskInfo(&p.job.record, p.index, l.offer.GetAgentId(), p.given, p.ports))
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

// taskName is what people read: the job's name, and which instance where there are several.
func taskName(spec *reeveapi.JobSpec, i int) string {
	if spec.Instances == 1 {
		return spec.Name
	}
	return spec.Name + "." + strconv.Itoa(i)
}

func taskInfo(record *reeveapi.Job, i int, agent *mesosv1.AgentID, given []*mesosv1.Resource, ports []uint64) *mesosv1.TaskInfo {
	spec := &record.Spec
	info := &mesosv1.TaskInfo{
		Name:      new(taskName(spec, i)),
		TaskId:    &mesosv1.TaskID{Value: new(record.Instances[i].Task)},
		AgentId:   agent,
		Resources: given,
		Command: &mesosv1.CommandInfo{
			Value:       new(spec.Command),
			Shell:       new(true),
			Environment: environment(spec, i, ports),
		},
		KillPolicy: &mesosv1.KillPolicy{GracePeriod: &mesosv1.DurationInfo{
			Nanoseconds: new(int64(math.Round(spec.KillGraceSeconds * 1e9))),
		}},
		Labels: labels(spec),
	}
	if spec.User != "" {
		info.Command.User = new(spec.User)
	}
	for _, uri := range spec.URIs {
		info.Command.Uris = append(info.Command.Uris, &mesosv1.CommandInfo_URI{Value: new(uri)})
	}
	return info
}

func environment(spec *reeveapi.JobSpec, i int, ports []uint64) *mesosv1.Environment {
	env := &mesosv1.Environment{}
	set := func(name, value string) {
		env.Variables = append(env.Variables, &mesosv1.Environment_Variable{
			Name: new(name), Type: mesosv1.Environment_Variable_VALUE.Enum(), Value: new(value),
		})
	}
	for _, name := range sortedKeys(spec.Env) {
		set(name, spec.Env[name])
	}
	set(envJob, spec.Name)
	set(envInstance, strconv.Itoa(i))
	for n, port := range ports {
		set(fmt.Sprintf("PORT%d", n), strconv.FormatUint(port, 10))
	}
	return env
}

func labels(spec *reeveapi.JobSpec) *mesosv1.Labels {
	all := &mesosv1.Labels{}
	for _, name := range sortedKeys(spec.Labels) {
		all.Labels = append(all.Labels, &mesosv1.Label{Key: new(name), Value: new(spec.Labels[name])})
	}
	all.Labels = append(all.Labels, &mesosv1.Label{Key: new(ownLabel + "job"), Value: new(spec.Name)})
	return all
}
