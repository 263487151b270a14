package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/reeve/reeve/agentd/executorapi"
	"codeberg.org/reeve/reeve/agentd/httpapi"
	"codeberg.org/reeve/reeve/agentd/lifecycle"
	"codeberg.org/reeve/reeve/agentd/provenance"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/workload"
	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/agent"
	"codeberg.org/reeve/reeve/shared/metrics"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// The files of testdata are what a real Mesos answered while one task ran, and after it had ended.

func fixture(t *testing.T, moment, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", moment, name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func answer(t *testing.T, moment, name string) *agent.Response {
	t.Helper()
	m := &agent.Response{}
	if err := codec.JSON.Unmarshal(fixture(t, moment, "op-agent-"+name), m); err != nil {
		t.Fatal(err)
	}
	return m
}

// state is the part of /state that the protobuf answers lack.
type state struct {
	StartTime float64 `json:"start_time"`
	Flags     map[string]string
	Running   []framework `json:"frameworks"`
	Completed []framework `json:"completed_frameworks"`
}

type framework struct {
	ID        string
	Executors []run
	Completed []run `json:"completed_executors"`
}

type run struct{ ID, Container, Directory string }

// viewOf rebuilds the view from which Mesos answered.
func viewOf(t *testing.T, moment string, docs state) *workload.View {
	t.Helper()
	recorded := answer(t, moment, "GET_STATE").GetGetState()
	v := &workload.View{Agent: answer(t, moment, "GET_AGENT").GetGetAgent().GetAgentInfo(), Registered: true}
	executor := func(r run, phase lifecycle.Phase, infos []*agent.Response_GetExecutors_Executor) workload.ExecutorView {
		e := workload.ExecutorView{
			ID: ids.Executor(r.ID), Command: true, Container: ids.Container(r.Container), Sandbox: r.Directory,
			Phase: phase, PID: 24253,
		}
		for _, i := range infos {
			if i.GetExecutorInfo().GetExecutorId().GetValue() == r.ID {
				e.Info = i.GetExecutorInfo()
			}
		}
		return e
	}
	shown := func(task *mesosv1.Task) workload.TaskView {
		return workload.TaskView{Task: task, Info: &mesosv1.TaskInfo{Name: task.Name, TaskId: task.TaskId}}
	}
	for _, list := range []struct {
		from  []framework
		infos []*agent.Response_GetFrameworks_Framework
		to    *[]workload.FrameworkView
	}{
		{docs.Running, recorded.GetGetFrameworks().GetFrameworks(), &v.Frameworks},
		{docs.Completed, recorded.GetGetFrameworks().GetCompletedFrameworks(), &v.Completed},
	} {
		for i, f := range list.from {
			view := workload.FrameworkView{ID: ids.Framework(f.ID), Info: list.infos[i].GetFrameworkInfo()}
			for _, r := range f.Executors {
				e := executor(r, lifecycle.Running, recorded.GetGetExecutors().GetExecutors())
				for _, task := range recorded.GetGetTasks().GetLaunchedTasks() {
					e.Tasks = append(e.Tasks, shown(task))
				}
				view.Executors = append(view.Executors, e)
			}
			for _, r := range f.Completed {
				e := executor(r, lifecycle.Reaped, recorded.GetGetExecutors().GetCompletedExecutors())
				for _, task := range recorded.GetGetTasks().GetTerminatedTasks() {
					e.Tasks = append(e.Tasks, shown(task)) // this Mesos had not heard of its acknowledgement
				}
				view.Completed = append(view.Completed, e)
			}
			*list.to = append(*list.to, view)
		}
	}
	return v
}

// config is an agent that shows a view.
func config(v *workload.View) httpapi.Config {
	return httpapi.Config{
		View: func(context.Context) (*workload.View, error) { return v, nil },
		Stats: func(context.Context, ids.Container) (runtime.Stats, error) {
			return runtime.Stats{
				At: time.UnixMicro(1795395028117430), CPUUser: 80 * time.Millisecond, CPUSystem: 30 * time.Millisecond,
				AnonBytes: 123760640, MemBytes: 123760640, MemLimit: 167772160, Processes: 2,
			}, nil
		},
		Usage: func(history time.Duration, task string) (reeveapi.Usage, error) {
			if task == "f/unknown" {
				return reeveapi.Usage{}, fault.New(fault.NotFound, "no such task")
			}
			return reeveapi.Usage{Host: reeveapi.HostUsage{CPUs: history.Seconds()}}, nil
		},
		Master: func() string { return "localhost" }, Hostname: "127.0.0.1", HTTP: "127.0.0.1:15051",
		Started: time.Now(), Metrics: metrics.New(), Logger: slog.New(slog.DiscardHandler),
	}
}

