package glance

import (
	"context"
	"errors"
	"maps"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// TestAllTasksAreAskedFor marks more tasks of one agent than are asked for one after the other.
func TestAllTasksAreAskedFor(t *testing.T) {
	var tasks []*reeveapi.Task
	for i := range 3*batch + 1 {
		tasks = append(tasks, &reeveapi.Task{ID: strconv.Itoa(i), Framework: "f", AgentHTTP: "good", State: "TASK_RUNNING"})
	}
	all := At(tasks, func(context.Context, string, string, string) (*reeveapi.ContainerDetail, error) {
		return &reeveapi.ContainerDetail{Connections: new(7)}, nil
	})
	known := Busy{}
	for _, of := range all {
		got := of(t.Context())
		if len(got) > batch {
			t.Errorf("%d tasks are asked for one after the other, want at most %d", len(got), batch)
		}
		maps.Copy(known, got)
	}
	if len(known) != len(tasks) {
		t.Errorf("of %d tasks %d are known", len(tasks), len(known))
	}
}

// TestADeadAgentHidesNothing asks three agents, of which one never answers and one knows nothing.
func TestADeadAgentHidesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		task := func(id, agent, state string) *reeveapi.Task {
			return &reeveapi.Task{ID: id, Framework: "f", AgentHTTP: agent, State: state}
		}
		ask := func(ctx context.Context, agent, _, id string) (*reeveapi.ContainerDetail, error) {
			switch agent {
			case "dead":
				<-ctx.Done()
				return nil, ctx.Err()
			case "old":
				return nil, errors.New("what is that?")
			}
			n := map[string]int{"a": 1, "b": 41}[id]
			return &reeveapi.ContainerDetail{Connections: &n}, nil
		}
		all := At([]*reeveapi.Task{
			task("a", "good", "TASK_RUNNING"), task("x", "dead", "TASK_RUNNING"), task("b", "good", "TASK_RUNNING"),
			task("y", "old", "TASK_RUNNING"), task("c", "good", "TASK_STAGING"), task("d", "", "TASK_RUNNING"),
		}, ask)
		got := make([]Busy, len(all))
		var wg sync.WaitGroup
		for i, of := range all {
			wg.Go(func() { got[i] = of(t.Context()) })
		}
		synctest.Wait()
		if diff := cmp.Diff(Busy{"f/a": "1 conn", "f/b": "41 conns"}, got[0]); diff != "" {
			t.Errorf("while one agent is silent (-want +got):\n%s", diff)
		}
		wg.Wait() // the silent one is given up
		if diff := cmp.Diff([]Busy{{"f/a": "1 conn", "f/b": "41 conns"}, {}, {}}, got); diff != "" {
			t.Errorf("in the end (-want +got):\n%s", diff)
		}
	})
}
