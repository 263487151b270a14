package cluster

import (
	"time"

	"codeberg.org/reeve/reeve/masterd/message"
	"codeberg.org/reeve/reeve/masterd/turn"
	"codeberg.org/reeve/reeve/shared/ids"
)

// An agent that is told to drain ends its tasks at once. Where somebody moves tasks before (Config.MovesFirst) the agent is
// told only when there is nothing left to move, or when moveLimit is over. Nothing is offered of it meanwhile.

// moveLimit is how long a drain waits for tasks to be started elsewhere.
const moveLimit = 2 * time.Minute

// moves says whether a drain has to wait.
func (s *State) moves(a *agent) bool {
	return s.cfg.MovesFirst && a.Drain != nil && !a.Drain.Drained
}

// move asks for what is to move from a draining agent to move.
func (s *State) move(a *agent) {
	if !s.moves(a) {
		return
	}
	s.timer.Set(timer{timerMove, string(a.ID)}, s.turn.Now.Add(moveLimit))
	s.turn.Emit(turn.Move{Agent: a.ID, On: true})
}

// moved tells a draining agent to end what is left on it.
func (s *State) moved(id ids.Agent) {
	key := timer{timerMove, string(id)}
	if s.timer.At(key).IsZero() {
		return // it was told already
	}
	s.timer.Cancel(key)
	s.order(id)
}

// order tells an agent that it drains.
func (s *State) order(id ids.Agent) {
	if a := s.book.Agents[id]; a != nil && a.Drain != nil {
		s.turn.ToAgent(a.Conn, message.Drain(a.Drain.Order()))
	}
}

// stay ends the move.
func (s *State) stay(a *agent) {
	if s.cfg.MovesFirst {
		s.timer.Cancel(timer{timerMove, string(a.ID)})
		s.turn.Emit(turn.Move{Agent: a.ID})
	}
}
