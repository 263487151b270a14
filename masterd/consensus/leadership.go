package consensus

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"codeberg.org/reeve/reeve/masterd/registry"
	"codeberg.org/reeve/reeve/shared/logkey"
	"codeberg.org/reeve/reeve/shared/run"
)

// Won is a leadership that has just begun.
type Won struct {
	Term     uint64
	At       time.Time
	Registry *registry.State // everything that any former leader wrote
	Election Election
}

// Lead runs one leadership. Its context ends when leadership is lost; it must return soon then. If it returns an error
// while it leads, this master hands leadership over, or fails if there is nobody else.
type Lead func(ctx context.Context, won Won) error

// Run takes part until ctx ends: it founds the cluster if that is due, and calls lead for each leadership, never for two
// at a time. It fails if this master cannot go on, as with a log that a newer version wrote.
func (c *Consensus) Run(ctx context.Context, lead Lead) error {
	group := run.NewGroup(ctx)
	group.Go("found the cluster", c.found)
	group.Go("learn the cluster's id", c.learnCluster)
	group.Go("follow raft", func(ctx context.Context) error { return c.follow(ctx, lead) })
	return group.Wait()
}

// follow is the only reader of raft's notices.
func (c *Consensus) follow(ctx context.Context, lead Lead) error {
	var current *run.Group       // the running leadership, nil if there is none
	ended := make(chan error, 1) // a leadership that ended by itself; at most one runs
	stop := func() {
		if current == nil {
			return
		}
		current.Stop()
		_ = current.Wait() // what ended it by itself is in ended
		current = nil
		if len(ended) > 0 { // its end and ours crossed: it failed while it lost leadership anyway
			c.log.Warn("leadership failed at its end", logkey.Err(<-ended))
		}
	}
	defer stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-c.fsm.fatal:
			return err
		case leading := <-c.notices:
			stop() // a second true means that leadership was lost and won again
			if !leading {
				c.log.Warn("leadership lost")
				continue
			}
			current = run.NewGroup(ctx)
			current.Go("leadership", func(ctx context.Context) error {
				if err := c.session(ctx, lead); err != nil && ctx.Err() == nil {
					ended <- err
				}
				return nil
			})
		case err := <-ended:
			if err := c.giveUp(err); err != nil {
				return err
			}
		}
	}
}

// giveUp lets another master try what this one failed at.
func (c *Consensus) giveUp(cause error) error {
	c.log.Error("leadership failed", logkey.Err(cause))
	voters, err := c.Voters()
	if err != nil || len(voters) < 2 {
		return cause
	}
	if err := c.StepDown(); err != nil {
		return errors.Join(cause, err)
	}
	return nil
}

// session is one leadership: first everything that former leaders wrote is applied here, then the doors open.
func (c *Consensus) session(ctx context.Context, lead Lead) error {
	began := time.Now()
	c.net.begin()
	if err := c.raft.Barrier(0).Error(); err != nil {
		return ignoreLoss(c.explain(err))
	}
	if c.Registry().ClusterID == "" {
		op := registry.SetCluster{ID: newClusterID(), Name: c.cfg.Identity.Cluster}
		if err := c.Apply(ctx, []registry.Op{op}); err != nil {
			return ignoreLoss(err)
		}
	}
	won := Won{Term: c.raft.CurrentTerm(), At: time.Now(), Registry: c.Registry()}
	won.Election = c.elections.leads(won.Term, c.cfg.Identity.Node, won.At)
	defer func() { c.elections.led(time.Now()) }()
	c.log.Info("leadership won", logkey.Term(won.Term), logkey.Took(time.Since(began)))
	group := run.NewGroup(ctx)
	group.Go("voters", c.keepVoters)
	group.Go("term", func(ctx context.Context) error { return lead(ctx, won) })
	return ignoreLoss(group.Wait())
}

// ignoreLoss drops errors that only say that leadership was lost: raft's notice of that is on its way.
func ignoreLoss(err error) error {
	if isLoss(err) {
		return nil
	}
	return err
}

func newClusterID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	return hex.EncodeToString(b[:])
}

// learnCluster writes the cluster's id into the identity file as soon as the log says it. A log of another cluster than
// the file's ends this master.
func (c *Consensus) learnCluster(ctx context.Context) error {
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	for {
		if id := c.Registry().ClusterID; id != "" {
			return c.noteCluster(id)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

func (c *Consensus) noteCluster(id string) error {
	c.mu.Lock()
	known := c.identity
	c.identity.ClusterID = id
	changed := c.identity
	c.mu.Unlock()
	switch known.ClusterID {
	case id:
		return nil
	case "":
		return changed.save(c.cfg.WorkDir)
	}
	return fmt.Errorf("--work-dir %s belongs to cluster id %s, but the masters it met are of %s; correct --join",
		c.cfg.WorkDir, known.ClusterID, id)
}
