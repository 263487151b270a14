package workload

import (
	"bytes"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/taskstate"
)

// stream is the updates of one task on their way to its framework: in order, one in flight, sent again with the same
// uuid until it is acknowledged (spec 3.6; pitfall 16). It is gone when it is empty.
type stream struct {
	task    string
	pending []*mesosv1.TaskStatus // the first is in flight
	retryAt time.Time             // zero while the master is not there
	wait    time.Duration         // the retry's, doubling
}

// report takes a new status of a task: it fills in what the agent knows, saves it, and sends it when its turn comes. A
// task has one terminal status: whatever follows it is dropped. c may be nil when no container is known.
func (m *Machine) report(now time.Time, c *container, t *task, status *mesosv1.TaskStatus) {
	if t.ended() {
		return
	}
	status.TaskId = t.info.GetTaskId()
	m.fill(now, c, status)
	from := t.state
	t.state = status.GetState()
	t.remember(status)
	m.emit(Happened{Noun: "task", ID: string(c.framework.id) + "/" + t.id(), From: from.String(), To: t.state.String(), Reason: reasonText(status)})
	if t.ended() {
		t.doneBy = time.Time{}
		m.emit(Count{Name: "slave/" + lowerState(t.state)})
	}
	if c.framework.removed {
		m.finish(c, t)
		return
	}
	m.enqueue(now, c.framework, t.id(), status)
}

func reasonText(status *mesosv1.TaskStatus) string {
	if status.Reason != nil {
		return status.GetReason().String() + ": " + status.GetMessage()
	}
	return status.GetMessage()
}

// fill sets what the agent sets on every status (spec 3.6; pitfall 20).
func (m *Machine) fill(now time.Time, c *container, status *mesosv1.TaskStatus) {
	if status.Timestamp == nil {
		status.Timestamp = new(float64(now.UnixMicro()) / 1e6)
	}
	if len(status.GetUuid()) == 0 {
		uuid := m.cfg.NewUUID()
		status.Uuid = uuid[:]
	}
	status.AgentId = m.agent.GetId()
	if c == nil {
		return
	}
	status.ExecutorId = c.info.GetExecutorId()
	if status.ContainerStatus == nil {
		status.ContainerStatus = &mesosv1.ContainerStatus{}
	}
	cs := status.ContainerStatus
	if cs.ContainerId == nil {
		cs.ContainerId = &mesosv1.ContainerID{Value: new(string(c.id))}
	}
	if c.pid != 0 && cs.ExecutorPid == nil {
		cs.ExecutorPid = new(uint32(c.pid)) //nolint:gosec // a pid has at most 22 bits
	}
	if len(cs.NetworkInfos) == 0 {
		cs.NetworkInfos = []*mesosv1.NetworkInfo{{}}
	}
	for _, network := range cs.NetworkInfos {
		if len(network.IpAddresses) == 0 {
			network.IpAddresses = []*mesosv1.NetworkInfo_IPAddress{{
				Protocol:  mesosv1.NetworkInfo_IPv4.Enum(),
				IpAddress: new(m.cfg.IP),
			}}
		}
	}
}

// remember keeps one status per run of equal states, without its data.
func (t *task) remember(status *mesosv1.TaskStatus) {
	kept := status
	if status.Data != nil {
		kept = proto.CloneOf(status)
		kept.Data = nil
	}
	if n := len(t.statuses); n > 0 && t.statuses[n-1].GetState() == status.GetState() {
		t.statuses = slices.Clone(t.statuses)
		t.statuses[n-1] = kept
		return
	}
	t.statuses = append(t.statuses, kept)
}

func (t *task) id() string { return t.info.GetTaskId().GetValue() }

// enqueue saves a status and puts it at the end of its task's stream.
func (m *Machine) enqueue(now time.Time, fw *framework, taskID string, status *mesosv1.TaskStatus) {
	s := fw.streams[taskID]
	if s == nil {
		s = &stream{task: taskID}
		fw.streams[taskID] = s
	}
	s.pending = append(s.pending, status)
	m.save(fw.updateEntry(status))
	if len(s.pending) == 1 {
		m.forward(now, fw, s)
	}
}

