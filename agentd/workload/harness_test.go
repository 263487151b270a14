package workload

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"codeberg.org/reeve/reeve/agentd/launch"
	"codeberg.org/reeve/reeve/agentd/record"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/executor"
)

var epoch = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// counter is a source of uuids that can be told apart in transcripts.
type counter struct{ n uint32 }

func (c *counter) uuid() (u uuid.UUID) {
	c.n++
	binary.BigEndian.PutUint32(u[:], c.n)
	return u
}

func number(uuid []byte) uint32 {
	if len(uuid) < 4 {
		return 0
	}
	return binary.BigEndian.Uint32(uuid)
}

func testConfig(uuids *counter) Config {
	return Config{
		Register: &agentlink.Register{
			LinkVersion: 1,
			AgentInfo:   &mesosv1.AgentInfo{Hostname: new("host1"), Port: new(int32(5051))},
			HostBootId:  "boot-1",
		},
		IP: "10.0.0.1", Launch: launch.Host{HTTP: "10.0.0.1:5051", WorkDir: "/work", SwitchUser: true},
		RegistrationTimeout: time.Minute, ReregistrationTimeout: 15 * time.Second,
		ShutdownGrace: 5 * time.Second, KillGrace: 3 * time.Second,
		UpdateRetry: 10 * time.Second, UpdateRetryMax: 10 * time.Minute,
		NewUUID: uuids.uuid,
	}
}

func frameworkInfo(id string, capabilities ...mesosv1.FrameworkInfo_Capability_Type) *mesosv1.FrameworkInfo {
	info := &mesosv1.FrameworkInfo{User: new("root"), Name: new(id), Id: &mesosv1.FrameworkID{Value: &id}}
	for _, c := range capabilities {
		info.Capabilities = append(info.Capabilities, &mesosv1.FrameworkInfo_Capability{Type: c.Enum()})
	}
	return info
}

func scalar(name string, value float64) *mesosv1.Resource {
	return &mesosv1.Resource{
		Name: &name, Type: mesosv1.Value_SCALAR.Enum(), Scalar: &mesosv1.Value_Scalar{Value: &value},
		AllocationInfo: &mesosv1.Resource_AllocationInfo{Role: new("dev")},
	}
}

func amounts(cpus, mem float64) []*mesosv1.Resource {
	return []*mesosv1.Resource{scalar("cpus", cpus), scalar("mem", mem)}
}

func taskInfo(id, command string) *mesosv1.TaskInfo {
	info := &mesosv1.TaskInfo{
		Name: new(id), TaskId: &mesosv1.TaskID{Value: &id}, AgentId: &mesosv1.AgentID{Value: new("S0")},
		Resources: amounts(0.5, 64),
	}
	if command != "" {
		info.Command = &mesosv1.CommandInfo{Value: &command}
	}
	return info
}

func executorInfo(id string) *mesosv1.ExecutorInfo {
	return &mesosv1.ExecutorInfo{
		ExecutorId: &mesosv1.ExecutorID{Value: &id}, Command: &mesosv1.CommandInfo{Value: new("./executor")},
		Resources: amounts(0.1, 32),
	}
}

// effectText writes an effect as one line, "" for those that transcripts leave out.
func effectText(eff Effect) string {
	switch eff := eff.(type) {
	case Save:
		return saveText(eff)
	case Send:
		return "master <- " + fromAgentText(eff.Message)
	case ToExecutor:
		return fmt.Sprintf("stream %d <- %s", eff.Stream, eventText(eff.Event))
	case CloseExecutor:
		return fmt.Sprintf("close stream %d", eff.Stream)
	case Reply:
		return fmt.Sprintf("reply %d: %v", eff.Ticket, eff.Err)
	case Start:
		image := ""
		if eff.Image != nil {
			image = " in " + eff.Image.Ask.Name
		}
		text := fmt.Sprintf("start %s:%s %q user=%s cpus=%g mem=%dMB", short(eff.Spec.ID), image, eff.Spec.Argv, eff.Spec.User, eff.Spec.Limits.CPUs, eff.Spec.Limits.MemBytes>>20)
		for _, v := range eff.Images {
			text += " with " + v.Ask.Name
		}
		if eff.Spec.GPUs > 0 {
			text += fmt.Sprintf(" gpus=%d", eff.Spec.GPUs)
		}
		if eff.Pod != nil {
			text += fmt.Sprintf(" pod cpus=%g mem=%dMB", eff.Spec.Pod.CPUs, eff.Spec.Pod.MemBytes>>20)
		}
		return text
	case Adopt:
		return "adopt " + short(eff.Container)
	case Cancel:
		return "cancel " + short(eff.Container)
	case Signal:
		return fmt.Sprintf("signal %s %d", short(eff.Container), eff.Signal)
	case Resize:
		return fmt.Sprintf("resize %s cpus=%g mem=%dMB", short(eff.Container), eff.Limits.CPUs, eff.Limits.MemBytes>>20)
	case Equip:
		return fmt.Sprintf("equip %s gpus=%d", short(eff.Container), eff.GPUs)
	case Probe:
		return fmt.Sprintf("probe %s of pid %d: %v %q port=%d timeout=%v", short(eff.Container), eff.PID, eff.Probe.Kind, eff.Probe.Argv, eff.Probe.Port, eff.Probe.Timeout)
	case Delete:
		return "delete " + short(eff.Container)
	case Reap:
		return "reap " + short(eff.Container)
	case SandboxEnded:
		return "sandbox ended " + eff.Path[strings.Index(eff.Path, "executors"):strings.LastIndex(eff.Path, "/")]
	case LogsEnded:
		if eff.Stdout == 0 && eff.Stderr == 0 {
			return "" // what is left of any container
		}
		return fmt.Sprintf("logs ended %d %d", eff.Stdout, eff.Stderr)
	case Drained:
		return "drained"
	}
	return ""
}

