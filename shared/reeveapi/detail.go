package reeveapi

import "time"

// HostDetail is what an agent tells of its machine and of itself to somebody who looks at just that one. GET /reeve/v1/host
// of the agent answers it. Seconds and counters are since the machine booted; what a kernel does not tell is 0 or unset.
type HostDetail struct {
	At      time.Time `json:"at"`
	Version string    `json:"version"` // of agentd
	Commit  string    `json:"commit,omitempty"`
	Built   time.Time `json:"built,omitzero"`
	Started time.Time `json:"started"` // agentd
	Booted  time.Time `json:"booted,omitzero"`
	Kernel  string    `json:"kernel"`
	Cores   int       `json:"cores"`

	Load          [3]float64 `json:"load"` // of 1, 5 and 15 minutes
	UserSeconds   float64    `json:"user_seconds"`
	SystemSeconds float64    `json:"system_seconds"`
	WaitSeconds   float64    `json:"wait_seconds"`   // for disks
	StolenSeconds float64    `json:"stolen_seconds"` // by other virtual machines
	IdleSeconds   float64    `json:"idle_seconds"`

	CacheBytes     int64     `json:"cache_bytes"`
	SwapBytes      int64     `json:"swap_bytes"` // in use
	SwapTotalBytes int64     `json:"swap_total_bytes"`
	OOMKills       int64     `json:"oom_kills"`
	Pressure       *Pressure `json:"pressure,omitempty"`

	ReadBytes    int64 `json:"read_bytes"` // from disks
	WriteBytes   int64 `json:"write_bytes"`
	NetDropped   int64 `json:"net_dropped"` // packets, both ways
	TCPSent      int64 `json:"tcp_sent"`    // segments
	TCPSentAgain int64 `json:"tcp_sent_again"`

	GPUs []GPU `json:"gpus,omitempty"` // that have devices; what they do is not measured

	SandboxSeconds float64           `json:"sandbox_seconds,omitempty"` // for how long sandboxes are kept at present, once nobody uses them
	Flags          map[string]string `json:"flags,omitempty"`           // of agentd
}

// GPU is a GPU of a machine.
type GPU struct {
	Device    string   `json:"device"`              // such as /dev/nvidia0
	Container string   `json:"container,omitempty"` // that has it; unset for a free one
	Tasks     []string `json:"tasks,omitempty"`     // "framework/task": those in that container that asked for GPUs
}

// Pressure is for how much of the last ten seconds something had to wait, in percent, as the kernel tells it (PSI, some avg10).
type Pressure struct {
	CPU float64 `json:"cpu"`
	Mem float64 `json:"mem"`
	IO  float64 `json:"io"`
}

// ContainerDetail is what an agent tells of the container of one task to somebody who looks at just that one. GET
// /reeve/v1/container?task=framework/task of the agent answers it. Seconds and counters are since the container started.
type ContainerDetail struct {
	At      time.Time `json:"at"`
	ID      string    `json:"id"`
	PID     int       `json:"pid"` // of its first process, on the host
	Sandbox string    `json:"sandbox"`
	Started time.Time `json:"started,omitzero"`
	Ended   bool      `json:"ended,omitempty"` // the task has: only what is remembered is told, for as long as its sandbox is kept

	UserSeconds      float64 `json:"user_seconds"`
	SystemSeconds    float64 `json:"system_seconds"`
	Periods          int64   `json:"periods,omitempty"` // of the quota of CPU time
	ThrottledPeriods int64   `json:"throttled_periods,omitempty"`
	ResidentBytes    int64   `json:"resident_bytes"`
	CacheBytes       int64   `json:"cache_bytes"`
	SwapBytes        int64   `json:"swap_bytes"`
	OOMKills         int64   `json:"oom_kills"`
	MajorFaults      int64   `json:"major_faults"` // pages that were missing and had to come from a disk

	GPUs []string `json:"gpus,omitempty"` // devices that it has, and nobody else; what they do is not measured

	Networks    []ContainerNetwork `json:"networks,omitempty"`    // none: the host's
	Connections *int               `json:"connections,omitempty"` // of TCP, that are established; unset on the host's network
	Volumes     []string           `json:"volumes,omitempty"`     // for people: "/data <- host /srv/data (read-only)"
	URIs        []string           `json:"uris,omitempty"`        // that the task asked for
	Images      []ContainerImage   `json:"images,omitempty"`      // its own first, then those that it has as volumes
	Artifacts   []Artifact         `json:"artifacts,omitempty"`   // what has been fetched, in that order
	Health      string             `json:"health,omitempty"`      // its check, for people
	Kill        string             `json:"kill,omitempty"`        // how it is ended, for people

	Processes []Process `json:"processes,omitempty"` // by their ids
	Unseen    string    `json:"unseen,omitempty"`    // why there are no processes
}

// ContainerImage is an image that a container is in, or has as a volume, as it was when the container was started.
type ContainerImage struct {
	Name        string  `json:"name"`           // as the task has it
	Digest      string  `json:"digest"`         // of its manifest
	Bytes       int64   `json:"bytes"`          // of its layers, unpacked; other images may share them
	PulledBytes int64   `json:"pulled_bytes"`   // that were brought for it; 0: the agent had all of it
	Seconds     float64 `json:"seconds"`        // that the pull took
	Path        string  `json:"path,omitempty"` // in the container, of one that is a volume
}

// Artifact is what a URI of a task brought.
type Artifact struct {
	URI     string  `json:"uri"`     // without its query and password
	Bytes   int64   `json:"bytes"`   // of the file, before it is unpacked
	Seconds float64 `json:"seconds"` // until it was in the sandbox, unpacked if that was asked for
	Cached  bool    `json:"cached"`  // it was in the agent's cache
}

// ContainerNetwork is a network that a container has joined.
type ContainerNetwork struct {
	Name      string   `json:"name"`
	Addresses []string `json:"addresses"`
	Ports     []string `json:"ports,omitempty"` // of the host, and where they lead to: "31204 -> 8080 tcp"
}

// Process is a process in a container.
type Process struct {
	PID     int       `json:"pid"`    // in the container
	Host    int       `json:"host"`   // on the host
	Parent  int       `json:"parent"` // on the host
	User    string    `json:"user"`
	State   string    `json:"state"` // a letter, as of proc(5)
	Threads int       `json:"threads"`
	Seconds float64   `json:"seconds"` // of CPU time
	Bytes   int64     `json:"bytes"`   // resident
	Started time.Time `json:"started"`
	Command string    `json:"command"`
}
