package workload

import (
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/agentd/check"
	"codeberg.org/reeve/reeve/agentd/holdings"
	"codeberg.org/reeve/reeve/agentd/launch"
	"codeberg.org/reeve/reeve/agentd/lifecycle"
	"codeberg.org/reeve/reeve/agentd/memory"
	"codeberg.org/reeve/reeve/agentd/record"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/turn"
	"codeberg.org/reeve/reeve/agentd/updates"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/taskstate"
)

// Config is what a machine is told once; agentd/turn says what each setting is.
type Config = turn.Config

// Machine is the state of one agent. Make it with New, feed it with Step, from one goroutine.
type Machine struct {
	cfg        Config
	agent      *mesosv1.AgentInfo // with the id, once admitted
	frameworks map[ids.Framework]*framework
	completed  []*framework // oldest first
	containers map[ids.Container]*container
	updates    *updates.Outbox
	holdings   *holdings.Set

	conn       ConnID // 0 without a stream
	registered bool   // the master has accepted us on conn
	group      uint64 // last number given to a task group
	draining   bool   // agentd is to end, and ends its tasks first
	untold     bool   // nobody hears of what ends while draining
	drained    bool
	order      *record.Drain // of the master, to end every task; nil without one

	effs    []Effect     // of the turn in hand
	touched []*framework // something of theirs ended in this turn
}

// framework is one framework with something on this host.
type framework struct {
	id        ids.Framework
	info      *mesosv1.FrameworkInfo
	executors map[ids.Executor]*container
	completed []*container // oldest first
	removed   bool         // told to shut down: nothing is reported any more
}

// container is one run of an executor. For a command task there is an executor in name only, and the container is the
// command's. A pod, which is an executor of type DEFAULT, has none of its own: its tasks have one each, which are like those
// of command tasks.
type container struct {
	framework *framework
	executor  ids.Executor
	info      *mesosv1.ExecutorInfo
	command   bool
	id        ids.Container
	agent     ids.Agent // who we were when it was made
	hostBoot  string    // the host's boot in which it was made
	created   time.Time
	phase     lifecycle.Phase
	pid       int
	started   time.Time
	joined    []runtime.Joined // networks other than the host's
	limits    runtime.Limits   // asked for last; not known of a container that was recovered

	tasks     map[string]*task
	completed []*task // oldest first

	members map[string]*container // of a pod: the containers of its tasks, by task; nil for all others
	pod     *container            // whose member this is; nil for all others

	cause  record.Cause  // why it is being ended
	why    string        // the same for people, where cause is not enough; not known after a restart
	killAt time.Time     // when its grace is over, in phase Stopping
	grace  time.Duration // how long that was away when it was decided

	stream     StreamID  // 0 without one
	subscribed bool      // has ever been on the API
	waitUntil  time.Time // when it must have subscribed; zero if it need not
}

// task is one task of an executor. It leaves when its terminal update has been acknowledged.
type task struct {
	info      *mesosv1.TaskInfo
	group     uint64
	state     mesosv1.TaskState // the latest
	statuses  []*mesosv1.TaskStatus
	delivered bool                // the executor has been told of it; always true for a command
	kill      *mesosv1.KillPolicy // a KILL that waits for the executor to be there
	doneBy    time.Time           // max_completion_time; zero without
	checks    *check.Checks       // of a command that runs; nil without
}

// New returns a machine that knows nothing yet. Its first input must be Recovered.
func New(cfg Config) *Machine {
	return &Machine{
		cfg:        cfg,
		agent:      proto.CloneOf(cfg.Register.GetAgentInfo()),
		frameworks: map[ids.Framework]*framework{},
		containers: map[ids.Container]*container{},
		updates:    updates.New(cfg.UpdateRetry, cfg.UpdateRetryMax),
		holdings:   holdings.New(holdings.Given(cfg.Register.GetAgentInfo()), cfg.UpdateRetry, cfg.UpdateRetryMax),
	}
}

// Step takes one input and returns what must happen.
func (m *Machine) Step(now time.Time, in Input) []Effect {
	m.effs, m.touched = nil, m.touched[:0]
	switch in := in.(type) {
	case Tick:
	case Recovered:
		m.recover(now, in)
	case LinkOpened:
		m.linkOpened(in.Conn)
	case LinkClosed:
		m.linkClosed(in.Conn)
	case Beat:
		m.beat(in)
	case FromMaster:
		m.fromMaster(now, in)
	case Subscribe:
		m.subscribe(now, in)
	case StreamClosed:
		m.streamClosed(in.Stream)
	case Call:
		m.call(now, in)
	case Drain:
		m.drain(now, in)
	default:
		m.supervised(now, in)
	}
	if next := m.Deadline(); !next.IsZero() && !now.Before(next) {
		m.timers(now)
	}
	m.settle(now)
	return m.effs
}

// supervised takes what supervisors report.
func (m *Machine) supervised(now time.Time, in Input) {
	switch in := in.(type) {
	case Prepared:
		m.prepared(now, in)
	case Pulling:
		m.pulling(in)
	case Launched:
		m.launched(now, in)
	case LaunchFailed:
		m.launchFailed(now, in)
	case Exited:
		m.exited(now, in)
	case DiskExceeded:
		m.diskExceeded(now, in)
	case Probed:
		m.probed(now, in)
	case Deleted:
		if c := m.containers[in.Container]; c != nil {
			m.advance(now, c, lifecycle.Deleted)
		}
	}
}

// touch has settle look at a framework at the end of the turn.
func (m *Machine) touch(fw *framework) {
	if !slices.Contains(m.touched, fw) {
		m.touched = append(m.touched, fw)
	}
}

