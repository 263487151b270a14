package console

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestReadLocal(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	if err := os.WriteFile(filepath.Join(home, "key"), []byte("of two\nlines\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(home, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ path, want, wrong string }{
		{"~/key", "of two\nlines\n", ""},
		{filepath.Join(home, "key"), "of two\nlines\n", ""},
		{"~/none", "", "no such file"},
		{"~/pipe", "", "is no regular file"},
		{home, "", "is no regular file"},
	} {
		got, err := readLocal(test.path, 13)
		if string(got) != test.want || (err == nil) != (test.wrong == "") || err != nil && !strings.Contains(err.Error(), test.wrong) {
			t.Errorf("%s: %q, %v", test.path, got, err)
		}
	}
	if _, err := readLocal("~/key", 12); err == nil || !strings.Contains(err.Error(), "more than 12 bytes") {
		t.Errorf("a file that is too large: %v", err)
	}
}
