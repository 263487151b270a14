package adhoc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"

	"codeberg.org/reeve/reeve/agentd/launch"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/logkey"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/run"
)

// Config is what a set needs. Every field is required.
type Config struct {
	Runtime runtime.Runtime
	// Sandbox is the directory of a container of the workload, "" for one that it does not know or that does not run.
	Sandbox func(ctx context.Context, id ids.Container) (string, error)
	WorkDir string // standalone containers have their records and sandboxes in a directory below it
	Hidden  []string
	Pids    int64 // of a standalone container, 0 for none
	Log     *slog.Logger
}

// Set is all ad-hoc containers of an agent. Its methods may be called from many goroutines.
type Set struct {
	cfg   Config
	group *run.Group

	attaching sync.Mutex // held while one attaches to a task's terminal for the first time

	mu         sync.Mutex // guards the fields below
	nested     map[ids.Container]*nested
	terminals  map[ids.Container]*nested // of containers of the workload that somebody has attached to
	ended      []ids.Container           // of nested, oldest first
	standalone map[ids.Container]*standalone
}

// keepEnded bounds how many ended nested containers are remembered for whoever waits for them; the oldest go first.
const keepEnded = 1000

// New returns an empty set, whose waiting ends with ctx or with Close.
func New(ctx context.Context, cfg Config) *Set {
	return &Set{
		cfg: cfg, group: run.NewGroup(ctx),
		nested: make(map[ids.Container]*nested), terminals: make(map[ids.Container]*nested), standalone: make(map[ids.Container]*standalone),
	}
}

// Close ends all that is nested and leaves standalone containers alone.
func (s *Set) Close() error {
	s.group.Stop()
	errs := []error{s.closeTerminals()}
	for _, n := range s.nestedOnes() {
		if !n.hasEnded() {
			errs = append(errs, n.process.Close())
		}
	}
	return errors.Join(append(errs, s.group.Wait())...)
}

func (s *Set) nestedOnes() []*nested {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*nested, 0, len(s.nested))
	for _, n := range s.nested {
		all = append(all, n)
	}
	return all
}

// Launch is a container that is asked for.
type Launch struct {
	ID        ids.Container // with its parents
	Command   *mesosv1.CommandInfo
	Container *mesosv1.ContainerInfo
	Limits    runtime.Limits // of a standalone one
}

// validName is the rule for each part of a container's id (spec 3.13); stricter than Mesos's by what no file name should hold.
var validName = regexp.MustCompile(`^[A-Za-z0-9_+-]{1,242}$`)

// CheckName reports why a part of a container's id is not valid, as an error of kind Invalid.
func CheckName(name string) error {
	if !validName.MatchString(name) {
		return fault.New(fault.Invalid, "container id %q may hold letters, digits and _ + - only, at most 242", name)
	}
	return nil
}

// check reports what cannot be done, rather than leaving it out.
func (l Launch) check() error {
	docker := l.Container != nil && l.Container.GetType() == mesosv1.ContainerInfo_DOCKER
	parent, _ := l.ID.Split()
	switch {
	case l.Command.GetValue() == "":
		return fault.New(fault.Invalid, "launch container %s: the command is empty; set its value", l.ID)
	case len(l.Command.GetUris()) > 0:
		return fault.New(fault.Invalid, "launch container %s: URIs are fetched for tasks only; leave them out", l.ID)
	case docker || l.Container.GetMesos().GetImage() != nil:
		return fault.New(fault.Invalid, "launch container %s: it cannot have an image; it sees its parent's file system, or the host's without one", l.ID)
	case len(l.Container.GetVolumes()) > 0 || len(l.Container.GetNetworkInfos()) > 0:
		return fault.New(fault.Invalid, "launch container %s: it cannot have volumes or networks of its own", l.ID)
	case parent == "" && l.Container.GetTtyInfo() != nil:
		return fault.New(fault.Invalid, "launch container %s: one without a parent cannot have a terminal", l.ID)
	}
	return nil
}

// Session starts a nested container that ends when the output is closed. What it writes goes there and nowhere else.
func (s *Set) Session(ctx context.Context, l Launch) (*Output, error) {
	n, known, err := s.nest(ctx, l, true)
	if err != nil {
		return nil, err
	}
	if known {
		return nil, fault.New(fault.Conflict, "launch container %s: one of that id is already running", l.ID)
	}
	return n.first, nil
}

// EndSession kills what Session started, if it still runs.
func (s *Set) EndSession(id ids.Container) {
	s.mu.Lock()
	n := s.nested[id]
	s.mu.Unlock()
	if n == nil || n.hasEnded() {
		return
	}
	if err := n.kill(); err != nil {
		s.cfg.Log.Debug("session not ended at once", logkey.Container(id), logkey.Err(err))
	}
}

