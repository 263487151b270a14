package agentlink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/peer"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/masterd/outbox"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/logkey"
	"codeberg.org/reeve/reeve/shared/version"
)

// stream is one agent's connection to one leadership.
type stream struct {
	conn  cluster.ConnID
	term  Term
	box   *outbox.Box[*agentlink.FromMaster]
	wire  grpc.BidiStreamingServer[agentlink.FromAgent, agentlink.FromMaster]
	began time.Time
	heard atomic.Int64              // how long after began the agent last said anything, in nanoseconds
	agent atomic.Pointer[ids.Agent] // known once Registered has gone out
}

// hears notes that the agent said something.
func (st *stream) hears(now time.Time) { st.heard.Store(int64(now.Sub(st.began))) }

// quiet is for how long the agent has said nothing, also if the clock was set meanwhile.
func (st *stream) quiet(now time.Time) time.Duration {
	return now.Sub(st.began) - time.Duration(st.heard.Load())
}

func (st *stream) agentID() ids.Agent {
	if id := st.agent.Load(); id != nil {
		return *id
	}
	return ""
}

// Connect serves one agent until either side ends the stream.
func (s *Server) Connect(wire grpc.BidiStreamingServer[agentlink.FromAgent, agentlink.FromMaster]) error {
	first, err := wire.Recv()
	if err != nil {
		return err
	}
	term, refused := s.door(first)
	if refused != nil {
		return wire.Send(&agentlink.FromMaster{Message: &agentlink.FromMaster_Refused{Refused: refused}})
	}
	st := &stream{conn: s.nextConn(), term: term, wire: wire, began: time.Now()}
	st.box = term.ConnectAgent(st.conn)
	s.add(st)
	defer s.remove(st)
	ctx := wire.Context()
	register := cluster.AgentRegister{Conn: st.conn, Register: first.GetRegister(), PeerIP: peerIP(ctx)}
	if err := term.Post(ctx, register); err != nil {
		st.box.Hangup()
		return wire.Send(&agentlink.FromMaster{Message: &agentlink.FromMaster_Refused{Refused: s.elsewhere()}})
	}
	read := make(chan error, 1) // written once, when the reader ends; it outlives a writer that ends first by a moment
	go func() {
		err := s.read(ctx, st)
		st.box.Close()
		read <- err
	}()
	err = st.write(ctx)
	st.box.Hangup()
	select {
	case rerr := <-read:
		err = errors.Join(err, rerr)
	default: // returning ends the reader's Recv
	}
	s.log.Debug("link ended", logkey.Agent(st.agentID()), logkey.Err(err))
	return err
}

// door decides who may come in: registrations, of a version that this master understands, while it leads.
func (s *Server) door(first *agentlink.FromAgent) (Term, *agentlink.Refused) {
	register := first.GetRegister()
	if register == nil || register.GetAgentInfo() == nil {
		return nil, &agentlink.Refused{Reason: "the first message of a link must be Register, with an agent_info"}
	}
	if v := register.GetLinkVersion(); v > version.Link || v+1 < version.Link {
		return nil, &agentlink.Refused{Reason: fmt.Sprintf(
			"this master (Reeve %s) speaks link version %d and the one before, the agent (Reeve %s) speaks %d; upgrade the older one",
			version.Reeve, version.Link, register.GetVersion(), v)}
	}
	term, ok := s.node.LinkTerm()
	if !ok {
		return nil, s.elsewhere()
	}
	return term, nil
}

// elsewhere sends the agent to the leader.
func (s *Server) elsewhere() *agentlink.Refused {
	leader := s.node.LeaderLink()
	reason := "this master stands by, ask the leader"
	if leader == "" {
		reason = "this master stands by and knows no leader, ask again soon"
	}
	return &agentlink.Refused{Reason: reason, Leader: leader}
}

// read posts what the agent says. It never looks at what the machine makes of it: while the mailbox is full it waits, and
// so does the agent.
func (s *Server) read(ctx context.Context, st *stream) error {
	for {
		m, err := st.wire.Recv()
		if errors.Is(err, io.EOF) || err != nil && ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		now := time.Now()
		st.hears(now)
		var in cluster.Input
		switch m := m.GetMessage().(type) {
		case *agentlink.FromAgent_Heartbeat:
			st.term.NoteUsage(st.agentID(), m.Heartbeat.GetUsage(), now)
			st.box.Put(&agentlink.FromMaster{Term: st.term.Number(), Message: &agentlink.FromMaster_HeartbeatAck{
				HeartbeatAck: &agentlink.HeartbeatAck{Sequence: m.Heartbeat.GetSequence()},
			}})
			if images := m.Heartbeat.GetUsage().GetImages(); images != nil && st.term.NoteImages(ctx, st.agentID(), images.GetNames()) != nil {
				return nil // the term or the stream has ended, which the writer sees too
			}
			continue
		case *agentlink.FromAgent_Goodbye:
			st.term.AgentGoodbye(st.conn, m.Goodbye)
			return nil
		case *agentlink.FromAgent_Update:
			in = cluster.AgentUpdate{Conn: st.conn, Update: m.Update}
		case *agentlink.FromAgent_History:
			in = cluster.AgentHistory{Conn: st.conn, History: m.History}
		case *agentlink.FromAgent_OperationUpdate:
			in = cluster.OperationUpdate{Conn: st.conn, Update: m.OperationUpdate}
		case *agentlink.FromAgent_Pulling:
			in = cluster.TaskPulling{Conn: st.conn, Pulling: m.Pulling}
		case *agentlink.FromAgent_ExecutorExited:
			in = cluster.ExecutorExited{Conn: st.conn, Exited: m.ExecutorExited}
		case *agentlink.FromAgent_FrameworkMessage:
			in = cluster.ExecutorToFramework{Conn: st.conn, Message: m.FrameworkMessage}
		default: // from a newer agent, or a second Register: neither means anything here
			s.log.Warn("message of an agent is not known", logkey.Agent(st.agentID()))
			continue
		}
		if err := st.term.Post(ctx, in); err != nil {
			return nil //nolint:nilerr // the term or the stream has ended, which the writer sees too
		}
	}
}

// write sends what is in the outbox until that is closed and empty, or the stream has ended.
func (st *stream) write(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-st.box.Ready():
		}
		items, open := st.box.Take()
		for _, m := range items {
			if err := st.wire.Send(m); err != nil {
				return err
			}
			if r := m.GetRegistered(); r != nil {
				st.agent.Store(new(ids.Agent(r.GetAgentId().GetValue())))
			}
		}
		if !open {
			return nil
		}
	}
}

// peerIP is what the agent is seen as.
func peerIP(ctx context.Context) string {
	p, ok := peer.FromContext(ctx)
	if !ok {
		return ""
	}
	host, _, err := net.SplitHostPort(p.Addr.String())
	if err != nil {
		return ""
	}
	return host
}
