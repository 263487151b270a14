package tuitest

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"codeberg.org/reeve/reeve/tui/cli"
)

// TestCopiedLinesWork takes every command line that the console copies to a shell, and what that makes of it to the command line:
// each is one of its verbs, with flags that it has, and reaches the cluster as the console does.
func TestCopiedLinesWork(t *testing.T) {
	t.Parallel()
	const context = "--context=it's $HOME"
	lines := map[string]bool{}
	Run(t, Options{W: 140, H: 40, Reach: []string{context}}, func(c *Console) {
		copied := func(what string) {
			t.Helper()
			line := c.Copied()
			if !strings.HasPrefix(line, "reeve ") || lines[line] {
				t.Errorf("%s: %q was copied, want a command line that is new:\n%s", what, line, c.Screen())
			}
			lines[line] = true
		}
		for _, list := range []string{
			":tasks", ":agents", ":jobs", ":frameworks", ":roles", ":offers", ":masters", ":events", ":maintenance", ":secrets", ":agent agent-07",
		} {
			c.Type(list)
			c.Press("enter", "ctrl+y")
			copied(list)
		}
		c.Type(":tasks")
		c.Press("enter", "f", "ctrl+y")
		copied("files")
		for place, letters := range map[string]string{":tasks": "lek", ":agents": "dr", ":jobs": "s"} {
			c.Type(place)
			c.Press("enter")
			for letter := range strings.SplitSeq(letters, "") {
				c.Press("C", letter)
				copied(place + " C " + letter)
			}
		}
		c.Type(":tasks")
		c.Press("enter")
		for range 2 { // unreachable, completed
			c.Press("tab", "ctrl+y")
			copied("a tab of tasks")
		}
		c.Type(":jobs")
		c.Press("enter", "enter", "ctrl+y")
		copied("a job")
		c.Press("1")
		c.Press("n")
		c.Type("it's new")
		c.Press("ctrl+y")
		copied("the form")
	})
	if len(lines) < 15 {
		t.Errorf("only %d lines were copied: %v", len(lines), lines)
	}
	for line := range lines {
		args := words(t, line)
		if root, verb := command(t, args); verb == nil || verb == root || !strings.Contains(strings.Join(args, "\n"), context) {
			t.Errorf("%s does not work: %q", line, args)
		}
	}
}

// words are what a shell gives to reeve.
func words(t *testing.T, line string) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "sh", "-c", `reeve() { printf '%s\0' "$@"; }`+"\n"+line).Output()
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
}

// command is the verb that takes args, nil if none does.
func command(t *testing.T, args []string) (root, verb *cobra.Command) {
	t.Helper()
	root = cli.New(t.Output(), t.Output(), func(cli.Options) error { return nil })
	verb, rest, err := root.Find(args)
	if err != nil {
		t.Logf("%v", err)
		return root, nil
	}
	if err := verb.ParseFlags(rest); err != nil {
		t.Logf("%v: %v", args, err)
		return root, nil
	}
	if err := verb.ValidateArgs(verb.Flags().Args()); err != nil {
		t.Logf("%v: %v", args, err)
		return root, nil
	}
	return root, verb
}
