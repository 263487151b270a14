package shimclient

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/sandbox"
	"codeberg.org/reeve/reeve/agentd/shimapi"
	"codeberg.org/reeve/reeve/agentd/shimdir"
	"codeberg.org/reeve/reeve/agentd/shimrecord"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/logkey"
	"codeberg.org/reeve/reeve/shared/procstate"
)

// helloTimeout is how long a live shim may take to finish launches that were in flight when agentd died, on a host that is badly
// overloaded.
const helloTimeout = time.Minute

// Recover implements runtime.Runtime. What becomes of a container that has a record:
//
//	a live shim has it                       running or ended, as the shim says
//	exit.json                                ended, as it says
//	the host was rebooted                    Lost
//	cgroup or state exist, but no live shim  killed, Lost
//	nothing exists                           it never started: forgotten
//
// Whatever exists without a record is removed. It can be called once: what this client starts is not there to be recovered.
func (c *Client) Recover(ctx context.Context) ([]runtime.Recovered, error) {
	c.mu.Lock()
	late := c.recovered || len(c.containers) > 0
	c.recovered = true
	c.mu.Unlock()
	if late {
		return nil, fault.New(fault.Conflict, "recover containers: it has to come first, and once")
	}
	records, err := c.cfg.records().List()
	if err != nil {
		return nil, fmt.Errorf("recover containers: %w", err)
	}
	rebooted, err := c.cfg.records().Rebooted()
	if err != nil {
		return nil, fmt.Errorf("recover containers: %w", err)
	}
	live, err := c.adoptShims(ctx)
	if err != nil {
		return nil, fmt.Errorf("recover containers: %w", err)
	}
	leftovers, err := c.leftovers()
	if err != nil {
		return nil, fmt.Errorf("recover containers: %w", err)
	}
	var recovered []runtime.Recovered
	for id, rec := range records {
		why := ""
		switch {
		case rebooted:
			why = hostRestarted
		case leftovers[id]:
			why = shimKilled
		}
		r, err := c.recoverOne(ctx, rec, live[id], why)
		if err != nil {
			return nil, fmt.Errorf("recover container %s: %w", id, err)
		}
		if r != nil {
			c.gpus.Note(id, rec.GPUs)
			recovered = append(recovered, *r)
		}
	}
	for id := range leftovers {
		if _, ok := records[id]; ok {
			continue
		}
		if err := c.purge(ctx, id); err != nil {
			return nil, fmt.Errorf("remove unknown container %s: %w", id, err)
		}
	}
	if err := c.leaveUnknown(ctx, records); err != nil {
		return nil, err
	}
	if recovered, err = c.dropHolders(ctx, recovered); err != nil {
		return nil, fmt.Errorf("recover pods: %w", err)
	}
	slices.SortFunc(recovered, func(a, b runtime.Recovered) int { return strings.Compare(string(a.ID), string(b.ID)) })
	c.recoverWeights()
	c.settle()
	return recovered, nil
}

// found is a container that a live shim has.
type found struct {
	link *link
	shimapi.Container
}

// adoptShims connects to every live shim and removes the directories of dead ones.
func (c *Client) adoptShims(ctx context.Context) (map[ids.Container]*found, error) {
	entries, err := os.ReadDir(c.cfg.shims())
	if err != nil {
		return nil, err
	}
	live := make(map[ids.Container]*found)
	for _, e := range entries {
		name := e.Name()
		helloCtx, cancel := context.WithTimeout(ctx, cmp.Or(c.cfg.ShimPatience, helloTimeout))
		var l *link
		var hello *shimapi.Hello
		err := error(errGone)
		if c.isAlive(name) {
			l, hello, err = c.connect(helloCtx, name, nil)
		}
		cancel()
		switch {
		case err == nil:
			for _, container := range hello.Containers {
				live[container.ID] = &found{l, container}
			}
		case fault.KindOf(err) == fault.Unavailable: // dead, or about to be
			if err := os.RemoveAll(filepath.Join(c.cfg.shims(), name)); err != nil {
				return nil, err
			}
		case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
			return nil, fault.New(fault.Unavailable, "the shim of some of this host's containers does not answer: %s; if it was stopped, let it go on (kill -CONT), "+
				"or else end it (kill -9), which ends them", c.explainShim(name))
		default:
			return nil, err
		}
	}
	return live, nil
}

// leftovers lists the containers of which a cgroup or libcontainer's state exists.
func (c *Client) leftovers() (map[ids.Container]bool, error) {
	groups, err := c.cgroups.Groups(c.cfg.groups())
	if err != nil {
		return nil, err
	}
	states, err := os.ReadDir(c.cfg.state())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	all := make(map[ids.Container]bool)
	for _, name := range groups {
		all[ids.Container(name)] = true
	}
	for _, e := range states {
		all[ids.Container(e.Name())] = true
	}
	return all, c.podLeftovers(all)
}

// recoverOne finds out what became of a container. why says how it ended if nobody saw it, "" if it never began.
func (c *Client) recoverOne(ctx context.Context, rec shimrecord.Record, shim *found, why string) (*runtime.Recovered, error) {
	if shim != nil {
		return c.adopt(shim, rec), nil
	}
	last, err := shimapi.ReadExit(c.cfg.record(rec.ID))
	if err != nil {
		if why == "" {
			return nil, sandbox.RemoveAll(c.cfg.record(rec.ID))
		}
		last = shimapi.Container{ID: rec.ID, Started: rec.Created, Exit: lost(rec.Created, why)}
		if err := shimapi.WriteExit(c.cfg.record(rec.ID), last); err != nil {
			return nil, err
		}
	}
	if err := c.purge(ctx, rec.ID); err != nil {
		return nil, err
	}
	e := newEntry(rec.ID)
	e.started = runtime.Started{PID: last.PID, At: last.Started, Joined: c.joinedBy(rec.ID)}
	e.exit = *last.Exit
	close(e.decided)
	close(e.ended)
	c.mu.Lock()
	c.containers[rec.ID] = e
	c.mu.Unlock()
	return &runtime.Recovered{ID: rec.ID, Started: e.started, Exit: last.Exit}, nil
}

