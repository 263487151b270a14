package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"gopkg.in/yaml.v3"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/cli/output"
)

// maxSpec bounds a job's file; a real one has a few hundred bytes.
const maxSpec = 1 << 20

// runFlags are what the command line says about a job; only what was given counts over the file.
type runFlags struct {
	file, name, command, role, user string
	resources                       reeveapi.Amounts
	instances, retries, ports       int
	killGrace                       float64
	env, labels, uris               []string
	follow                          bool
}

func (a *app) runCommand() *cobra.Command {
	f := &runFlags{}
	command := &cobra.Command{
		Use:   "run [NAME] [flags] [-- COMMAND ARGUMENT...]",
		Short: "Submit a job, which the cluster keeps until it is done",
		Example: "  reeve run hello -c 'echo hello' --cpus 0.1 --mem 32 --follow\n" +
			"  reeve run --name render --instances 8 --retries 2 -- ./render.sh --quality high\n" +
			"  reeve run -f job.yaml",
		RunE: func(command *cobra.Command, args []string) error {
			args, err := f.takeName(command, args)
			if err != nil {
				return err
			}
			spec, err := a.jobSpec(command, f, args)
			if err != nil {
				return err
			}
			return a.submit(command, spec, f.follow)
		},
	}
	fs := command.Flags()
	fs.StringVarP(&f.file, "file", "f", "", "YAML or JSON file with the job, - for stdin; other flags count over it")
	fs.StringVar(&f.name, "name", "", "name of the job, unique in the cluster")
	fs.StringVarP(&f.command, "command", "c", "", "command for sh -c")
	fs.Float64Var(&f.resources.CPUs, "cpus", 1, "cores for each instance")
	fs.Float64Var(&f.resources.Mem, "mem", 128, "memory for each instance, MB")
	fs.Float64Var(&f.resources.Disk, "disk", 0, "disk for each instance, MB")
	fs.Float64Var(&f.resources.GPUs, "gpus", 0, "GPUs for each instance")
	fs.IntVar(&f.ports, "ports", 0, "how many ports each instance gets, told as PORT0, PORT1, …")
	fs.IntVarP(&f.instances, "instances", "n", 1, "how many tasks run the command")
	fs.IntVar(&f.retries, "retries", 0, "how often a failed instance is tried again")
	fs.StringVar(&f.role, "role", "", "role that pays for it")
	fs.StringVar(&f.user, "user", "", "user that the command runs as")
	fs.StringArrayVar(&f.env, "env", nil, "NAME=VALUE for the environment; repeat for more")
	fs.StringArrayVar(&f.labels, "label", nil, "NAME=VALUE for people; repeat for more")
	fs.StringArrayVar(&f.uris, "uri", nil, "what to fetch into the sandbox first; repeat for more")
	fs.Float64Var(&f.killGrace, "kill-grace", 0, "seconds between SIGTERM and SIGKILL")
	fs.BoolVar(&f.follow, "follow", false, "stay: show states and output, and end with the job's result")
	return command
}

// takeName takes a job's name from the arguments, where it can be nothing else: a single one, whose command comes from -c
// or after --. It returns the arguments of the command.
func (f *runFlags) takeName(command *cobra.Command, args []string) ([]string, error) {
	dash := command.ArgsLenAtDash()
	bare := dash == 1 || dash < 0 && len(args) == 1 && f.command != ""
	if !bare || f.name != "" || f.file != "" {
		return args, nil
	}
	return args[1:], command.Flags().Set("name", args[0])
}

// jobSpec puts the file, the flags and the arguments together.
func (a *app) jobSpec(command *cobra.Command, f *runFlags, args []string) (reeveapi.JobSpec, error) {
	spec := reeveapi.JobSpec{Resources: f.resources, Instances: 1}
	if f.file != "" {
		if err := a.readSpec(f.file, &spec); err != nil {
			return spec, err
		}
	}
	if err := f.apply(command, &spec); err != nil {
		return spec, err
	}
	switch {
	case len(args) > 0 && f.command != "":
		return spec, usagef("give the command with -c or after --, not both")
	case len(args) > 0:
		spec.Command = shellJoin(args)
	}
	switch {
	case spec.Name == "":
		return spec, usagef("the job needs a name; give it first, or with --name")
	case spec.Command == "":
		return spec, usagef("the job needs a command; give -c 'COMMAND', or -- COMMAND ARGUMENT...")
	}
	return spec, nil
}

