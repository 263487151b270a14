package cluster

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/masterd/ledger"
	"codeberg.org/reeve/reeve/masterd/message"
	"codeberg.org/reeve/reeve/masterd/registry"
	"codeberg.org/reeve/reeve/masterd/roles"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/resources"
)

// FuzzCluster turns bytes into inputs: agents, frameworks and operators that follow the protocol only now and then. After
// every step the invariants hold, and nothing panics.
func FuzzCluster(f *testing.F) {
	f.Add([]byte("registering, subscribing, launching"))
	f.Fuzz(func(t *testing.T, data []byte) { newChaos(t, data[:min(len(data), 4000)]).run() }) // longer ones find nothing new
}

// TestRandomInputs runs the fuzz target on bytes that are new every time; a failure prints its seed.
func TestRandomInputs(t *testing.T) {
	for range 40 {
		seed := rand.Uint64()
		random := rand.New(rand.NewPCG(seed, 1))
		data := make([]byte, 1500)
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		if !t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) { newChaos(t, data).run() }) {
			return
		}
	}
}

// chaos draws decisions from bytes.
type chaos struct {
	t       *testing.T
	data    []byte
	s       *State
	now     time.Time
	conns   ConnID
	streams int
	open    []StreamID
	writes  []uint64
	ops     map[uint64][]registry.Op // of writes
	reg     *registry.State          // what was written
	terms   int
	failed  bool                         // a write of this term failed: it would end
	reports map[ids.Task]*agentlink.Task // what agents would report
}

func newChaos(t *testing.T, data []byte) *chaos {
	t.Helper()
	c := &chaos{
		t: t, data: data, now: time.Unix(1_800_000_000, 0), reports: map[ids.Task]*agentlink.Task{}, ops: map[uint64][]registry.Op{},
	}
	reg := &registry.State{Agents: map[ids.Agent]registry.Agent{}}
	for i, standing := range []registry.Standing{registry.Admitted, registry.Admitted, registry.Unreachable, registry.Gone} {
		info := agentInfo(fmt.Sprintf("h%d", i), "cpus:4;mem:1024;disk:200;ports:[1-20]")
		id := ids.Agent(fmt.Sprintf("old-S%d", i))
		info.Id = message.AgentID(id)
		reg.Agents[id] = registry.Agent{Info: info, Standing: standing, Since: c.now}
	}
	c.reg = reg
	c.elect()
	return c
}

// elect begins a term with what was written before. A write that nobody was told of may have been made.
func (c *chaos) elect() {
	for _, token := range c.writes {
		if c.draw(2) == 0 {
			c.reg = c.reg.Apply(c.ops[token]...)
		}
	}
	c.terms++
	c.writes, c.open, c.failed = nil, nil, false
	c.s = New(Config{
		MasterID: ids.Master(fmt.Sprintf("m%d", c.terms)), OfferTimeout: 40 * time.Second,
		CompletedFrameworks: 3, CompletedTasks: 4, UnreachableTasks: 3,
	}, c.reg, c.now)
}

// checkRegistry says that what operators said of agents is in the books as it was written, and that drains end.
func (c *chaos) checkRegistry() {
	for id, a := range c.s.book.Agents {
		entry, ok := c.reg.Agents[id]
		if a.Writing || a.State == AgentGone { // what a gone one was is of no use
			continue
		}
		if !ok || a.Deactivated != entry.Deactivated || !reflect.DeepEqual((*registry.Drain)(a.Drain), entry.Drain) {
			c.t.Fatalf("agent %s: deactivated %v, drain %+v; the registry has %+v", id, a.Deactivated, a.Drain, entry)
		}
		if a.Drain != nil && !a.Drain.Drained && len(a.Tasks) == 0 && !c.s.book.Operates(id) && a.Present() && !c.s.isAdmitting(id) && !c.failed {
			c.t.Fatalf("agent %s: nothing is left on it, and its drain goes on", id)
		}
	}
}

func (c *chaos) draw(n int) int {
	if len(c.data) == 0 || n <= 0 {
		return 0
	}
	b := c.data[0]
	c.data = c.data[1:]
	return int(b) % n
}

