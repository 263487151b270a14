// Package files is the verb that lists and fetches what is in a task's sandbox: reeve files. Names come from a task: nothing
// it fetches can land outside of the directory that was asked for. Start reading at Command.
package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/cli/deed"
	"codeberg.org/reeve/reeve/tui/cli/output"
)

// Config is what the verb needs of the command line.
type Config struct {
	Printer func() output.Printer
	Connect func() (*client.Client, error)
	Find    func(ctx context.Context, c *client.Client, name string) (reeveapi.Task, error)
}

// patience is how long a question waits while the masters elect a leader.
const patience = 20 * time.Second

// Command returns the verb.
func Command(cfg Config) *cobra.Command {
	command := &cobra.Command{
		Use: "files TASK [PATH]", Short: "List the files in a task's sandbox; \"files get\" fetches them", Args: cobra.RangeArgs(1, 2),
		RunE: func(command *cobra.Command, args []string) error {
			return cfg.inSandbox(command, args, func(ctx context.Context, c *client.Client, task reeveapi.Task, at string) error {
				list, cancel := context.WithTimeout(ctx, patience)
				defer cancel()
				files, err := c.ListFiles(list, task.AgentHTTP, at)
				if err != nil {
					return noSuchFile(err, args)
				}
				return output.Show(cfg.Printer(), files, fileListing(task.Sandbox))
			})
		},
	}
	command.AddCommand(cfg.getCommand())
	return command
}

func (cfg Config) getCommand() *cobra.Command {
	return &cobra.Command{
		Use: "get TASK PATH [TO]", Short: "Fetch a file, or a directory with all below it; TO is its own name if not given, and - is stdout",
		Args: cobra.RangeArgs(2, 3),
		RunE: func(command *cobra.Command, args []string) error {
			to := path.Base(path.Clean("/" + args[1]))
			if len(args) == 3 {
				to = args[2]
			}
			return cfg.inSandbox(command, args[:2], func(ctx context.Context, c *client.Client, task reeveapi.Task, at string) error {
				return noSuchFile(cfg.fetch(ctx, c, task.AgentHTTP, at, to), args)
			})
		},
	}
}

// inSandbox finds a task and the virtual path of a file in its sandbox; args are the task's name and perhaps a path.
func (cfg Config) inSandbox(command *cobra.Command, args []string, fn func(ctx context.Context, c *client.Client, task reeveapi.Task, at string) error) error {
	below := ""
	if len(args) == 2 {
		below = args[1]
	}
	c, err := cfg.Connect()
	if err != nil {
		return err
	}
	defer c.Close()
	task, err := cfg.Find(command.Context(), c, args[0])
	if err != nil {
		return err
	}
	// Cleaned as if the sandbox were the root, so that ".." can't lead out of it.
	return fn(command.Context(), c, task, task.Sandbox+strings.TrimSuffix(path.Clean("/"+below), "/"))
}

// noSuchFile says which file there is none of: the agent's answer, as Mesos's, has no words.
func noSuchFile(err error, args []string) error {
	if fault.KindOf(err) != fault.NotFound || len(args) < 2 {
		return err
	}
	return fault.New(fault.NotFound, "there is no file %s in the sandbox of %s; \"reeve files %s\" lists what is", args[1], args[0], args[0])
}

func fileListing(sandbox string) output.Listing[*mesosv1.FileInfo] {
	name := func(f *mesosv1.FileInfo) string {
		return strings.TrimPrefix(strings.TrimPrefix(f.GetPath(), sandbox), "/")
	}
	return output.Listing[*mesosv1.FileInfo]{
		Empty: "Empty.",
		Name:  name,
		Columns: []output.Column[*mesosv1.FileInfo]{
			{Head: "MODE", Cell: func(f *mesosv1.FileInfo) string { return modeText(f.GetMode()) }},
			{Head: "USER", Cell: func(f *mesosv1.FileInfo) string { return f.GetUid() }},
			{Head: "GROUP", Wide: true, Cell: func(f *mesosv1.FileInfo) string { return f.GetGid() }},
			{Head: "SIZE", Cell: func(f *mesosv1.FileInfo) string { return fmt.Sprint(f.GetSize()) }},
			{Head: "CHANGED", Cell: func(f *mesosv1.FileInfo) string {
				return time.Unix(0, f.GetMtime().GetNanoseconds()).Format(time.DateTime)
			}},
			{Head: "NAME", Cell: name},
		},
	}
}

