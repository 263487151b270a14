package runtime

// Isolation is what a container is given or denied beyond the ordinary; its zero value is the ordinary.
type Isolation struct {
	Hostname     string // "" for the host's
	Rlimits      []Rlimit
	Capabilities *Capabilities // nil: DefaultCapabilities for root, none for others
	Seccomp      Seccomp
	ShmBytes     int64   // size of /dev/shm; 0 for the kernel's default, half of the memory
	PodShmBytes  int64   // size of the /dev/shm of its pod, likewise
	PIDs         Sharing // whose processes it sees and can signal
	IPC          Sharing // whose shared memory, semaphores and message queues it has; /dev/shm is among them
}

// Sharing is with whom a container has something in common that is its own as a rule.
type Sharing int

// Those who share with a pod share with one another: whoever is nested in the same container, and asks for it, too.
const (
	Own Sharing = iota
	WithPod
	WithHost
)

// Rlimit bounds every process of a container by itself.
type Rlimit struct {
	Name       string // of the kernel: "RLIMIT_NOFILE"
	Soft, Hard uint64 // Unlimited for none
}

// Unlimited is no bound at all.
const Unlimited = ^uint64(0)

// Capabilities are what a container's processes may do of what is root's, named as by the kernel: "CAP_CHOWN".
type Capabilities struct {
	Effective []string // they have it, whoever they are
	Bounding  []string // it cannot be got back by any means; holds Effective
}

// Seccomp filters system calls, by default with the profile of the runtime.
type Seccomp struct {
	Unconfined bool   // no filter
	Profile    string // name of one of the agent's profiles; "" for the default
}

// DefaultCapabilities are what root has in a container for which nothing else was asked: enough for ordinary daemons. What
// could listen to the host's network (NET_RAW), make devices (MKNOD) or write to its audit log is not among them.
func DefaultCapabilities() []string {
	return []string{
		"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_SETGID", "CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP",
		"CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL",
	}
}

// Device is one of the host that containers get.
type Device struct {
	Path   string // on the host and in the container
	Access string // of "r", "w" and "m", which lets nodes of it be made
}