func (c *chaos) run() {
	for len(c.data) > 0 {
		c.step(c.input())
		if c.draw(3) > 0 {
			for i := 0; i < 5 && !c.s.Deadline().IsZero() && !c.s.Deadline().After(c.now); i++ {
				c.step(Tick{})
			}
		}
	}
}

func (c *chaos) step(in Input) {
	for _, e := range c.s.Step(c.now, in) {
		switch e := e.(type) {
		case Persist:
			c.writes = append(c.writes, e.Token)
			c.ops[e.Token] = e.Ops
		case ToAgent:
			c.remember(e.Message.GetRunTasks())
		}
	}
	if err := c.s.checkInvariants(); err != nil {
		c.t.Fatalf("after %s %+v: %v", in.Kind(), in, err)
	}
	c.checkRegistry()
	c.checkHoldings()
}

func (c *chaos) remember(run *agentlink.RunTasks) {
	for _, info := range run.GetTasks() {
		fw := run.GetFramework().GetId()
		c.reports[ids.Task{Framework: ids.Framework(fw.GetValue()), ID: info.GetTaskId().GetValue()}] = &agentlink.Task{
			Info: info, Task: &mesosv1.Task{
				Name: info.Name, TaskId: info.TaskId, FrameworkId: fw, AgentId: info.AgentId, Resources: info.Resources,
				ExecutorId: info.GetExecutor().GetExecutorId(),
			},
		}
	}
}

func (c *chaos) input() Input {
	switch c.draw(19) {
	case 16:
		return c.operated()
	case 17:
		return c.operate()
	case 18:
		return c.maintain()
	case 0, 1:
		return c.agentRegister()
	case 2:
		in := AgentClosed{Conn: c.anyConn()}
		if c.draw(4) == 0 {
			in.Goodbye = &agentlink.Goodbye{TasksEnded: c.draw(2) == 0}
		}
		return in
	case 3:
		return c.subscribe()
	case 4:
		return FrameworkClosed{Stream: c.anyStream()}
	case 5, 6, 7:
		return c.accept()
	case 8, 9:
		return c.update()
	case 10:
		if c.draw(4) == 0 {
			return c.history()
		}
		return c.otherCall()
	case 11, 12:
		if len(c.writes) > 0 {
			i := c.draw(len(c.writes))
			in := Persisted{Token: c.writes[i]}
			c.writes = append(c.writes[:i], c.writes[i+1:]...)
			if c.draw(6) == 0 {
				in.Err, c.failed = errors.New("no quorum"), true
			} else {
				c.reg = c.reg.Apply(c.ops[in.Token]...)
			}
			return in
		}
	case 13:
		if c.draw(12) == 0 {
			c.elect()
			break
		}
		c.now = c.now.Add([]time.Duration{time.Millisecond, time.Second, 20 * time.Second, 80 * time.Second, 15 * time.Minute}[c.draw(5)])
	case 14:
		switch c.draw(8) {
		case 5:
			return DeactivateAgent{Ticket: 1, Agent: c.anyAgent(), Who: "ann"}
		case 6:
			return ReactivateAgent{Ticket: 1, Agent: c.anyAgent(), Who: "ann"}
		case 7:
			return DrainAgent{Ticket: 1, Agent: c.anyAgent(), MarkGone: c.draw(3) == 0, Who: "ann"}
		case 0:
			return AgentSuspected{Agent: c.anyAgent()}
		case 1:
			return MarkGone{Ticket: 1, Agent: c.anyAgent(), Who: "ann"}
		case 2:
			return Teardown{Ticket: 1, Framework: c.anyFramework(), Who: "ann"}
		case 3:
			role := []string{"*", "a", "a/b", "b"}[c.draw(4)]
			return SetWeights{Ticket: 1, Weights: map[string]float64{role: float64(1 + c.draw(5))}, Who: "ann"}
		}
		if c.draw(2) == 0 {
			amount := roles.Amounts{"cpus": resources.Milli(c.draw(9) * 1000)}
			q := []roles.Quota{{}, {Guarantee: amount}, {Limit: amount}}[c.draw(3)]
			return SetQuotas{Ticket: 1, Quotas: map[string]roles.Quota{[]string{"*", "a", "b"}[c.draw(3)]: q}, Force: c.draw(2) == 0, Who: "ann"}
		}
		return OperatorKill{Ticket: 1, Task: c.anyTask(), Who: "ann"}
	case 15:
		id := c.anyTask()
		return ExecutorExited{Conn: c.anyConn(), Exited: &agentlink.ExecutorExited{
			FrameworkId: message.FrameworkID(id.Framework), ExecutorId: message.ExecutorID("e"), Command: c.draw(3) == 0,
		}}
	}
	return Tick{}
}

