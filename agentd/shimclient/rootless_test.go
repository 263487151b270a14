package shimclient

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/image/layer"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/sandbox"
	"codeberg.org/reeve/reeve/agentd/shimdir"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/slowhost"
)

// rootlessHelper runs a few containers as the ordinary user it is, prints what they wrote, and leaves one running for
// another life of itself.
func rootlessHelper(shim, base string) error {
	cfg := Config{
		ShimPath: shim, RuntimeDir: filepath.Join(base, "run"), WorkDir: filepath.Join(base, "work"), CgroupRoot: "/none", Log: discard(),
	}
	ctx, cancel := context.WithTimeout(background(), slowhost.Scale(60*time.Second))
	defer cancel()
	c, err := New(cfg)
	if err != nil {
		return err
	}
	if _, err := c.Recover(ctx); err != nil {
		return err
	}
	fmt.Println("limits:", len(c.Limits()))
	for i, script := range []string{
		"echo hello; id -u", "touch /etc/x 2>/dev/null || echo read-only", "test $(ls /proc | grep -c '^[0-9]') -le 5 && echo few", "kill -9 $$", "sleep 1000",
	} {
		id := fmt.Sprintf("c%d", i)
		dir := filepath.Join(cfg.WorkDir, "sandboxes", id)
		if err := sandbox.Create(dir, ""); err != nil {
			return err
		}
		spec := runtime.Spec{
			ID: runtimeID(id), Argv: []string{"/bin/sh", "-c", script}, Env: []string{"PATH=/usr/bin:/bin"}, Sandbox: dir,
			Stdout: filepath.Join(dir, "stdout"), Stderr: filepath.Join(dir, "stderr"), Limits: runtime.Limits{MemBytes: 64 << 20},
		}
		if _, err := c.Launch(ctx, spec); err != nil {
			return err
		}
		if strings.HasPrefix(script, "sleep") {
			if err := rootlessExec(ctx, c, spec.ID); err != nil {
				return err
			}
			break
		}
		exit, err := c.Wait(ctx, spec.ID)
		if err != nil {
			return err
		}
		out, err := os.ReadFile(spec.Stdout)
		if err != nil {
			return err
		}
		fmt.Printf("%d %q\n", exit.WaitStatus, out)
	}
	if err := rootlessImage(ctx, c, cfg.WorkDir); err != nil {
		return err
	}
	if err := c.Close(); err != nil {
		return err
	}
	if c, err = New(cfg); err != nil {
		return err
	}
	recovered, err := c.Recover(ctx)
	if err != nil {
		return err
	}
	for _, r := range recovered {
		if r.Exit != nil {
			continue
		}
		fmt.Println("running:", r.ID)
		if err := c.Signal(ctx, r.ID, int(syscall.SIGTERM), true); err != nil {
			return err
		}
		exit, err := c.Wait(ctx, r.ID)
		if err != nil {
			return err
		}
		fmt.Println("ended:", exit.WaitStatus)
	}
	if err := c.Close(); err != nil {
		return err
	}
	return Clean(ctx, cfg.WorkDir, cfg.RuntimeDir, cfg.CgroupRoot)
}

// rootlessImage runs a container in an image whose layers were unpacked by an ordinary user: what the upper one deletes has gone.
func rootlessImage(ctx context.Context, c *Client, workDir string) error {
	busybox, err := os.ReadFile("/bin/busybox")
	if err != nil {
		return err
	}
	var dirs []string
	for i, files := range []map[string]string{
		{"bin/sh": string(busybox), "data/old": "old", "data/gone": "x", "full/x": "x", "etc/passwd": "root:x:0:0::/:/bin/sh\n"},
		{"data/.wh.gone": "", "full/.wh..wh..opq": "", "full/y": "y"},
	} {
		dir := filepath.Join(workDir, "layers", strconv.Itoa(i))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		var stream bytes.Buffer
		w := tar.NewWriter(&stream)
		for _, name := range slices.Sorted(maps.Keys(files)) {
			if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Uid: 12, Gid: 34, Size: int64(len(files[name]))}); err != nil {
				return err
			}
			if _, err := io.WriteString(w, files[name]); err != nil {
				return err
			}
		}
		if err := w.Close(); err != nil {
			return err
		}
		if _, err := layer.Unpack(ctx, &stream, dir); err != nil {
			return err
		}
		dirs = append([]string{dir}, dirs...)
	}
	sandboxDir := filepath.Join(workDir, "sandboxes", "image")
	if err := sandbox.Create(sandboxDir, ""); err != nil {
		return err
	}
	spec := runtime.Spec{
		ID: "image", Argv: []string{"/bin/sh", "-c", "echo /data/* /full/* /v/full/*; echo new > /data/old && read line < /data/old && echo $line; echo > /mnt/mesos/sandbox/x && echo wrote"},
		Env: []string{"PATH=/bin"}, Sandbox: sandboxDir, Stdout: filepath.Join(sandboxDir, "stdout"), Stderr: filepath.Join(sandboxDir, "stderr"),
		Root:   &runtime.Root{Layers: dirs, As: runtime.Identity{UID: uint32(os.Geteuid()), GID: uint32(os.Getegid())}},
		Mounts: []runtime.Mount{{Layers: dirs, Target: "/v", ReadOnly: true}, {Layers: dirs[1:], Target: "/w"}},
	}
	if _, err := c.Launch(ctx, spec); err != nil {
		return err
	}
	exit, err := c.Wait(ctx, spec.ID)
	if err != nil {
		return err
	}
	out, err := os.ReadFile(spec.Stdout)
	if err != nil {
		return err
	}
	fmt.Printf("image: %d %q\n", exit.WaitStatus, out)
	if err := c.Delete(ctx, spec.ID); err != nil {
		return err
	}
	_, err = os.Lstat(Written(workDir, spec.ID))
	fmt.Println("left:", err == nil)
	return nil
}

