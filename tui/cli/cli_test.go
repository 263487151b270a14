package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/agent"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/watchline"
)

// cluster is a master and an agent at one address: what they answer is set by the test, what they are asked is noted.
type cluster struct {
	t       *testing.T
	address string

	mu        sync.Mutex // guards all below
	agents    []reeveapi.Agent
	course    [][]reeveapi.Agent // what agents becomes each time it is asked for
	drain     reeveapi.DrainRequest
	tasks     []reeveapi.Task
	jobs      []reeveapi.Job
	events    []reeveapi.Event
	files     map[string]string
	usage     map[string]reeveapi.TaskUsage
	asked     []string
	submitted reeveapi.JobSpec
	watch     []reeveapi.Watch // after the snapshot, one at a time

	read chan struct{} // capacity 1: somebody asked the agent
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{t: t, files: map[string]string{}, read: make(chan struct{}, 1)}
	mux := http.NewServeMux()
	list := func(path string, of func() any) {
		mux.HandleFunc("GET /reeve/v1/"+path, func(w http.ResponseWriter, _ *http.Request) { c.answer(w, of()) })
	}
	list("agents", func() any {
		if len(c.course) > 0 {
			c.agents, c.course = c.course[0], c.course[1:]
		}
		return c.agents
	})
	mux.HandleFunc("GET /reeve/v1/tasks", c.listTasks)
	list("jobs", func() any { return c.jobs })
	list("events", func() any { return c.events })
	list("frameworks", func() any {
		return []reeveapi.Framework{
			{ID: "f", Name: "marathon", State: "active", Roles: []string{"web"}, Tasks: map[string]int{"TASK_RUNNING": 2, "TASK_FAILED": 9}},
			{ID: "g", Name: "old", State: "completed"},
		}
	})
	list("masters/members", func() any {
		return []reeveapi.Member{
			{Name: "host1", Kind: "agent", State: "failed", Since: time.Now().Add(-3 * time.Hour), Address: "10.0.1.1:7946", HTTP: "10.0.1.1:5051", Version: "1", ID: "S1", RTTMillis: 0.44},
			{Name: "m1", Kind: "master", State: "alive", Since: time.Now().Add(-72 * time.Hour), Address: "10.0.0.1:7946", Health: new(2)},
		}
	})
	list("masters/figures", func() any {
		at := time.Now()
		return reeveapi.MasterFigures{At: at, Snapshot: &reeveapi.Snapshot{At: at.Add(-5 * time.Hour)}}
	})
	list("masters", func() any {
		return []reeveapi.Master{
			{Name: "m2", State: "standby", Gossip: "alive", Behind: new(uint64(3)), Silent: new(7)},
			{Name: "m1", State: "leading", Gossip: "alive", Voter: true, HTTP: "10.0.0.1:5050", Term: 4, Index: 90, Behind: new(uint64(0)), Silent: new(0)},
		}
	})
	mux.HandleFunc("GET /reeve/v1/jobs/{name}", c.job)
	mux.HandleFunc("POST /reeve/v1/jobs", c.submit)
	mux.HandleFunc("POST /reeve/v1/jobs/plan", c.plan)
	mux.HandleFunc("PUT /reeve/v1/jobs/{name}", c.update)
	mux.HandleFunc("POST /reeve/v1/", c.note)
	mux.HandleFunc("DELETE /reeve/v1/", c.note)
	mux.HandleFunc("GET /reeve/v1/watch", c.stream)
	mux.HandleFunc("POST /api/v1", c.agentCall)
	mux.HandleFunc("GET /reeve/v1/log", c.log)
	list("usage", func() any { return reeveapi.Usage{Tasks: c.usage} })
	mux.HandleFunc("GET /files/download", func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		_, _ = io.WriteString(w, c.files[r.URL.Query().Get("path")]) // the test fails at the other end
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	c.address = strings.TrimPrefix(server.URL, "http://")
	return c
}

func (c *cluster) answer(w http.ResponseWriter, value any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(value); err != nil {
		c.t.Error(err)
	}
}

func refuse(w http.ResponseWriter, status int, kind, text string) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(reeveapi.Error{Error: text, Kind: kind}) // the test fails at the other end
}

func (c *cluster) job(w http.ResponseWriter, r *http.Request) {
	for _, j := range c.jobs {
		if j.Spec.Name == r.PathValue("name") {
			c.answer(w, j)
			return
		}
	}
	refuse(w, http.StatusNotFound, "not found", "there is no job "+r.PathValue("name"))
}

func (c *cluster) submit(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	err := json.NewDecoder(r.Body).Decode(&c.submitted)
	spec := c.submitted
	c.mu.Unlock()
	if err != nil {
		c.t.Error(err)
	}
	if spec.Name == "taken" {
		refuse(w, http.StatusConflict, "conflict", "job \"taken\" exists; stop it, or take another name")
		return
	}
	c.answer(w, reeveapi.Job{Spec: spec, State: reeveapi.JobPending})
}

// plan knows one job, "known", which is at version 3.
func (c *cluster) plan(w http.ResponseWriter, r *http.Request) {
	plan := reeveapi.JobPlan{Action: "create", Fits: 1, Wanted: 1, Agents: []reeveapi.PlanAgent{{Name: "a1", Takes: 1}, {Name: "a2", Reason: "0.5 cpus left, 1 asked"}}}
	if err := json.NewDecoder(r.Body).Decode(&plan.Spec); err != nil {
		c.t.Error(err)
	}
	switch plan.Spec.Name {
	case "known":
		plan.Action, plan.Version, plan.Replace = "update", 3, 2
		plan.Changes = []reeveapi.SpecChange{{Key: "command", From: `"old"`, To: `"new"`}, {Key: "ports", To: "1"}}
	case "large":
		plan.Fits, plan.Wanted = 1, 4
	case "held":
		plan.Wanted, plan.Later, plan.Waits = 3, 1, "1 of 3 fit now: 2 cpus of a1 are on offer to framework marathon (for 12s)"
		plan.Holders = []reeveapi.Holder{{FrameworkName: "marathon", Agents: []string{"a1"}}}
	}
	c.answer(w, plan)
}

func (c *cluster) update(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	c.asked = append(c.asked, r.Method+" "+r.PathValue("name")+" If-Match "+r.Header.Get("If-Match"))
	c.mu.Unlock()
	c.answer(w, reeveapi.Job{Spec: reeveapi.JobSpec{Name: r.PathValue("name")}, Version: 4})
}

