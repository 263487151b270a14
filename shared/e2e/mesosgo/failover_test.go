package mesosgo

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// many tasks take some ten seconds, because offers are asked for again once a second and ten tasks fit into one.
const many = 100

// TestExampleSchedulerThroughALeadersDeath kills the leading master while mesos-go's example scheduler has tasks under way. The
// scheduler knows one address, which leads to whoever leads, as a name or a balancer would; it never asks what became of a call
// that nobody answered, so its executor is stopped first, until it has nothing to say.
func TestExampleSchedulerThroughALeadersDeath(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: the agent of this test runs full containers")
	}
	bin, dir := t.TempDir(), filepath.Join(t.TempDir(), "c")
	build(t, ".", filepath.Join(bin, "scheduler"), "github.com/mesos/mesos-go/api/v1/cmd/example-scheduler")
	build(t, ".", filepath.Join(bin, "executor"), "github.com/mesos/mesos-go/api/v1/cmd/example-executor")
	at := startMasters(t, bin, dir, "1", "--masters=3", "--restart")
	leader, _ := leaderOf(t.Context(), at)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "scheduler"),
		"-url=http://"+balance(t, at)+"/api/v1/scheduler", "-exec.image=", "-tasks="+strconv.Itoa(many), "-executor="+filepath.Join(bin, "executor"),
		"-cpu=0.1", "-memory=16", "-failoverTimeout=1h", "-metrics.port=0", "-verbose", "-revive.burst=1", "-revive.wait=1s")
	out, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &watched{t: t, lines: make(chan string, 10_000)}
	go func() {
		defer close(s.lines)
		for scan := bufio.NewScanner(out); scan.Scan(); {
			s.lines <- scan.Text()
		}
	}()
	s.until(ctx, "is in state TASK_FINISHED")
	executor := processOf(t, "MESOS_AGENT_ENDPOINT="+at.agent)
	signal(t, executor, syscall.SIGSTOP)
	defer func() { _ = syscall.Kill(executor, syscall.SIGCONT) }() // however this ends
	s.quiet(2 * time.Second)
	if s.count("is in state TASK_FINISHED") >= many {
		t.Fatal("everything had finished before the leader was killed: nothing was tested")
	}
	signal(t, processOf(t, "", filepath.Join(dir, "masters-3", leader)+"\x00"), syscall.SIGKILL)
	s.until(ctx, "type:SUBSCRIBED", "Type:SUBSCRIBED")
	signal(t, executor, syscall.SIGCONT)
	s.until(ctx, "mission accomplished, terminating")
	for range s.lines {
	}
	_ = cmd.Wait() // it always reports that it cancelled itself
	for i := 1; i <= many; i++ {
		for _, state := range []string{"TASK_RUNNING", "TASK_FINISHED"} {
			if want := fmt.Sprintf("Task %d is in state %s", i, state); s.count(want) != 1 {
				t.Errorf("%q: seen %d times, want once", want, s.count(want))
			}
		}
	}
}

// watched is what a program prints.
type watched struct {
	t     *testing.T
	lines chan string
	seen  []string
}

// until reads lines until one has one of the texts.
func (w *watched) until(ctx context.Context, texts ...string) {
	w.t.Helper()
	for {
		select {
		case line, ok := <-w.lines:
			if !ok {
				w.t.Fatalf("it ended without %q:\n%s", texts, w.tail())
			}
			w.seen = append(w.seen, line)
			if slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(line, text) }) {
				return
			}
		case <-ctx.Done():
			w.t.Fatalf("it did not print %q:\n%s", texts, w.tail())
		}
	}
}

// quiet reads lines until none but heartbeats came for a while.
func (w *watched) quiet(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case line, ok := <-w.lines:
			if !ok {
				return
			}
			w.seen = append(w.seen, line)
			timer.Reset(d)
		case <-timer.C:
			return
		}
	}
}

func (w *watched) tail() string { return strings.Join(w.seen[max(0, len(w.seen)-40):], "\n") }

// count is in how many lines a text ends.
func (w *watched) count(text string) int {
	n := 0
	for _, line := range w.seen {
		if strings.HasSuffix(line, text) {
			n++
		}
	}
	return n
}

// leaderOf returns the name and the address of the leading master, "" while there is none.
func leaderOf(ctx context.Context, at clusterAt) (name, address string) {
	for any := range strings.SplitSeq(at.masters, ",") {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+any+"/reeve/v1/masters", http.NoBody)
		if err != nil {
			return "", ""
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			continue // it is the dead one
		}
		var masters []struct{ Name, HTTP, State string }
		err = json.NewDecoder(answer.Body).Decode(&masters)
		_ = answer.Body.Close()
		if err != nil {
			continue
		}
		for _, m := range masters {
			if m.State == "leading" {
				return m.Name, m.HTTP
			}
		}
	}
	return "", ""
}

// balance listens until the test ends, and connects everybody with the leading master of the moment.
func balance(t *testing.T, at clusterAt) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = client.Close() }()
				_, leader := leaderOf(t.Context(), at)
				server, err := net.DialTimeout("tcp", leader, 5*time.Second)
				if err != nil {
					return
				}
				go func() {
					_, _ = io.Copy(server, client) // whoever ends it
					_ = server.Close()
				}()
				_, _ = io.Copy(client, server)
			}()
		}
	}()
	return l.Addr().String()
}

// processOf finds the one process with a text in its environment and others in its arguments.
func processOf(t *testing.T, environment string, arguments ...string) int {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		environ, err := os.ReadFile(filepath.Join("/proc", e.Name(), "environ"))
		if err != nil {
			continue // it has ended
		}
		cmdline, err := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline"))
		if err != nil || !strings.Contains(string(environ), environment) {
			continue
		}
		if !slices.ContainsFunc(arguments, func(a string) bool { return !strings.Contains(string(cmdline), a) }) {
			found = pid
		}
	}
	if found == 0 {
		t.Fatalf("no process has %q in its environment and %q in its arguments", environment, arguments)
	}
	return found
}

func signal(t *testing.T, pid int, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, s); err != nil {
		t.Fatalf("signal %d: %v", pid, err)
	}
}
