package reeveapi

// JobKind says when a job is done.
type JobKind string

// The kinds. Batch jobs run every instance once, to success, with retries. Services keep every instance running until an
// operator stops them. Periodic jobs run like a batch job at the times of their schedule.
const (
	Batch    JobKind = "batch"
	Service  JobKind = "service"
	Periodic JobKind = "periodic"
)

// JobSpec is what an operator submits: POST /reeve/v1/jobs, answered with 201 and the Job. Every duration is in seconds.
type JobSpec struct {
	Name             string            `json:"name" yaml:"name"`                               // unique; an id by the rule of the spec's 3.1
	Kind             JobKind           `json:"kind,omitempty" yaml:"kind,omitempty"`           // default batch
	Role             string            `json:"role,omitempty" yaml:"role,omitempty"`           // default "*"
	Command          string            `json:"command,omitempty" yaml:"command,omitempty"`     // for sh -c; with Args the program itself
	Args             []string          `json:"args,omitempty" yaml:"args,omitempty"`           // of the program: no shell is between
	Image            string            `json:"image,omitempty" yaml:"image,omitempty"`         // container image; "" for the host's files
	Instances        int               `json:"instances,omitempty" yaml:"instances,omitempty"` // default 1
	Retries          int               `json:"retries,omitempty" yaml:"retries,omitempty"`     // of each instance, default 0; not for services
	Resources        Amounts           `json:"resources" yaml:"resources"`                     // of each instance
	Ports            int               `json:"ports,omitempty" yaml:"ports,omitempty"`         // how many to assign; told as PORT0, PORT1, …
	FixedPorts       []int             `json:"fixed_ports,omitempty" yaml:"fixed_ports,omitempty"`
	User             string            `json:"user,omitempty" yaml:"user,omitempty"`
	Env              map[string]string `json:"env,omitempty" yaml:"env,omitempty"`
	Secrets          []JobSecret       `json:"secrets,omitempty" yaml:"secrets,omitempty"`
	URIs             []string          `json:"uris,omitempty" yaml:"uris,omitempty"`
	Fetch            []JobFetch        `json:"fetch,omitempty" yaml:"fetch,omitempty"` // as URIs, with a say in how
	Labels           map[string]string `json:"labels,omitempty" yaml:"labels,omitempty"`
	Volumes          []JobVolume       `json:"volumes,omitempty" yaml:"volumes,omitempty"`
	KillGraceSeconds float64           `json:"kill_grace_seconds,omitempty" yaml:"kill_grace_seconds,omitempty"` // default 3
	Check            *JobCheck         `json:"check,omitempty" yaml:"check,omitempty"`                           // told in the task's status, and of no consequence
	Health           *JobHealth        `json:"health,omitempty" yaml:"health,omitempty"`
	Container        *JobContainer     `json:"container,omitempty" yaml:"container,omitempty"`
	Limits           *JobLimits        `json:"limits,omitempty" yaml:"limits,omitempty"`
	MaxRunSeconds    float64           `json:"max_run_seconds,omitempty" yaml:"max_run_seconds,omitempty"` // of each attempt; then it is ended and has failed

	Constraints []Constraint `json:"constraints,omitempty" yaml:"constraints,omitempty"`
	Avoid       []string     `json:"avoid,omitempty" yaml:"avoid,omitempty"`         // jobs with which no agent is to be shared
	Reserved    string       `json:"reserved,omitempty" yaml:"reserved,omitempty"`   // one of the Reserved… constants; default ReservedFirst
	Placement   string       `json:"placement,omitempty" yaml:"placement,omitempty"` // PlacePack or PlaceSpread; default spread for services

	Restart         *JobRestart  `json:"restart,omitempty" yaml:"restart,omitempty"`
	Update          *JobUpdate   `json:"update,omitempty" yaml:"update,omitempty"`     // services only
	Schedule        *JobSchedule `json:"schedule,omitempty" yaml:"schedule,omitempty"` // periodic jobs only
	DeadlineSeconds float64      `json:"deadline_seconds,omitempty" yaml:"deadline_seconds,omitempty"`

	// ReplaceUnreachableSeconds is for how long the instances of an unreachable agent are waited for before others are
	// started: for services 0 unless set, for the other kinds for ever, because there an instance is to run once.
	ReplaceUnreachableSeconds *float64 `json:"replace_unreachable_seconds,omitempty" yaml:"replace_unreachable_seconds,omitempty"`
}

// Ways to choose among agents that fit.
const (
	PlacePack   = "pack"   // where least is left
	PlaceSpread = "spread" // where fewest instances of the job are
)

// Which resources an instance takes, of those that its role is offered.
const (
	ReservedFirst = "first" // what is reserved to the role, then what is not
	ReservedOnly  = "only"  // nothing but what is reserved
	ReservedNever = "never" // nothing of it
)