// recorded is the agent that Mesos was at one of the moments of testdata.
func recorded(t *testing.T, moment string) http.Handler {
	t.Helper()
	var docs state
	if err := json.Unmarshal(fixture(t, moment, "agent-state"), &docs); err != nil {
		t.Fatal(err)
	}
	cfg := config(viewOf(t, moment, docs))
	cfg.Flags, cfg.Started = docs.Flags, time.UnixMicro(int64(docs.StartTime*1e6+0.5))
	return httpapi.New(cfg)
}

func ask(t *testing.T, h http.Handler, method, target, body string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// tree parses JSON and keeps how numbers are written: 1 and 1.0 differ.
func tree(t *testing.T, data []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	return v
}

// only drops from got what Mesos's document does not have: more figures are welcome. It also drops what differs for a
// reason: another build, fewer capabilities, and the time of a measurement.
func only(got, want any) any {
	switch want := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return got
		}
		out := map[string]any{}
		for k, v := range g {
			if w, ok := want[k]; ok {
				out[k] = only(v, w)
			}
		}
		for _, name := range []string{"build_date", "build_time", "build_user", "capabilities", "git_sha"} {
			if _, ok := out[name]; ok {
				out[name] = want[name]
			}
		}
		if _, ok := want["cpus_user_time_secs"]; ok {
			out["timestamp"] = want["timestamp"]
		}
		return out
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(want) {
			return got
		}
		out := make([]any, len(g))
		for i := range g {
			out[i] = only(g[i], want[i])
		}
		return out
	}
	return got
}

func TestAnswersAreThoseOfMesos(t *testing.T) {
	const js = "application/json"
	for _, moment := range []string{"running", "after"} {
		h := recorded(t, moment)
		for name, target := range map[string]string{
			"agent-state": "/slave(1)/state", "agent-containers": "/containers",
			"agent-monitor_statistics": "/slave%281%29/monitor/statistics",
		} {
			t.Run(moment+"/"+name, func(t *testing.T) {
				got, want := tree(t, ask(t, h, "GET", target, "").Body.Bytes()), tree(t, fixture(t, moment, name))
				if diff := cmp.Diff(only(got, want), want); diff != "" {
					t.Errorf("got (-), want (+):\n%s", diff)
				}
			})
		}
		for _, call := range []string{"GET_STATE", "GET_TASKS", "GET_EXECUTORS", "GET_FRAMEWORKS", "GET_CONTAINERS", "GET_AGENT"} {
			t.Run(moment+"/"+call, func(t *testing.T) {
				w := ask(t, h, "POST", "/api/v1", `{"type":"`+call+`"}`, "Content-Type", js)
				got, want := tree(t, w.Body.Bytes()), tree(t, fixture(t, moment, "op-agent-"+call))
				if diff := cmp.Diff(only(got, want), want); diff != "" {
					t.Errorf("got (-), want (+):\n%s", diff)
				}
			})
		}
	}
}