// Launch starts a nested or a standalone container; false means that one of that id is there already.
func (s *Set) Launch(ctx context.Context, l Launch) (started bool, err error) {
	if parent, _ := l.ID.Split(); parent == "" {
		return s.launchStandalone(ctx, l)
	}
	_, known, err := s.nest(ctx, l, false)
	return !known && err == nil, err
}

// nest starts a process in its parent.
func (s *Set) nest(ctx context.Context, l Launch, session bool) (n *nested, known bool, err error) {
	if err := l.check(); err != nil {
		return nil, false, err
	}
	parent, _ := l.ID.Split()
	inside, err := s.host(parent)
	if err != nil {
		return nil, false, err
	}
	n = &nested{id: l.ID, session: session, hub: newHub(), starting: make(chan struct{}), ended: make(chan struct{})}
	n.first = n.hub.attach(session)
	s.mu.Lock()
	if old := s.nested[l.ID]; old != nil {
		s.mu.Unlock()
		<-old.starting
		return old, true, nil
	}
	s.nested[l.ID] = n
	s.mu.Unlock()
	defer close(n.starting)
	if !session {
		n.first.Close()
		err = s.makeFiles(ctx, n)
	}
	if err == nil {
		n.process, err = s.cfg.Runtime.Exec(ctx, inside, execOf(l))
	}
	if err != nil {
		s.forget(l.ID)
		return nil, false, errors.Join(err, n.closeFiles())
	}
	n.tty = l.Container.GetTtyInfo() != nil
	s.group.Go("container "+string(l.ID), func(context.Context) error {
		if err := n.run(); err != nil {
			s.cfg.Log.Debug("nested container", logkey.Container(l.ID), logkey.Err(err))
		}
		s.noteEnd(l.ID)
		return nil
	})
	return n, false, nil
}

// host is the container of the runtime that a nested one runs in: its nearest parent that is not itself a process in one.
func (s *Set) host(parent ids.Container) (ids.Container, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		n := s.nested[parent]
		switch {
		case n == nil:
			return parent, nil
		case n.hasEnded():
			return "", fault.New(fault.Conflict, "container %s has ended", parent)
		}
		parent, _ = parent.Split()
	}
}

// execOf is what the runtime is asked for.
func execOf(l Launch) runtime.Exec {
	return runtime.Exec{
		Argv: launch.Argv(l.Command), Env: launch.Variables(l.Command), User: l.Command.GetUser(), Stdin: true,
		TTY: launch.Window(l.Container.GetTtyInfo()),
	}
}

// makeFiles makes the sandbox of a nested container, in that of its parent (spec 3.12).
func (s *Set) makeFiles(ctx context.Context, n *nested) error {
	var names []string
	root := n.id
	for parent, name := root.Split(); parent != ""; parent, name = root.Split() {
		names = append([]string{"containers", name}, names...)
		root = parent
	}
	base, err := s.sandbox(ctx, root)
	if err != nil || base == "" {
		return err
	}
	n.sandbox = filepath.Join(append([]string{base}, names...)...)
	return n.openFiles(base, filepath.Join(names...))
}

// sandbox is that of a container without a parent, "" if it is not known.
func (s *Set) sandbox(ctx context.Context, id ids.Container) (string, error) {
	s.mu.Lock()
	alone := s.standalone[id]
	s.mu.Unlock()
	if alone != nil {
		return alone.sandbox, nil
	}
	return s.cfg.Sandbox(ctx, id)
}

// openFiles makes stdout and stderr. It goes through os.Root: the task may have left links, and this process is root.
func (n *nested) openFiles(base, below string) error {
	root, err := os.OpenRoot(base)
	if err != nil {
		return fmt.Errorf("open sandbox: %w", err)
	}
	err = root.MkdirAll(below, 0o755)
	n.files = make(map[Stream]*os.File)
	for stream, name := range map[Stream]string{Stdout: "stdout", Stderr: "stderr"} {
		if err != nil {
			break
		}
		var f *os.File
		f, err = root.OpenFile(filepath.Join(below, name), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
		if err == nil {
			n.files[stream] = f
		}
	}
	return errors.Join(err, root.Close())
}

func (n *nested) closeFiles() error {
	var errs []error
	for _, f := range n.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

func (s *Set) forget(id ids.Container) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.nested, id)
}

// noteEnd forgets the oldest of too many ended ones.
func (s *Set) noteEnd(id ids.Container) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = append(s.ended, id)
	for len(s.ended) > keepEnded {
		if n := s.nested[s.ended[0]]; n != nil && n.hasEnded() {
			delete(s.nested, s.ended[0])
		}
		s.ended = s.ended[1:]
	}
}

// find returns a nested container that has been started, nil if there is none.
func (s *Set) find(id ids.Container) *nested {
	s.mu.Lock()
	n := s.nested[id]
	s.mu.Unlock()
	if n == nil {
		return nil
	}
	<-n.starting
	if n.process == nil {
		return nil
	}
	return n
}

func unknown(id ids.Container) error {
	return fault.New(fault.NotFound, "Container %s cannot be found", id)
}