// forward sends the first status of a stream for the first time in this registration.
func (m *Machine) forward(now time.Time, fw *framework, s *stream) {
	s.wait = m.cfg.UpdateRetry
	m.sendUpdate(now, fw, s)
}

// retry sends it again.
func (m *Machine) retry(now time.Time, fw *framework, s *stream) {
	s.wait = min(2*s.wait, m.cfg.UpdateRetryMax)
	m.sendUpdate(now, fw, s)
}

func (m *Machine) sendUpdate(now time.Time, fw *framework, s *stream) {
	if !m.registered {
		s.retryAt = time.Time{}
		return
	}
	s.retryAt = now.Add(s.wait)
	m.toMaster(&agentlink.FromAgent{Message: &agentlink.FromAgent_Update{Update: &agentlink.StatusUpdate{
		FrameworkId: &mesosv1.FrameworkID{Value: new(string(fw.id))},
		Status:      s.pending[0],
		LatestState: int32(s.pending[len(s.pending)-1].GetState()),
	}}})
}

// resend starts every stream anew, with a new registration.
func (m *Machine) resend(now time.Time) {
	for _, fw := range m.sortedFrameworks() {
		for _, s := range fw.sortedStreams() {
			m.forward(now, fw, s)
		}
	}
}

// suspend stops all retries: the master is not there.
func (m *Machine) suspend() {
	for _, fw := range m.frameworks {
		for _, s := range fw.streams {
			s.retryAt = time.Time{}
		}
	}
}

// acknowledged moves a stream on. An acknowledgement of anything but the status in flight is a late duplicate.
func (m *Machine) acknowledged(now time.Time, ack *agentlink.Acknowledge) {
	fw := m.frameworks[frameworkID(ack.GetFrameworkId())]
	if fw == nil {
		return
	}
	s := fw.streams[ack.GetTaskId().GetValue()]
	if s == nil || !bytes.Equal(s.pending[0].GetUuid(), ack.GetUuid()) {
		return
	}
	m.saveLazily(fw.acknowledgedEntry(s.task, ack.GetUuid()))
	m.pop(fw, s)
	if len(s.pending) > 0 {
		m.forward(now, fw, s)
	}
}

// pop takes the acknowledged status off its stream. After the terminal one the task is done with.
func (m *Machine) pop(fw *framework, s *stream) {
	head := s.pending[0]
	s.pending = s.pending[1:]
	if taskstate.Terminal(head.GetState()) {
		if c, t := fw.task(s.task); t != nil {
			m.finish(c, t)
		}
	}
	if len(s.pending) == 0 {
		delete(fw.streams, s.task)
		m.touch(fw)
	}
}

// finish moves a task from its executor's tasks to the completed ones.
func (m *Machine) finish(c *container, t *task) {
	delete(c.tasks, t.id())
	c.completed = appendLimited(c.completed, t, maxCompletedTasks)
	m.touch(c.framework)
}

// task finds a task of the framework and the container that has it.
func (fw *framework) task(id string) (*container, *task) {
	if c := fw.executors[executorOf(id)]; c != nil { // a command task's executor is named after it
		if t := c.tasks[id]; t != nil {
			return c, t
		}
	}
	for _, c := range fw.executors {
		if t := c.tasks[id]; t != nil {
			return c, t
		}
	}
	return nil, nil
}

// knew says whether a task has ended here and been told of, so that a late update of it is no news.
func (fw *framework) knew(id string) bool {
	had := func(c *container) bool {
		return slices.ContainsFunc(c.completed, func(t *task) bool { return t.id() == id })
	}
	for _, c := range fw.executors {
		if had(c) {
			return true
		}
	}
	return slices.ContainsFunc(fw.completed, had)
}
