package shimclient

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestWorkDirOnADiskOfItsOwn has the work dir on a file system that containers do not see, as one at /data is: it is hidden all
// the same, the sandbox is there, and nothing else of that file system.
func TestWorkDirOnADiskOfItsOwn(t *testing.T) {
	needRoot(t)
	t.Setenv("TMPDIR", "/var/tmp") // containers have a /tmp of their own, where anything can be mounted
	disk := t.TempDir()
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(disk, 0); err != nil {
			t.Error(err)
		}
	})
	if err := os.WriteFile(filepath.Join(disk, "private"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	b := newBed(t)
	b.cfg.WorkDir = filepath.Join(disk, "reeve", "agent", "work")
	spec := b.spec("disk", "pwd; ls "+disk+" "+b.cfg.WorkDir+"; touch here && ! touch "+disk+"/there && ! touch "+b.cfg.WorkDir+"/../there")
	spec.Hidden = []string{b.cfg.WorkDir}
	exit, out := b.outcome(b.open(), spec)
	want := []string{spec.Sandbox, disk + ":", "reeve", b.cfg.WorkDir + ":", "sandboxes"}
	if got := strings.Fields(out); exit.WaitStatus != 0 || len(got) < len(want) || strings.Join(got[:len(want)], " ") != strings.Join(want, " ") {
		t.Errorf("got %+v and\n%s\nwant it to begin with %v", exit, out, want)
	}
}
