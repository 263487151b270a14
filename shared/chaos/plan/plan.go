// Package plan is the schedule of faults of a chaos run: which, when, to whom, for how long. The same seed gives the same
// schedule, so that a run can be repeated. It is pure: what a fault does to a cluster is shared/chaos's. Start reading at Make.
package plan

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Kind is what is done.
type Kind string

// The faults. Those with a For end then: a process that was ended is started again, one that was stopped goes on, a link that
// was cut is whole again.
const (
	KillMaster   Kind = "kill -9 masterd"
	KillLeader   Kind = "kill -9 the leading masterd"
	StopMaster   Kind = "kill -STOP masterd"
	StopLeader   Kind = "kill -STOP the leading masterd"
	TermMaster   Kind = "kill -TERM masterd"
	KillAgent    Kind = "kill -9 agentd"
	StopAgent    Kind = "kill -STOP agentd"
	TermAgent    Kind = "kill -TERM agentd"
	KillShim     Kind = "kill -9 a shim"
	KillInit     Kind = "kill -9 a container's init"
	CutMaster    Kind = "cut the link of master"
	CutLeader    Kind = "cut the link of the leading master"
	CutAgent     Kind = "cut the link of agent"
	MuteAgent    Kind = "drop what goes to the masters from agent" // the way back stays open
	SplitMasters Kind = "drop what goes to another master from master"
	Resubscribe  Kind = "end the framework's stream"
)

// Fault is one of them.
type Fault struct {
	At     time.Duration // from the begin of the run
	For    time.Duration // 0: nothing has to be undone
	Kind   Kind
	Target int    // index of a master or an agent
	Pick   uint32 // chooses among what there is at the time, by its remainder
}

// End is when a fault is over.
func (f Fault) End() time.Duration { return f.At + f.For }

// Target's name is left out where the fault finds it when it comes.
func (f Fault) String() string {
	text := string(f.Kind)
	switch f.Kind {
	case KillMaster, StopMaster, TermMaster, CutMaster, SplitMasters:
		text += fmt.Sprintf(" m%d", f.Target+1)
	case KillAgent, StopAgent, TermAgent, CutAgent, MuteAgent, KillShim, KillInit:
		text += fmt.Sprintf(" a%d", f.Target+1)
	case KillLeader, StopLeader, CutLeader, Resubscribe:
	}
	if f.For > 0 {
		text += fmt.Sprintf(" for %s", f.For)
	}
	return text
}

// Size is of the cluster and the run.
type Size struct {
	Masters, Agents int
	Length          time.Duration // every fault is over by then
}

// shape is how often a fault comes, and how long it takes.
type shape struct {
	kind     Kind
	weight   int
	min, max time.Duration
	master   bool
}

// Most are short, because most things that go wrong are; cuts may be long enough for agents to become unreachable.
var shapes = []shape{
	{KillMaster, 3, time.Second, 8 * time.Second, true},
	{KillLeader, 4, time.Second, 8 * time.Second, true},
	{StopMaster, 2, time.Second, 12 * time.Second, true},
	{StopLeader, 3, time.Second, 12 * time.Second, true},
	{TermMaster, 3, time.Second, 6 * time.Second, true},
	{CutMaster, 2, 2 * time.Second, 15 * time.Second, true},
	{CutLeader, 3, 2 * time.Second, 15 * time.Second, true},
	{SplitMasters, 2, 3 * time.Second, 15 * time.Second, true},
	{KillAgent, 6, 500 * time.Millisecond, 6 * time.Second, false},
	{StopAgent, 3, time.Second, 20 * time.Second, false},
	{TermAgent, 3, 500 * time.Millisecond, 5 * time.Second, false},
	{KillShim, 5, 0, 0, false},
	{KillInit, 5, 0, 0, false},
	{CutAgent, 4, 2 * time.Second, 60 * time.Second, false},
	{MuteAgent, 3, 2 * time.Second, 30 * time.Second, false},
	{Resubscribe, 4, 0, 0, false},
}

// Make draws a schedule, ordered by time. A master or an agent suffers one fault at a time; of the masters sometimes more than a
// minority do, and then nothing is decided until they are back.
func Make(seed uint64, size Size) []Fault {
	random := rand.New(rand.NewPCG(seed, 0xc4a05))
	masters, agents := make([]time.Duration, size.Masters), make([]time.Duration, size.Agents)
	c := calendar{random: random, masters: masters, agents: agents}
	var faults []Fault
	for at := 2 * time.Second; at < size.Length; at += 500*time.Millisecond + time.Duration(random.Int64N(int64(4*time.Second))) {
		s := draw(random)
		f := Fault{At: at.Round(time.Millisecond), Kind: s.kind, Pick: random.Uint32()}
		if s.max > 0 {
			f.For = (s.min + time.Duration(random.Int64N(int64(s.max-s.min)))).Round(time.Millisecond)
			f.For = min(f.For, size.Length-f.At)
		}
		if c.enter(s, &f) {
			faults = append(faults, f)
		}
	}
	return faults
}

// calendar is until when each suffers.
type calendar struct {
	random          *rand.Rand
	masters, agents []time.Duration
}

// enter finds a fault its target, and says whether there is one.
func (c *calendar) enter(s shape, f *Fault) bool {
	enough := s.master && count(c.masters, f.At) > 0 && c.random.IntN(5) > 0
	switch s.kind {
	case Resubscribe:
		return true
	case KillLeader, StopLeader, CutLeader: // whoever that is then: no other master is to suffer meanwhile
		if enough {
			return false
		}
		for i := range c.masters {
			c.masters[i] = max(c.masters[i], f.End())
		}
		return true
	default:
	}
	busy := c.agents
	if s.master {
		busy = c.masters
	}
	f.Target = c.random.IntN(len(busy))
	if enough || busy[f.Target] > f.At {
		return false
	}
	busy[f.Target] = f.End() + 500*time.Millisecond
	return true
}

func draw(random *rand.Rand) shape {
	sum := 0
	for _, s := range shapes {
		sum += s.weight
	}
	n := random.IntN(sum)
	for _, s := range shapes {
		if n -= s.weight; n < 0 {
			return s
		}
	}
	return shapes[0]
}

// count is how many are busy at a time.
func count(busy []time.Duration, at time.Duration) int {
	n := 0
	for _, until := range busy {
		if until > at {
			n++
		}
	}
	return n
}
