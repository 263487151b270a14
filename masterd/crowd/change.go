package crowd

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// advance makes the changes that are due, in views that share what stayed the same, as a master's do.
func (c *Crowd) advance(now time.Time) {
	due := min(int(now.Sub(c.at).Seconds()*c.options.PerSecond), c.options.Tasks)
	if due <= 0 {
		if c.options.PerSecond <= 0 {
			c.at = now
		}
		return
	}
	c.at = now
	next := *c.view
	next.Version++
	next.Frameworks = maps.Clone(c.view.Frameworks)
	changed := map[ids.Framework]bool{}
	for range due {
		i := c.random.IntN(len(c.active))
		id := c.active[i]
		f := next.Frameworks[id.Framework]
		if !changed[f.ID] {
			changed[f.ID] = true
			own := *f
			own.Tasks, own.Ended = maps.Clone(f.Tasks), slices.Clone(f.Ended)
			f = &own
			next.Frameworks[f.ID] = f
		}
		c.change(f, i)
	}
	c.view = &next
}

// change brings a task to its next state; one that ends is replaced.
func (c *Crowd) change(f *cluster.Framework, i int) {
	t := c.next(f.Tasks[c.active[i].ID])
	c.happened(t)
	if t.Ended.IsZero() {
		f.Tasks[t.ID.ID] = t
		return
	}
	delete(f.Tasks, t.ID.ID)
	f.Ended = append(f.Ended, t)
	if len(f.Ended) > keptEnded {
		f.Ended = f.Ended[len(f.Ended)-keptEnded:]
	}
	c.active[i] = c.active[len(c.active)-1]
	c.active = c.active[:len(c.active)-1]
	c.launch(f)
}

// launch adds a task to a framework that nobody has seen yet.
func (c *Crowd) launch(f *cluster.Framework) ids.Task {
	n := c.launched
	c.launched++
	name := fmt.Sprintf("%s-%05d", [...]string{"web", "api", "cache", "etl", "search", "mail"}[n%6], n)
	id := ids.Task{Framework: f.ID, ID: fmt.Sprintf("%s.8c2f1e%06x", name, n)}
	t := &cluster.Task{
		ID: id, Agent: agentID(n % len(c.view.Agents)), Role: "prod", User: "www-data", Resources: c.need, Launched: c.at,
		State: mesosv1.TaskState_TASK_STAGING, Latest: mesosv1.TaskState_TASK_STAGING,
		Info: &mesosv1.TaskInfo{
			Name: &name, Command: c.command,
			Labels: &mesosv1.Labels{Labels: []*mesosv1.Label{{Key: new("team"), Value: new("payments")}, {Key: new("release"), Value: new("2026-11-28")}}},
		},
	}
	f.Tasks[id.ID] = t
	c.active = append(c.active, id)
	c.happened(t)
	return id
}

// next is a task one state further.
func (c *Crowd) next(t *cluster.Task) *cluster.Task {
	own := *t
	state, message := mesosv1.TaskState_TASK_FINISHED, "command exited with status 0"
	switch {
	case t.Latest == mesosv1.TaskState_TASK_STAGING:
		state, message = mesosv1.TaskState_TASK_STARTING, ""
	case t.Latest == mesosv1.TaskState_TASK_STARTING:
		state, message = mesosv1.TaskState_TASK_RUNNING, ""
	case c.random.IntN(10) == 0:
		state, message = mesosv1.TaskState_TASK_FAILED, "command exited with status 1"
	}
	status := &mesosv1.TaskStatus{
		State: &state, Timestamp: new(float64(c.at.UnixMicro()) / 1e6), Source: mesosv1.TaskStatus_SOURCE_EXECUTOR.Enum(),
		ContainerStatus: &mesosv1.ContainerStatus{ContainerId: &mesosv1.ContainerID{Value: new("c0ffee00-0000-4000-8000-" + fmt.Sprintf("%012x", t.Launched.UnixNano()&0xffffffffffff))}},
	}
	if message != "" {
		status.Message = &message
		own.Ended = c.at
	}
	own.State, own.Latest = state, state
	own.Statuses = append(slices.Clone(t.Statuses), status)
	return &own
}

func (c *Crowd) happened(t *cluster.Task) {
	c.newest++
	text := ""
	if n := len(t.Statuses); n > 0 {
		text = t.Statuses[n-1].GetMessage()
	}
	c.events = append(c.events, reeveapi.Event{
		Seq: c.newest, At: c.at, Kind: t.Latest.String(), Subject: t.Info.GetName(), ID: t.ID.String(),
		Agent: c.view.Agents[t.Agent].Info.GetHostname(), Text: text,
	})
	if len(c.events) >= 2*keptEvents {
		c.events = append([]reeveapi.Event(nil), c.events[len(c.events)-keptEvents:]...)
	}
}
