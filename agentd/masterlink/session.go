package masterlink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"

	"codeberg.org/reeve/reeve/agentd/workload"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/logkey"
	"codeberg.org/reeve/reeve/shared/run"
)

const (
	keepaliveTime    = 10 * time.Second
	keepaliveTimeout = 5 * time.Second

	// answerTimeout bounds the wait for the answer to Register; a master that writes to a slow registry needs seconds.
	answerTimeout = 20 * time.Second

	// silentBeats is how many heartbeats may go unanswered before the stream is taken for dead.
	silentBeats = 4

	maxMessage = 64 << 20 // a registration with ten thousand tasks has about 20 MB
	maxOutbox  = 1 << 16  // messages; a stream that is so far behind is closed and taken up anew
)

// random and shuffle spread agents over masters and over time; nothing depends on their values.
func random() float64 { return rand.Float64() }

func shuffle(list []string) {
	rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
}

// refusedError is a master's no.
type refusedError struct {
	reason   string
	leader   string
	shutdown bool
}

func (e *refusedError) Error() string { return "refused: " + e.reason }

// session is one stream.
type session struct {
	link *Link
	conn workload.ConnID
	addr string
	wake chan struct{} // 1: there is something in the outbox

	answered chan struct{} // closed when the master has accepted us
	ended    chan struct{} // closed when the stream is over

	mu         sync.Mutex // guards the fields below
	outbox     []*agentlink.FromAgent
	overflown  bool
	registered bool
	idle       bool // the writer has sent everything
	flushed    chan struct{}
	sequence   uint64 // of heartbeats
	heard      time.Time
}

// connect opens a stream to one master and serves it to its end. registered says whether the master had accepted us.
func (l *Link) connect(ctx context.Context, addr string) (registered bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	client, err := grpc.NewClient("passthrough:///"+addr,
		grpc.WithTransportCredentials(insecure.NewCredentials()), // transport puts TLS around the connection
		grpc.WithContextDialer(l.cfg.Dial),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: keepaliveTime, Timeout: keepaliveTimeout, PermitWithoutStream: true}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage)),
		grpc.WithDisableServiceConfig(),
	)
	if err != nil {
		return false, fmt.Errorf("dial: %w", err)
	}
	defer func() { _ = client.Close() }() // whatever it says, the stream is over
	stream, err := agentlink.NewLinkClient(client).Connect(ctx)
	if err != nil {
		return false, err
	}
	s := l.open(addr)
	err = s.serve(ctx, cancel, stream)
	l.closed(ctx, s)
	return s.isRegistered(), err
}

// open makes the session that Send finds from now on.
func (l *Link) open(addr string) *session {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lastConn++
	l.session = &session{
		link: l, conn: l.lastConn, addr: addr, heard: time.Now(),
		wake: make(chan struct{}, 1), answered: make(chan struct{}), ended: make(chan struct{}), flushed: make(chan struct{}),
	}
	return l.session
}

func (l *Link) closed(ctx context.Context, s *session) {
	close(s.ended)
	l.mu.Lock()
	if l.session == s {
		l.session = nil
	}
	l.mu.Unlock()
	if err := l.cfg.Post(context.WithoutCancel(ctx), workload.LinkClosed{Conn: s.conn}); err != nil {
		l.cfg.Log.Debug("end of a link was not taken: the agent is stopping", logkey.Err(err))
	}
	if s.isRegistered() && !l.isLeaving() {
		l.cfg.Log.Warn("link to the master broke", logkey.Addr(s.addr))
	}
}

// serve has the machine register and then carries messages both ways until one side fails. cancel ends the stream.
func (s *session) serve(ctx context.Context, cancel context.CancelFunc, stream agentlink.Link_ConnectClient) error {
	if err := s.link.cfg.Post(ctx, workload.LinkOpened{Conn: s.conn}); err != nil {
		return err
	}
	group := run.NewGroup(ctx)
	group.Go("send", func(ctx context.Context) error { return s.write(ctx, stream) })
	group.Go("receive", func(ctx context.Context) error { return s.read(ctx, group, stream) })
	group.Go("register", s.awaitAnswer)
	<-group.Done()
	cancel() // the reader waits in the stream, not for the group
	return group.Wait()
}

