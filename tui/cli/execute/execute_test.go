package execute_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/recordio"
	"codeberg.org/reeve/reeve/tui/cli/execute"
)

// patience bounds every wait of a test; only a failure waits that long.
const patience = time.Minute

// master is a master that follows a script: "< event" is sent, "> call" is waited for. Scripts are one conversation of
// Mesos's own tool with a real master, in the order of their bytes on the wire.
type master struct {
	t       *testing.T
	scripts []string // one for each SUBSCRIBE; the last goes on to be used
	calls   chan *scheduler.Call
	forms   []codec.Codec
}

func serve(t *testing.T, scripts ...string) (*master, string) {
	t.Helper()
	m := &master{t: t, scripts: scripts, calls: make(chan *scheduler.Call)}
	server := httptest.NewServer(http.HandlerFunc(m.handle))
	t.Cleanup(server.Close)
	return m, strings.TrimPrefix(server.URL, "http://")
}

func (m *master) handle(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		m.t.Error(err)
		return
	}
	form, ok := codec.FromContentType(r.Header.Get("Content-Type"))
	if !ok || r.Header.Get("Accept") != form.MediaType() {
		m.t.Errorf("Content-Type %q, Accept %q", r.Header.Get("Content-Type"), r.Header.Get("Accept"))
	}
	call := &scheduler.Call{}
	if err := form.Unmarshal(body, call); err != nil {
		m.t.Error(err)
		return
	}
	if call.GetType() == scheduler.Call_SUBSCRIBE {
		m.forms = append(m.forms, form)
		m.subscribe(w, r, form, call)
		return
	}
	if got := r.Header.Get("Mesos-Stream-Id"); got != "stream" {
		m.t.Errorf("%v with Mesos-Stream-Id %q", call.GetType(), got)
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	select {
	case m.calls <- call:
	case <-ctx.Done():
		m.t.Errorf("%v came unexpectedly", call.GetType())
	}
	w.WriteHeader(http.StatusAccepted)
}

