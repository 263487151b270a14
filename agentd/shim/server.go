//go:build linux && cgo

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"codeberg.org/reeve/reeve/agentd/cgroupfs"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/shimapi"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/logkey"
	"codeberg.org/reeve/reeve/shared/run"
)

// server answers one agentd at a time and owns the containers.
type server struct {
	log    *slog.Logger
	group  *run.Group
	launch launcher
	stop   chan struct{} // closed by a shutdown request
	trim   *time.Timer   // gives memory back some time after the last launch

	mu         sync.Mutex // guards the fields below
	containers map[ids.Container]*entry
	conn       *connection // the newest
	stopping   bool
}

// entry is a container from its launch request until its deletion.
type entry struct {
	dir     string
	decided chan struct{} // closed when the launch has succeeded or failed
	err     error         // why it failed
	running *container
	exit    *runtime.Exit // guarded by the server's mu
}

func newServer(cfg config, group *run.Group, log *slog.Logger) *server {
	cgroups, err := cgroupfs.Find()
	if err != nil {
		log.Warn("cgroups not found, OOM kills will not be told from others", logkey.Err(err))
	}
	trim := time.AfterFunc(trimAfter, debug.FreeOSMemory)
	return &server{
		log:        log,
		trim:       trim,
		group:      group,
		launch:     launcher{stateDir: cfg.stateDir(), convert: newConverter(cfg.rootless), cgroups: cgroups},
		stop:       make(chan struct{}),
		containers: make(map[ids.Container]*entry),
	}
}

// trimAfter is the rest after which a shim gives back what its launches needed: 3 MB of 6 with 32 containers, and there are
// many shims.
const trimAfter = 2 * time.Second

// run serves until a shutdown request. The calling goroutine does nothing else: it holds the main thread.
func (s *server) run(on sockets) error {
	s.group.Go("accept", func(context.Context) error { return s.accept(on.requests) })
	s.group.Go("accept exec", func(context.Context) error { return s.acceptExec(on.execs) })
	select {
	case <-s.stop:
	case <-s.group.Done():
	}
	s.group.Stop()
	s.trim.Stop()
	err := on.close()
	s.mu.Lock()
	conn := s.conn
	s.mu.Unlock()
	if conn != nil {
		conn.finish()
	}
	return errors.Join(err, s.group.Wait())
}

// spawn runs fn beside everything else; the end of the shim waits for it.
func (s *server) spawn(name string, fn func()) {
	s.group.Go(name, func(context.Context) error { fn(); return nil })
}

// accept takes connections one after another. A new agentd replaces the old one completely: what that had asked for is
// read to its end before the new one is heard, so that nothing is launched behind its back.
func (s *server) accept(listener net.Listener) error {
	for {
		c, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("accept agentd: %w", err)
		}
		conn := &connection{Conn: c, done: make(chan struct{})}
		s.mu.Lock()
		old := s.conn
		s.conn = conn
		s.mu.Unlock()
		if old != nil {
			old.hangUp()
			<-old.done
		}
		s.spawn("converse", func() { s.converse(conn) })
	}
}

// errStopping is for whoever comes after the shutdown request.
var errStopping = fault.New(fault.Unavailable, "the shim is shutting down")

// connection is one agentd's. Replies and events may be written by many goroutines.
type connection struct {
	net.Conn
	done chan struct{} // closed when no further request will be taken from it

	answers sync.WaitGroup // short requests that are being answered; launches are not waited for
	mu      sync.Mutex     // guards writing
}

func (c *connection) send(reply shimapi.Reply) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := shimapi.Write(c.Conn, reply); err != nil {
		c.hangUp() // agentd is gone; the next one asks for everything
	}
}

// listens says whether an agentd is at the other end; one that has just died may still look so.
func (c *connection) listens() bool {
	if c == nil {
		return false
	}
	select {
	case <-c.done:
		return false
	default:
		return true
	}
}

// finish ends reading, while what is being answered still goes out.
func (c *connection) finish() {
	if half, ok := c.Conn.(*net.UnixConn); ok {
		_ = half.CloseRead() // it may have been closed
	}
}

func (c *connection) hangUp() { _ = c.Close() } // closing twice is fine

func (s *server) converse(c *connection) {
	defer close(c.done)
	defer c.hangUp()
	defer c.answers.Wait() // the answer to a shutdown, above all: it is what ended the reading
	for {
		var req shimapi.Request
		if err := shimapi.Read(c, &req); err != nil {
			return
		}
		if req.Op == shimapi.OpLaunch {
			s.admit(c, req) // in order: a hello that comes later must see it
			continue
		}
		c.answers.Add(1)
		s.spawn("answer", func() {
			defer c.answers.Done()
			c.send(s.answer(req))
		})
	}
}

// admit notes a launch before anything else is read, and carries it out beside.
func (s *server) admit(c *connection, req shimapi.Request) {
	if req.Launch == nil || req.Launch.Spec == nil || req.Container == "" {
		c.send(refuse(req, fault.New(fault.Invalid, "launch lacks a container id or a spec")))
		return
	}
	s.mu.Lock()
	if s.stopping {
		s.mu.Unlock()
		c.send(refuse(req, errStopping))
		return
	}
	e, known := s.containers[req.Container]
	if !known {
		e = &entry{dir: req.Launch.Dir, decided: make(chan struct{})}
		s.containers[req.Container] = e
	}
	s.mu.Unlock()
	s.spawn("launch", func() {
		if !known {
			s.start(req, e)
		}
		<-e.decided
		if e.err != nil {
			c.send(refuse(req, e.err))
			return
		}
		c.send(shimapi.Reply{ID: req.ID, Started: new(s.describe(req.Container, e))})
	})
}