// Why nobody saw how a container ended.
const (
	hostRestarted = "the host was restarted"
	shimKilled    = "its shim was killed"
)

func lost(started time.Time, why string) *runtime.Exit {
	return &runtime.Exit{Lost: true, Started: started, Ended: time.Now(), Message: why}
}

// adopt takes over a container of a live shim. It may end at any moment, before this or after.
func (c *Client) adopt(f *found, rec shimrecord.Record) *runtime.Recovered {
	e := newEntry(f.ID)
	e.stop = rec.Stop
	e.link = f.link
	e.started = runtime.Started{PID: f.PID, At: procstate.StartedAt(f.PID, f.Started), Joined: c.joinedBy(f.ID)}
	close(e.decided)
	c.mu.Lock()
	f.link.load++
	c.containers[f.ID] = e
	if c.links[f.link.name] != f.link { // it has died since, and its end was seen to without this one
		c.wg.Go(func() { c.bury(f.link, []*entry{e}) })
	}
	c.mu.Unlock()
	exit := f.Exit
	if exit == nil {
		if last, err := shimapi.ReadExit(c.cfg.record(f.ID)); err == nil {
			exit = last.Exit // it ended between hello and now, and the event found no entry
		}
	}
	if exit != nil {
		c.finish(f.ID, *exit)
	}
	return &runtime.Recovered{ID: f.ID, Started: e.started, Exit: exit}
}

// settle ends adopted shims that are empty and makes sure that one is ready for the next launch.
func (c *Client) settle() {
	c.mu.Lock()
	defer c.mu.Unlock()
	free := 0
	for _, l := range c.links {
		if l.usable {
			free += c.cfg.GroupSize - l.load
		}
		if l.load == 0 && !l.usable {
			c.wg.Go(func() { c.retire(l) })
		}
	}
	if free < spare && !c.closed {
		c.wg.Go(c.warm)
	}
}

// follow reads from a shim until the connection ends, and then looks after what it had.
func (c *Client) follow(l *link) {
	l.read(func(container shimapi.Container) {
		if container.Exit != nil {
			c.finish(container.ID, *container.Exit)
		}
	})
	_ = l.conn.Close() // it has ended
	c.mu.Lock()
	if c.links[l.name] == l {
		delete(c.links, l.name)
	}
	nobodys := c.closed || !l.known // who connects sees to one that has not said what it has: to kill that would end who knows what
	l.usable = false
	var orphans []*entry
	for _, e := range c.containers {
		if e.link == l {
			orphans = append(orphans, e)
		}
	}
	c.mu.Unlock()
	if nobodys {
		return
	}
	c.bury(l, orphans)
}

// bury cleans up behind a shim that has died: what it had recorded is true, what it had running is killed. A container
// cannot be left running, because nobody could say how it ends.
func (c *Client) bury(l *link, orphans []*entry) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // belongs to no caller
	defer cancel()
	c.awaitDeath(ctx, l)
	for _, e := range orphans {
		select {
		case <-e.decided:
		case <-ctx.Done():
			continue
		}
		if e.err != nil || e.hasEnded() {
			continue // a failed launch has been undone by who asked for it
		}
		last, err := shimapi.ReadExit(c.cfg.record(e.id))
		if err != nil {
			last = shimapi.Container{ID: e.id, PID: e.started.PID, Started: e.started.At, Exit: lost(e.started.At, shimKilled)}
			c.log.Warn("container lost with its shim", logkey.Container(e.id), logkey.Source(l.name))
			if err := shimapi.WriteExit(c.cfg.record(e.id), last); err != nil {
				c.log.Error("exit not recorded", logkey.Container(e.id), logkey.Err(err))
			}
		}
		if err := c.purge(ctx, e.id); err != nil {
			c.log.Error("container of a dead shim not removed", logkey.Container(e.id), logkey.Err(err))
		}
		c.finish(e.id, *last.Exit)
	}
	if err := os.RemoveAll(filepath.Join(c.cfg.shims(), l.name)); err != nil {
		c.log.Warn("directory of a dead shim not removed", logkey.Source(l.name), logkey.Err(err))
	}
}

// awaitDeath waits until a shim whose connection broke is dead. One that hangs is killed: the two have lost each other, and
// nothing else would ever end its containers.
func (c *Client) awaitDeath(ctx context.Context, l *link) {
	for deadline := time.Now().Add(2 * time.Second); c.isAlive(l.name); {
		if time.Now().After(deadline) {
			shimdir.Kill(filepath.Join(c.cfg.shims(), l.name))
		}
		if shimdir.Pause(ctx, time.Millisecond) != nil {
			break
		}
	}
	if l.cmd != nil {
		_ = l.cmd.Wait() // its status says nothing that the missing exit records do not
	}
}

// purge removes everything of a container that may be left when no shim looks after it, but not its record.
func (c *Client) purge(ctx context.Context, id ids.Container) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	state := filepath.Join(c.cfg.state(), string(id))
	var err error
	if c.rootless {
		err = shimdir.KillByState(ctx, state)
	} else {
		err = c.cgroups.Kill(ctx, c.cfg.group(id))
	}
	if err != nil {
		return err
	}
	if err := os.Remove(c.cfg.staging(id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err // an empty directory: what was mounted there went with the shim
	}
	// Only now: libcontainer could not load a half-written state, and would refuse the id for ever.
	return os.RemoveAll(state)
}
