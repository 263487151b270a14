package mesosgo

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// tasks is more than fit at once, so that some wait for offers of what others gave back.
const tasks = 50

// TestExampleScheduler runs mesos-go's example scheduler with its custom executor, which the agent fetches from the
// scheduler's own web server, to the end of all its tasks.
func TestExampleScheduler(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: the agent of this test runs full containers")
	}
	bin := t.TempDir()
	build(t, ".", filepath.Join(bin, "scheduler"), "github.com/mesos/mesos-go/api/v1/cmd/example-scheduler")
	build(t, ".", filepath.Join(bin, "executor"), "github.com/mesos/mesos-go/api/v1/cmd/example-executor")
	master := startCluster(t, bin)
	for _, codec := range []string{"protobuf", "json"} {
		t.Run(codec, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, filepath.Join(bin, "scheduler"),
				"-url=http://"+master+"/api/v1/scheduler", "-codec="+codec, "-exec.image=", "-tasks="+strconv.Itoa(tasks),
				"-executor="+filepath.Join(bin, "executor"), "-cpu=0.1", "-memory=16", "-failoverTimeout=0s",
				"-metrics.port=0", "-verbose")
			out, err := cmd.CombinedOutput()
			// It ends itself by cancelling its own context, and always reports that as its error; any other is one.
			if err != nil && !strings.HasSuffix(string(out), "context canceled\n") {
				t.Fatalf("scheduler: %v\n%s", err, out)
			}
			if !strings.Contains(string(out), "mission accomplished, terminating") {
				t.Errorf("the scheduler did not say that its tasks are done:\n%s", out)
			}
			for i := 1; i <= tasks; i++ {
				for _, state := range []string{"TASK_RUNNING", "TASK_FINISHED"} {
					if want := fmt.Sprintf("Task %d is in state %s\n", i, state); strings.Count(string(out), want) != 1 {
						t.Errorf("%q: seen %d times, want once", want, strings.Count(string(out), want))
					}
				}
			}
		})
	}
}

// TestTaskGroup runs mesos-go's remote shell with its task in a task group, which Mesos's default executor would run.
func TestTaskGroup(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: the agent of this test runs full containers")
	}
	bin := t.TempDir()
	build(t, ".", filepath.Join(bin, "msh"), "github.com/mesos/mesos-go/api/v1/cmd/msh", "CGO_ENABLED=1") // it asks C about terminals
	master := startCluster(t, bin)
	for name, test := range map[string]struct {
		command string
		code    int
		want    string
	}{
		"finishes": {"sleep 0.1", 0, "TASK_FINISHED"},
		"fails":    {"sleep 0.1; exit 7", 3, "in an unexpected state TASK_FAILED with reason REASON_COMMAND_EXECUTOR_FAILED from source SOURCE_EXECUTOR with message 'Command exited with status 7'"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		cmd := exec.CommandContext(ctx, filepath.Join(bin, "msh"), "-master="+master, "-pod", "-user=root", "-interactive=false", "--", "sh", "-c", test.command)
		out, err := cmd.CombinedOutput()
		cancel()
		if code := cmd.ProcessState.ExitCode(); code != test.code || !strings.Contains(string(out), test.want) {
			t.Errorf("%s: %v, exit status %d, want %d and %q:\n%s", name, err, code, test.code, test.want, out)
		}
	}
}

