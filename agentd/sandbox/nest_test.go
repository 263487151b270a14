package sandbox

import (
	"os"
	"path/filepath"
	"testing"
)

func TestNest(t *testing.T) {
	pod := filepath.Join(t.TempDir(), "runs", "p")
	nested := filepath.Join(pod, "containers", "c")
	for range 2 { // an agent that is started again does it again
		if err := Nest(pod, "", "task.1", nested); err != nil {
			t.Fatal(err)
		}
	}
	if err := Create(nested, ""); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"stdout", "stderr", "tasks/task.1/stdout"} {
		if _, err := os.Stat(filepath.Join(pod, name)); err != nil {
			t.Error(err)
		}
	}
	if entries, _, err := List(pod, "tasks/task.1"); err != nil || len(entries) != 2 {
		t.Errorf("listed through the link: %v, %v; want stdout and stderr", entries, err)
	}
	if err := Nest(pod, "", "task.1", filepath.Join(pod, "containers", "d")); err != nil {
		t.Fatal(err)
	}
	if to, err := os.Readlink(filepath.Join(pod, "tasks", "task.1")); err != nil || to != "../containers/d" {
		t.Errorf("the link leads to %q, %v", to, err)
	}
}
