package shimclient

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/imagetest"
)

// hostFiles makes a directory of the host with a file in it, which tasks may be given.
func (b *bed) hostFiles() string {
	b.Helper()
	dir := filepath.Join(filepath.Dir(b.cfg.WorkDir), "data")
	if err := os.MkdirAll(filepath.Join(dir, "sub"), 0o777); err != nil {
		b.Fatal(err)
	}
	for name, text := range map[string]string{"file": "data\n", "sub/deep": "deep\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	return dir
}

func TestMounts(t *testing.T) {
	b := newBed(t)
	c := b.open()
	data := b.hostFiles()
	if err := os.Symlink("/etc", filepath.Join(data, "absolute")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../../../../../../../../etc/hostname", filepath.Join(data, "relative")); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, script, want string
		mounts             []runtime.Mount
	}{
		{"in the sandbox", "cat vol/file; echo x > vol/new && echo wrote", "data\nwrote\n", []runtime.Mount{{Source: data, Target: "vol"}}},
		{"on the host too", "cat vol/new", "x\n", []runtime.Mount{{Source: data, Target: "vol", ReadOnly: true}}},
		{"read-only", "cat vol/sub/deep; touch vol/y 2>/dev/null || echo refused", "deep\nrefused\n", []runtime.Mount{{Source: data, Target: "vol", ReadOnly: true}}},
		{"absolute", "cat /tmp/a/b/file /opt/deep", "data\ndeep\n", []runtime.Mount{{Source: data, Target: "/tmp/a/b"}, {Source: data + "/sub", Target: "/opt"}}},
		{"a file", "cat one", "data\n", []runtime.Mount{{Source: data + "/file", Target: "one", ReadOnly: true}}},
		{"nested", "cat vol/inner/deep", "deep\n", []runtime.Mount{{Source: data, Target: "vol"}, {Source: data + "/sub", Target: "vol/inner"}}},
		{"made", "stat -c %U made; touch made/x && echo wrote", "root\nwrote\n", []runtime.Mount{{Source: data + "/made/dir", Within: data, Make: true, Target: "made"}}},
		{"in memory", "touch m/x && stat -c %a m && df -k m | grep -o 1024 | head -1", "1777\n1024\n", []runtime.Mount{{Tmpfs: true, Bytes: 1 << 20, Target: "m"}}},
		{"readable", "stat -c %a r", "644\n", []runtime.Mount{{Secret: []byte("x"), Readable: true, Target: "r"}}},
		{"secret", "cat s; stat -c '%a %U' s; findmnt -no FSTYPE -T s || echo tmpfs", "geheim600 root\ntmpfs\n", []runtime.Mount{{Secret: []byte("geheim"), Target: "s", ReadOnly: true}}},
	}
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			spec := b.spec("m"+string(rune('a'+i)), test.script)
			spec.Mounts = test.mounts
			if exit, out := b.outcome(c, spec); out != test.want {
				t.Errorf("got %q, %+v, want %q", out, exit, test.want)
			}
		})
	}
	b.guardedMounts(c, data)
	for name, m := range map[string]runtime.Mount{
		"the kernel's":      {Source: "/proc/sys", Target: "v", Guarded: true},
		"linked work dir":   {Source: data + "/agent", Target: "v", Guarded: true},
		"credentials":       {Source: "/etc/shadow", Target: "v", Guarded: true},
		"absolute link out": {Source: data + "/absolute/hostname", Within: data, Target: "v"},
		"relative link out": {Source: data + "/relative", Within: data, Target: "v"},
		"missing":           {Source: data + "/none", Target: "v"},
		"no mount point":    {Source: data, Target: "/no/such/dir"},
		"in proc":           {Source: data, Target: "/proc/sys"},
		"over everything":   {Source: data, Target: "/"},
		"over init":         {Source: data, Target: "/run"},
		"out of sandbox":    {Source: data, Target: "../x"},
		"not within":        {Source: "/etc", Within: data, Target: "x"},
		"device":            {Source: "/dev/null", Target: "x"},
	} {
		t.Run(name, func(t *testing.T) {
			spec := b.spec("refused-"+strings.ReplaceAll(name, " ", "-"), "cat v/*")
			spec.Mounts = []runtime.Mount{m}
			if _, err := c.Launch(t.Context(), spec); fault.KindOf(err) != fault.Invalid || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want it refused in one line", err)
			}
		})
	}
	if left, err := os.ReadDir(filepath.Join(b.cfg.RuntimeDir, "v")); err != nil || len(left) != 0 {
		t.Errorf("staged mounts %v are left, %v", left, err)
	}
}

// guardedMounts shows what is left out of a directory that a framework chose.
func (b *bed) guardedMounts(c *Client, data string) {
	b.Helper()
	if err := os.Symlink(b.cfg.WorkDir, filepath.Join(data, "agent")); err != nil {
		b.Fatal(err)
	}
	base := filepath.Dir(b.cfg.WorkDir)
	for i, test := range []struct{ script, want string }{
		{"cat v/data/file; ls v/work v/run", "data\nv/run:\n\nv/work:\n"},
		{"touch v/work/x v/run/x 2>/dev/null || echo refused", "refused\n"},
	} {
		spec := b.spec("guarded"+string(rune('a'+i)), test.script)
		spec.Mounts = []runtime.Mount{{Source: base, Target: "v", Guarded: true}}
		if exit, out := b.outcome(c, spec); out != test.want {
			b.Errorf("guarded: %q, %+v, want %q", out, exit, test.want)
		}
	}
	spec := b.spec("guarded-root", "ls v/proc v/sys v/dev; cat v/etc/shadow; test -e v/etc/passwd && echo rest")
	spec.Mounts = []runtime.Mount{{Source: "/", Target: "v", Guarded: true}}
	if exit, out := b.outcome(c, spec); out != "v/dev:\n\nv/proc:\n\nv/sys:\nrest\n" {
		b.Errorf("all of the host: %q, %+v", out, exit)
	}
}

