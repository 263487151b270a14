package console

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/screen"
)

// TestTranscript: what is shown is in the file; a file that takes no more ends nothing, and is told.
func TestTranscript(t *testing.T) {
	dir := t.TempDir()
	create := func(name string) (*os.File, error) { return os.Create(filepath.Join(dir, name)) }
	task := &reeveapi.Task{ID: "web.1", Name: "web", AgentName: "a1", User: "www-data"}
	var shown bytes.Buffer
	r, err := record(create, &shown, task, screen.Shell{Command: []string{"bash"}, User: "root"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Write([]byte("$ id\r\nuid=0\r\n")); err != nil {
		t.Fatal(err)
	}
	r.close()
	data, err := os.ReadFile(filepath.Join(dir, "shell-web"))
	if err != nil || !strings.HasSuffix(string(data), "web.1 on a1, as root: bash\n$ id\r\nuid=0\r\n") || !strings.HasPrefix(r.note(), "what was seen, ") {
		t.Errorf("the file has %q, %v, and the note is %q", data, err, r.note())
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no /dev/full here: ", err)
	}
	r, err = record(func(string) (*os.File, error) { return full, nil }, &shown, task, screen.Shell{})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := r.Write([]byte("goes on")); n != 7 || err != nil || !strings.HasSuffix(shown.String(), "goes on") {
		t.Errorf("shown %q, %d, %v", shown.String(), n, err)
	}
	r.close()
	if !strings.Contains(r.note(), "ends after 0 bytes") {
		t.Errorf("the note is %q", r.note())
	}
}