// TestShellAndWatch runs mesos-go's remote shell with plain tasks while its watcher prints the operators' events.
func TestShellAndWatch(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: the agent of this test runs full containers")
	}
	bin := t.TempDir()
	build(t, ".", filepath.Join(bin, "msh"), "github.com/mesos/mesos-go/api/v1/cmd/msh", "CGO_ENABLED=1") // it asks C about terminals
	build(t, ".", filepath.Join(bin, "mwatch"), "github.com/mesos/mesos-go/api/v1/cmd/mwatch")
	master := startCluster(t, bin)
	host, port, err := net.SplitHostPort(master)
	if err != nil {
		t.Fatal(err)
	}
	watch := exec.Command(filepath.Join(bin, "mwatch"), "-master="+host, "-port="+port)
	events, err := watch.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := watch.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 1000)
	go func() {
		defer close(lines)
		for scan := bufio.NewScanner(events); scan.Scan(); {
			lines <- scan.Text()
		}
	}()
	defer func() {
		_ = watch.Process.Kill() // it has no other end
		for range lines {
		}
		_ = watch.Wait()
	}()
	subscribed(t, master)
	for _, test := range []struct {
		command string
		code    int
		want    string
	}{
		{"echo hello", 0, "TASK_FINISHED"},
		{"exit 7", 3, "TASK_FAILED"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		cmd := exec.CommandContext(ctx, filepath.Join(bin, "msh"), "-master="+master, "-user=root", "--", "sh", "-c", test.command)
		out, err := cmd.CombinedOutput()
		cancel()
		if code := cmd.ProcessState.ExitCode(); code != test.code || !strings.Contains(string(out), test.want) {
			t.Errorf("%s: %v, exit status %d, want %d and %s:\n%s", test.command, err, code, test.code, test.want, out)
		}
		wait := time.NewTimer(2 * time.Minute)
		for _, want := range []string{
			"FRAMEWORK_ADDED", "TASK_ADDED", "TASK_STARTING", "TASK_RUNNING", test.want, "FRAMEWORK_REMOVED",
		} {
			for line := ""; !strings.Contains(line, want); {
				select {
				case line = <-lines:
				case <-wait.C:
					t.Fatalf("mwatch did not print %s for %q", want, test.command)
				}
			}
		}
		wait.Stop()
	}
}

// subscribed waits until the master has a subscriber of its events: the watcher says nothing when it is ready.
func subscribed(t *testing.T, master string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		var metrics map[string]float64
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+master+"/metrics/snapshot", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if answer, err := http.DefaultClient.Do(r); err == nil {
			err = json.NewDecoder(answer.Body).Decode(&metrics)
			_ = answer.Body.Close()
			if err != nil {
				t.Fatal(err)
			}
		}
		if metrics["master/operator_event_stream_subscribers"] == 1 {
			return
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			t.Fatal("mwatch did not subscribe")
		}
	}
}

// build builds a program of the module in dir.
func build(t *testing.T, dir, out, pkg string, env ...string) {
	t.Helper()
	cmd := exec.Command("go", "build", "-o", out, pkg)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "CGO_ENABLED=0"), env...) // the executor runs in a container, wherever that is
	if msg, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", pkg, err, msg)
	}
}

// startCluster starts one master and one agent from the repository's bin, and returns the master's address.
func startCluster(t *testing.T, bin string) string {
	t.Helper()
	return startMasters(t, bin, filepath.Join(t.TempDir(), "c"), "4").masters
}

// clusterAt is where a cluster's daemons serve.
type clusterAt struct {
	masters string // separated by commas
	agent   string
}

// startMasters is startCluster with as many masters as extra arguments say, in a work dir, on an agent with so many CPUs.
func startMasters(t *testing.T, bin, dir, cpus string, args ...string) clusterAt {
	t.Helper()
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	runner := filepath.Join(bin, "localcluster")
	build(t, root, runner, "./shared/localcluster/cmd")
	cmd := exec.Command(runner, append([]string{"--bin=" + filepath.Join(root, "bin"), "--work-dir=" + dir,
		"--console=false", "--fixed-ports=false", "--agent-arg=--resources=cpus:" + cpus + ";mem:2048;disk:1024;ports:[31000-32000]"}, args...)...)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Errorf("stop the cluster: %v", err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("the cluster did not end well: %v", err)
		}
	})
	lines := bufio.NewScanner(stdout)
	var at clusterAt
	for lines.Scan() {
		if addr, ok := strings.CutPrefix(lines.Text(), "a1: http://"); ok {
			at.agent = addr
		}
		if addr, ok := strings.CutPrefix(lines.Text(), "masters: "); ok {
			go func() { // drain, so that the runner never blocks on its output
				for lines.Scan() {
				}
			}()
			at.masters = addr
			return at
		}
	}
	t.Fatal("the cluster ended before it said where it serves")
	return at
}
