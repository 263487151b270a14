package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/masterd/ledger"
	"codeberg.org/reeve/reeve/masterd/message"
	"codeberg.org/reeve/reeve/masterd/registry"
	"codeberg.org/reeve/reeve/masterd/roles"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/master"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/resources"
)

// TestTranscripts plays the files in testdata. Each is one behaviour: commands, and the effects they had. After every step
// the invariants are checked. Run with -rewrite and review the difference.
//
//	new [timeout=DUR] [limits]                           a new term, limits: role dev has at most 17 cpus; below it: agents of the registry, "ID HOST STANDING [deactivated] [draining] [drained] [then-gone] [begun=N]"
//	register conn= host= [id= boot= http= resources=]    below it: tasks, "FW TASK STATE [exec=]", frameworks, "framework FW NAME [caps]",
//	                                                     "has RESOURCES [ROLE=RESOURCES …]", what it has in total
//	history conn=                                        below it: what an agent remembers, see history_test.go
//	closed conn= [goodbye]                               an agent's stream ended
//	subscribe stream= [id= name= caps= role= roles= failover= suppressed= principal=]
//	fwclosed stream=                                     a framework's stream ended
//	call stream= [principal=]                            below it: the call in JSON; "FW" stands for the stream's framework
//	launch stream= offer= [refuse=]                      below it: tasks, "ID RESOURCES [exec=ID:RESOURCES]"
//	update conn= fw= task= state= [latest= uuid= data]
//	pulling conn= fw= task= done= total= [uri=]          how far the image of a task is, or what is fetched
//	drain|deactivate|reactivate|gone agent= who= [grace= then-gone]
//	persist fail|ok|hold                                 what becomes of writes from now on; ok also answers those held
//	weights [who=]                                       below it: "ROLE WEIGHT"
//	quota [force] [rule=missing|present] [who=]          below it: "ROLE [guarantee=cpus:1;mem:2] [limit=…]"
//	tick DUR                                             time goes by
//	show counts|on|off …                                 what is printed; view prints the View
func TestTranscripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		t.Helper()
		p := newPlayer(t)
		datadriven.RunTest(t, path, p.play)
	})
}

type player struct {
	t       *testing.T
	s       *State
	now     time.Time
	out     strings.Builder
	counts  []string
	show    map[string]bool
	persist string
	held    []uint64
	ticket  Ticket
	streams map[string]string   // framework of each stream
	sent    map[ConnID][]string // UUIDs of the operations that an agent was sent
}

func newPlayer(t *testing.T) *player {
	t.Helper()
	p := &player{
		t: t, now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), persist: "ok",
		show: map[string]bool{"people": true, "operators": true}, streams: map[string]string{},
		sent: map[ConnID][]string{},
	}
	p.start(Config{}, &registry.State{})
	return p
}

func (p *player) start(cfg Config, reg *registry.State) {
	cfg.MasterID = "m"
	cfg.MasterInfo = &mesosv1.MasterInfo{Id: new("m")}
	p.s = New(cfg, reg, p.now)
}

func (p *player) play(t *testing.T, d *datadriven.TestData) string {
	t.Helper()
	p.t = t
	p.out.Reset()
	switch d.Cmd {
	case "new":
		p.cmdNew(d)
	case "show":
		p.cmdShow(d)
	case "persist":
		p.persist = d.CmdArgs[0].Key
		if p.persist != "hold" {
			p.answerWrites()
		}
	case "tick":
		p.cmdTick(d)
	case "view":
		p.printView()
	case "operations":
		p.out.WriteString(p.operations())
	default:
		p.step(p.input(d))
	}
	p.settle()
	if len(p.counts) > 0 && p.show["counts"] {
		fmt.Fprintf(&p.out, "counts %s\n", strings.Join(p.counts, " "))
	}
	p.counts = nil
	return p.out.String()
}

