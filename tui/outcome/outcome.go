// Package outcome waits for what becomes of jobs that the operator has changed, or has looked at while they came up, and says it once,
// whichever screen is open by then. It asks nobody and draws nothing. Start reading at Watch.
package outcome

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/theme"
)

// patience is how long an outcome is waited for: later the operator has other things in mind.
const patience = time.Hour

// Watch is the jobs whose outcome is waited for.
type Watch struct {
	jobs map[string]waiting
	seen uint64 // the snapshot that was looked at last
}

// waiting is what was known of a job when the waiting began.
type waiting struct {
	before string // its stamp: only of another one there is news
	until  time.Time
}

// Notice is what became of a job.
type Notice struct {
	Job  string
	Text string
	Role theme.Role
}

// Changing waits for the outcome of a change of a job that is about to be asked for.
func (w *Watch) Changing(s *store.Snapshot, name string, now time.Time) {
	w.wait(name, waiting{stamp(s.Jobs.Get(name)), now.Add(patience)})
}

// Forget waits no longer: the change was refused.
func (w *Watch) Forget(name string) { delete(w.jobs, name) }

// Looking waits for the outcome of what a job that is looked at is in the middle of; of nothing if all is as it should be.
func (w *Watch) Looking(s *store.Snapshot, name string, now time.Time) {
	if _, known := w.jobs[name]; known {
		return
	}
	if j := s.Jobs.Get(name); j != nil && OnItsWay(j) {
		w.wait(name, waiting{"", now.Add(patience)})
	}
}

func (w *Watch) wait(name string, one waiting) {
	if w.jobs == nil {
		w.jobs = map[string]waiting{}
	}
	w.jobs[name] = one
}

// News is what has become of the jobs that were waited for. Of one that is looked at at the moment the screen says it.
func (w *Watch) News(s *store.Snapshot, looked string, now time.Time) []Notice {
	if len(w.jobs) == 0 || s.Version == w.seen {
		return nil
	}
	w.seen = s.Version
	var out []Notice
	for _, name := range slices.Sorted(maps.Keys(w.jobs)) {
		one, j := w.jobs[name], s.Jobs.Get(name)
		if now.After(one.until) {
			delete(w.jobs, name)
			continue
		}
		if j == nil || one.before != "" && stamp(j) == one.before {
			continue
		}
		if n := say(j); n != nil {
			delete(w.jobs, name)
			if name != looked {
				out = append(out, *n)
			}
		}
	}
	return out
}

// stamp is another one after each change of a job.
func stamp(j *reeveapi.Job) string {
	if j == nil {
		return "none"
	}
	return fmt.Sprint(j.Version, j.Submitted.UnixNano(), len(j.Runs), j.Stopped)
}

// OnItsWay says whether there will be news of a job.
func OnItsWay(j *reeveapi.Job) bool { return say(j) == nil }

// say is what has become of a job, nil while it is on its way.
func say(j *reeveapi.Job) *Notice {
	name, n := j.Spec.Name, max(j.Spec.Instances, 1)
	why := func(text string) string {
		if text == "" {
			return ""
		}
		return ": " + text
	}
	r := j.Rollout
	current := r != nil && r.Version == j.Version // else it is of a change before this one
	switch {
	case j.State == reeveapi.JobFailed:
		return &Notice{name, "job " + name + " has failed" + why(j.Message), theme.Bad}
	case !j.Ended.IsZero():
		return &Notice{name, fmt.Sprintf("job %s is %s", name, j.State), theme.Good}
	case current && r.State == reeveapi.RolloutFailed:
		return &Notice{name, fmt.Sprintf("job %s: version %d has failed%s", name, r.Version, why(r.Message)), theme.Bad}
	case j.State == reeveapi.JobScheduled:
		return &Notice{name, "job " + name + " waits for its time", theme.Dim}
	case j.Spec.Kind != reeveapi.Service || j.Healthy < n || len(j.Leaving) > 0 || r != nil && r.State == reeveapi.RolloutRunning:
		return nil
	case current && r.Back:
		return &Notice{name, fmt.Sprintf("job %s has gone back to version %d%s", name, r.Version, why(r.Message)), theme.Warn}
	}
	return &Notice{name, "job " + name + ": " + well(n), theme.Good}
}

func well(n int) string {
	switch n {
	case 1:
		return "its instance is well"
	case 2:
		return "both instances are well"
	}
	return fmt.Sprintf("all %d instances are well", n)
}