// The bits of a Unix mode, which is what the wire has; Go's are others.
const (
	typeMask = 0o170000
	typeDir  = 0o040000
	typeLink = 0o120000
	typeFile = 0o100000
)

func modeText(mode uint32) string {
	m := fs.FileMode(mode & 0o777)
	switch mode & typeMask {
	case typeDir:
		m |= fs.ModeDir
	case typeLink:
		m |= fs.ModeSymlink
	}
	return strings.Replace(m.String(), "L", "l", 1) // as ls has it
}

// fetch copies a file, or a directory, to a name that does not exist yet.
func (cfg Config) fetch(ctx context.Context, c *client.Client, agent, at, to string) error {
	if to == "-" {
		_, err := c.Download(ctx, agent, at, cfg.Printer().Out)
		return err
	}
	list, cancel := context.WithTimeout(ctx, patience)
	entries, err := c.ListFiles(list, agent, at)
	cancel()
	f := fetching{client: c, agent: agent, notes: cfg.Printer().Err}
	switch {
	case err == nil:
		err = f.directory(ctx, entries, to)
	case fault.KindOf(err) == fault.Invalid: // it is no directory
		err = f.file(ctx, at, to, func() (*os.File, error) { return os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) })
	}
	if err != nil {
		return err
	}
	say := deed.Config{Printer: cfg.Printer}.Say
	if f.files == 1 {
		return say("Fetched %d bytes into %s", f.bytes, to)
	}
	return say("Fetched %d files with %d bytes into %s", f.files, f.bytes, to)
}

// fetching is one fetch.
type fetching struct {
	client *client.Client
	agent  string
	notes  io.Writer
	files  int
	bytes  int64
}

func (f *fetching) file(ctx context.Context, at, to string, create func() (*os.File, error)) error {
	file, err := create()
	if err != nil {
		return fault.New(fault.Invalid, "%v; give a name that does not exist yet", err)
	}
	n, err := f.client.Download(ctx, f.agent, at, file)
	f.files, f.bytes = f.files+1, f.bytes+n
	if cerr := file.Close(); err == nil && cerr != nil {
		err = fmt.Errorf("write %s: %w", to, cerr)
	}
	return err
}

// directory copies what is in one. Names come from a task: os.Root keeps them in their place.
func (f *fetching) directory(ctx context.Context, entries []*mesosv1.FileInfo, to string) error {
	if err := os.Mkdir(to, 0o755); err != nil {
		return fault.New(fault.Invalid, "%v; give a name that does not exist yet", err)
	}
	root, err := os.OpenRoot(to)
	if err != nil {
		return err
	}
	return errors.Join(f.below(ctx, root, ".", entries), root.Close())
}

func (f *fetching) below(ctx context.Context, root *os.Root, dir string, entries []*mesosv1.FileInfo) error {
	for _, e := range entries {
		name := path.Join(dir, path.Base(e.GetPath()))
		switch e.GetMode() & typeMask {
		case typeDir:
			if err := root.Mkdir(name, 0o755); err != nil {
				return err
			}
			inside, err := f.client.ListFiles(ctx, f.agent, e.GetPath())
			if err == nil {
				err = f.below(ctx, root, name, inside)
			}
			if err != nil {
				return err
			}
		case typeFile:
			err := f.file(ctx, e.GetPath(), name, func() (*os.File, error) {
				return root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
			})
			if err != nil {
				return err
			}
		default:
			fmt.Fprintf(f.notes, "reeve: %s is left out: it is a link, a pipe or a device\n", output.OneLine(name))
		}
	}
	return nil
}
