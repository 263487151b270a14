package e2e

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// asOrdinary are tests that whoever runs agentd without root depends on.
const asOrdinary = "^(TestTasksOutliveTheirAgentd|TestPodsOutliveTheirAgentd|TestImagesOutOfFiles|TestCleanLeavesNothing|TestURIsAreFetched)$"

// TestAsAnOrdinaryUser runs tests of this package again with masters, agents and tasks of a user who is not root: it is what an
// agent that is not root has to do as well.
func TestAsAnOrdinaryUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("all tests are run by an ordinary user already")
	}
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil { // the ordinary user has to get through
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	programs := filepath.Join(dir, "bin")
	copies := map[string]string{filepath.Join(dir, "e2e.test"): self}
	for _, name := range []string{"masterd", "agentd", "agentd-shim", "reeve"} {
		copies[filepath.Join(programs, name)] = filepath.Join(bin(t), name)
	}
	if err := errors.Join(os.Mkdir(programs, 0o755), os.Chmod(dir, 0o755), os.Mkdir(filepath.Join(dir, "tmp"), 0o755)); err != nil {
		t.Fatal(err)
	}
	for to, from := range copies {
		data, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, data, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	const nobody = 65534
	if err := os.Chown(filepath.Join(dir, "tmp"), nobody, nobody); err != nil {
		t.Fatal(err)
	}
	run := func(program string, args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), program, args...)
		cmd.Dir = filepath.Join(dir, "tmp")
		cmd.Env = append(os.Environ(), "HOME="+cmd.Dir, "TMPDIR="+cmd.Dir, binEnv+"="+programs)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := run("unshare", "--user", "--map-root-user", "--mount", "true"); err != nil {
		t.Skipf("this host lets no ordinary user make namespaces: %v, %s", err, out)
	}
	out, err := run(filepath.Join(dir, "e2e.test"), "-test.v", "-test.run="+asOrdinary)
	passed := strings.Count(out, "\n--- PASS: Test") + strings.Count(out, "\r--- PASS: Test")
	if want := strings.Count(asOrdinary, "|") + 1; err != nil || passed != want || strings.Contains(out, "--- SKIP") {
		t.Errorf("%v, %d passed, want %d:\n%s", err, passed, want, out)
	}
}
