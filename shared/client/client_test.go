package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/agent"
	"codeberg.org/reeve/reeve/shared/mesosv1/master"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/recordio"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// serve starts a peer and returns its address.
func serve(t *testing.T, handle http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

func connect(t *testing.T, masters ...string) *client.Client {
	t.Helper()
	c, err := client.New(client.Options{Masters: masters, Principal: "p", Secret: "s"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// nowhere is an address at which nobody listens.
func nowhere(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }() // it was never used
	return l.Addr().String()
}

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value) // the test fails at the other end
}

func TestNew(t *testing.T) {
	for _, masters := range [][]string{nil, {"a"}, {"a:"}, {":5050"}, {"zk://a:2181/x"}, {"a:b"}, {"a:0"}, {"a:70000"}, {"ftp://a:5050"}} {
		if _, err := client.New(client.Options{Masters: masters}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("New(%q): %v, want an error of kind %v", masters, err, fault.Invalid)
		}
	}
	if diff := cmp.Diff([]string{"a:1", "b:2"}, client.Masters(" a:1,,b:2 ")); diff != "" {
		t.Errorf("Masters (-want +got):\n%s", diff)
	}
}

// A dead master is passed over, a standby sends us on with the body, and the leader is asked directly from then on.
func TestFindsTheLeader(t *testing.T) {
	var asked atomic.Int32
	leader := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		user, password, _ := r.BasicAuth()
		if got, want := r.Method+" "+r.URL.String()+" "+string(body)+" "+user+" "+password, `POST /reeve/v1/jobs/a%2Fb/stop  p s`; got != want {
			t.Errorf("the leader was asked %q, want %q", got, want)
		}
		w.WriteHeader(http.StatusAccepted)
	})
	standby := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		w.Header().Set("Location", "//"+leader+r.URL.String())
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	dead := nowhere(t)
	c := connect(t, dead, standby)
	if got := c.Master(); got != dead {
		t.Errorf("Master() = %s before the first request, want %s", got, dead)
	}
	for range 3 {
		if err := c.StopJob(t.Context(), "a/b"); err != nil {
			t.Fatal(err)
		}
	}
	if got := asked.Load(); got != 1 {
		t.Errorf("the standby was asked %d times, want once", got)
	}
	if got := c.Master(); got != leader {
		t.Errorf("Master() = %s, want %s", got, leader)
	}
}

// While masters answer but none leads, the client asks again; if nobody answers, it says so at once.
func TestWaitsForALeader(t *testing.T) {
	var asked atomic.Int32
	m := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) < 3 {
			http.Error(w, "No leader elected", http.StatusServiceUnavailable)
			return
		}
		writeJSON(w, []reeveapi.Agent{{ID: "a"}})
	})
	agents, err := connect(t, nowhere(t), m).Agents(t.Context())
	if err != nil || len(agents) != 1 || agents[0].ID != "a" {
		t.Errorf("Agents() = %v, %v", agents, err)
	}
	_, err = connect(t, nowhere(t), nowhere(t)).Agents(t.Context())
	if fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "no master can be reached at 127.0.0.1") {
		t.Errorf("without any master: %v", err)
	}
}

// Whoever gives up waiting hears what the masters said, also when the time is over in the middle of a later request.
func TestWaitsInVain(t *testing.T) {
	nobody := func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "No leader elected", http.StatusServiceUnavailable)
	}
	var asked atomic.Int32
	for name, master := range map[string]struct {
		handle http.HandlerFunc
		want   string
	}{
		"none leads": {nobody, "No leader elected"},
		"none leads, then silence": {func(w http.ResponseWriter, r *http.Request) {
			if asked.Add(1) == 1 {
				nobody(w, r)
				return
			}
			<-r.Context().Done()
		}, "No leader elected"},
		"they send each other on": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "//pipe:1"+r.URL.String())
			w.WriteHeader(http.StatusTemporaryRedirect)
		}, "disagree"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				_, err := piped(t, master.handle).Agents(ctx)
				if fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), master.want) {
					t.Errorf("Agents() fails with %v, want %q", err, master.want)
				}
			})
		})
	}
}

