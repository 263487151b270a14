package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPython runs a scheduler and its executor that know nothing but JSON over HTTP, as people write them.
func TestPython(t *testing.T) {
	needRoot(t)
	const python = "/usr/bin/python3" // the container sees the host's
	if _, err := os.Stat(python); err != nil {
		t.Skip("needs python3; install it with: bash shared/needs.sh test")
	}
	dir, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	const tasks = 5
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, python, "-B", filepath.Join(dir, "scheduler.py"), cluster.Masters[0].Addresses.HTTP,
		strconv.Itoa(tasks), python, filepath.Join(dir, "executor.py"), filepath.Join(dir, "mesosclient.py"))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("scheduler: %v\n%s%s", err, out, stderr.Bytes())
	}
	var got struct {
		States  map[string][]string
		Answers []string
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want := map[string][]string{}
	for i := 1; i <= tasks; i++ {
		want["task-"+strconv.Itoa(i)] = []string{"TASK_RUNNING", "TASK_FINISHED"}
	}
	want["task-5"][1] = "TASK_KILLED"
	if diff := cmp.Diff(got.States, want); diff != "" {
		t.Errorf("states, got (-), want (+):\n%s", diff)
	}
	if diff := cmp.Diff(got.Answers, []string{"HELLO"}); diff != "" {
		t.Errorf("messages of the executor: %s", diff)
	}
}
