// Package manual writes what packages hold beside a program, from its command line alone: man pages and the completions of
// three shells. It owns their form and places; the texts are those of --help. Start reading at Write.
package manual

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"codeberg.org/reeve/reeve/shared/version"
)

// Sections of the manual.
const (
	Commands = "1"
	Daemons  = "8"
)

// Write makes below dir what belongs to a program: man/<program>[-<verb>…].<section> and completion/{bash,zsh,fish}/ with a
// file as each shell looks for it. date is what the pages show, that of the commit, so that the same source makes the same bytes.
func Write(dir string, program *cobra.Command, section string, date time.Time) error {
	program.DisableAutoGenTag = true
	program.InitDefaultHelpCmd()
	program.InitDefaultCompletionCmd()
	pages := filepath.Join(dir, "man")
	if err := os.MkdirAll(pages, 0o750); err != nil {
		return fmt.Errorf("make the folder of man pages: %w", err)
	}
	header := &doc.GenManHeader{
		Title: strings.ToUpper(program.Name()), Section: section, Date: &date,
		Source: "Reeve " + version.Reeve, Manual: "Reeve's manual",
	}
	if err := doc.GenManTree(program, header, pages); err != nil {
		return fmt.Errorf("write the man pages of %s: %w", program.Name(), err)
	}
	return completions(filepath.Join(dir, "completion"), program)
}

func completions(dir string, program *cobra.Command) error {
	name := program.Name()
	for _, shell := range []struct {
		file  string
		write func(path string) error
	}{
		{filepath.Join("bash", name), func(path string) error { return program.GenBashCompletionFileV2(path, true) }},
		{filepath.Join("zsh", "_"+name), program.GenZshCompletionFile},
		{filepath.Join("fish", name+".fish"), func(path string) error { return program.GenFishCompletionFile(path, true) }},
	} {
		path := filepath.Join(dir, shell.file)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			return fmt.Errorf("make the folder of completions: %w", err)
		}
		if err := shell.write(path); err != nil {
			return fmt.Errorf("write the completion %s: %w", path, err)
		}
	}
	return nil
}

// Main is the main function of a program that writes the manual of another one into the folder that its one argument names,
// dated by SOURCE_DATE_EPOCH (seconds since 1970), or now.
func Main(program *cobra.Command, section string) {
	if err := run(os.Args[1:], program, section, os.Getenv("SOURCE_DATE_EPOCH")); err != nil {
		fmt.Fprintln(os.Stderr, "manual:", err)
		os.Exit(1)
	}
}

func run(args []string, program *cobra.Command, section, epoch string) error {
	if len(args) != 1 {
		return fmt.Errorf("want one argument, the folder to write into, not %d", len(args))
	}
	date := time.Now()
	if epoch != "" {
		var seconds int64
		if _, err := fmt.Sscanf(epoch, "%d", &seconds); err != nil {
			return fmt.Errorf("SOURCE_DATE_EPOCH=%q is not a number of seconds: %w", epoch, err)
		}
		date = time.Unix(seconds, 0)
	}
	return Write(args[0], program, section, date.UTC())
}
