package state

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/reeve/reeve/tui/screen"
)

func env(home string) func(string) string {
	return func(k string) string { return map[string]string{"HOME": home}[k] }
}

func TestSessionComesBack(t *testing.T) {
	home := t.TempDir()
	d := Open(env(home), []string{"a:5050"})
	if got := d.Load(); len(got.Open) != 0 {
		t.Errorf("a new one has %+v", got)
	}
	want := Session{
		Screens: map[screen.Kind]screen.State{screen.Tasks: {Filter: "web", Tab: 2}},
		Open:    []screen.Target{{Kind: screen.Tasks}},
		Looks:   screen.Looks{Pace: 2 * time.Second, Preview: true, Pane: 1},
		Draft:   map[string]string{"name": "x"},
		Cluster: "7c1e02aa",
	}
	d.Draft(want.Draft)
	if err := d.Store(want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, Open(env(home), []string{"a:5050"}).Load()); diff != "" {
		t.Errorf("came back (-want +got):\n%s", diff)
	}
	if got := Open(env(home), []string{"b:5050"}).Load(); len(got.Open) != 0 {
		t.Errorf("another cluster has %+v", got)
	}
}

func TestBrokenFileIsNone(t *testing.T) {
	d := Open(env(t.TempDir()), []string{"a:5050"})
	if err := d.Store(Session{}); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"{", "[]", strings.Repeat(" ", maxFile+1)} {
		if err := os.WriteFile(d.file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := d.Load(); got.Open != nil || got.Screens != nil {
			t.Errorf("read %+v", got)
		}
	}
}

func TestSave(t *testing.T) {
	home := t.TempDir()
	d := Open(env(home), nil)
	parts := [][]byte{[]byte("one "), []byte("two"), nil}
	next := func() ([]byte, error) {
		p := parts[0]
		parts = parts[1:]
		return p, nil
	}
	path, size, err := d.Save("a/../b c-stdout", next)
	if err != nil || size != 7 {
		t.Fatalf("saved %d bytes, %v", size, err)
	}
	if !strings.HasPrefix(path, filepath.Join(home, ".local", "state", "reeve")+"/a_.._b_c-stdout-") {
		t.Errorf("saved as %s", path)
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, []byte("one two")) {
		t.Errorf("saved %q, %v", got, err)
	}
	once := [][]byte{[]byte("a,b"), nil}
	path, _, err = d.Save("tasks.csv", func() ([]byte, error) { p := once[0]; once = once[1:]; return p, nil })
	if err != nil || filepath.Ext(path) != ".csv" {
		t.Errorf("saved a list as %s, %v", path, err)
	}
	if _, _, err := d.Save("x", func() ([]byte, error) { return nil, errors.New("gone") }); err == nil || err.Error() != "gone" {
		t.Errorf("got %v, want gone", err)
	}
}
