package shimclient

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/agentd/cgroupfs"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/runtime/runtimetest"
	"codeberg.org/reeve/reeve/agentd/sandbox"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/slowhost"
)

// TestMain builds the shim once for all tests, as make build does, unless AGENTD_SHIM names one.
func TestMain(m *testing.M) { os.Exit(run(m)) }

var shimBinary string

func run(m *testing.M) int {
	if os.Getenv(helperEnv) != "" {
		return helper()
	}
	if shimBinary = os.Getenv("AGENTD_SHIM"); shimBinary == "" {
		dir, err := os.MkdirTemp("", "reeve-shim-")
		if err != nil {
			panic(err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		shimBinary = filepath.Join(dir, "agentd-shim")
		build := exec.Command("go", "build", "-tags", "seccomp netgo osusergo", "-trimpath",
			"-ldflags", "-s -w -linkmode external -extldflags -static", "-o", shimBinary, "codeberg.org/reeve/reeve/agentd/shim")
		build.Env = append(os.Environ(), "CGO_ENABLED=1")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build agentd-shim: %v\n%s", err, out)
			return 1
		}
	}
	return m.Run()
}

// needRoot skips a test that starts containers.
func needRoot(tb testing.TB) {
	tb.Helper()
	if os.Geteuid() != 0 {
		tb.Skip("starts containers, which needs root")
	}
}

// bed is a place for agents of one test: directories and a cgroup of its own, and nothing of them is left afterwards.
type bed struct {
	testing.TB
	cfg Config
}

func newBed(tb testing.TB) *bed {
	tb.Helper()
	needRoot(tb)
	base := tb.TempDir()
	name, err := newName()
	if err != nil {
		tb.Fatal(err)
	}
	b := &bed{TB: tb, cfg: Config{
		ShimPath: shimBinary, RuntimeDir: filepath.Join(base, "run"), WorkDir: filepath.Join(base, "work"),
		CgroupRoot: "/reeve-test-" + name, Log: slog.New(slog.NewTextHandler(tb.Output(), nil)),
	}}
	tb.Cleanup(func() {
		b.printShimLogs()
		ctx, cancel := context.WithTimeout(context.Background(), slowhost.Scale(time.Minute))
		defer cancel()
		if err := Clean(ctx, b.cfg.WorkDir, b.cfg.RuntimeDir, b.cfg.CgroupRoot); err != nil {
			tb.Errorf("clean: %v", err)
		}
		b.checkClean()
	})
	return b
}

func (b *bed) printShimLogs() {
	logs, _ := filepath.Glob(filepath.Join(b.cfg.RuntimeDir, "shims", "*", "log"))
	for _, path := range logs {
		if data, err := os.ReadFile(path); err == nil && b.Failed() {
			b.Logf("%s:\n%s", path, data)
		}
	}
}

// checkClean fails if anything that names this test's directories or cgroup is left.
func (b *bed) checkClean() {
	b.Helper()
	cgroups, err := cgroupfs.Find()
	if err != nil {
		b.Fatal(err)
	}
	for _, at := range cgroups.Mounts {
		if _, err := os.Stat(filepath.Join(at, b.cfg.CgroupRoot)); err == nil {
			b.Errorf("cgroup %s is left", filepath.Join(at, b.cfg.CgroupRoot))
		}
	}
	if mounts, err := os.ReadFile("/proc/self/mountinfo"); err != nil || strings.Contains(string(mounts), filepath.Dir(b.cfg.WorkDir)) {
		b.Errorf("mounts are left (%v):\n%s", err, mounts)
	}
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		b.Fatal(err)
	}
	for _, path := range lines {
		if data, err := os.ReadFile(path); err == nil && strings.Contains(string(data), filepath.Dir(b.cfg.WorkDir)+"/") &&
			!strings.HasPrefix(string(data), os.Args[0]) {
			b.Errorf("process %s is left: %q", path, data)
		}
	}
}

// open returns a recovered client.
func (b *bed) open() *Client {
	b.Helper()
	c, err := New(b.cfg)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := c.Close(); err != nil {
			b.Error(err)
		}
	})
	if _, err := c.Recover(b.Context()); err != nil {
		b.Fatal(err)
	}
	return c
}

// spec is a container that runs a line of shell.
func (b *bed) spec(id, script string) runtime.Spec {
	b.Helper()
	return b.specAs("", id, script)
}

func (b *bed) specAs(user, id, script string) runtime.Spec {
	b.Helper()
	dir := filepath.Join(b.cfg.WorkDir, "sandboxes", id)
	if err := sandbox.Create(dir, user); err != nil {
		b.Fatal(err)
	}
	return runtime.Spec{
		ID: ids.Container(id), Argv: []string{"/bin/sh", "-c", script}, User: user, Sandbox: dir,
		Env:    []string{"PATH=/usr/local/bin:/usr/bin:/bin"},
		Stdout: filepath.Join(dir, "stdout"), Stderr: filepath.Join(dir, "stderr"),
	}
}

// outcome runs a container to its end and returns what it wrote.
func (b *bed) outcome(c *Client, spec runtime.Spec) (runtime.Exit, string) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), slowhost.Scale(30*time.Second))
	defer cancel()
	if _, err := c.Launch(ctx, spec); err != nil {
		b.Fatalf("launch: %v", err)
	}
	exit, err := c.Wait(ctx, spec.ID)
	if err != nil {
		b.Fatalf("wait: %v", err)
	}
	stdout, err := os.ReadFile(spec.Stdout)
	if err != nil {
		b.Fatal(err)
	}
	stderr, err := os.ReadFile(spec.Stderr)
	if err != nil {
		b.Fatal(err)
	}
	return exit, string(stdout) + string(stderr)
}

func TestConformance(t *testing.T) {
	needRoot(t)
	runtimetest.Suite(t, func(t *testing.T) runtimetest.Target {
		t.Helper()
		b := newBed(t)
		c := b.open()
		target := runtimetest.Target{Runtime: c, Sandbox: filepath.Join(b.cfg.WorkDir, "sandboxes")}
		target.Restart = func(t *testing.T) runtimetest.Target {
			t.Helper()
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
			next, err := New(b.cfg)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := next.Close(); err != nil {
					t.Error(err)
				}
			})
			return runtimetest.Target{Runtime: next, Sandbox: target.Sandbox}
		}
		return target
	})
}

func TestHello(t *testing.T) {
	b := newBed(t)
	exit, out := b.outcome(b.open(), b.spec("hello", "echo hello; echo world >&2; pwd"))
	if want := "hello\n" + b.cfg.WorkDir + "/sandboxes/hello\nworld\n"; out != want || exit.WaitStatus != 0 {
		t.Errorf("got %q, %+v, want %q", out, exit, want)
	}
}

func TestMany(t *testing.T) {
	b := newBed(t)
	c := b.open()
	var wg sync.WaitGroup
	next := make(chan int)
	const tasks, workers = 200, 4
	start := time.Now()
	for range workers {
		wg.Go(func() {
			for i := range next {
				spec := b.spec(fmt.Sprintf("t%d", i), "exit 0")
				spec.Argv = []string{"true"}
				if exit, _ := b.outcome(c, spec); exit.WaitStatus != 0 {
					t.Errorf("task %d: %+v", i, exit)
				}
				if err := c.Delete(t.Context(), spec.ID); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range tasks {
		next <- i
	}
	close(next)
	wg.Wait()
	t.Logf("%d tasks in %v", tasks, time.Since(start))
}
