package shimclient

import (
	"context"
	"errors"
	"net"
	"os/exec"
	"sync"

	"codeberg.org/reeve/reeve/agentd/shimapi"
)

// errGone means that a shim cannot be asked: it has died, or the client was closed.
var errGone = shimapi.ErrGone

// link is the connection to one shim.
type link struct {
	name string
	conn net.Conn
	cmd  *exec.Cmd // if this client started the shim: it has to be reaped

	load   int    // containers that run or start in it; guarded by the client's mu
	binary string // what it runs; guarded by the client's mu
	known  bool   // it has said what it has; guarded by the client's mu
	usable bool   // takes new containers: it runs the current binary, and is not being shut down; guarded by the client's mu

	mu      sync.Mutex // guards the fields below
	nextID  uint64
	pending map[uint64]chan shimapi.Reply // nil once the connection is gone

	write chan struct{} // holds a token while a request is written
}

func newLink(name string, conn net.Conn, cmd *exec.Cmd) *link {
	return &link{
		name: name, conn: conn, cmd: cmd,
		pending: make(map[uint64]chan shimapi.Reply), write: make(chan struct{}, 1),
	}
}

// call asks and waits for the answer. The error is the shim's own, errGone, or ctx's.
func (l *link) call(ctx context.Context, req shimapi.Request) (shimapi.Reply, error) {
	answer := make(chan shimapi.Reply, 1) // the reader must never wait for a caller that has given up
	l.mu.Lock()
	if l.pending == nil {
		l.mu.Unlock()
		return shimapi.Reply{}, errGone
	}
	l.nextID++
	req.ID = l.nextID
	l.pending[req.ID] = answer
	l.mu.Unlock()
	defer l.forget(req.ID)

	select {
	case l.write <- struct{}{}:
	case <-ctx.Done(): // somebody else's request does not go through
		return shimapi.Reply{}, ctx.Err()
	}
	err := shimapi.Write(l.conn, req)
	<-l.write
	if err != nil {
		if _, ok := errors.AsType[net.Error](err); !ok {
			return shimapi.Reply{}, err // it could not be encoded, and was not sent
		}
		return shimapi.Reply{}, errGone
	}
	select {
	case reply, ok := <-answer:
		if !ok {
			return shimapi.Reply{}, errGone
		}
		return reply, reply.Error.Err()
	case <-ctx.Done():
		return shimapi.Reply{}, ctx.Err()
	}
}

func (l *link) forget(id uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.pending, id)
}

// read delivers replies until the connection ends, and events to exited. Then every caller that waits gets errGone.
func (l *link) read(exited func(shimapi.Container)) {
	for {
		var reply shimapi.Reply
		if err := shimapi.Read(l.conn, &reply); err != nil {
			break
		}
		if reply.Exited != nil {
			exited(*reply.Exited)
			continue
		}
		l.mu.Lock()
		answer := l.pending[reply.ID]
		delete(l.pending, reply.ID)
		l.mu.Unlock()
		if answer != nil {
			answer <- reply
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, answer := range l.pending {
		close(answer)
	}
	l.pending = nil
}

// detach ends the connection and leaves the shim alone.
func (l *link) detach() error {
	if err := l.conn.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}