func (p *player) input(d *datadriven.TestData) Input {
	switch d.Cmd {
	case "register":
		return p.register(d)
	case "closed":
		in := AgentClosed{Conn: ConnID(number(d, "conn"))}
		if d.HasArg("goodbye") {
			in.Goodbye = &agentlink.Goodbye{TasksEnded: true}
		}
		return in
	case "history":
		return p.history(d)
	case "subscribe":
		return p.subscribe(d)
	case "fwclosed":
		return FrameworkClosed{Stream: StreamID(arg(d, "stream", ""))}
	case "call":
		text := strings.ReplaceAll(d.Input, `"FW"`, `{"value":"`+p.streams[arg(d, "stream", "")]+`"}`)
		call := &scheduler.Call{}
		if err := (protojson.UnmarshalOptions{AllowPartial: true}).Unmarshal([]byte(text), call); err != nil {
			d.Fatalf(p.t, "%v", err)
		}
		return p.asCall(d, call)
	case "launch":
		return p.asCall(d, p.launch(d))
	case "update":
		return p.update(d)
	case "pulling":
		return TaskPulling{Conn: ConnID(number(d, "conn")), Pulling: &agentlink.Pulling{
			FrameworkId: message.FrameworkID(ids.Framework(arg(d, "fw", ""))), TaskId: &mesosv1.TaskID{Value: new(arg(d, "task", ""))},
			Done: int64(number(d, "done")), Total: int64(number(d, "total")), Uri: arg(d, "uri", ""),
		}}
	case "exited":
		return ExecutorExited{Conn: ConnID(number(d, "conn")), Exited: &agentlink.ExecutorExited{
			FrameworkId: message.FrameworkID(ids.Framework(arg(d, "fw", ""))), ExecutorId: message.ExecutorID(ids.Executor(arg(d, "exec", ""))),
			WaitStatus: int32(number(d, "status")), Command: d.HasArg("command"),
		}}
	case "message":
		return ExecutorToFramework{Conn: ConnID(number(d, "conn")), Message: &agentlink.FrameworkMessage{
			FrameworkId: message.FrameworkID(ids.Framework(arg(d, "fw", ""))), ExecutorId: message.ExecutorID(ids.Executor(arg(d, "exec", ""))),
			Data: []byte(arg(d, "data", "")),
		}}
	case "suspected":
		return AgentSuspected{Agent: ids.Agent(arg(d, "agent", ""))}
	case "teardown":
		return Teardown{Ticket: p.nextTicket(), Framework: ids.Framework(arg(d, "fw", "")), Who: arg(d, "who", "")}
	case "opkill":
		return OperatorKill{
			Ticket: p.nextTicket(), Task: ids.Task{Framework: ids.Framework(arg(d, "fw", "")), ID: arg(d, "task", "")},
			Who: arg(d, "who", ""),
		}
	case "weights":
		in := SetWeights{Ticket: p.nextTicket(), Weights: map[string]float64{}, Who: arg(d, "who", "")}
		for line := range strings.Lines(d.Input) {
			f := strings.Fields(line)
			in.Weights[f[0]], _ = strconv.ParseFloat(f[1], 64)
		}
		return in
	case "quota":
		return p.quota(d)
	case "drain":
		in := DrainAgent{Ticket: p.nextTicket(), Agent: ids.Agent(arg(d, "agent", "")), MarkGone: d.HasArg("then-gone"), Who: arg(d, "who", "")}
		if v := arg(d, "grace", ""); v != "" {
			grace, err := time.ParseDuration(v)
			if err != nil {
				d.Fatalf(p.t, "%v", err)
			}
			in.MaxGrace = &grace
		}
		return in
	case "deactivate":
		return DeactivateAgent{Ticket: p.nextTicket(), Agent: ids.Agent(arg(d, "agent", "")), Who: arg(d, "who", "")}
	case "rescind":
		return RescindOffer{Ticket: p.nextTicket(), Offer: ids.Offer(arg(d, "offer", "")), Who: arg(d, "who", "")}
	case "reactivate":
		return ReactivateAgent{Ticket: p.nextTicket(), Agent: ids.Agent(arg(d, "agent", "")), Who: arg(d, "who", "")}
	case "gone":
		return MarkGone{Ticket: p.nextTicket(), Agent: ids.Agent(arg(d, "agent", "")), Who: arg(d, "who", "")}
	}
	if d.Cmd == "maintain" {
		return p.maintainInput(d)
	}
	if in := p.operationInput(d); in != nil {
		return in
	}
	d.Fatalf(p.t, "unknown command %s", d.Cmd)
	return nil
}

func (p *player) nextTicket() Ticket { p.ticket++; return p.ticket }

func (p *player) asCall(d *datadriven.TestData, call *scheduler.Call) Input {
	return Call{Ticket: p.nextTicket(), Stream: StreamID(arg(d, "stream", "")), Call: call, Principal: arg(d, "principal", "")}
}

func arg(d *datadriven.TestData, key, fallback string) string {
	for _, a := range d.CmdArgs {
		if a.Key == key && len(a.Vals) > 0 {
			return strings.Join(a.Vals, ",")
		}
	}
	return fallback
}