// Attach returns what a nested container writes from now on.
func (s *Set) Attach(id ids.Container) (*Output, error) {
	n, err := s.streams(id)
	if err != nil {
		return nil, err
	}
	return n.hub.attach(false), nil
}

// noStreams says why nobody can attach to a container: what it writes goes into its files.
func (s *Set) noStreams(id ids.Container) error {
	if sandbox, err := s.sandbox(context.Background(), id); err != nil || sandbox == "" {
		return errors.Join(unknown(id), err)
	}
	return fault.New(fault.Internal, "container %s has no I/O switchboard: what it writes is in the files stdout and stderr of its sandbox; "+
		"start a session in it to look around", id)
}

// Input attaches to what a nested container reads; a Conflict if somebody else is.
func (s *Set) Input(id ids.Container) (*Input, error) {
	n, err := s.streams(id)
	if err != nil {
		return nil, err
	}
	if !n.input.CompareAndSwap(false, true) {
		return nil, fault.New(fault.Conflict, "Multiple input connections are not allowed")
	}
	return &Input{nested: n}, nil
}

// Wait returns how a container ended, once it has: any container of the agent.
func (s *Set) Wait(ctx context.Context, id ids.Container) (runtime.Exit, error) {
	var ended <-chan struct{}
	var exit *runtime.Exit
	if n := s.find(id); n != nil {
		ended, exit = n.ended, &n.exit
	} else if alone := s.alone(id); alone != nil {
		ended, exit = alone.ended, &alone.exit
	} else {
		found, err := s.cfg.Runtime.Wait(ctx, id)
		if fault.KindOf(err) == fault.NotFound {
			err = unknown(id)
		}
		return found, err
	}
	select {
	case <-ended:
		return *exit, nil
	case <-ctx.Done():
		return runtime.Exit{}, ctx.Err()
	}
}

// Kill sends a signal to a container: any of the agent.
func (s *Set) Kill(ctx context.Context, id ids.Container, signal int) error {
	const sigKill = 9
	if n := s.find(id); n != nil {
		return n.process.Signal(signal)
	}
	if alone := s.alone(id); alone != nil && alone.hasEnded() {
		return nil
	}
	err := s.cfg.Runtime.Signal(ctx, id, signal, signal == sigKill)
	if fault.KindOf(err) == fault.NotFound {
		return unknown(id)
	}
	return err
}

// Remove forgets an ended container and deletes its sandbox. One that was removed before is no error; one that runs is.
func (s *Set) Remove(ctx context.Context, id ids.Container) error {
	if n := s.find(id); n != nil {
		if !n.hasEnded() {
			return stillRunning(id)
		}
		s.forget(id)
		return s.removeSandbox(ctx, n)
	}
	if alone := s.alone(id); alone != nil {
		return s.removeStandalone(alone)
	}
	root := id.Root()
	if sandbox, err := s.sandbox(ctx, root); err != nil || sandbox == "" || root == id {
		return errors.Join(unknown(id), err)
	}
	return nil
}

func stillRunning(id ids.Container) error {
	return fault.New(fault.Internal, "remove container %s: it is still running; kill it first", id)
}

func (s *Set) removeSandbox(ctx context.Context, n *nested) error {
	base, err := s.sandbox(ctx, n.id.Root())
	if err != nil || base == "" || n.sandbox == "" {
		return err
	}
	dir, err := os.OpenRoot(base)
	if err != nil {
		return fmt.Errorf("remove sandbox: %w", err)
	}
	below, err := filepath.Rel(base, n.sandbox)
	if err == nil {
		err = dir.RemoveAll(below)
	}
	return errors.Join(err, dir.Close())
}

// Sandboxes are those of the standalone containers that have not been removed.
func (s *Set) Sandboxes() map[ids.Container]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make(map[ids.Container]string, len(s.standalone))
	for id, a := range s.standalone {
		all[id] = a.sandbox
	}
	return all
}

// View is one ad-hoc container that runs.
type View struct {
	ID      ids.Container
	PID     int
	Sandbox string // "" for a session
	Limits  runtime.Limits
}

// List returns the running ones by id, those with a parent and those without.
func (s *Set) List() (nested, standalone []View) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, n := range s.nested {
		select {
		case <-n.starting:
			if n.process != nil && !n.hasEnded() {
				nested = append(nested, View{ID: id, PID: n.process.PID(), Sandbox: n.sandbox})
			}
		default: // nobody has been told of it yet
		}
	}
	for id, a := range s.standalone {
		if !a.hasEnded() {
			standalone = append(standalone, View{ID: id, PID: a.pid, Sandbox: a.sandbox, Limits: a.limits})
		}
	}
	byID := func(a, b View) int { return cmp.Compare(a.ID, b.ID) }
	slices.SortFunc(nested, byID)
	slices.SortFunc(standalone, byID)
	return nested, standalone
}