func (c *cluster) note(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, r.Method+" "+strings.TrimPrefix(r.URL.EscapedPath(), "/reeve/v1"))
	if strings.HasSuffix(r.URL.Path, "/drain") {
		if err := json.NewDecoder(r.Body).Decode(&c.drain); err != nil {
			c.t.Error(err)
		}
	}
	w.WriteHeader(http.StatusAccepted)
}

func (c *cluster) stream(w http.ResponseWriter, r *http.Request) {
	c.answer(w, reeveapi.Watch{Snapshot: true, Tasks: c.tasks, Jobs: c.jobs, Events: c.events})
	c.mu.Lock()
	lines := c.watch
	c.mu.Unlock()
	for i, line := range lines {
		if err := http.NewResponseController(w).Flush(); err != nil {
			c.t.Error(err)
		}
		if i > 0 {
			select { // each line after the first waits until the one before had an effect
			case <-c.read:
			case <-r.Context().Done():
			}
		}
		c.answer(w, line)
	}
	_ = http.NewResponseController(w).Flush() // the test fails at the other end
	<-r.Context().Done()
}

// log answers as an agent that has dropped the first bytes of "bounded", and knows that those of "since" are old.
func (c *cluster) log(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	select {
	case c.read <- struct{}{}:
	default:
	}
	q := r.URL.Query()
	data, ok := c.files[q.Get("path")]
	c.mu.Unlock()
	if !ok {
		refuse(w, http.StatusNotFound, "not found", "there is no file "+q.Get("path"))
		return
	}
	piece := reeveapi.Log{Size: int64(len(data))}
	if strings.Contains(q.Get("path"), "bounded") {
		piece.Start = 6
	}
	if q.Get("since") == "5m" {
		piece.Offset = 6
	}
	if text := q.Get("offset"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			c.t.Error(err)
		}
		piece.Offset = n
	}
	piece.Offset = min(max(piece.Offset, piece.Start), piece.Size)
	piece.Data = []byte(data[piece.Offset:min(piece.Offset+5, piece.Size)]) // a small limit, so that more than one read is needed
	c.answer(w, piece)
}

func (c *cluster) agentCall(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case c.read <- struct{}{}:
	default:
	}
	call := &agent.Call{}
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = codec.Protobuf.Unmarshal(body, call)
	}
	if err != nil {
		c.t.Error(err)
	}
	response := &agent.Response{}
	switch call.GetType() {
	case agent.Call_READ_FILE:
		data, ok := c.files[call.GetReadFile().GetPath()]
		if !ok {
			http.Error(w, "no such file", http.StatusNotFound)
			return
		}
		from := min(int(call.GetReadFile().GetOffset()), len(data))
		to := min(from+5, len(data)) // an agent's limit, so that more than one read is needed
		response.ReadFile = &agent.Response_ReadFile{Size: new(uint64(len(data))), Data: []byte(data[from:to])}
	case agent.Call_LIST_FILES:
		at := call.GetListFiles().GetPath()
		if _, file := c.files[at]; file || strings.HasSuffix(at, "/missing") {
			status := map[bool]int{true: http.StatusBadRequest, false: http.StatusNotFound}[file]
			http.Error(w, "no directory", status)
			return
		}
		if strings.HasSuffix(at, "/dir") {
			response.ListFiles = &agent.Response_ListFiles{FileInfos: []*mesosv1.FileInfo{
				{Path: new(at + "/link"), Mode: new(uint32(0o120777))}, {Path: new(at + "/../inner"), Mode: new(uint32(0o100644))},
			}}
			break
		}
		response.ListFiles = &agent.Response_ListFiles{FileInfos: []*mesosv1.FileInfo{
			{Path: new(call.GetListFiles().GetPath() + "/stdout"), Size: new(uint64(12)), Mode: new(uint32(0o100644)), Uid: new("root")},
			{Path: new(call.GetListFiles().GetPath() + "/dir"), Mode: new(uint32(0o040755)), Uid: new("root")},
		}}
	default:
		c.t.Errorf("unexpected call %v", call.GetType())
	}
	record, err := codec.Protobuf.Marshal(response)
	if err != nil {
		c.t.Error(err)
	}
	w.Header().Set("Content-Type", codec.Protobuf.MediaType())
	_, _ = w.Write(record) // the test fails at the other end
}

// result is what a run of the program left behind.
type result struct {
	stdout, stderr string
	code           int
}

// reeve runs the program. A stdin of nil is no terminal.
func reeve(t *testing.T, c *cluster, stdin *string, args ...string) result {
	t.Helper()
	var out, errs bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &lockedWriter{out: &errs}, terminal: func() bool { return stdin != nil }}
	if stdin != nil {
		a.stdin = strings.NewReader(*stdin)
	}
	root := a.command(func(o Options) error {
		_, err := fmt.Fprintf(&out, "console of %v\n", o.Way.Masters)
		return err
	})
	if c != nil {
		args = append([]string{"--master", c.address}, args...)
	}
	root.SetArgs(args)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	code := ExitCode(root.ExecuteContext(ctx))
	return result{out.String(), errs.String(), code}
}