// rootlessExec runs a command in a container, and has one killed with what it started.
func rootlessExec(ctx context.Context, c *Client, id ids.Container) error {
	p, err := c.Exec(ctx, id, runtime.Exec{Argv: []string{"sh", "-c", "id -u; exit 4"}})
	if err != nil {
		return err
	}
	out, err := io.ReadAll(p.Stdout())
	if err != nil {
		return err
	}
	exit, err := p.Wait(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("exec: %q %d\n", out, exit.WaitStatus)
	if err := p.Close(); err != nil {
		return err
	}
	if p, err = c.Exec(ctx, id, runtime.Exec{Argv: []string{"sh", "-c", "sleep 1000 & echo started; wait"}}); err != nil {
		return err
	}
	if _, err := bufio.NewReader(p.Stdout()).ReadString('\n'); err != nil {
		return err
	}
	pid := p.PID()
	if err := p.Close(); err != nil {
		return err
	}
	for left := 1; left > 0; {
		entries, err := os.ReadDir("/proc")
		if err != nil {
			return err
		}
		left = 0
		for _, e := range entries {
			if n, err := strconv.Atoi(e.Name()); err == nil {
				if sid, err := unix.Getsid(n); err == nil && sid == pid {
					left++
				}
			}
		}
		if err := shimdir.Pause(ctx, 5*time.Millisecond); err != nil {
			return fmt.Errorf("%d processes of the session are left: %w", left, err)
		}
	}
	return nil
}

// TestRootless runs the whole of it as an ordinary user.
func TestRootless(t *testing.T) {
	base := t.TempDir()
	if err := os.Chmod(filepath.Dir(base), 0o755); err != nil { // the ordinary user has to get through
		t.Fatal(err)
	}
	// The ordinary user may not be able to get at this binary and the shim where they are.
	bin := filepath.Join(base, "bin")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	for to, from := range map[string]string{"self": self, "agentd-shim": shimBinary} {
		if err := os.WriteFile(filepath.Join(bin, to), []byte(contents(t, from)), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	home := filepath.Join(base, "home")
	if err := os.Mkdir(home, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(bin, "self"))
	cmd.Env = append(os.Environ(), helperEnv+"=rootless|"+filepath.Join(bin, "agentd-shim")+"|"+home)
	cmd.Dir = "/"
	if os.Geteuid() == 0 {
		const uid = 65534
		if err := os.Chown(home, uid, uid); err != nil {
			t.Fatal(err)
		}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	}
	out, err := cmd.CombinedOutput()
	if strings.Contains(string(out), "operation not permitted") || strings.Contains(string(out), "no space left") {
		t.Skipf("this host lets no ordinary user make namespaces: %s", out)
	}
	logs, _ := filepath.Glob(filepath.Join(home, "run", "shims", "*", "log"))
	for _, path := range logs {
		t.Logf("%s", contents(t, path))
	}
	want := "limits: 3\n0 \"hello\\n0\\n\"\n0 \"read-only\\n\"\n0 \"few\\n\"\n9 \"\"\nexec: \"0\\n\" 1024\nimage: 0 \"/data/old /full/y /v/full/y\\nnew\\nwrote\\n\"\nleft: false\nrunning: c4\nended: 15\n"
	if err != nil || string(out) != want {
		t.Errorf("got %q, %v, want %q", out, err, want)
	}
}
