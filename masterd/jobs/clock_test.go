package jobs

import (
	"testing"
	"time"

	"codeberg.org/reeve/reeve/masterd/jobrecord"
	"codeberg.org/reeve/reeve/masterd/jobspec"
	"codeberg.org/reeve/reeve/masterd/registry"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// TestLeaderWithAClockBehind: the former leader's clock was an hour ahead. An instance that waits to be tried again waits no
// longer for that.
func TestLeaderWithAClockBehind(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	waits := func(changed time.Time) time.Duration {
		spec := jobspec.Complete(reeveapi.JobSpec{Name: "j", Kind: reeveapi.Batch, Command: "false", Instances: 1, Retries: 9})
		stored := jobrecord.New(spec, "me", now.Add(-time.Hour))
		stored.State = reeveapi.JobRunning
		inst := &stored.Instances[0]
		inst.Task, inst.State, inst.Failed, inst.Changed = "j.0", "TASK_FAILED", 3, changed
		return New(Config{}, &registry.State{Jobs: map[ids.Job]reeveapi.Job{"j": stored}}, now).Deadline().Sub(now)
	}
	want := waits(now)
	if got := waits(now.Add(time.Hour)); got != want || want <= 0 {
		t.Errorf("waits %v, want %v as with the same clock", got, want)
	}
}
