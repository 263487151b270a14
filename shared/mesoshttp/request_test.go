package mesoshttp_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesoshttp"
	"codeberg.org/reeve/reeve/shared/mesosv1/master"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
)

func packed(t *testing.T, data []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	zw, err := gzip.NewWriterLevel(&buf, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := zw.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestReadCall(t *testing.T) {
	revive, err := proto.Marshal(&scheduler.Call{Type: scheduler.Call_REVIVE.Enum()})
	if err != nil {
		t.Fatal(err)
	}
	lacking, err := proto.MarshalOptions{AllowPartial: true}.Marshal(&scheduler.Call{
		Type: scheduler.Call_KILL.Enum(), Kill: &scheduler.Call_Kill{},
	})
	if err != nil {
		t.Fatal(err)
	}
	tooLarge := []byte(`{"type":"` + strings.Repeat("x", mesoshttp.MaxCall) + `"}`)
	const js, pb = "application/json", "application/x-protobuf"
	for name, test := range map[string]struct {
		body   []byte
		header []string
		status int
		want   string
	}{
		"json":              {[]byte(`{"type":"REVIVE"}`), []string{"Content-Type", js}, 200, ""},
		"protobuf":          {revive, []string{"Content-Type", pb}, 200, ""},
		"packed":            {packed(t, revive), []string{"Content-Type", pb, "Content-Encoding", "gzip"}, 200, ""},
		"charset":           {[]byte(`{"type":"REVIVE"}`), []string{"Content-Type", js + "; charset=utf-8"}, 200, ""},
		"no type":           {revive, nil, 400, "Expecting 'Content-Type' to be present"},
		"another type":      {revive, []string{"Content-Type", "application/protobuf"}, 415, "Expecting 'Content-Type' of application/json or application/x-protobuf"},
		"not packed":        {revive, []string{"Content-Type", pb, "Content-Encoding", "gzip"}, 400, "failed to unpack the gzip body: "},
		"another packing":   {revive, []string{"Content-Type", pb, "Content-Encoding", "br"}, 415, `content encoding "br" is not supported; send gzip or none`},
		"too large":         {tooLarge, []string{"Content-Type", js}, 413, "the body is larger than 16777216 bytes, the most allowed here"},
		"too large packed":  {packed(t, tooLarge), []string{"Content-Type", js, "Content-Encoding", "gzip"}, 413, "the body is larger than 16777216 bytes, the most allowed here"},
		"empty":             {nil, []string{"Content-Type", js}, 400, "Failed to parse body into JSON: syntax error at line 1 near: "},
		"second line":       {[]byte("{\n \"type\": REVIVE}"), []string{"Content-Type", js}, 400, "Failed to parse body into JSON: syntax error at line 2 near: REVIVE}"},
		"cut off":           {[]byte(`{"type":"REV`), []string{"Content-Type", js}, 400, "Failed to parse body into JSON: syntax error at line 1 near: "},
		"garbage":           {[]byte("\xff\xff"), []string{"Content-Type", pb}, 400, "Failed to parse body into Call protobuf: "},
		"lacking":           {lacking, []string{"Content-Type", pb}, 400, "Failed to parse body into Call protobuf: Missing required fields: kill.task_id"},
		"lacking in a list": {[]byte(`{"type":"ACCEPT","accept":{"offer_ids":[{"value":"o"},{}]}}`), []string{"Content-Type", js}, 400, "Failed to convert JSON into Call protobuf: Missing required fields: accept.offer_ids[1].value"},
		"wrong kind":        {[]byte(`{"type":"KILL","kill":7}`), []string{"Content-Type", js}, 400, "Failed to convert JSON into Call protobuf: "},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", bytes.NewReader(test.body))
			for i := 0; i+1 < len(test.header); i += 2 {
				r.Header.Set(test.header[i], test.header[i+1])
			}
			w, call := httptest.NewRecorder(), &scheduler.Call{}
			if _, ok := mesoshttp.ReadCall(w, r, call); ok != (test.status == 200) {
				t.Errorf("ok is %t", ok)
			}
			if test.status == 200 {
				if call.GetType() != scheduler.Call_REVIVE {
					t.Errorf("the call is %s", call)
				}
				return
			}
			if w.Code != test.status || !strings.HasPrefix(w.Body.String(), test.want) ||
				!strings.HasSuffix(test.want, ": ") && w.Body.String() != test.want {
				t.Errorf("got %d %q, want %d %q", w.Code, w.Body, test.status, test.want)
			}
		})
	}
}

