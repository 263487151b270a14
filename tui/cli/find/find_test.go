package find_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/cli/find"
)

// leader is a master whose agents come to it one after the other, each after it was asked for them so often.
type leader struct {
	t      *testing.T
	mu     sync.Mutex // guards asked
	asked  int
	agents []late
	job    *reeveapi.Job
}

type late struct {
	id    string
	after int
	tasks []string // ids; of job j when they begin with "j."
}

func (l *leader) serve() *client.Client {
	mux := http.NewServeMux()
	answer := func(path string, of func() any) {
		mux.HandleFunc("GET /reeve/v1/"+path, func(w http.ResponseWriter, _ *http.Request) {
			l.mu.Lock()
			defer l.mu.Unlock()
			if err := json.NewEncoder(w).Encode(of()); err != nil {
				l.t.Error(err)
			}
		})
	}
	answer("agents", func() any {
		l.asked++
		all := []reeveapi.Agent{}
		for _, a := range l.agents {
			state := reeveapi.AgentActive
			if l.asked <= a.after {
				state = reeveapi.AgentRecovered
			}
			all = append(all, reeveapi.Agent{ID: a.id, Name: "host-" + a.id, State: state})
		}
		return all
	})
	answer("tasks", func() any {
		all := []reeveapi.Task{}
		for _, a := range l.agents {
			for _, id := range a.tasks {
				if l.asked >= a.after {
					one := reeveapi.Task{ID: id, Framework: "f", Agent: a.id, State: "TASK_RUNNING"}
					one.Job, _, _ = strings.Cut(id, ".")
					all = append(all, one)
				}
			}
		}
		return all
	})
	mux.HandleFunc("GET /reeve/v1/jobs/{name}", func(w http.ResponseWriter, r *http.Request) {
		if l.job == nil || r.PathValue("name") != l.job.Spec.Name {
			w.WriteHeader(http.StatusNotFound)
			_ = json.NewEncoder(w).Encode(reeveapi.Error{Error: "there is no such job", Kind: "not found"}) // the test fails at the other end
			return
		}
		_ = json.NewEncoder(w).Encode(l.job) // likewise
	})
	server := httptest.NewServer(mux)
	l.t.Cleanup(server.Close)
	c, err := client.New(client.Options{Masters: []string{strings.TrimPrefix(server.URL, "http://")}})
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(c.Close)
	return c
}

func instance(index int, task, agent string) reeveapi.Instance {
	return reeveapi.Instance{Index: index, Task: task, Agent: agent}
}

func TestTask(t *testing.T) {
	const waiting = "reeve: no such task is known yet; waiting for "
	two := &reeveapi.Job{Spec: reeveapi.JobSpec{Name: "j"}, Instances: []reeveapi.Instance{instance(0, "j.0", "a"), instance(1, "j.1", "b")}}
	for name, test := range map[string]struct {
		agents []late
		job    *reeveapi.Job
		ask    string
		wait   time.Duration
		want   string // id, or what the error has
		notes  string
	}{
		"known":               {[]late{{"a", 0, []string{"x"}}, {"b", 9, nil}}, nil, "x", time.Minute, "x", ""},
		"comes":               {[]late{{"a", 2, nil}, {"b", 4, []string{"x"}}}, nil, "f/x", time.Minute, "x", waiting + "2 agents (host-a, host-b) to come to the new leader…\n" + waiting + "agent host-b to come to the new leader…\n"},
		"all are back":        {[]late{{"a", 2, []string{"y"}}}, nil, "x", time.Minute, `no task and no job is called "x"`, waiting + "agent host-a to come to the new leader…\n"},
		"nobody is missing":   {[]late{{"a", 0, []string{"y"}}}, nil, "x", time.Minute, `no task and no job is called "x"`, ""},
		"does not come":       {[]late{{"a", 1 << 30, nil}, {"b", 0, nil}}, nil, "x", time.Millisecond, `called "x", but agent host-a has not come to the new leader in 1ms, and may have it`, waiting + "agent host-a to come to the new leader…\n"},
		"many":                {[]late{{"a", 1 << 30, nil}, {"b", 1 << 30, nil}, {"c", 1 << 30, nil}, {"d", 1 << 30, nil}}, nil, "x", time.Millisecond, "4 agents (host-a, host-b, host-c and 1 more) have not come", waiting + "4 agents (host-a, host-b, host-c and 1 more) to come to the new leader…\n"},
		"one of two of a job": {[]late{{"a", 0, []string{"j.0"}}, {"b", 2, []string{"j.1"}}}, two, "j", time.Minute, `"j" means 2 tasks`, waiting + "agent host-b to come to the new leader…\n"},
		"job elsewhere":       {[]late{{"a", 0, []string{"j.0"}}, {"b", 0, []string{"j.1"}}, {"c", 1 << 30, nil}}, two, "j", time.Minute, `"j" means 2 tasks`, ""},
		"job's agent comes":   {[]late{{"a", 3, []string{"j.0"}}}, &reeveapi.Job{Spec: reeveapi.JobSpec{Name: "j"}, Instances: []reeveapi.Instance{instance(0, "j.0", "a")}}, "j", time.Minute, "j.0", waiting + "agent host-a to come to the new leader…\n"},
		"job has no place":    {[]late{{"a", 1 << 30, nil}}, &reeveapi.Job{Spec: reeveapi.JobSpec{Name: "j"}, Instances: []reeveapi.Instance{instance(0, "", "")}}, "j", time.Minute, `no task of job "j" is known yet`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := (&leader{t: t, agents: test.agents, job: test.job}).serve()
			var notes bytes.Buffer
			got, err := find.Finder{Notes: &notes, Wait: test.wait, Every: time.Millisecond}.Task(t.Context(), c, test.ask)
			if err == nil && got.ID != test.want || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %q, %v; want %q", got.ID, err, test.want)
			}
			if kind := fault.KindOf(err); err != nil && kind != fault.NotFound && kind != fault.Conflict {
				t.Errorf("the error is %s", kind)
			}
			if notes.String() != test.notes {
				t.Errorf("said\n%swant\n%s", notes.String(), test.notes)
			}
		})
	}
}
