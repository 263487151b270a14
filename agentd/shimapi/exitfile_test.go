package shimapi

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/reeve/reeve/agentd/runtime"
)

func TestExitFile(t *testing.T) {
	dir := t.TempDir()
	if _, err := ReadExit(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing recorded: %v", err)
	}
	want := Container{ID: "c", PID: 5, Started: time.Unix(1, 2).UTC(), Exit: &runtime.Exit{WaitStatus: 9, Message: "m"}}
	if err := WriteExit(dir, want); err != nil {
		t.Fatal(err)
	}
	got, err := ReadExit(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("%v are there, %v, want the record alone", entries, err)
	}
	for _, bad := range []string{"", "{", "{}", string(make([]byte, maxExitFile+1))} {
		if err := os.WriteFile(filepath.Join(dir, exitFile), []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadExit(dir); err == nil || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a file of %d bytes: %v, want an error", len(bad), err)
		}
	}
}
