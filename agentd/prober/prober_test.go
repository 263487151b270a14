package prober

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/check"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/runtime/fake"
	"codeberg.org/reeve/reeve/agentd/workload"
	"codeberg.org/reeve/reeve/shared/slowhost"
)

// patience bounds every wait; nothing here takes a second.
var patience = slowhost.Scale(90 * time.Second)

// helperEnv makes the test binary a server in a network namespace of its own.
const helperEnv = "REEVE_TEST_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(helperEnv) != "" {
		if err := serveAlone(); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// serveAlone brings the loopback device up, says on which port it serves, and ends with its input.
func serveAlone() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	ifreq, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	ifreq.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, ifreq); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr().(*net.TCPAddr).Port)
	go func() {
		_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	}()
	_, err = bufio.NewReader(os.Stdin).ReadString('\n')
	return ignoreEOF(err)
}

func ignoreEOF(err error) error {
	if err != nil && err.Error() == "EOF" {
		return nil
	}
	return err
}

// ask carries out one probe of a container and returns what was found.
func ask(t *testing.T, rt runtime.Execer, eff workload.Probe) check.Result {
	t.Helper()
	answers := make(chan check.Result, 1)
	s := New(t.Context(), Config{
		Runtime: rt, Log: slog.New(slog.DiscardHandler),
		Post: func(_ context.Context, in workload.Input) error { answers <- in.(workload.Probed).Result; return nil },
	})
	defer func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	}()
	s.Do(eff)
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case r := <-answers:
		return r
	case <-timer.C:
		t.Fatal("no answer")
		return check.Result{}
	}
}

func here(p check.Probe) workload.Probe { return workload.Probe{PID: os.Getpid(), Probe: p} }

func portOf(t *testing.T, address string) uint32 {
	t.Helper()
	_, port, err := net.SplitHostPort(strings.TrimPrefix(strings.TrimPrefix(address, "http://"), "https://"))
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(n)
}

func TestHTTP(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/ok", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/sick", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/ok", http.StatusFound) })
	mux.HandleFunc("/slow", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	plain := httptest.NewServer(mux)
	defer plain.Close()
	secure := httptest.NewTLSServer(mux)
	defer secure.Close()
	for name, test := range map[string]struct {
		probe check.Probe
		want  check.Result
	}{
		"answer":   {check.Probe{Path: "/ok", Port: portOf(t, plain.URL)}, check.Result{Answered: true, Code: 200, Why: "HTTP status 200 OK"}},
		"error":    {check.Probe{Path: "/sick", Port: portOf(t, plain.URL)}, check.Result{Answered: true, Code: 503, Why: "HTTP status 503 Service Unavailable"}},
		"redirect": {check.Probe{Path: "/moved", Port: portOf(t, plain.URL)}, check.Result{Answered: true, Code: 200, Why: "HTTP status 200 OK"}},
		"any certificate": {
			check.Probe{Scheme: "https", Path: "/ok", Port: portOf(t, secure.URL)}, check.Result{Answered: true, Code: 200, Why: "HTTP status 200 OK"},
		},
		"silence": {
			check.Probe{Path: "/slow", Port: portOf(t, plain.URL), Timeout: 50 * time.Millisecond}, check.Result{Why: "no answer within 50ms"},
		},
	} {
		test.probe.Kind = check.HTTP
		if got := ask(t, nil, here(test.probe)); got != test.want {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
	}
}

func TestTCP(t *testing.T) {
	for name, address := range map[string]string{"IPv4": "127.0.0.1:0", "IPv6": "[::1]:0"} {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
		if err != nil {
			t.Logf("%s is not there: %v", name, err)
			continue
		}
		probe := check.Probe{Kind: check.TCP, Port: portOf(t, l.Addr().String()), IPv6: name == "IPv6"}
		if got := ask(t, nil, here(probe)); got != (check.Result{Answered: true, Connected: true}) {
			t.Errorf("%s: %+v, want a connection", name, got)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		got := ask(t, nil, here(probe))
		if !got.Answered || got.Connected || !strings.Contains(got.Why, "connection refused") {
			t.Errorf("%s: %+v, want a refusal", name, got)
		}
	}
}

// A container with a network of its own is asked there, and nobody here answers for it.
func TestNetworkNamespace(t *testing.T) {
	before, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() != 0 {
		t.Skip("needs root: a network namespace")
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), helperEnv+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stdin.Close(); err != nil {
			t.Error(err)
		}
		_ = cmd.Wait() // it was asked to end
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	port, perr := strconv.ParseUint(strings.TrimSpace(line), 10, 16)
	if err != nil || perr != nil {
		t.Fatalf("the server says %q: %v", line, err)
	}
	there := workload.Probe{PID: cmd.Process.Pid, Probe: check.Probe{Kind: check.HTTP, Path: "/", Port: uint32(port)}}
	for range 20 { // until it has been on the first thread
		if got := ask(t, nil, there); got.Code != http.StatusTeapot {
			t.Errorf("in its network: %+v, want status 418", got)
		}
	}
	if after, err := os.Readlink("/proc/self/ns/net"); err != nil || after != before {
		t.Errorf("the agent's own network has become %s, %v; before it was %s", after, err, before)
	}
	there.Probe.Kind = check.TCP
	if got := ask(t, nil, there); !got.Connected {
		t.Errorf("in its network: %+v, want a connection", got)
	}
	if got := ask(t, nil, here(there.Probe)); got.Connected {
		t.Error("there is such a server here, too: the test proves nothing")
	}
}

func TestContainerThatEnded(t *testing.T) {
	const nobody = 1 << 30
	got := ask(t, nil, workload.Probe{PID: nobody, Probe: check.Probe{Kind: check.TCP, Port: 80}})
	if got.Connected || got.Why != "the container has ended" {
		t.Errorf("%+v, want that the container has ended", got)
	}
}

func TestCommand(t *testing.T) {
	rt := fake.New(func(spec runtime.Spec) fake.Behaviour {
		switch spec.Argv[0] {
		case "sick":
			return fake.Behaviour{WaitStatus: 3 << 8}
		case "killed":
			return fake.Behaviour{WaitStatus: 9}
		case "well":
			return fake.Behaviour{}
		}
		return fake.Behaviour{Forever: true}
	})
	if _, err := rt.Launch(t.Context(), runtime.Spec{ID: "c", Argv: []string{"serve"}}); err != nil {
		t.Fatal(err)
	}
	for command, want := range map[string]check.Result{
		"well":   {Answered: true},
		"sick":   {Answered: true, ExitCode: 3, Why: "its command exited with status 3"},
		"killed": {Why: "its command was ended by signal 9"},
		"hangs":  {Why: "no answer within 50ms"},
	} {
		probe := workload.Probe{Container: "c", Probe: check.Probe{Kind: check.Command, Argv: []string{command}}}
		if command == "hangs" {
			probe.Probe.Timeout = 50 * time.Millisecond
		}
		if got := ask(t, rt, probe); got != want {
			t.Errorf("%s: %+v, want %+v", command, got, want)
		}
	}
	gone := workload.Probe{Container: "gone", Probe: check.Probe{Kind: check.Command, Argv: []string{"well"}}}
	if got := ask(t, rt, gone); got.Answered || got.Why == "" {
		t.Errorf("in a container that is not there: %+v", got)
	}
}
