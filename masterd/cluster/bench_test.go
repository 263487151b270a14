package cluster

import (
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/masterd/message"
	"codeberg.org/reeve/reeve/masterd/registry"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/resources"
)

// BenchmarkReregister is the work of a failover: agents that the registry knows come back, each with 50 tasks of 10
// frameworks.
func BenchmarkReregister(b *testing.B) {
	now := time.Unix(1_800_000_000, 0)
	reg := &registry.State{Agents: map[ids.Agent]registry.Agent{}}
	inputs := make([]AgentRegister, b.N)
	for i := range inputs {
		info := agentInfo(fmt.Sprintf("h%d", i), "cpus:64;mem:65536;disk:100000;ports:[31000-32000]")
		id := ids.Agent(fmt.Sprintf("old-S%d", i))
		info.Id = message.AgentID(id)
		reg.Agents[id] = registry.Agent{Info: info, Since: now}
		inputs[i] = AgentRegister{Conn: ConnID(i + 1), Register: &agentlink.Register{
			AgentInfo: info, HttpAddress: fmt.Sprintf("h%d:5051", i), BootId: "b",
		}}
		for j := range 50 {
			fw := fmt.Sprintf("old-%04d", j%10)
			inputs[i].Register.Tasks = append(inputs[i].Register.Tasks, reportedTask([]string{fw, fmt.Sprintf("t%d-%d", i, j), "RUNNING"}, id))
			if j < 10 {
				f := frameworkInfo("x", "aware")
				f.Id = message.FrameworkID(ids.Framework(fw))
				inputs[i].Register.Frameworks = append(inputs[i].Register.Frameworks, f)
			}
		}
	}
	s := New(Config{MasterID: "m"}, reg, now)
	b.ReportAllocs()
	b.ResetTimer()
	for _, in := range inputs {
		s.Step(now, in)
	}
}

// BenchmarkTask is one task's life on one of 1000 agents: accepted, running, finished, each acknowledged.
func BenchmarkTask(b *testing.B) {
	now := time.Unix(1_800_000_000, 0)
	s := New(Config{MasterID: "m"}, &registry.State{}, now)
	for i := range 1000 {
		host := fmt.Sprintf("h%d", i)
		for _, e := range s.Step(now, AgentRegister{Conn: ConnID(i + 1), Register: &agentlink.Register{
			AgentInfo: agentInfo(host, "cpus:64;mem:65536;disk:100000;ports:[31000-32000]"), HttpAddress: host + ":5051",
		}}) {
			if p, ok := e.(Persist); ok {
				s.Step(now, Persisted{Token: p.Token})
			}
		}
	}
	s.Step(now, Subscribe{Stream: "s", Call: &scheduler.Call{
		Type: scheduler.Call_SUBSCRIBE.Enum(), Subscribe: &scheduler.Call_Subscribe{FrameworkInfo: frameworkInfo("x", "aware")},
	}})
	call := func(c *scheduler.Call) {
		c.FrameworkId = message.FrameworkID("m-0000")
		s.Step(now, Call{Stream: "s", Call: c})
	}
	var offers []ids.Offer
	offer := func() ids.Offer {
		for len(offers) == 0 {
			for _, e := range s.Step(now, Tick{}) {
				if f, ok := e.(ToFramework); ok {
					for _, o := range f.Event.GetOffers().GetOffers() {
						offers = append(offers, ids.Offer(o.GetId().GetValue()))
					}
				}
			}
		}
		next := offers[0]
		offers = offers[1:]
		return next
	}
	uses := resources.MustParse("cpus:1;mem:32").Proto()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		o := s.book.Offers[offer()]
		on, id := o.Agent, fmt.Sprintf("t%d", i)
		call(&scheduler.Call{Type: scheduler.Call_ACCEPT.Enum(), Accept: &scheduler.Call_Accept{
			OfferIds: []*mesosv1.OfferID{message.OfferID(o.ID)}, Filters: &mesosv1.Filters{RefuseSeconds: proto.Float64(0)},
			Operations: []*mesosv1.Offer_Operation{{
				Type: mesosv1.Offer_Operation_LAUNCH.Enum(), Launch: &mesosv1.Offer_Operation_Launch{TaskInfos: []*mesosv1.TaskInfo{{
					Name: &id, TaskId: message.TaskID(id), AgentId: message.AgentID(on), Resources: uses,
					Command: &mesosv1.CommandInfo{Value: new("true")},
				}}},
			}},
		}})
		for _, state := range []mesosv1.TaskState{mesosv1.TaskState_TASK_RUNNING, mesosv1.TaskState_TASK_FINISHED} {
			s.Step(now, AgentUpdate{Conn: s.book.Agents[on].Conn, Update: &agentlink.StatusUpdate{
				FrameworkId: message.FrameworkID("m-0000"), LatestState: int32(state),
				Status: &mesosv1.TaskStatus{TaskId: message.TaskID(id), AgentId: message.AgentID(on), State: state.Enum(), Uuid: uuid("u")},
			}})
			call(&scheduler.Call{Type: scheduler.Call_ACKNOWLEDGE.Enum(), Acknowledge: &scheduler.Call_Acknowledge{
				AgentId: message.AgentID(on), TaskId: message.TaskID(id), Uuid: uuid("u"),
			}})
		}
	}
}

// BenchmarkView is a view after one task of 1000 has changed, among 100 frameworks.
func BenchmarkView(b *testing.B) {
	now := time.Unix(1_800_000_000, 0)
	s := New(Config{MasterID: "m"}, &registry.State{}, now)
	for i := range 100 {
		host := fmt.Sprintf("h%d", i)
		reg := &agentlink.Register{AgentInfo: agentInfo(host, "cpus:2000;mem:200000"), HttpAddress: host + ":5051"}
		reg.AgentInfo.Id = message.AgentID(ids.Agent(host))
		for j := range 1000 {
			fw := fmt.Sprintf("old-%04d", i)
			reg.Tasks = append(reg.Tasks, reportedTask([]string{fw, fmt.Sprintf("t%d", j), "RUNNING"}, ids.Agent(host)))
			f := frameworkInfo("x", "aware")
			f.Id = message.FrameworkID(ids.Framework(fw))
			reg.Frameworks = []*mesosv1.FrameworkInfo{f}
		}
		for _, e := range s.Step(now, AgentRegister{Conn: ConnID(i + 1), Register: reg}) {
			if p, ok := e.(Persist); ok {
				s.Step(now, Persisted{Token: p.Token})
			}
		}
	}
	s.View()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s.Step(now, AgentUpdate{Conn: 1, Update: &agentlink.StatusUpdate{
			FrameworkId: message.FrameworkID("old-0000"), LatestState: int32(mesosv1.TaskState_TASK_RUNNING),
			Status: &mesosv1.TaskStatus{TaskId: message.TaskID(fmt.Sprintf("t%d", i%1000)), State: mesosv1.TaskState_TASK_RUNNING.Enum(), Uuid: uuid("u")},
		}})
		if v := s.View(); len(v.Frameworks) != 100 {
			b.Fatal(len(v.Frameworks))
		}
	}
}