func (s *server) start(req shimapi.Request, e *entry) {
	running, err := s.launch.start(string(req.Container), req.Launch)
	s.trim.Reset(trimAfter)
	s.mu.Lock()
	e.running, e.err = running, err
	if err != nil {
		delete(s.containers, req.Container)
	}
	s.mu.Unlock()
	close(e.decided)
	if err == nil && running.master != nil {
		s.spawn("terminal", running.show)
	}
	if err == nil {
		s.spawn("watch", func() { s.watch(req.Container, e) })
	}
}

// watch waits for a container's end, records it, on the disk if nobody listens, and tells agentd.
func (s *server) watch(id ids.Container, e *entry) {
	exit, err := e.running.wait()
	if err != nil {
		s.log.Warn("container left something behind", logkey.Container(id), logkey.Err(err))
	}
	record := shimapi.Container{ID: id, PID: e.running.pid, Started: e.running.started, Exit: &exit}
	s.mu.Lock()
	conn := s.conn
	s.mu.Unlock()
	keep := shimapi.WriteExit
	if conn.listens() {
		keep = shimapi.NoteExit
	}
	if err := keep(e.dir, record); err != nil {
		s.log.Error("exit not recorded", logkey.Container(id), logkey.Err(err))
	}
	s.mu.Lock()
	e.exit = &exit
	conn = s.conn
	s.mu.Unlock()
	if conn != nil {
		conn.send(shimapi.Reply{Exited: &record})
	}
}

func (s *server) answer(req shimapi.Request) shimapi.Reply {
	switch req.Op {
	case shimapi.OpHello:
		return s.hello(req)
	case shimapi.OpLaunch: // admitted in order, by converse
	case shimapi.OpSignal:
		return refuse(req, s.signal(req))
	case shimapi.OpResize:
		return refuse(req, s.resize(req))
	case shimapi.OpDevices:
		return refuse(req, s.devices(req))
	case shimapi.OpDelete:
		return refuse(req, s.forget(req.Container))
	case shimapi.OpShutdown:
		return refuse(req, s.shutdown())
	}
	return refuse(req, fault.New(fault.Unsupported, "operation %q is not known to this shim", req.Op))
}

// refuse answers with an error, or with plain success for nil.
func refuse(req shimapi.Request, err error) shimapi.Reply {
	return shimapi.Reply{ID: req.ID, Error: shimapi.NewError(err)}
}

// hello lists the containers, after every launch in flight has been decided.
func (s *server) hello(req shimapi.Request) shimapi.Reply {
	s.mu.Lock()
	if s.stopping {
		s.mu.Unlock()
		return refuse(req, errStopping)
	}
	entries := make(map[ids.Container]*entry, len(s.containers))
	maps.Copy(entries, s.containers)
	s.mu.Unlock()
	hello := &shimapi.Hello{Version: shimapi.Version, Binary: shimapi.Binary("/proc/self/exe"), PID: os.Getpid()}
	for id, e := range entries {
		<-e.decided
		if e.err == nil {
			hello.Containers = append(hello.Containers, s.describe(id, e))
		}
	}
	return shimapi.Reply{ID: req.ID, Hello: hello}
}

func (s *server) describe(id ids.Container, e *entry) shimapi.Container {
	s.mu.Lock()
	defer s.mu.Unlock()
	return shimapi.Container{ID: id, PID: e.running.pid, Started: e.running.started, Exit: e.exit}
}

// find returns a container whose launch has been decided; nil if it has ended before it began.
func (s *server) find(id ids.Container) (*container, error) {
	s.mu.Lock()
	e, ok := s.containers[id]
	s.mu.Unlock()
	if !ok {
		return nil, fault.New(fault.NotFound, "container %s is not known", id)
	}
	<-e.decided
	return e.running, nil
}

func (s *server) signal(req shimapi.Request) error {
	c, err := s.find(req.Container)
	if err != nil || c == nil {
		return err
	}
	if err := c.signal(req.Signal, req.All); err != nil {
		return fmt.Errorf("signal container %s: %w", req.Container, err)
	}
	return nil
}

func (s *server) resize(req shimapi.Request) error {
	if req.Pod != nil {
		return s.launch.pods.set(req.Pod)
	}
	if req.Resources == nil {
		return fault.New(fault.Invalid, "resize lacks resources")
	}
	c, err := s.find(req.Container)
	if err != nil || c == nil {
		return err
	}
	if err := c.resize(req.Resources); err != nil {
		return fmt.Errorf("resize container %s: %w", req.Container, err)
	}
	return nil
}

func (s *server) forget(id ids.Container) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.containers[id]
	if ok && e.exit == nil {
		return fault.New(fault.Conflict, "delete container %s: it still runs; end it first", id)
	}
	delete(s.containers, id)
	return nil
}

var errBusy = errors.New("containers are running in this shim")

// shutdown ends the shim if nothing runs in it. What has ended is on the disk.
func (s *server) shutdown() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.containers {
		if e.exit == nil {
			return fault.Wrap(fault.Conflict, errBusy, "shut down shim")
		}
	}
	if !s.stopping {
		s.stopping = true
		close(s.stop)
	}
	return nil
}