// TestAllMetricsExist compares names and the figures of the workload.
func TestAllMetricsExist(t *testing.T) {
	var got, want map[string]float64
	if err := json.Unmarshal(fixture(t, "running", "agent-metrics_snapshot"), &want); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(ask(t, recorded(t, "running"), "GET", "/metrics/snapshot", "").Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for name := range want {
		if _, ok := got[name]; !ok {
			t.Errorf("metric %s is missing", name)
		}
	}
	for _, name := range []string{"slave/cpus_used", "slave/cpus_percent", "slave/mem_total", "slave/tasks_running", "slave/executors_running", "slave/registered"} {
		if got[name] != want[name] {
			t.Errorf("%s is %v, want %v", name, got[name], want[name])
		}
	}
}

// TestConversationsOfMesos repeats what a real agent was asked.
func TestConversationsOfMesos(t *testing.T) {
	data, err := os.ReadFile("testdata/conversations.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []struct {
		Method, Path string
		Header       map[string]string
		Body         string
		Status       int
		AnswerHeader map[string]string `json:"answer_header"`
		Answer       string
		Cut          bool
	}
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	cfg := config(&workload.View{Agent: &mesosv1.AgentInfo{}})
	executors := executorapi.New(executorapi.Config{
		Post: func(context.Context, workload.Input) error { return errors.New("nobody is asked here") }, Log: cfg.Logger,
	})
	executors.Ready()
	cfg.Executor = executors
	h := httpapi.New(cfg)
	for _, c := range all {
		t.Run(c.Method+" "+c.Path+" "+c.Body, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), c.Method, c.Path, strings.NewReader(c.Body))
			for name, value := range c.Header {
				r.Header.Set(name, value)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != c.Status {
				t.Errorf("status is %d, want %d; %s", w.Code, c.Status, w.Body)
			}
			for _, name := range []string{"Content-Type", "Allow"} {
				if got, want := w.Header().Get(name), c.AnswerHeader[name]; got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			switch {
			case c.Cut:
			case strings.HasPrefix(c.Answer, "{"):
				want := tree(t, []byte(c.Answer))
				if diff := cmp.Diff(only(tree(t, w.Body.Bytes()), want), want); diff != "" {
					t.Errorf("body, got (-), want (+):\n%s", diff)
				}
			case w.Body.String() != c.Answer:
				t.Errorf("body is %q, want %q", w.Body, c.Answer)
			}
		})
	}
}

// TestSandboxes: every way to a sandbox that Mesos knows, and the newest run under the stable path (spec 3.12).
func TestSandboxes(t *testing.T) {
	work := t.TempDir()
	box := func(executor, container string) workload.ExecutorView {
		dir := filepath.Join(work, "slaves/S0/frameworks/f/executors", executor, "runs", container)
		if err := os.MkdirAll(dir, 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "stdout"), []byte(container), 0o600); err != nil {
			t.Fatal(err)
		}
		return workload.ExecutorView{ID: ids.Executor(executor), Info: &mesosv1.ExecutorInfo{}, Sandbox: dir}
	}
	old, latest, ended := box("e", "c1"), box("e", "c2"), box("gone", "c3")
	h := httpapi.New(config(&workload.View{
		Agent: &mesosv1.AgentInfo{},
		Frameworks: []workload.FrameworkView{{
			ID: "f", Info: &mesosv1.FrameworkInfo{},
			Executors: []workload.ExecutorView{latest}, Completed: []workload.ExecutorView{old},
		}},
		Completed: []workload.FrameworkView{{ID: "g", Info: &mesosv1.FrameworkInfo{}, Completed: []workload.ExecutorView{ended}}},
	}))
	for path, want := range map[string]string{
		"/frameworks/f/executors/e/runs/latest/stdout":    "c2",
		"/frameworks/g/executors/gone/runs/latest/stdout": "c3",
		old.Sandbox + "/stdout":                           "c1",
		latest.Sandbox + "/stdout":                        "c2",
		filepath.Dir(latest.Sandbox) + "/latest/stdout":   "c2",
	} {
		w := ask(t, h, "GET", "/files/download?path="+path, "")
		if w.Code != 200 || w.Body.String() != want {
			t.Errorf("%s: got %d %q, want %q", path, w.Code, w.Body, want)
		}
		read := ask(t, h, "POST", "/api/v1", `{"type":"READ_FILE","read_file":{"path":"`+path+`","offset":1}}`, "Content-Type", "application/json")
		if !strings.Contains(read.Body.String(), `"size":2`) {
			t.Errorf("%s: READ_FILE answers %s", path, read.Body)
		}
	}
	list := ask(t, h, "POST", "/api/v1", `{"type":"LIST_FILES","list_files":{"path":"/frameworks/f/executors/e/runs/latest"}}`, "Content-Type", "application/json")
	if !strings.Contains(list.Body.String(), `"path":"/frameworks/f/executors/e/runs/latest/stdout"`) {
		t.Errorf("LIST_FILES answers %s", list.Body)
	}
}

func TestWhatIsNotReady(t *testing.T) {
	cfg := config(&workload.View{Agent: &mesosv1.AgentInfo{}})
	cfg.Ready = func() bool { return false }
	h := httpapi.New(cfg)
	if w := ask(t, h, "POST", "/api/v1", `{}`); w.Code != 503 || w.Body.String() != "Agent has not finished recovery" {
		t.Errorf("got %d %q", w.Code, w.Body)
	}
	if w := ask(t, h, "GET", "/ready", ""); w.Code != 503 {
		t.Errorf("/ready: got %d", w.Code)
	}
	if w := ask(t, h, "GET", "/slave(1)/health", ""); w.Code != 200 || w.Body.Len() > 0 {
		t.Errorf("/health: got %d %q", w.Code, w.Body)
	}
}

