// Package runtime is what the agent needs of a container runtime: start a process tree in its own namespaces under limits,
// wait for it, end it, look at it, and find it again after a restart. It owns the vocabulary and holds no implementation:
// agentd/shimclient is the real one, agentd/runtime/fake the one for tests, and runtimetest checks both against the same
// suite. It knows nothing of Mesos, tasks or frameworks. Start reading at Runtime.
package runtime

import (
	"context"
	"time"

	"codeberg.org/reeve/reeve/shared/ids"
)

// Runtime runs containers. All methods may be called at once from many goroutines. Every error is written for people: it
// ends up in a task's status message.
type Runtime interface {
	Execer
	Terminaler

	// Launch creates and starts a container and returns when its process has been exec'ed. Launching a known id returns
	// its Started again. After an error nothing of the container is left. ctx bounds the wait for a turn; a launch that has
	// begun is carried through, which takes milliseconds.
	Launch(ctx context.Context, spec Spec) (Started, error)

	// Wait returns when the container's first process has ended and everything in the container is gone. It may be called
	// again and by many: the answer stays the same until Delete. It works for containers of an earlier agentd, too.
	Wait(ctx context.Context, id ids.Container) (Exit, error)

	// Signal sends a signal to the first process, or with all to every process of the container. SIGKILL with all cannot be
	// escaped. AskToEnd is the signal that its Spec names for that. Signalling a container that has ended is no error.
	Signal(ctx context.Context, id ids.Container, signal int, all bool) error

	// Resize changes the limits of a running container; all of them are given anew. What the host refuses stays as it was
	// and is an error, above all a memory limit below what is in use: nothing is ever killed to make room. Resizing a
	// container that has ended is no error. The id may be that of a pod: a container that was never launched and that
	// others are nested in; so it may for Stats and Delete.
	Resize(ctx context.Context, id ids.Container, limits Limits) error

	// Equip has a running container have so many GPUs: more are given to it, or some are taken back, those that nobody in it has
	// open before others. An error changes nothing. Equipping a container that has ended is no error.
	Equip(ctx context.Context, id ids.Container, gpus int) error

	// GPUs lists the GPUs of the host, and which container has each.
	GPUs() []GPU

	// Delete frees what an ended container holds: cgroups, mounts, its shim and its records, but not its sandbox.
	// Deleting an unknown id is no error.
	Delete(ctx context.Context, id ids.Container) error

	// Stats reads the counters of a running container; it costs microseconds.
	Stats(ctx context.Context, id ids.Container) (Stats, error)

	// Recover finds every container that an earlier agentd started, running or ended, and cleans up half-made ones. It is
	// called once, before anything else.
	Recover(ctx context.Context) ([]Recovered, error)
}

// Explainer is a Runtime that can say what it sees of a container that ought to have ended.
type Explainer interface {
	// Explain says in a line what is left of a container and what that waits for, for logs.
	Explain(ctx context.Context, id ids.Container) string
}

// Spec is one container. Paths are absolute and on the host.
type Spec struct {
	ID      ids.Container
	Argv    []string // the executable's path or name, then its arguments, argv[0] included
	Env     []string // KEY=value; nothing of the agent's own environment is inherited
	User    string   // name or number on the host; "" for the agent's own
	Sandbox string   // directory, exists; the container sees it writable at the same path, in an image at SandboxInImage
	Dir     string   // where the process starts, absolute in the container; "" for its sandbox
	Root    *Root    // the image that it runs in; nil for the host's file system, read-only
	Stdout  string   // file, opened for appending
	Stderr  string
	TTY     *Window  // its streams are one terminal of this size, and what that shows is added to Stdout; nil for none
	Hidden  []string // host directories that the container must not see, such as the agent's work dir
	Mounts  []Mount  // beside the sandbox, in the order in which they are made
	Limits  Limits

	StopSignal int // what AskToEnd sends to the first process; 0 for SIGTERM to whom it is sent to

	Isolation Isolation
	Network   *Network // nil for the host's
	GPUs      int      // devices of its own

	Pod *Limits // of everything nested in the same pod as this one, together; nil for one that is in no pod
}