func (m *master) subscribe(w http.ResponseWriter, r *http.Request, form codec.Codec, subscribe *scheduler.Call) {
	script := m.scripts[0]
	if len(m.scripts) > 1 {
		m.scripts = m.scripts[1:]
	}
	if script == "503" {
		http.Error(w, "No leader elected", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", form.MediaType())
	w.Header().Set("Mesos-Stream-Id", "stream")
	flush := http.NewResponseController(w).Flush
	out := recordio.NewWriter(w, flush)
	lines := bufio.NewScanner(strings.NewReader(script))
	for lines.Scan() {
		direction, text, _ := strings.Cut(lines.Text(), " ")
		switch direction {
		case "<":
			event := &scheduler.Event{}
			if err := codec.JSON.Unmarshal([]byte(text), event); err != nil {
				m.t.Error(err)
				return
			}
			record, err := form.Marshal(event)
			if err != nil {
				m.t.Error(err)
				return
			}
			if err := out.Write(record); err != nil {
				m.t.Error(err)
				return
			}
		case ">":
			if !m.expect(text, subscribe) {
				return
			}
			subscribe = nil
		case "break":
			return
		}
	}
	<-r.Context().Done()
}

// expect waits for a call and compares it with that of Mesos's tool.
func (m *master) expect(text string, got *scheduler.Call) bool {
	want := &scheduler.Call{}
	if err := codec.JSON.Unmarshal([]byte(text), want); err != nil {
		m.t.Error(err)
		return false
	}
	if got == nil {
		ctx, cancel := context.WithTimeout(m.t.Context(), patience)
		defer cancel()
		select {
		case got = <-m.calls:
		case <-ctx.Done():
			m.t.Errorf("no call came, want %v", want.GetType())
			return false
		}
	}
	// The user is whoever runs the test; an unset time-out and one of 0 are the same.
	ignored := protocmp.IgnoreFields(&mesosv1.FrameworkInfo{}, "user", "failover_timeout")
	if diff := cmp.Diff(want, got, protocmp.Transform(), ignored); diff != "" {
		m.t.Errorf("%v (-Mesos +ours):\n%s", want.GetType(), diff)
	}
	return true
}

// start runs the verb.
func start(ctx context.Context, t *testing.T, address string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	command := execute.Command(&out, &errs, func(principal, secret string) (*client.Client, error) {
		return client.New(client.Options{Masters: []string{address}, Principal: principal, Secret: secret})
	})
	command.SilenceErrors, command.SilenceUsage = true, true
	command.SetArgs(args)
	err = command.ExecuteContext(ctx)
	return out.String(), errs.String(), err
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

const group = `{"tasks":[
{"name":"g1","task_id":{"value":"g1"},"agent_id":{"value":""},"command":{"shell":true,"value":"echo one; sleep 1"},"resources":[
 {"name":"cpus","type":"SCALAR","scalar":{"value":0.1}},{"name":"mem","type":"SCALAR","scalar":{"value":32}}]},
{"name":"g2","task_id":{"value":"g2"},"agent_id":{"value":""},"command":{"shell":true,"value":"echo two; sleep 2"},"resources":[
 {"name":"cpus","type":"SCALAR","scalar":{"value":0.1}},{"name":"mem","type":"SCALAR","scalar":{"value":32}}]}]}`

// Against what a real master said, we make the calls and print the bytes that Mesos's own tool did.
func TestLikeMesos(t *testing.T) {
	for name, args := range map[string][]string{
		"success":    {"--name=json-task", "--command=echo hi", "--resources=cpus:1;mem:128"},
		"failure":    {"--name", "fail-task", "--command", "exit 3"},
		"kill_after": {"--name=kill-task", "--command=sleep 60", "--kill_after=10ms"},
		"task_group": {"--task_group=" + group},
	} {
		for flag, form := range map[string]codec.Codec{"": codec.Protobuf, "--content_type=json": codec.JSON} {
			t.Run(name+flag, func(t *testing.T) {
				m, address := serve(t, read(t, name+".script"))
				all := slices.Clone(args)
				if flag != "" {
					all = append(all, flag)
				}
				stdout, stderr, err := start(t.Context(), t, address, all...)
				if err != nil || stderr != "" {
					t.Errorf("error %v, stderr %q", err, stderr)
				}
				if diff := cmp.Diff(read(t, name+".stdout"), stdout); diff != "" {
					t.Errorf("stdout (-Mesos +ours):\n%s", diff)
				}
				if diff := cmp.Diff([]codec.Codec{form}, m.forms); diff != "" {
					t.Errorf("forms (-want +got):\n%s", diff)
				}
			})
		}
	}
}

const (
	subscribed = `< {"type":"SUBSCRIBED","subscribed":{"framework_id":{"value":"f"},"heartbeat_interval_seconds":15.0}}` + "\n"
	subscribe  = `> {"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"u","name":"mesos-execute instance","checkpoint":false,"role":"*",` +
		`"capabilities":[{"type":"RESERVATION_REFINEMENT"},{"type":"TASK_KILLING_STATE"},{"type":"REVOCABLE_RESOURCES"},{"type":"PARTITION_AWARE"}]}}}` + "\n"
)

func resubscribe() string {
	s := strings.Replace(subscribe, `"subscribe":{`, `"framework_id":{"value":"f"},"subscribe":{`, 1)
	return strings.Replace(s, `"user":"u"`, `"user":"u","id":{"value":"f"}`, 1)
}

// Without a leader it waits, and after a lost stream it comes back as the same framework.
func TestSubscribesAgain(t *testing.T) {
	const lost = `< {"type":"UPDATE","update":{"status":{"task_id":{"value":"t"},"state":"TASK_LOST","reason":"REASON_AGENT_REMOVED",` +
		`"source":"SOURCE_MASTER","message":"gone","healthy":false}}}` + "\n"
	_, address := serve(t, "503", subscribe+subscribed+"break\n", resubscribe()+subscribed+lost)
	stdout, stderr, err := start(t.Context(), t, address, "--name=t", "--command=true")
	if err != nil {
		t.Fatal(err)
	}
	want := "Subscribed with ID f\nSubscribed with ID f\nReceived status update TASK_LOST for task 't'\n  message: 'gone'\n" +
		"  source: SOURCE_MASTER\n  reason: REASON_AGENT_REMOVED\n  healthy?: 0\n"
	if diff := cmp.Diff(want, stdout); diff != "" {
		t.Errorf("stdout (-want +got):\n%s", diff)
	}
	if !strings.HasPrefix(stderr, "Waiting for a master: ") {
		t.Errorf("stderr is %q", stderr)
	}
}

// What is too big for the first offer is declined, and no more offers are wanted.
func TestTooBig(t *testing.T) {
	script := read(t, "success.script")
	offers := script[strings.Index(script, `< {"type":"OFFERS"`):]
	offers = offers[:strings.IndexByte(offers, '\n')+1]
	id := offers[strings.Index(offers, `"id":{`)+5:]
	id = id[:strings.IndexByte(id, '}')+1]
	ctx, cancel := context.WithCancel(t.Context())
	_, address := serve(t, subscribe+subscribed+offers+
		`> {"framework_id":{"value":"f"},"type":"DECLINE","decline":{"offer_ids":[`+id+`]}}`+"\n"+
		`> {"framework_id":{"value":"f"},"type":"SUPPRESS"}`+"\n"+
		`< {"type":"ERROR","error":{"message":"enough"}}`+"\n")
	defer cancel()
	stdout, _, err := start(ctx, t, address, "--name=t", "--command=true", "--resources=cpus:100")
	failure, ok := errors.AsType[*execute.Error](err)
	if !ok || failure.Error() != "Received an ERROR event: enough" || failure.Usage {
		t.Errorf("error %v, want the ERROR event's", err)
	}
	if got, want := stdout, "Subscribed with ID f\n"; got != want {
		t.Errorf("stdout %q, want %q", got, want)
	}
}

func TestUsage(t *testing.T) {
	for want, args := range map[string][]string{
		"Missing required option --name":           {"--command=true"},
		"Missing required option --command":        {"--name=t"},
		"should be set but not both":               {"--task={}", "--task_group={}"},
		"can only be set when both":                {"--task={}", "--name=t"},
		"can only be set when '--task'":            {"--task={}", "--networks=a"},
		"Failed to parse --task: ":                 {"--task={}"},
		"--task_group has no tasks":                {"--task_group={}"},
		"Failed to parse --env":                    {"--name=t", "--command=true", `--env={"A":1}`},
		"Failed to read --env":                     {"--name=t", "--command=true", "--env=file:///nonexistent"},
		"Failed to parse resources 'cpus'":         {"--name=t", "--command=true", "--resources=cpus"},
		"Unsupported content type 'xml'":           {"--name=t", "--command=true", "--content-type=xml"},
		"--kill_after: \"soon\" is not a duration": {"--name=t", "--command=true", "--kill-after=soon"},
		"may only contain GPU_RESOURCES":           {"--name=t", "--command=true", "--framework_capabilities=MULTI_ROLE"},
		"requires a docker image name":             {"--name=t", "--command=true", "--containerizer=docker"},
		"Unsupported containerizer":                {"--name=t", "--command=true", "--containerizer=rkt"},
		"does not allow attaching a TTY":           {"--name=t", "--command=true", "--containerizer=docker", "--docker_image=a", "--tty"},
		"support a single network":                 {"--name=t", "--command=true", "--containerizer=docker", "--docker_image=a", "--networks=a,b"},
		"Failed to parse --volumes":                {"--name=t", "--command=true", "--volumes={"},
		"--package needs HDFS":                     {"--name=t", "--command=true", "--package=p"},
		"unknown flag":                             {"--title=t"},
		"Unexpected argument 'true'":               {"--name=t", "true"},
	} {
		_, _, err := start(t.Context(), t, "127.0.0.1:1", args...)
		failure, ok := errors.AsType[*execute.Error](err)
		if !ok || !failure.Usage || !strings.Contains(failure.Error(), want) {
			t.Errorf("%q: %v, want a usage error with %q", args, err, want)
		}
	}
}

// Flags end up in the messages that Mesos's tool builds from them.
func TestContainerFlags(t *testing.T) {
	script := read(t, "success.script")
	accept := script[:strings.Index(script, `> {"framework_id":{"value":"c9934b01-e3ec-448d-b21c-1bc2ea83b03d-0001"},"type":"ACCEPT"`)]
	accept = strings.Replace(accept, `{"type":"PARTITION_AWARE"}`, `{"type":"GPU_RESOURCES"}`, 1)
	accept = strings.Replace(accept, `"checkpoint":false`, `"checkpoint":true,"principal":"p"`, 1)
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"mesos": {
			[]string{
				"--docker_image=alpine", "--networks=a,b", "--tty", `--rlimits={"rlimits":[{"type":"RLMT_FSIZE"}]}`,
				`--effective_capabilities={"capabilities":["NET_RAW"]}`, `--volumes=[{"container_path":"/c","mode":"RW","host_path":"/h"}]`,
			},
			`{"type":"MESOS","mesos":{"image":{"type":"DOCKER","docker":{"name":"alpine"}}},"network_infos":[{"name":"a"},{"name":"b"}],"tty_info":{},` +
				`"rlimit_info":{"rlimits":[{"type":"RLMT_FSIZE"}]},"linux_info":{"effective_capabilities":{"capabilities":["NET_RAW"]}},` +
				`"volumes":[{"container_path":"/c","mode":"RW","host_path":"/h"}]}`,
		},
		"docker": {
			[]string{"--containerizer=docker", "--docker_image=alpine", "--networks=a"},
			`{"type":"DOCKER","docker":{"image":"alpine","network":"USER"},"network_infos":[{"name":"a"}]}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			m, address := serve(t, accept)
			got := make(chan *scheduler.Call, 1)
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				got <- <-m.calls
				cancel()
			}()
			args := append([]string{
				"--name=t", "--command=c", "--env={\"A\":\"1\"}", "--no-shell", "--checkpoint", "--no-partition_aware",
				"--framework_capabilities=GPU_RESOURCES", "--principal=p",
			}, test.args...)
			if _, _, err := start(ctx, t, address, args...); !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			task := (<-got).GetAccept().GetOperations()[0].GetLaunch().GetTaskInfos()[0]
			want := &mesosv1.ContainerInfo{}
			if err := codec.JSON.Unmarshal([]byte(test.want), want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, task.GetContainer(), protocmp.Transform()); diff != "" {
				t.Errorf("container (-want +got):\n%s", diff)
			}
			command := &mesosv1.CommandInfo{}
			if err := codec.JSON.Unmarshal([]byte(`{"shell":false,"environment":{"variables":[{"name":"A","value":"1"}]}}`), command); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(command, task.GetCommand(), protocmp.Transform()); diff != "" {
				t.Errorf("command (-want +got):\n%s", diff)
			}
		})
	}
}