func TestUsage(t *testing.T) {
	h := httpapi.New(config(&workload.View{Agent: &mesosv1.AgentInfo{}}))
	for target, want := range map[string]string{
		"/reeve/v1/usage":                "200 \"cpus\":0,",
		"/reeve/v1/usage?history=30s":    "200 \"cpus\":30,",
		"/reeve/v1/usage?history=2h":     "200 \"cpus\":1800,",
		"/reeve/v1/usage?history=long":   "400 \"kind\":\"invalid\"",
		"/reeve/v1/usage?history=-1s":    "400 \"kind\":\"invalid\"",
		"/reeve/v1/usage?task=f/unknown": "404 \"kind\":\"not found\"",
		"/reeve/v1/nope":                 "404 \"kind\":\"not found\"",
	} {
		w := ask(t, h, "GET", target, "")
		status, body, _ := strings.Cut(want, " ")
		if http.StatusText(w.Code) == "" || !strings.HasPrefix(w.Result().Status, status) || !strings.Contains(w.Body.String(), body) {
			t.Errorf("%s: got %d %s, want %s", target, w.Code, w.Body, want)
		}
	}
}

// TestDetail looks closely at a host and at a container: this very program plays its first process.
func TestDetail(t *testing.T) {
	grace := int64(30 * time.Second)
	v := &workload.View{Agent: &mesosv1.AgentInfo{}, Frameworks: []workload.FrameworkView{{ID: "f", Executors: []workload.ExecutorView{{
		ID: "web", Container: "c1", PID: os.Getpid(), Sandbox: "/s", Joined: []runtime.Joined{{
			Join: runtime.Join{Network: "inner", Ports: []runtime.Port{{Host: 31000, Container: 80, Protocol: "tcp"}}}, Addresses: []string{"10.88.0.2"},
		}},
		Tasks: []workload.TaskView{{Task: &mesosv1.Task{TaskId: &mesosv1.TaskID{Value: new("web.1")}}, Info: &mesosv1.TaskInfo{
			Command:    &mesosv1.CommandInfo{Uris: []*mesosv1.CommandInfo_URI{{Value: new("http://repo/a.tgz")}}},
			KillPolicy: &mesosv1.KillPolicy{GracePeriod: &mesosv1.DurationInfo{Nanoseconds: &grace}},
			Container:  &mesosv1.ContainerInfo{Volumes: []*mesosv1.Volume{{ContainerPath: new("/data"), HostPath: new("/srv"), Mode: mesosv1.Volume_RO.Enum()}}},
			HealthCheck: &mesosv1.HealthCheck{
				Type: mesosv1.HealthCheck_HTTP.Enum(), Http: &mesosv1.HealthCheck_HTTPCheckInfo{Port: new(uint32(8080)), Path: new("/ok")},
			},
		}}},
	}}}}}
	past := func(task, container string) workload.TaskView {
		one := &mesosv1.Task{TaskId: &mesosv1.TaskID{Value: new(task)}}
		if container != "" {
			one.Statuses = []*mesosv1.TaskStatus{{ContainerStatus: &mesosv1.ContainerStatus{ContainerId: &mesosv1.ContainerID{Value: new(container)}}}}
		}
		return workload.TaskView{Task: one, Info: &mesosv1.TaskInfo{}}
	}
	v.Frameworks[0].Completed = []workload.ExecutorView{{ID: "web.0", Container: "c0", Sandbox: "/runs/c0", Completed: []workload.TaskView{past("web.0", "")}}}
	v.Completed = []workload.FrameworkView{{ID: "g", Info: &mesosv1.FrameworkInfo{}, Completed: []workload.ExecutorView{
		{ID: "pod", Container: "p1", Sandbox: "/runs/p1", Completed: []workload.TaskView{past("member", "m1")}},
	}}}
	cfg := config(v)
	cfg.Origin = func(run, id ids.Container) provenance.Record {
		return provenance.Record{Images: []reeveapi.ContainerImage{{Name: "img", Digest: string(run + "+" + id)}}}
	}
	cfg.Host = func() reeveapi.HostDetail { return reeveapi.HostDetail{Kernel: "6.1.0"} }
	cfg.Kept = func() time.Duration { return time.Hour }
	cfg.Flags = map[string]string{"work-dir": "/w"}
	h := httpapi.New(cfg)
	for target, wants := range map[string][]string{
		"/reeve/v1/host": {"200", `"kernel":"6.1.0"`, `"sandbox_seconds":3600`, `"work-dir":"/w"`},
		"/reeve/v1/container?task=f/web.1": {
			"200", `"id":"c1"`, `"networks":[{"name":"inner","addresses":["10.88.0.2"],"ports":["31000 -`, ` 80 tcp"]}]`, `"volumes":["/data \u003c- host /srv (read-only)"]`,
			`"uris":["http://repo/a.tgz"]`, `"health":"http :8080/ok every 10s, killed after 3 failures"`, `"kill":"SIGKILL 30s after it was asked to end"`,
			`"user_seconds":0.08`, `"resident_bytes":123760640`, `"processes":[{"pid":`, filepath.Base(os.Args[0]),
		},
		"/reeve/v1/container?task=f/web.0":  {"200", `"id":"c0"`, `"ended":true`, `"unseen":"it has ended"`, `"digest":"c0+c0"`, `"sandbox":"/runs/c0"`},
		"/reeve/v1/container?task=g/member": {"200", `"id":"m1"`, `"ended":true`, `"digest":"p1+m1"`},
		"/reeve/v1/container?task=f/other":  {"404", "no task other of framework f runs on this agent, and it remembers none that has"},
		"/reeve/v1/container?task=web":      {"400", "must be a framework's id, a slash and a task's id"},
	} {
		w := ask(t, h, "GET", target, "")
		got := fmt.Sprint(w.Code, " ", w.Body)
		for _, want := range wants {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %s has no %s", target, got, want)
			}
		}
	}
	if w := ask(t, httpapi.New(config(v)), "GET", "/reeve/v1/host", ""); w.Code == http.StatusOK {
		t.Errorf("without a host: got %d %s", w.Code, w.Body)
	}
}