// Constraint restricts the agents that instances may go to. Attribute is one of the agent's attributes, or "hostname",
// "agent" (its id) or "role": the roles that something of what the agent offers is reserved to, and "*" for what is not.
// Operator is one of the Must… constants.
type Constraint struct {
	Attribute string   `json:"attribute" yaml:"attribute"`
	Operator  string   `json:"operator" yaml:"operator"`
	Value     string   `json:"value,omitempty" yaml:"value,omitempty"`
	Values    []string `json:"values,omitempty" yaml:"values,omitempty"` // for "in" and "not_in"
}

// Operators of a Constraint.
const (
	MustEqual   = "equals"
	MustDiffer  = "not_equals"
	MustBeIn    = "in"
	MustNotIn   = "not_in"
	MustMatch   = "like"     // Value is a regular expression for the whole value
	MustUnlike  = "unlike"   // it does not match
	MustUnique  = "unique"   // no two instances share a value
	MustMaxPer  = "max_per"  // at most Value instances share one
	MustGroupBy = "group_by" // evenly over the values there are; Value may say how many there are at least
	MustSpread  = "spread"   // as evenly as can be now: a wish, no rule
)

// JobVolume is a folder of the host in the container, one in memory, or what is in an image.
type JobVolume struct {
	Host      string `json:"host,omitempty" yaml:"host,omitempty"`         // an absolute path, or one in the sandbox
	TmpfsMB   int    `json:"tmpfs_mb,omitempty" yaml:"tmpfs_mb,omitempty"` // instead of Host: a folder in memory of at most that size
	Image     string `json:"image,omitempty" yaml:"image,omitempty"`       // instead of Host: what is in this image
	Container string `json:"container" yaml:"container"`                   // where it is seen
	ReadOnly  bool   `json:"read_only,omitempty" yaml:"read_only,omitempty"`
}

// JobSecret gives instances one of the secrets that the masters keep, by name: in one of Env and File, or as ImagePull. They
// get the version that is the newest when they are launched.
type JobSecret struct {
	Name      string `json:"name" yaml:"name"`
	Env       string `json:"env,omitempty" yaml:"env,omitempty"`               // a variable that holds it
	File      string `json:"file,omitempty" yaml:"file,omitempty"`             // a file that holds it; a relative path is in the sandbox
	ImagePull bool   `json:"image_pull,omitempty" yaml:"image_pull,omitempty"` // it is a Docker config.json, for the registry of the image
}

// JobFetch is something to fetch into the sandbox.
type JobFetch struct {
	URI        string `json:"uri" yaml:"uri"`
	Executable bool   `json:"executable,omitempty" yaml:"executable,omitempty"`
	Keep       bool   `json:"keep,omitempty" yaml:"keep,omitempty"`   // an archive is not unpacked
	Cache      bool   `json:"cache,omitempty" yaml:"cache,omitempty"` // the agent keeps it for the next one
	File       string `json:"file,omitempty" yaml:"file,omitempty"`   // its name in the sandbox; default the last part of the URI
}

// JobContainer is what the walls around an instance are like.
type JobContainer struct {
	Network      string               `json:"network,omitempty" yaml:"network,omitempty"`     // "host" (default), "none", or one that the agents know
	MapPorts     []int                `json:"map_ports,omitempty" yaml:"map_ports,omitempty"` // in a network: ports of the container for PORT0, PORT1, …
	Hostname     string               `json:"hostname,omitempty" yaml:"hostname,omitempty"`
	PullAlways   bool                 `json:"pull_always,omitempty" yaml:"pull_always,omitempty"`   // ask the registry even if the agent has the image
	Capabilities *[]string            `json:"capabilities,omitempty" yaml:"capabilities,omitempty"` // all that it has, such as NET_RAW; default the agent's
	Rlimits      map[string]JobRlimit `json:"rlimits,omitempty" yaml:"rlimits,omitempty"`           // by name, such as nofile
	Seccomp      string               `json:"seccomp,omitempty" yaml:"seccomp,omitempty"`           // a profile of the agents, or "unconfined"
	ShmMB        int                  `json:"shm_mb,omitempty" yaml:"shm_mb,omitempty"`             // of /dev/shm
}

// JobRlimit is a limit of each process; without figures it is none at all.
type JobRlimit struct {
	Soft *uint64 `json:"soft,omitempty" yaml:"soft,omitempty"`
	Hard *uint64 `json:"hard,omitempty" yaml:"hard,omitempty"`
}

// JobLimits are what an instance may use at most, where that is more than its resources.
type JobLimits struct {
	CPUs float64 `json:"cpus,omitempty" yaml:"cpus,omitempty"`
	Mem  float64 `json:"mem,omitempty" yaml:"mem,omitempty"` // MB
}

