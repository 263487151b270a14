package cli

import (
	"context"
	"fmt"
	"sync"
	"time"

	"codeberg.org/reeve/reeve/shared/backoff"
	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/taskstate"
	"codeberg.org/reeve/reeve/tui/cli/find"
)

// rewatch is the pace at which a lost stream is asked for again.
var rewatch = backoff.Policy{Base: 250 * time.Millisecond, Cap: 5 * time.Second}

// tracker knows the newest of a few tasks or of one job, by following the master's stream: asking for a list of tasks
// once a second would be a heavy burden on a large cluster.
type tracker struct {
	wanted func(reeveapi.Task) bool
	job    string

	mu      sync.Mutex // guards tasks, current, heard
	tasks   map[string]reeveapi.Task
	current *reeveapi.Job
	heard   bool
	changed chan struct{} // capacity 1: something is new
}

// trackTask follows one task.
func trackTask(t reeveapi.Task) *tracker {
	name := find.FullName(t)
	return &tracker{
		wanted: func(t reeveapi.Task) bool { return find.FullName(t) == name },
		tasks:  map[string]reeveapi.Task{name: t}, changed: make(chan struct{}, 1),
	}
}

// trackJob follows a job and all its tasks.
func trackJob(job string) *tracker {
	return &tracker{
		wanted: func(t reeveapi.Task) bool { return t.Job == job }, job: job,
		tasks: map[string]reeveapi.Task{}, changed: make(chan struct{}, 1),
	}
}

// run follows the stream until ctx ends, over changes of the leader. It gives up only on an answer that waiting can't mend.
func (t *tracker) run(ctx context.Context, c *client.Client) error {
	for attempt := 0; ; attempt++ {
		err := c.Watch(ctx, func(w *reeveapi.Watch) error {
			attempt = 0
			t.apply(w)
			return nil
		})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if kind := fault.KindOf(err); kind != fault.Unavailable {
			return fmt.Errorf("follow the cluster: %w", err)
		}
		if err := rewatch.Sleep(ctx, attempt); err != nil {
			return err
		}
	}
}

func (t *tracker) apply(w *reeveapi.Watch) {
	t.mu.Lock()
	for _, task := range w.Tasks {
		if t.wanted(task) {
			t.tasks[find.FullName(task)] = task
		}
	}
	for i := range w.TasksMoved {
		if task, known := t.tasks[w.TasksMoved[i].Task]; known {
			task.Move(&w.TasksMoved[i])
			t.tasks[w.TasksMoved[i].Task] = task
		}
	}
	for i, job := range w.Jobs {
		if t.job != "" && job.Spec.Name == t.job {
			t.current = &w.Jobs[i]
		}
	}
	t.heard = t.heard || w.Snapshot
	t.mu.Unlock()
	select {
	case t.changed <- struct{}{}:
	default:
	}
}

// task returns the newest of a task, and whether it is known at all.
func (t *tracker) task(name string) (reeveapi.Task, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	task, ok := t.tasks[name]
	return task, ok
}

// ended reports whether a task has ended.
func (t *tracker) ended(name string) bool {
	task, ok := t.task(name)
	return ok && taskstate.TerminalName(task.State)
}

// all returns the job and its tasks.
func (t *tracker) all() (*reeveapi.Job, []reeveapi.Task) {
	t.mu.Lock()
	defer t.mu.Unlock()
	tasks := make([]reeveapi.Task, 0, len(t.tasks))
	for _, task := range t.tasks {
		tasks = append(tasks, task)
	}
	return t.current, tasks
}
