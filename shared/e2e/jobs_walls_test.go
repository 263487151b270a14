package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// What a job's file can ask for reaches the container: volumes, limits, what is fetched and how, its walls, whom it runs as, what looks
// at it, and how long it may take.
func TestAJobsFileReachesTheContainer(t *testing.T) {
	t.Parallel()
	needRoot(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "#!/bin/sh\necho fetched\n") // what does not come is missed below
	}))
	defer server.Close()
	data := t.TempDir()
	for dir := data; dir != "/"; dir = filepath.Dir(dir) { // the job's user has to get there
		if info, err := os.Stat(dir); err != nil || info.Mode().Perm()&0o005 != 0o005 && os.Chmod(dir, info.Mode().Perm()|0o055) != nil {
			t.Fatalf("%s cannot be opened to others: %v", dir, err)
		}
	}
	if err := os.WriteFile(filepath.Join(data, "hello"), []byte("from the host\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	r := start(t, 1, 1)
	file := write(t, fmt.Sprintf(`
name: all
kind: service
user: nobody
command: |
  id -un; hostname; cat data/hello; touch data/x 2>/dev/null || echo read-only
  df -k cache | awk 'END {print $2}'; df -k /dev/shm | awk 'END {print $2}'
  ulimit -n; awk '/CapBnd/ {print $2}' /proc/self/status; ./tool.sh; echo "$GREETING"; touch well
  trap 'echo asked to end; exit' TERM; while true; do sleep 0.1; done
env: {GREETING: moin}
labels: {team: web}
resources: {cpus: 0.1, mem: 64}
limits: {cpus: 1, mem: 256}
volumes: [{host: %q, container: data, read_only: true}, {tmpfs_mb: 8, container: cache}]
fetch: [{uri: %q, executable: true, file: tool.sh}]
container: {hostname: inside, shm_mb: 16, rlimits: {nofile: {soft: 123, hard: 456}}, capabilities: [NET_RAW]}
check: {command: test -e well, interval_seconds: 0.2}
health: {command: test -e well, interval_seconds: 0.2}
kill_grace_seconds: 20
`, data, server.URL+"/anything"))
	r.must("run", "-f", file)
	r.awaitJob("all", "to be well", healthy(1))
	const want = "nobody\ninside\nfrom the host\nread-only\n8192\n16384\n123\n0000000000002000\nfetched\nmoin\n"
	var said string
	task := r.await("its output, and what its check found", func(ts []reeveapi.Task) bool {
		if !all(ts, 1, "TASK_RUNNING") {
			return false
		}
		said = r.stdout(ts[0])
		return strings.HasSuffix(said, "moin\n") && ts[0].Check != ""
	})[0]
	if said != want {
		t.Errorf("it wrote\n%s\nwant\n%s", said, want)
	}
	if written := r.must("config", "job-from-task", task.ID); !strings.Contains(written, "shm_mb: 16") || !strings.Contains(written, "tmpfs_mb: 8") {
		t.Errorf("job-from-task wrote\n%s", written)
	}
	r.must("stop", "--yes", "all")
	r.awaitJob("all", "its end", func(j *reeveapi.Job) bool { return j.State == reeveapi.JobStopped })
	if got := r.stdout(task); got != want+"asked to end\n" {
		t.Errorf("at its end it wrote\n%s", got)
	}

	r.submit(reeveapi.JobSpec{Name: "slow", Command: "exec sleep 1000", MaxRunSeconds: 0.5})
	slow := r.awaitJob("slow", "its end", func(j *reeveapi.Job) bool { return j.State == reeveapi.JobFailed })
	if !strings.Contains(slow.Message, "longer than its max_completion_time") {
		t.Errorf("it says %q", slow.Message)
	}
}
