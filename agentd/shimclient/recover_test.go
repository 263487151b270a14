package shimclient

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/shimdir"
	"codeberg.org/reeve/reeve/agentd/shimrecord"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/slowhost"
)

// TestShimKilled: the client sees it, ends what the shim had, and goes on with another shim.
func TestShimKilled(t *testing.T) {
	b := newBed(t)
	c := b.open()
	specs := []runtime.Spec{b.spec("one", "sleep 1000"), b.spec("two", "sleep 1000 & sleep 1000"), b.spec("done", "exit 3")}
	for _, spec := range specs {
		if _, err := c.Launch(t.Context(), spec); err != nil {
			t.Fatal(err)
		}
	}
	if exit, err := c.Wait(t.Context(), "done"); err != nil || exit.WaitStatus != 3<<8 {
		t.Fatalf("%+v, %v", exit, err)
	}
	b.killShims()
	for _, id := range []ids.Container{"one", "two"} {
		exit, err := c.Wait(t.Context(), id)
		if err != nil || !exit.Lost {
			t.Errorf("%s: %+v, %v, want it lost", id, exit, err)
		}
		if pids, err := c.cgroups.PIDs(c.cfg.group(id)); err != nil || len(pids) > 0 {
			t.Errorf("%s: processes %v are left, %v", id, pids, err)
		}
	}
	if exit, err := c.Wait(t.Context(), "done"); err != nil || exit.Lost || exit.WaitStatus != 3<<8 {
		t.Errorf("a container that had ended: %+v, %v", exit, err)
	}
	if _, out := b.outcome(c, b.spec("next", "echo next")); out != "next\n" {
		t.Errorf("after the shim's death: %q", out)
	}
	for _, spec := range specs {
		if err := c.Delete(t.Context(), spec.ID); err != nil {
			t.Error(err)
		}
	}
}

// killShims kills every shim of the bed.
func (b *bed) killShims() {
	b.Helper()
	dirs, err := filepath.Glob(filepath.Join(b.cfg.RuntimeDir, "shims", "*"))
	if err != nil || len(dirs) == 0 {
		b.Fatalf("no shims: %v", err)
	}
	for _, dir := range dirs {
		shimdir.Kill(dir)
	}
}

