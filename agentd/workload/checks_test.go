package workload

import (
	"testing"
	"time"

	"codeberg.org/reeve/reeve/agentd/check"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// A framework that stays away is not told of every failure of a health check when it comes back, but of every change.
func TestFailuresThatNobodyHears(t *testing.T) {
	w := newWorld(t)
	w.conn++
	w.step(LinkOpened{Conn: w.conn})
	w.step(registered(w.conn))
	info := taskInfo("t", "serve")
	info.HealthCheck = &mesosv1.HealthCheck{
		Type: mesosv1.HealthCheck_COMMAND.Enum(), Command: &mesosv1.CommandInfo{Value: new("look")},
		DelaySeconds: new(0.0), GracePeriodSeconds: new(0.0), IntervalSeconds: new(1.0), ConsecutiveFailures: new(uint32(1_000_000)),
	}
	w.step(fromMaster(w.conn, &agentlink.FromMaster{Message: &agentlink.FromMaster_RunTasks{RunTasks: &agentlink.RunTasks{
		Framework: frameworkInfo("f1"), Tasks: []*mesosv1.TaskInfo{info},
	}}}))
	c := w.container("t")
	w.step(launchedAt(c.ID, w.now))
	probe := func(code int32) {
		t.Helper()
		w.now = w.now.Add(time.Second)
		w.step(Tick{})
		w.step(Probed{Container: c.ID, Result: check.Result{Answered: true, ExitCode: code}})
	}
	for range 1000 {
		probe(1)
	}
	task := ids.Task{Framework: "f1", ID: "t"}
	if got := w.m.updates.Pending(task); got != maxUntold {
		t.Errorf("%d updates wait, want %d", got, maxUntold)
	}
	probe(0)
	if last := w.m.updates.All("f1"); len(last) != maxUntold+1 || !last[maxUntold].GetHealthy() {
		t.Errorf("%d updates wait, want the recovery behind %d", len(last), maxUntold)
	}
}