// short is the number of a container's uuid.
func short(id ids.Container) string {
	if parent, name := id.Split(); parent != "" {
		return short(parent) + "." + short(ids.Container(name))
	}
	var n uint32
	if _, err := fmt.Sscanf(string(id), "%x", &n); err != nil {
		return string(id)
	}
	return fmt.Sprintf("c%d", n)
}

func saveText(eff Save) string {
	kind := strings.TrimPrefix(fmt.Sprintf("%T", eff.Entry.GetEntry()), "*record.Entry_")
	text := "save " + kind
	if u, ok := eff.Entry.GetEntry().(*record.Entry_Update); ok {
		text += " " + statusText(u.Update.GetStatus())
	}
	if !eff.Durable {
		text += " (lazily)"
	}
	return text
}

func statusText(s *mesosv1.TaskStatus) string {
	text := fmt.Sprintf("%s %s #%d", s.GetTaskId().GetValue(), strings.TrimPrefix(s.GetState().String(), "TASK_"), number(s.GetUuid()))
	if s.Reason != nil {
		text += " " + strings.TrimPrefix(s.GetReason().String(), "REASON_")
	}
	text += " " + strings.TrimPrefix(s.GetSource().String(), "SOURCE_")
	if s.Healthy != nil {
		text += fmt.Sprintf(" healthy=%v", s.GetHealthy())
	}
	if tcp := s.GetCheckStatus().GetTcp(); tcp != nil {
		text += " check=unknown"
		if tcp.Succeeded != nil {
			text = strings.TrimSuffix(text, "unknown") + fmt.Sprint(tcp.GetSucceeded())
		}
	}
	if s.Message != nil {
		text += fmt.Sprintf(" %q", s.GetMessage())
	}
	return text
}

func fromAgentText(m *agentlink.FromAgent) string {
	switch m := m.GetMessage().(type) {
	case *agentlink.FromAgent_Register:
		text := fmt.Sprintf("register id=%q", m.Register.GetAgentInfo().GetId().GetValue())
		for _, e := range m.Register.GetExecutors() {
			text += fmt.Sprintf(" executor %s command=%v", e.GetInfo().GetExecutorId().GetValue(), e.GetCommand())
		}
		for _, t := range m.Register.GetTasks() {
			text += fmt.Sprintf(" task %s %v/%v", t.GetTask().GetTaskId().GetValue(), t.GetTask().GetState(), t.GetTask().GetStatusUpdateState())
		}
		return text
	case *agentlink.FromAgent_Update:
		return "update " + statusText(m.Update.GetStatus()) + " latest=" + strings.TrimPrefix(mesosv1.TaskState(m.Update.GetLatestState()).String(), "TASK_")
	case *agentlink.FromAgent_History:
		text := "history"
		for _, past := range m.History.GetFrameworks() {
			text += fmt.Sprintf(" framework %s ended=%t", past.GetInfo().GetId().GetValue(), past.GetEnded())
		}
		for _, t := range m.History.GetTasks() {
			text += fmt.Sprintf(" task %s %s", t.GetTask().GetTaskId().GetValue(), t.GetTask().GetState())
		}
		return text
	case *agentlink.FromAgent_ExecutorExited:
		return fmt.Sprintf("executor exited %s status=%d command=%v", m.ExecutorExited.GetExecutorId().GetValue(), m.ExecutorExited.GetWaitStatus(), m.ExecutorExited.GetCommand())
	case *agentlink.FromAgent_FrameworkMessage:
		return fmt.Sprintf("message %q", m.FrameworkMessage.GetData())
	case *agentlink.FromAgent_Heartbeat:
		return "heartbeat"
	case *agentlink.FromAgent_Pulling:
		return strings.TrimSpace(fmt.Sprintf("pulling %s %d of %d %s", m.Pulling.GetTaskId().GetValue(), m.Pulling.GetDone(), m.Pulling.GetTotal(), m.Pulling.GetUri()))
	}
	return fmt.Sprintf("%T", m.GetMessage())
}

func eventText(e *executor.Event) string {
	text := e.GetType().String()
	switch e.GetType() {
	case executor.Event_LAUNCH:
		text += " " + e.GetLaunch().GetTask().GetTaskId().GetValue()
	case executor.Event_LAUNCH_GROUP:
		for _, t := range e.GetLaunchGroup().GetTaskGroup().GetTasks() {
			text += " " + t.GetTaskId().GetValue()
		}
	case executor.Event_KILL:
		text += " " + e.GetKill().GetTaskId().GetValue()
	case executor.Event_ACKNOWLEDGED:
		text += fmt.Sprintf(" %s #%d", e.GetAcknowledged().GetTaskId().GetValue(), number(e.GetAcknowledged().GetUuid()))
	case executor.Event_MESSAGE:
		text += fmt.Sprintf(" %q", e.GetMessage().GetData())
	default:
	}
	return text
}

// fromMaster wraps a message of the leading master on connection 1.
func fromMaster(conn ConnID, m *agentlink.FromMaster) FromMaster {
	return FromMaster{Conn: conn, Message: m}
}

func registered(conn ConnID) FromMaster {
	return fromMaster(conn, &agentlink.FromMaster{Message: &agentlink.FromMaster_Registered{Registered: &agentlink.Registered{
		AgentId: &mesosv1.AgentID{Value: new("S0")}, HeartbeatSeconds: 15,
	}}})
}

func launchedAt(id ids.Container, at time.Time) Launched {
	return Launched{Container: id, Started: runtime.Started{PID: 100, At: at}}
}
