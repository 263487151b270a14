package jobspec

import (
	"maps"
	"math"
	"path"
	"slices"
	"strings"

	"codeberg.org/reeve/reeve/masterd/placement"
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
	maxPort      = 65535
	minCPUs      = 0.01
	minMem       = 16 // MB: less does not hold a shell
	mostOf       = 1e9
	mostSeconds  = 366 * 86400

	// OwnLabel begins labels that are ours.
	OwnLabel = "reeve."
)

// Variables that every instance gets, beside PORT0, PORT1, ….
const (
	EnvJob      = "REEVE_JOB"
	EnvInstance = "REEVE_INSTANCE"
)

// Check reports the first rule that a completed spec breaks. Its error is of kind Invalid or Unsupported.
func Check(spec reeveapi.JobSpec) error {
	for _, rule := range []func(reeveapi.JobSpec) error{
		checkName, checkKind, checkCommand, checkCounts, checkResources, checkEnv, checkSecrets, checkFiles, checkFetch, checkContainer,
		checkHealth, checkCheck, checkPlacement, checkPolicies, checkSchedule,
	} {
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
	case spec.Name == "plan" || spec.Name == "schema.json":
		return invalid("job name %q is a path of the API; choose another", spec.Name)
	case endsInNumber(spec.Name):
		return invalid("job name %q must not end in a dot and a number, as the ids of its tasks do; use %q",
			spec.Name, strings.ReplaceAll(spec.Name, ".", "-"))
	}
	return nil
}

// endsInNumber says whether the part after the last dot is a number.
func endsInNumber(name string) bool {
	last := name[strings.LastIndexByte(name, '.')+1:]
	return strings.Contains(name, ".") && last != "" && strings.Trim(last, "0123456789") == ""
}

func checkKind(spec reeveapi.JobSpec) error {
	switch spec.Kind {
	case reeveapi.Batch, reeveapi.Service, reeveapi.Periodic:
	default:
		return invalid("kind %q is none of %s, %s and %s", spec.Kind, reeveapi.Batch, reeveapi.Service, reeveapi.Periodic)
	}
	if err := validate.Role(spec.Role); err != nil {
		return fault.Wrap(fault.Invalid, err, "job role")
	}
	return nil
}

