package turn

import (
	"time"

	"github.com/google/uuid"

	"codeberg.org/reeve/reeve/agentd/launch"
	"codeberg.org/reeve/reeve/shared/agentlink"
)

// Config is what a machine is told once. It never changes.
type Config struct {
	Register *agentlink.Register // what we say of ourselves; agent_info.id, frameworks, executors and tasks are filled in
	IP       string              // tasks are told and shown to be reached here
	Launch   launch.Host         // what of us goes into every container

	RegistrationTimeout   time.Duration // for an executor's first SUBSCRIBE
	ReregistrationTimeout time.Duration // for its next one after a restart of agentd
	ShutdownGrace         time.Duration // default of custom executors
	KillGrace             time.Duration // default of command tasks
	UpdateRetry           time.Duration // first wait for an acknowledgement; it doubles
	UpdateRetryMax        time.Duration

	NewUUID func() uuid.UUID // random; the machine has no randomness of its own
}
