package action

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// RunCommand is the command line that submits the same job.
func RunCommand(spec reeveapi.JobSpec, master string) string {
	words := []string{"reeve", "run"}
	add := func(flag, value string) {
		if value != "" && value != "0" {
			words = append(words, "--"+flag+"="+Quote(value))
		}
	}
	number := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
	add("master", master)
	add("name", spec.Name)
	add("role", spec.Role)
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