// TestNegotiate: of two Accept lines the last one counts (spec 8, pitfall 10).
func TestNegotiate(t *testing.T) {
	for _, test := range []struct {
		accept []string
		want   codec.Codec
	}{
		{nil, codec.JSON},
		{[]string{"*/*"}, codec.JSON},
		{[]string{"application/*"}, codec.JSON},
		{[]string{"application/x-protobuf"}, codec.Protobuf},
		{[]string{"application/x-protobuf;q=1.0, application/json;q=0.1"}, codec.JSON},
		{[]string{"application/json;q=0, application/x-protobuf"}, codec.Protobuf},
		{[]string{"application/json", "application/x-protobuf"}, codec.Protobuf},
		{[]string{"text/html"}, ""},
		{[]string{"application/x-protobuf", "application/recordio"}, ""},
	} {
		t.Run(strings.Join(test.accept, " | "), func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
			r.Header["Accept"] = test.accept
			w := httptest.NewRecorder()
			got, ok := mesoshttp.Negotiate(w, r)
			if got != test.want || ok != (test.want != "") || !ok && w.Code != http.StatusNotAcceptable {
				t.Errorf("got %q %d, want %q", got, w.Code, test.want)
			}
		})
	}
}

// TestEveryKindHasAStatus: one that was forgotten would pass for our own fault.
func TestEveryKindHasAStatus(t *testing.T) {
	for _, kind := range fault.Kinds() {
		status := mesoshttp.StatusOf(kind)
		if (status == http.StatusInternalServerError) != (kind == fault.Internal) {
			t.Errorf("%s has status %d", kind, status)
		}
		w := httptest.NewRecorder()
		mesoshttp.WriteError(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil),
			fmt.Errorf("outer: %w", fault.New(kind, "why")))
		if w.Code != status || w.Body.String() != "outer: why" {
			t.Errorf("%s is answered %d %q", kind, w.Code, w.Body)
		}
	}
}

func TestGzipOfAnswers(t *testing.T) {
	large, small := bytes.Repeat([]byte("x"), 1024), bytes.Repeat([]byte("x"), 1023)
	for _, test := range []struct {
		accept string
		body   []byte
		packed bool
	}{
		{"gzip", large, true},
		{"gzip", small, false},
		{"", large, false},
		{"br, gzip;q=0.5", large, true},
		{"gzip;q=0", large, false},
		{"*", large, true},
		{"deflate", large, false},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.Header.Set("Accept-Encoding", test.accept)
		w := httptest.NewRecorder()
		mesoshttp.Write(w, r, http.StatusOK, "text/plain", test.body)
		if got := w.Header().Get("Content-Encoding") == "gzip"; got != test.packed {
			t.Errorf("%d bytes for %q: packed is %t, want %t", len(test.body), test.accept, got, test.packed)
		}
		if got := w.Header().Get("Content-Length"); got != fmt.Sprint(w.Body.Len()) {
			t.Errorf("Content-Length is %s, and there are %d bytes", got, w.Body.Len())
		}
	}
}

// TestListing: empty lists are written where Mesos writes them, and nowhere else.
func TestListing(t *testing.T) {
	for _, test := range []struct {
		m    proto.Message
		want string
	}{
		{
			&master.Response{Type: master.Response_GET_TASKS.Enum(), GetTasks: &master.Response_GetTasks{}},
			`{"type":"GET_TASKS","get_tasks":{"tasks":[],"completed_tasks":[],"unreachable_tasks":[]}}`,
		},
		{
			&master.Response{Type: master.Response_GET_OPERATIONS.Enum(), GetOperations: &master.Response_GetOperations{}},
			`{"type":"GET_OPERATIONS","get_operations":{}}`,
		},
		{&master.Response{Type: master.Response_GET_WEIGHTS.Enum()}, `{"type":"GET_WEIGHTS"}`},
		{&master.Event{Type: master.Event_HEARTBEAT.Enum()}, `{"type":"HEARTBEAT"}`},
		{&master.Event{Type: master.Event_SUBSCRIBED.Enum(), Subscribed: &master.Event_Subscribed{
			HeartbeatIntervalSeconds: proto.Float64(15),
			GetState:                 &master.Response_GetState{GetAgents: &master.Response_GetAgents{}},
		}}, `{"type":"SUBSCRIBED","subscribed":{"heartbeat_interval_seconds":15.0,"get_state":{"get_agents":{"agents":[],"recovered_agents":[]}}}}`},
	} {
		got, err := mesoshttp.MarshalListing(codec.JSON, test.m)
		if err != nil || string(got) != test.want {
			t.Errorf("got %s %v\nwant %s", got, err, test.want)
		}
	}
}
