package reeveapi

import (
	"fmt"
	"strconv"
	"time"
)

// Amounts are quantities of the four scalar resources.
type Amounts struct {
	CPUs float64 `json:"cpus" yaml:"cpus"`
	Mem  float64 `json:"mem" yaml:"mem"`   // MB
	Disk float64 `json:"disk" yaml:"disk"` // MB
	GPUs float64 `json:"gpus" yaml:"gpus"`
}

// Cluster answers GET /reeve/v1/cluster: the figures of the overview.
type Cluster struct {
	Name    string    `json:"name"`
	ID      string    `json:"id"`
	Version string    `json:"version"`
	Leader  string    `json:"leader"` // name of the leading master, "" while there is none
	Term    uint64    `json:"term"`
	Elected time.Time `json:"elected"`
	Started time.Time `json:"started"`            // of the answering masterd
	Commit  string    `json:"commit,omitempty"`   // of the source that the answering masterd was built from; "" if the build did not record it
	Built   time.Time `json:"built,omitzero"`     // when that commit was made; likewise
	BuiltBy string    `json:"built_by,omitempty"` // who built it, if the build was told

	Total     Amounts `json:"total"`
	Allocated Amounts `json:"allocated"`
	Offered   Amounts `json:"offered"`
	Used      Amounts `json:"used"` // measured by the agents, of whole hosts

	Agents     map[string]int `json:"agents"`     // by state of Agent
	Tasks      map[string]int `json:"tasks"`      // by TASK_… name; ended ones since this term began
	Frameworks map[string]int `json:"frameworks"` // by state of Framework
	Masters    []Master       `json:"masters"`
	Gossip     map[string]int `json:"gossip,omitempty"` // members, masters and agents, by state of Member
}

// Master is one masterd, as the answering one sees it. GET /reeve/v1/masters answers a list, on standbys too. Only the
// leading master hears of all others; a standby knows Term, Index and Silent of itself alone.
type Master struct {
	Name    string  `json:"name"`
	ID      string  `json:"id"`
	HTTP    string  `json:"http"`   // ip:port
	State   string  `json:"state"`  // one of the Master… constants
	Gossip  string  `json:"gossip"` // what gossip believes of it: alive, failed, left; unknown if it never heard of it
	Voter   bool    `json:"voter"`
	Version string  `json:"version"`
	Term    uint64  `json:"term,omitempty"`           // of raft, that it is in
	Index   uint64  `json:"index,omitempty"`          // of the newest entry in its log
	Behind  *uint64 `json:"behind,omitempty"`         // entries that the leader has and it has not; absent if not known
	Silent  *int    `json:"silent_seconds,omitempty"` // whole seconds since it last answered the leader; absent if not known

	Started time.Time `json:"started,omitzero"` // by its own clock; absent if it does not tell
}

// States of a Master. Leading and Standby are alive. Silent has a vote and is alive for gossip, but has not answered the
// leader for a while. Failed is found by nobody, Left said goodbye. Missing has a vote, and gossip does not know it.
const (
	MasterLeading = "leading"
	MasterStandby = "standby"
	MasterSilent  = "silent"
	MasterFailed  = "failed"
	MasterLeft    = "left"
	MasterMissing = "missing"
)

// Lag is how far a master's log is behind the leader's, for people; "-" if the answering master does not know.
func (m Master) Lag() string {
	switch {
	case m.Behind == nil:
		return "-"
	case m.Silent != nil && *m.Silent > 1:
		return fmt.Sprintf("none for %ds", *m.Silent)
	case *m.Behind == 0:
		return "up to date"
	}
	return fmt.Sprintf("%d behind", *m.Behind)
}

// TermText is the term of a master for people; "-" if the answering master does not know.
func (m Master) TermText() string {
	if m.Term == 0 {
		return "-"
	}
	return strconv.FormatUint(m.Term, 10)
}

// Agent is one agentd. GET /reeve/v1/agents answers a list.
type Agent struct {
	ID           string    `json:"id"`
	Name         string    `json:"name"`  // hostname
	HTTP         string    `json:"http"`  // ip:port of its API
	State        string    `json:"state"` // one of the Agent… constants
	Reason       string    `json:"reason,omitempty"`
	Version      string    `json:"version"`
	Since        time.Time `json:"since"` // when State was entered
	Registered   time.Time `json:"registered"`
	Reregistered time.Time `json:"reregistered,omitzero"`

	Total      Amounts           `json:"total"`
	Allocated  Amounts           `json:"allocated"`
	Offered    Amounts           `json:"offered"`
	Ports      string            `json:"ports,omitempty"` // "[31000-32000]"
	Attributes map[string]string `json:"attributes,omitempty"`
	Tasks      int               `json:"tasks"`           // not ended
	Usage      *HostUsage        `json:"usage,omitempty"` // the newest heartbeat's; absent until the first

	Deactivated bool   `json:"deactivated,omitempty"` // nothing of it is offered, on an operator's word
	Drain       *Drain `json:"drain,omitempty"`       // while it drains or is drained

	Reserved    map[string]Amounts `json:"reserved,omitempty"`    // by role, volumes included
	Volumes     []Volume           `json:"volumes,omitempty"`     // persistent ones
	Maintenance *Unavailability    `json:"maintenance,omitempty"` // while its machine is in the schedule of maintenance
}

