package vault_test

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/masterd/vault"
)

func line(b byte) string {
	return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{b}, 32)) + "\n"
}

func keys(t *testing.T, lines ...string) vault.Keys {
	t.Helper()
	k, err := vault.Parse([]byte(strings.Join(lines, "")))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestSealAndOpen(t *testing.T) {
	value := []byte("hunter2 hunter2 hunter2")
	old, both, other := keys(t, line(1)), keys(t, "# the new one\n", line(2), "\n", line(1)), keys(t, line(3))
	sealed := old.Seal("db", value)
	if bytes.Contains(sealed.Data, []byte("hunter2")) || sealed.Key != old.First() {
		t.Fatalf("sealed: %+v", sealed)
	}
	if again := old.Seal("db", value); bytes.Equal(again.Data, sealed.Data) {
		t.Error("the same value is sealed to the same bytes")
	}
	for name, k := range map[string]vault.Keys{"the same key": old, "a newer key before it": both} {
		if got, err := k.Open("db", sealed); err != nil || !bytes.Equal(got, value) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if next := both.Seal("db", value); next.Key == sealed.Key || next.Key != both.First() {
		t.Errorf("two keys: sealed with %s, want the first", next.Key)
	}
	if _, err := old.Open("other", sealed); err == nil {
		t.Error("a value opens under another name")
	}
	if _, err := other.Open("db", sealed); err == nil || !strings.Contains(err.Error(), old.First()) || other.Has(sealed.Key) {
		t.Errorf("with another key: %v", err)
	}
	sealed.Data[len(sealed.Data)-1]++
	if _, err := old.Open("db", sealed); err == nil {
		t.Error("a changed value opens")
	}
	sealed.Data = sealed.Data[:3]
	if _, err := old.Open("db", sealed); err == nil {
		t.Error("a cut value opens")
	}
}

func TestWithoutKeysItIsClear(t *testing.T) {
	var none vault.Keys
	sealed := none.Seal("db", []byte("x"))
	if got, err := none.Open("db", sealed); err != nil || string(got) != "x" || sealed.Key != "" || !none.Has("") {
		t.Errorf("%+v, %q, %v", sealed, got, err)
	}
	if got, err := keys(t, line(1)).Open("db", sealed); err != nil || string(got) != "x" {
		t.Errorf("a value in clear beside keys: %q, %v", got, err)
	}
}

func TestBadFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "none"):            "no such file",
		write("open", line(1), 0o644):         "chmod 600",
		write("empty", "# nothing\n", 0o600):  "no key in it",
		write("short", line(1)+"YQ==", 0o600): "line 2 is not 32 bytes",
		write("text", "hunter2", 0o600):       "line 1 is not 32 bytes",
	} {
		if _, err := vault.Read(path); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
	if k, err := vault.Read(""); err != nil || k.First() != "" {
		t.Errorf("no file: %v", err)
	}
	if k, err := vault.Read(write("good", line(1), 0o600)); err != nil || k.First() == "" {
		t.Errorf("a good file: %v", err)
	}
}