// apply puts the flags that were given into spec.
func (f *runFlags) apply(command *cobra.Command, spec *reeveapi.JobSpec) error {
	env, err := assignments("--env", f.env)
	if err != nil {
		return err
	}
	labels, err := assignments("--label", f.labels)
	if err != nil {
		return err
	}
	for flag, set := range map[string]func(){
		"name":       func() { spec.Name = f.name },
		"command":    func() { spec.Command = f.command },
		"cpus":       func() { spec.Resources.CPUs = f.resources.CPUs },
		"mem":        func() { spec.Resources.Mem = f.resources.Mem },
		"disk":       func() { spec.Resources.Disk = f.resources.Disk },
		"gpus":       func() { spec.Resources.GPUs = f.resources.GPUs },
		"ports":      func() { spec.Ports = f.ports },
		"instances":  func() { spec.Instances = f.instances },
		"retries":    func() { spec.Retries = f.retries },
		"role":       func() { spec.Role = f.role },
		"user":       func() { spec.User = f.user },
		"env":        func() { spec.Env = env },
		"label":      func() { spec.Labels = labels },
		"uri":        func() { spec.URIs = f.uris },
		"kill-grace": func() { spec.KillGraceSeconds = f.killGrace },
	} {
		if command.Flags().Changed(flag) {
			set()
		}
	}
	return nil
}

// readSpec reads a job's file over what spec says already. A key that no job has is a mistake, not a comment.
func (a *app) readSpec(path string, spec *reeveapi.JobSpec) error {
	in := a.stdin
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return usagef("-f: %v", err)
		}
		defer func() { _ = file.Close() }() // nothing was written
		in = file
	}
	text, err := io.ReadAll(io.LimitReader(in, maxSpec+1))
	if err != nil {
		return usagef("-f %s: %v", path, err)
	}
	if len(text) > maxSpec {
		return usagef("-f %s: the file is larger than %d bytes", path, maxSpec)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(spec); err != nil {
		if errors.Is(err, io.EOF) {
			return usagef("-f %s: the file is empty", path)
		}
		return usagef("-f %s: %v", path, err)
	}
	return nil
}

// assignments reads NAME=VALUE.
func assignments(flag string, list []string) (map[string]string, error) {
	values := map[string]string{}
	for _, item := range list {
		name, value, found := strings.Cut(item, "=")
		if !found || name == "" {
			return nil, usagef("%s %q is not NAME=VALUE", flag, item)
		}
		values[name] = value
	}
	return values, nil
}

// shellJoin writes arguments so that sh -c sees them as they are.
func shellJoin(args []string) string {
	quoted := make([]string, len(args))
	for i, arg := range args {
		quoted[i] = arg
		if arg == "" || strings.ContainsFunc(arg, needsQuotes) {
			quoted[i] = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}

func needsQuotes(r rune) bool {
	return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%+,-./:=@_", r)
}

func (a *app) submit(command *cobra.Command, spec reeveapi.JobSpec, follow bool) error {
	var submitted *reeveapi.Job
	err := a.ask(command, func(ctx context.Context, c *client.Client) error {
		var err error
		submitted, err = c.SubmitJob(ctx, spec)
		return err
	})
	if err != nil {
		return err
	}
	if follow {
		fmt.Fprintf(a.stderr, "Submitted job %s\n", spec.Name)
		return a.followJob(command.Context(), spec)
	}
	if submitted != nil && (a.output == output.JSON || a.output == output.YAML) {
		return a.printer().Data(submitted)
	}
	if a.output == output.Name {
		fmt.Fprintln(a.stdout, spec.Name)
		return nil
	}
	fmt.Fprintf(a.stdout, "Submitted job %s\n", spec.Name)
	return nil
}
