package daemon

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"codeberg.org/reeve/reeve/masterd/config"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// recoverEnv makes this binary masterd recover of the work dir that it names, in a process that may become another user.
const recoverEnv = "REEVE_TEST_RECOVER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(recoverEnv); dir != "" {
		if err := Recover(nil, os.Stdout, config.Recovery{WorkDir: dir, Yes: true}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// recoveredByRoot recovers a copy of a work dir that belongs to another user, as root: all of it has to be that user's afterwards,
// or the master could not read it.
func recoveredByRoot(t *testing.T, workDir string) {
	t.Helper()
	const nobody = 65534
	if os.Geteuid() != 0 {
		t.Log("not root: the owner of what a recovery writes is not looked at")
		return
	}
	dir := filepath.Join(t.TempDir(), "work")
	if err := os.CopyFS(dir, os.DirFS(workDir)); err != nil {
		t.Fatal(err)
	}
	for parent := filepath.Dir(dir); parent != os.TempDir(); parent = filepath.Dir(parent) {
		if err := os.Chmod(parent, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	each := func(do func(path string, info os.FileInfo) error) {
		if err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
			if err != nil {
				return err
			}
			return do(path, info)
		}); err != nil {
			t.Error(err)
		}
	}
	each(func(path string, _ os.FileInfo) error { return os.Chown(path, nobody, nobody) })
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), recoverEnv+"="+dir)
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "Done") {
		t.Errorf("root recovers another user's work dir: %v: %s", err, out)
	}
	each(func(path string, info os.FileInfo) error {
		if owner, ok := info.Sys().(*syscall.Stat_t); !ok || owner.Uid != nobody || owner.Gid != nobody {
			return fmt.Errorf("%s belongs to %d:%d", path, owner.Uid, owner.Gid)
		}
		return nil
	})
}

// recoverDir runs masterd recover and returns what it said.
func recoverDir(t *testing.T, answer string, args ...string) (string, error) {
	t.Helper()
	cmd := config.Command(config.Actions{Recover: Recover})
	var out bytes.Buffer
	cmd.SetArgs(append([]string{"recover"}, args...))
	cmd.SetIn(strings.NewReader(answer))
	cmd.SetOut(&out)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestTheLastOfThreeMastersIsRecovered(t *testing.T) {
	t.Parallel()
	servers := []*server{start(t, "m1", t.TempDir(), "--bootstrap-expect=3")}
	for _, name := range []string{"m2", "m3"} {
		servers = append(servers, start(t, name, t.TempDir(), "--bootstrap-expect=3", "--join="+servers[0].addr.Gossip))
	}
	leader := leaderOf(t, servers, "")
	before, err := get[reeveapi.Cluster](leader.addr.HTTP, "/reeve/v1/cluster")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range before.Masters {
		if m.Behind == nil || m.Silent == nil || m.Gossip != "alive" || !m.Voter {
			t.Errorf("the leader does not say how %s is: %+v", m.Name, m)
		}
	}
	eventually(t, "all masters are part of the cluster", func() bool {
		for _, s := range servers {
			if masters, err := get[[]reeveapi.Master](s.addr.HTTP, "/reeve/v1/masters"); err != nil || len(masters) != 3 {
				return false
			}
		}
		return true
	})
	last := servers[2]
	if out, err := recoverDir(t, "", "--work-dir="+last.dir, "--yes"); err == nil || !strings.Contains(err.Error(), "in use by another masterd") {
		t.Errorf("a running master was recovered: %q, error %v", out, err)
	}
	for _, s := range servers {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	}

	out, err := recoverDir(t, "no\n", "--work-dir="+last.dir)
	if err == nil || !strings.Contains(err.Error(), "nothing was changed") || strings.Contains(out, "Done") {
		t.Errorf("without a yes it said %q, error %v", out, err)
	}
	recoveredByRoot(t, last.dir)
	out, err = recoverDir(t, "yes\n", "--work-dir="+last.dir)
	for _, want := range []string{servers[0].addr.Raft, servers[1].addr.Raft, "0 agents and 0 jobs", "Done"} {
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("it said %q, error %v, want %q in it", out, err, want)
		}
	}
	if out, err := recoverDir(t, "", "--work-dir="+last.dir); err != nil || !strings.Contains(out, "nothing to do") {
		t.Errorf("a second time it said %q, error %v", out, err)
	}

	alone := start(t, "m3", last.dir, "--bootstrap-expect=3", "--join="+fmt.Sprint(servers[0].addr.Gossip))
	leaderOf(t, []*server{alone}, "")
	after, err := get[reeveapi.Cluster](alone.addr.HTTP, "/reeve/v1/cluster")
	if err != nil || after.ID != before.ID || after.Term <= before.Term {
		t.Errorf("recovered: %+v, error %v; before: %+v", after, err, before)
	}
}
