package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/shared/mesosv1"
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
	t.Parallel()
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
	// Its disk is looked at while it writes, too.
	if ok := regexp.MustCompile(`Disk usage \((1[7-9]|[2-6]\d)MB\) exceeds quota \(16MB\)`).MatchString(printed); !ok || !strings.Contains(printed, "REASON_CONTAINER_LIMITATION_DISK") {
		t.Errorf("a task that fills the disk: %s", printed)
	}
	if _, err := os.Stat("/usr/lib/cni/bridge"); err != nil {
		t.Skip("networks need the CNI plugins (Debian: containernetworking-plugins)")
	}
	if printed, wrote := r.run("bridged", "cat /proc/net/dev | grep -c eth0; grep -c 10.99 /etc/hosts", "--networks=bridge"); wrote != "1\n1\n" {
		t.Errorf("in a bridge: %q; printed %s", wrote, printed)
	}
}

// Every limit that the API knows is there, in the words of the kernel. Those that only root can raise are raised where the host lets it.
func TestEveryLimitOfAProcess(t *testing.T) {
	t.Parallel()
	kinds := []struct {
		name, shown string
		kind        int
		value       uint64
	}{
		{"AS", "Max address space", unix.RLIMIT_AS, 1 << 30},
		{"CORE", "Max core file size", unix.RLIMIT_CORE, 4096},
		{"CPU", "Max cpu time", unix.RLIMIT_CPU, 1000},
		{"DATA", "Max data size", unix.RLIMIT_DATA, 1 << 29},
		{"FSIZE", "Max file size", unix.RLIMIT_FSIZE, 1 << 20},
		{"LOCKS", "Max file locks", unix.RLIMIT_LOCKS, 17},
		{"MEMLOCK", "Max locked memory", unix.RLIMIT_MEMLOCK, 8192},
		{"MSGQUEUE", "Max msgqueue size", unix.RLIMIT_MSGQUEUE, 4097},
		{"NICE", "Max nice priority", unix.RLIMIT_NICE, 25},
		{"NOFILE", "Max open files", unix.RLIMIT_NOFILE, 99},
		{"NPROC", "Max processes", unix.RLIMIT_NPROC, 999},
		{"RSS", "Max resident set", unix.RLIMIT_RSS, 1 << 28},
		{"RTPRIO", "Max realtime priority", unix.RLIMIT_RTPRIO, 7},
		{"RTTIME", "Max realtime timeout", unix.RLIMIT_RTTIME, 12345},
		{"SIGPENDING", "Max pending signals", unix.RLIMIT_SIGPENDING, 98},
		{"STACK", "Max stack size", unix.RLIMIT_STACK, 1 << 20},
	}
	if len(kinds) != len(mesosv1.RLimitInfo_RLimit_Type_name)-1 { // UNKNOWN
		t.Errorf("%d kinds of limits, the API has %d", len(kinds), len(mesosv1.RLimitInfo_RLimit_Type_name)-1)
	}
	var asked, want []string
	for _, k := range kinds {
		var own unix.Rlimit
		if err := unix.Getrlimit(k.kind, &own); err != nil {
			t.Fatal(err)
		}
		value := k.value
		if !mayRaise() {
			value = min(value, own.Max)
		}
		asked = append(asked, fmt.Sprintf(`{"type":"RLMT_%s","soft":%d,"hard":%d}`, k.name, value/2, value))
		want = append(want, fmt.Sprintf("%s %d %d", k.shown, value/2, value))
	}
	r := start(t, 1, 1, "--bounding-capabilities=CHOWN,DAC_OVERRIDE,FSETID,FOWNER,SETGID,SETUID,SETFCAP,SETPCAP,NET_BIND_SERVICE,SYS_CHROOT,KILL,SYS_NICE")
	printed, wrote := r.run("limits", "cat /proc/self/limits", `--rlimits={"rlimits":[`+strings.Join(asked, ",")+`]}`)
	got := regexp.MustCompile(` +`).ReplaceAllString(wrote, " ")
	for _, line := range want {
		if !strings.Contains(got, "\n"+line+" ") {
			t.Errorf("%s is not among the limits; printed %s", line, printed)
		}
	}
	if t.Failed() {
		t.Logf("%s", wrote)
	}
	// One that is passed ends what passes it.
	if printed, wrote := r.run("file", "head -c 100000 /dev/zero > file; stat -c %s file", `--rlimits={"rlimits":[{"type":"RLMT_FSIZE","soft":4096,"hard":4096}]}`); wrote != "4096\n" {
		t.Errorf("a file may have 4096 bytes, and has %q; printed %s", wrote, printed)
	}
	if printed, _ := r.run("spin", "exec sh -c 'while :; do :; done'", `--rlimits={"rlimits":[{"type":"RLMT_CPU","soft":1,"hard":2}]}`); !strings.Contains(printed, "CPU time limit exceeded") && !strings.Contains(printed, "SIGXCPU") {
		t.Errorf("a second of CPU is over: %s", printed)
	}
	if printed, _ := r.run("twice", "true", `--rlimits={"rlimits":[{"type":"RLMT_CORE"},{"type":"RLMT_CORE"}]}`); !strings.Contains(printed, "RLMT_CORE twice") {
		t.Errorf("a limit twice: %s", printed)
	}
}

// mayRaise says whether this machine lets root raise limits.
func mayRaise() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	err := unix.Capget(&header, &data[0])
	return err == nil && data[0].Effective&(1<<unix.CAP_SYS_RESOURCE) != 0
}
