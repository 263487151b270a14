package overview_test

import (
	"fmt"
	"maps"
	"testing"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/masterd/overview"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// BenchmarkWatcher is one line of a watch: 100 of a framework's tasks have changed since the one before.
func BenchmarkWatcher(b *testing.B) {
	for _, tasks := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprint(tasks), func(b *testing.B) {
			a, f := agent(), framework("f")
			for i := range tasks {
				t := task("f", fmt.Sprint("task-", i), mesosv1.TaskState_TASK_RUNNING)
				f.Tasks[t.ID.ID] = t
			}
			var w overview.Watcher
			w.Next(overview.Now{View: view(1, a, f), Usage: noUsage})
			views := make([]*cluster.View, 2) // to and fro
			for i := range views {
				next := *f
				next.Tasks = maps.Clone(f.Tasks)
				for j := range 100 {
					t := *f.Tasks[fmt.Sprint("task-", j)]
					next.Tasks[t.ID.ID] = &t
				}
				views[i] = view(uint64(i+2), a, &next)
			}
			for i := 0; b.Loop(); i++ {
				if line, _ := w.Next(overview.Now{View: views[i%2], Usage: noUsage}); len(line.TasksMoved) != 100 {
					b.Fatal(len(line.TasksMoved), "tasks have changed")
				}
			}
		})
	}
}
