package daemon

import (
	"context"
	"path/filepath"
	"sync"

	"codeberg.org/reeve/reeve/agentd/checkpoint"
	"codeberg.org/reeve/reeve/agentd/config"
	"codeberg.org/reeve/reeve/agentd/record"
	"codeberg.org/reeve/reeve/shared/ids"
)

// identity holds this machine's right to the agent's id: no second agentd may have it, from a copied work dir.
type identity struct {
	dir, workDir string

	mu   sync.Mutex // guards the fields below
	id   ids.Agent
	lock *checkpoint.Lock
}

// sharedDir is where the agentds of a machine meet whose runtime dirs are what they are by default.
func sharedDir(cfg config.Config) string {
	return filepath.Join(filepath.Dir(cfg.RuntimeDir), "agents")
}

// take makes an id ours, instead of the one before.
func (i *identity) take(id ids.Agent) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if id == "" || id == i.id {
		return nil
	}
	lock, err := checkpoint.AcquireIdentity(i.dir, string(id), i.workDir)
	if err != nil {
		return err
	}
	old := i.lock
	i.id, i.lock = id, lock
	if old != nil {
		return old.Release()
	}
	return nil
}

// release gives the id up; it is the last that an agentd does as an agent.
func (i *identity) release(context.Context) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.lock == nil {
		return nil
	}
	lock := i.lock
	i.id, i.lock = "", nil
	return lock.Release()
}

// lastID is who a journal says that we are, "" if no master has said so yet.
func lastID(entries []*record.Entry) (id ids.Agent) {
	for _, e := range entries {
		if agent := e.GetAgent(); agent != nil {
			id = ids.Agent(agent.GetInfo().GetId().GetValue())
		}
	}
	return id
}