// A standby that still sends on to a leader that has just died is worth asking again, also with what is not to be said twice.
func TestTheLeaderHasJustDied(t *testing.T) {
	var asked atomic.Int32
	dead := nowhere(t)
	standby := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) < 3 {
			w.Header().Set("Location", "//"+dead+r.URL.String())
			w.WriteHeader(http.StatusTemporaryRedirect)
			return
		}
		writeJSON(w, reeveapi.Job{})
	})
	if _, err := connect(t, dead, standby).SubmitJob(t.Context(), reeveapi.JobSpec{Name: "j"}); err != nil || asked.Load() != 3 {
		t.Errorf("SubmitJob: %v after %d requests", err, asked.Load())
	}
	asked.Store(-1000)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := connect(t, standby).Agents(ctx); err == nil || !strings.Contains(err.Error(), "is said to be "+dead) {
		t.Errorf("a leader that stays away: %v", err)
	}
}

// A request that may have taken effect is never sent again; one that changes nothing is.
func TestLostAnswers(t *testing.T) {
	var asked atomic.Int32
	m := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 1 {
			panic(http.ErrAbortHandler)
		}
		writeJSON(w, reeveapi.Cluster{Name: "c"})
	})
	cluster, err := connect(t, m).Cluster(t.Context())
	if err != nil || cluster.Name != "c" || asked.Load() != 2 {
		t.Errorf("Cluster() = %v, %v after %d requests", cluster, err, asked.Load())
	}
	asked.Store(0)
	if err := connect(t, m).DrainAgent(t.Context(), "a", -1, false); err != nil || asked.Load() != 2 {
		t.Errorf("DrainAgent, which may be said twice: %v after %d requests", err, asked.Load())
	}
	asked.Store(0)
	_, err = connect(t, m).SubmitJob(t.Context(), reeveapi.JobSpec{Name: "j"})
	if fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "look whether it took effect") || asked.Load() != 1 {
		t.Errorf("SubmitJob: %v after %d requests", err, asked.Load())
	}
}

func TestRefusals(t *testing.T) {
	for status, want := range map[int]fault.Kind{
		400: fault.Invalid, 401: fault.Unauthenticated, 403: fault.Forbidden, 404: fault.NotFound, 405: fault.Invalid, 406: fault.Invalid,
		409: fault.Conflict, 413: fault.Invalid, 415: fault.Invalid, 429: fault.Exhausted, 500: fault.Internal, 501: fault.Unsupported, 302: fault.Internal,
	} {
		m := serve(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "because", status) })
		err := connect(t, m).KillTask(t.Context(), "f", "t", -1)
		if fault.KindOf(err) != want || err.Error() != "because" {
			t.Errorf("%d: %v of kind %v, want kind %v", status, err, fault.KindOf(err), want)
		}
	}
	for body, want := range map[string]string{
		`{"error":"job \"j\" exists","kind":"conflict"}`: `job "j" exists`,
		"": "the answer was 400 Bad Request, without an explanation",
	} {
		m := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, body) // the test fails at the other end
		})
		err := connect(t, m).RemoveJob(t.Context(), "j")
		if err == nil || err.Error() != want || body != "" && fault.KindOf(err) != fault.Conflict {
			t.Errorf("%q: %v of kind %v, want %q", body, err, fault.KindOf(err), want)
		}
	}
}

