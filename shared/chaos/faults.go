package chaos

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"codeberg.org/reeve/reeve/shared/chaos/plan"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// undo makes up for a fault.
type undo func(ctx context.Context) error

func nothing(context.Context) error { return nil }

// inject does a fault, and returns what ends it and what it hit.
func (r *rig) inject(ctx context.Context, f plan.Fault) (undo, string, error) {
	switch f.Kind {
	case plan.KillMaster, plan.StopMaster, plan.TermMaster, plan.CutMaster, plan.SplitMasters:
		return r.strikeMaster(ctx, f, r.cluster.masters[f.Target])
	case plan.KillLeader, plan.StopLeader, plan.CutLeader:
		leader := r.leader(ctx)
		if leader == nil {
			return nothing, "nobody leads", nil
		}
		back, _, err := r.strikeMaster(ctx, f, leader)
		return back, leader.name, err
	case plan.Resubscribe:
		r.framework.failOver()
		return nothing, "", nil
	case plan.KillShim, plan.KillInit:
		shims, inits := r.cluster.agents[f.Target].shims()
		if f.Kind == plan.KillInit {
			shims = inits
		}
		hit, err := strike(shims, f.Pick)
		return nothing, hit, err
	case plan.KillAgent, plan.StopAgent, plan.TermAgent, plan.CutAgent, plan.MuteAgent:
		return r.strikeAgent(ctx, f, r.cluster.agents[f.Target])
	}
	return nil, "", fmt.Errorf("there is no fault %q", f.Kind)
}

func (r *rig) strikeMaster(ctx context.Context, f plan.Fault, m *daemon) (undo, string, error) {
	switch f.Kind {
	case plan.CutMaster, plan.CutLeader:
		return r.cut(ctx, m)
	case plan.SplitMasters:
		other := r.cluster.masters[(f.Target+1+int(f.Pick%uint32(len(r.cluster.masters)-1)))%len(r.cluster.masters)]
		return r.mute(ctx, m, []*daemon{other})
	case plan.KillMaster, plan.KillLeader:
		return m.restarted, "", m.kill()
	case plan.StopMaster, plan.StopLeader:
		return m.continued, "", m.signal(syscall.SIGSTOP)
	default:
		return m.restarted, "", m.signal(syscall.SIGTERM)
	}
}

func (r *rig) strikeAgent(ctx context.Context, f plan.Fault, a *daemon) (undo, string, error) {
	switch f.Kind {
	case plan.CutAgent:
		return r.cut(ctx, a)
	case plan.MuteAgent:
		return r.mute(ctx, a, r.cluster.masters)
	case plan.KillAgent:
		return a.restarted, "", a.kill()
	case plan.StopAgent:
		return a.continued, "", a.signal(syscall.SIGSTOP)
	default:
		return a.restarted, "", a.signal(syscall.SIGTERM)
	}
}

func (r *rig) cut(ctx context.Context, d *daemon) (undo, string, error) {
	back := func(ctx context.Context) error { return r.cluster.net.link(ctx, d.name, true) }
	return back, "", r.cluster.net.link(ctx, d.name, false)
}

func (r *rig) mute(ctx context.Context, d *daemon, others []*daemon) (undo, string, error) {
	set := func(ctx context.Context, on bool) error {
		var errs []error
		for _, other := range others {
			errs = append(errs, r.cluster.net.mute(ctx, d.name, other.ip, on))
		}
		return errors.Join(errs...)
	}
	return func(ctx context.Context) error { return set(ctx, false) }, "", set(ctx, true)
}

// restarted starts a daemon again, once the earlier one has ended: it was killed or asked to.
func (d *daemon) restarted(context.Context) error {
	if d.runs() {
		if err := d.end(termGrace); err != nil {
			return err
		}
	}
	return d.start()
}

// termGrace is what a daemon gets to end in, on a machine that may be busy.
const termGrace = 30 * time.Second

func (d *daemon) continued(context.Context) error { return d.signal(syscall.SIGCONT) }

// leader is the master that leads, nil if none says so.
func (r *rig) leader(ctx context.Context) *daemon {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	masters, err := r.client.Masters(ctx)
	if err != nil {
		return nil
	}
	for _, m := range masters {
		for _, d := range r.cluster.masters {
			if m.State == reeveapi.MasterLeading && m.Name == d.name && d.runs() && !d.stopped {
				return d
			}
		}
	}
	return nil
}