func pick[K ids.Agent | ids.Framework | ids.Offer, V any](c *chaos, m map[K]V) K {
	keys := ledger.SortedKeys(m)
	if len(keys) == 0 {
		return "none"
	}
	return keys[c.draw(len(keys))]
}

func (c *chaos) anyAgent() ids.Agent         { return pick(c, c.s.book.Agents) }
func (c *chaos) anyFramework() ids.Framework { return pick(c, c.s.book.Frameworks) }

func (c *chaos) anyConn() ConnID { return ConnID(c.draw(int(c.conns) + 2)) }

func (c *chaos) anyStream() StreamID {
	if len(c.open) == 0 {
		return "none"
	}
	return c.open[c.draw(len(c.open))]
}

func (c *chaos) anyTask() ids.Task {
	keys := ledger.SortedTasks(c.reports)
	if len(keys) == 0 {
		return ids.Task{Framework: "none", ID: "none"}
	}
	return keys[c.draw(len(keys))]
}

func (c *chaos) agentRegister() Input {
	c.conns++
	host := fmt.Sprintf("h%d", c.draw(6))
	reg := &agentlink.Register{
		BootId: fmt.Sprint(c.draw(2)), HttpAddress: "10.0.0." + host[1:] + ":5051",
		AgentInfo: agentInfo(host, []string{"cpus:4;mem:1024;disk:200;ports:[1-20]", "cpus:2;mem:512"}[c.draw(5)/4]),
	}
	if c.draw(3) > 0 {
		id := c.anyAgent()
		if a := c.s.book.Agents[id]; a != nil && c.draw(8) > 0 {
			reg.AgentInfo.Hostname, reg.HttpAddress = a.Info.Hostname, "10.0.0."+a.Info.GetHostname()[1:]+":5051"
		}
		reg.AgentInfo.Id = message.AgentID(id)
		if a := c.s.book.Agents[id]; a != nil {
			reg.Total = c.has(a, reg.AgentInfo)
		}
	}
	seen := map[ids.Framework]bool{}
	for range c.draw(5) {
		id := c.anyTask()
		if c.reports[id] == nil {
			break
		}
		t := proto.CloneOf(c.reports[id])
		t.Task.State = c.state().Enum()
		if reservedToOthers(reg, t.Task) {
			continue
		}
		reg.Tasks = append(reg.Tasks, t)
		if !seen[id.Framework] && c.draw(10) > 0 {
			seen[id.Framework] = true
			info := frameworkInfo("x", "aware")
			info.Id = message.FrameworkID(id.Framework)
			reg.Frameworks = append(reg.Frameworks, info)
		}
		if t.Task.ExecutorId != nil && c.draw(3) > 0 {
			reg.Executors = append(reg.Executors, &agentlink.Executor{
				FrameworkId: message.FrameworkID(id.Framework), Info: executorInfo("e", string(id.Framework), holds(reg)),
			})
		}
	}
	return AgentRegister{Conn: c.conns, Register: reg, PeerIP: "10.0.0.1"}
}

// holds is what an executor has, as far as an agent may say so: no ports that it has not. Of a scalar it may say that more is
// used than there is; of a set it would take back what was never given.
func holds(reg *agentlink.Register) string {
	if ports, err := resources.Parse("ports:[1-3]", "*"); err == nil && saidTotal(reg).Contains(ports) {
		return "cpus:0.5;ports:[1-3]"
	}
	return "cpus:0.5"
}

