package workload

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/agentd/holdings"
	"codeberg.org/reeve/reeve/agentd/launch"
	"codeberg.org/reeve/reeve/agentd/lifecycle"
	"codeberg.org/reeve/reeve/agentd/memory"
	"codeberg.org/reeve/reeve/agentd/record"
	"codeberg.org/reeve/reeve/agentd/roster"
	"codeberg.org/reeve/reeve/agentd/turn"
	"codeberg.org/reeve/reeve/agentd/updates"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/secrets"
)

// Config is what a machine is told once; agentd/turn says what each setting is.
type Config = turn.Config

// Machine is the state of one agent. Make it with New, feed it with Step, from one goroutine.
type Machine struct {
	cfg        Config
	agent      *mesosv1.AgentInfo // with the id, once admitted
	frameworks map[ids.Framework]*roster.Framework
	completed  []*roster.Framework // oldest first
	containers map[ids.Container]*roster.Container
	updates    *updates.Outbox
	holdings   *holdings.Set

	conn       ConnID // 0 without a stream
	registered bool   // the master has accepted us on conn
	group      uint64 // last number given to a task group
	draining   bool   // agentd is to end, and ends its tasks first
	untold     bool   // nobody hears of what ends while draining
	drained    bool
	order      *record.Drain // of the master, to end every task; nil without one

	timed map[*roster.Container]bool // those that may wait for a moment; Deadline drops the others

	effs    []Effect            // of the turn in hand
	touched []*roster.Framework // something of theirs ended in this turn
}

// New returns a machine that knows nothing yet. Its first input must be Recovered.
func New(cfg Config) *Machine {
	return &Machine{
		cfg:        cfg,
		agent:      proto.CloneOf(cfg.Register.GetAgentInfo()),
		frameworks: map[ids.Framework]*roster.Framework{},
		containers: map[ids.Container]*roster.Container{},
		timed:      map[*roster.Container]bool{},
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
	case Equipped:
		m.equipped(now, in)
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
func (m *Machine) touch(fw *roster.Framework) {
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
	for c := range m.timed {
		at := c.Deadline()
		if at.IsZero() {
			delete(m.timed, c)
		}
		sooner(at)
	}
	return next
}

func due(t, now time.Time) bool { return !t.IsZero() && !now.Before(t) }

// timers does everything that is due.
func (m *Machine) timers(now time.Time) {
	m.send(m.updates.Due(now))
	m.sendOperations(m.holdings.Due(now))
	for _, fw := range roster.Sorted(m.frameworks) {
		for _, c := range fw.All() {
			if c.Phase.Alive() && c.Members == nil {
				m.containerTimers(now, c)
			}
		}
	}
}

// containerTimers does what is due for one container.
func (m *Machine) containerTimers(now time.Time, c *roster.Container) {
	if due(c.KillAt, now) {
		m.advance(now, c, lifecycle.GraceOver)
	}
	if due(c.WaitUntil, now) {
		m.registrationTimedOut(now, c)
	}
	for _, t := range c.Tasks {
		if due(t.DoneBy, now) {
			t.DoneBy = time.Time{}
			m.stop(now, c, record.Cause_MAX_COMPLETION_TIME, 0)
		}
		for _, probe := range t.Checks.Due(now) {
			m.emit(Probe{Container: c.ID, PID: c.PID, Probe: probe})
		}
	}
}

// settle forgets what has ended and been told.
func (m *Machine) settle(now time.Time) {
	for _, fw := range m.touched {
		for _, c := range unsettled(fw) {
			m.settlePod(now, c)
			if c.Phase == lifecycle.Reaped && len(c.Tasks) == 0 {
				m.forgetContainer(c)
			}
		}
		if len(fw.Executors) == 0 && !m.updates.Waiting(fw.ID) && m.frameworks[fw.ID] == fw {
			m.forgetFramework(fw)
		}
	}
	if m.draining && !m.drained && m.quiet() {
		m.drained = true
		m.emit(Drained{})
	}
}

// unsettled lists the executors of a framework that settle may do something about: most do nothing but run.
func unsettled(fw *roster.Framework) []*roster.Container {
	some := map[ids.Executor]*roster.Container{}
	for id, c := range fw.Executors {
		if c.Members != nil || c.Phase == lifecycle.Reaped {
			some[id] = c
		}
	}
	return roster.Sorted(some)
}

// quiet says whether a drain is over: nothing is left, or nothing but updates that nobody will hear.
func (m *Machine) quiet() bool {
	if !m.untold {
		return len(m.containers) == 0 && len(m.frameworks) == 0
	}
	for _, c := range m.containers {
		if c.Phase != lifecycle.Reaped {
			return false
		}
	}
	return true
}

func (m *Machine) forgetContainer(c *roster.Container) {
	fw := c.Framework
	m.drop(c)
	fw.Completed = memory.Append(fw.Completed, c, memory.MaxExecutors)
	m.saveLazily(record.NewExecutorRemoved(string(fw.ID), string(c.Executor)))
}

func (m *Machine) forgetFramework(fw *roster.Framework) {
	delete(m.frameworks, fw.ID)
	m.completed = memory.Append(m.completed, fw, memory.MaxFrameworks)
	m.saveLazily(record.NewFrameworkRemoved(string(fw.ID), fw.Removed))
	m.emit(Happened{Noun: "framework", ID: string(fw.ID), From: "active", To: "completed"})
}

// run is the container as agentd/launch sees it.
func (m *Machine) run(c *roster.Container) launch.Run {
	r := launch.Run{
		Container: c.ID, Agent: c.Agent, Framework: c.Framework.Info, Executor: c.Info, Command: c.Command, Grace: m.shutdownGrace(c),
	}
	if c.Pod != nil {
		r.Pod = c.Pod.Info
	}
	for _, t := range roster.Sorted(c.Tasks) {
		if !t.Ended() {
			r.Tasks = append(r.Tasks, t.Info)
		}
		if c.Command {
			r.Executor = secrets.Open(r.Executor, t.Secrets)
		}
	}
	return r
}

// sandbox is where a container keeps its files.
func (m *Machine) sandbox(c *roster.Container) string { return m.cfg.Launch.Sandbox(m.run(c)) }
