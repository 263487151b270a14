package executorapi

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/agentd/workload"
	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/executor"
	"codeberg.org/reeve/reeve/shared/recordio"
	"codeberg.org/reeve/reeve/shared/slowhost"
)

const maxEvent = 1 << 20

// harness is an API over a machine that answers as a test says.
type harness struct {
	api    *API
	server *httptest.Server
	posted chan workload.Input
}

func newHarness(t *testing.T, answer func(api *API, in workload.Input)) *harness {
	t.Helper()
	h := &harness{posted: make(chan workload.Input, 100)}
	h.api = New(Config{Log: slog.New(slog.DiscardHandler), Post: func(_ context.Context, in workload.Input) error {
		answer(h.api, in)
		h.posted <- in
		return nil
	}})
	h.server = httptest.NewServer(h.api)
	t.Cleanup(h.server.Close)
	return h
}

// answer is a response whose body is closed with the test at the latest.
type answer struct {
	status int
	header http.Header
	length int64
	body   io.ReadCloser
}

func (h *harness) post(t *testing.T, contentType, accept string, body []byte) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.server.URL+"/api/v1/executor", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	if accept != "" {
		req.Header.Set("Accept", accept)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return answer{status: resp.StatusCode, header: resp.Header, length: resp.ContentLength, body: resp.Body}
}

const ids = `"executor_id":{"value":"e"},"framework_id":{"value":"f"}`

func update(status string) string {
	return `{"type":"UPDATE",` + ids + `,"update":{"status":` + status + `}}`
}

// The status and, where Mesos's clients or people look at it, the text of every refusal (spec 1.4, 3.10).
func TestRefusals(t *testing.T) {
	h := newHarness(t, func(api *API, in workload.Input) {
		switch in := in.(type) {
		case workload.Subscribe:
			api.Reply(in.Ticket, fault.New(fault.Invalid, "Framework cannot be found"))
		case workload.Call:
			api.Reply(in.Ticket, fault.New(fault.Forbidden, "Executor is not subscribed"))
		}
	})
	subscribe := `{"type":"SUBSCRIBE",` + ids + `,"subscribe":{}}`
	if got := h.post(t, "application/json", "", []byte(subscribe)).status; got != http.StatusServiceUnavailable {
		t.Errorf("before recovery: got %d, want 503", got)
	}
	h.api.Ready()
	uuid := `"uuid":"AAAAAAAAAAAAAAAAAAAAAA=="`
	for name, test := range map[string]struct {
		contentType, accept, body string
		status                    int
		text                      string
	}{
		"content type":    {"text/plain", "", subscribe, 415, "application/json"},
		"no ids":          {"application/json", "", `{"type":"SUBSCRIBE"}`, 400, "executor_id"},
		"no subscribe":    {"application/json", "", `{"type":"SUBSCRIBE",` + ids + `}`, 400, "Expecting 'subscribe' to be present"},
		"accept":          {"application/json", "text/html", subscribe, 406, "Accept"},
		"unknown":         {"application/json", "", subscribe, 400, "Framework cannot be found"},
		"not subscribed":  {"application/json", "", `{"type":"MESSAGE",` + ids + `,"message":{"data":"aGk="}}`, 403, "Executor is not subscribed"},
		"heartbeat":       {"application/json", "", `{"type":"HEARTBEAT",` + ids + `}`, 202, ""},
		"type":            {"application/json", "", `{` + ids + `}`, 400, "Failed to validate executor::Call: Expecting 'type' to be present"},
		"type of others":  {"application/json", "", `{"type":"NOPE",` + ids + `}`, 400, "Failed to validate executor::Call: Expecting 'type' to be present"},
		"type UNKNOWN":    {"application/json", "", `{"type":"UNKNOWN",` + ids + `}`, 501, ""},
		"no update":       {"application/json", "", `{"type":"UPDATE",` + ids + `}`, 400, "Expecting 'update' to be present"},
		"uuid":            {"application/json", "", update(`{"task_id":{"value":"t"},"state":"TASK_RUNNING","source":"SOURCE_EXECUTOR","uuid":"AAAA"}`), 400, "Not a valid UUID"},
		"source":          {"application/json", "", update(`{"task_id":{"value":"t"},"state":"TASK_RUNNING",` + uuid + `}`), 400, "SOURCE_EXECUTOR"},
		"staging":         {"application/json", "", update(`{"task_id":{"value":"t"},"state":"TASK_STAGING","source":"SOURCE_EXECUTOR",` + uuid + `}`), 400, "TASK_STAGING"},
		"another's":       {"application/json", "", update(`{"task_id":{"value":"t"},"state":"TASK_RUNNING","source":"SOURCE_EXECUTOR","executor_id":{"value":"x"},` + uuid + `}`), 400, "does not match"},
		"fine, but early": {"application/json", "", update(`{"task_id":{"value":"t"},"state":"TASK_RUNNING","source":"SOURCE_EXECUTOR",` + uuid + `}`), 403, "not subscribed"},
	} {
		resp := h.post(t, test.contentType, test.accept, []byte(test.body))
		body, err := io.ReadAll(resp.body)
		if err != nil || resp.status != test.status || !strings.Contains(string(body), test.text) {
			t.Errorf("%s: got %d %q, %v, want %d with %q", name, resp.status, body, err, test.status, test.text)
		}
		if test.status == 202 && resp.length != 0 {
			t.Errorf("%s: got Content-Length %d, want 0", name, resp.length)
		}
	}
}