func TestOperator(t *testing.T) {
	m := serve(t, func(w http.ResponseWriter, r *http.Request) {
		call := &master.Call{}
		body, _ := io.ReadAll(r.Body)
		if err := codec.Protobuf.Unmarshal(body, call); err != nil || r.URL.Path != "/api/v1" {
			t.Errorf("%s: %v", r.URL, err)
		}
		if call.GetType() == master.Call_GET_HEALTH {
			w.Header().Set("Content-Type", codec.JSON.MediaType())
			_, _ = io.WriteString(w, `{"type":"GET_HEALTH","get_health":{"healthy":true}}`) // the test fails at the other end
			return
		}
		w.WriteHeader(http.StatusAccepted)
	})
	c := connect(t, m)
	got, err := c.Operator(t.Context(), &master.Call{Type: master.Call_GET_HEALTH.Enum()})
	want := &master.Response{Type: master.Response_GET_HEALTH.Enum(), GetHealth: &master.Response_GetHealth{Healthy: new(true)}}
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	got, err = c.Operator(t.Context(), &master.Call{Type: master.Call_RESERVE_RESOURCES.Enum()})
	if diff := cmp.Diff(&master.Response{}, got, protocmp.Transform()); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// streamEvents writes events as a master does.
func streamEvents(t *testing.T, w http.ResponseWriter, form codec.Codec, events ...*scheduler.Event) {
	t.Helper()
	w.Header().Set("Content-Type", form.MediaType())
	out := recordio.NewWriter(w, http.NewResponseController(w).Flush)
	for _, event := range events {
		record, err := form.Marshal(event)
		if err == nil {
			err = out.Write(record)
		}
		if err != nil {
			t.Error(err)
		}
	}
}

func TestScheduler(t *testing.T) {
	sent := make(chan *scheduler.Call, 1)
	m := serve(t, func(w http.ResponseWriter, r *http.Request) {
		call := &scheduler.Call{}
		body, _ := io.ReadAll(r.Body)
		if err := codec.JSON.Unmarshal(body, call); err != nil {
			t.Error(err)
		}
		switch {
		case call.GetType() != scheduler.Call_SUBSCRIBE && r.Header.Get("Mesos-Stream-Id") != "id":
			http.Error(w, "wrong stream", http.StatusBadRequest)
		case call.GetType() == scheduler.Call_SUBSCRIBE:
			w.Header().Set("Mesos-Stream-Id", "id")
			streamEvents(t, w, codec.JSON, &scheduler.Event{
				Type:       scheduler.Event_SUBSCRIBED.Enum(),
				Subscribed: &scheduler.Event_Subscribed{FrameworkId: &mesosv1.FrameworkID{Value: new("f")}},
			})
		case call.GetType() == scheduler.Call_TEARDOWN:
			http.Error(w, "Framework is not subscribed", http.StatusForbidden)
		default:
			sent <- call
			w.WriteHeader(http.StatusAccepted)
		}
	})
	s, err := connect(t, m).Subscribe(t.Context(), &scheduler.Call{Type: scheduler.Call_SUBSCRIBE.Enum()}, codec.JSON)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if e, err := s.Recv(); err != nil || e.GetSubscribed().GetFrameworkId().GetValue() != "f" || s.Master() != m {
		t.Fatalf("%v, %v from %s", e, err, s.Master())
	}
	if err := s.Send(t.Context(), &scheduler.Call{Type: scheduler.Call_REVIVE.Enum()}); err != nil {
		t.Fatal(err)
	}
	if got := (<-sent).GetFrameworkId().GetValue(); got != "f" {
		t.Errorf("the call has framework id %q, want f", got)
	}
	if err := s.Send(t.Context(), &scheduler.Call{Type: scheduler.Call_TEARDOWN.Enum()}); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("a refused call: %v", err)
	}
	if _, err := s.Recv(); fault.KindOf(err) != fault.Unavailable || !errors.Is(err, io.EOF) {
		t.Errorf("the end of the stream: %v", err)
	}
}

