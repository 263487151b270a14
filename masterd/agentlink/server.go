package agentlink

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/logkey"
	"codeberg.org/reeve/reeve/shared/run"
)

// maxMessage bounds one message of an agent. The largest is Register: some 5 KB for each task of the agent.
const maxMessage = 64 << 20

// Timing. gRPC's keep-alive finds dead hosts; the heartbeat, which Registered asks for every 5 s (cluster.Config), finds agents whose own
// loop has stopped turning. Three of them may be missed.
const (
	keepAliveTime    = 10 * time.Second
	keepAliveTimeout = 5 * time.Second
	minPing          = 5 * time.Second
	silence          = 16 * time.Second
	sweepInterval    = time.Second
	closeTimeout     = 2 * time.Second
)

// Server serves the link for the whole life of the process, whoever leads.
type Server struct {
	agentlink.UnimplementedLinkServer
	node Node
	log  *slog.Logger
	last atomic.Uint64 // the newest ConnID

	mu      sync.Mutex // guards streams
	streams map[*stream]struct{}
}

// New returns a server that is not listening yet.
func New(node Node, logger *slog.Logger) *Server {
	return &Server{node: node, log: logger, streams: make(map[*stream]struct{})}
}

// Serve serves until ctx ends; then it ends every stream and returns nil.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	server := grpc.NewServer(
		grpc.MaxRecvMsgSize(maxMessage),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: keepAliveTime, Timeout: keepAliveTimeout}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: minPing, PermitWithoutStream: true}),
	)
	agentlink.RegisterLinkServer(server, s)
	group := run.NewGroup(ctx)
	group.Go("sweep", s.sweep)
	group.Go("stop", func(ctx context.Context) error {
		<-ctx.Done()
		force := time.AfterFunc(closeTimeout, server.Stop)
		defer force.Stop()
		s.closeAll()
		server.GracefulStop() // lets what is in the outboxes go out first
		return nil
	})
	group.Go("serve", func(context.Context) error {
		err := server.Serve(listener)
		if errors.Is(err, grpc.ErrServerStopped) {
			return nil
		}
		return err
	})
	return group.Wait()
}

// nextConn counts the streams of this process.
func (s *Server) nextConn() cluster.ConnID { return cluster.ConnID(s.last.Add(1)) }

func (s *Server) add(st *stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.streams[st] = struct{}{}
}

func (s *Server) remove(st *stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.streams, st)
}

// Streams is how many agents are connected.
func (s *Server) Streams() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.streams)
}

func (s *Server) all() []*stream {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*stream, 0, len(s.streams))
	for st := range s.streams {
		all = append(all, st)
	}
	return all
}

func (s *Server) closeAll() {
	for _, st := range s.all() {
		st.box.Close()
	}
}

// sweep ends streams whose agent has been silent for too long: one look at all of them each second, instead of a timer
// for each.
func (s *Server) sweep(ctx context.Context) error {
	ticker := time.NewTicker(sweepInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-ticker.C:
			for _, st := range s.all() {
				if quiet := st.quiet(now); quiet > silence {
					s.log.Warn("agent is silent, its link is closed", logkey.Agent(st.agentID()), logkey.Wait(quiet))
					st.box.Hangup() // tells the machine at once, even if the writer is stuck
				}
			}
		}
	}
}