// Volume is a persistent volume on an agent.
type Volume struct {
	ID     string  `json:"id"`
	Role   string  `json:"role"`
	Disk   float64 `json:"disk"` // MB
	Path   string  `json:"path"` // in containers
	Shared bool    `json:"shared,omitempty"`
}

// Unavailability is a time for which a machine is to be taken down.
type Unavailability struct {
	Start time.Time  `json:"start"`
	End   *time.Time `json:"end,omitempty"` // unset: nobody knows
}

// Drain is an operator's wish that everything on an agent ends. It outlives masters, and the agent's restarts.
type Drain struct {
	Since           time.Time `json:"since"`
	MaxGraceSeconds *float64  `json:"max_grace_seconds,omitempty"` // absent: each task's own grace holds
	MarkGone        bool      `json:"mark_gone,omitempty"`         // once drained, the agent is gone for ever
	Drained         bool      `json:"drained"`                     // nothing is left
	Left            int       `json:"left"`                        // tasks that have not ended, or whose framework has not acknowledged it
	Begun           int       `json:"begun,omitempty"`             // tasks there were when it began; absent if nobody knows, or how many are left
}

// Of says how many tasks there were when the drain began, with left of them still there; false if that is not known. An
// agent that comes back may bring more.
func (d *Drain) Of(left int) (begun int, known bool) {
	return d.Begun, d.Begun > 0 && left <= d.Begun
}

// DrainRequest is the body of POST /reeve/v1/agents/{id}/drain; an empty one is a drain with each task's own grace.
type DrainRequest struct {
	MaxGraceSeconds *float64 `json:"max_grace_seconds,omitempty"`
	MarkGone        bool     `json:"mark_gone,omitempty"`
}

// States of an Agent. Active is entered by registration. Deactivated, Draining and Drained are an operator's word about an
// agent that is connected; of others Deactivated and Drain tell. Disconnected is entered when the link breaks and left by
// registration or, after the time-out, to Unreachable. Recovered is an agent that a new leader knows from the registry
// and has not heard of yet. Gone is entered on an operator's word and never left.
const (
	AgentActive       = "active"
	AgentDeactivated  = "deactivated"
	AgentDraining     = "draining"
	AgentDrained      = "drained"
	AgentDisconnected = "disconnected"
	AgentRecovered    = "recovered"
	AgentUnreachable  = "unreachable"
	AgentGone         = "gone"
)

// HostUsage is what a host used at one moment.
type HostUsage struct {
	At              time.Time `json:"at"`
	CPUs            float64   `json:"cpus"` // cores busy
	Load1           float64   `json:"load1"`
	MemBytes        int64     `json:"mem_bytes"`
	MemTotalBytes   int64     `json:"mem_total_bytes"`
	DiskBytes       int64     `json:"disk_bytes"` // of the file system that holds the work dir
	DiskTotalBytes  int64     `json:"disk_total_bytes"`
	NetReceiveBytes int64     `json:"net_receive_bytes"` // counters since the host booted
	NetSendBytes    int64     `json:"net_send_bytes"`
}

// Framework is one scheduler. GET /reeve/v1/frameworks answers a list.
type Framework struct {
	ID           string         `json:"id"`
	Name         string         `json:"name"`
	State        string         `json:"state"` // one of the Framework… constants
	User         string         `json:"user"`
	Principal    string         `json:"principal,omitempty"`
	Hostname     string         `json:"hostname,omitempty"`
	WebUI        string         `json:"webui,omitempty"`
	Roles        []string       `json:"roles"`
	Suppressed   []string       `json:"suppressed,omitempty"`
	Capabilities []string       `json:"capabilities,omitempty"`
	Since        time.Time      `json:"since,omitzero"` // when State was entered
	Registered   time.Time      `json:"registered"`
	Reregistered time.Time      `json:"reregistered,omitzero"`     // when it subscribed again, in this term of the leader
	Failover     float64        `json:"failover_seconds,omitzero"` // how long it may be inactive before it is ended
	Ended        time.Time      `json:"ended,omitzero"`
	Allocated    Amounts        `json:"allocated"`
	Offered      Amounts        `json:"offered"`
	Offers       int            `json:"offers"`
	Tasks        map[string]int `json:"tasks"` // by TASK_… name
}

// States of a Framework. Active: subscribed. Inactive: its stream broke, and the failover time-out runs. Recovered: known
// only from agents after a change of leader. Completed: torn down, its id can never come back.
const (
	FrameworkActive    = "active"
	FrameworkInactive  = "inactive"
	FrameworkRecovered = "recovered"
	FrameworkCompleted = "completed"
)

// Error is the body of every answer of /reeve/v1 that is not a success.
type Error struct {
	Error string `json:"error"` // one sentence: the value, the rule, the way out
	Kind  string `json:"kind"`  // a fault.Kind
}