func TestWatch(t *testing.T) {
	m := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/reeve/v1/events" {
			_, _ = fmt.Fprintf(w, "{\"seq\":8}\n\n{\"seq\":9}\n") // the test fails at the other end
			return
		}
		_, _ = fmt.Fprintf(w, "{\"snapshot\":true,\"version\":1,\"agents\":[{\"id\":%q}]}\n{\"version\":2}\n", strings.Repeat("a", 100_000)) // as above
	})
	c := connect(t, m)
	var versions []uint64
	err := c.Watch(t.Context(), func(w *reeveapi.Watch) error {
		versions = append(versions, w.Version)
		return nil
	})
	if diff := cmp.Diff([]uint64{1, 2}, versions); diff != "" || fault.KindOf(err) != fault.Unavailable {
		t.Errorf("%v, versions (-want +got):\n%s", err, diff)
	}
	enough := errors.New("enough")
	if err := c.Watch(t.Context(), func(*reeveapi.Watch) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("a callback's error came back as %v", err)
	}
	var seqs []uint64
	err = c.FollowEvents(t.Context(), 7, func(e *reeveapi.Event) error {
		seqs = append(seqs, e.Seq)
		return nil
	})
	if diff := cmp.Diff([]uint64{8, 9}, seqs); diff != "" || fault.KindOf(err) != fault.Unavailable {
		t.Errorf("%v, events (-want +got):\n%s", err, diff)
	}
}

func TestAgent(t *testing.T) {
	content := bytes.Repeat([]byte{0, 0xff, '\n'}, 100)
	a := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/reeve/v1/usage":
			writeJSON(w, reeveapi.Usage{Tasks: map[string]reeveapi.TaskUsage{r.URL.RawQuery: {CPUs: 1}}})
		case "/files/download":
			_, _ = w.Write(content) // the test fails at the other end
		case "/api/v1":
			call := &agent.Call{}
			body, _ := io.ReadAll(r.Body)
			if err := codec.Protobuf.Unmarshal(body, call); err != nil {
				t.Error(err)
			}
			offset := call.GetReadFile().GetOffset()
			answer, _ := codec.Protobuf.Marshal(&agent.Response{ReadFile: &agent.Response_ReadFile{
				Size: new(uint64(len(content))), Data: content[offset : offset+call.GetReadFile().GetLength()],
			}, ListFiles: &agent.Response_ListFiles{FileInfos: []*mesosv1.FileInfo{{Path: new("/x")}}}})
			w.Header().Set("Content-Type", codec.Protobuf.MediaType())
			_, _ = w.Write(answer) // as above
		}
	})
	c := connect(t, nowhere(t)) // no master is needed
	data, size, err := c.ReadFile(t.Context(), a, "/s/stdout", 3, 4)
	if err != nil || size != 300 || !bytes.Equal(data, content[3:7]) {
		t.Errorf("ReadFile = %q, %d, %v", data, size, err)
	}
	data, size, err = c.ReadFile(t.Context(), a, "/s/stdout", client.EndOfFile, 4)
	if err != nil || size != 300 || len(data) != 0 {
		t.Errorf("ReadFile at the end = %q, %d, %v", data, size, err)
	}
	if _, _, err := c.ReadFile(t.Context(), a, "/s/stdout", -2, 4); fault.KindOf(err) != fault.Invalid {
		t.Errorf("ReadFile at -2: %v", err)
	}
	if files, err := c.ListFiles(t.Context(), a, "/s"); err != nil || len(files) != 1 {
		t.Errorf("ListFiles = %v, %v", files, err)
	}
	var out bytes.Buffer
	if n, err := c.Download(t.Context(), a, "/s/a b", &out); err != nil || n != 300 || !bytes.Equal(out.Bytes(), content) {
		t.Errorf("Download = %d, %v", n, err)
	}
	for query, ask := range map[string]func() (*reeveapi.Usage, error){
		"":                        func() (*reeveapi.Usage, error) { return c.Usage(t.Context(), a, 0) },
		"history=30m0s":           func() (*reeveapi.Usage, error) { return c.Usage(t.Context(), a, 30*time.Minute) },
		"history=1m0s&task=f%2Ft": func() (*reeveapi.Usage, error) { return c.TaskUsage(t.Context(), a, "f", "t", time.Minute) },
	} {
		usage, err := ask()
		if err != nil || usage.Tasks[query].CPUs != 1 {
			t.Errorf("usage with %q: %v, %v", query, usage, err)
		}
	}
	if _, err := c.ListFiles(t.Context(), nowhere(t), "/s"); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("an agent that is down: %v", err)
	}
}

