package action

import (
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"codeberg.org/reeve/reeve/shared/jobfile"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// CommandLine writes a verb and its arguments as a line that a shell takes as it is. reach are the flags by which the cluster is
// reached.
func CommandLine(reach []string, verb string, args ...string) string {
	words := []string{"reeve", verb}
	for _, w := range slices.Concat(reach, args) {
		if flag, value, ok := strings.Cut(w, "="); ok && strings.HasPrefix(w, "--") {
			words = append(words, flag+"="+Quote(value))
			continue
		}
		words = append(words, Quote(w))
	}
	return strings.Join(words, " ")
}

// RunCommand is the command line that submits the same job.
func RunCommand(spec reeveapi.JobSpec, reach []string) string {
	if !sayable(spec) {
		return runFile(spec, reach)
	}
	words := []string{CommandLine(reach, "run")}
	add := func(flag, value string) {
		if value != "" && value != "0" {
			words = append(words, "--"+flag+"="+Quote(value))
		}
	}
	number := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
	add("name", spec.Name)
	add("role", spec.Role)
	if spec.Kind != reeveapi.Batch {
		add("kind", string(spec.Kind))
	}
	add("image", spec.Image)
	if spec.Schedule != nil {
		add("cron", spec.Schedule.Cron)
		add("time-zone", spec.Schedule.TimeZone)
	}
	for _, c := range spec.Constraints {
		add("constraint", strings.TrimSpace(c.Attribute+" "+c.Operator+" "+c.Value+strings.Join(c.Values, ",")))
	}
	add("cpus", number(spec.Resources.CPUs))
	add("mem", number(spec.Resources.Mem))
	add("disk", number(spec.Resources.Disk))
	add("gpus", number(spec.Resources.GPUs))
	if spec.Instances > 1 {
		add("instances", strconv.Itoa(spec.Instances))
	}
	add("retries", strconv.Itoa(spec.Retries))
	add("ports", strconv.Itoa(spec.Ports))
	add("user", spec.User)
	for _, key := range slices.Sorted(maps.Keys(spec.Env)) {
		add("env", key+"="+spec.Env[key])
	}
	for _, key := range slices.Sorted(maps.Keys(spec.Labels)) {
		add("label", key+"="+spec.Labels[key])
	}
	for _, uri := range spec.URIs {
		add("uri", uri)
	}
	add("kill-grace", number(spec.KillGraceSeconds))
	return strings.Join(words, " ") + " --command=" + Quote(spec.Command)
}

// sayable says whether flags can say all of a job: nothing is left of it without what RunCommand writes.
func sayable(spec reeveapi.JobSpec) bool {
	if spec.Command == "" || spec.Schedule != nil && spec.Schedule.Overlap != "" {
		return false
	}
	spec.Name, spec.Role, spec.Kind, spec.Image, spec.Schedule, spec.Constraints = "", "", "", "", nil, nil
	spec.Resources, spec.Instances, spec.Retries, spec.Ports = reeveapi.Amounts{}, 0, 0, 0
	spec.User, spec.Env, spec.Labels, spec.URIs, spec.KillGraceSeconds, spec.Command = "", nil, nil, nil, 0, ""
	return reflect.DeepEqual(spec, reeveapi.JobSpec{})
}

// runFile is a command line with the job's file in it.
func runFile(spec reeveapi.JobSpec, reach []string) string {
	text, err := jobfile.Write(spec)
	if err != nil {
		return "# " + err.Error()
	}
	return CommandLine(reach, "run", "-f", "-") + " <<'JOB'\n" + string(text) + "JOB\n"
}

// Quote writes a word so that a POSIX shell reads it as it is.
func Quote(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("@%+=:,./_-", r)
	}
	if word != "" && !strings.ContainsFunc(word, func(r rune) bool { return !plain(r) }) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
