package console

import (
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"codeberg.org/reeve/reeve/tui/app"
	"codeberg.org/reeve/reeve/tui/term"
)

func toolbox(t *testing.T, env map[string]string) *tools {
	t.Helper()
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = out.Close() })
	return &tools{getenv: func(name string) string { return env[name] }, out: term.NewOutput(out), open: &atomic.Bool{}}
}

// TestEditor runs a real program as the editor: it gets the file, begins at a line, and what it leaves comes back.
func TestEditor(t *testing.T) {
	script := filepath.Join(t.TempDir(), "edit")
	seen := filepath.Join(t.TempDir(), "seen")
	text := "#!/bin/sh\necho \"$@\" >" + seen + "\nsed -i s/one/two/ \"$2\"\n"
	if err := os.WriteFile(script, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	box := toolbox(t, map[string]string{"EDITOR": script})
	result := ""
	if err := box.command(app.Tool{Kind: app.Editor, Name: "a job.yaml", At: 7, Text: "one\n", Result: &result}).Run(); err != nil {
		t.Fatal(err)
	}
	args, err := os.ReadFile(seen)
	if err != nil || result != "two\n" || !strings.HasPrefix(string(args), "+7 ") {
		t.Errorf("left %q, was called with %q (%v); want two, and +7 first", result, args, err)
	}
	file := strings.TrimSpace(strings.TrimPrefix(string(args), "+7 "))
	if _, err := os.Stat(file); err == nil {
		t.Errorf("%s is still there", file)
	}
	if box.open.Load() {
		t.Error("the terminal is said to be away still")
	}
	box = toolbox(t, map[string]string{"EDITOR": "no-such-editor -x"})
	if err := box.command(app.Tool{Kind: app.Editor, Name: "x"}).Run(); err == nil || !strings.Contains(err.Error(), "there is no editor no-such-editor here; set EDITOR") {
		t.Errorf("got %v, want a sentence", err)
	}
}

// TestPager gives the text to the operator's pager on its standard input.
func TestPager(t *testing.T) {
	to := filepath.Join(t.TempDir(), "read")
	box := toolbox(t, map[string]string{"PAGER": "cat >" + to})
	if err := box.command(app.Tool{Kind: app.Pager, Text: "the log\n"}).Run(); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(to); err != nil || string(data) != "the log\n" {
		t.Errorf("the pager got %q, %v", data, err)
	}
}