// awaitAnswer fails if the registration is not answered in time.
func (s *session) awaitAnswer(ctx context.Context) error {
	timer := time.NewTimer(answerTimeout)
	defer timer.Stop()
	select {
	case <-timer.C:
		return fmt.Errorf("no answer within %s", answerTimeout)
	case <-s.answered:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// read takes the answer to the registration and then every message.
func (s *session) read(ctx context.Context, group *run.Group, stream agentlink.Link_ConnectClient) error {
	for {
		message, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return errors.New("the master closed the stream")
		}
		if err != nil {
			return err
		}
		if !s.link.current(message.GetTerm()) {
			return &refusedError{reason: fmt.Sprintf("its term %d is over", message.GetTerm())}
		}
		s.mu.Lock()
		s.heard = time.Now()
		s.mu.Unlock()
		if refused := message.GetRefused(); refused != nil {
			return &refusedError{reason: refused.GetReason(), leader: refused.GetLeader(), shutdown: refused.GetShutdown()}
		}
		if registered := message.GetRegistered(); registered != nil {
			s.accepted(group, registered)
		}
		if err := s.link.cfg.Post(ctx, workload.FromMaster{Conn: s.conn, Message: message}); err != nil {
			return err
		}
	}
}

// accepted starts the heartbeats.
func (s *session) accepted(group *run.Group, registered *agentlink.Registered) {
	s.mu.Lock()
	again := s.registered
	s.registered = true
	s.mu.Unlock()
	if again {
		return
	}
	close(s.answered)
	s.link.accept(s.addr)
	s.link.cfg.Log.Info("registered with the master", logkey.Addr(s.addr), logkey.ID(registered.GetAgentId().GetValue()))
	interval := time.Duration(registered.GetHeartbeatSeconds() * float64(time.Second))
	if interval <= 0 {
		interval = 15 * time.Second
	}
	group.Go("heartbeats", func(ctx context.Context) error { return s.beat(ctx, interval) })
}

// tellAgainEvery is after how many heartbeats the list of images is told again although it has not changed: one may have
// been lost with a turn of the machine that did not know yet of the registration.
const tellAgainEvery = 12

// sparing leaves the images out of a heartbeat that the master was told of before, and returns what it was told last.
func sparing(usage *agentlink.HostUsage, told []string, n int) []string {
	names := usage.GetImages().GetNames()
	if usage == nil || n%tellAgainEvery > 1 && slices.Equal(names, told) {
		if usage != nil {
			usage.Images = nil
		}
		return told
	}
	return names
}

// beat asks the machine for a heartbeat at every interval, the first at once, and ends the stream of a master that has
// gone silent.
func (s *session) beat(ctx context.Context, interval time.Duration) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	var told []string
	for n := 0; ; n++ {
		usage := s.link.cfg.Usage()
		told = sparing(usage, told, n)
		if err := s.link.cfg.Post(ctx, workload.Beat{Conn: s.conn, Usage: usage}); err != nil {
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		s.mu.Lock()
		silent := time.Since(s.heard)
		s.mu.Unlock()
		if silent > silentBeats*interval {
			return fmt.Errorf("the master has been silent for %s", silent.Round(time.Second))
		}
	}
}

// write empties the outbox into the stream.
func (s *session) write(ctx context.Context, stream agentlink.Link_ConnectClient) error {
	for {
		message, err := s.next()
		if err != nil {
			return err
		}
		if message == nil {
			select {
			case <-s.wake:
			case <-ctx.Done():
				return ctx.Err()
			}
			continue
		}
		if err := stream.Send(message); errors.Is(err, io.EOF) {
			<-ctx.Done() // the reader learns why the stream ended, and says so
			return ctx.Err()
		} else if err != nil {
			return err
		}
	}
}

// next takes the first message of the outbox; nil says that it is empty.
func (s *session) next() (*agentlink.FromAgent, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.overflown {
		return nil, fmt.Errorf("more than %d messages wait for the master", maxOutbox)
	}
	if len(s.outbox) == 0 {
		if !s.idle {
			s.idle = true
			close(s.flushed)
		}
		return nil, nil
	}
	message := s.outbox[0]
	s.outbox = s.outbox[1:]
	if beat := message.GetHeartbeat(); beat != nil {
		s.sequence++
		beat.Sequence = s.sequence
	}
	return message, nil
}

func (s *session) push(message *agentlink.FromAgent) {
	s.mu.Lock()
	s.outbox = append(s.outbox, message)
	s.overflown = s.overflown || len(s.outbox) > maxOutbox
	if s.idle {
		s.idle, s.flushed = false, make(chan struct{})
	}
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// flush waits until everything that was pushed has been handed to the stream.
func (s *session) flush(ctx context.Context) error {
	s.mu.Lock()
	flushed := s.flushed
	s.mu.Unlock()
	select {
	case <-flushed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *session) isRegistered() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.registered
}