// A stream carries events in order in the negotiated encoding, and ends when the machine says so.
func TestStream(t *testing.T) {
	for _, c := range []codec.Codec{codec.JSON, codec.Protobuf} {
		t.Run(string(c), func(t *testing.T) {
			h := newHarness(t, func(api *API, in workload.Input) {
				if in, ok := in.(workload.Subscribe); ok {
					api.Reply(in.Ticket, nil)
					api.Send(in.Stream, &executor.Event{Type: executor.Event_SHUTDOWN.Enum()})
					api.Send(in.Stream, &executor.Event{Type: executor.Event_KILL.Enum(), Kill: &executor.Event_Kill{TaskId: &mesosv1.TaskID{Value: new("t")}}})
					api.Close(in.Stream)
				}
			})
			h.api.Ready()
			call, err := c.Marshal(&executor.Call{
				Type: executor.Call_SUBSCRIBE.Enum(), ExecutorId: &mesosv1.ExecutorID{Value: new("e")},
				FrameworkId: &mesosv1.FrameworkID{Value: new("f")}, Subscribe: &executor.Call_Subscribe{},
			})
			if err != nil {
				t.Fatal(err)
			}
			resp := h.post(t, c.MediaType(), c.MediaType(), call)
			if resp.status != http.StatusOK || resp.header.Get("Content-Type") != c.MediaType() || resp.length != -1 || resp.header.Get("Mesos-Stream-Id") != "" {
				t.Fatalf("got %d %v", resp.status, resp.header)
			}
			records := recordio.NewReader(resp.body, maxEvent)
			for _, want := range []executor.Event_Type{executor.Event_SHUTDOWN, executor.Event_KILL} {
				record, err := records.Read()
				if err != nil {
					t.Fatal(err)
				}
				event := &executor.Event{}
				if err := c.Unmarshal(record, event); err != nil || event.GetType() != want {
					t.Errorf("got %v, %v, want %v", event, err, want)
				}
			}
			if _, err := records.Read(); err != io.EOF { //nolint:errorlint // a reader returns io.EOF itself
				t.Errorf("got %v, want the end of the stream", err)
			}
			<-h.posted // Subscribe
			h.wantClosed(t)
		})
	}
}

func (h *harness) wantClosed(t *testing.T) {
	t.Helper()
	timer := time.NewTimer(slowhost.Scale(10 * time.Second))
	defer timer.Stop()
	select {
	case in := <-h.posted:
		if _, ok := in.(workload.StreamClosed); !ok {
			t.Errorf("got %T, want StreamClosed", in)
		}
	case <-timer.C:
		t.Error("the machine is not told that the stream is closed")
	}
}

// An executor that goes away, and one that does not read, lose their streams.
func TestBrokenStreams(t *testing.T) {
	started := make(chan workload.StreamID, 1)
	h := newHarness(t, func(api *API, in workload.Input) {
		if in, ok := in.(workload.Subscribe); ok {
			api.Reply(in.Ticket, nil)
			started <- in.Stream
		}
	})
	h.api.Ready()
	resp := h.post(t, "application/json", "", []byte(`{"type":"SUBSCRIBE",`+ids+`,"subscribe":{}}`))
	<-started
	<-h.posted
	if err := resp.body.Close(); err != nil {
		t.Fatal(err)
	}
	h.wantClosed(t)

	out := newOutbox()
	for range maxOutbox + 2 {
		out.push(&executor.Event{})
	}
	if event, more := out.next(); event != nil || more {
		t.Error("an outbox that ran over goes on")
	}
}