// TestStatisticsAreAlwaysThere: readers use them without asking, even of a container that ends this moment (spec 7.1).
func TestStatisticsAreAlwaysThere(t *testing.T) {
	cfg := config(&workload.View{Agent: &mesosv1.AgentInfo{}, Frameworks: []workload.FrameworkView{{
		ID: "f", Info: &mesosv1.FrameworkInfo{},
		Executors: []workload.ExecutorView{{ID: "e", Info: &mesosv1.ExecutorInfo{}, Container: "c", Phase: lifecycle.Running}},
	}}})
	cfg.Stats = func(context.Context, ids.Container) (runtime.Stats, error) {
		return runtime.Stats{}, errors.New("it has ended")
	}
	w := ask(t, httpapi.New(cfg), "GET", "/monitor/statistics", "")
	if !strings.Contains(w.Body.String(), `"statistics":{"timestamp":`) {
		t.Errorf("got %s", w.Body)
	}
}

// TestStatisticsByKind: processes and threads, disk, and the network of a container that has its own.
func TestStatisticsByKind(t *testing.T) {
	cfg := config(&workload.View{Agent: &mesosv1.AgentInfo{}, Frameworks: []workload.FrameworkView{{
		ID: "f", Info: &mesosv1.FrameworkInfo{},
		Executors: []workload.ExecutorView{{ID: "e", Info: &mesosv1.ExecutorInfo{}, Container: "c", Phase: lifecycle.Running}},
	}}})
	cfg.Stats = func(context.Context, ids.Container) (runtime.Stats, error) {
		return runtime.Stats{Processes: 2, Threads: 7, MemBytes: 10, SwapBytes: 5, Net: &runtime.Net{ReceiveBytes: 11, SendDropped: 3}}, nil
	}
	cfg.Disk = func(id ids.Container) (int64, bool) { return 99, id == "c" }
	body := ask(t, httpapi.New(cfg), "GET", "/containers", "").Body.String()
	for _, want := range []string{
		`"processes":2`, `"threads":7`, `"mem_swap_bytes":5`, `"mem_total_memsw_bytes":15`, `"disk_used_bytes":99`, `"net_rx_bytes":11`, `"net_tx_dropped":3`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("%s is not in %s", want, body)
		}
	}
}
