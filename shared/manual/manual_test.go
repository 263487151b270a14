package manual

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

// ship is a program with a verb, as reeve has them, and one that nobody is told of.
func ship() *cobra.Command {
	program := &cobra.Command{Use: "ship", Short: "Sail", Long: "ship sails the seas."}
	program.PersistentFlags().String("port", "Bristol", "where from")
	turn := &cobra.Command{Use: "turn", Short: "Change course", Run: func(*cobra.Command, []string) {}}
	turn.Flags().Int("degrees", 90, "how far")
	program.AddCommand(turn, &cobra.Command{Use: "sink", Hidden: true, Run: func(*cobra.Command, []string) {}})
	return program
}

func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		found[rel] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestWrite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := run([]string{dir}, ship(), Commands, "1769860800"); err != nil {
		t.Fatal(err)
	}
	got := files(t, dir)
	for path, texts := range map[string][]string{
		"man/ship.1":                {`.TH "SHIP" "1" "Jan 2026"`, "ship sails the seas.", `\fB--port\fP="Bristol"`, `\fBship-turn(1)\fP`},
		"man/ship-turn.1":           {"Change course", `\fB--degrees\fP=90`, `\fB--port\fP="Bristol"`},
		"completion/bash/ship":      {"__complete"},
		"completion/zsh/_ship":      {"#compdef ship"},
		"completion/fish/ship.fish": {"complete -c ship"},
	} {
		for _, text := range texts {
			if !strings.Contains(got[path], text) {
				t.Errorf("%s lacks %q:\n%s", path, text, got[path])
			}
		}
	}
	if _, ok := got["man/ship-sink.1"]; ok {
		t.Error("there is a page of a verb that is hidden")
	}
}

func TestWriteIsReproducible(t *testing.T) {
	t.Parallel()
	one, two := t.TempDir(), t.TempDir()
	for _, dir := range []string{one, two} {
		if err := run([]string{dir}, ship(), Daemons, "1769860800"); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(files(t, one), files(t, two)); diff != "" {
		t.Errorf("two runs differ:\n%s", diff)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args  []string
		epoch string
		want  string
	}{
		{nil, "", "want one argument"},
		{[]string{"a", "b"}, "", "want one argument"},
		{[]string{"a"}, "yesterday", `SOURCE_DATE_EPOCH="yesterday"`},
	} {
		if err := run(tt.args, ship(), Commands, tt.epoch); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("run(%q, %q) = %v, want an error with %q", tt.args, tt.epoch, err, tt.want)
		}
	}
}