func number(d *datadriven.TestData, key string) uint64 {
	n, err := strconv.ParseUint(arg(d, key, "0"), 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

func (p *player) cmdNew(d *datadriven.TestData) {
	cfg := Config{}
	if v := arg(d, "timeout", ""); v != "" {
		cfg.OfferTimeout, _ = time.ParseDuration(v)
	}
	if v := arg(d, "completed", ""); v != "" {
		cfg.CompletedFrameworks, _ = strconv.Atoi(v)
	}
	reg := &registry.State{Agents: map[ids.Agent]registry.Agent{}}
	for line := range strings.Lines(d.Input) {
		f := strings.Fields(line)
		standing := map[string]registry.Standing{"admitted": registry.Admitted, "unreachable": registry.Unreachable, "gone": registry.Gone}[f[2]]
		info := agentInfo(f[1], "cpus:8;mem:8192;disk:10240;ports:[31000-32000]")
		info.Id = message.AgentID(ids.Agent(f[0]))
		entry := registry.Agent{Info: info, Standing: standing, Since: p.now.Add(-time.Hour)}
		if more := f[3:]; len(more) > 0 {
			entry.Deactivated = true
			if drained := slices.Contains(more, "drained"); drained || slices.Contains(more, "draining") {
				entry.Drain = &registry.Drain{Since: p.now.Add(-time.Minute), Drained: drained, MarkGone: slices.Contains(more, "then-gone")}
				for _, word := range more {
					if begun, ok := strings.CutPrefix(word, "begun="); ok {
						entry.Drain.Begun, _ = strconv.Atoi(begun)
					}
				}
			}
		}
		reg.Agents[ids.Agent(f[0])] = entry
	}
	if d.HasArg("limits") {
		reg.Roles.Quotas = map[string]roles.Quota{"dev": {Limit: roles.Amounts{"cpus": 17_000}}}
	}
	p.start(cfg, reg)
}

func agentInfo(host, has string) *mesosv1.AgentInfo {
	return &mesosv1.AgentInfo{
		Hostname: new(host), Port: proto.Int32(5051), Resources: resources.MustParse(has).Proto(),
	}
}

func (p *player) register(d *datadriven.TestData) Input {
	host := arg(d, "host", "h1")
	reg := &agentlink.Register{
		Version: "0.1.0", BootId: arg(d, "boot", "b-"+host), HttpAddress: arg(d, "http", host+":5051"),
		AgentInfo: agentInfo(host, arg(d, "resources", "cpus:8;mem:8192;disk:10240;ports:[31000-32000]")),
	}
	id := arg(d, "id", "")
	if id != "" {
		reg.AgentInfo.Id = message.AgentID(ids.Agent(id))
	}
	for line := range strings.Lines(d.Input) {
		f := strings.Fields(line)
		switch f[0] {
		case "framework":
			info := frameworkInfo(f[2], strings.Join(f[3:], ","))
			info.Id = message.FrameworkID(ids.Framework(f[1]))
			info.FailoverTimeout = proto.Float64(60)
			reg.Frameworks = append(reg.Frameworks, info)
		case "has":
			total := resources.MustParse(f[1])
			for _, more := range f[2:] {
				role, text, _ := strings.Cut(more, "=")
				r, err := resources.FromProto(special(text, map[string]string{"role": role, "by": "pal"}))
				if err != nil {
					d.Fatalf(p.t, "%v", err)
				}
				total = total.Plus(r)
			}
			reg.Total = total.Proto()
		case "executor":
			reg.Executors = append(reg.Executors, &agentlink.Executor{
				FrameworkId: message.FrameworkID(ids.Framework(f[1])), Info: executorInfo(f[2], f[1], f[3]),
			})
		default:
			reg.Tasks = append(reg.Tasks, reportedTask(f, ids.Agent(id)))
		}
	}
	return AgentRegister{Conn: ConnID(number(d, "conn")), Register: reg, PeerIP: "10.0.0.9"}
}

func reportedTask(f []string, on ids.Agent) *agentlink.Task {
	uses := resources.MustParse("cpus:1;mem:128").Allocate("*").Proto()
	state := mesosv1.TaskState(mesosv1.TaskState_value["TASK_"+f[2]]).Enum()
	task := &mesosv1.Task{
		Name: new(f[1]), TaskId: message.TaskID(f[1]), FrameworkId: message.FrameworkID(ids.Framework(f[0])), AgentId: message.AgentID(on),
		State: state, Resources: uses, StatusUpdateState: state, StatusUpdateUuid: uuid("x"),
	}
	for _, more := range f[3:] {
		if id, ok := strings.CutPrefix(more, "exec="); ok {
			task.ExecutorId = message.ExecutorID(ids.Executor(id))
		}
		if s, ok := strings.CutPrefix(more, "forwarded="); ok {
			task.StatusUpdateState = mesosv1.TaskState(mesosv1.TaskState_value["TASK_"+s]).Enum()
		}
	}
	info := &mesosv1.TaskInfo{Name: task.Name, TaskId: task.TaskId, AgentId: task.AgentId, Resources: uses}
	if task.ExecutorId != nil && task.GetExecutorId().GetValue() != f[1] { // else it is a command task's own
		info.Executor = &mesosv1.ExecutorInfo{ExecutorId: task.ExecutorId}
	} else {
		info.Command = &mesosv1.CommandInfo{Value: new("true")}
	}
	return &agentlink.Task{Task: task, Info: info}
}

func executorInfo(id, fw, uses string) *mesosv1.ExecutorInfo {
	return &mesosv1.ExecutorInfo{
		ExecutorId: message.ExecutorID(ids.Executor(id)), FrameworkId: message.FrameworkID(ids.Framework(fw)),
		Command: &mesosv1.CommandInfo{Value: new("run")}, Resources: resources.MustParse(uses).Allocate("*").Proto(),
	}
}

func uuid(text string) []byte { return []byte((text + "................")[:16]) }

var capNames = map[string]mesosv1.FrameworkInfo_Capability_Type{
	"multi": mesosv1.FrameworkInfo_Capability_MULTI_ROLE, "aware": mesosv1.FrameworkInfo_Capability_PARTITION_AWARE,
	"refine": mesosv1.FrameworkInfo_Capability_RESERVATION_REFINEMENT, "gpu": mesosv1.FrameworkInfo_Capability_GPU_RESOURCES,
	"shared": mesosv1.FrameworkInfo_Capability_SHARED_RESOURCES,
}

func frameworkInfo(name, caps string) *mesosv1.FrameworkInfo {
	info := &mesosv1.FrameworkInfo{User: new("root"), Name: new(name)}
	for one := range strings.SplitSeq(caps, ",") {
		if kind, ok := capNames[one]; ok {
			info.Capabilities = append(info.Capabilities, &mesosv1.FrameworkInfo_Capability{Type: kind.Enum()})
		}
	}
	return info
}

func (p *player) subscribe(d *datadriven.TestData) Input {
	info := frameworkInfo(arg(d, "name", "fw"), arg(d, "caps", "aware"))
	if v := arg(d, "role", ""); v != "" {
		info.Role = new(v)
	}
	if v := arg(d, "roles", ""); v != "" {
		info.Roles = strings.Split(v, ",")
	}
	if v := arg(d, "failover", "60"); v != "" {
		seconds, err := strconv.ParseFloat(v, 64)
		if err != nil {
			d.Fatalf(p.t, "%v", err)
		}
		info.FailoverTimeout = new(seconds)
	}
	if v := arg(d, "user", ""); v != "" {
		info.User = new(v)
	}
	if v := arg(d, "fwprincipal", ""); v != "" {
		info.Principal = new(v)
	}
	call := &scheduler.Call{Type: scheduler.Call_SUBSCRIBE.Enum(), Subscribe: &scheduler.Call_Subscribe{FrameworkInfo: info}}
	if v := arg(d, "suppressed", ""); v != "" {
		call.Subscribe.SuppressedRoles = strings.Split(v, ",")
	}
	if v := arg(d, "id", ""); v != "" {
		info.Id = message.FrameworkID(ids.Framework(v))
		call.FrameworkId = info.Id
	}
	return Subscribe{Stream: StreamID(arg(d, "stream", "")), Call: call, Principal: arg(d, "principal", "")}
}

func (p *player) launch(d *datadriven.TestData) *scheduler.Call {
	fw := p.streams[arg(d, "stream", "")]
	accept := &scheduler.Call_Accept{}
	on := ids.Agent("none")
	for id := range strings.SplitSeq(arg(d, "offer", ""), ",") {
		accept.OfferIds = append(accept.OfferIds, message.OfferID(ids.Offer(id)))
		if o := p.s.book.Offers[ids.Offer(id)]; o != nil {
			on = o.Agent
		}
	}
	if v := arg(d, "refuse", ""); v != "" {
		seconds, _ := strconv.ParseFloat(v, 64)
		accept.Filters = &mesosv1.Filters{RefuseSeconds: new(seconds)}
	}
	op := &mesosv1.Offer_Operation{Type: mesosv1.Offer_Operation_LAUNCH.Enum(), Launch: &mesosv1.Offer_Operation_Launch{}}
	for line := range strings.Lines(d.Input) {
		f := strings.Fields(line)
		task := &mesosv1.TaskInfo{
			Name: new(f[0]), TaskId: message.TaskID(f[0]), AgentId: message.AgentID(on), Resources: resources.MustParse(f[1]).Proto(),
		}
		task.Command = &mesosv1.CommandInfo{Value: new("true")}
		if len(f) > 2 {
			id, uses, _ := strings.Cut(strings.TrimPrefix(f[2], "exec="), "=")
			task.Command = nil
			task.Executor = &mesosv1.ExecutorInfo{
				ExecutorId: message.ExecutorID(ids.Executor(id)), Command: &mesosv1.CommandInfo{Value: new("run")},
				Resources: resources.MustParse(uses).Proto(),
			}
		}
		op.Launch.TaskInfos = append(op.Launch.TaskInfos, task)
	}
	if v := arg(d, "group", ""); v != "" { // of tasks without an executor of their own
		op = &mesosv1.Offer_Operation{Type: mesosv1.Offer_Operation_LAUNCH_GROUP.Enum(), LaunchGroup: &mesosv1.Offer_Operation_LaunchGroup{
			Executor: &mesosv1.ExecutorInfo{
				Type: mesosv1.ExecutorInfo_DEFAULT.Enum(), ExecutorId: message.ExecutorID(ids.Executor(v)),
				Resources: resources.MustParse(arg(d, "uses", "cpus:0.1;mem:32;disk:32")).Proto(),
			},
			TaskGroup: &mesosv1.TaskGroupInfo{Tasks: op.GetLaunch().GetTaskInfos()},
		}}
	}
	accept.Operations = append(accept.Operations, op)
	return &scheduler.Call{
		Type: scheduler.Call_ACCEPT.Enum(), FrameworkId: message.FrameworkID(ids.Framework(fw)), Accept: accept,
	}
}

func (p *player) update(d *datadriven.TestData) Input {
	state := mesosv1.TaskState(mesosv1.TaskState_value["TASK_"+arg(d, "state", "")])
	latest := state
	if v := arg(d, "latest", ""); v != "" {
		latest = mesosv1.TaskState(mesosv1.TaskState_value["TASK_"+v])
	}
	a := p.s.book.Agents[p.s.conns[ConnID(number(d, "conn"))]]
	status := &mesosv1.TaskStatus{
		TaskId: message.TaskID(arg(d, "task", "")), State: state.Enum(), Source: mesosv1.TaskStatus_SOURCE_EXECUTOR.Enum(),
		Uuid: uuid(arg(d, "uuid", "u")), Timestamp: message.Seconds(p.now),
	}
	if a != nil {
		status.AgentId = message.AgentID(a.ID)
	}
	if v := arg(d, "data", ""); v != "" {
		status.Data = []byte(v)
	}
	if v := arg(d, "reason", ""); v != "" {
		status.Reason = mesosv1.TaskStatus_Reason(mesosv1.TaskStatus_Reason_value["REASON_"+v]).Enum()
		status.Source = mesosv1.TaskStatus_SOURCE_AGENT.Enum()
	}
	return AgentUpdate{Conn: ConnID(number(d, "conn")), Update: &agentlink.StatusUpdate{
		FrameworkId: message.FrameworkID(ids.Framework(arg(d, "fw", ""))), Status: status, LatestState: int32(latest),
	}}
}

func (p *player) cmdShow(d *datadriven.TestData) {
	for _, a := range d.CmdArgs {
		p.show[strings.TrimPrefix(a.Key, "no-")] = !strings.HasPrefix(a.Key, "no-")
	}
}

func (p *player) cmdTick(d *datadriven.TestData) {
	by, err := time.ParseDuration(d.CmdArgs[0].Key)
	if err != nil {
		d.Fatalf(p.t, "%v", err)
	}
	end := p.now.Add(by)
	for {
		next := p.s.Deadline()
		if next.IsZero() || next.After(end) {
			break
		}
		if next.After(p.now) {
			p.now = next
		}
		p.step(Tick{})
	}
	p.now = end
}

// settle lets the machine make its offers.
func (p *player) settle() {
	for range 100 {
		if d := p.s.Deadline(); d.IsZero() || d.After(p.now) {
			return
		}
		p.step(Tick{})
	}
	p.t.Fatalf("the machine wants to be ticked for ever, its deadline is %v at %v", p.s.Deadline(), p.now)
}

func (p *player) answerWrites() {
	held := p.held
	p.held = nil
	for _, token := range held {
		in := Persisted{Token: token}
		if p.persist == "fail" {
			in.Err = errors.New("no quorum")
		}
		p.step(in)
	}
}

func (p *player) step(in Input) {
	for _, e := range p.s.Step(p.now, in) {
		p.print(e)
	}
	if err := p.s.checkInvariants(); err != nil {
		p.t.Fatalf("after %s: %v", in.Kind(), err)
	}
	if p.persist != "hold" && len(p.held) > 0 {
		p.answerWrites()
	}
}

func (p *player) print(e Effect) {
	switch e := e.(type) {
	case ToAgent:
		if apply := e.Message.GetApplyOperation(); apply != nil {
			p.sent[e.Conn] = append(p.sent[e.Conn], string(apply.GetUuid()))
		}
		fmt.Fprintf(&p.out, "agent %d <- %s\n", e.Conn, agentText(e.Message))
	case CloseAgent:
		fmt.Fprintf(&p.out, "agent %d closed\n", e.Conn)
	case ToFramework:
		if id := e.Event.GetSubscribed().GetFrameworkId().GetValue(); id != "" {
			p.streams[string(e.Stream)] = id
		}
		if e.Event.GetType() != scheduler.Event_HEARTBEAT || p.show["heartbeats"] {
			fmt.Fprintf(&p.out, "%s <- %s\n", e.Stream, eventText(e.Event))
		}
	case CloseFramework:
		fmt.Fprintf(&p.out, "%s closed\n", e.Stream)
	case ToOperators:
		if p.show["operators"] {
			fmt.Fprintf(&p.out, "operators <- %s\n", operatorText(e.Event))
		}
	case Happened:
		if p.show["people"] {
			fmt.Fprintf(&p.out, "people <- %s %s %s\n", e.Event.Kind, e.Event.ID, strings.TrimSpace(e.Event.Text+" "+e.Event.Who))
		}
	case Count:
		p.counts = append(p.counts, strings.TrimPrefix(e.Name, "master/"))
	case Persist:
		for _, op := range e.Ops {
			fmt.Fprintf(&p.out, "persist %T %s\n", op, opAgent(op))
		}
		p.held = append(p.held, e.Token)
	case Reply:
		if e.Err == nil {
			fmt.Fprintf(&p.out, "reply ok\n")
		} else {
			fmt.Fprintf(&p.out, "reply %s: %v\n", fault.KindOf(e.Err), e.Err)
		}
	}
}

// quota reads "ROLE [guarantee=cpus:1;mem:2] [limit=…]" of each line.
func (p *player) quota(d *datadriven.TestData) Input {
	in := SetQuotas{
		Ticket: p.nextTicket(), Quotas: map[string]roles.Quota{}, Force: d.HasArg("force"), Who: arg(d, "who", ""),
		Rule: map[string]QuotaRule{"": QuotaEither, "missing": QuotaMissing, "present": QuotaPresent}[arg(d, "rule", "")],
	}
	for line := range strings.Lines(d.Input) {
		f := strings.Fields(line)
		q := roles.Quota{}
		for _, field := range f[1:] {
			what, text, _ := strings.Cut(field, "=")
			amounts := roles.AmountsOf(resources.MustParse(text))
			if what == "limit" {
				q.Limit = amounts
			} else {
				q.Guarantee = amounts
			}
		}
		in.Quotas[f[0]] = q
	}
	return in
}

func opAgent(op registry.Op) ids.Agent {
	switch op := op.(type) {
	case registry.AdmitAgent:
		return ids.Agent(op.Info.GetId().GetValue())
	case registry.MarkUnreachable:
		return op.Agent
	case registry.MarkGone:
		return op.Agent
	case registry.RemoveAgent:
		return op.Agent
	case registry.SetWeights:
		return ids.Agent(fmt.Sprint(op.Weights))
	case registry.SetQuotas:
		return ids.Agent(fmt.Sprint(op.Quotas))
	case registry.DeactivateAgent:
		return op.Agent
	case registry.ReactivateAgent:
		return op.Agent
	case registry.DrainAgent:
		return op.Agent
	case registry.AgentDrained:
		return op.Agent
	default:
		return "?"
	}
}

func agentText(m *agentlink.FromMaster) string {
	switch m := m.GetMessage().(type) {
	case *agentlink.FromMaster_Registered:
		text := "registered " + m.Registered.GetAgentId().GetValue()
		if d := m.Registered.GetDrain(); d != nil {
			text += " " + agentText(message.Drain(d))
		}
		return text
	case *agentlink.FromMaster_Drain:
		text := "drain"
		if m.Drain.MaxGraceNs != nil {
			text += " grace=" + time.Duration(m.Drain.GetMaxGraceNs()).String()
		}
		if m.Drain.GetMarkGone() {
			text += " then-gone"
		}
		if m.Drain.GetEnded() {
			text += " ended"
		}
		return text
	case *agentlink.FromMaster_RunTasks:
		text := "run " + m.RunTasks.GetFramework().GetId().GetValue()
		if e := m.RunTasks.GetExecutor(); e != nil {
			text += " executor=" + e.GetExecutorId().GetValue()
		}
		for _, t := range m.RunTasks.GetTasks() {
			r, err := resources.FromProto(t.GetResources())
			if err != nil {
				panic(err)
			}
			text += fmt.Sprintf(" %s{%s}", t.GetTaskId().GetValue(), r)
		}
		return text
	case *agentlink.FromMaster_ApplyOperation:
		return applyText(m.ApplyOperation)
	case *agentlink.FromMaster_AcknowledgeOperation:
		return "acknowledge operation " + strings.TrimRight(string(m.AcknowledgeOperation.GetStatusUuid()), ".")
	default:
		return compact(protojson.MarshalOptions{UseProtoNames: true}.Format(m2(m)))
	}
}

func m2(m any) proto.Message {
	switch m := m.(type) {
	case *agentlink.FromMaster_Refused:
		return &agentlink.FromMaster{Message: m}
	case *agentlink.FromMaster_KillTask:
		return &agentlink.FromMaster{Message: m}
	case *agentlink.FromMaster_Acknowledge:
		return &agentlink.FromMaster{Message: m}
	case *agentlink.FromMaster_ShutdownExecutor:
		return &agentlink.FromMaster{Message: m}
	case *agentlink.FromMaster_ShutdownFramework:
		return &agentlink.FromMaster{Message: m}
	case *agentlink.FromMaster_ExecutorMessage:
		return &agentlink.FromMaster{Message: m}
	case *agentlink.FromMaster_FrameworkUpdated:
		return &agentlink.FromMaster{Message: m}
	default:
		panic(fmt.Sprintf("%T", m))
	}
}

func compact(text string) string {
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		panic(err)
	}
	out, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(out)
}

func eventText(e *scheduler.Event) string {
	switch e.GetType() {
	case scheduler.Event_SUBSCRIBED:
		return "SUBSCRIBED " + e.GetSubscribed().GetFrameworkId().GetValue()
	case scheduler.Event_OFFERS:
		text := "OFFERS"
		for _, o := range e.GetOffers().GetOffers() {
			r, err := resources.FromProto(o.GetResources())
			if err != nil {
				panic(err)
			}
			text += fmt.Sprintf(" %s{%s %s", o.GetId().GetValue(), o.GetAgentId().GetValue(), r)
			for _, id := range o.GetExecutorIds() {
				text += " executor=" + id.GetValue()
			}
			text += "}"
		}
		return text
	case scheduler.Event_UPDATE:
		s := e.GetUpdate().GetStatus()
		text := fmt.Sprintf("UPDATE %s %s %s", s.GetTaskId().GetValue(), s.GetState(), s.GetSource())
		if s.Reason != nil {
			text += " " + s.GetReason().String()
		}
		if s.AgentId != nil {
			text += " agent=" + s.GetAgentId().GetValue()
		}
		if s.ExecutorId != nil {
			text += " executor=" + s.GetExecutorId().GetValue()
		}
		if s.Uuid != nil {
			text += " uuid=" + strings.TrimRight(string(s.GetUuid()), ".")
		}
		if s.Data != nil {
			text += " data=" + string(s.GetData())
		}
		if s.UnreachableTime != nil {
			text += " unreachable=" + time.Unix(0, s.GetUnreachableTime().GetNanoseconds()).UTC().Format("15:04:05")
		}
		if s.Message != nil {
			text += fmt.Sprintf(" %q", s.GetMessage())
		}
		return text
	case scheduler.Event_UPDATE_OPERATION_STATUS:
		return operationText(e.GetUpdateOperationStatus().GetStatus())
	default:
		return compact(protojson.MarshalOptions{UseProtoNames: true}.Format(e))
	}
}

func operatorText(e *master.Event) string {
	switch e.GetType() {
	case master.Event_TASK_ADDED:
		t := e.GetTaskAdded().GetTask()
		return fmt.Sprintf("TASK_ADDED %s %s", t.GetTaskId().GetValue(), t.GetState())
	case master.Event_TASK_UPDATED:
		u := e.GetTaskUpdated()
		return fmt.Sprintf("TASK_UPDATED %s %s status=%s", u.GetStatus().GetTaskId().GetValue(), u.GetState(), u.GetStatus().GetState())
	case master.Event_AGENT_ADDED:
		return "AGENT_ADDED " + e.GetAgentAdded().GetAgent().GetAgentInfo().GetId().GetValue()
	case master.Event_AGENT_REMOVED:
		return "AGENT_REMOVED " + e.GetAgentRemoved().GetAgentId().GetValue()
	case master.Event_FRAMEWORK_ADDED:
		return "FRAMEWORK_ADDED " + e.GetFrameworkAdded().GetFramework().GetFrameworkInfo().GetId().GetValue()
	case master.Event_FRAMEWORK_UPDATED:
		return "FRAMEWORK_UPDATED " + e.GetFrameworkUpdated().GetFramework().GetFrameworkInfo().GetId().GetValue()
	case master.Event_FRAMEWORK_REMOVED:
		return "FRAMEWORK_REMOVED " + e.GetFrameworkRemoved().GetFrameworkInfo().GetId().GetValue()
	default:
		return e.GetType().String()
	}
}

var (
	agentStates     = [...]string{"recovered", "active", "disconnected", "unreachable", "gone"}
	frameworkStates = [...]string{"active", "inactive", "recovered", "completed"}
)

func (p *player) printView() {
	v := p.s.View()
	for _, id := range ledger.SortedKeys(v.Agents) {
		a := v.Agents[id]
		fmt.Fprintf(&p.out, "agent %s %s allocated{%s} offered{%s}", id, agentStates[a.State], a.Allocated, a.Offered)
		if a.Deactivated {
			fmt.Fprint(&p.out, " deactivated")
		}
		if a.Drain != nil {
			fmt.Fprintf(&p.out, " %s", a.Drain.Proto().GetState())
			if a.Drain.Begun > 0 {
				fmt.Fprintf(&p.out, " %d of %d left", a.Tasks, a.Drain.Begun)
			}
		}
		for _, fw := range ledger.SortedKeys(a.Executors) {
			fmt.Fprintf(&p.out, " executors{%s %v}", fw, ledger.SortedKeys(a.Executors[fw]))
		}
		fmt.Fprintln(&p.out)
	}
	for _, id := range ledger.SortedKeys(v.Frameworks) {
		p.printFramework(v.Frameworks[id])
	}
	for _, f := range v.Completed {
		p.printFramework(f)
	}
}

func (p *player) printFramework(f *Framework) {
	fmt.Fprintf(&p.out, "framework %s %s roles=%v suppressed=%v allocated{%s} offered{%s}\n",
		f.ID, frameworkStates[f.State], f.Roles, ledger.SortedKeys(f.Suppressed), f.Allocated, f.Offered)
	for _, id := range ledger.SortedKeys(f.Tasks) {
		p.printTask("task", f.Tasks[id])
	}
	for _, t := range f.Unreachable {
		p.printTask("unreachable", t)
	}
	for _, t := range f.Ended {
		p.printTask("ended", t)
	}
}

func (p *player) printTask(where string, t *Task) {
	fmt.Fprintf(&p.out, "  %s %s %s latest=%s on=%s", where, t.ID.ID, t.State, t.Latest, t.Agent)
	if t.Executor != "" {
		fmt.Fprintf(&p.out, " executor=%s", t.Executor)
	}
	if t.PullTotal > 0 {
		fmt.Fprintf(&p.out, " pulled=%d/%d", t.Pulled, t.PullTotal)
	}
	if t.Fetched != "" {
		fmt.Fprintf(&p.out, " of=%s", t.Fetched)
	}
	for _, s := range t.Statuses {
		fmt.Fprintf(&p.out, " %s", s.GetState())
		if s.Data != nil {
			fmt.Fprint(&p.out, "+data")
		}
	}
	fmt.Fprintln(&p.out)
}
