package crowd_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/masterd/crowd"
	"codeberg.org/reeve/reeve/masterd/httpapi"
	"codeberg.org/reeve/reeve/masterd/mastersapi"
	"codeberg.org/reeve/reeve/masterd/overview"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/metrics"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// edge is a master's edge with a crowd behind it.
func edge(c *crowd.Crowd) http.Handler {
	leader := &mesosv1.MasterInfo{}
	return httpapi.New(httpapi.Config{
		Term: func() httpapi.Term { return c }, Info: func() *mesosv1.MasterInfo { return leader }, Leader: func() *mesosv1.MasterInfo { return leader },
		Peers: mastersapi.Config{Masters: func() []reeveapi.Master { return nil }}, Cluster: func() (string, string) { return "crowd", "crowd" }, Name: "crowd", Started: time.Now(),
		Metrics: metrics.New(), Logger: slog.New(slog.DiscardHandler),
	})
}

// TestTheListOfTasks compares the list that is written task by task with encoding/json's, and its shorter forms with it.
func TestTheListOfTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := crowd.New(crowd.Options{Tasks: 300, PerSecond: 100, Seed: 1}, time.Now())
		time.Sleep(2 * time.Second) // some have ended
		view, err := c.View(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		handler := edge(c)
		get := func(query string) []byte {
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/reeve/v1/tasks"+query, nil))
			if w.Code != http.StatusOK {
				t.Fatalf("%s: %d: %s", query, w.Code, w.Body)
			}
			return w.Body.Bytes()
		}
		var all []reeveapi.Task
		tasks := overview.Tasks(view, overview.Task, func(*cluster.Task) bool { return true })
		for task := range tasks {
			all = append(all, *task)
		}
		same := func(query string, want []reeveapi.Task) {
			t.Helper()
			text, err := json.Marshal(want)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(text)+"\n", string(get(query))); diff != "" {
				t.Errorf("%q (-want +got):\n%s", query, diff)
			}
		}
		same("", all)
		same("?live=0", all)
		live := slices.DeleteFunc(slices.Clone(all), func(task reeveapi.Task) bool { return !task.Ended.IsZero() })
		if len(live) != 300 || len(all) == len(live) {
			t.Fatalf("%d of %d tasks have not ended, want 300 of more", len(live), len(all))
		}
		same("?live=1", live)
		same("?state=TASK_LOST", []reeveapi.Task{})
		brief := make([]reeveapi.Task, len(live))
		for i, task := range live {
			brief[i] = reeveapi.Task{ID: task.ID, AgentName: task.AgentName, State: task.State, Requested: task.Requested, Launched: task.Launched, Job: task.Job}
		}
		some := func(query string) {
			t.Helper()
			var got []reeveapi.Task
			if err := json.Unmarshal(get(query), &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(brief, got); diff != "" {
				t.Errorf("%q (-want +got):\n%s", query, diff)
			}
		}
		some("?live=1&fields=agent_name,id,state,requested,launched,job")
		for i, task := range live {
			brief[i] = reeveapi.Task{ID: task.ID, Command: task.Command, History: task.History}
		}
		some("?live=1&fields=id,command,history")
	})
}