// TestShimKilledWhileAway: with no agent there, a dead shim's containers are lost, and nothing of them is left.
func TestShimKilledWhileAway(t *testing.T) {
	b := newBed(t)
	c := b.open()
	for _, spec := range []runtime.Spec{b.spec("a", "sleep 1000"), b.spec("b", "exit 5")} {
		if _, err := c.Launch(t.Context(), spec); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Wait(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	b.killShims()
	eventually(t, "death of the shims", func() bool {
		dirs, _ := filepath.Glob(filepath.Join(b.cfg.RuntimeDir, "shims", "*"))
		return !slices.ContainsFunc(dirs, shimdir.Alive)
	})
	c, err := New(b.cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}()
	recovered, err := c.Recover(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(recovered) != 2 || recovered[0].Exit == nil || !recovered[0].Exit.Lost ||
		recovered[1].Exit == nil || recovered[1].Exit.WaitStatus != 5<<8 {
		t.Errorf("recovered %+v", recovered)
	}
	if groups, err := c.cgroups.Groups(c.cfg.groups()); err != nil || len(groups) != 0 {
		t.Errorf("cgroups %v are left, %v", groups, err)
	}
}

// TestReboot: records of another boot are of containers that nobody saw end.
func TestReboot(t *testing.T) {
	b := newBed(t)
	c := b.open()
	if err := os.WriteFile(filepath.Join(string(c.cfg.records()), shimrecord.BootFile), []byte("another\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.cfg.records().Write(shimrecord.Record{ID: "before"}); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{1, 1} { // and they stay until they are deleted
		c, err := New(b.cfg)
		if err != nil {
			t.Fatal(err)
		}
		recovered, err := c.Recover(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(recovered) != want || !recovered[0].Exit.Lost || recovered[0].Exit.Message != "the host was restarted" {
			t.Errorf("recovered %+v, want one container that was lost with the host", recovered)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestNeverStarted: a record of which nothing else exists is forgotten.
func TestNeverStarted(t *testing.T) {
	b := newBed(t)
	c := b.open()
	if err := c.cfg.records().Write(shimrecord.Record{ID: "never"}); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	c, err := New(b.cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	if recovered, err := c.Recover(t.Context()); err != nil || len(recovered) != 0 {
		t.Errorf("recovered %+v, %v, want nothing", recovered, err)
	}
	if records, err := c.cfg.records().List(); err != nil || len(records) != 0 {
		t.Errorf("records %v, %v, want none", records, err)
	}
	if _, err := c.Recover(t.Context()); fault.KindOf(err) != fault.Conflict {
		t.Errorf("recovering again: %v, want it refused", err)
	}
}

// launchForever launches as many containers at once as it is asked for, and waits to be killed.
func launchForever(fields []string) int {
	n, err := strconv.Atoi(fields[4])
	if err != nil {
		panic(err)
	}
	c, err := New(Config{ShimPath: fields[0], RuntimeDir: fields[1], WorkDir: fields[2], CgroupRoot: fields[3], Log: discard()})
	if err != nil {
		panic(err)
	}
	ctx := background()
	if _, err := c.Recover(ctx); err != nil {
		panic(err)
	}
	fmt.Println("ready")
	done := make(chan error)
	for i := range n {
		go func() {
			id := fmt.Sprintf("c%d", i)
			sandbox := filepath.Join(fields[2], "sandboxes", id)
			_, err := c.Launch(ctx, runtime.Spec{
				ID: ids.Container(id), Argv: []string{"/bin/sh", "-c", "echo started >> log; exec sleep 1000"},
				Env: []string{"PATH=/usr/bin:/bin"}, Sandbox: sandbox,
				Stdout: filepath.Join(sandbox, "stdout"), Stderr: filepath.Join(sandbox, "stderr"),
			})
			done <- err
		}()
	}
	for range n {
		if err := <-done; err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println("launched")
	select {} // until it is killed
}

// TestAgentKilled kills an agent at random moments while it launches. Whatever a container's fate: it was started once at
// most, what started is found running, and what is found obeys.
func TestAgentKilled(t *testing.T) {
	needRoot(t)
	rounds := 6
	if testing.Short() {
		rounds = 1
	}
	for round := range rounds {
		t.Run(strconv.Itoa(round), func(t *testing.T) { agentKilled(t, rand.N(slowhost.Scale(400*time.Millisecond))) })
	}
}

func agentKilled(t *testing.T, after time.Duration) {
	t.Helper()
	const n = 12
	b := newBed(t)
	for i := range n {
		b.spec(fmt.Sprintf("c%d", i), "") // makes its sandbox
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	agent := exec.Command(self)
	agent.Env = append(os.Environ(), helperEnv+"="+strings.Join(
		[]string{b.cfg.ShimPath, b.cfg.RuntimeDir, b.cfg.WorkDir, b.cfg.CgroupRoot, strconv.Itoa(n)}, "|"))
	out, err := agent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := agent.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(after)
	if err := agent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = agent.Wait() // killed, as it should be

	c, err := New(b.cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}()
	began := time.Now()
	recovered, err := c.Recover(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("killed after %v: %d of %d recovered in %v", after, len(recovered), n, time.Since(began))
	running := make(map[string]bool)
	for _, r := range recovered {
		if r.Exit != nil {
			t.Errorf("%s ended: %+v", r.ID, r.Exit)
			continue
		}
		running[string(r.ID)] = true
	}
	for i := range n {
		id := fmt.Sprintf("c%d", i)
		log := filepath.Join(b.cfg.WorkDir, "sandboxes", id, "log")
		if running[id] {
			eventually(t, id+" starts", func() bool { data, err := os.ReadFile(log); return err == nil && len(data) > 0 })
			if exit := end(t, c, ids.Container(id)); exit.WaitStatus != int(unix.SIGKILL) {
				t.Errorf("%s: %+v", id, exit)
			}
			if got := contents(t, log); got != "started\n" {
				t.Errorf("%s wrote %q, want one start", id, got)
			}
		} else if _, err := os.Stat(log); err == nil {
			t.Errorf("%s was started, and is not found", id)
		}
	}
	if groups, err := c.cgroups.Groups(c.cfg.groups()); err != nil || len(groups) != 0 {
		t.Errorf("cgroups %v are left, %v", groups, err)
	}
}

// TestClean: whatever the state, nothing is left, and another agent's containers go on. newBed checks the first half.
func TestClean(t *testing.T) {
	b, other := newBed(t), newBed(t)
	c, neighbour := b.open(), other.open()
	for i := range 5 {
		if _, err := c.Launch(t.Context(), b.spec(fmt.Sprintf("c%d", i), "sleep 1000 & sleep 1000")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := neighbour.Launch(t.Context(), other.spec("n", "sleep 1000")); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := Clean(t.Context(), b.cfg.WorkDir, b.cfg.RuntimeDir, b.cfg.CgroupRoot); err != nil {
		t.Fatal(err)
	}
	b.checkClean()
	if _, err := neighbour.Stats(t.Context(), "n"); err != nil {
		t.Errorf("the neighbour's container: %v", err)
	}
	for _, bad := range []string{"", "/", "relative"} {
		if err := Clean(t.Context(), b.cfg.WorkDir, b.cfg.RuntimeDir, bad); err == nil {
			t.Errorf("clean of cgroup %q was not refused", bad)
		}
	}
}

// TestGroups: a shim takes as many containers as it may, and empty ones go but for a spare.
func TestGroups(t *testing.T) {
	b := newBed(t)
	b.cfg.GroupSize = 2
	c := b.open()
	for i := range 6 {
		if _, err := c.Launch(t.Context(), b.spec(fmt.Sprintf("c%d", i), "sleep 1000")); err != nil {
			t.Fatal(err)
		}
	}
	loads := func() (used, all int) {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, l := range c.links {
			if l.load > 2 || l.load < 0 {
				t.Errorf("shim %s has %d containers", l.name, l.load)
			}
			if l.load > 0 {
				used++
			}
		}
		return used, len(c.links)
	}
	if used, _ := loads(); used != 3 {
		t.Errorf("6 containers in %d shims, want 3", used)
	}
	for i := range 6 {
		end(t, c, ids.Container(fmt.Sprintf("c%d", i)))
	}
	eventually(t, "empty shims end", func() bool { used, all := loads(); return used == 0 && all <= spare/2+1 })
}
