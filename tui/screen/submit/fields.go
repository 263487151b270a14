package submit

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/action"
	"codeberg.org/reeve/reeve/tui/widget/form"
)

func (s *Screen) fields() []form.Field {
	return []form.Field{
		{ID: "name", Label: "Name", Required: true, Hint: "unique, such as web-canary", Check: s.checkName},
		{ID: "role", Label: "Role", Default: "*", Check: checkRole},
		{ID: "command", Label: "Command", Required: true, Unless: s.imageRuns, Hint: "for sh -c, such as ./server --port $PORT0; the image's own if empty"},
		{ID: "instances", Label: "Instances", Default: "1", Check: whole("instances", 1, 100_000)},
		{ID: "kind", Label: "Kind", Default: "batch", Check: s.checkKind},
		{ID: "cpus", Label: "CPUs", Required: true, Default: "0.1", Check: checkCPUs},
		{ID: "mem", Label: "Memory", Required: true, Default: "64M", Check: checkMem},
		{ID: "disk", Label: "Disk", Default: "64M", Check: checkSize},
		{ID: "gpus", Label: "GPUs", Default: "0", Check: whole("gpus", 0, 1000)},
		{ID: "ports", Label: "Ports", Default: "0", Check: whole("ports", 0, 100)},
		{ID: "retries", Label: "Retries", Default: "0", Check: whole("retries", 0, 1_000_000)},
		{ID: "cron", Label: "Cron", Hint: "of a periodic job: minute hour day month weekday, or @daily", Check: checkCron},
		{ID: "zone", Label: "Time zone", Hint: "of the cron, such as Europe/Berlin; UTC if empty"},
		{ID: "image", Label: "Image", Hint: "such as nginx:1.27; the host's files if empty"},
		{ID: "health", Label: "Health", Hint: "/path for HTTP, tcp, or a command; needs a port or a command"},
		{ID: "rules", Label: "Constraints", Hint: "hostname unique; rack in a,b", Check: checkRules},
		{ID: "env", Label: "Env", Hint: "KEY=value KEY2='two words'", Check: checkEnv},
		{ID: "labels", Label: "Labels", Hint: "team=shop tier='front end'", Check: checkLabels},
		{ID: "uris", Label: "URIs", Hint: "fetched into the sandbox, separated by spaces"},
		{ID: "user", Label: "User", Hint: "whom it runs as; the agent's own if empty"},
		{ID: "grace", Label: "Kill grace", Hint: "seconds between SIGTERM and SIGKILL, 3 if empty", Check: checkGrace},
	}
}

// imageRuns says whether a job does without a command: an image has one of its own.
func (s *Screen) imageRuns() bool { return s.Form != nil && s.Form.Value("image") != "" }

func (s *Screen) checkName(text string) string {
	switch {
	case len(text) > 255:
		return "has more than 255 characters"
	case strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '/' || r == '\\' }):
		return "may not have spaces, control characters or slashes in it"
	case text == "." || text == "..":
		return "may not be " + text
	case s.old != nil:
		if text != s.old.Spec.Name {
			return "cannot be changed"
		}
	case s.env.Store.Snapshot().Jobs.Get(text) != nil:
		return "there is a job of this name already"
	}
	return ""
}

func checkRole(text string) string {
	if text != "*" && (strings.HasPrefix(text, "-") || strings.HasPrefix(text, "/") || strings.HasSuffix(text, "/") || strings.ContainsAny(text, " \t\\*")) {
		return "is * or a name such as web or web/api, without spaces"
	}
	return ""
}

func checkCPUs(text string) string {
	v, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil || math.IsNaN(v):
		return fmt.Sprintf("%q is not a number; write 0.5 or 2", text)
	case v < 0.01:
		return "must be at least 0.01"
	case v > 10_000:
		return "no agent has that many"
	}
	return ""
}

func checkMem(text string) string {
	if wrong := checkSize(text); wrong != "" {
		return wrong
	}
	if mb, _ := size(text); mb < 4 {
		return "must be at least 4M"
	}
	return ""
}

func checkSize(text string) string {
	if _, err := size(text); err != nil {
		return err.Error()
	}
	return ""
}

// size reads an amount in MB; a number without a unit is one already.
func size(text string) (float64, error) {
	text = strings.TrimSuffix(strings.TrimSuffix(strings.ToUpper(strings.TrimSpace(text)), "B"), "I")
	scale := 1.0
	if text != "" {
		switch text[len(text)-1] {
		case 'K':
			scale, text = 1.0/1024, text[:len(text)-1]
		case 'M':
			text = text[:len(text)-1]
		case 'G':
			scale, text = 1024, text[:len(text)-1]
		case 'T':
			scale, text = 1<<20, text[:len(text)-1]
		}
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || v < 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, errors.New("is not an amount; write 512M or 2G")
	}
	return v * scale, nil
}

func whole(what string, least, most int) func(string) string {
	return func(text string) string {
		if n, err := strconv.Atoi(text); err != nil || n < least || n > most {
			return fmt.Sprintf("%s must be a whole number from %d to %d", what, least, most)
		}
		return ""
	}
}

func checkGrace(text string) string {
	if v, err := strconv.ParseFloat(text, 64); err != nil || v < 0 || v > 86400 {
		return "is a number of seconds, at most 86400"
	}
	return ""
}