func check(t *testing.T, got, want result) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(result{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestUsage(t *testing.T) {
	for _, test := range []struct {
		args []string
		want result
	}{
		{nil, result{"console of [127.0.0.1:5050]\n", "", exitDone}},
		{[]string{"--master", "a:1, b:2"}, result{"console of [a:1 b:2]\n", "", exitDone}},
		{[]string{"frobnicate"}, result{"", "reeve: unknown verb \"frobnicate\"; \"reeve --help\" lists them\n", exitUsage}},
		{[]string{"jobs", "a", "b"}, result{"", "reeve: accepts at most 1 arg(s), received 2; see \"reeve jobs --help\"\n", exitUsage}},
		{[]string{"secrets", "set", "--nope"}, result{"", "reeve: unknown flag: --nope\n", exitUsage}},
		{[]string{"-o", "json"}, result{"", "reeve: -o json is for verbs, such as \"reeve agents -o json\", and for the overview, \"reeve --plain -o json\"; without either this is the console\n", exitUsage}},
		{[]string{"-o", "json", "exec", "one", "ls"}, result{"", "reeve: -o json can't be: exec prints what the command prints\n", exitUsage}},
		{[]string{"execute", "-o", "json"}, result{"", "reeve: -o json can't be: execute prints what mesos-execute prints; \"reeve run --follow\" has it\n", exitUsage}},
		{[]string{"jobs", "--nope"}, result{"", "reeve: unknown flag: --nope\n", exitUsage}},
		{[]string{"-o", "xml", "jobs"}, result{"", "reeve: -o \"xml\" is no form of output; use table, wide, json, yaml or name\n", exitUsage}},
		{[]string{"--master", "zk://a", "jobs"}, result{"", "reeve: --master: \"zk://a\" is no master's address; write host:port, such as 127.0.0.1:5050\n", exitUsage}},
		{[]string{"tasks", "--state", "happy"}, result{"", "reeve: --state \"happy\" is no state of a task; use running, failed, lost, …\n", exitUsage}},
		{[]string{"run", "-c", "true"}, result{"", "reeve: the job needs a name; give it first, or with --name\n", exitUsage}},
		{[]string{"run", "--name", "j"}, result{"", "reeve: the job needs a command; give -c 'COMMAND', or -- COMMAND ARGUMENT..., or --image with one of its own\n", exitUsage}},
		{[]string{"run", "--name", "j", "-c", "a", "--", "b"}, result{"", "reeve: give the command with -c or after --, not both\n", exitUsage}},
		{[]string{"run", "--name", "j", "-c", "a", "--env", "A"}, result{"", "reeve: --env \"A\" is not NAME=VALUE\n", exitUsage}},
		{[]string{"run", "-f", "/nonexistent"}, result{"", "reeve: -f: open /nonexistent: no such file or directory\n", exitUsage}},
		{[]string{"execute", "--command=true"}, result{"", "reeve: Missing required option --name\n", exitFailed}},
		{[]string{"execute", "--kill_after=x", "--title=y"}, result{"", "reeve: unknown flag: --title\n", exitFailed}},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) { check(t, reeve(t, nil, nil, test.args...), test.want) })
	}
}

func TestMasterFromEnvironment(t *testing.T) {
	t.Setenv("REEVE_MASTER", "c:3")
	check(t, reeve(t, nil, nil), result{"console of [c:3]\n", "", exitDone})
}

func TestExitCode(t *testing.T) {
	for code, err := range map[int]error{
		0: nil, 1: errors.New("x"), 2: fmt.Errorf("wrapped: %w", usagef("x")), 130: fmt.Errorf("wrapped: %w", context.Canceled),
	} {
		if got := ExitCode(err); got != code {
			t.Errorf("ExitCode(%v) = %d, want %d", err, got, code)
		}
	}
}

// listTasks answers of each task what was asked for, as a master does.
func (c *cluster) listTasks(w http.ResponseWriter, r *http.Request) {
	fields := watchline.AllFields
	if text := r.URL.Query().Get("fields"); text != "" {
		var err error
		if fields, err = watchline.ParseFields(text); err != nil {
			c.t.Error(err)
		}
	}
	list := []json.RawMessage{}
	for i := range c.tasks {
		text, err := watchline.AppendFields(nil, &c.tasks[i], fields)
		if err != nil {
			c.t.Error(err)
		}
		list = append(list, text)
	}
	c.answer(w, list)
}

func someTasks(c *cluster) {
	task := func(framework, id, state, job string) reeveapi.Task {
		return reeveapi.Task{
			ID: id, Framework: framework, FrameworkName: "name-" + framework, State: state, AgentName: "host1", AgentHTTP: c.address, Job: job,
			Sandbox: "/s/" + id, Requested: reeveapi.Amounts{CPUs: 0.5, Mem: 20480}, Launched: time.Now().Add(-3 * time.Hour), Role: "web",
		}
	}
	c.tasks = []reeveapi.Task{
		task("f", "one", "TASK_RUNNING", ""), task("f", "same", "TASK_RUNNING", ""), task("g", "same", "TASK_STAGING", ""),
		task("f", "done", "TASK_FAILED", ""), task("j", "job.0", "TASK_FINISHED", "job"), task("j", "job.1", "TASK_RUNNING", "job"),
		task("f", "evil\x1b[2J\nname", "TASK_GONE_BY_OPERATOR", ""),
	}
	c.jobs = []reeveapi.Job{{
		Spec: reeveapi.JobSpec{Name: "job", Role: "*", Resources: reeveapi.Amounts{CPUs: 1, Mem: 64}, Instances: 2}, State: reeveapi.JobRunning,
		Instances: []reeveapi.Instance{
			{Index: 0, Task: "job.0", State: "TASK_FINISHED", Agent: "S0"}, {Index: 1, Attempt: 2, Task: "job.1", State: "TASK_RUNNING", Message: "on it"},
		},
	}}
}