// reservedToOthers says whether an agent says that a task uses ports which it has reserved to somebody else. None does: what is
// used is not on offer, and only what is on offer can be reserved.
func reservedToOthers(reg *agentlink.Register, task *mesosv1.Task) bool {
	uses, err := resources.FromProto(task.Resources)
	if err != nil {
		return true
	}
	total := saidTotal(reg)
	return slices.ContainsFunc(uses.Unallocate().Split(), func(one resources.Resources) bool {
		return !total.Contains(one) && slices.ContainsFunc(one.Ranges("ports"), func(used resources.Range) bool {
			return slices.ContainsFunc(total.Ranges("ports"), func(has resources.Range) bool { return used.Begin <= has.End && has.Begin <= used.End })
		})
	})
}

// saidTotal is what an agent says it has; nothing if that makes no sense.
func saidTotal(reg *agentlink.Register) resources.Resources {
	list := reg.Total
	if list == nil {
		list = reg.AgentInfo.Resources
	}
	total, err := resources.FromProto(list)
	if err != nil {
		return resources.Resources{}
	}
	return total
}

func (c *chaos) state() mesosv1.TaskState {
	return []mesosv1.TaskState{
		mesosv1.TaskState_TASK_STARTING, mesosv1.TaskState_TASK_RUNNING, mesosv1.TaskState_TASK_KILLING,
		mesosv1.TaskState_TASK_FINISHED, mesosv1.TaskState_TASK_FAILED, mesosv1.TaskState_TASK_LOST,
	}[c.draw(6)]
}

func (c *chaos) subscribe() Input {
	c.streams++
	stream := StreamID(fmt.Sprintf("s%d", c.streams))
	c.open = append(c.open, stream)
	info := frameworkInfo("x", []string{"aware", "", "aware,multi,refine", "multi"}[c.draw(4)])
	if ledger.CapabilitiesOf(info).MultiRole {
		info.Roles = [][]string{{"*"}, {"a", "b"}, {"a/b", "a"}, {}}[c.draw(4)]
	}
	info.FailoverTimeout = new([]float64{0, 10, 1000}[c.draw(3)])
	call := &scheduler.Call{Type: scheduler.Call_SUBSCRIBE.Enum(), Subscribe: &scheduler.Call_Subscribe{FrameworkInfo: info}}
	if c.draw(2) == 0 {
		info.Id = message.FrameworkID(c.anyFramework())
		call.FrameworkId = info.Id
	}
	return Subscribe{Stream: stream, Call: call}
}

func (c *chaos) call(f ids.Framework, call *scheduler.Call) Input {
	call.FrameworkId = message.FrameworkID(f)
	stream := c.anyStream()
	if fw := c.s.book.Frameworks[f]; fw != nil {
		stream = fw.Stream
	}
	return Call{Ticket: 1, Stream: stream, Call: call}
}

func (c *chaos) accept() Input {
	accept := &scheduler.Call_Accept{Filters: &mesosv1.Filters{RefuseSeconds: new([]float64{0, 5, -1, 100}[c.draw(4)])}}
	var f ids.Framework
	on := ids.Agent("none")
	for range 1 + c.draw(2) {
		id := pick(c, c.s.book.Offers)
		if o := c.s.book.Offers[id]; o != nil && (f == "" || c.draw(4) == 0) {
			f, on = o.Framework, o.Agent
		}
		accept.OfferIds = append(accept.OfferIds, message.OfferID(id))
	}
	if o := c.s.book.Offers[ids.Offer(accept.GetOfferIds()[0].GetValue())]; o != nil {
		accept.Operations = c.operations(o.Resources, o.Role)
	}
	launch := &mesosv1.Offer_Operation_Launch{}
	for range c.draw(4) {
		id := fmt.Sprintf("t%d", c.draw(8))
		uses := []string{"cpus:1;mem:100", "cpus:0.5;ports:[1-2]", "mem:400;ports:[2-9]", "cpus:9"}[c.draw(4)]
		task := &mesosv1.TaskInfo{Name: new(id), TaskId: message.TaskID(id), AgentId: message.AgentID(on), Resources: resources.MustParse(uses).Proto()}
		if c.draw(3) == 0 {
			task.Executor = &mesosv1.ExecutorInfo{
				ExecutorId: message.ExecutorID("e"), Command: &mesosv1.CommandInfo{Value: new("x")},
				Resources: resources.MustParse([]string{"cpus:0.5;ports:[1-3]", "cpus:0.2"}[c.draw(5)/4]).Proto(),
			}
		} else {
			task.Command = &mesosv1.CommandInfo{Value: new("x")}
		}
		launch.TaskInfos = append(launch.TaskInfos, task)
	}
	if len(launch.TaskInfos) > 0 {
		accept.Operations = append(accept.Operations, &mesosv1.Offer_Operation{Type: mesosv1.Offer_Operation_LAUNCH.Enum(), Launch: launch})
	}
	return c.call(f, &scheduler.Call{Type: scheduler.Call_ACCEPT.Enum(), Accept: accept})
}