// JobHealth says how it is found out whether an instance is well: one of Command, HTTP and TCP.
type JobHealth struct {
	Command         string  `json:"command,omitempty" yaml:"command,omitempty"`       // for sh -c in the container; exit status 0 is well
	HTTP            string  `json:"http,omitempty" yaml:"http,omitempty"`             // a path; a status from 200 to 399 is well
	HTTPS           bool    `json:"https,omitempty" yaml:"https,omitempty"`           // HTTP by TLS; who the server is is not checked
	TCP             bool    `json:"tcp,omitempty" yaml:"tcp,omitempty"`               // that can be connected to
	Port            int     `json:"port,omitempty" yaml:"port,omitempty"`             // a number; 0 means the instance's PORT{port_index}
	PortIndex       int     `json:"port_index,omitempty" yaml:"port_index,omitempty"` // default 0
	DelaySeconds    float64 `json:"delay_seconds,omitempty" yaml:"delay_seconds,omitempty"`
	IntervalSeconds float64 `json:"interval_seconds,omitempty" yaml:"interval_seconds,omitempty"` // default 10
	TimeoutSeconds  float64 `json:"timeout_seconds,omitempty" yaml:"timeout_seconds,omitempty"`   // default 20
	GraceSeconds    float64 `json:"grace_seconds,omitempty" yaml:"grace_seconds,omitempty"`       // default 10: failures before do not count
	Failures        int     `json:"failures,omitempty" yaml:"failures,omitempty"`                 // in a row until it is killed, default 3
}

// JobCheck looks at an instance and tells what it found: one of Command, HTTP and TCP, as in JobHealth.
type JobCheck struct {
	Command         string  `json:"command,omitempty" yaml:"command,omitempty"`
	HTTP            string  `json:"http,omitempty" yaml:"http,omitempty"`
	TCP             bool    `json:"tcp,omitempty" yaml:"tcp,omitempty"`
	Port            int     `json:"port,omitempty" yaml:"port,omitempty"`
	PortIndex       int     `json:"port_index,omitempty" yaml:"port_index,omitempty"`
	DelaySeconds    float64 `json:"delay_seconds,omitempty" yaml:"delay_seconds,omitempty"`
	IntervalSeconds float64 `json:"interval_seconds,omitempty" yaml:"interval_seconds,omitempty"` // default 10
	TimeoutSeconds  float64 `json:"timeout_seconds,omitempty" yaml:"timeout_seconds,omitempty"`   // default 20
}

// JobRestart says when an instance that ended is started again.
type JobRestart struct {
	BackoffSeconds    float64 `json:"backoff_seconds,omitempty" yaml:"backoff_seconds,omitempty"`         // after the first failure, then doubled; default 1
	MaxBackoffSeconds float64 `json:"max_backoff_seconds,omitempty" yaml:"max_backoff_seconds,omitempty"` // default 60, for services 300
	ResetSeconds      float64 `json:"reset_seconds,omitempty" yaml:"reset_seconds,omitempty"`             // an attempt that ran for so long ends a row of failures; default 60
}

// JobUpdate says how running instances are replaced by those of a new version.
type JobUpdate struct {
	MaxUnavailable  int     `json:"max_unavailable,omitempty" yaml:"max_unavailable,omitempty"`   // how many may be down meanwhile, default 0
	MaxSurge        int     `json:"max_surge,omitempty" yaml:"max_surge,omitempty"`               // how many more may run meanwhile, default 1 if max_unavailable is 0
	HealthySeconds  float64 `json:"healthy_seconds,omitempty" yaml:"healthy_seconds,omitempty"`   // for how long a new one must be well to count, default 5
	MaxFailures     int     `json:"max_failures,omitempty" yaml:"max_failures,omitempty"`         // of new instances, before the update has failed; default 0
	DeadlineSeconds float64 `json:"deadline_seconds,omitempty" yaml:"deadline_seconds,omitempty"` // without progress, default 600
	OnFailure       string  `json:"on_failure,omitempty" yaml:"on_failure,omitempty"`             // "rollback" (default) or "pause"
}

// What an update does that has failed.
const (
	OnFailureRollback = "rollback"
	OnFailurePause    = "pause"
)

// JobSchedule says when a periodic job runs.
type JobSchedule struct {
	Cron     string `json:"cron" yaml:"cron"`                               // "minute hour day month weekday", or @daily, @every 10m, …
	TimeZone string `json:"time_zone,omitempty" yaml:"time_zone,omitempty"` // such as Europe/Berlin, default UTC
	Overlap  string `json:"overlap,omitempty" yaml:"overlap,omitempty"`     // what to do while the last run is still on; default skip
}

// What a periodic job does when a run is due and the last one is still on.
const (
	OverlapSkip    = "skip"
	OverlapQueue   = "queue"   // run when the last one is done
	OverlapReplace = "replace" // end the last one first
)