func TestTables(t *testing.T) {
	c := newCluster(t)
	someTasks(c)
	c.agents = []reeveapi.Agent{
		{ID: "S1", Name: "host2", State: "unreachable", Total: reeveapi.Amounts{CPUs: 4, Mem: 2 << 20}},
		{ID: "S0", Name: "host1", State: "active", Tasks: 3, Total: reeveapi.Amounts{CPUs: 8, Mem: 16384, Disk: 100}, Allocated: reeveapi.Amounts{CPUs: 1.5, Mem: 512}, HTTP: "10.0.0.2:5051"},
	}
	c.events = []reeveapi.Event{{Seq: 1, At: time.Date(2026, 11, 23, 1, 2, 3, 0, time.Local), Kind: "TASK_FAILED", Subject: "t", ID: "f/t", Agent: "host1", Text: "exit 1"}}
	for _, test := range []struct{ args, want string }{
		{"agents", "" +
			"NAME   STATE        TASKS  CPUS   MEM             DISK         SINCE  ADDRESS\n" +
			"host1  active       3      1.5/8  512 MB/16.0 GB  0 MB/100 MB  -      10.0.0.2:5051\n" +
			"host2  unreachable  0      0/4    0 MB/2.0 TB     0 MB/0 MB    -      -\n"},
		{"agents -o name", "S0\nS1\n"},
		{"tasks", "" +
			"ID     STATE    FRAMEWORK  AGENT  CPUS  MEM      AGE\n" +
			"one    running  name-f     host1  0.5   20.0 GB  3h\n" +
			"same   running  name-f     host1  0.5   20.0 GB  3h\n" +
			"same   staging  name-g     host1  0.5   20.0 GB  3h\n" +
			"job.1  running  name-j     host1  0.5   20.0 GB  3h\n"},
		{"tasks --framework name-g -o name", "g/same\n"},
		{"tasks --framework g --role web --agent host1", "ID    STATE    FRAMEWORK  AGENT  CPUS  MEM      AGE\nsame  staging  name-g     host1  0.5   20.0 GB  3h\n"},
		{"tasks --agent S7 -o name", ""},
		{"tasks --role web --job job", "ID     STATE    FRAMEWORK  AGENT  CPUS  MEM      AGE\njob.1  running  name-j     host1  0.5   20.0 GB  3h\n"},
		{"tasks --state failed -o name", "f/done\n"},
		{"tasks --job job --all -o name", "j/job.0\nj/job.1\n"},
		{"tasks --all --framework f --state gone_by_operator -o name", "f/evil\ufffd[2J name\n"},
		{"tasks --all --agent host2", ""},
		{"frameworks", "NAME      STATE   TASKS      CPUS  MEM   ROLES  AGE  ID\nmarathon  active  2 running  0     0 MB  web    -    f\n"},
		{"frameworks --all -o name", "f\ng\n"},
		{"masters", "NAME  STATE    VOTES  LAG          TERM  UP  ADDRESS        VERSION\nm1    leading  yes    up to date   4     -   10.0.0.1:5050  -\nm2    standby  no     none for 7s  -     -   -              -\n"},
		{"jobs", "NAME  KIND   STATE    INSTANCES              CPUS  MEM    ROLE  AGE  WAITS FOR\njob   batch  running  1 running, 1 finished  1     64 MB  *     -    -\n"},
		{"jobs job -o name", "job\n"},
		{"events", "TIME                 KIND         SUBJECT  AGENT  WHO  TEXT\n2026-11-23 01:02:03  TASK_FAILED  t        host1  -    exit 1\n"},
		{"events -o json", "[\n  {\n    \"seq\": 1,\n    \"at\": \"" + c.events[0].At.Format(time.RFC3339) + "\",\n    \"kind\": \"TASK_FAILED\",\n    \"subject\": \"t\",\n" +
			"    \"id\": \"f/t\",\n    \"agent\": \"host1\",\n    \"text\": \"exit 1\"\n  }\n]\n"},
		{"members", "NAME   KIND    STATE   SINCE  RTT     GOSSIP         ADDRESS        VERSION\nhost1  agent   failed  3h     0.4 ms  10.0.1.1:7946  10.0.1.1:5051  1\nm1     master  alive   3d     -       10.0.0.1:7946  -              -\n"},
		{"members -o name", "host1\nm1\n"},
		{"masters -o yaml", "- name: m1\n  id: \"\"\n  http: 10.0.0.1:5050\n  state: leading\n  gossip: alive\n  voter: true\n  version: \"\"\n" +
			"  term: 4\n  index: 90\n  behind: 0\n  silent_seconds: 0\n" +
			"- name: m2\n  id: \"\"\n  http: \"\"\n  state: standby\n  gossip: alive\n  voter: false\n  version: \"\"\n  behind: 3\n  silent_seconds: 7\n"},
	} {
		t.Run(test.args, func(t *testing.T) {
			got := reeve(t, c, nil, strings.Fields(test.args)...)
			if diff := cmp.Diff(test.want, got.stdout); diff != "" || got.code != exitDone {
				t.Errorf("exit %d, stderr %q, stdout (-want +got):\n%s", got.code, got.stderr, diff)
			}
		})
	}
	got := reeve(t, c, nil, "jobs", "job")
	if want := "\n\nINSTANCE  STATE     ATTEMPT  VERSION  TASK   AGENT  SINCE  MESSAGE\n0         finished  1        1        job.0  host1  -      -\n1         running   3        1        job.1  -      -      on it\n"; !strings.HasSuffix(got.stdout, want) {
		t.Errorf("jobs job prints %q, want it to end with %q", got.stdout, want)
	}
	if got := reeve(t, c, nil, "tasks", "--all"); strings.Contains(got.stdout, "\x1b") || !strings.Contains(got.stdout, "evil\ufffd[2J name") {
		t.Errorf("a task's name reached the terminal as it is: %q", got.stdout)
	}
}

func TestLogs(t *testing.T) {
	c := newCluster(t)
	someTasks(c)
	c.files = map[string]string{
		"/s/one/stdout": "first line\nsecond \x00\xff\n", "/s/one/stderr": "oops\n", "/s/job.1/stdout": "from the job\n", "/s/done/stdout": "",
	}
	bounded := c.tasks[0]
	bounded.ID, bounded.Sandbox = "bounded", "/s/bounded"
	c.tasks = append(c.tasks, bounded)
	c.files["/s/bounded/stdout"] = "\x00\x00\x00\x00\x00\x00kept\n"
	for _, test := range []struct {
		args string
		want result
	}{
		{"one", result{"first line\nsecond \x00\xff\n", "", exitDone}},
		{"one -o json", result{`{"task":"one","stream":"stdout","line":"first line"}` + "\n" + `{"task":"one","stream":"stdout","line":"second \u0000\ufffd"}` + "\n", "", exitDone}},
		{"-f done -o json", result{"", "", exitDone}},
		{"job -o yaml", result{`--- {"task":"job.1","stream":"stdout","line":"from the job"}` + "\n", "", exitDone}},
		{"f/one --stderr", result{"oops\n", "", exitDone}},
		{"job", result{"from the job\n", "", exitDone}},
		{"done", result{"", "", exitDone}},
		{"same", result{"", "reeve: \"same\" means 2 tasks; name one of: f/same (running), g/same (staging)\n", exitFailed}},
		{"none", result{"", "reeve: no task and no job is called \"none\"; \"reeve tasks --all\" lists what is known\n", exitFailed}},
		{"g/same", result{"", "reeve: there is no file /s/same/stdout\n", exitFailed}},
		{"one --since 5m", result{"line\nsecond \x00\xff\n", "", exitDone}},
		{"one --since yesterday", result{"", "reeve: --since \"yesterday\" is neither a duration, such as 5m or 2h30m, nor a time, such as 2026-01-02T15:04:05Z\n", exitUsage}},
		{"bounded", result{"kept\n", "reeve: the first 6 bytes were dropped: the log is over its limit\n", exitDone}},
		{"-f done", result{"", "", exitDone}},
		{"-f job.0", result{"", "", exitDone}},
	} {
		t.Run(test.args, func(t *testing.T) {
			check(t, reeve(t, c, nil, append([]string{"logs"}, strings.Fields(test.args)...)...), test.want)
		})
	}
	t.Run("-f one", func(t *testing.T) {
		ended := c.tasks[0]
		ended.State = "TASK_FINISHED"
		c.mu.Lock() // a stream of the test before may be ending
		c.watch = []reeveapi.Watch{{}, {Tasks: []reeveapi.Task{ended}}}
		c.mu.Unlock()
		check(t, reeve(t, c, nil, "logs", "-f", "one"), result{c.files["/s/one/stdout"], "", exitDone})
	})
}