func (c *chaos) update() Input {
	id := c.anyTask()
	conn := c.anyConn()
	if f := c.s.book.Frameworks[id.Framework]; f != nil && f.Tasks[id.ID] != nil && c.draw(8) > 0 {
		t := f.Tasks[id.ID]
		conn = c.s.book.Agents[t.Agent].Conn
		if c.draw(3) == 0 { // acknowledge instead
			return c.call(id.Framework, &scheduler.Call{Type: scheduler.Call_ACKNOWLEDGE.Enum(), Acknowledge: &scheduler.Call_Acknowledge{
				AgentId: message.AgentID(t.Agent), TaskId: message.TaskID(id.ID), Uuid: uuid(fmt.Sprint(c.draw(2))),
			}})
		}
	}
	return AgentUpdate{Conn: conn, Update: &agentlink.StatusUpdate{
		FrameworkId: message.FrameworkID(id.Framework), LatestState: int32(c.state()),
		Status: &mesosv1.TaskStatus{TaskId: message.TaskID(id.ID), State: c.state().Enum(), Uuid: uuid(fmt.Sprint(c.draw(2)))},
	}}
}

func (c *chaos) otherCall() Input {
	f := c.anyFramework()
	id := c.anyTask()
	switch c.draw(8) {
	case 0:
		return c.call(f, &scheduler.Call{Type: scheduler.Call_TEARDOWN.Enum()})
	case 1:
		return c.call(f, &scheduler.Call{Type: scheduler.Call_REVIVE.Enum()})
	case 2:
		return c.call(f, &scheduler.Call{Type: scheduler.Call_SUPPRESS.Enum(), Suppress: &scheduler.Call_Suppress{Roles: []string{"a"}}})
	case 3:
		return c.call(id.Framework, &scheduler.Call{Type: scheduler.Call_KILL.Enum(), Kill: &scheduler.Call_Kill{TaskId: message.TaskID(id.ID)}})
	case 4:
		return c.call(id.Framework, &scheduler.Call{Type: scheduler.Call_RECONCILE.Enum(), Reconcile: &scheduler.Call_Reconcile{
			Tasks: []*scheduler.Call_Reconcile_Task{{TaskId: message.TaskID(id.ID)}, {TaskId: message.TaskID("x"), AgentId: message.AgentID(c.anyAgent())}},
		}})
	case 5:
		return c.call(f, &scheduler.Call{Type: scheduler.Call_RECONCILE.Enum(), Reconcile: &scheduler.Call_Reconcile{}})
	case 6:
		info := frameworkInfo("new", "multi")
		info.Id, info.Roles = message.FrameworkID(f), []string{"a", "c"}
		return c.call(f, &scheduler.Call{Type: scheduler.Call_UPDATE_FRAMEWORK.Enum(), UpdateFramework: &scheduler.Call_UpdateFramework{FrameworkInfo: info}})
	}
	return c.call(f, &scheduler.Call{Type: scheduler.Call_DECLINE.Enum(), Decline: &scheduler.Call_Decline{
		OfferIds: []*mesosv1.OfferID{message.OfferID(pick(c, c.s.book.Offers))},
	}})
}