// AskToEnd is no signal of the kernel: Signal sends the one that a container was launched with for it.
const AskToEnd = 0

// SandboxInImage is where a container in an image sees its sandbox (spec 3.12).
const SandboxInImage = "/mnt/mesos/sandbox"

// Root is the file system of a container in an image: a writable layer of its own, which goes with it, over others that are
// never written to.
type Root struct {
	Layers []string // directories, topmost first
	Dirs   []string // that are made if the image lacks them, absolute in the container
	As     Identity // instead of User: who of the image's users it is
}

// Identity is who a process is.
type Identity struct {
	UID, GID uint32
	Groups   []uint32 // supplementary
}

// Mount puts a directory or a file into a container. A mount point that does not exist is made where the container may
// write: in its sandbox, in its image, below /tmp, /run, /home and /root.
type Mount struct {
	Source   string   // directory or file of the host, absolute
	Within   string   // directory that no link on the way to Source leads out of; "" if nobody but the agent can make links there
	Make     bool     // a directory is made of a Source that does not exist, for the container's user
	Guarded  bool     // Source was named by a stranger: what belongs to the agent, the kernel or the host's safety stays out of it
	Secret   []byte   // instead of Source: a file with this in it, that only the container's user can read and that is on no disk
	Readable bool     // everybody in the container can read Secret
	Tmpfs    bool     // instead of Source: an empty directory in memory, which counts as the container's
	Bytes    int64    // size of it; 0 for the kernel's default, half of the memory
	Layers   []string // instead of Source: these directories on one another, topmost first; what is written to it goes with the container
	Target   string   // absolute in the container, or relative to its sandbox
	ReadOnly bool
	Follow   bool // file systems that are mounted below Source later are seen, too
}

// Limits bound a container. A zero field means no limit, except for Pids.
type Limits struct {
	CPUs     float64 // a share under contention: 1024 a core
	CPUQuota float64 // cores, hard
	MemBytes int64   // hard, swap included; at least 16 MB
	Pids     int64   // 0 for 4096: no container may fill the host with processes
}

// Started says that the first process runs.
type Started struct {
	PID    int // on the host
	At     time.Time
	Joined []Joined // networks other than the host's
}

// Exit is how a container ended.
type Exit struct {
	WaitStatus int  // as of wait(2): exit 1 is 256, SIGKILL is 9
	OOMKilled  bool // the kernel killed something in it for its memory limit
	Lost       bool // nobody saw it end (the host rebooted, the shim was killed): WaitStatus means nothing
	Started    time.Time
	Ended      time.Time
	Message    string // set if there is more to say, such as "memory limit of 128 MB exceeded"
}

// Stats are a container's counters at one moment.
type Stats struct {
	At           time.Time
	CPUUser      time.Duration // since start
	CPUSystem    time.Duration
	Periods      int64 // of the CPU quota
	Throttled    int64 // periods
	ThrottledFor time.Duration
	MemBytes     int64 // in all, as the limit counts it
	AnonBytes    int64
	CacheBytes   int64
	MappedBytes  int64 // of CacheBytes, what is mapped into processes
	PinnedBytes  int64 // what cannot be reclaimed
	SwapBytes    int64
	MemLimit     int64 // bytes; 0 without one
	OOMKills     int64
	MajorFaults  int64 // pages that were missing and had to come from a disk, since start
	Processes    int
	Threads      int
	ReadBytes    int64 // from disks, past the page cache
	WriteBytes   int64 // to disks
	Net          *Net  // of its own network; nil on the host's
}

// Net counts what went through the interfaces of a network, its loopback left out.
type Net struct {
	ReceiveBytes, ReceivePackets, ReceiveErrors, ReceiveDropped int64
	SendBytes, SendPackets, SendErrors, SendDropped             int64
}

// GPU is one of the host.
type GPU struct {
	Path      string        // of its device, such as /dev/nvidia0
	Container ids.Container // that has it; "" for nobody
}

// Recovered is a container of an earlier agentd.
type Recovered struct {
	ID      ids.Container
	Started Started
	Exit    *Exit // nil while it runs
}
