package e2e

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// TestLogsAreBounded: a task that writes much keeps the newest, whole lines without a gap, through a kill of its agentd; who
// follows gets every line.
func TestLogsAreBounded(t *testing.T) {
	t.Parallel()
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
	r.awaitLogs("a log within its bounds", func(took int64) bool { return took <= 1<<20 })
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

// TestALogEndsUnseen: a task that writes much and ends while its agentd is away leaves no more than it may.
func TestALogEndsUnseen(t *testing.T) {
	t.Parallel()
	r := start(t, 1, 1)
	r.submit(reeveapi.JobSpec{
		Name: "chatty", Env: map[string]string{"CONTAINER_LOGGER_MAX_STDOUT_SIZE": "512KB"},
		Command: "sleep 3; seq -f 'line %.0f of many, so that it has some length' 60000",
	})
	r.await("a task that runs", func(ts []reeveapi.Task) bool { return all(ts, 1, "TASK_RUNNING") })
	if err := r.Agents[0].Kill(); err != nil {
		t.Fatal(err)
	}
	r.awaitLogs("a log that is written", func(took int64) bool { return took > 2<<20 })
	if err := r.Agents[0].Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.await("a task that has finished", func(ts []reeveapi.Task) bool { return all(ts, 1, "TASK_FINISHED") })
	r.awaitLogs("a log within its bounds", func(took int64) bool { return took <= 1<<20 })
	if got := r.reeve("logs", "chatty"); !strings.HasSuffix(got.stdout, "\nline 60000 of many, so that it has some length\n") || !strings.Contains(got.stderr, "dropped") {
		t.Errorf("%d bytes are kept, %q", len(got.stdout), got.stderr)
	}
}

// awaitLogs waits for what the stdouts of the first agent take of the disk. The last look at a log comes up to a second after
// its task has ended.
func (r *rig) awaitLogs(what string, check func(took int64) bool) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	err := r.Poll(ctx, func(context.Context) (bool, string) {
		took := allocated(r.t, r.Agents[0].Dir())
		return check(took), fmt.Sprintf("%s; logs take %d bytes", what, took)
	})
	if err != nil {
		r.t.Fatal(err)
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

// TestLogsAreFollowedAcrossTheDrop: who follows a bounded log gets every byte, whatever bytes they are, while its oldest part
// goes; afterwards what is kept is the end of the same, and a time finds its place in it.
func TestLogsAreFollowedAcrossTheDrop(t *testing.T) {
	t.Parallel()
	r := start(t, 1, 1)
	const rounds, size, limit = 12, 60_000, 400 << 10
	r.submit(reeveapi.JobSpec{
		Name: "blobs", Env: map[string]string{"CONTAINER_LOGGER_MAX_STDOUT_SIZE": "400KB"},
		Command: fmt.Sprintf("until [ -e go ]; do sleep 0.1; done; for i in $(seq %d); do cat blob; echo; echo end $i $(date +%%s); sleep 1; done", rounds),
	})
	task := r.await("a task that runs", func(ts []reeveapi.Task) bool { return all(ts, 1, "TASK_RUNNING") })[0]
	sandbox, err := filepath.Glob(filepath.Join(r.Agents[0].Dir(), "slaves", "*", "frameworks", "*", "executors", task.ID, "runs", "latest"))
	if err != nil || len(sandbox) != 1 {
		t.Fatalf("sandboxes %v, %v, want one", sandbox, err)
	}
	blob := make([]byte, size)
	for i := range blob {
		blob[i] = byte(i * i >> 3) // every byte there is; NUL and newline among them
	}
	if err := os.WriteFile(filepath.Join(sandbox[0], "blob"), blob, 0o644); err != nil {
		t.Fatal(err)
	}
	follower := r.inBackground("logs", "-f", "blobs")
	if err := os.WriteFile(filepath.Join(sandbox[0], "go"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	<-follower.done
	whole := follower.got.stdout
	rest, at := whole, int64(0)
	for i := range rounds {
		var n int
		tail, ok := strings.CutPrefix(rest, string(blob)+"\n")
		line, more, _ := strings.Cut(tail, "\n")
		before := at
		if _, err := fmt.Sscanf(line, "end %d %d", &n, &at); !ok || err != nil || n != i+1 {
			t.Fatalf("round %d of what was followed is not what was written: %v, %q; %s", i+1, ok, line, follower.got.stderr)
		}
		if rest = more; i == rounds-1 {
			at = before
		}
	}
	kept := r.reeve("logs", "blobs").stdout
	if !strings.HasSuffix(whole, kept) || len(kept) > limit+2*size || len(kept) < limit/2 || len(kept) == len(whole) {
		t.Errorf("%d bytes are kept of %d, and are their end: %v", len(kept), len(whole), strings.HasSuffix(whole, kept))
	}
	since := r.reeve("logs", "--since", time.Unix(at, 0).UTC().Format(time.RFC3339), "blobs").stdout
	if !strings.HasSuffix(kept, since) || !strings.Contains(since, fmt.Sprintf("end %d ", rounds)) || len(since) == len(kept) {
		t.Errorf("since the last round but one there are %d bytes of %d", len(since), len(kept))
	}
}
