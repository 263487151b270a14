// Package taskinfo writes the TaskInfo of a job's instance: what the task API is asked for. It decides nothing and keeps no
// state. Start reading at Build.
package taskinfo

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

	"codeberg.org/reeve/reeve/masterd/jobspec"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/secrets"
)

// Attempt is one launch of an instance.
type Attempt struct {
	Index     int
	Task      string // id
	Agent     *mesosv1.AgentID
	Resources []*mesosv1.Resource
	Ports     []uint64
}

// Build returns the task of an attempt. spec is completed and checked.
func Build(spec *reeveapi.JobSpec, a Attempt) *mesosv1.TaskInfo {
	info := &mesosv1.TaskInfo{
		Name:      new(Name(spec, a.Index)),
		TaskId:    &mesosv1.TaskID{Value: new(a.Task)},
		AgentId:   a.Agent,
		Resources: a.Resources,
		Command:   command(spec, a),
		KillPolicy: &mesosv1.KillPolicy{GracePeriod: &mesosv1.DurationInfo{
			Nanoseconds: new(int64(math.Round(spec.KillGraceSeconds * 1e9))),
		}},
		Labels:      labels(spec),
		Container:   container(spec, a.Ports),
		Discovery:   discovery(spec, a.Ports),
		HealthCheck: healthCheck(spec.Health, a.Ports),
		Check:       check(spec.Check, a.Ports),
		Limits:      limits(spec),
	}
	if spec.MaxRunSeconds > 0 {
		info.MaxCompletionTime = &mesosv1.DurationInfo{Nanoseconds: new(int64(math.Round(spec.MaxRunSeconds * 1e9)))}
	}
	return info
}

// command is for a shell, unless there are arguments; without a value it is the image's.
func command(spec *reeveapi.JobSpec, a Attempt) *mesosv1.CommandInfo {
	c := &mesosv1.CommandInfo{Shell: new(spec.Command != "" && spec.Args == nil), Environment: environment(spec, a)}
	if spec.Command != "" {
		c.Value = new(spec.Command)
		if spec.Args != nil {
			c.Arguments = append([]string{spec.Command}, spec.Args...) // they have their own argv[0]
		}
	} else {
		c.Arguments = spec.Args
	}
	if spec.User != "" {
		c.User = new(spec.User)
	}
	for _, uri := range spec.URIs {
		c.Uris = append(c.Uris, &mesosv1.CommandInfo_URI{Value: new(uri)})
	}
	for _, f := range spec.Fetch {
		uri := &mesosv1.CommandInfo_URI{Value: new(f.URI), Executable: new(f.Executable), Extract: new(!f.Keep), Cache: new(f.Cache)}
		if f.File != "" {
			uri.OutputFile = new(f.File)
		}
		c.Uris = append(c.Uris, uri)
	}
	return c
}

// limits are those that are more than what the instance asks for.
func limits(spec *reeveapi.JobSpec) map[string]*mesosv1.Value_Scalar {
	if spec.Limits == nil {
		return nil
	}
	all := map[string]*mesosv1.Value_Scalar{}
	for name, most := range map[string]float64{"cpus": spec.Limits.CPUs, "mem": spec.Limits.Mem} {
		if most > 0 {
			all[name] = &mesosv1.Value_Scalar{Value: new(most)}
		}
	}
	return all
}

// Name is what people read: the job's name, and which instance where there are several.
func Name(spec *reeveapi.JobSpec, index int) string {
	if spec.Instances == 1 {
		return spec.Name
	}
	return spec.Name + "." + strconv.Itoa(index)
}

func environment(spec *reeveapi.JobSpec, a Attempt) *mesosv1.Environment {
	env := &mesosv1.Environment{}
	set := func(name, value string) {
		env.Variables = append(env.Variables, &mesosv1.Environment_Variable{
			Name: new(name), Type: mesosv1.Environment_Variable_VALUE.Enum(), Value: new(value),
		})
	}
	for _, name := range slices.Sorted(maps.Keys(spec.Env)) {
		set(name, spec.Env[name])
	}
	for _, s := range spec.Secrets {
		if s.Env != "" {
			env.Variables = append(env.Variables, &mesosv1.Environment_Variable{
				Name: new(s.Env), Type: mesosv1.Environment_Variable_SECRET.Enum(), Secret: secrets.Ref(s.Name),
			})
		}
	}
	set(jobspec.EnvJob, spec.Name)
	set(jobspec.EnvInstance, strconv.Itoa(a.Index))
	for n, port := range a.Ports {
		set(fmt.Sprintf("PORT%d", n), strconv.FormatUint(port, 10))
	}
	return env
}