func checkCommand(spec reeveapi.JobSpec) error {
	switch {
	case strings.TrimSpace(spec.Command) == "" && spec.Image == "":
		return invalid("the job has no command; give what sh -c is to run, or an image that has one")
	case spec.Command != strings.TrimSpace(spec.Command) && spec.Args != nil:
		return invalid("command %q is the name of a program, because there are args: it must not begin or end with white space", spec.Command)
	case slices.ContainsFunc(append([]string{spec.Command}, spec.Args...), func(s string) bool { return strings.ContainsRune(s, 0) }):
		return invalid("command and args must not hold a zero byte")
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
	seen := map[int]bool{}
	for _, port := range spec.FixedPorts {
		if port < 1 || port > maxPort || seen[port] {
			return invalid("fixed port %d must be 1 to %d and given once", port, maxPort)
		}
		seen[port] = true
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
	if g := spec.Resources.GPUs; g != math.Trunc(g) {
		return invalid("%v gpus asked, it must be a whole number: a GPU is one task's own", g)
	}
	if l := spec.Limits; l != nil {
		switch {
		case l.CPUs != 0 && !(l.CPUs >= spec.Resources.CPUs && l.CPUs <= mostOf):
			return invalid("limits.cpus is %v, it must not be less than the %v of resources", l.CPUs, spec.Resources.CPUs)
		case l.Mem != 0 && !(l.Mem >= spec.Resources.Mem && l.Mem <= mostOf):
			return invalid("limits.mem is %v, it must not be less than the %v MB of resources", l.Mem, spec.Resources.Mem)
		case l.CPUs == 0 && l.Mem == 0:
			return invalid("limits names neither cpus nor mem; leave it out")
		}
	}
	return nil
}

func checkEnv(spec reeveapi.JobSpec) error {
	for _, name := range slices.Sorted(maps.Keys(spec.Env)) {
		switch {
		case !isVariable(name):
			return invalid("%q is no name of an environment variable: letters, digits and _, not a digit first", name)
		case strings.ContainsRune(spec.Env[name], 0):
			return invalid("environment variable %s must not hold a zero byte", name)
		case isOurs(name):
			return invalid("environment variable %s is set by Reeve; use another name", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(spec.Labels)) {
		if name == "" || strings.HasPrefix(name, OwnLabel) {
			return invalid("label %q must not be empty or begin with %q, which is kept for Reeve", name, OwnLabel)
		}
	}
	return nil
}

func checkFiles(spec reeveapi.JobSpec) error {
	for _, uri := range spec.URIs {
		if strings.TrimSpace(uri) == "" {
			return invalid("a URI must not be empty")
		}
	}
	if strings.ContainsAny(spec.Image, " \t\n") {
		return invalid("image %q must not have spaces in it; write it as repository:tag", spec.Image)
	}
	for _, v := range spec.Volumes {
		switch {
		case v.TmpfsMB < 0 || v.TmpfsMB > 1<<20 || v.TmpfsMB > 0 && v.Host != "":
			return invalid("a volume has host %q and tmpfs_mb %d; give one of them", v.Host, v.TmpfsMB)
		case v.Image != "" && (v.Host != "" || v.TmpfsMB > 0):
			return invalid("a volume has the image %q, and host or tmpfs_mb, too; give one of them", v.Image)
		case strings.ContainsAny(v.Image, " \t\n"):
			return invalid("image %q of a volume must not have spaces in it; write it as repository:tag", v.Image)
		case v.Host == "" && v.TmpfsMB == 0 && v.Image == "" || v.Container == "":
			return invalid("a volume needs both host and container, one has %q and %q; or tmpfs_mb or image instead of host", v.Host, v.Container)
		case path.IsAbs(v.Container) && path.Clean(v.Container) == "/":
			return invalid("a volume must not cover the whole container; name a folder below /")
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

// isOurs says whether an instance gets a variable of that name.
func isOurs(name string) bool {
	number, isPort := strings.CutPrefix(name, "PORT")
	return name == EnvJob || name == EnvInstance || isPort && number != "" && strings.Trim(number, "0123456789") == ""
}

func checkHealth(spec reeveapi.JobSpec) error {
	h := spec.Health
	if h == nil {
		return nil
	}
	ways := 0
	for _, set := range []bool{h.Command != "", h.HTTP != "", h.TCP} {
		if set {
			ways++
		}
	}
	ports := spec.Ports + len(spec.FixedPorts)
	switch {
	case ways != 1:
		return invalid("health names %d ways to check, it must be one of command, http and tcp", ways)
	case h.HTTP != "" && h.HTTP[0] != '/':
		return invalid("health.http is %q, it must be a path that begins with /", h.HTTP)
	case h.Port < 0 || h.Port > maxPort:
		return invalid("health.port %d must be 1 to %d, or 0 for one of the instance's", h.Port, maxPort)
	case h.Command == "" && h.Port == 0 && (h.PortIndex < 0 || h.PortIndex >= ports):
		return invalid("health needs port %d of the instance, which has %d; ask for ports, or name health.port", h.PortIndex, ports)
	case h.Failures < 1 || h.Failures > 1_000_000:
		return invalid("health.failures is %d, it must be 1 to 1000000", h.Failures)
	case h.IntervalSeconds <= 0 || h.TimeoutSeconds <= 0:
		return invalid("health.interval_seconds and health.timeout_seconds must be more than 0")
	}
	if h.HTTPS && h.HTTP == "" {
		return invalid("health.https says how health.http is asked; give a path there")
	}
	return seconds(map[string]float64{
		"health.delay_seconds": h.DelaySeconds, "health.interval_seconds": h.IntervalSeconds,
		"health.timeout_seconds": h.TimeoutSeconds, "health.grace_seconds": h.GraceSeconds,
	})
}

// seconds checks durations.
func seconds(all map[string]float64) error {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if v := all[name]; !(v >= 0 && v <= mostSeconds) {
			return invalid("%s is %v, it must be 0 to %d", name, v, mostSeconds)
		}
	}
	return nil
}

func checkPlacement(spec reeveapi.JobSpec) error {
	if _, err := placement.Compile(spec.Constraints); err != nil {
		return err
	}
	switch spec.Placement {
	case reeveapi.PlacePack, reeveapi.PlaceSpread:
	default:
		return invalid("placement %q is neither %s nor %s", spec.Placement, reeveapi.PlacePack, reeveapi.PlaceSpread)
	}
	switch spec.Reserved {
	case "", reeveapi.ReservedFirst, reeveapi.ReservedOnly, reeveapi.ReservedNever:
	default:
		return invalid("reserved is %q, it must be %s, %s or %s", spec.Reserved, reeveapi.ReservedFirst, reeveapi.ReservedOnly, reeveapi.ReservedNever)
	}
	for _, name := range spec.Avoid {
		if name == spec.Name || ids.Check(name) != nil {
			return invalid("avoid names %q, it must be another job's name; to keep a job's own instances apart use the constraint hostname unique", name)
		}
	}
	return nil
}

func checkPolicies(spec reeveapi.JobSpec) error {
	all := map[string]float64{
		"deadline_seconds": spec.DeadlineSeconds, "max_run_seconds": spec.MaxRunSeconds, "restart.backoff_seconds": spec.Restart.BackoffSeconds,
		"restart.max_backoff_seconds": spec.Restart.MaxBackoffSeconds, "restart.reset_seconds": spec.Restart.ResetSeconds,
	}
	if r := spec.ReplaceUnreachableSeconds; r != nil {
		all["replace_unreachable_seconds"] = *r
	}
	if spec.Restart.BackoffSeconds < 0.1 {
		return invalid("restart.backoff_seconds is %v, it must be at least 0.1: less hammers the host", spec.Restart.BackoffSeconds)
	}
	if spec.Restart.MaxBackoffSeconds < spec.Restart.BackoffSeconds {
		return invalid("restart.max_backoff_seconds is %v, less than backoff_seconds %v", spec.Restart.MaxBackoffSeconds, spec.Restart.BackoffSeconds)
	}
	switch {
	case spec.Kind != reeveapi.Service && spec.Update != nil:
		return invalid("update is for services, the job is of kind %s", spec.Kind)
	case spec.Kind == reeveapi.Service && spec.Retries != 0:
		return invalid("retries is not for services: they are restarted for ever; use restart for how quickly")
	case spec.Kind == reeveapi.Service && spec.DeadlineSeconds != 0:
		return invalid("deadline_seconds is not for services; they run until they are stopped")
	}
	if u := spec.Update; u != nil {
		all["update.healthy_seconds"], all["update.deadline_seconds"] = u.HealthySeconds, u.DeadlineSeconds
		switch {
		case u.MaxSurge < 0 || u.MaxUnavailable < 0 || u.MaxFailures < 0:
			return invalid("update.max_surge, max_unavailable and max_failures must not be negative")
		case u.OnFailure != reeveapi.OnFailureRollback && u.OnFailure != reeveapi.OnFailurePause:
			return invalid("update.on_failure is %q, it must be %s or %s", u.OnFailure, reeveapi.OnFailureRollback, reeveapi.OnFailurePause)
		}
	}
	return seconds(all)
}

func checkSchedule(spec reeveapi.JobSpec) error {
	switch {
	case spec.Kind != reeveapi.Periodic && spec.Schedule != nil:
		return invalid("schedule is for periodic jobs, the job is of kind %s; set kind: periodic", spec.Kind)
	case spec.Kind == reeveapi.Periodic && spec.Schedule == nil:
		return invalid("a periodic job needs a schedule, such as {cron: \"0 4 * * *\"}")
	case spec.Schedule == nil:
		return nil
	}
	switch spec.Schedule.Overlap {
	case reeveapi.OverlapSkip, reeveapi.OverlapQueue, reeveapi.OverlapReplace:
	default:
		return invalid("schedule.overlap is %q, it must be %s, %s or %s", spec.Schedule.Overlap,
			reeveapi.OverlapSkip, reeveapi.OverlapQueue, reeveapi.OverlapReplace)
	}
	_, err := ParseSchedule(*spec.Schedule)
	return err
}
