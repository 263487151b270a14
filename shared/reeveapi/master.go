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
	Elections  []Election     `json:"elections"`     // changes of leaders that it has seen since it started, the oldest first
	Samples    []MasterSample `json:"samples"`       // of the last half an hour, or since ?since=
}

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
