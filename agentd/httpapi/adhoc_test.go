package httpapi_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/agentd/adhoc"
	"codeberg.org/reeve/reeve/agentd/httpapi"
	"codeberg.org/reeve/reeve/agentd/lifecycle"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/runtime/fake"
	"codeberg.org/reeve/reeve/agentd/workload"
	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/agent"
	"codeberg.org/reeve/reeve/shared/recordio"
	"codeberg.org/reeve/reeve/shared/slowhost"
)

// host is an agent with one running container, "task", over a runtime in memory.
type host struct {
	*testing.T
	server  *httptest.Server
	runtime *fake.Runtime
	set     *adhoc.Set
	work    string
}

func newHost(t *testing.T) *host {
	t.Helper()
	h := &host{T: t, runtime: fake.New(nil), work: t.TempDir()}
	sandbox := filepath.Join(h.work, "task")
	if err := os.Mkdir(sandbox, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := h.runtime.Launch(t.Context(), runtime.Spec{ID: "task", Argv: []string{"forever"}}); err != nil {
		t.Fatal(err)
	}
	h.set = adhoc.New(context.WithoutCancel(t.Context()), adhoc.Config{
		Runtime: h.runtime, WorkDir: h.work, Log: slog.New(slog.DiscardHandler),
		Sandbox: func(_ context.Context, id ids.Container) (string, error) {
			if id == "task" {
				return sandbox, nil
			}
			return "", nil
		},
	})
	cfg := config(&workload.View{Frameworks: []workload.FrameworkView{{
		ID: "f", Info: &mesosv1.FrameworkInfo{},
		Executors: []workload.ExecutorView{{ID: "e", Info: &mesosv1.ExecutorInfo{}, Container: "task", Phase: lifecycle.Running}},
	}}})
	cfg.Containers = h.set
	h.server = httptest.NewServer(httpapi.New(cfg))
	t.Cleanup(func() {
		h.server.CloseClientConnections()
		h.server.Close()
		if err := h.set.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// post sends a call and returns the open answer.
func (h *host) post(contentType string, body io.Reader, header ...string) reply {
	h.Helper()
	r, err := http.NewRequestWithContext(h.Context(), http.MethodPost, h.server.URL+"/api/v1", body)
	if err != nil {
		h.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		h.Fatal(err)
	}
	h.Cleanup(func() { _ = answer.Body.Close() })
	return reply{answer.StatusCode, answer.Header, answer.Body}
}

// reply is an answer whose body is closed with the test.
type reply struct {
	StatusCode int
	Header     http.Header
	Body       io.ReadCloser
}

// call sends JSON and returns status and body.
func (h *host) call(body string) (int, string) {
	h.Helper()
	answer := h.post("application/json", strings.NewReader(body))
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		h.Fatal(err)
	}
	return answer.StatusCode, string(data)
}

// ioStream reads ProcessIO from an open answer.
type ioStream struct {
	*testing.T
	reader *recordio.Reader
	codec  codec.Codec
}

func (s *ioStream) next() (*agent.ProcessIO, error) {
	record, err := s.reader.Read()
	if err != nil {
		return nil, err
	}
	m := &agent.ProcessIO{}
	if err := s.codec.Unmarshal(record, m); err != nil {
		s.Fatal(err)
	}
	return m, nil
}

// text reads until n bytes of output have come.
func (s *ioStream) text(n int) (text string) {
	s.Helper()
	for len(text) < n {
		m, err := s.next()
		if err != nil {
			s.Fatalf("after %q: %v", text, err)
		}
		text += string(m.GetData().GetData())
	}
	return text
}

func session(argv ...string) string {
	return fmt.Sprintf(`{"type":"LAUNCH_NESTED_CONTAINER_SESSION","launch_nested_container_session":{"container_id":{"value":"s1","parent":{"value":"task"}},
		"command":{"shell":false,"value":%q,"arguments":["%s"]}}}`, argv[0], strings.Join(argv, `","`))
}

// TestSession: both forms, input from one connection and output on another, a half-closed input, and the status.
func TestSession(t *testing.T) {
	for _, c := range []codec.Codec{codec.JSON, codec.Protobuf} {
		t.Run(string(c), func(t *testing.T) {
			h := newHost(t)
			answer := h.post("application/json", strings.NewReader(session("cat")), "Accept", codec.RecordIO, "Message-Accept", c.MediaType())
			if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != codec.RecordIO || answer.Header.Get("Message-Content-Type") != c.MediaType() {
				t.Fatalf("%d, %v", answer.StatusCode, answer.Header)
			}
			out := &ioStream{t, recordio.NewReader(answer.Body, 1<<20), c}
			r, w := io.Pipe()
			input := make(chan int, 1)
			go func() {
				input <- h.post(codec.RecordIO, r, "Message-Content-Type", c.MediaType()).StatusCode
			}()
			say := func(m *agent.Call_AttachContainerInput) {
				t.Helper()
				record, err := c.Marshal(&agent.Call{Type: agent.Call_ATTACH_CONTAINER_INPUT.Enum(), AttachContainerInput: m})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := w.Write(recordio.Append(nil, record)); err != nil {
					t.Fatal(err)
				}
			}
			stdin := func(data string) {
				t.Helper()
				say(&agent.Call_AttachContainerInput{Type: agent.Call_AttachContainerInput_PROCESS_IO.Enum(), ProcessIo: &agent.ProcessIO{
					Type: agent.ProcessIO_DATA.Enum(), Data: &agent.ProcessIO_Data{Type: agent.ProcessIO_Data_STDIN.Enum(), Data: []byte(data)},
				}})
			}
			say(&agent.Call_AttachContainerInput{
				Type:        agent.Call_AttachContainerInput_CONTAINER_ID.Enum(),
				ContainerId: &mesosv1.ContainerID{Value: new("s1"), Parent: &mesosv1.ContainerID{Value: new("task")}},
			})
			say(&agent.Call_AttachContainerInput{Type: agent.Call_AttachContainerInput_PROCESS_IO.Enum(), ProcessIo: &agent.ProcessIO{
				Type: agent.ProcessIO_CONTROL.Enum(), Control: &agent.ProcessIO_Control{Type: agent.ProcessIO_Control_HEARTBEAT.Enum()},
			}})
			const binary = "a\x00\xff\n"
			stdin(binary)
			if got := out.text(len(binary)); got != binary {
				t.Errorf("came back: %q", got)
			}
			if status, body := h.inputOf("s1"); status != http.StatusConflict {
				t.Errorf("a second input: %d %s", status, body)
			}
			stdin("")
			if m, err := out.next(); !errors.Is(err, io.EOF) {
				t.Errorf("after the end of the input: %v, %v", m, err)
			}
			if status := <-input; status != http.StatusOK {
				t.Errorf("the input's answer: %d", status)
			}
			_ = w.Close()
			status, body := h.call(`{"type":"WAIT_NESTED_CONTAINER","wait_nested_container":{"container_id":{"value":"s1","parent":{"value":"task"}}}}`)
			if status != http.StatusOK || !strings.Contains(body, `"exit_status":0`) {
				t.Errorf("wait: %d %s", status, body)
			}
		})
	}
}

// inputOf tries to attach to a container's input, and sends nothing.
func (h *host) inputOf(name string) (int, string) {
	h.Helper()
	record := fmt.Sprintf(`{"type":"ATTACH_CONTAINER_INPUT","attach_container_input":{"type":"CONTAINER_ID","container_id":{"value":%q,"parent":{"value":"task"}}}}`, name)
	answer := h.post(codec.RecordIO, bytes.NewReader(recordio.Append(nil, []byte(record))), "Message-Content-Type", "application/json")
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		h.Fatal(err)
	}
	return answer.StatusCode, string(data)
}

// TestSessionEndsWithItsClient: the command is killed, and whoever waits is told so.
func TestSessionEndsWithItsClient(t *testing.T) {
	h := newHost(t)
	answer := h.post("application/json", strings.NewReader(session("sleep", "1000")))
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("%d, %v", answer.StatusCode, answer.Header)
	}
	status, body := h.call(`{"type":"GET_CONTAINERS","get_containers":{"show_nested":true}}`)
	if status != http.StatusOK || !strings.Contains(body, `"container_id":{"value":"s1","parent":{"value":"task"}}`) && !strings.Contains(body, `"parent":{"value":"task"},"value":"s1"`) {
		t.Errorf("%d %s", status, body)
	}
	if strings.Count(body, `"executor_id":{"value":"e"}`) != 2 || strings.Count(body, `"framework_id":{"value":"f"}`) != 2 {
		t.Errorf("both belong to the executor: %s", body)
	}
	if _, body := h.call(`{"type":"GET_CONTAINERS"}`); strings.Contains(body, "s1") {
		t.Errorf("nobody asked for nested ones: %s", body)
	}
	if err := answer.Body.Close(); err != nil {
		t.Fatal(err)
	}
	status, body = h.call(`{"type":"WAIT_CONTAINER","wait_container":{"container_id":{"value":"s1","parent":{"value":"task"}}}}`)
	if status != http.StatusOK || !strings.Contains(body, `"exit_status":9`) {
		t.Errorf("wait: %d %s", status, body)
	}
}

func TestNestedContainer(t *testing.T) {
	h := newHost(t)
	id := `"container_id":{"value":"n1","parent":{"value":"task"}}`
	launch := `{"type":"LAUNCH_NESTED_CONTAINER","launch_nested_container":{` + id + `,"command":{"shell":false,"value":"sleep","arguments":["sleep","1000"]}}}`
	for _, test := range []struct {
		what, body string
		status     int
		want       string
	}{
		{"launch", launch, 200, ""},
		{"launch again", launch, 202, ""},
		{"attach to a task", `{"type":"ATTACH_CONTAINER_OUTPUT","attach_container_output":{"container_id":{"value":"task"}}}`, 500, "switchboard"},
		{"attach to nobody", `{"type":"ATTACH_CONTAINER_OUTPUT","attach_container_output":{"container_id":{"value":"x"}}}`, 404, "Container x cannot be found"},
		{"remove a running one", `{"type":"REMOVE_NESTED_CONTAINER","remove_nested_container":{` + id + `}}`, 500, "still running"},
		{"no such signal", `{"type":"KILL_NESTED_CONTAINER","kill_nested_container":{` + id + `,"signal":99}}`, 400, "99"},
		{"kill", `{"type":"KILL_NESTED_CONTAINER","kill_nested_container":{` + id + `,"signal":15}}`, 200, ""},
		{"wait", `{"type":"WAIT_NESTED_CONTAINER","wait_nested_container":{` + id + `}}`, 200, `"exit_status":15`},
		{"remove", `{"type":"REMOVE_NESTED_CONTAINER","remove_nested_container":{` + id + `}}`, 200, ""},
		{"remove again", `{"type":"REMOVE_NESTED_CONTAINER","remove_nested_container":{` + id + `}}`, 200, ""},
		{"wait for what was removed", `{"type":"WAIT_NESTED_CONTAINER","wait_nested_container":{` + id + `}}`, 404, "cannot be found"},
		{"kill what was removed", `{"type":"KILL_NESTED_CONTAINER","kill_nested_container":{` + id + `}}`, 404, "cannot be found"},
		{"no parent", `{"type":"WAIT_NESTED_CONTAINER","wait_nested_container":{"container_id":{"value":"n1"}}}`, 400, "container_id.parent"},
		{"bad id", `{"type":"WAIT_CONTAINER","wait_container":{"container_id":{"value":"a.b"}}}`, 400, "a.b"},
		{"no message", `{"type":"WAIT_CONTAINER"}`, 400, "Expecting 'wait_container' to be present"},
		{"unknown parent", `{"type":"LAUNCH_NESTED_CONTAINER","launch_nested_container":{"container_id":{"value":"n","parent":{"value":"x"}},"command":{"value":"true"}}}`, 404, "x"},
		{"missing command", `{"type":"LAUNCH_CONTAINER","launch_container":{` + id + `,"command":{"shell":false,"value":"/no/such"}}}`, 400, "/no/such"},
		{"an image", `{"type":"LAUNCH_CONTAINER","launch_container":{` + id + `,"command":{"value":"true"},"container":{"type":"DOCKER","docker":{"image":"x"}}}}`, 400, "image"},
	} {
		if status, body := h.call(test.body); status != test.status || !strings.Contains(body, test.want) {
			t.Errorf("%s: %d %s, want %d and %q", test.what, status, body, test.status, test.want)
		}
	}
}

// TestNestedOutput: what a nested container writes is in its files, and goes to who attaches.
func TestNestedOutput(t *testing.T) {
	h := newHost(t)
	status, body := h.call(`{"type":"LAUNCH_NESTED_CONTAINER","launch_nested_container":{"container_id":{"value":"n1","parent":{"value":"task"}},"command":{"shell":false,"value":"cat","arguments":["cat"]}}}`)
	if status != http.StatusOK {
		t.Fatal(status, body)
	}
	answer := h.post("application/json", strings.NewReader(`{"type":"ATTACH_CONTAINER_OUTPUT","attach_container_output":{"container_id":{"value":"n1","parent":{"value":"task"}}}}`))
	record := func(m string) []byte {
		return recordio.Append(nil, []byte(`{"type":"ATTACH_CONTAINER_INPUT","attach_container_input":{`+m+`}}`))
	}
	stdin := func(data string) []byte {
		return record(`"type":"PROCESS_IO","process_io":{"type":"DATA","data":{"type":"STDIN","data":"` + base64.StdEncoding.EncodeToString([]byte(data)) + `"}}`)
	}
	in := bytes.Join([][]byte{
		record(`"type":"CONTAINER_ID","container_id":{"value":"n1","parent":{"value":"task"}}`), stdin("hello\n"), stdin(""),
	}, nil)
	if answer := h.post(codec.RecordIO, bytes.NewReader(in), "Message-Content-Type", "application/json"); answer.StatusCode != http.StatusOK {
		t.Errorf("input: %d", answer.StatusCode)
	}
	out := &ioStream{t, recordio.NewReader(bufio.NewReader(answer.Body), 1<<20), codec.JSON}
	if got := out.text(6); got != "hello\n" {
		t.Errorf("attached: %q", got)
	}
	if _, err := h.set.Wait(t.Context(), "task.n1"); err != nil {
		t.Error(err)
	}
	path := filepath.Join(h.work, "task", "containers", "n1", "stdout")
	if data, err := os.ReadFile(path); err != nil || string(data) != "hello\n" {
		t.Errorf("%s: %q, %v", path, data, err)
	}
}

// TestStreamRules are those of spec 1.8.
func TestStreamRules(t *testing.T) {
	h := newHost(t)
	attach := `{"type":"ATTACH_CONTAINER_OUTPUT","attach_container_output":{"container_id":{"value":"x"}}}`
	for _, test := range []struct {
		what, contentType, body string
		header                  []string
		status                  int
	}{
		{"recordio without its messages", codec.RecordIO, "", nil, 400},
		{"recordio of something", codec.RecordIO, "", []string{"Message-Content-Type", "text/plain"}, 415},
		{"messages of no recordio", "application/json", attach, []string{"Message-Content-Type", "application/json"}, 415},
		{"message accept alone", "application/json", attach, []string{"Message-Accept", "application/json"}, 406},
		{"recordio for a plain answer", "application/json", `{"type":"GET_HEALTH"}`, []string{"Accept", codec.RecordIO}, 406},
		{"input without recordio", "application/json", `{"type":"ATTACH_CONTAINER_INPUT","attach_container_input":{"type":"CONTAINER_ID"}}`, nil, 415},
		{"another call in recordio", codec.RecordIO, string(recordio.Append(nil, []byte(`{"type":"GET_HEALTH"}`))), []string{"Message-Content-Type", "application/json"}, 400},
		{"rubbish in recordio", codec.RecordIO, "x", []string{"Message-Content-Type", "application/json"}, 400},
		{"an empty stream", codec.RecordIO, "", []string{"Message-Content-Type", "application/json"}, 400},
		{"protobuf answers", "application/json", attach, []string{"Accept", codec.RecordIO, "Message-Accept", "application/x-protobuf"}, 404},
	} {
		answer := h.post(test.contentType, strings.NewReader(test.body), test.header...)
		if answer.StatusCode != test.status {
			text, err := io.ReadAll(answer.Body)
			t.Errorf("%s: %d %s (%v), want %d", test.what, answer.StatusCode, text, err, test.status)
		}
	}
}

// TestStandaloneContainer, and that the next agentd finds it.
func TestStandaloneContainer(t *testing.T) {
	h := newHost(t)
	id := `"container_id":{"value":"alone"}`
	launch := `{"type":"LAUNCH_CONTAINER","launch_container":{` + id + `,"command":{"shell":false,"value":"sleep","arguments":["sleep","1000"]},
		"resources":[{"name":"mem","type":"SCALAR","scalar":{"value":64}}]}}`
	if status, body := h.call(launch); status != http.StatusOK {
		t.Fatal(status, body)
	}
	if status, body := h.call(launch); status != http.StatusAccepted {
		t.Error(status, body)
	}
	status, body := h.call(`{"type":"GET_CONTAINERS","get_containers":{"show_standalone":true}}`)
	if status != http.StatusOK || !strings.Contains(body, `"alone"`) || !strings.Contains(body, `"mem_limit_bytes":`) {
		t.Errorf("%d %s", status, body)
	}
	status, body = h.call(`{"type":"LIST_FILES","list_files":{"path":"/containers/alone"}}`)
	if status != http.StatusOK || !strings.Contains(body, "/containers/alone/stdout") {
		t.Errorf("its sandbox: %d %s", status, body)
	}
	if err := h.set.Close(); err != nil {
		t.Fatal(err)
	}
	found, err := h.runtime.Recover(t.Context())
	if err != nil || len(found) != 2 {
		t.Fatal(found, err)
	}
	next := adhoc.New(context.WithoutCancel(t.Context()), adhoc.Config{
		Runtime: h.runtime, WorkDir: h.work, Log: slog.New(slog.DiscardHandler),
		Sandbox: func(context.Context, ids.Container) (string, error) { return "", nil },
	})
	others, err := next.Recover(found)
	if err != nil || len(others) != 1 || others[0].ID != "task" {
		t.Errorf("%+v, %v, want the task's alone", others, err)
	}
	if err := next.Kill(t.Context(), "alone", 15); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), slowhost.Scale(90*time.Second))
	defer cancel()
	if exit, err := next.Wait(ctx, "alone"); err != nil || exit.WaitStatus != 15 {
		t.Errorf("%+v, %v", exit, err)
	}
	if err := next.Remove(t.Context(), "alone"); err != nil {
		t.Error(err)
	}
	if entries, err := os.ReadDir(filepath.Join(h.work, "standalone")); err != nil || len(entries) != 0 {
		t.Errorf("%v, %v are left", entries, err)
	}
	if err := next.Close(); err != nil {
		t.Error(err)
	}
}
