package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// run executes a command with more flags and returns what execute printed and what the task wrote.
func (r *rig) run(name, command string, flags ...string) (printed, wrote string) {
	r.t.Helper()
	got := r.reeve(append([]string{"execute", "--name=" + name, "--command=" + command}, flags...)...)
	paths, err := filepath.Glob(filepath.Join(r.Agents[0].Dir(), "slaves", "*", "frameworks", "*", "executors", name, "runs", "latest", "stdout"))
	if err != nil || len(paths) == 0 {
		return got.stdout + got.stderr, ""
	}
	data, err := os.ReadFile(paths[0])
	if err != nil {
		r.t.Fatal(err)
	}
	return got.stdout + got.stderr, string(data)
}

// What a task may ask of its walls, in the spelling of mesos-execute.
func TestWalls(t *testing.T) {
	needRoot(t)
	data := t.TempDir()
	if err := os.WriteFile(filepath.Join(data, "file"), []byte("of the host\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	r := start(t, 1, 1, "--host-path-volumes="+data, "--container-disk-watch-interval=1secs", fmt.Sprintf("--bridge-subnet=10.99.%d.0/24", os.Getpid()%250))
	volume := func(path string) string {
		list, err := json.Marshal([]any{map[string]any{"container_path": "v", "host_path": path, "mode": "RO"}})
		if err != nil {
			t.Fatal(err)
		}
		return "--volumes=" + string(list)
	}
	rlimits := `--rlimits={"rlimits":[{"type":"RLMT_NOFILE","soft":11,"hard":12}]}`
	capabilities := `--effective_capabilities={"capabilities":["KILL"]}`
	printed, wrote := r.run("walls", "cat v/file; touch v/x 2>/dev/null || echo read-only; ulimit -n; grep CapEff /proc/self/status", volume(data), rlimits, capabilities)
	if want := "of the host\nread-only\n11\nCapEff:\t0000000000000020\n"; wrote != want {
		t.Errorf("wrote %q, want %q; printed %s", wrote, want, printed)
	}
	for name, test := range map[string]struct{ flag, want string }{
		"elsewhere": {volume("/etc"), "in none of the directories"},
		"powerful":  {`--effective_capabilities={"capabilities":["SYS_ADMIN"]}`, "capability SYS_ADMIN is not one that tasks on this agent may ask for"},
		"unknown":   {"--networks=none-such", "this agent has none of that name"},
	} {
		if printed, _ := r.run(name, "true", test.flag); !strings.Contains(printed, "TASK_FAILED") || !strings.Contains(printed, test.want) {
			t.Errorf("%s: %s", name, printed)
		}
	}
	printed, _ = r.run("glutton", "dd if=/dev/zero of=file bs=1M count=64 2>/dev/null; sleep 1000", "--resources=cpus:1;mem:128;disk:16")
	if ok := regexp.MustCompile(`Disk usage \(6\dMB\) exceeds quota \(16MB\)`).MatchString(printed); !ok || !strings.Contains(printed, "REASON_CONTAINER_LIMITATION_DISK") {
		t.Errorf("a task that fills the disk: %s", printed)
	}
	if _, err := os.Stat("/usr/lib/cni/bridge"); err != nil {
		t.Skip("networks need the CNI plugins (Debian: containernetworking-plugins)")
	}
	if printed, wrote := r.run("bridged", "cat /proc/net/dev | grep -c eth0; grep -c 10.99 /etc/hosts", "--networks=bridge"); wrote != "1\n1\n" {
		t.Errorf("in a bridge: %q; printed %s", wrote, printed)
	}
}
