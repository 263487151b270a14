package chaos

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/chaos/plan"
)

// TestMain builds the programs, so that the tests run what the tree says and not what was built some time ago.
func TestMain(m *testing.M) {
	if os.Geteuid() == 0 {
		cmd := exec.Command("make", "-s", "-C", "../..", "build")
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		if err := cmd.Run(); err != nil {
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// A short run of what make chaos does for as long as one likes, with other faults each time.
func TestAShortRun(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: network namespaces, and containers that outlive their agent")
	}
	bin, err := filepath.Abs("../../bin")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := MakeWorkDir()
	if err != nil {
		t.Fatal(err)
	}
	result, err := Run(t.Context(), Options{
		Bin: bin, WorkDir: dir, Seed: 1 + rand.Uint64N(1_000_000), Out: t.Output(),
		Size: plan.Size{Masters: 3, Agents: 5, Length: 10 * time.Second},
	})
	if err != nil {
		t.Error(err)
	}
	for _, wrong := range result.Wrong {
		t.Error(wrong)
	}
	if result.Runs == 0 || result.Updates == 0 {
		t.Errorf("%d tasks ran, with %d updates: nothing was tested", result.Runs, result.Updates)
	}
	if t.Failed() {
		t.Logf("the logs and history.jsonl are kept in %s", dir)
		return
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Error(err)
	}
}
