package addressfile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/shared/addressfile"
)

func TestWriteReadRemove(t *testing.T) {
	dir := t.TempDir()
	if _, err := addressfile.Read(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("before: got %v, want not exist", err)
	}
	want := addressfile.Addresses{HTTP: "127.0.0.1:5051", Gossip: "127.0.0.1:7946"}
	if err := addressfile.Write(dir, want); err != nil {
		t.Fatal(err)
	}
	if got, err := addressfile.Read(dir); err != nil || got != want {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	data, err := os.ReadFile(filepath.Join(dir, "addresses.json"))
	if err != nil || strings.TrimSpace(string(data)) != `{"http":"127.0.0.1:5051","gossip":"127.0.0.1:7946"}` {
		t.Errorf("got %s, %v: the form that scripts rely on has changed", data, err)
	}
	for range 2 { // removing what is gone is no error
		if err := addressfile.Remove(dir); err != nil {
			t.Error(err)
		}
	}
	if _, err := addressfile.Read(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after: got %v, want not exist", err)
	}
	shorter := addressfile.Addresses{HTTP: "a:1"} // the next run writes over what the former left
	if err := addressfile.Write(dir, shorter); err != nil {
		t.Fatal(err)
	}
	if got, err := addressfile.Read(dir); err != nil || got != shorter {
		t.Errorf("again: got %v, %v, want %v", got, err, shorter)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
