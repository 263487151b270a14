package workload

import (
	"testing"
	"time"

	"codeberg.org/reeve/reeve/agentd/record"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/clocktest"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// clocked is a machine with one task that runs, and what it saved.
type clocked struct {
	t         *testing.T
	m         *Machine
	now       time.Time
	saved     []*record.Entry
	container ids.Container
	signals   []int
}

func (c *clocked) step(now time.Time, in Input) {
	for _, eff := range c.m.Step(now, in) {
		switch eff := eff.(type) {
		case Save:
			c.saved = append(c.saved, eff.Entry)
		case Start:
			c.container = eff.Spec.ID
		case Signal:
			c.signals = append(c.signals, eff.Signal)
		}
	}
}

func newClocked(t *testing.T, task *mesosv1.TaskInfo) *clocked {
	t.Helper()
	c := &clocked{t: t, m: New(testConfig(&counter{})), now: time.Now()}
	c.step(c.now, LinkOpened{Conn: 1})
	c.step(c.now, registered(1))
	c.step(c.now, fromMaster(1, &agentlink.FromMaster{Message: &agentlink.FromMaster_RunTasks{RunTasks: &agentlink.RunTasks{
		Framework: frameworkInfo("f1"), Tasks: []*mesosv1.TaskInfo{task},
	}}}))
	c.step(c.now, Launched{Container: c.container, Started: runtime.Started{PID: 100, At: c.now.Round(0)}}) // as it comes from a shim
	return c
}

func (c *clocked) kill(grace time.Duration) {
	c.step(c.now, fromMaster(1, &agentlink.FromMaster{Message: &agentlink.FromMaster_KillTask{KillTask: &agentlink.KillTask{
		FrameworkId: &mesosv1.FrameworkID{Value: new("f1")}, TaskId: &mesosv1.TaskID{Value: new("t")},
		KillPolicy: &mesosv1.KillPolicy{GracePeriod: &mesosv1.DurationInfo{Nanoseconds: new(int64(grace))}},
	}}}))
}

// killedAfter checks that the task is killed when that has passed, and not before, whatever the clock says meanwhile.
func (c *clocked) killedAfter(from time.Time, d, by time.Duration) {
	c.t.Helper()
	c.signals = nil
	if left := c.m.Deadline().Sub(clocktest.Set(c.t, from, by)); left > d {
		c.t.Errorf("set by %v: the next look is in %v", by, left)
	}
	c.step(clocktest.Set(c.t, from.Add(d-time.Second), by), Tick{})
	if len(c.signals) > 0 {
		c.t.Errorf("set by %v: killed a second before %v are over", by, d)
	}
	c.step(clocktest.Set(c.t, from.Add(d), by), Tick{})
	if len(c.signals) != 1 || c.signals[0] != 9 {
		c.t.Errorf("set by %v: signals %v after %v, want it killed", by, c.signals, d)
	}
}

// TestClockIsSet: somebody sets the host's clock while a task has its grace, or its time to run.
func TestClockIsSet(t *testing.T) {
	for _, by := range []time.Duration{0, time.Hour, -time.Hour} {
		c := newClocked(t, taskInfo("t", "sleep 1000"))
		c.kill(30 * time.Second)
		c.killedAfter(c.now, 30*time.Second, by)

		limited := taskInfo("t", "sleep 1000")
		limited.MaxCompletionTime = &mesosv1.DurationInfo{Nanoseconds: new(int64(10 * time.Minute))}
		c = newClocked(t, limited)
		c.killedAfter(c.now, 10*time.Minute, by)
	}
}

// TestClockIsSetBackWhileAway: a task that was being killed does not get the hour by which the clock was set back, nor one
// with a limited time to run.
func TestClockIsSetBackWhileAway(t *testing.T) {
	limited := taskInfo("t", "sleep 1000")
	limited.MaxCompletionTime = &mesosv1.DurationInfo{Nanoseconds: new(int64(10 * time.Minute))}
	for name, test := range map[string]struct {
		task    *mesosv1.TaskInfo
		kill    bool
		compact bool
		limit   time.Duration
	}{
		"grace":                         {task: taskInfo("t", "sleep 1000"), kill: true, limit: 30 * time.Second},
		"grace, in a rewritten journal": {task: taskInfo("t", "sleep 1000"), kill: true, compact: true, limit: 30 * time.Second},
		"completion time":               {task: limited, limit: 10 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClocked(t, test.task)
			if test.kill {
				c.kill(30 * time.Second)
			}
			entries := c.saved
			if test.compact {
				entries = c.m.Snapshot()
			}
			c.m = New(testConfig(&counter{}))
			back := clocktest.Set(t, c.now.Add(time.Second), -time.Hour)
			c.step(back, Recovered{Entries: entries, Containers: []runtime.Recovered{
				{ID: c.container, Started: runtime.Started{PID: 100, At: c.now.Round(0)}},
			}})
			c.killedAfter(back, test.limit, 0)
		})
	}
}