func TestFiles(t *testing.T) {
	c := newCluster(t)
	someTasks(c)
	c.files["/s/one/a/b"] = "content"
	if got, want := reeve(t, c, nil, "files", "one", "../../etc", "-o", "name"), (result{"etc/stdout\netc/dir\n", "", exitDone}); got != want {
		t.Errorf("a path that leads out of the sandbox gave %+v, want %+v", got, want)
	}
	got := reeve(t, c, nil, "files", "one")
	zero := time.Unix(0, 0).Format(time.DateTime)
	want := "MODE        USER  SIZE  CHANGED              NAME\n-rw-r--r--  root  12    " + zero + "  stdout\ndrwxr-xr-x  root  0     " + zero + "  dir\n"
	check(t, got, result{want, "", exitDone})
	check(t, reeve(t, c, nil, "files", "get", "one", "a/b", "-"), result{"content", "", exitDone})
	to := filepath.Join(t.TempDir(), "b")
	check(t, reeve(t, c, nil, "files", "get", "one", "a/b", to), result{"Fetched 7 bytes into " + to + "\n", "", exitDone})
	if text, err := os.ReadFile(to); err != nil || string(text) != "content" {
		t.Errorf("fetched %q, %v", text, err)
	}
	if got := reeve(t, c, nil, "files", "get", "one", "a/b", to); got.code != exitFailed || !strings.Contains(got.stderr, "does not exist yet") {
		t.Errorf("fetching over a file: %+v", got)
	}
	whole := filepath.Join(t.TempDir(), "all")
	c.files["/s/one/stdout"], c.files["/s/one/dir/../inner"] = "out", "in"
	check(t, reeve(t, c, nil, "files", "get", "one", "/", whole), result{
		"Fetched 2 files with 5 bytes into " + whole + "\n", "reeve: dir/link is left out: it is a link, a pipe or a device\n", exitDone,
	})
	if text, err := os.ReadFile(filepath.Join(whole, "dir", "inner")); err != nil || string(text) != "in" {
		t.Errorf("a name that leads out of its directory: %q, %v", text, err)
	}
	check(t, reeve(t, c, nil, "files", "get", "one", "missing", filepath.Join(t.TempDir(), "x")), result{
		"", "reeve: there is no file missing in the sandbox of one; \"reeve files one\" lists what is\n", exitFailed,
	})
}

// TestTop: the busiest first, of those agents that answer.
func TestTop(t *testing.T) {
	c := newCluster(t)
	someTasks(c)
	c.tasks[5].AgentHTTP = "127.0.0.1:1"
	c.usage = map[string]reeveapi.TaskUsage{
		"f/one":  {CPUs: 0.25, MemBytes: 3 << 20, CacheBytes: 1 << 19, DiskBytes: 2 << 30, Processes: 2},
		"f/same": {CPUs: 1.5, MemBytes: 1 << 20, Processes: 4},
	}
	got := reeve(t, c, nil, "top")
	want := "ID    AGENT  CPUS      MEM             CACHE   DISK     PROCS  FRAMEWORK\n" +
		"same  host1  1.50/0.5  1.0 MB/20.0 GB  0.0 MB  0.0 MB   4      name-f\n" +
		"one   host1  0.25/0.5  3.0 MB/20.0 GB  0.5 MB  2048 MB  2      name-f\n"
	if got.stdout != want || got.code != exitDone || !strings.Contains(got.stderr, "the usage of 1 tasks is not known") {
		t.Errorf("got %+v, want\n%s", got, want)
	}
	if got := reeve(t, c, nil, "top", "--mem", "-n", "1", "-o", "name"); got.stdout != "f/one\n" {
		t.Errorf("the largest: %+v", got)
	}
}

