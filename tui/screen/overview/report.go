package overview

import (
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/store"
)

// Report is what the overview shows, for programs.
type Report struct {
	Cluster   *reeveapi.Cluster `json:"cluster"`
	Attention []Concern         `json:"attention"` // the worst first
	Events    []reeveapi.Event  `json:"events"`    // the newest first
}

// Concern is a line of attention.
type Concern struct {
	Subject string `json:"subject"`
	Text    string `json:"text"`
}

// reported is how many events a report has: about as many as the screen has room for.
const reported = 20

// Read is the report of what is known.
func Read(snap *store.Snapshot, now time.Time) Report {
	out := Report{Cluster: snap.Cluster, Attention: []Concern{}, Events: []reeveapi.Event{}}
	for _, it := range attention(snap, now, crashes(snap, now)) {
		out.Attention = append(out.Attention, Concern{it.subject, it.text})
	}
	for i := len(snap.Events) - 1; i >= 0 && len(out.Events) < reported; i-- {
		out.Events = append(out.Events, snap.Events[i])
	}
	return out
}
