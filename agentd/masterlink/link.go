// Package masterlink is the agent's stream to the leading master: it finds masters, follows their hints to the leader,
// keeps the stream alive and carries messages both ways. It owns addresses, retries and raft terms, and understands no
// message but the first; what they mean is the machine's business. Gossip tells it where masters may be and nothing
// else: a stream that works is believed against any word of gossip. Start reading at Link.Run.
package masterlink

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"time"

	"codeberg.org/reeve/reeve/agentd/workload"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/backoff"
	"codeberg.org/reeve/reeve/shared/logkey"
)

// Config is what a link needs. Every field but Changed is required.
type Config struct {
	Masters func() []string // link addresses of all known masters, now
	Changed <-chan struct{} // a hint that Masters has more to say; nil for never
	Dial    func(ctx context.Context, addr string) (net.Conn, error)
	Post    func(ctx context.Context, in workload.Input) error
	Usage   func() *agentlink.HostUsage // of the host, for heartbeats; cheap
	Log     *slog.Logger
}

// rounds is the wait between two rounds in which every master was tried: a link that broke is
// taken up again at once, and after that the wait grows.
var rounds = backoff.Policy{Base: 200 * time.Millisecond, Cap: 15 * time.Second}

// firstComplaint is the round after which it is worth a line that no master was reached: gossip needs a moment.
const firstComplaint = 4

// maxHints bounds how often one round follows "the leader is there": standbys may point at each other for a moment.
const maxHints = 4

// Link is the agent's side of the link. Make it with New and run it once.
type Link struct {
	cfg Config

	mu       sync.Mutex // guards the fields below
	session  *session   // nil while there is no stream
	lastConn workload.ConnID
	term     uint64 // the highest seen
	leader   string // address of the last master that accepted us
	leaving  bool   // goodbye has been said: no stream is opened any more
	hurried  bool   // somebody waits for a master to say the last goodbye to

	accepted chan struct{} // 1: a master has accepted us since somebody looked
	hurry    chan struct{} // closed when hurried is set
	over     chan struct{} // closed when Run has ended
}

// New returns a link that is not running yet.
func New(cfg Config) *Link {
	return &Link{cfg: cfg, accepted: make(chan struct{}, 1), hurry: make(chan struct{}), over: make(chan struct{})}
}

// ShutdownError says that the master will never take this agent again: it must end its tasks and stop.
type ShutdownError struct{ Reason string }

// Error gives the master's reason.
func (e *ShutdownError) Error() string { return "the master refuses this agent for good: " + e.Reason }

// Run keeps a stream to the leader until ctx ends. It returns a ShutdownError if the master wants this agent gone.
func (l *Link) Run(ctx context.Context) error {
	defer close(l.over)
	for attempt := 0; ; attempt++ {
		registered, err := l.round(ctx)
		if ctx.Err() != nil || l.isLeaving() {
			return ctx.Err()
		}
		if _, gone := errors.AsType[*ShutdownError](err); gone {
			return err
		}
		if registered {
			attempt = -1
			continue
		}
		if attempt == firstComplaint || attempt%20 == 19 {
			l.cfg.Log.Warn("no leading master was reached; trying on", logkey.Count(attempt+1), logkey.Err(err))
		}
		l.pause(ctx, attempt)
	}
}

// hurriedRound bounds the wait between rounds while the last goodbye waits: it has seconds, and masters change in one.
const hurriedRound = 1

// pause waits for the next round; news of masters end it early, and so does a last goodbye.
func (l *Link) pause(ctx context.Context, attempt int) {
	l.mu.Lock()
	hurry := l.hurry
	if l.hurried {
		attempt, hurry = min(attempt, hurriedRound), nil
	}
	l.mu.Unlock()
	timer := time.NewTimer(rounds.Wait(attempt, random))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-l.cfg.Changed: // never, if it is nil
	case <-hurry:
	case <-ctx.Done():
	}
}

