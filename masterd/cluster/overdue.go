package cluster

import (
	"fmt"
	"time"

	"codeberg.org/reeve/reeve/masterd/registry"
	"codeberg.org/reeve/reeve/masterd/status"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// overdue is the queue of agents that ought to be marked unreachable. It goes slowly: when half a cluster seems to fail at
// once, frameworks would start everything again elsewhere, and twice when a switch comes back. And while more than a
// tenth of the cluster is away it holds altogether for a while: then the master is more likely cut off than the agents.
type overdue struct {
	queue   []ids.Agent
	tokens  float64
	filled  time.Time // when tokens was right
	since   time.Time // when the hold began; zero if nothing is held
	settled bool      // the hold took its full time and ended; no new one until the agents are back
}

const (
	removalBurst   = 5.0  // tokens
	removalRate    = 0.01 // of the agents, a minute
	holdMinAgents  = 10   // fewer are no statistics
	holdShareParts = 10   // hold when more than 1/10 are away
)

func (o *overdue) init(now time.Time) { o.tokens, o.filled = removalBurst, now }

// agentOverdue queues an agent whose time to come back is up.
func (s *State) agentOverdue(id ids.Agent) {
	a := s.book.Agents[id]
	if a == nil || a.Overdue || a.Writing || s.isAdmitting(id) {
		return
	}
	a.Overdue = true
	s.turn.Count("slave_unreachable_scheduled")
	s.overdue.queue = append(s.overdue.queue, id)
	s.markOverdue()
}

// markOverdue marks as many agents as may be marked now, and sets the timer for the others.
func (s *State) markOverdue() {
	o := &s.overdue
	perMinute := max(1, removalRate*float64(s.book.Members()))
	o.tokens = min(removalBurst, o.tokens+perMinute*s.turn.Now.Sub(o.filled).Minutes())
	o.filled = s.turn.Now
	for len(o.queue) > 0 {
		a := s.book.Agents[o.queue[0]]
		if a == nil || !a.Overdue || a.Writing || !a.Away() || s.isAdmitting(a.ID) {
			o.queue = o.queue[1:] // it came back, or somebody else removed it
			if a != nil {
				a.Overdue = false
			}
			s.turn.Count("slave_unreachable_canceled")
			continue
		}
		if until := s.hold(); until.After(s.turn.Now) {
			s.timer.Set(timer{kind: timerOverdue}, until)
			return
		}
		if o.tokens < 1 {
			wait := time.Duration((1 - o.tokens) / perMinute * float64(time.Minute))
			s.timer.Set(timer{kind: timerOverdue}, s.turn.Now.Add(max(wait, time.Millisecond)))
			return
		}
		o.tokens--
		o.queue = o.queue[1:]
		a.Overdue = false
		s.write(a, write{kind: writeUnreachable, agent: a.ID, loss: status.Unreachable},
			registry.MarkUnreachable{Agent: a.ID, At: s.turn.Now})
	}
}

// holdCheck is how often a hold looks whether its agents are back.
const holdCheck = 5 * time.Second

// hold says until when nothing may be marked: not after now if something may.
func (s *State) hold() time.Time {
	o := &s.overdue
	away := s.book.Away()
	if s.book.Members() < holdMinAgents || away*holdShareParts <= s.book.Members() {
		if !o.since.IsZero() && !o.settled {
			s.turn.Happened(reeveapi.Event{Kind: "REMOVALS_RESUMED", Subject: "agents", Text: "most agents are back"})
		}
		o.since, o.settled = time.Time{}, false
		return s.turn.Now
	}
	if o.settled {
		return s.turn.Now
	}
	if o.since.IsZero() {
		o.since = s.turn.Now
		s.turn.Happened(reeveapi.Event{
			Kind: "REMOVALS_HELD", Subject: "agents",
			Text: fmt.Sprintf("%d of %d agents are away at once, so this master may be the one cut off; none is given up for %s",
				away, s.book.Members(), s.cfg.HoldLimit),
		})
	}
	end := o.since.Add(s.cfg.HoldLimit)
	if !end.After(s.turn.Now) {
		o.settled = true
		s.turn.Happened(reeveapi.Event{
			Kind: "REMOVALS_RESUMED", Subject: "agents",
			Text: fmt.Sprintf("%d of %d agents stayed away for %s and are given up one by one", away, s.book.Members(), s.cfg.HoldLimit),
		})
		return s.turn.Now
	}
	if next := s.turn.Now.Add(holdCheck); next.Before(end) {
		return next
	}
	return end
}
