package reeveapi

import "time"

// Maintenance is the answer to GET /reeve/v1/maintenance: when which machines are to be taken down, soonest first.
type Maintenance struct {
	Windows []MaintenanceWindow `json:"windows"`
}

// MaintenanceWindow is a time for which machines are to be unavailable.
type MaintenanceWindow struct {
	Start    time.Time            `json:"start"`
	End      *time.Time           `json:"end,omitempty"` // unset: nobody knows
	Machines []MaintenanceMachine `json:"machines"`
}

// The states of a machine in the schedule.
const (
	MachineDraining = "draining" // scheduled: frameworks are asked to leave it
	MachineDown     = "down"     // its agents were removed and are refused
)

// MaintenanceMachine is a machine of the schedule. An agent is on it if both names are the agent's.
type MaintenanceMachine struct {
	Hostname string              `json:"hostname,omitempty"`
	IP       string              `json:"ip,omitempty"`
	State    string              `json:"state"`
	Agents   []string            `json:"agents"` // that are known there
	Tasks    int                 `json:"tasks"`  // on them, not ended or not acknowledged
	Answers  []MaintenanceAnswer `json:"answers,omitempty"`
}

// MaintenanceAnswer is what a framework said last when it was asked to leave a machine. It binds nobody.
type MaintenanceAnswer struct {
	Framework string    `json:"framework"`
	Accepted  bool      `json:"accepted"`
	At        time.Time `json:"at"`
}

// MaintenanceRequest is the body of POST /reeve/v1/maintenance/{schedule,cancel,start,stop}. Start and DurationSeconds are
// for the first.
type MaintenanceRequest struct {
	Machines        []MachineID `json:"machines"`
	Start           time.Time   `json:"start,omitzero"`             // zero: now
	DurationSeconds *float64    `json:"duration_seconds,omitempty"` // unset: nobody knows
}

// MachineID names a machine.
type MachineID struct {
	Hostname string `json:"hostname,omitempty"`
	IP       string `json:"ip,omitempty"`
}
