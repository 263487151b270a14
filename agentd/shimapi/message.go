package shimapi

import (
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
)

// Version of the protocol. Shims outlive agentd, so an agentd talks to shims of the version before, too.
const Version = 1

// Op is what a request asks for.
type Op string

// The operations; the package comment says what each does.
const (
	OpHello    Op = "hello"
	OpLaunch   Op = "launch"
	OpSignal   Op = "signal"
	OpResize   Op = "resize"
	OpDevices  Op = "devices"
	OpDelete   Op = "delete"
	OpShutdown Op = "shutdown"
)

// Request is one question of agentd. ID is chosen by agentd, not 0, and unique on the connection.
type Request struct {
	ID        uint64        `json:"id"`
	Op        Op            `json:"op"`
	Container ids.Container `json:"container,omitempty"`
	Launch    *Launch       `json:"launch,omitempty"`
	Signal    int           `json:"signal,omitempty"`
	All       bool          `json:"all,omitempty"`

	Resources *specs.LinuxResources `json:"resources,omitempty"` // of a resize: all of them, as in a spec
	Pod       *Pod                  `json:"pod,omitempty"`       // of a resize, instead of a container
	Devices   *Devices              `json:"devices,omitempty"`
}

// Devices are those that a container gets, and those that it has no longer. What is so already is no error.
type Devices struct {
	Give []Device `json:"give,omitempty"`
	Take []Device `json:"take,omitempty"`
}

// Device is one that a container may open, and the file by which it does.
type Device struct {
	Node   specs.LinuxDevice `json:"node"`
	Access string            `json:"access"` // of "r", "w" and "m"
}

// Pod is a cgroup that holds those of containers, and what bounds them together. A launch makes it.
type Pod struct {
	Group     string                `json:"group"`
	Resources *specs.LinuxResources `json:"resources"`
}

// Launch is all a shim has to know about a container.
type Launch struct {
	Dir    string      `json:"dir"` // the container's records: exit.json goes there
	Spec   *specs.Spec `json:"spec"`
	Stdout string      `json:"stdout,omitempty"`
	Stderr string      `json:"stderr,omitempty"`
	Stage  []Staged    `json:"stage,omitempty"`
	Pod    *Pod        `json:"pod,omitempty"` // that the spec's cgroup lies in

	Seccomp Seccomp  `json:"seccomp,omitzero"`
	TTY     *Window  `json:"tty,omitempty"`     // the process's streams are one terminal, what it shows is added to Stdout
	Overlay *Overlay `json:"overlay,omitempty"` // the spec's root, if it is not the host's
	Sandbox string   `json:"sandbox,omitempty"` // that Stdout and Stderr are in; "" for where the process starts

	// Hold starts no command: the container's first process does nothing, and others join its namespaces. What was staged for
	// it stays as long as it does.
	Hold bool `json:"hold,omitempty"`
}

// Overlay is a file system of layers that the shim mounts in its own mount namespace, where the container finds it while it starts.
type Overlay struct {
	At     string   `json:"at"`             // the spec's root, or the source of a mount
	Layers []string `json:"layers"`         // directories, topmost first
	User   bool     `json:"user,omitempty"` // the agent is not root: what deletes is marked by attributes that an ordinary user may set
	Own    string   `json:"own"`            // directory for what the container writes; it is made, and agentd's to delete; "" for a mount that is only read
	Dirs   []string `json:"dirs,omitempty"` // of the container, made if they are not there
}

// Window is the size of a terminal.
type Window = runtime.Window

// Seccomp is the filter of system calls, by default the shim's own.
type Seccomp struct {
	Unconfined bool   `json:"unconfined,omitempty"` // none
	Profile    []byte `json:"profile,omitempty"`    // JSON in Docker's form
}

// Staged is a source of the spec's mounts that the shim makes ready in its own mount namespace, where the container finds
// it while it starts and nobody else ever does. Source is opened there, because a task may change links below Within.
type Staged struct {
	At     string `json:"at"` // where the spec expects it
	Source string `json:"source,omitempty"`
	Within string `json:"within,omitempty"` // what resolving Source does not leave; "" for /
	Make   bool   `json:"make,omitempty"`   // a directory is made of a Source that is not there
	Secret []byte `json:"secret,omitempty"` // without Source: what the file holds

	Hide     []string `json:"hide,omitempty"`     // of the host, without links; Source may not be in them, and what it holds of them is covered
	Readable bool     `json:"readable,omitempty"` // everybody can read the file
	Tmpfs    bool     `json:"tmpfs,omitempty"`    // without Source: a directory in memory
	Bytes    int64    `json:"bytes,omitempty"`    // size of it, 0 for the kernel's default
	Overlay  *Overlay `json:"overlay,omitempty"`  // without Source: layers, mounted at At
}

// Reply answers the request with the same id; id 0 is an event. At most one of the other fields is set.
type Reply struct {
	ID      uint64     `json:"id"`
	Error   *Error     `json:"error,omitempty"`
	Hello   *Hello     `json:"hello,omitempty"`
	Started *Container `json:"started,omitempty"`
	Exited  *Container `json:"exited,omitempty"`
}

// Error is a refusal or a failure, with text for people.
type Error struct {
	Kind fault.Kind `json:"kind"`
	Text string     `json:"text"`
}

// ErrGone is what agentd has instead of an answer of a shim that has died.
var ErrGone = fault.New(fault.Unavailable, "the shim that holds the container has gone")

// Err returns the error that the other side had, nil for nil.
func (e *Error) Err() error {
	if e == nil {
		return nil
	}
	return fault.New(e.Kind, "%s", e.Text)
}

// NewError packs an error for the wire, nil for nil.
func NewError(err error) *Error {
	if err == nil {
		return nil
	}
	return &Error{Kind: fault.KindOf(err), Text: err.Error()}
}

// Hello introduces a shim.
type Hello struct {
	Version    int         `json:"version"`
	Binary     string      `json:"binary"` // Binary() of what the shim runs
	PID        int         `json:"pid"`
	Containers []Container `json:"containers,omitempty"`
}

// Container is the state of one container.
type Container struct {
	ID      ids.Container `json:"id"`
	PID     int           `json:"pid"`
	Started time.Time     `json:"started"`
	Exit    *runtime.Exit `json:"exit,omitempty"`
}
