package shimclient

import (
	"archive/tar"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/imagetest"
)

// TestHostileImage: what an image has in the place of directories that are mounted over, devices and programs of root's leads no
// container out. Either it runs inside, or it is refused in one line; the host is as it was.
func TestHostileImage(t *testing.T) {
	b := newBed(t)
	c := b.open()
	base := b.unpack(imagetest.Busybox(t))
	victim := filepath.Join(t.TempDir(), "victim")
	if err := os.Mkdir(victim, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(victim, "hosts"), []byte("as it was"), 0o600); err != nil {
		t.Fatal(err)
	}
	up := strings.Repeat("../", 12) + strings.TrimPrefix(victim, "/")
	link := func(name, to string) []imagetest.Entry { return []imagetest.Entry{{Name: name, Link: to}} }
	const writes = "echo x > /mnt/mesos/sandbox/made; echo x > /dev/shm/made; echo x > /run/made; echo x > /proc/made; echo x > /etc/hosts; echo x > /vol/made; mkdir /dev/made; echo ran"
	for i, test := range []struct {
		name    string
		entries []imagetest.Entry
	}{
		{"the sandbox is a link", append([]imagetest.Entry{{Name: "mnt/"}, {Name: "mnt/mesos/"}}, link("mnt/mesos/sandbox", victim)...)},
		{"the sandbox is a link upwards", append([]imagetest.Entry{{Name: "mnt/"}, {Name: "mnt/mesos/"}}, link("mnt/mesos/sandbox", up)...)},
		{"above the sandbox is a link", append([]imagetest.Entry{{Name: "mnt/"}}, link("mnt/mesos", up)...)},
		{"proc is a link", link("proc", victim)},
		{"dev is a link", link("dev", victim)},
		{"dev is a link upwards", link("dev", up)},
		{"sys is a link", link("sys", up)},
		{"run is a link", link("run", victim)},
		{"hosts is a link", link("etc/hosts", victim+"/hosts")},
		{"hosts is a link upwards", link("etc/hosts", up+"/hosts")},
		{"etc is a link", link("etc", victim)},
		{"a volume is a link", link("vol", victim)},
		{"a volume is a link upwards", link("vol", up)},
		{"mqueue in a file", []imagetest.Entry{{Name: "dev", Body: "file"}}},
		{"init is there", []imagetest.Entry{{Name: "run/"}, {Name: "run/reeve-init", Link: victim + "/hosts"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			spec := b.spec("hostile"+strconv.Itoa(i), writes)
			spec.Root = &runtime.Root{Layers: append(b.layer(i, test.entries), base...), Dirs: []string{"/vol/declared"}}
			spec.Mounts = []runtime.Mount{{Tmpfs: true, Target: "/vol/mem"}}
			started, err := c.Launch(t.Context(), spec)
			switch {
			case err != nil && strings.Contains(err.Error(), "\n"):
				t.Errorf("refused in more than a line: %v", err)
			case err != nil:
				t.Logf("refused: %v", err)
			default:
				if _, err := c.Wait(t.Context(), spec.ID); err != nil {
					t.Errorf("%+v, %v", started, err)
				}
				if out := contents(t, spec.Stdout); !strings.Contains(out, "ran") {
					t.Errorf("it did not run: %q, %q", out, contents(t, spec.Stderr))
				}
			}
			if left, err := os.ReadDir(victim); err != nil || len(left) != 1 || contents(t, filepath.Join(victim, "hosts")) != "as it was" {
				t.Fatalf("the host was changed: %v, %v", left, err)
			}
		})
	}
	devices := []imagetest.Entry{
		{Name: "disk", Type: tar.TypeBlock, Mode: 0o666, Major: 254},
		{Name: "mem", Type: tar.TypeChar, Mode: 0o666, Major: 1, Minor: 1},
		{Name: "null", Type: tar.TypeChar, Mode: 0o666, Major: 1, Minor: 3},
		{Name: "pipe", Type: tar.TypeFifo, Mode: 0o666},
	}
	spec := b.spec("devices", "for d in disk mem null; do head -c 1 /$d >/dev/null 2>&1 && echo $d was read; done; echo done")
	spec.Root = &runtime.Root{Layers: append(b.layer(100, devices), base...)}
	if exit, out := b.outcome(c, spec); out != "done\n" {
		t.Errorf("devices of an image: %q, %+v", out, exit)
	}
	busybox := contents(t, filepath.Join(base[0], "bin/busybox"))
	setuid := []imagetest.Entry{{Name: "bin/id-of-root", Body: busybox, Mode: 0o6755}}
	spec = b.specAs("4711:4712", "setuid", "")
	spec.Root = &runtime.Root{Layers: append(b.layer(101, setuid), base...), As: runtime.Identity{UID: 4711, GID: 4712}}
	spec.Argv = []string{"/bin/id-of-root", "id", "-u"}
	if exit, out := b.outcome(c, spec); strings.TrimSpace(out) == "0" || exit.WaitStatus == 0 && strings.TrimSpace(out) != "4711" {
		t.Errorf("a program of root's in an image: %q, %+v", out, exit)
	}
}

// layer unpacks one layer below a number of its own.
func (b *bed) layer(number int, entries []imagetest.Entry) []string {
	b.Helper()
	return b.unpackAt("more"+strconv.Itoa(number), []v1.Layer{imagetest.Layer(b, entries)})
}
