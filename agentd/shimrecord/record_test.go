package shimrecord

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestRecords(t *testing.T) {
	d := Dir(t.TempDir())
	for _, r := range []Record{{ID: "a", Stop: 3}, {ID: "b", GPUs: []string{"/dev/nvidia0"}}} {
		if err := d.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.SetGPUs("b", []string{"/dev/nvidia0", "/dev/nvidia1"}); err != nil {
		t.Fatal(err)
	}
	if err := d.SetGPUs("none", nil); err == nil {
		t.Error("GPUs of a container without a record")
	}
	if err := os.Mkdir(d.Of("half"), 0o700); err != nil { // a launch that never was
		t.Fatal(err)
	}
	found, err := d.List()
	if err != nil || len(found) != 2 || found["a"].Stop != 3 || found["b"].Created.IsZero() || !slices.Equal(found["b"].GPUs, []string{"/dev/nvidia0", "/dev/nvidia1"}) {
		t.Errorf("got %+v, %v", found, err)
	}
	if _, err := os.Lstat(d.Of("half")); err == nil {
		t.Error("a record that cannot be read is left")
	}
	newer := `{"version":99,"id":"a"}`
	if err := os.WriteFile(filepath.Join(d.Of("a"), recordFile), []byte(newer), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := d.List(); err == nil || !strings.Contains(err.Error(), "newer agentd") {
		t.Errorf("a newer record: %v", err)
	}
}

func TestRebooted(t *testing.T) {
	d := Dir(t.TempDir())
	look := func(want bool) {
		t.Helper()
		if got, err := d.Rebooted(); got != want || err != nil {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
	}
	look(false) // the first time
	look(false)
	if err := os.WriteFile(filepath.Join(string(d), BootFile), []byte("another\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	look(true)
	look(false)
}
