package jobs

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"codeberg.org/reeve/reeve/masterd/livejob"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// keep lets everything go well from now on, until every service is as it was wanted last.
func (w *world) keep() {
	for range 3000 {
		for _, name := range sortedKeys(w.agents) {
			w.back(w.agents[name])
			w.offer(w.agents[name])
		}
		for w.deliver() || w.call() || w.write() {
		}
		for _, id := range sortedKeys(w.tasks) {
			w.repeat(w.tasks[id])
		}
		for w.deliver() || w.call() || w.write() {
		}
		if w.unkept() == "" {
			return
		}
		w.advance()
	}
	for name, j := range w.state.Jobs() {
		w.t.Logf("%s: %s leaving %+v rollout %+v", name, showJob(*j), j.Leaving, j.Rollout)
	}
	w.t.Fatalf("services are not as they should be: %s", w.unkept())
}

// unkept says what is not as it should be, comparing what agents run with what was asked for.
func (w *world) unkept() string {
	want := map[string]string{} // instance → command
	for _, name := range sortedKeys(w.state.jobs) {
		j := w.state.jobs[name]
		switch {
		case w.stopped[string(name)]:
			if !j.Over() {
				return string(name) + " has not ended"
			}
			continue
		case j.Rolling():
			return string(name) + " is being rolled out"
		}
		for i := range j.Record.Spec.Instances {
			want[fmt.Sprintf("%s.%d", name, i)] = j.Record.Spec.Command
		}
	}
	for _, r := range w.running() {
		command, ok := want[instanceOf(r.id)]
		switch {
		case !ok:
			return r.id + " runs and should not, or not twice"
		case command != r.command && !w.paused(r.id):
			return fmt.Sprintf("%s runs %q, want %q", r.id, r.command, command)
		case w.draining[r.agent]:
			return r.id + " runs on an agent that drains"
		}
		delete(want, instanceOf(r.id))
	}
	for name := range want {
		return name + " does not run"
	}
	return ""
}

// paused says whether the update of a task's job was given up.
func (w *world) paused(task string) bool {
	for name, j := range w.state.jobs {
		if len(task) > len(name) && task[:len(name)] == string(name) && j.Record.Rollout != nil {
			return j.Record.Rollout.State == reeveapi.RolloutFailed
		}
	}
	return false
}

// TestServicesConverge: whatever is changed, fails, gets lost or comes late, an instance runs twice only while the
// registry says so, and in the end every service runs as it was wanted last.
func TestServicesConverge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		agent := func(t *rapid.T) *host {
			return w.agents[rapid.SampledFrom([]string{"s1", "s2", "s3"}).Draw(t, "agent")]
		}
		service := func(t *rapid.T) *livejob.Job {
			j := w.state.jobs[ids.Job(rapid.SampledFrom([]string{"j0", "j1"}).Draw(t, "job"))]
			if j == nil || j.Over() || j.Record.Stopped {
				return nil
			}
			return j
		}
		spec := func(t *rapid.T, name string) reeveapi.JobSpec {
			return reeveapi.JobSpec{
				Name: name, Kind: reeveapi.Service, Command: rapid.SampledFrom([]string{"v1", "v2", "v3"}).Draw(t, "command"),
				Instances: rapid.IntRange(1, 3).Draw(t, "instances"),
				Update: &reeveapi.JobUpdate{
					MaxSurge: rapid.IntRange(0, 2).Draw(t, "surge"), MaxUnavailable: rapid.IntRange(1, 2).Draw(t, "unavailable"),
					OnFailure: rapid.SampledFrom([]string{"rollback", "pause"}).Draw(t, "on failure"), HealthySeconds: 1,
				},
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"submit": func(t *rapid.T) {
				if name := fmt.Sprintf("j%d", len(w.submitted)); len(w.submitted) < 2 && w.state.subscribed {
					w.submit(spec(t, name))
				}
			},
			"update": func(t *rapid.T) {
				if j := service(t); j != nil {
					w.step(Update{Change: Change{Name: j.Name()}, Spec: spec(t, string(j.Name()))})
				}
			},
			"scale": func(t *rapid.T) {
				if j := service(t); j != nil {
					w.step(Scale{Change: Change{Name: j.Name()}, Instances: rapid.IntRange(1, 4).Draw(t, "to")})
				}
			},
			"restart": func(t *rapid.T) {
				if j := service(t); j != nil {
					w.step(Restart{Change: Change{Name: j.Name()}})
				}
			},
			"rollback": func(t *rapid.T) {
				if j := service(t); j != nil && len(j.Record.History) > 1 {
					w.step(Rollback{Change: Change{Name: j.Name()}})
				}
			},
			"stop": func(t *rapid.T) {
				if j := service(t); j != nil && rapid.IntRange(0, 5).Draw(t, "really") == 0 {
					w.stopped[string(j.Name())] = true
					w.step(Stop{Change{Name: j.Name()}})
					for w.write() { // a leader that dies with the request leaves it open whether it was heard
					}
				}
			},
			"drain": func(t *rapid.T) {
				h := agent(t)
				if w.draining[h.name] = !w.draining[h.name]; !w.draining[h.name] || h.name == "s1" {
					delete(w.draining, h.name)
				}
				w.step(Draining{Agent: ids.Agent(h.name), On: w.draining[h.name]})
			},
			"write": func(*rapid.T) { w.write() },
			"call":  func(*rapid.T) { w.call() },
			"event": func(*rapid.T) { w.deliver() },
			"flow": func(*rapid.T) {
				for w.deliver() || w.call() || w.write() {
				}
			},
			"well": func(*rapid.T) { // for a while everything goes well: what comes next meets tasks that run
				for range 3 {
					for _, name := range sortedKeys(w.agents) {
						w.back(w.agents[name])
						w.offer(w.agents[name])
					}
					for w.deliver() || w.call() || w.write() {
					}
					w.advance()
				}
			},
			"tick":    func(*rapid.T) { w.advance() },
			"offer":   func(t *rapid.T) { w.offer(agent(t)) },
			"rescind": func(*rapid.T) { clear(w.offers) },
			"end": func(t *rapid.T) {
				if all := w.running(); len(all) > 0 {
					w.end(rapid.SampledFrom(all).Draw(t, "task"), mesosv1.TaskState_TASK_FAILED)
				}
			},
			"failover": func(t *rapid.T) { w.t = t; w.failover() },
			"lose": func(t *rapid.T) {
				h := agent(t)
				if h.lost || h.recovered {
					return
				}
				h.lost = true
				for _, r := range w.running() {
					if r.agent == h.name {
						w.tell(r.id, h.name, mesosv1.TaskState_TASK_UNREACHABLE, nil)
					}
				}
			},
			"back": func(t *rapid.T) { w.back(agent(t)) },
		})
		w.t = t
		w.keep()
	})
}