// A master that is gone without a word is noticed: after 15 s on a watch, after five heartbeats on a scheduler's stream.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := piped(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Mesos-Stream-Id", "id")
			_ = http.NewResponseController(w).Flush() // the test fails at the other end
			<-r.Context().Done()
		})
		start := time.Now()
		err := c.Watch(t.Context(), func(*reeveapi.Watch) error { return nil })
		if got := time.Since(start); got != 15*time.Second || fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "said nothing for 15s") {
			t.Errorf("Watch ended after %v: %v", got, err)
		}
		s, err := c.Subscribe(t.Context(), &scheduler.Call{Type: scheduler.Call_SUBSCRIBE.Enum()}, codec.JSON)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		start = time.Now()
		if _, err = s.Recv(); time.Since(start) != 75*time.Second || fault.KindOf(err) != fault.Unavailable {
			t.Errorf("Recv ended after %v: %v", time.Since(start), err)
		}
	})
}

// piped returns a client of a peer at the other end of pipes, which are all that a bubble of synctest can see.
func piped(t *testing.T, handle http.HandlerFunc) *client.Client {
	t.Helper()
	listener := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: handle}
	served := make(chan error, 1) // the one result of Serve
	go func() { served <- server.Serve(listener) }()
	c, err := client.New(client.Options{Masters: []string{"pipe:1"}, Dial: listener.dial})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		_ = server.Close() // its listener's Close can't fail
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return c
}

// pipes is a listener in memory.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p *pipes) dial(ctx context.Context, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// TestManyTasks: lists come unpacked from this machine, and one that cannot be read is an error.
func TestManyTasks(t *testing.T) {
	answer := `[{"id":"a","labels":{"x":"y"}},{"id":"b","new":1}]`
	peer := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Accept-Encoding"); got != "identity" {
			t.Errorf("asked for the encoding %q", got)
		}
		_, _ = io.WriteString(w, answer) // the test fails at the other end
	})
	got, err := connect(t, peer).Tasks(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]reeveapi.Task{{ID: "a", Labels: map[string]string{"x": "y"}}, {ID: "b"}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	answer = `[{"id":"a"`
	if _, err := connect(t, peer).Tasks(t.Context()); fault.KindOf(err) != fault.Internal {
		t.Errorf("half an answer: %v", err)
	}
}

// TestWatchRests checks that what comes during a rest is read after it, all at once, and that a rest ends with its stream.
func TestWatchRests(t *testing.T) {
	more := make(chan int)
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for n := range more {
			for range n {
				_, _ = io.WriteString(w, "{}\n") // the test sees what is missing
			}
			w.(http.Flusher).Flush()
		}
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var lines atomic.Int32
	rests, read := make(chan int32), make(chan bool)
	restful := client.WithRest(ctx, func(_ time.Duration, over <-chan struct{}) {
		if lines.Load() == 0 {
			return
		}
		select {
		case rests <- lines.Load():
		case <-over:
			return
		}
		select {
		case <-read:
		case <-over:
		}
	})
	ended := make(chan error, 1)
	go func() {
		ended <- connect(t, address).Watch(restful, func(*reeveapi.Watch) error { lines.Add(1); return nil })
	}()
	more <- 1
	if got := <-rests; got != 1 {
		t.Errorf("it rests after %d lines, want 1", got)
	}
	more <- 2
	more <- 3
	more <- 0 // the three were written
	if got := lines.Load(); got != 1 {
		t.Errorf("%d lines were read during a rest", got-1)
	}
	read <- true
	for got := <-rests; got != 6; got = <-rests { // the network may bring them in parts
		read <- true
	}
	close(more)
	cancel()
	if err := <-ended; err == nil {
		t.Error("the stream ended without an error")
	}
}
