package cli

import (
	"context"
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
)

func (a *app) filesCommand() *cobra.Command {
	get := ""
	command := &cobra.Command{
		Use: "files TASK [PATH]", Short: "List or fetch the files in a task's sandbox", Args: cobra.RangeArgs(1, 2),
		RunE: func(command *cobra.Command, args []string) error {
			below := ""
			if len(args) == 2 {
				below = args[1]
			}
			c, err := a.connect()
			if err != nil {
				return err
			}
			defer c.Close()
			find, cancel := context.WithTimeout(command.Context(), patience)
			defer cancel()
			task, err := findTask(find, c, args[0])
			if err != nil {
				return err
			}
			// Cleaned as if the sandbox were the root, so that ".." can't lead out of it.
			at := task.Sandbox + strings.TrimSuffix(path.Clean("/"+below), "/")
			if get != "" {
				return a.download(command.Context(), c, task.AgentHTTP, at, get)
			}
			files, err := c.ListFiles(find, task.AgentHTTP, at)
			if err != nil {
				return err
			}
			return show(a, files, fileListing(task.Sandbox))
		},
	}
	command.Flags().StringVar(&get, "get", "", "fetch the file at PATH into this file; - for stdout")
	return command
}

func fileListing(sandbox string) listing[*mesosv1.FileInfo] {
	name := func(f *mesosv1.FileInfo) string {
		return strings.TrimPrefix(strings.TrimPrefix(f.GetPath(), sandbox), "/")
	}
	return listing[*mesosv1.FileInfo]{
		empty: "Empty.",
		name:  name,
		columns: []column[*mesosv1.FileInfo]{
			{head: "MODE", cell: func(f *mesosv1.FileInfo) string { return modeText(f.GetMode()) }},
			{head: "USER", cell: func(f *mesosv1.FileInfo) string { return f.GetUid() }},
			{head: "GROUP", wide: true, cell: func(f *mesosv1.FileInfo) string { return f.GetGid() }},
			{head: "SIZE", cell: func(f *mesosv1.FileInfo) string { return fmt.Sprint(f.GetSize()) }},
			{head: "CHANGED", cell: func(f *mesosv1.FileInfo) string {
				return time.Unix(0, f.GetMtime().GetNanoseconds()).Format(time.DateTime)
			}},
			{head: "NAME", cell: name},
		},
	}
}

// The bits of a Unix mode, which is what the wire has; Go's are others.
const (
	typeMask = 0o170000
	typeDir  = 0o040000
	typeLink = 0o120000
)

func modeText(mode uint32) string {
	m := fs.FileMode(mode & 0o777)
	switch mode & typeMask {
	case typeDir:
		m |= fs.ModeDir
	case typeLink:
		m |= fs.ModeSymlink
	}
	return m.String()
}

func (a *app) download(ctx context.Context, c *client.Client, agent, at, to string) (err error) {
	out := a.stdout
	if to != "-" {
		file, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return fault.New(fault.Invalid, "--get: %v; give a name that does not exist yet", err)
		}
		defer func() {
			if cerr := file.Close(); err == nil && cerr != nil {
				err = fmt.Errorf("write %s: %w", to, cerr)
			}
		}()
		out = file
	}
	count, err := c.Download(ctx, agent, at, out)
	if err != nil {
		return err
	}
	if to != "-" {
		_, err = io.WriteString(a.stdout, fmt.Sprintf("Fetched %d bytes into %s\n", count, to))
	}
	return err
}