// A user other than root owns its secrets and what is made for it.
func TestMountsAsUser(t *testing.T) {
	b := newBed(t)
	c := b.open()
	spec := b.specAs("nobody", "nobody", "cat s; touch made/x && echo wrote; stat -c %U s made")
	spec.Mounts = []runtime.Mount{
		{Secret: []byte("geheim\n"), Target: "s", ReadOnly: true},
		{Source: filepath.Join(spec.Sandbox, "sub"), Within: spec.Sandbox, Make: true, Target: "made"},
	}
	if exit, out := b.outcome(c, spec); out != "geheim\nwrote\nnobody\nnobody\n" {
		t.Errorf("got %q, %+v", out, exit)
	}
	if data, err := os.ReadFile(filepath.Join(spec.Sandbox, "s")); err != nil || len(data) != 0 {
		t.Errorf("the secret's mount point on the host holds %q, %v", data, err)
	}
}

// Images as volumes, of one layer and of several: programs in them run, what is deleted in an upper layer is not there, and what
// is written is the container's alone.
func TestImageVolumes(t *testing.T) {
	b := newBed(t)
	c := b.open()
	layers := b.unpack(
		imagetest.Busybox(t),
		imagetest.Layer(t, []imagetest.Entry{{Name: "data/"}, {Name: "data/old", Body: "old\n"}, {Name: "data/gone", Body: "x"}}),
		imagetest.Layer(t, []imagetest.Entry{{Name: "data/"}, {Name: "data/.wh.gone"}, {Name: "data/new", Body: "new\n"}}),
	)
	single := layers[len(layers)-1:]
	for i, test := range []struct {
		name, user, script, want string
		mounts                   []runtime.Mount
	}{
		{"read-only", "", "cat v/data/*; ls v/data; touch v/data/x 2>/dev/null || echo refused", "new\nold\nnew\nold\nrefused\n", []runtime.Mount{{Layers: layers, Target: "v", ReadOnly: true}}},
		{"one layer", "", "v/bin/busybox echo runs; touch v/x 2>/dev/null || echo refused", "runs\nrefused\n", []runtime.Mount{{Layers: single, Target: "v", ReadOnly: true}}},
		{"one layer, written to", "", "echo more >> v/etc/passwd && grep -c more v/etc/passwd", "1\n", []runtime.Mount{{Layers: single, Target: "v"}}},
		{"written to", "", "echo changed > v/data/old; rm v/data/new; cat v/data/*", "changed\n", []runtime.Mount{{Layers: layers, Target: "v"}}},
		{"as it was", "", "cat v/data/*", "new\nold\n", []runtime.Mount{{Layers: layers, Target: "v"}}},
		{"two of one image", "", "touch v/mine; ls w/mine 2>/dev/null || echo apart", "apart\n", []runtime.Mount{{Layers: layers, Target: "v"}, {Layers: layers, Target: "w"}}},
		{"a user", "nobody", "cat v/data/old; touch v/data/x 2>/dev/null || echo refused", "old\nrefused\n", []runtime.Mount{{Layers: layers, Target: "v"}}},
		{"absolute", "", "cat /tmp/deep/v/data/new", "new\n", []runtime.Mount{{Layers: layers, Target: "/tmp/deep/v", ReadOnly: true}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			spec := b.specAs(test.user, "v"+string(rune('a'+i)), test.script)
			spec.Mounts = test.mounts
			if exit, out := b.outcome(c, spec); out != test.want {
				t.Errorf("got %q, %+v, want %q", out, exit, test.want)
			}
		})
	}
	inImage := b.spec("inside", "cat /opt/v/data/new; ls /data/gone 2>/dev/null || echo gone")
	inImage.Root = &runtime.Root{Layers: layers}
	inImage.Mounts = []runtime.Mount{{Layers: layers, Target: "/opt/v", ReadOnly: true}}
	if exit, out := b.outcome(c, inImage); out != "new\ngone\n" {
		t.Errorf("in an image: %q, %+v", out, exit)
	}
	bad := b.spec("bad", "true")
	bad.Mounts = []runtime.Mount{{Layers: []string{"/no/such"}, Target: "v"}}
	if _, err := c.Launch(t.Context(), bad); err == nil || !strings.Contains(err.Error(), "/no/such") {
		t.Errorf("a layer that is gone: %v", err)
	}
	if old, err := os.ReadFile(filepath.Join(layers[1], "data/old")); err != nil || string(old) != "old\n" {
		t.Errorf("the layer holds %q, %v: it was written to", old, err)
	}
	if err := c.Delete(t.Context(), "vd"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(Written(b.cfg.WorkDir, "vd")); err == nil {
		t.Error("what was written to a volume is left")
	}
	if mounts := b.shimMounts(); strings.Contains(mounts, b.cfg.RuntimeDir+"/v/") {
		t.Errorf("the shim still has volumes mounted:\n%s", mounts)
	}
}
