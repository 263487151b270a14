package crowd_test

import (
	"testing"
	"testing/synctest"
	"time"

	"codeberg.org/reeve/reeve/masterd/crowd"
	"codeberg.org/reeve/reeve/masterd/overview"
)

// TestACrowdChanges checks that there are as many tasks as were asked for, and that as many changes happen.
func TestACrowdChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const tasks, perSecond = 500, 100
		c := crowd.New(crowd.Options{Tasks: tasks, PerSecond: perSecond, Seed: 1}, time.Now())
		var w overview.Watcher
		known := map[string]string{}
		changes, ended := 0, 0
		for i := range 101 { // ten seconds
			view, err := c.View(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			line, _ := w.Next(overview.Now{At: time.Now(), View: view, Usage: c.Usage, Events: c.Events(w.Since())})
			for _, task := range line.Tasks {
				known[task.Framework+"/"+task.ID] = task.State
				if i > 0 && len(task.History) > 1 { // a new task is no change, it is the end of another one
					changes++
				}
			}
			for _, move := range line.TasksMoved {
				known[move.Task] = move.State
				changes++
				if !move.Ended.IsZero() {
					ended++
				}
			}
			for _, id := range line.TasksRemoved {
				delete(known, id)
			}
			for n := 1; n < len(line.Events); n++ {
				if line.Events[n].Seq != line.Events[n-1].Seq+1 {
					t.Fatalf("event %d comes after %d", line.Events[n].Seq, line.Events[n-1].Seq)
				}
			}
			time.Sleep(100 * time.Millisecond)
		}
		active := 0
		for _, state := range known {
			if state != "TASK_FINISHED" && state != "TASK_FAILED" {
				active++
			}
		}
		if active != tasks {
			t.Errorf("%d tasks are active, want %d", active, tasks)
		}
		// A task that changes twice between two looks is told once.
		if changes < 800 || changes > 1000 || ended == 0 {
			t.Errorf("%d changes of which %d are ends in ten seconds of %d changes each", changes, ended, perSecond)
		}
	})
}
