package registry

import (
	"time"

	"codeberg.org/reeve/reeve/masterd/maintenance"
	"codeberg.org/reeve/reeve/masterd/roles"
	"codeberg.org/reeve/reeve/masterd/vault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// State is everything the registry knows. Holders treat it as immutable: Apply returns a changed copy that shares what
// did not change.
type State struct {
	ClusterID   string
	ClusterName string
	Agents      map[ids.Agent]Agent
	Jobs        map[ids.Job]reeveapi.Job
	Roles       roles.Settings
	Maintenance maintenance.State
	Secrets     map[string]Secret // by name
}

// Secret is what operators have given under a name for tasks to refer to. Holders treat it as immutable.
type Secret struct {
	Name    string       `json:"name"`
	Version int          `json:"version"` // grows with every change, from 1
	Size    int          `json:"size"`    // of the value, in bytes
	Set     time.Time    `json:"set"`
	By      string       `json:"by,omitempty"`
	Sealed  vault.Sealed `json:"sealed"`
}

// Standing is what the registry knows about an agent.
type Standing int

// Admitted is entered by AdmitAgent, Unreachable by MarkUnreachable and left by AdmitAgent, Gone by MarkGone and never left.
const (
	Admitted Standing = iota
	Unreachable
	Gone
)

// Agent is one agent's entry.
type Agent struct {
	Info        *mesosv1.AgentInfo
	Standing    Standing
	Since       time.Time // when Standing was entered
	Deactivated bool      // nothing of it is offered, on an operator's word
	Drain       *Drain    // nil unless it drains or is drained; it is deactivated then
}

// Drain is an operator's wish that everything on an agent ends. Holders treat it as immutable.
type Drain struct {
	MaxGrace *time.Duration // bounds each task's own kill grace, and is the grace of a task that has none; nil leaves them
	MarkGone bool           // once drained, the agent is gone for ever
	Since    time.Time
	Drained  bool // nothing is left on it
	Begun    int  // tasks on it when it began, 0 if that is not known
}