func labels(spec *reeveapi.JobSpec) *mesosv1.Labels {
	all := &mesosv1.Labels{}
	for _, name := range slices.Sorted(maps.Keys(spec.Labels)) {
		all.Labels = append(all.Labels, &mesosv1.Label{Key: new(name), Value: new(spec.Labels[name])})
	}
	all.Labels = append(all.Labels, &mesosv1.Label{Key: new(jobspec.OwnLabel + "job"), Value: new(spec.Name)})
	return all
}

// discovery tells whoever reads the cluster's state where the instance listens.
func discovery(spec *reeveapi.JobSpec, ports []uint64) *mesosv1.DiscoveryInfo {
	if len(ports) == 0 {
		return nil
	}
	info := &mesosv1.DiscoveryInfo{
		Visibility: mesosv1.DiscoveryInfo_CLUSTER.Enum(), Name: new(spec.Name), Ports: &mesosv1.Ports{},
	}
	for n, port := range ports {
		info.Ports.Ports = append(info.Ports.Ports, &mesosv1.Port{
			Number: new(uint32(port)), Name: new(fmt.Sprintf("port%d", n)),
		})
	}
	return info
}

func healthCheck(h *reeveapi.JobHealth, ports []uint64) *mesosv1.HealthCheck {
	if h == nil {
		return nil
	}
	check := &mesosv1.HealthCheck{
		DelaySeconds: new(h.DelaySeconds), IntervalSeconds: new(h.IntervalSeconds), TimeoutSeconds: new(h.TimeoutSeconds),
		GracePeriodSeconds: new(h.GraceSeconds), ConsecutiveFailures: new(uint32(h.Failures)),
	}
	port := portOf(h.Port, h.PortIndex, ports)
	switch {
	case h.Command != "":
		check.Type = mesosv1.HealthCheck_COMMAND.Enum()
		check.Command = &mesosv1.CommandInfo{Value: new(h.Command), Shell: new(true)}
	case h.HTTP != "":
		check.Type = mesosv1.HealthCheck_HTTP.Enum()
		check.Http = &mesosv1.HealthCheck_HTTPCheckInfo{Port: new(port), Path: new(h.HTTP)}
		if h.HTTPS {
			check.Http.Scheme = new("https")
		}
	default:
		check.Type = mesosv1.HealthCheck_TCP.Enum()
		check.Tcp = &mesosv1.HealthCheck_TCPCheckInfo{Port: new(port)}
	}
	return check
}

// portOf is a port by its number, or else one of the instance's.
func portOf(number, index int, ports []uint64) uint32 {
	if number == 0 && index < len(ports) {
		return uint32(ports[index])
	}
	return uint32(number)
}

func check(c *reeveapi.JobCheck, ports []uint64) *mesosv1.CheckInfo {
	if c == nil {
		return nil
	}
	info := &mesosv1.CheckInfo{
		DelaySeconds: new(c.DelaySeconds), IntervalSeconds: new(c.IntervalSeconds), TimeoutSeconds: new(c.TimeoutSeconds),
	}
	port := portOf(c.Port, c.PortIndex, ports)
	switch {
	case c.Command != "":
		info.Type = mesosv1.CheckInfo_COMMAND.Enum()
		info.Command = &mesosv1.CheckInfo_Command{Command: &mesosv1.CommandInfo{Value: new(c.Command), Shell: new(true)}}
	case c.HTTP != "":
		info.Type = mesosv1.CheckInfo_HTTP.Enum()
		info.Http = &mesosv1.CheckInfo_Http{Port: new(port), Path: new(c.HTTP)}
	default:
		info.Type = mesosv1.CheckInfo_TCP.Enum()
		info.Tcp = &mesosv1.CheckInfo_Tcp{Port: new(port)}
	}
	return info
}
