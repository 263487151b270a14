package outcome

import (
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/store"
)

// TestNews plays lives of a job, as snapshots, and what is said of them.
func TestNews(t *testing.T) {
	two := reeveapi.JobSpec{Name: "web", Kind: reeveapi.Service, Instances: 2}
	is := func(version, healthy int, r *reeveapi.Rollout) *reeveapi.Job {
		return &reeveapi.Job{Spec: two, State: reeveapi.JobRunning, Version: version, Healthy: healthy, Rollout: r}
	}
	rollout := func(version int, state string, back bool) *reeveapi.Rollout {
		return &reeveapi.Rollout{Version: version, State: state, Back: back, Message: "it crashed"}
	}
	batch := func(state string, ended bool) *reeveapi.Job {
		j := &reeveapi.Job{Spec: reeveapi.JobSpec{Name: "web", Kind: reeveapi.Batch, Instances: 1}, State: state, Message: "exit 3"}
		if ended {
			j.Ended = time.Unix(100, 0)
		}
		return j
	}
	changing := func(w *Watch, s *store.Snapshot, now time.Time) { w.Changing(s, "web", now) }
	looking := func(w *Watch, s *store.Snapshot, now time.Time) { w.Looking(s, "web", now) }
	for _, test := range []struct {
		name   string
		begin  func(w *Watch, s *store.Snapshot, now time.Time)
		lives  []*reeveapi.Job // the first when the waiting begins; nil is not known
		looked string
		want   string
	}{
		{"submitted", changing, []*reeveapi.Job{nil, is(1, 0, nil), is(1, 1, nil), is(1, 2, nil)}, "", "job web: both instances are well"},
		{"seen by the operator", changing, []*reeveapi.Job{nil, is(1, 0, nil), is(1, 2, nil)}, "web", ""},
		{"well before the change is there", changing, []*reeveapi.Job{is(1, 2, nil), is(1, 2, nil)}, "", ""},
		{"scaled after an update that failed", changing, []*reeveapi.Job{is(3, 1, rollout(3, reeveapi.RolloutFailed, false)), is(4, 2, rollout(3, reeveapi.RolloutFailed, false))}, "", "job web: both instances are well"},
		{"updated", changing, []*reeveapi.Job{is(1, 2, nil), is(2, 2, rollout(2, reeveapi.RolloutRunning, false)), is(2, 2, rollout(2, reeveapi.RolloutDone, false))}, "", "job web: both instances are well"},
		{"update that fails", changing, []*reeveapi.Job{is(1, 2, nil), is(2, 1, rollout(2, reeveapi.RolloutFailed, false))}, "", "job web: version 2 has failed: it crashed"},
		{"update that goes back", changing, []*reeveapi.Job{is(1, 2, nil), is(3, 1, rollout(3, reeveapi.RolloutRunning, true)), is(3, 2, rollout(3, reeveapi.RolloutDone, true))}, "", "job web has gone back to version 3: it crashed"},
		{"looked at while it comes up", looking, []*reeveapi.Job{is(1, 0, nil), is(1, 2, nil)}, "", "job web: both instances are well"},
		{"looked at when all is well", looking, []*reeveapi.Job{is(1, 2, nil), is(1, 1, nil), is(1, 2, nil)}, "", ""},
		{"a batch that fails", looking, []*reeveapi.Job{batch(reeveapi.JobRunning, false), batch(reeveapi.JobFailed, true)}, "", "job web has failed: exit 3"},
		{"a batch that ends", looking, []*reeveapi.Job{batch(reeveapi.JobRunning, false), batch(reeveapi.JobFinished, true)}, "", "job web is finished"},
	} {
		t.Run(test.name, func(t *testing.T) {
			now, w, got := time.Unix(1000, 0), &Watch{}, ""
			for i, j := range test.lives {
				st := store.New()
				snap := reeveapi.Watch{Snapshot: true, Version: uint64(i + 1)}
				if j != nil {
					snap.Jobs = []reeveapi.Job{*j}
				}
				st.Apply(&snap, now)
				s := *st.Snapshot()
				s.Version = uint64(i + 1)
				if i == 0 {
					test.begin(w, &s, now)
				}
				for _, n := range w.News(&s, test.looked, now) {
					got += n.Text
				}
				now = now.Add(time.Second)
			}
			if got != test.want {
				t.Errorf("it is said %q, want %q", got, test.want)
			}
		})
	}
}