// round tries every known master once, the likely leader first. It says whether one of them had accepted us, in which
// case the stream has broken since.
func (l *Link) round(ctx context.Context) (registered bool, err error) {
	queue := l.candidates()
	if len(queue) == 0 {
		return false, errors.New("no master is known yet; give --join or --master")
	}
	var errs []error
	hints := 0
	for len(queue) > 0 && ctx.Err() == nil {
		addr := queue[0]
		queue = queue[1:]
		registered, err := l.connect(ctx, addr)
		if registered {
			return true, err
		}
		refused, ok := errors.AsType[*refusedError](err)
		if ok && refused.shutdown {
			return false, &ShutdownError{Reason: refused.reason}
		}
		if ok && refused.leader != "" && refused.leader != addr && hints < maxHints {
			hints++
			queue = append([]string{refused.leader}, without(queue, refused.leader)...)
		}
		errs = append(errs, fmt.Errorf("%s: %w", addr, err))
	}
	return false, errors.Join(errs...)
}

// candidates are the addresses to try: the last leader, then the others.
func (l *Link) candidates() []string {
	list := slices.Clone(l.cfg.Masters())
	slices.Sort(list)
	list = slices.Compact(list)
	l.mu.Lock()
	leader := l.leader
	l.mu.Unlock()
	shuffle(list)
	if leader == "" {
		return list
	}
	return append([]string{leader}, without(list, leader)...)
}

func without(list []string, addr string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == addr })
}

// accept notes a master that accepted us, and the term it leads.
func (l *Link) accept(addr string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.leader = addr
	select {
	case l.accepted <- struct{}{}:
	default:
	}
}

// current says whether a message of this term is of the newest leader seen; older ones are fenced off.
func (l *Link) current(term uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if term < l.term {
		return false
	}
	l.term = term
	return true
}

// Send puts a message into the outbox of a stream, if that is still the one. It never blocks.
func (l *Link) Send(conn workload.ConnID, message *agentlink.FromAgent) {
	l.mu.Lock()
	s := l.session
	l.mu.Unlock()
	if s != nil && s.conn == conn {
		s.push(message)
	}
}

// Connected says whether a master has accepted us, and which.
func (l *Link) Connected() (addr string, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.leader, l.session != nil && l.session.isRegistered()
}

// The bounds of the wait for a master to hear a goodbye. The last one of an agent may take longer: a master that misses it
// keeps the agent on its list as disconnected, and people wonder.
const (
	farewell     = time.Second
	lastFarewell = 5 * time.Second
)

// Goodbye tells the master that the agent ends in order, waits until it has heard that or ctx ends, and ends Run. With
// tasksEnded the master takes the agent off its list, so a master that just changes is waited for; without, it only learns
// what a broken stream says as well.
func (l *Link) Goodbye(ctx context.Context, tasksEnded bool) error {
	patience := farewell
	if tasksEnded {
		patience = lastFarewell
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	s := l.lastSession(ctx, tasksEnded)
	if s == nil {
		return nil
	}
	s.push(&agentlink.FromAgent{Message: &agentlink.FromAgent_Goodbye{Goodbye: &agentlink.Goodbye{TasksEnded: tasksEnded}}})
	if err := s.flush(ctx); err != nil {
		return fmt.Errorf("say goodbye to the master: %w", err)
	}
	select {
	case <-s.ended:
	case <-ctx.Done():
	}
	return nil
}

// lastSession returns the stream on which goodbye can be said, after which no other is opened; nil if there is none.
func (l *Link) lastSession(ctx context.Context, wait bool) *session {
	for {
		l.mu.Lock()
		s := l.session
		if s != nil && !s.isRegistered() {
			s = nil
		}
		l.leaving = l.leaving || s != nil || !wait
		if wait && s == nil && !l.hurried {
			l.hurried = true
			close(l.hurry)
		}
		l.mu.Unlock()
		if s != nil || !wait {
			return s
		}
		select {
		case <-l.accepted:
		case <-l.over:
			wait = false
		case <-ctx.Done():
			wait = false
		}
	}
}

func (l *Link) isLeaving() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.leaving
}