func checkEnv(text string) string {
	if _, err := environment(text); err != nil {
		return err.Error()
	}
	return ""
}

// environment reads KEY=value pairs as a shell would cut them.
func environment(text string) (map[string]string, error) {
	words, err := cut(text)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, w := range words {
		key, value, found := strings.Cut(w, "=")
		if !found || key == "" {
			return nil, fmt.Errorf("%q is not KEY=value", w)
		}
		out[key] = value
	}
	return out, nil
}

// pairs writes what environment reads.
func pairs(all map[string]string) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(all)) {
		out = append(out, action.Quote(k)+"="+action.Quote(all[k]))
	}
	return strings.Join(out, " ")
}

func checkLabels(text string) string {
	all, err := environment(text)
	if err != nil {
		return err.Error()
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if strings.HasPrefix(name, ownLabel) {
			return fmt.Sprintf("%q may not begin with %q, which is kept for Reeve", name, ownLabel)
		}
	}
	return ""
}

// ownLabel begins labels that Reeve gives tasks of jobs; the master refuses a job that has such.
const ownLabel = "reeve."

// labels reads what pairs writes. Labels that nobody has touched stay as they were, also those with an equals sign in the name.
func labels(text string, was map[string]string) map[string]string {
	if text == pairs(was) {
		return was
	}
	all, err := environment(text)
	if err != nil || len(all) == 0 {
		return nil
	}
	return all
}

// cut cuts at spaces outside of quotes, and reads \' as action.Quote writes it.
func cut(text string) ([]string, error) {
	var out []string
	var word strings.Builder
	quote, in := rune(0), false
	runes := []rune(text)
	for i := 0; i < len(runes); i++ {
		r := runes[i]
		switch {
		case quote == 0 && r == '\\' && i+1 < len(runes) && runes[i+1] == '\'':
			word.WriteRune('\'')
			in = true
			i++
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, in = r, true
		case r == ' ':
			if in {
				out = append(out, word.String())
			}
			word.Reset()
			in = false
		default:
			word.WriteRune(r)
			in = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("a %c is not closed", quote)
	}
	if in {
		out = append(out, word.String())
	}
	return out, nil
}

// spec reads the fields. What cannot be read is left at its default; send refuses it before.
func (s *Screen) spec() reeveapi.JobSpec {
	if s.base != nil {
		return s.over(*s.base) // what the form does not show stays as it is
	}
	return s.over(reeveapi.JobSpec{})
}

// over puts what the form says over a job.
func (s *Screen) over(spec reeveapi.JobSpec) reeveapi.JobSpec {
	number := func(id string) float64 { v, _ := strconv.ParseFloat(s.Form.Value(id), 64); return v }
	amount := func(id string) float64 { v, _ := size(s.Form.Value(id)); return v }
	count := func(id string) int { n, _ := strconv.Atoi(s.Form.Value(id)); return n }
	s.more(&spec)
	spec = merged(spec, reeveapi.JobSpec{
		Name: s.Form.Value("name"), Role: s.Form.Value("role"), Command: s.Form.Value("command"),
		Instances: count("instances"), Retries: count("retries"), Ports: count("ports"), User: s.Form.Value("user"),
		Labels:           labels(s.Form.Value("labels"), spec.Labels),
		Resources:        reeveapi.Amounts{CPUs: number("cpus"), Mem: amount("mem"), Disk: amount("disk"), GPUs: float64(count("gpus"))},
		URIs:             strings.Fields(s.Form.Value("uris")),
		KillGraceSeconds: number("grace"),
	})
	if env, err := environment(s.Form.Value("env")); err == nil && len(env) > 0 {
		spec.Env = env
	}
	return spec
}

// fill sets the fields from a job, under a name that is free.
func (s *Screen) fill(j reeveapi.JobSpec) {
	for id, value := range values(j) {
		s.Form.Set(id, value)
	}
	s.Form.Set("name", s.nameOf(j))
}

// values are the texts of the fields that a job fills.
func values(j reeveapi.JobSpec) map[string]string {
	text := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
	some := func(n int) string { return strconv.Itoa(n) }
	out := map[string]string{
		"kind": string(j.Kind), "image": j.Image, "health": healthText(j.Health), "rules": rulesText(j.Constraints),
		"role": j.Role, "command": j.Command, "instances": some(max(j.Instances, 1)), "cpus": text(j.Resources.CPUs),
		"mem": text(j.Resources.Mem) + "M", "disk": text(j.Resources.Disk) + "M", "ports": some(j.Ports), "retries": some(j.Retries),
		"gpus": text(j.Resources.GPUs), "env": pairs(j.Env), "labels": pairs(j.Labels), "uris": strings.Join(j.URIs, " "), "user": j.User,
	}
	if j.Schedule != nil {
		out["cron"], out["zone"] = j.Schedule.Cron, j.Schedule.TimeZone
	}
	if j.KillGraceSeconds > 0 {
		out["grace"] = text(j.KillGraceSeconds)
	}
	return out
}

// free is a name like the given one that no job has.
func (s *Screen) free(name string) string {
	jobs := s.env.Store.Snapshot().Jobs
	for n := 2; jobs.Get(name) != nil && n < 1000; n++ {
		base := strings.TrimRight(name, "0123456789")
		if base == name {
			base += "-"
		}
		if next := base + strconv.Itoa(n); jobs.Get(next) == nil {
			return next
		}
	}
	return name
}
