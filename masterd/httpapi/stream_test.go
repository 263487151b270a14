package httpapi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/mesosv1/master"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/recordio"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// TestSilentConnectionsStay opens the two connections of a C++ scheduler and leaves both alone for an hour: the first
// call on the second one must still be answered, several sent at once in order, and the stream must beat (spec 8,
// pitfalls 1 and 6).
func TestSilentConnectionsStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dial := newMaster(t).piped(t)
		calls := dial() // opened first, used last
		client := pipeClient(t, dial)
		start := time.Now()
		stream := post(t, client, "http://m/master/api/v1/scheduler", multiRole)
		defer leave(stream)
		id := stream.Header.Get("Mesos-Stream-Id")
		if uuid.Validate(id) != nil {
			t.Fatalf("Mesos-Stream-Id %q is no UUID", id)
		}
		if got := strings.Join(stream.TransferEncoding, ","); got != "chunked" {
			t.Errorf("transfer encoding is %q, want chunked", got)
		}
		events := bufio.NewReader(stream.Body)
		var subscribed struct {
			Type       string
			Subscribed struct {
				Interval  float64 `json:"heartbeat_interval_seconds"`
				Framework struct{ Value string }
			}
		}
		first := record(t, events)
		if err := json.Unmarshal([]byte(strings.ReplaceAll(first, "framework_id", "framework")), &subscribed); err != nil {
			t.Fatal(err)
		}
		if subscribed.Type != "SUBSCRIBED" || subscribed.Subscribed.Interval != 15 {
			t.Errorf("first event is %s", first)
		}
		const hour = 240 // heartbeats
		for beat := range hour + 1 {
			if got := record(t, events); got != `{"type":"HEARTBEAT"}` {
				t.Fatalf("event %d is %s, want a heartbeat", beat, got)
			}
			if got, want := time.Since(start), time.Duration(beat)*15*time.Second; got != want {
				t.Fatalf("heartbeat %d came after %s, want %s", beat, got, want)
			}
		}

		body := fmt.Sprintf(`{"type":"SUPPRESS","framework_id":{"value":%q}}`, subscribed.Subscribed.Framework.Value)
		request := fmt.Sprintf("POST /api/v1/scheduler HTTP/1.1\r\nHost: m\r\nContent-Type: application/json\r\n"+
			"Mesos-Stream-Id: %s\r\nContent-Length: %d\r\n\r\n%s", id, len(body), body)
		go func() { _, _ = calls.Write([]byte(strings.Repeat(request, 3))) }() // a broken pipe fails the reads below
		answers := bufio.NewReader(calls)
		for range 3 {
			answer, err := http.ReadResponse(answers, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := whole(t, answer); answer.StatusCode != http.StatusAccepted || got != "" {
				t.Errorf("answer is %d %q, want 202 and nothing", answer.StatusCode, got)
			}
		}
	})
}

// TestOneChunkPerEvent reads the raw bytes: a record must leave as one chunk as soon as it exists (spec 8, pitfall 2).
func TestOneChunkPerEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMaster(t)
		conn := m.piped(t)()
		go func() {
			_, _ = fmt.Fprintf(conn, "POST /api/v1/scheduler HTTP/1.1\r\nHost: m\r\nAccept-Encoding: gzip\r\nConnection: close\r\n"+
				"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(multiRole), multiRole)
		}()
		from := bufio.NewReader(conn)
		head := ""
		for !strings.HasSuffix(head, "\r\n\r\n") {
			line, err := from.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			head += line
		}
		for _, never := range []string{"Content-Length", "Content-Encoding"} {
			if strings.Contains(head, never) {
				t.Errorf("the head of the stream has %s:\n%s", never, head)
			}
		}
		m.agent(t) // makes an offer, which is a large event
		for i, want := range []string{"SUBSCRIBED", "HEARTBEAT", "OFFERS"} {
			var size int
			if _, err := fmt.Fscanf(from, "%x\r\n", &size); err != nil {
				t.Fatal(err)
			}
			chunk := make([]byte, size+2)
			if _, err := readFull(from, chunk); err != nil {
				t.Fatal(err)
			}
			length, json, _ := strings.Cut(string(chunk[:size]), "\n")
			if length != fmt.Sprint(len(json)) || !strings.HasPrefix(json, `{"type":"`+want+`"`) {
				t.Errorf("chunk %d is %q, want one record with %s", i, chunk, want)
			}
		}
	})
}

