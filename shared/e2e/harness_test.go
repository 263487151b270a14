package e2e

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/localcluster"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/slowhost"
)

// patience bounds every wait. It is long because the machine may be busy; what is waited for takes a second or less.
var patience = slowhost.Scale(90 * time.Second)

// binEnv names the folder of programs that are there already, for machines that cannot build them.
const binEnv = "REEVE_BIN"

// TestMain builds the programs, so that the tests run what the tree says and not what was built some time ago.
func TestMain(m *testing.M) {
	if err := prepare(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func prepare() error {
	if err := errors.Join(sideBySide(), os.Setenv("REEVE_CONFIG", os.DevNull)); err != nil { // the operator's own is none of ours
		return err
	}
	if os.Getenv(binEnv) != "" {
		return nil
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		return err
	}
	cmd := exec.Command("make", "-s", "-C", root, "build")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("build the programs: %w", err)
	}
	return nil
}

// sideBySide runs more tests at once than there are CPUs, unless -parallel says how many: they wait most of the time, for
// elections, for grace that tasks get, for gossip. A slow machine has enough to do with what Go takes.
func sideBySide() error {
	flag.Parse()
	said := slowhost.Scale(1) > 1
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == "test.parallel" })
	if said {
		return nil
	}
	return flag.Set("test.parallel", strconv.Itoa(2*runtime.GOMAXPROCS(0)))
}

func bin(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv(binEnv); dir != "" {
		return dir
	}
	dir, err := filepath.Abs("../../bin")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// needRoot skips a test of things that only root's agents have, and says so.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: limits, statistics, networks and users of containers, or a place of its own on this host")
	}
}

// rig is a running cluster and what talks to it.
type rig struct {
	*localcluster.Cluster
	t      *testing.T
	client *client.Client
	bin    string
	dir    string // logs and work dirs
}

// start starts a cluster on free ports, and at the end of the test ends it and removes every container it had.
func start(t *testing.T, masters, agents int, agentArgs ...string) *rig {
	t.Helper()
	return startFrom(t, bin(t), masters, agents, agentArgs...)
}

// startFrom starts a cluster of the programs in a folder.
func startFrom(t *testing.T, programs string, masters, agents int, agentArgs ...string) *rig {
	t.Helper()
	return startWith(t, localcluster.Options{Bin: programs, Masters: masters, Agents: agents, AgentArgs: agentArgs})
}

// startWith starts a cluster as start does, with arguments for masters too.
func startWith(t *testing.T, opts localcluster.Options) *rig {
	t.Helper()
	dir, err := os.MkdirTemp("", "reeve-e2e-") //nolint:usetesting // it is kept when the test fails, for its logs
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	opts.WorkDir, opts.StopGrace, opts.PollEvery = dir, slowhost.Scale(15*time.Second), slowhost.Scale(20*time.Millisecond)
	opts.AgentArgs = append([]string{
		"--resources=cpus:4;mem:2048;disk:4096;ports:[31000-31099]",
		fmt.Sprintf("--network-cni-timeout=%dsecs", int(slowhost.Scale(time.Minute).Seconds())),
	}, opts.AgentArgs...)
	c, err := localcluster.Start(ctx, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		end, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if t.Failed() {
			t.Log(diagnose(end, c, dir))
		}
		err := errors.Join(c.Stop(end), c.Clean(end))
		if err != nil {
			t.Errorf("end the cluster: %v", err)
		}
		if t.Failed() {
			t.Logf("logs are kept in %s", dir)
			return
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("something of the cluster is still in use: %v", err)
		}
	})
	cl, err := client.New(client.Options{Masters: client.Masters(c.MasterList()), HeaderTimeout: slowhost.Scale(15 * time.Second)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return &rig{Cluster: c, t: t, client: cl, bin: bin(t), dir: dir}
}

// result is what a command did.
type result struct {
	stdout, stderr string
	code           int
}

// reeve runs the command line as a person would.
func (r *rig) reeve(args ...string) result {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(r.bin, "reeve"), append([]string{"--master=" + r.MasterList()}, args...)...)
	return runCommand(r.t, cmd)
}

func runCommand(t *testing.T, cmd *exec.Cmd) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.Stdin = &stdout, &stderr, io.NopCloser(bytes.NewReader(nil))
	err := cmd.Run()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatalf("run %v: %v", cmd.Args, err)
	}
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// await polls the tasks until check is content with them, and returns them.
func (r *rig) await(what string, check func([]reeveapi.Task) bool) []reeveapi.Task {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	var tasks []reeveapi.Task
	err := r.Poll(ctx, func(ctx context.Context) (bool, string) {
		got, err := r.client.Tasks(ctx)
		if err != nil {
			return false, what + ": " + err.Error()
		}
		tasks = got
		return check(got), fmt.Sprintf("%s; tasks are %s", what, summary(got))
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return tasks
}

func summary(tasks []reeveapi.Task) string {
	var b bytes.Buffer
	for _, t := range tasks {
		fmt.Fprintf(&b, "[%s %s %q]", t.ID, t.State, t.Message)
	}
	return b.String()
}

// all tells whether there are n tasks, each in one of the states.
func all(tasks []reeveapi.Task, n int, states ...string) bool {
	if len(tasks) != n {
		return false
	}
	for _, t := range tasks {
		ok := false
		for _, s := range states {
			ok = ok || t.State == s
		}
		if !ok {
			return false
		}
	}
	return true
}

// submit submits a job and fails the test if it is refused.
func (r *rig) submit(spec reeveapi.JobSpec) {
	r.t.Helper()
	if spec.Resources == (reeveapi.Amounts{}) {
		spec.Resources = reeveapi.Amounts{CPUs: 0.1, Mem: 32}
	}
	if _, err := r.client.SubmitJob(r.t.Context(), spec); err != nil {
		r.t.Fatalf("submit %s: %v", spec.Name, err)
	}
}

// stdout reads all that a task wrote.
func (r *rig) stdout(task reeveapi.Task) string {
	r.t.Helper()
	data, _, err := r.client.ReadFile(r.t.Context(), task.AgentHTTP, task.Sandbox+"/stdout", 0, 1<<16)
	if err != nil {
		r.t.Fatalf("read stdout of %s: %v", task.ID, err)
	}
	return string(data)
}
