package e2e

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// TestLogsAreBounded: a task that writes much keeps the newest, whole lines without a gap, through a kill of its agentd; who
// follows gets every line.
func TestLogsAreBounded(t *testing.T) {
	r := start(t, 1, 1)
	const lines, every = 60_000, 10_000
	r.submit(reeveapi.JobSpec{
		Name: "chatty", Env: map[string]string{"CONTAINER_LOGGER_MAX_STDOUT_SIZE": "512KB"},
		Command: fmt.Sprintf("i=0; while [ $i -lt %d ]; do seq -f 'line %%.0f of many, so that it has some length' $((i+1)) $((i+%d)); i=$((i+%d)); sleep 1.5; done", lines, every, every),
	})
	r.await("a task that runs", func(ts []reeveapi.Task) bool { return all(ts, 1, "TASK_RUNNING") })
	followed := make(chan result, 1)
	go func() { followed <- r.reeve("logs", "-f", "chatty") }()
	if err := r.Agents[0].Kill(); err != nil {
		t.Fatal(err)
	}
	if err := r.Agents[0].Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.await("a task that has finished", func(ts []reeveapi.Task) bool { return all(ts, 1, "TASK_FINISHED") })
	got := r.reeve("logs", "chatty")
	kept := strings.Split(strings.TrimSuffix(got.stdout, "\n"), "\n")
	if len(kept) >= lines || len(kept) < 5000 || !strings.Contains(got.stderr, "dropped") {
		t.Errorf("%d lines are kept, %q", len(kept), got.stderr)
	}
	for i, line := range kept {
		if want := fmt.Sprintf("line %d of many, so that it has some length", lines-len(kept)+1+i); line != want {
			t.Fatalf("line %d of %d is %q, want %q", i, len(kept), line, want)
		}
	}
	// While agentd is away, more may be written than is kept; then it says so.
	if got := <-followed; strings.Count(got.stdout, "\n") != lines && !strings.Contains(got.stderr, "dropped") || got.code != 0 {
		t.Errorf("who followed got %d lines of %d, %q", strings.Count(got.stdout, "\n"), lines, got.stderr)
	}
	if got := r.reeve("logs", "--since", "1h", "chatty"); strings.Count(got.stdout, "\n") != len(kept) {
		t.Errorf("since an hour: %d lines", strings.Count(got.stdout, "\n"))
	}
	last := r.reeve("logs", "--since", "2500ms", "chatty")
	if n := strings.Count(last.stdout, "\n"); n > len(kept) || n > 0 && !strings.HasSuffix(last.stdout, fmt.Sprintf("line %d of many, so that it has some length\n", lines)) {
		t.Errorf("the last seconds: %d lines", n)
	}
	if n := allocated(t, r.Agents[0].Dir()); n > 1<<20 {
		t.Errorf("the log takes %d bytes of the disk, the limit is 512 KB", n)
	}
}

// allocated is what the stdouts below a directory take of the disk.
func allocated(t *testing.T, dir string) (sum int64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != "stdout" {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if st, ok := info.Sys().(*syscall.Stat_t); ok {
			sum += st.Blocks * 512
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return sum
}
