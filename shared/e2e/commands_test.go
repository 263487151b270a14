package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

func TestAJobFromTheCommandLine(t *testing.T) {
	t.Parallel()
	r := start(t, 1, 1)
	if got := r.reeve("run", "--name=greet", "--command=echo hello $WHO; echo oops >&2", "--env=WHO=world", "--instances=2"); got.code != 0 {
		t.Fatalf("run: exit status %d: %s", got.code, got.stderr)
	}
	tasks := r.await("two finished tasks", func(ts []reeveapi.Task) bool { return all(ts, 2, "TASK_FINISHED") })
	for _, task := range tasks {
		if got := r.reeve("logs", task.ID); got.stdout != "hello world\n" {
			t.Errorf("logs %s: got %q, %q, want hello world", task.ID, got.stdout, got.stderr)
		}
		if got := r.reeve("logs", "--stderr", task.ID); got.stdout != "oops\n" {
			t.Errorf("logs --stderr %s: got %q, %q, want oops", task.ID, got.stdout, got.stderr)
		}
		states := []string{}
		for _, step := range task.History {
			states = append(states, step.State)
		}
		if got, want := strings.Join(states, " "), "TASK_STAGING TASK_STARTING TASK_RUNNING TASK_FINISHED"; got != want {
			t.Errorf("history of %s: got %s, want %s", task.ID, got, want)
		}
	}
	for verb, want := range map[string]string{
		"jobs": "greet", "tasks --all": tasks[0].ID, "agents": "active", "frameworks": "reeve", "masters": "leading",
	} {
		if got := r.reeve(strings.Fields(verb)...); !strings.Contains(got.stdout, want) || got.code != 0 {
			t.Errorf("%s: got %q, %q, want %q in it", verb, got.stdout, got.stderr, want)
		}
	}
}

func TestKillFromTheCommandLine(t *testing.T) {
	t.Parallel()
	r := start(t, 1, 1)
	r.submit(reeveapi.JobSpec{Name: "stubborn", Command: "trap '' TERM; while true; do sleep 0.1; done", KillGraceSeconds: 1})
	tasks := r.await("a running task", func(ts []reeveapi.Task) bool { return all(ts, 1, "TASK_RUNNING") })
	if got := r.reeve("kill", tasks[0].ID); got.code == 0 || !strings.Contains(got.stderr, "--yes") {
		t.Errorf("without a terminal kill has to insist on --yes, got %d: %s", got.code, got.stderr)
	}
	if got := r.reeve("kill", "--yes", tasks[0].ID); got.code != 0 {
		t.Errorf("kill: exit status %d: %s", got.code, got.stderr)
	}
	r.await("a killed task", func(ts []reeveapi.Task) bool { return len(ts) > 0 && ts[0].State == "TASK_KILLED" })
}

func TestBadInputIsOneClearLine(t *testing.T) {
	t.Parallel()
	r := start(t, 1, 1)
	config := filepath.Join(t.TempDir(), "broken.yaml")
	if err := os.WriteFile(config, []byte("port: 5050\nprot: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, taken, _ := strings.Cut(r.Masters[0].Addresses.HTTP, ":")
	for name, tc := range map[string]struct {
		program string
		args    []string
		want    []string
	}{
		"port in use":     {"masterd", []string{"--port=" + taken}, []string{taken, "in use"}},
		"unknown flag":    {"agentd", []string{"--wark-dir=/tmp"}, []string{"--wark-dir"}},
		"config key":      {"masterd", []string{"--config=" + config}, []string{"prot", "broken.yaml"}},
		"bad resources":   {"agentd", []string{"--resources=cpus:many"}, []string{"cpus", "many"}},
		"open without ok": {"masterd", []string{"--ip=0.0.0.0"}, []string{"0.0.0.0", "--insecure"}},
		"too much":        {"reeve", []string{"--master=" + r.MasterList(), "execute", "--name=x", "--command=true", "--resources=cpus"}, []string{"cpus"}},
		"no such job":     {"reeve", []string{"--master=" + r.MasterList(), "stop", "--yes", "ghost"}, []string{"ghost"}},
		"missing master":  {"reeve", []string{"--master=127.0.0.1:1", "tasks"}, []string{"127.0.0.1:1"}},
		"wrong verb":      {"reeve", []string{"frobnicate"}, []string{"frobnicate"}},
	} {
		t.Run(name, func(t *testing.T) {
			args := tc.args
			if tc.program != "reeve" {
				args = append(args, "--work-dir="+t.TempDir(), "--gossip-port=0")
			}
			got := runCommand(t, exec.CommandContext(t.Context(), filepath.Join(r.bin, tc.program), args...))
			if got.code == 0 {
				t.Errorf("exit status 0, want a refusal")
			}
			text := strings.TrimSpace(got.stderr)
			if strings.Count(text, "\n") > 0 {
				t.Errorf("got %d lines, want one:\n%s", strings.Count(text, "\n")+1, text)
			}
			for _, want := range tc.want {
				if !strings.Contains(text, want) {
					t.Errorf("got %q, want %q in it", text, want)
				}
			}
		})
	}
}

func TestCleanLeavesNothing(t *testing.T) {
	t.Parallel()
	r := start(t, 1, 1)
	r.submit(reeveapi.JobSpec{Name: "sleepers", Command: "sleep 1000", Instances: 4})
	r.await("four running tasks", func(ts []reeveapi.Task) bool { return all(ts, 4, "TASK_RUNNING") })
	if err := r.Agents[0].Kill(); err != nil {
		t.Fatal(err)
	}
	dir := r.Agents[0].Dir()
	if err := r.Clean(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, where := range []string{"/proc/*/cmdline", "/proc/self/mountinfo"} {
		paths, err := filepath.Glob(where)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				continue // a process that ended meanwhile
			}
			if strings.Contains(string(data), dir) {
				t.Errorf("%s still names the agent's work dir: %q", path, data)
			}
		}
	}
}