func readFull(from *bufio.Reader, into []byte) (int, error) {
	n := 0
	for n < len(into) {
		k, err := from.Read(into[n:])
		if err != nil {
			return n, err
		}
		n += k
	}
	return n, nil
}

func TestProtobufStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := pipeClient(t, newMaster(t).piped(t))
		call := &scheduler.Call{}
		if err := codec.JSON.Unmarshal([]byte(multiRole), call); err != nil {
			t.Fatal(err)
		}
		body, err := proto.Marshal(call)
		if err != nil {
			t.Fatal(err)
		}
		answer := post(t, client, "http://m/api/v1/scheduler", string(body),
			"Content-Type", "application/x-protobuf", "Accept", "application/x-protobuf")
		defer leave(answer)
		if got := answer.Header.Get("Content-Type"); got != "application/x-protobuf" {
			t.Errorf("Content-Type is %q", got)
		}
		data, err := recordio.NewReader(answer.Body, 1<<20).Read()
		if err != nil {
			t.Fatal(err)
		}
		event := &scheduler.Event{}
		if err := proto.Unmarshal(data, event); err != nil {
			t.Fatal(err)
		}
		if event.GetType() != scheduler.Event_SUBSCRIBED {
			t.Errorf("first event is %s", event)
		}
	})
}

// TestTeardownEndsTheStream: a framework that tears itself down gets 202 and then the end of its stream.
func TestTeardownEndsTheStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := pipeClient(t, newMaster(t).piped(t))
		stream := post(t, client, "http://m/api/v1/scheduler", multiRole)
		events := bufio.NewReader(stream.Body)
		var event struct {
			Subscribed struct {
				Framework struct{ Value string }
			}
		}
		first := strings.ReplaceAll(record(t, events), "framework_id", "framework")
		if err := json.Unmarshal([]byte(first), &event); err != nil {
			t.Fatal(err)
		}
		body := fmt.Sprintf(`{"type":"TEARDOWN","framework_id":{"value":%q}}`, event.Subscribed.Framework.Value)
		answer := post(t, client, "http://m/api/v1/scheduler", body, "Mesos-Stream-Id", stream.Header.Get("Mesos-Stream-Id"))
		if got := whole(t, answer); answer.StatusCode != http.StatusAccepted || got != "" {
			t.Errorf("answer is %d %q, want 202 and nothing", answer.StatusCode, got)
		}
		defer leave(stream)
		whole(t, stream) // fails unless the stream ends in order
	})
}

// TestLeavingFrameworkIsNoticed: with failover_timeout 0 a framework ends when its stream does.
func TestLeavingFrameworkIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMaster(t)
		client := pipeClient(t, m.piped(t))
		stream := post(t, client, "http://m/api/v1/scheduler", multiRole)
		record(t, bufio.NewReader(stream.Body))
		if err := stream.Body.Close(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		v, err := m.term.View(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range v.Frameworks {
			if f.Info.GetName() == "errs" {
				t.Error("the framework is still there")
			}
		}
	})
}

func TestOperatorStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMaster(t)
		m.agent(t)
		client := pipeClient(t, m.piped(t))
		synctest.Wait()
		start := time.Now()
		answer := post(t, client, "http://m/api/v1", `{"type":"SUBSCRIBE"}`)
		defer leave(answer)
		if _, ok := answer.Header["Mesos-Stream-Id"]; ok {
			t.Error("an operator stream has a Mesos-Stream-Id")
		}
		events := bufio.NewReader(answer.Body)
		first := record(t, events)
		for _, want := range []string{`{"type":"SUBSCRIBED"`, `"heartbeat_interval_seconds":15.0`, `"completed_tasks":[]`, `"recovered_agents":[]`, `"hostname":"127.0.0.1"`} {
			if !strings.Contains(first, want) {
				t.Errorf("the first event lacks %s: %s", want, first)
			}
		}
		if got := record(t, events); got != `{"type":"HEARTBEAT"}` || time.Since(start) != 0 {
			t.Errorf("second event is %s after %s, want a heartbeat at once", got, time.Since(start))
		}
		stream := post(t, client, "http://m/api/v1/scheduler", multiRole)
		defer func() { _ = stream.Body.Close() }() // the test is over
		var added master.Event
		if err := codec.JSON.Unmarshal([]byte(record(t, events)), &added); err != nil {
			t.Fatal(err)
		}
		if got := added.GetFrameworkAdded().GetFramework().GetFrameworkInfo().GetName(); got != "errs" {
			t.Errorf("the event is %s, want FRAMEWORK_ADDED", &added)
		}
		if got := record(t, events); got != `{"type":"HEARTBEAT"}` || time.Since(start) != 15*time.Second {
			t.Errorf("event is %s after %s, want a heartbeat after 15s", got, time.Since(start))
		}
	})
}

// TestWatch: a snapshot, then what changes within a tenth of a second, and a line every five seconds.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMaster(t)
		client := pipeClient(t, m.piped(t))
		answer, err := client.Get("http://m/reeve/v1/watch")
		if err != nil {
			t.Fatal(err)
		}
		defer leave(answer)
		lines := bufio.NewReader(answer.Body)
		next := func() reeveapi.Watch {
			t.Helper()
			text, err := lines.ReadBytes('\n')
			if err != nil {
				t.Fatal(err)
			}
			var line reeveapi.Watch
			if err := json.Unmarshal(text, &line); err != nil {
				t.Fatal(err)
			}
			return line
		}
		if first := next(); !first.Snapshot || first.Cluster.Leader != "one" || first.Cluster.Term != 3 {
			t.Errorf("first line is %+v", first)
		}
		start := time.Now()
		if line := next(); len(line.Agents)+len(line.Tasks)+len(line.Events) > 0 || time.Since(start) != 5*time.Second {
			t.Errorf("line after %s is %+v, want an empty one after 5s", time.Since(start), line)
		}
		start = time.Now()
		m.agent(t)
		line := next()
		if len(line.Agents) != 1 || line.Agents[0].Name != "127.0.0.1" || time.Since(start) > 100*time.Millisecond {
			t.Errorf("line after %s is %+v, want the agent within 100ms", time.Since(start), line)
		}
		if line.Snapshot || line.Cluster == nil || line.Cluster.Total.CPUs != 8 {
			t.Errorf("figures of the line are %+v", line.Cluster)
		}
	})
}

// TestStreamsEndWithTheTerm: whoever reads a stream of a leader that steps down must learn of it.
func TestStreamsEndWithTheTerm(t *testing.T) {
	for name, request := range map[string]struct{ path, body string }{
		"framework": {"/api/v1/scheduler", multiRole},
		"operator":  {"/api/v1", `{"type":"SUBSCRIBE"}`},
		"watch":     {"/reeve/v1/watch", ""},
		"events":    {"/reeve/v1/events?follow=1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				m := newMasterUntil(ctx, t)
				client, answer := pipeClient(t, m.piped(t)), (*http.Response)(nil)
				if request.body == "" {
					answer = get(t, client, "http://m"+request.path)
				} else {
					answer = post(t, client, "http://m"+request.path, request.body)
				}
				synctest.Wait()
				cancel()
				whole(t, answer)
			})
		})
	}
}