func TestKill(t *testing.T) {
	c := newCluster(t)
	someTasks(c)
	yes, no := "y\n", "\n"
	const question = "Kill task one of name-f on host1? [y/N] "
	check(t, reeve(t, c, nil, "kill", "one"), result{"", "reeve: not done: there is no terminal to ask for confirmation; give --yes\n", exitFailed})
	check(t, reeve(t, c, &no, "kill", "one"), result{"", question + "reeve: not done: you did not say yes\n", exitFailed})
	check(t, reeve(t, c, nil, "kill", "--yes", "done"), result{"", "reeve: task done has ended already: it is failed\n", exitFailed})
	if len(c.asked) > 0 {
		t.Errorf("the master was asked %q", c.asked)
	}
	check(t, reeve(t, c, &yes, "kill", "one"), result{"Asked to kill task one\n", question, exitDone})
	check(t, reeve(t, c, nil, "kill", "--yes", "g/same"), result{"Asked to kill task same\n", "", exitDone})
	check(t, reeve(t, c, nil, "-o", "json", "kill", "--yes", "g/same"), result{"{\n  \"done\": \"Asked to kill task same\"\n}\n", "", exitDone})
	check(t, reeve(t, c, nil, "-o", "name", "kill", "--yes", "g/same"), result{"", "", exitDone})
	same := "POST /tasks/g/same/kill"
	if diff := cmp.Diff([]string{"POST /tasks/f/one/kill", same, same, same}, c.asked); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestStop(t *testing.T) {
	c := newCluster(t)
	someTasks(c)
	c.jobs = append(c.jobs,
		reeveapi.Job{Spec: reeveapi.JobSpec{Name: "a/b"}, State: reeveapi.JobPending},
		reeveapi.Job{Spec: reeveapi.JobSpec{Name: "over"}, State: reeveapi.JobFailed})
	yes, no := "yes\n", ""
	const question = "Stop job job (1 running, 1 finished)? [y/N] "
	check(t, reeve(t, c, nil, "stop", "job"), result{"", "reeve: not done: there is no terminal to ask for confirmation; give --yes\n", exitFailed})
	check(t, reeve(t, c, &no, "stop", "job"), result{"", question + "reeve: not done: you did not say yes\n", exitFailed})
	check(t, reeve(t, c, nil, "stop", "-y", "over"), result{
		"", "reeve: job over has ended already: it is failed; \"reeve stop --forget\" removes it from the list\n", exitFailed,
	})
	check(t, reeve(t, c, nil, "stop", "-y", "ghost"), result{"", "reeve: there is no job ghost\n", exitFailed})
	if len(c.asked) > 0 {
		t.Errorf("the master was asked %q", c.asked)
	}
	check(t, reeve(t, c, &yes, "stop", "job"), result{"Stopping job job\n", question, exitDone})
	check(t, reeve(t, c, nil, "stop", "--yes", "a/b"), result{"Stopping job a/b\n", "", exitDone})
	check(t, reeve(t, c, nil, "stop", "--forget", "over"), result{"Forgot job over\n", "", exitDone})
	if diff := cmp.Diff([]string{"POST /jobs/job/stop", "POST /jobs/a%2Fb/stop", "DELETE /jobs/over"}, c.asked); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

// TestRunUpdates: a job that is there is updated after its changes were shown, in the version that was seen.
func TestRunUpdates(t *testing.T) {
	c := newCluster(t)
	const diff = "- command: \"old\"\n+ command: \"new\"\n+ ports: 1\n"
	const question = "Update job known, which replaces 2 running instances? [y/N] "
	yes := "yes\n"
	check(t, reeve(t, c, nil, "run", "known", "-c", "new"), result{"", diff + "reeve: not done: there is no terminal to ask for confirmation; give --yes\n", exitFailed})
	if len(c.asked) > 0 {
		t.Errorf("the master was asked %q", c.asked)
	}
	check(t, reeve(t, c, &yes, "run", "known", "-c", "new"), result{"Job known is at version 4\n", diff + question, exitDone})
	if d := cmp.Diff([]string{`PUT known If-Match "3"`}, c.asked); d != "" {
		t.Errorf("requests (-want +got):\n%s", d)
	}
	const agents = "AGENT  TAKES  NO MORE BECAUSE\na1     1      -\na2     0      0.5 cpus left, 1 asked\n"
	check(t, reeve(t, c, nil, "run", "fresh", "-c", "x", "--dry-run"), result{"Job fresh is new.\n1 of the 1 instances that need a place have one now.\n\n" + agents, "", exitDone})
	check(t, reeve(t, c, nil, "run", "large", "-c", "x", "--dry-run"), result{
		"Job large is new.\n1 of the 4 instances that need a place have one now.\n\n" + agents, "reeve: 3 of 4 instances of job large would wait for a place\n", exitFailed,
	})
	const held = "1 of 3 fit now: 2 cpus of a1 are on offer to framework marathon (for 12s)"
	check(t, reeve(t, c, nil, "run", "held", "-c", "x", "--dry-run"), result{
		"Job held is new.\n1 of the 3 instances that need a place have one now.\n" + held + ".\n\n" + agents,
		"reeve: 2 of 3 instances of job held would wait for a place, 1 of them for what framework marathon has on offer; \"reeve offers rescind\" takes that back\n", exitFailed,
	})
	if len(c.asked) > 1 || c.submitted.Name != "" {
		t.Errorf("a dry run asked for %q %+v", c.asked, c.submitted)
	}
}

func TestRun(t *testing.T) {
	c := newCluster(t)
	file := filepath.Join(t.TempDir(), "job.yaml")
	if err := os.WriteFile(file, []byte("name: render\ncommand: ./render\ninstances: 8\nresources: {cpus: 2, mem: 512}\nenv: {A: '1'}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		want reeveapi.JobSpec
	}{
		{
			[]string{"--name", "j", "--cpus", "0.5", "--kill_grace=7", "--env", "A=b=c", "--label", "x=", "--uri", "u", "--ports", "2", "--role", "r", "--user", "nobody", "--", "echo", "it's", "a b", "$HOME", ""},
			reeveapi.JobSpec{
				Name: "j", Command: `echo 'it'\''s' 'a b' '$HOME' ''`, Instances: 1, Resources: reeveapi.Amounts{CPUs: 0.5, Mem: 128}, KillGraceSeconds: 7,
				Env: map[string]string{"A": "b=c"}, Labels: map[string]string{"x": ""}, URIs: []string{"u"}, Ports: 2, Role: "r", User: "nobody",
			},
		},
		{
			[]string{"j", "--cpus", "0.5", "--", "echo", "k"},
			reeveapi.JobSpec{Name: "j", Command: "echo k", Instances: 1, Resources: reeveapi.Amounts{CPUs: 0.5, Mem: 128}},
		},
		{
			[]string{"-c", "echo k", "j"},
			reeveapi.JobSpec{Name: "j", Command: "echo k", Instances: 1, Resources: reeveapi.Amounts{CPUs: 1, Mem: 128}},
		},
		{ // an image may have a command of its own
			[]string{"--name", "j", "--image", "redis:7"},
			reeveapi.JobSpec{Name: "j", Image: "redis:7", Instances: 1, Resources: reeveapi.Amounts{CPUs: 1, Mem: 128}},
		},
		{ // with a name already, or a file that may hold one, an argument is the command
			[]string{"--name", "j", "echo", "k"},
			reeveapi.JobSpec{Name: "j", Command: "echo k", Instances: 1, Resources: reeveapi.Amounts{CPUs: 1, Mem: 128}},
		},
		{
			[]string{"-f", file, "echo", "--", "k"},
			reeveapi.JobSpec{Name: "render", Command: "echo k", Instances: 8, Resources: reeveapi.Amounts{CPUs: 2, Mem: 512}, Env: map[string]string{"A": "1"}},
		},
		{
			[]string{"-f", file, "--mem", "64", "-n", "2"},
			reeveapi.JobSpec{Name: "render", Command: "./render", Instances: 2, Resources: reeveapi.Amounts{CPUs: 2, Mem: 64}, Env: map[string]string{"A": "1"}},
		},
	} {
		c.submitted = reeveapi.JobSpec{}
		check(t, reeve(t, c, nil, append([]string{"run"}, test.args...)...), result{"Submitted job " + test.want.Name + "\n", "", exitDone})
		if diff := cmp.Diff(test.want, c.submitted); diff != "" {
			t.Errorf("%q (-want +got):\n%s", test.args, diff)
		}
	}
	stdin := `{"name":"s","command":"c"}`
	check(t, reeve(t, c, &stdin, "run", "-f", "-", "-o", "name"), result{"s\n", "", exitDone})
	stdin = "name: s\ncomand: typo\n"
	if got := reeve(t, c, &stdin, "run", "-f", "-"); got.code != exitUsage || !strings.Contains(got.stderr, "comand") {
		t.Errorf("a misspelt key: %+v", got)
	}
	check(t, reeve(t, c, nil, "run", "--name", "taken", "-c", "x"),
		result{"", "reeve: job \"taken\" exists; stop it, or take another name\n", exitFailed})
}

// Nobody is asked whether to change what cannot be changed.
func TestChangesOfJobsThatCannotBe(t *testing.T) {
	c := newCluster(t)
	c.jobs = []reeveapi.Job{{Spec: reeveapi.JobSpec{Name: "old", Instances: 2}, State: reeveapi.JobStopped}, {Spec: reeveapi.JobSpec{Name: "new"}, State: reeveapi.JobRunning}}
	for _, args := range [][]string{{"scale", "old", "1"}, {"restart", "old"}, {"rollback", "old"}} {
		check(t, reeve(t, c, nil, args...), result{"", "reeve: job old has ended: it is stopped; run it again instead\n", exitFailed})
	}
	check(t, reeve(t, c, nil, "rollback", "new"), result{"", "reeve: job new has no version before its newest that is remembered, and none to roll back to\n", exitFailed})
}

// A job's file is written as the task was made; of a task that is no job's as far as the masters tell, and the file says so.
func TestJobFromTask(t *testing.T) {
	c := newCluster(t)
	old, newest := reeveapi.JobSpec{Name: "web", Command: "v1"}, reeveapi.JobSpec{Name: "web", Command: "v2"}
	c.jobs = []reeveapi.Job{{
		Spec: newest, Version: 2, Template: 2, History: []reeveapi.Revision{{Version: 1, Template: 1, Spec: old}, {Version: 2, Template: 2, Spec: newest}},
		Instances: []reeveapi.Instance{{Task: "web.0.1", Template: 2}, {Task: "web.1", Template: 1}},
		Leaving:   []reeveapi.Leaving{{Instance: reeveapi.Instance{Task: "web.0", Template: 1}}},
	}}
	c.tasks = []reeveapi.Task{
		{ID: "web.0", Job: "web"},
		{ID: "web.0.1", Job: "web"},
		{ID: "web.1", Job: "web"},
		{ID: "web.9", Job: "web"},
		{ID: "x", Name: "x", Command: "go", Env: map[string]string{"PORT0": "1", "PORTAL": "open", "MESOS_X": ""}, Labels: map[string]string{"reeve.job": "y", "a": "b"}, Ports: "[31000-31001]"},
	}
	for task, command := range map[string]string{"web.0": "v1", "web.0.1": "v2", "web.1": "v1", "web.9": "v2"} {
		if got := reeve(t, c, nil, "config", "job-from-task", task); got.code != exitDone || !strings.HasPrefix(got.stdout, "name: web\ncommand: "+command+"\n") {
			t.Errorf("%s: got %+v, want %s", task, got, command)
		}
	}
	got := reeve(t, c, nil, "config", "job-from-task", "x")
	if comment, _, _ := strings.Cut(got.stdout, "\n"); !strings.HasPrefix(comment, "# Made from a task that is no job's: its health check") {
		t.Errorf("the file begins with %q", comment)
	}
	stdin := got.stdout
	check(t, reeve(t, c, &stdin, "run", "-f", "-"), result{"Submitted job x\n", "", exitDone})
	want := reeveapi.JobSpec{
		Name: "x", Kind: reeveapi.Batch, Command: "go", Instances: 1, Ports: 2, Env: map[string]string{"PORTAL": "open"}, Labels: map[string]string{"a": "b"},
	}
	if diff := cmp.Diff(want, c.submitted); diff != "" {
		t.Errorf("run again (-want +got):\n%s", diff)
	}
}

// A followed job prints the output of its tasks, tells states on stderr, and ends with its result.
func TestFollow(t *testing.T) {
	c := newCluster(t)
	c.files = map[string]string{"/s/t.0/stdout": "zero\nno end", "/s/t.0/stderr": "", "/s/t.1/stdout": "one\n", "/s/t.1/stderr": "warn\n"}
	instance := func(i int, state, message string) reeveapi.Instance {
		return reeveapi.Instance{Index: i, Task: fmt.Sprintf("t.%d", i), State: state, Message: message}
	}
	task := func(i int, state string) reeveapi.Task {
		id := fmt.Sprintf("t.%d", i)
		return reeveapi.Task{ID: id, Framework: "jobs", Job: "j", State: state, AgentHTTP: c.address, Sandbox: "/s/" + id, AgentName: "host1"}
	}
	line := func(state, task0, task1 string) reeveapi.Watch {
		return reeveapi.Watch{
			Tasks: []reeveapi.Task{task(0, task0), task(1, task1)},
			Jobs: []reeveapi.Job{{
				Spec: reeveapi.JobSpec{Name: "j"}, State: state,
				Instances: []reeveapi.Instance{instance(0, task0, ""), instance(1, task1, "exit 3")},
			}},
		}
	}
	for _, test := range []struct {
		name, state, last string
		code              int
		says              string
	}{
		{"success", reeveapi.JobFinished, "TASK_FINISHED", exitDone, "Job j is finished\n"},
		{"failure", reeveapi.JobFailed, "TASK_FAILED", exitFailed, "reeve: job j failed: instance 1 failed, exit 3; \"reeve jobs j\" shows its instances\n"},
		{"stopped", reeveapi.JobStopped, "TASK_KILLED", exitFailed, "reeve: job j was stopped: instance 1 killed, exit 3; \"reeve jobs j\" shows its instances\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			select {
			case <-c.read: // left over
			default:
			}
			c.watch = []reeveapi.Watch{line(reeveapi.JobRunning, "TASK_RUNNING", "TASK_RUNNING"), line(test.state, "TASK_FINISHED", test.last)}
			got := reeve(t, c, nil, "run", "--name", "j", "-n", "2", "-c", "x", "--follow")
			for _, want := range []string{"[0] zero\n", "[0] no end\n", "[1] one\n"} {
				if !strings.Contains(got.stdout, want) {
					t.Errorf("stdout %q lacks %q", got.stdout, want)
				}
			}
			for _, want := range []string{"Submitted job j\n", "Task t.0 is running on host1\n", "[1] warn\n", test.says} {
				if !strings.Contains(got.stderr, want) {
					t.Errorf("stderr %q lacks %q", got.stderr, want)
				}
			}
			if got.code != test.code || len(got.stdout) != len("[0] zero\n[0] no end\n[1] one\n") {
				t.Errorf("exit %d with stdout %q, want exit %d", got.code, got.stdout, test.code)
			}
		})
	}
}

// TestSteer: what ends something is asked for first, and each verb says what it did.
func TestSteer(t *testing.T) {
	c := newCluster(t)
	c.agents = []reeveapi.Agent{
		{ID: "S0", Name: "host1", HTTP: "10.0.0.1:5051", State: reeveapi.AgentActive, Tasks: 3},
		{ID: "S1", Name: "twin", HTTP: "10.0.0.2:5051", State: reeveapi.AgentActive},
		{ID: "S2", Name: "twin", HTTP: "10.0.0.3:5051", State: reeveapi.AgentUnreachable, Tasks: 1},
		{ID: "S3", Name: "host1", State: reeveapi.AgentGone},
	}
	yes, no := "yes\n", "\n"
	const question = "Drain agent host1 at 10.0.0.1:5051? 3 tasks on it must end within 1m0s each; then it is marked as gone for ever. [y/N] "
	const refused = "reeve: not done: there is no terminal to ask for confirmation; give --yes\n"
	for _, test := range []struct {
		stdin *string
		args  []string
		want  result
	}{
		{nil, []string{"drain", "host1"}, result{"", refused, exitFailed}},
		{nil, []string{"gone", "host1"}, result{"", refused, exitFailed}},
		{&no, []string{"drain", "host1", "--max-grace=1m", "--mark-gone"}, result{"", question + "reeve: not done: you did not say yes\n", exitFailed}},
		{nil, []string{"drain", "host1", "--max-grace=-1s"}, result{"", "reeve: --max-grace is -1s, and can't be negative\n", exitUsage}},
		{nil, []string{"drain"}, result{"", "reeve: accepts 1 arg(s), received 0; see \"reeve drain --help\"\n", exitUsage}},
		{nil, []string{"drain", "--yes", "nobody"}, result{"", "reeve: no agent is called \"nobody\"; \"reeve agents\" lists those that there are\n", exitFailed}},
		{nil, []string{"deactivate", "twin"}, result{"", "reeve: \"twin\" means 2 agents; name one of: S1 (10.0.0.2:5051), S2 (10.0.0.3:5051)\n", exitFailed}},
		{nil, []string{"drain", "-y", "S3"}, result{"", "reeve: host1 was marked as gone; there is nothing to drain\n", exitFailed}},
		{nil, []string{"gone", "-y", "S3"}, result{"host1 was marked as gone before\n", "", exitDone}},
	} {
		check(t, reeve(t, c, test.stdin, test.args...), test.want)
	}
	if len(c.asked) > 0 {
		t.Errorf("the master was asked %q", c.asked)
	}
	check(t, reeve(t, c, &yes, "drain", "host1", "--max-grace=1m", "--mark-gone"),
		result{"host1 drains: 3 tasks on it must end within 1m0s each; \"reeve agents\" shows how far it is\n", question, exitDone})
	check(t, reeve(t, c, nil, "deactivate", "10.0.0.1:5051"), result{"host1 is deactivated; 3 tasks on it may go on\n", "", exitDone})
	check(t, reeve(t, c, nil, "reactivate", "S1"), result{"twin is used again\n", "", exitDone})
	check(t, reeve(t, c, nil, "gone", "--yes", "S2"), result{"twin is gone\n", "", exitDone})
	if diff := cmp.Diff([]string{"POST /agents/S0/drain", "POST /agents/S0/deactivate", "POST /agents/S1/reactivate", "POST /agents/S2/gone"}, c.asked); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(reeveapi.DrainRequest{MaxGraceSeconds: new(60.0), MarkGone: true}, c.drain); diff != "" {
		t.Errorf("the drain (-want +got):\n%s", diff)
	}
}

// TestDrainWait: it stays until nothing is left, and says how far it is.
func TestDrainWait(t *testing.T) {
	for _, test := range []struct {
		name   string
		states []reeveapi.Agent // one after the other, after the one that is drained
		args   []string
		want   result
	}{
		{
			"to its end",
			[]reeveapi.Agent{
				{State: reeveapi.AgentDraining, Reason: "drains: 2 tasks to end", Drain: &reeveapi.Drain{}},
				{State: reeveapi.AgentDraining, Reason: "drains: 2 tasks to end", Drain: &reeveapi.Drain{}},
				{State: reeveapi.AgentDraining, Reason: "drains: 1 task to end", Drain: &reeveapi.Drain{Left: 1, Begun: 3}},
				{State: reeveapi.AgentDraining, Reason: "drains: 4 tasks to end", Drain: &reeveapi.Drain{Left: 4, Begun: 3}},
				{State: reeveapi.AgentDrained, Drain: &reeveapi.Drain{Drained: true}},
			},
			nil,
			result{"h is drained; \"reeve reactivate h\" uses it again\n", "h drains: 2 tasks to end\nh drains: 1 task to end (1 of 3 left)\nh drains: 4 tasks to end\n", exitDone},
		},
		{
			"gone then",
			[]reeveapi.Agent{{State: reeveapi.AgentGone, Drain: &reeveapi.Drain{Drained: true}}},
			[]string{"--mark-gone"},
			result{"h is drained and gone\n", "", exitDone},
		},
		{
			"gone before",
			[]reeveapi.Agent{{State: reeveapi.AgentGone, Drain: &reeveapi.Drain{}}},
			nil,
			result{"", "reeve: h left the cluster before it was drained\n", exitFailed},
		},
		{
			"ended by another",
			[]reeveapi.Agent{{State: reeveapi.AgentActive}},
			nil,
			result{"", "reeve: h does not drain any more: somebody has reactivated it\n", exitFailed},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newCluster(t)
			for _, a := range append([]reeveapi.Agent{{State: reeveapi.AgentActive}}, test.states...) {
				a.ID, a.Name = "S0", "h"
				c.course = append(c.course, []reeveapi.Agent{a})
			}
			check(t, reeve(t, c, nil, append([]string{"drain", "--yes", "--wait", "h"}, test.args...)...), test.want)
		})
	}
}
