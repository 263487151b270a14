package jobs

import (
	"cmp"
	"math"
	"strings"

	"codeberg.org/reeve/reeve/masterd/validate"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// What a job may ask for.
const (
	maxName      = 200 // leaves room for the rest of a task's id
	maxInstances = 10_000
	maxRetries   = 100
	maxPorts     = 1000
	minCPUs      = 0.01
	minMem       = 16 // MB: less does not hold a shell
	defaultCPUs  = 0.1
	defaultMem   = 32
	defaultGrace = 3 // seconds
	mostOf       = 1e9

	ownLabel = "reeve." // labels that begin so are ours
)

// complete fills in what an operator may leave out.
func complete(spec reeveapi.JobSpec) reeveapi.JobSpec {
	spec.Kind = cmp.Or(spec.Kind, reeveapi.Batch)
	spec.Role = cmp.Or(spec.Role, "*")
	spec.Instances = cmp.Or(spec.Instances, 1)
	spec.Resources.CPUs = cmp.Or(spec.Resources.CPUs, defaultCPUs)
	spec.Resources.Mem = cmp.Or(spec.Resources.Mem, defaultMem)
	spec.KillGraceSeconds = cmp.Or(spec.KillGraceSeconds, defaultGrace)
	return spec
}

// check reports the first rule that a completed spec breaks.
func check(spec reeveapi.JobSpec) error {
	for _, rule := range []func(reeveapi.JobSpec) error{checkName, checkKind, checkCounts, checkResources, checkEnv} {
		if err := rule(spec); err != nil {
			return err
		}
	}
	return nil
}

func invalid(format string, args ...any) error { return fault.New(fault.Invalid, format, args...) }

func checkName(spec reeveapi.JobSpec) error {
	if err := ids.Check(spec.Name); err != nil {
		return fault.Wrap(fault.Invalid, err, "job name")
	}
	switch {
	case len(spec.Name) > maxName:
		return invalid("job name has %d characters, the most allowed is %d", len(spec.Name), maxName)
	case strings.TrimSpace(spec.Name) != spec.Name:
		return invalid("job name %q must not begin or end with white space", spec.Name)
	case endsInNumber(spec.Name):
		return invalid("job name %q must not end in a dot and a number, as the ids of its tasks do; use %q",
			spec.Name, strings.ReplaceAll(spec.Name, ".", "-"))
	}
	return nil
}

func checkKind(spec reeveapi.JobSpec) error {
	if spec.Kind != reeveapi.Batch {
		return fault.New(fault.Unsupported, "kind %q is not supported by this version of Reeve; use %q", spec.Kind, reeveapi.Batch)
	}
	if err := validate.Role(spec.Role); err != nil {
		return fault.Wrap(fault.Invalid, err, "job role")
	}
	if strings.TrimSpace(spec.Command) == "" {
		return invalid("the job has no command; give what sh -c is to run")
	}
	return nil
}

func checkCounts(spec reeveapi.JobSpec) error {
	for _, n := range []struct {
		noun             string
		have, least, max int
	}{
		{"instances", spec.Instances, 1, maxInstances},
		{"retries", spec.Retries, 0, maxRetries},
		{"ports", spec.Ports, 0, maxPorts},
	} {
		if n.have < n.least || n.have > n.max {
			return invalid("%d %s asked, it must be %d to %d", n.have, n.noun, n.least, n.max)
		}
	}
	if g := spec.KillGraceSeconds; !(g > 0 && g <= 86400) {
		return invalid("kill grace of %v seconds, it must be more than 0 and at most a day (86400)", g)
	}
	return nil
}

func checkResources(spec reeveapi.JobSpec) error {
	for _, r := range []struct {
		name        string
		have, least float64
	}{
		{"cpus", spec.Resources.CPUs, minCPUs},
		{"MB of memory", spec.Resources.Mem, minMem},
		{"MB of disk", spec.Resources.Disk, 0},
		{"gpus", spec.Resources.GPUs, 0},
	} {
		if math.IsNaN(r.have) || r.have < r.least || r.have > mostOf {
			return invalid("%v %s asked, it must be at least %v and at most %v", r.have, r.name, r.least, mostOf)
		}
	}
	if spec.Resources.GPUs > 0 {
		return fault.New(fault.Unsupported, "%v gpus asked, but jobs cannot use GPUs in this version of Reeve; ask for none",
			spec.Resources.GPUs)
	}
	return nil
}

func checkEnv(spec reeveapi.JobSpec) error {
	for _, name := range sortedKeys(spec.Env) {
		switch {
		case !isVariable(name):
			return invalid("%q is no name of an environment variable: letters, digits and _, not a digit first", name)
		case strings.ContainsRune(spec.Env[name], 0):
			return invalid("environment variable %s must not hold a zero byte", name)
		case isOurs(name):
			return invalid("environment variable %s is set by Reeve; use another name", name)
		}
	}
	for _, name := range sortedKeys(spec.Labels) {
		if name == "" || strings.HasPrefix(name, ownLabel) {
			return invalid("label %q must not be empty or begin with %q, which is kept for Reeve", name, ownLabel)
		}
	}
	for _, uri := range spec.URIs {
		if strings.TrimSpace(uri) == "" {
			return invalid("a URI must not be empty")
		}
	}
	return nil
}

func isVariable(name string) bool {
	for i, r := range name {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return name != ""
}

// isOurs says whether place.go sets a variable of that name.
func isOurs(name string) bool {
	number, isPort := strings.CutPrefix(name, "PORT")
	return name == envJob || name == envInstance || isPort && number != "" && strings.Trim(number, "0123456789") == ""
}
