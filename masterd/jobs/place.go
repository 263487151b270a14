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

// place answers an offer: first fit, in the order in which the jobs were submitted.
func (s *State) place(offer *mesosv1.Offer) {
	r := s.roles[offer.GetAllocationInfo().GetRole()]
	filters := &mesosv1.Filters{RefuseSeconds: proto.Float64(refuseSeconds)}
	var tasks []*mesosv1.TaskInfo
	if r != nil && r.ready > 0 {
		tasks = s.fit(r, offer)
	}
	if len(tasks) == 0 {
		s.call(&scheduler.Call{
			Type:    scheduler.Call_DECLINE.Enum(),
			Decline: &scheduler.Call_Decline{OfferIds: []*mesosv1.OfferID{offer.Id}, Filters: filters},
		})
		return
	}
	s.call(&scheduler.Call{
		Type: scheduler.Call_ACCEPT.Enum(),
		Accept: &scheduler.Call_Accept{
			OfferIds: []*mesosv1.OfferID{offer.Id},
			Operations: []*mesosv1.Offer_Operation{{
				Type:   mesosv1.Offer_Operation_LAUNCH.Enum(),
				Launch: &mesosv1.Offer_Operation_Launch{TaskInfos: tasks},
			}},
			Filters: filters,
		},
	})
}

// fit takes instances of a role's jobs into an offer.
func (s *State) fit(r *role, offer *mesosv1.Offer) []*mesosv1.TaskInfo {
	pool := newPool(offer.GetResources())
	var tasks []*mesosv1.TaskInfo
	for _, j := range r.jobs {
		ask := demandOf(&j.record.Spec)
		for len(j.queue) > 0 {
			given, ports, ok := pool.take(ask)
			if !ok {
				break
			}
			i := j.queue[0]
			tasks = append(tasks, s.launch(j, i, offer.GetAgentId(), given, ports))
		}
	}
	if r.ready > 0 {
		r.offers++
		r.most = r.most.max(pool.free())
		for _, j := range r.jobs {
			if len(j.queue) > 0 {
				j.published = nil // what it waits for may read differently now
			}
		}
	}
	return tasks
}

// launch makes an instance's next task, and notes that it exists from now on.
func (s *State) launch(j *job, i int, agent *mesosv1.AgentID, given []*mesosv1.Resource, ports []uint64) *mesosv1.TaskInfo {
	inst := &j.record.Instances[i]
	if inst.State != "" {
		inst.Attempt++
	}
	inst.Task = taskID(&j.record, i, inst.Attempt)
	inst.Agent = agent.GetValue()
	inst.State = mesosv1.TaskState_TASK_STAGING.String()
	inst.Message = ""
	inst.Changed = s.now
	s.enterLaunched(j, i)
	s.watchTask(j, i, inst.Task)
	s.markDirty(j)
	return taskInfo(&j.record, i, agent, given, ports)
}

func taskInfo(record *reeveapi.Job, i int, agent *mesosv1.AgentID, given []*mesosv1.Resource, ports []uint64) *mesosv1.TaskInfo {
	spec := &record.Spec
	info := &mesosv1.TaskInfo{
		Name:      proto.String(spec.Name),
		TaskId:    &mesosv1.TaskID{Value: proto.String(record.Instances[i].Task)},
		AgentId:   agent,
		Resources: given,
		Command: &mesosv1.CommandInfo{
			Value:       proto.String(spec.Command),
			Shell:       proto.Bool(true),
			Environment: environment(spec, i, ports),
		},
		KillPolicy: &mesosv1.KillPolicy{GracePeriod: &mesosv1.DurationInfo{
			Nanoseconds: proto.Int64(int64(math.Round(spec.KillGraceSeconds * 1e9))),
		}},
		Labels: labels(spec),
	}
	if spec.User != "" {
		info.Command.User = proto.String(spec.User)
	}
	for _, uri := range spec.URIs {
		info.Command.Uris = append(info.Command.Uris, &mesosv1.CommandInfo_URI{Value: proto.String(uri)})
	}
	return info
}

func environment(spec *reeveapi.JobSpec, i int, ports []uint64) *mesosv1.Environment {
	env := &mesosv1.Environment{}
	set := func(name, value string) {
		env.Variables = append(env.Variables, &mesosv1.Environment_Variable{
			Name: proto.String(name), Type: mesosv1.Environment_Variable_VALUE.Enum(), Value: proto.String(value),
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
		all.Labels = append(all.Labels, &mesosv1.Label{Key: proto.String(name), Value: proto.String(spec.Labels[name])})
	}
	all.Labels = append(all.Labels, &mesosv1.Label{Key: proto.String(ownLabel + "job"), Value: proto.String(spec.Name)})
	return all
}
