package overview

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/store"
)

// TestCrashesOfManyTasks: in a large cluster a crash loop is seen a little later, and an agent's tasks are counted.
func TestCrashesOfManyTasks(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	for _, tasks := range []int{10, manyTasks + 10} {
		st := store.New()
		s := New(screen.Env{Store: st, Now: func() time.Time { return now }}, screen.Target{})
		line := reeveapi.Watch{Snapshot: true, Agents: []reeveapi.Agent{{ID: "S0", Name: "lost", State: reeveapi.AgentUnreachable, Since: now}}}
		for i := range tasks {
			line.Tasks = append(line.Tasks, reeveapi.Task{ID: fmt.Sprint(i), Name: "web", Agent: "S0", State: "TASK_RUNNING"})
		}
		st.Apply(&line, now)
		told := func() string {
			s.refresh()
			var out []string
			for _, it := range s.items {
				out = append(out, it.subject+" "+it.text)
			}
			return strings.Join(out, "\n")
		}
		if got, want := told(), fmt.Sprintf("lost unreachable for 0s, %d tasks on it", tasks); got != want {
			t.Errorf("%d tasks: %q, want %q", tasks, got, want)
		}
		failed := reeveapi.Watch{}
		for i := range crashTimes {
			failed.Tasks = append(failed.Tasks, reeveapi.Task{ID: fmt.Sprint(i), Name: "web", Agent: "S0", State: "TASK_FAILED", Ended: now})
		}
		st.Apply(&failed, now)
		const want = "web failed 3 times in 10 min"
		if at := strings.Contains(told(), want); at != (tasks < manyTasks) {
			t.Errorf("%d tasks: a crash loop is told of at once: %v", tasks, at)
		}
		now = now.Add(lookEvery)
		if got := told(); !strings.Contains(got, want) {
			t.Errorf("%d tasks: %q does not tell of the crash loop", tasks, got)
		}
	}
}
