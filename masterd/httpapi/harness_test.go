package httpapi_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/masterd/httpapi"
	"codeberg.org/reeve/reeve/masterd/jobs"
	"codeberg.org/reeve/reeve/masterd/mastersapi"
	"codeberg.org/reeve/reeve/masterd/outbox"
	"codeberg.org/reeve/reeve/masterd/registry"
	"codeberg.org/reeve/reeve/masterd/term"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/mesoshttp"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/metrics"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/resources"
)

// master is the edge before a real term, as much of a master as this package needs.
type testMaster struct {
	term    *term.Term // nil: stands by
	leader  *mesosv1.MasterInfo
	roots   map[string]string
	auth    httpapi.Auth
	handler http.Handler
	metrics *metrics.Set
}

func masterInfo(port int) *mesosv1.MasterInfo {
	return &mesosv1.MasterInfo{
		Id: new("m"), Ip: proto.Uint32(16777343), Port: new(uint32(port)),
		Pid: new("master@127.0.0.1:" + map[int]string{15050: "15050", 15060: "15060"}[port]), Hostname: new("127.0.0.1"),
	}
}

// newMaster returns a master that leads, and whose term ends with the test.
func newMaster(t *testing.T) *testMaster {
	t.Helper()
	return newMasterUntil(context.Background(), t)
}

// newMasterUntil returns a master that leads until ctx ends.
func newMasterUntil(ctx context.Context, t *testing.T) *testMaster {
	t.Helper()
	return newMasterOf(ctx, t, &registry.State{})
}

// newMasterOf returns a master that knows what the registry says, and leads until ctx ends.
func newMasterOf(ctx context.Context, t *testing.T, known *registry.State) *testMaster {
	t.Helper()
	m := &testMaster{leader: masterInfo(15050), metrics: metrics.New()}
	m.term = term.New(term.Config{
		Number: 3, Elected: time.Now(),
		Cluster:  cluster.Config{MasterID: "m", MasterInfo: masterInfo(15050), Seed: 1},
		Jobs:     jobs.Config{},
		Registry: known,
		Apply:    func(context.Context, []registry.Op) error { return nil },
		Metrics:  m.metrics, Logger: slog.New(slog.DiscardHandler),
	})
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1) // the one result of Run
	go func() { ended <- m.term.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	m.build()
	return m
}

// newStandby returns a master that does not lead; leader may be nil.
func newStandby(leader *mesosv1.MasterInfo) *testMaster {
	m := &testMaster{leader: leader, metrics: metrics.New()}
	m.build()
	return m
}

// build makes the handler; it must be called again after a change of the fields.
func (m *testMaster) build() {
	m.handler = httpapi.New(httpapi.Config{
		Term: func() httpapi.Term {
			if m.term == nil {
				return nil
			}
			return m.term
		},
		Info:   func() *mesosv1.MasterInfo { return masterInfo(15050) },
		Leader: func() *mesosv1.MasterInfo { return m.leader },
		Peers: mastersapi.Config{
			Name: "one", Masters: func() []reeveapi.Master { return []reeveapi.Master{{Name: "one", State: "leading"}} },
			Members: func() []reeveapi.Member {
				return []reeveapi.Member{{Name: "one", Kind: "master", State: reeveapi.MemberAlive}}
			},
		},
		Cluster: func() (string, string) { return "test", "cluster-id" },
		Name:    "one", Started: time.Now(), Flags: map[string]string{"work-dir": "/w"}, Metrics: m.metrics,
		Roots: func() map[string]string { return m.roots }, Auth: m.auth, Logger: slog.New(slog.DiscardHandler),
	})
}

// agent registers an agent with 8 cpus, waits until it is in, and returns its link.
func (m *testMaster) agent(t *testing.T) *outbox.Box[*agentlink.FromMaster] {
	t.Helper()
	box := m.term.ConnectAgent(1)
	t.Cleanup(box.Hangup)
	err := m.term.Post(t.Context(), cluster.AgentRegister{Conn: 1, PeerIP: "127.0.0.1", Register: &agentlink.Register{
		LinkVersion: 1, Version: "0.1.0", BootId: "b", HttpAddress: "127.0.0.1:15051",
		AgentInfo: &mesosv1.AgentInfo{
			Hostname: new("127.0.0.1"), Port: proto.Int32(15051),
			Resources: resources.MustParse("cpus:8;mem:8192;disk:10240;ports:[31000-32000]").Proto(),
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	<-box.Ready() // it is told that it is registered
	return box
}

// pipes is a listener whose connections are pipes, so that a server runs in a bubble of synctest.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.done); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

// piped serves the master inside a bubble and returns a way to dial it.
func (m *testMaster) piped(t *testing.T) (dial func() net.Conn) {
	t.Helper()
	p := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1) // the one result of Serve
	go func() {
		ended <- mesoshttp.Serve(ctx, mesoshttp.NewServer(m.handler, slog.New(slog.DiscardHandler)), p)
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	return func() net.Conn {
		ours, theirs := net.Pipe()
		p.conns <- theirs
		t.Cleanup(func() { _ = ours.Close() })
		return ours
	}
}

// client sends requests over pipes.
func pipeClient(t *testing.T, dial func() net.Conn) *http.Client {
	t.Helper()
	transport := &http.Transport{
		DisableCompression: true,
		DialContext:        func(context.Context, string, string) (net.Conn, error) { return dial(), nil },
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// post sends a JSON body. The caller closes the answer.
func post(t *testing.T, c *http.Client, url, body string, header ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// get asks. The caller closes the answer.
func get(t *testing.T, c *http.Client, url string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// leave closes a stream from the client's side.
func leave(r *http.Response) { _ = r.Body.Close() }

// whole reads an answer to its end.
func whole(t *testing.T, r *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return string(body)
}
