package shimclient

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"codeberg.org/reeve/reeve/agentd/image/layer"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/imagetest"
)

// unpack puts layers, the lowest first, below the bed's work dir and returns them as a root wants them.
func (b *bed) unpack(layers ...v1.Layer) []string { return b.unpackAt("images", layers) }

func (b *bed) unpackAt(name string, layers []v1.Layer) []string {
	b.Helper()
	var dirs []string
	for i, l := range layers {
		dir := filepath.Join(b.cfg.WorkDir, name, strconv.Itoa(i))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			b.Fatal(err)
		}
		blob, err := l.Compressed()
		if err != nil {
			b.Fatal(err)
		}
		_, err = layer.Unpack(b.Context(), blob, dir)
		if cerr := blob.Close(); err != nil || cerr != nil {
			b.Fatal(err, cerr)
		}
		dirs = append([]string{dir}, dirs...)
	}
	return dirs
}

// A container in an image sees the layers as one file system, writes to its own, and leaves neither a mount nor a file.
func TestImage(t *testing.T) {
	b := newBed(t)
	c := b.open()
	layers := b.unpack(
		imagetest.Busybox(t),
		imagetest.Layer(t, []imagetest.Entry{{Name: "data/"}, {Name: "data/old", Body: "old\n"}, {Name: "data/gone", Body: "x"}, {Name: "full/"}, {Name: "full/x", Body: "x"}}),
		imagetest.Layer(t, []imagetest.Entry{
			{Name: "data/"},
			{Name: "data/.wh.gone"},
			{Name: "data/new", Body: "new\n", UID: 4711, GID: 4712},
			{Name: "full/"},
			{Name: "full/.wh..wh..opq"},
			{Name: "full/y", Body: "y"},
			{Name: "run/"},
		}),
	)
	spec := b.spec("image", strings.Join([]string{
		"cat /data/*", "ls /data /full", "pwd", "stat -c '%u %g' /data/new", "echo changed > /data/old && cat /data/old",
		"touch /mnt/mesos/sandbox/made", "test -e " + b.cfg.WorkDir + " || echo hidden", "ls -d /vol/a", "id -u", "test -s /etc/hosts && echo hosts",
	}, "; "))
	spec.Root = &runtime.Root{Layers: layers, Dirs: []string{"/vol/a"}}
	spec.Dir = "/data"
	exit, out := b.outcome(c, spec)
	want := "new\nold\n/data:\nnew\nold\n\n/full:\ny\n/data\n4711 4712\nchanged\nhidden\n/vol/a\n0\nhosts\n"
	if out != want || exit.WaitStatus != 0 {
		t.Errorf("got %q, %+v, want %q", out, exit, want)
	}
	if _, err := os.Stat(filepath.Join(spec.Sandbox, "made")); err != nil {
		t.Errorf("the sandbox is not the host's: %v", err)
	}
	if old, err := os.ReadFile(filepath.Join(layers[1], "data/old")); err != nil || string(old) != "old\n" {
		t.Errorf("the layer holds %q, %v: it was written to", old, err)
	}
	if mounts := b.shimMounts(); strings.Contains(mounts, "/r/image") {
		t.Errorf("the shim still has the image mounted:\n%s", mounts)
	}
	if err := c.Delete(t.Context(), spec.ID); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{filepath.Join(b.cfg.WorkDir, "containers", "image"), filepath.Join(b.cfg.RuntimeDir, "r", "image")} {
		if _, err := os.Lstat(dir); err == nil {
			t.Errorf("%s is left", dir)
		}
	}
}

// shimMounts is what is mounted in the bed's shims.
func (b *bed) shimMounts() string {
	b.Helper()
	pids, err := filepath.Glob(filepath.Join(b.cfg.RuntimeDir, "shims", "*", "pid"))
	if err != nil || len(pids) == 0 {
		b.Fatalf("no shims: %v", err)
	}
	var all strings.Builder
	for _, file := range pids {
		pid, err := os.ReadFile(file)
		if err != nil {
			b.Fatal(err)
		}
		mounts, err := os.ReadFile(filepath.Join("/proc", strings.TrimSpace(string(pid)), "mountinfo"))
		if err != nil {
			continue // it has just ended
		}
		all.Write(mounts)
	}
	if !strings.Contains(all.String(), "hostroot") {
		b.Fatal("no shim has anything mounted: this looks at the wrong processes")
	}
	return all.String()
}

// A user of the image, with its groups, has what the sandbox has given it.
func TestImageUser(t *testing.T) {
	b := newBed(t)
	c := b.open()
	spec := b.specAs("4711:4712", "user", "id -u; id -G; touch x && echo wrote; touch /x 2>/dev/null || echo refused")
	spec.Root = &runtime.Root{Layers: b.unpack(imagetest.Busybox(t)), As: runtime.Identity{UID: 4711, GID: 4712, Groups: []uint32{4712, 4713}}}
	exit, out := b.outcome(c, spec)
	if want := "4711\n4712 4713\nwrote\nrefused\n"; out != want || exit.WaitStatus != 0 {
		t.Errorf("got %q, %+v, want %q", out, exit, want)
	}
}

func TestImageThatCannotStart(t *testing.T) {
	b := newBed(t)
	c := b.open()
	layers := b.unpack(imagetest.Busybox(t))
	for name, test := range map[string]struct {
		edit func(*runtime.Spec)
		want string
	}{
		"no-such-command": {func(s *runtime.Spec) { s.Argv = []string{"nosuch"} }, "not in any directory of PATH"},
		"no-layers":       {func(s *runtime.Spec) { s.Root.Layers = nil }, "at least one layer"},
		"a-layer-is-gone": {func(s *runtime.Spec) { s.Root.Layers = []string{"/no/such"} }, "/no/such"},
		"dir-in-a-file":   {func(s *runtime.Spec) { s.Root.Dirs = []string{"/etc/passwd/x"} }, "cannot be made"},
	} {
		t.Run(name, func(t *testing.T) {
			spec := b.spec("bad-"+name, "true")
			spec.Root = &runtime.Root{Layers: layers}
			test.edit(&spec)
			_, err := c.Launch(t.Context(), spec)
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want %q in one line", err, test.want)
			}
			if fault.KindOf(err) == fault.Unavailable {
				t.Errorf("got %v, want it not to be tried again", err)
			}
		})
	}
	if left, err := os.ReadDir(filepath.Join(b.cfg.RuntimeDir, "r")); err != nil || len(left) != 0 {
		t.Errorf("roots %v are left, %v", left, err)
	}
	if left, err := filepath.Glob(filepath.Join(b.cfg.WorkDir, "containers", "bad*")); err != nil || len(left) != 0 {
		t.Errorf("%v are left, %v", left, err)
	}
}
