// Package secrets is the verb about what tasks need and nobody should read: reeve secrets, secrets set, secrets remove. It
// hands values to the masters and never shows one: no call answers them. Start reading at Command.
package secrets

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/charmbracelet/x/term"
	"github.com/spf13/cobra"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/cli/deed"
	"codeberg.org/reeve/reeve/tui/cli/output"
)

// Config is what the verb needs of the command line.
type Config struct {
	deed.Config
	Stdin  io.Reader
	Stderr io.Writer
}

// Command returns the verb.
func Command(cfg Config) *cobra.Command {
	command := &cobra.Command{
		Use: "secrets", Short: "List the secrets that jobs can refer to; their values are never shown", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return cfg.Ask(command, func(ctx context.Context, c *client.Client) error {
				list, err := c.Secrets(ctx)
				if err != nil {
					return err
				}
				return output.Show(cfg.Printer(), list, listing(time.Now()))
			})
		},
	}
	command.AddCommand(cfg.setCommand(), cfg.removeCommand())
	return command
}

func listing(now time.Time) output.Listing[reeveapi.Secret] {
	return output.Listing[reeveapi.Secret]{
		Empty: "No secrets. \"reeve secrets set NAME\" stores one.",
		Name:  func(s reeveapi.Secret) string { return s.Name },
		Columns: []output.Column[reeveapi.Secret]{
			{Head: "NAME", Cell: func(s reeveapi.Secret) string { return s.Name }},
			{Head: "VERSION", Cell: func(s reeveapi.Secret) string { return strconv.Itoa(s.Version) }},
			{Head: "BYTES", Cell: func(s reeveapi.Secret) string { return strconv.Itoa(s.Size) }},
			{Head: "SET", Cell: func(s reeveapi.Secret) string { return output.Age(now, s.Set) }},
			{Head: "BY", Cell: func(s reeveapi.Secret) string { return s.By }},
			{Head: "STORED", Cell: stored},
			{Head: "JOBS", Cell: func(s reeveapi.Secret) string { return strings.Join(s.Jobs, ",") }},
		},
	}
}

// stored says how a secret lies on the masters' disks.
func stored(s reeveapi.Secret) string {
	switch {
	case s.Key == "":
		return "in clear"
	case !s.Readable:
		return "sealed with key " + s.Key + ", which the leader lacks"
	}
	return "sealed with key " + s.Key
}

func (cfg Config) setCommand() *cobra.Command {
	from := ""
	command := &cobra.Command{
		Use: "set NAME [< FILE]", Short: "Store a secret, or a new version of it", Args: cobra.ExactArgs(1),
		Long: "set stores what it reads as the secret NAME: from standard input, or from the file of --from. At a terminal it asks\n" +
			"for one line and does not show it. Every byte counts, a line break at the end too: printf '%s' \"$VALUE\" | reeve secrets\n" +
			"set NAME writes none. Tasks that are launched from then on get it; \"reeve restart JOB\" gives it to those that run.",
		RunE: func(command *cobra.Command, args []string) error {
			value, err := cfg.read(from, args[0])
			if err != nil {
				return err
			}
			return cfg.Ask(command, func(ctx context.Context, c *client.Client) error {
				s, err := c.SetSecret(ctx, args[0], value)
				if err != nil {
					return err
				}
				if strings.HasSuffix(string(value), "\n") && strings.Count(string(value), "\n") == 1 {
					fmt.Fprintln(cfg.Stderr, "reeve: the value ends in a line break, which is part of it")
				}
				return cfg.Say("Secret %s is at version %d, %d bytes, %s", s.Name, s.Version, s.Size, stored(*s))
			})
		},
	}
	command.Flags().StringVar(&from, "from", "", "a file with the value, instead of standard input")
	return command
}

// read takes a value from a file, from standard input, or at a terminal from a person, unseen.
func (cfg Config) read(from, name string) ([]byte, error) {
	in := cfg.Stdin
	if from != "" {
		file, err := os.Open(from)
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "read the secret")
		}
		defer func() { _ = file.Close() }() // it was only read
		in = file
	} else if terminal, ok := in.(*os.File); ok && term.IsTerminal(terminal.Fd()) {
		fmt.Fprintf(cfg.Stderr, "Value of %s (not shown): ", name)
		value, err := term.ReadPassword(terminal.Fd())
		fmt.Fprintln(cfg.Stderr)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fault.Wrap(fault.Invalid, err, "read the secret")
		}
		return value, nil
	}
	value, err := io.ReadAll(io.LimitReader(in, reeveapi.MaxSecret+1))
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "read the secret")
	}
	if len(value) > reeveapi.MaxSecret {
		return nil, fault.New(fault.Invalid, "the value has more than %d bytes, which is the most that a secret may have", reeveapi.MaxSecret)
	}
	return value, nil
}

func (cfg Config) removeCommand() *cobra.Command {
	yes := false
	command := &cobra.Command{
		Use: "remove NAME", Short: "Forget a secret that no job needs", Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			return cfg.Do(command, deed.Deed{
				Yes: yes, Question: fmt.Sprintf("Remove secret %s for good?", args[0]),
				Do:   func(ctx context.Context, c *client.Client) error { return c.RemoveSecret(ctx, args[0]) },
				Done: "Removed secret " + args[0],
			})
		},
	}
	deed.YesFlag(command, &yes)
	return command
}
