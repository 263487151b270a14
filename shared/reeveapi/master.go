package reeveapi

import "time"

// StepDown is the body of POST /reeve/v1/masters/step-down, which may be left out.
type StepDown struct {
	To string `json:"to,omitempty"` // name, id or ip:port of the master that is to lead; "" for the one that is most up to date
}

// SteppedDown is its answer.
type SteppedDown struct {
	From string `json:"from"` // names
	To   string `json:"to"`
}

// MasterFigures answers GET /reeve/v1/masters/figures: what a master measures of itself. Every master answers it, also those
// that stand by.
type MasterFigures struct {
	Name       string         `json:"name"`
	At         time.Time      `json:"at"`
	Started    time.Time      `json:"started"`
	Heap       uint64         `json:"heap_bytes"`
	Goroutines int            `json:"goroutines"`
	Open       int            `json:"open_requests"` // streams among them
	Streams    int            `json:"streams"`       // requests that have been answered for ten seconds or more
	Snapshot   *Snapshot      `json:"snapshot,omitempty"`
	Elections  []Election     `json:"elections"` // changes of leaders that it has seen since it started, the oldest first
	Samples    []MasterSample `json:"samples"`   // of the last half an hour, or since ?since=
}

// Snapshot is the newest state of the registry on a master's disk, in place of the log before it. There is none as long as the
// log is short.
type Snapshot struct {
	At    time.Time `json:"at"`
	Term  uint64    `json:"term"`
	Index uint64    `json:"index"` // of the last entry that is in it
	Size  int64     `json:"size_bytes"`
}

// Member is a master or an agent as gossip knows it; GET /reeve/v1/masters/members lists all, as the master that is asked sees
// them. What it says is a hint: raft and the agents' links decide.
type Member struct {
	Name    string    `json:"name"`           // a master and an agent of one host may share it
	Kind    string    `json:"kind"`           // KindMaster or KindAgent
	State   string    `json:"state"`          // one of the Member… constants
	Since   time.Time `json:"since"`          // when the master saw it enter State, or first heard of it
	Address string    `json:"address"`        // ip:port of its gossip
	HTTP    string    `json:"http,omitempty"` // ip:port of its API
	Version string    `json:"version,omitempty"`
	ID      string    `json:"id,omitempty"` // of the agent, or of the master in raft

	RTTMillis float64   `json:"rtt_ms,omitempty"`  // that it takes to answer probes of the master; unset if it has not yet, or is that master
	Answered  time.Time `json:"answered,omitzero"` // one of them last
	Health    *int      `json:"health,omitempty"`  // of the master that answers alone: how well it keeps up with gossip; 0 is well, 7 the worst
}

// Node is what tells a member from all others.
func (m Member) Node() string { return m.Name + "." + m.Kind }

// The kinds of members.
const (
	KindMaster = "master"
	KindAgent  = "agent"
)

// What gossip believes of a member: it answers, it does not, it said that it goes.
const (
	MemberAlive  = "alive"
	MemberFailed = "failed"
	MemberLeft   = "left"
)

// MasterSample is what happened in some seconds up to At. Times are what 99 of a hundred did not exceed, 0 if there were none.
type MasterSample struct {
	At       time.Time         `json:"at"`
	Entries  float64           `json:"entries"`           // written to raft's log, a second
	Requests float64           `json:"requests"`          // over HTTP, a second
	Latency  float64           `json:"latency_seconds"`   // of those that were no streams
	Fsync    float64           `json:"fsync_seconds"`     // of writes of raft's log
	Gossip   float64           `json:"gossip_seconds"`    // until a member of gossip answered
	Behind   map[string]uint64 `json:"behind,omitempty"`  // entries that the others are behind, by name, while it leads
	Cluster  *ClusterSample    `json:"cluster,omitempty"` // at that moment, while it leads
}

// ClusterSample is what of a cluster's resources is in use at one moment: of the agents that are there.
type ClusterSample struct {
	Total     Amounts `json:"total"`
	Allocated Amounts `json:"allocated"`
	Used      Amounts `json:"used"` // measured by the agents, of whole hosts; no GPUs
}

// Election is a change of leaders.
type Election struct {
	Term   uint64    `json:"term"`
	Leader string    `json:"leader"` // name
	At     time.Time `json:"at"`
	Before string    `json:"before,omitempty"`      // who led before, if that was seen
	Gap    float64   `json:"gap_seconds,omitempty"` // how long nobody was heard to lead
	Handed bool      `json:"handed_over,omitempty"` // who led before gave leadership away; known to who leads
}

// Text is how it came about, for people.
func (e Election) Text() string {
	switch {
	case e.Before == "":
		return ""
	case e.Handed:
		return e.Before + " handed over"
	}
	return "nobody led for " + time.Duration(e.Gap*float64(time.Second)).Round(100*time.Millisecond).String() + ", before that " + e.Before
}

// There says whether the master can be asked, as far as is known.
func (m Master) There() bool {
	return m.HTTP != "" && m.State != MasterFailed && m.State != MasterLeft && m.State != MasterMissing
}