func (m *Machine) emit(eff Effect) { m.effs = append(m.effs, eff) }

// save writes an entry that must survive before anything follows from it.
func (m *Machine) save(e *record.Entry) { m.emit(Save{Entry: e, Durable: true}) }

// saveLazily writes an entry whose loss only makes us repeat something.
func (m *Machine) saveLazily(e *record.Entry) { m.emit(Save{Entry: e}) }

// setID notes who we are. Messages that others hold are not changed.
func (m *Machine) setID(id *mesosv1.AgentID) {
	m.agent = proto.CloneOf(m.agent)
	m.agent.Id = id
}

func (m *Machine) agentID() ids.Agent { return ids.Agent(m.agent.GetId().GetValue()) }

// Deadline is when the machine wants a Tick.
func (m *Machine) Deadline() time.Time {
	next := m.updates.Deadline()
	sooner := func(t time.Time) {
		if !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	sooner(m.holdings.Deadline())
	for _, c := range m.containers {
		if !c.phase.Alive() || c.members != nil {
			continue
		}
		sooner(c.killAt)
		sooner(c.waitUntil)
		for _, t := range c.tasks {
			sooner(t.doneBy)
			sooner(t.checks.Deadline())
		}
	}
	return next
}

func due(t, now time.Time) bool { return !t.IsZero() && !now.Before(t) }

// timers does everything that is due.
func (m *Machine) timers(now time.Time) {
	m.send(m.updates.Due(now))
	m.sendOperations(m.holdings.Due(now))
	for _, fw := range sorted(m.frameworks) {
		for _, c := range fw.all() {
			if c.phase.Alive() && c.members == nil {
				m.containerTimers(now, c)
			}
		}
	}
}

// containerTimers does what is due for one container.
func (m *Machine) containerTimers(now time.Time, c *container) {
	if due(c.killAt, now) {
		m.advance(now, c, lifecycle.GraceOver)
	}
	if due(c.waitUntil, now) {
		m.registrationTimedOut(now, c)
	}
	for _, t := range c.tasks {
		if due(t.doneBy, now) {
			t.doneBy = time.Time{}
			m.stop(now, c, record.Cause_MAX_COMPLETION_TIME, 0)
		}
		for _, probe := range t.checks.Due(now) {
			m.emit(Probe{Container: c.id, PID: c.pid, Probe: probe})
		}
	}
}

// settle forgets what has ended and been told.
func (m *Machine) settle(now time.Time) {
	for _, fw := range m.touched {
		for _, c := range sorted(fw.executors) {
			m.settlePod(now, c)
			if c.phase == lifecycle.Reaped && len(c.tasks) == 0 {
				m.forgetContainer(c)
			}
		}
		if len(fw.executors) == 0 && !m.updates.Waiting(fw.id) && m.frameworks[fw.id] == fw {
			m.forgetFramework(fw)
		}
	}
	if m.draining && !m.drained && m.quiet() {
		m.drained = true
		m.emit(Drained{})
	}
}

// quiet says whether a drain is over: nothing is left, or nothing but updates that nobody will hear.
func (m *Machine) quiet() bool {
	if !m.untold {
		return len(m.containers) == 0 && len(m.frameworks) == 0
	}
	for _, c := range m.containers {
		if c.phase != lifecycle.Reaped {
			return false
		}
	}
	return true
}

func (m *Machine) forgetContainer(c *container) {
	fw := c.framework
	m.drop(c)
	fw.completed = memory.Append(fw.completed, c, memory.MaxExecutors)
	m.saveLazily(record.NewExecutorRemoved(string(fw.id), string(c.executor)))
}

func (m *Machine) forgetFramework(fw *framework) {
	delete(m.frameworks, fw.id)
	m.completed = memory.Append(m.completed, fw, memory.MaxFrameworks)
	m.saveLazily(record.NewFrameworkRemoved(string(fw.id), fw.removed))
	m.emit(Happened{Noun: "framework", ID: string(fw.id), From: "active", To: "completed"})
}

// sorted lists a map's values by their keys, so that everything happens in the same order every time.
func sorted[K ~string, V any](m map[K]V) []V {
	list := make([]V, 0, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		list = append(list, m[key])
	}
	return list
}

// run is the container as agentd/launch sees it.
func (m *Machine) run(c *container) launch.Run {
	r := launch.Run{
		Container: c.id, Agent: c.agent, Framework: c.framework.info, Executor: c.info, Command: c.command, Grace: m.shutdownGrace(c),
	}
	if c.pod != nil {
		r.Pod = c.pod.info
	}
	for _, t := range sorted(c.tasks) {
		if !t.ended() {
			r.Tasks = append(r.Tasks, t.info)
		}
	}
	return r
}

// all lists a framework's executors, and behind each pod its members.
func (fw *framework) all() []*container {
	var list []*container
	for _, c := range sorted(fw.executors) {
		list = append(append(list, c), sorted(c.members)...)
	}
	return list
}

// sandbox is where a container keeps its files.
func (m *Machine) sandbox(c *container) string { return m.cfg.Launch.Sandbox(m.run(c)) }

// can says whether the framework has a capability.
func (fw *framework) can(capability mesosv1.FrameworkInfo_Capability_Type) bool {
	return slices.ContainsFunc(fw.info.GetCapabilities(), func(c *mesosv1.FrameworkInfo_Capability) bool {
		return c.GetType() == capability
	})
}

// lostAs is state for partition-aware frameworks and TASK_LOST for the others (spec 3.6).
func (fw *framework) lostAs(state mesosv1.TaskState) mesosv1.TaskState {
	return taskstate.ForFramework(state, fw.can(mesosv1.FrameworkInfo_Capability_PARTITION_AWARE))
}
