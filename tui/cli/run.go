package cli

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"codeberg.org/reeve/reeve/shared/jobfile"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/cli/jobs"
	"codeberg.org/reeve/reeve/tui/cli/output"
)

// runFlags are what the command line says about a job; only what was given counts over the file.
type runFlags struct {
	file, name, command, role, user string
	resources                       reeveapi.Amounts
	instances, retries, ports       int
	killGrace                       float64
	env, labels, uris               []string
	kind, image, cron, zone         string
	constraints                     []string
	fixedPorts                      []int
	deadline                        float64
	follow, dryRun, yes             bool
}

func (a *app) runCommand() *cobra.Command {
	f := &runFlags{}
	command := &cobra.Command{
		Use:   "run [NAME] [flags] [-- COMMAND ARGUMENT...]",
		Short: "Submit a job, which the cluster keeps, or update the one of that name",
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
			return a.submit(command, f, spec)
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
	fs.StringVar(&f.kind, "kind", "", "batch, service or periodic")
	fs.StringVar(&f.image, "image", "", "container image, such as nginx:1.27")
	fs.StringVar(&f.cron, "cron", "", "when a periodic job runs: minute hour day month weekday, or @daily, @every 10m, …")
	fs.StringVar(&f.zone, "time-zone", "", "time zone of --cron, such as Europe/Berlin; default UTC")
	fs.StringArrayVar(&f.constraints, "constraint", nil, "ATTRIBUTE OPERATOR [VALUE], such as 'hostname unique' or 'rack in a,b'; repeat for more")
	fs.IntSliceVar(&f.fixedPorts, "fixed-ports", nil, "ports by number, which come first among PORT0, PORT1, …")
	fs.Float64Var(&f.deadline, "deadline", 0, "seconds after which what still runs is ended")
	fs.BoolVar(&f.dryRun, "dry-run", false, "say what would change and whether and where it fits, and do nothing")
	fs.BoolVarP(&f.yes, "yes", "y", false, "do not ask before an update")
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
		spec = reeveapi.JobSpec{} // what a file leaves out is for the master to choose
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
	case spec.Command == "" && spec.Image == "":
		return spec, usagef("the job needs a command; give -c 'COMMAND', or -- COMMAND ARGUMENT..., or --image with one of its own")
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
	constraints, err := constraintsOf(f.constraints)
	if err != nil {
		return err
	}
	schedule := func() *reeveapi.JobSchedule {
		if spec.Schedule == nil {
			spec.Schedule = &reeveapi.JobSchedule{}
		}
		return spec.Schedule
	}
	for flag, set := range map[string]func(){
		"kind":        func() { spec.Kind = reeveapi.JobKind(f.kind) },
		"image":       func() { spec.Image = f.image },
		"cron":        func() { schedule().Cron = f.cron },
		"time-zone":   func() { schedule().TimeZone = f.zone },
		"constraint":  func() { spec.Constraints = constraints },
		"fixed-ports": func() { spec.FixedPorts = f.fixedPorts },
		"deadline":    func() { spec.DeadlineSeconds = f.deadline },
		"name":        func() { spec.Name = f.name },
		"command":     func() { spec.Command = f.command },
		"cpus":        func() { spec.Resources.CPUs = f.resources.CPUs },
		"mem":         func() { spec.Resources.Mem = f.resources.Mem },
		"disk":        func() { spec.Resources.Disk = f.resources.Disk },
		"gpus":        func() { spec.Resources.GPUs = f.resources.GPUs },
		"ports":       func() { spec.Ports = f.ports },
		"instances":   func() { spec.Instances = f.instances },
		"retries":     func() { spec.Retries = f.retries },
		"role":        func() { spec.Role = f.role },
		"user":        func() { spec.User = f.user },
		"env":         func() { spec.Env = env },
		"label":       func() { spec.Labels = labels },
		"uri":         func() { spec.URIs = f.uris },
		"kill-grace":  func() { spec.KillGraceSeconds = f.killGrace },
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
	text, err := io.ReadAll(io.LimitReader(in, jobfile.MaxSize+1))
	if err != nil {
		return usagef("-f %s: %v", path, err)
	}
	if err := jobfile.Read(text, spec); err != nil {
		return usagef("-f %s: %v", path, err)
	}
	return nil
}

// constraintsOf reads ATTRIBUTE OPERATOR [VALUE].
func constraintsOf(list []string) ([]reeveapi.Constraint, error) {
	var all []reeveapi.Constraint
	for _, item := range list {
		words := strings.Fields(item)
		if len(words) < 2 || len(words) > 3 {
			return nil, usagef("--constraint %q is not ATTRIBUTE OPERATOR [VALUE]", item)
		}
		c := reeveapi.Constraint{Attribute: words[0], Operator: words[1]}
		switch {
		case len(words) == 3 && (c.Operator == reeveapi.MustBeIn || c.Operator == reeveapi.MustNotIn):
			c.Values = strings.Split(words[2], ",")
		case len(words) == 3:
			c.Value = words[2]
		}
		all = append(all, c)
	}
	return all, nil
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

func (a *app) submit(command *cobra.Command, f *runFlags, spec reeveapi.JobSpec) error {
	job, err := a.jobs().Submit(command, jobs.Submission{Spec: spec, DryRun: f.dryRun, Yes: f.yes})
	if err != nil || f.dryRun {
		return err
	}
	said := "Submitted job " + spec.Name
	if job != nil && job.Version > 1 {
		said = fmt.Sprintf("Job %s is at version %d", spec.Name, job.Version)
	}
	if f.follow {
		fmt.Fprintln(a.stderr, said)
		return a.followJob(command.Context(), spec)
	}
	if job != nil && (a.output == output.JSON || a.output == output.YAML) {
		return a.printer().Data(job)
	}
	if a.output == output.Name {
		said = spec.Name
	}
	fmt.Fprintln(a.stdout, said)
	return nil
}

func (a *app) jobs() jobs.Config {
	return jobs.Config{Config: a.deeds()}
}
