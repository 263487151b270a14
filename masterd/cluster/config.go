package cluster

import (
	"time"

	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// Config is what a State is told once. Zero durations and limits take the defaults of DefaultConfig, except OfferTimeout.
type Config struct {
	MasterID   ids.Master          // ids are minted from it, so every term needs one of its own
	MasterInfo *mesosv1.MasterInfo // goes into SUBSCRIBED and Registered as it is
	Version    string
	Seed       uint64 // of the order in which agents are offered

	Heartbeat         time.Duration // between HEARTBEAT events
	AgentHeartbeat    time.Duration // asked of agents; masterd/agentlink closes a link that misses three
	AgentTimeout      time.Duration // from a broken link to unreachable
	SuspectTimeout    time.Duration // the same if gossip agrees
	ReregisterTimeout time.Duration // for agents of a former term to come back
	HoldLimit         time.Duration // how long a broken network of the master's own is assumed, see overdue.go
	QuotaHold         time.Duration // how long a new term with quotas waits for agents before it offers anything
	OfferTimeout      time.Duration // 0: offers stay until they are answered

	MovesFirst bool // somebody answers Move with Moved: draining agents are told when there is nothing left to move

	CompletedFrameworks int
	CompletedTasks      int // per framework
	UnreachableTasks    int // per framework
}

// DefaultConfig has the constants of spec 4.1, and our own for agents that are lost. Identity is left to the caller.
func DefaultConfig() Config {
	return Config{
		Heartbeat:           15 * time.Second,
		AgentHeartbeat:      5 * time.Second,
		AgentTimeout:        75 * time.Second,
		SuspectTimeout:      30 * time.Second,
		ReregisterTimeout:   10 * time.Minute,
		HoldLimit:           10 * time.Minute,
		QuotaHold:           time.Minute,
		CompletedFrameworks: 50,
		CompletedTasks:      1000,
		UnreachableTasks:    1000,
	}
}

func (c Config) withDefaults() Config {
	d := DefaultConfig()
	for _, f := range []struct{ have, use *time.Duration }{
		{&c.Heartbeat, &d.Heartbeat},
		{&c.AgentHeartbeat, &d.AgentHeartbeat},
		{&c.AgentTimeout, &d.AgentTimeout},
		{&c.SuspectTimeout, &d.SuspectTimeout},
		{&c.ReregisterTimeout, &d.ReregisterTimeout},
		{&c.HoldLimit, &d.HoldLimit},
		{&c.QuotaHold, &d.QuotaHold},
	} {
		if *f.have == 0 {
			*f.have = *f.use
		}
	}
	for _, f := range []struct{ have, use *int }{
		{&c.CompletedFrameworks, &d.CompletedFrameworks},
		{&c.CompletedTasks, &d.CompletedTasks},
		{&c.UnreachableTasks, &d.UnreachableTasks},
	} {
		if *f.have == 0 {
			*f.have = *f.use
		}
	}
	return c
}
