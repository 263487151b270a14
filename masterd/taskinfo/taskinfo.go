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
		Command: &mesosv1.CommandInfo{
			Value:       new(spec.Command),
			Shell:       new(true),
			Environment: environment(spec, a),
		},
		KillPolicy: &mesosv1.KillPolicy{GracePeriod: &mesosv1.DurationInfo{
			Nanoseconds: new(int64(math.Round(spec.KillGraceSeconds * 1e9))),
		}},
		Labels:      labels(spec),
		Container:   container(spec),
		Discovery:   discovery(spec, a.Ports),
		HealthCheck: healthCheck(spec.Health, a.Ports),
	}
	if spec.User != "" {
		info.Command.User = new(spec.User)
	}
	for _, uri := range spec.URIs {
		info.Command.Uris = append(info.Command.Uris, &mesosv1.CommandInfo_URI{Value: new(uri)})
	}
	return info
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

// container is nil for a job that names neither image nor volumes.
func container(spec *reeveapi.JobSpec) *mesosv1.ContainerInfo {
	if spec.Image == "" && len(spec.Volumes) == 0 {
		return nil
	}
	info := &mesosv1.ContainerInfo{Type: mesosv1.ContainerInfo_MESOS.Enum()}
	if spec.Image != "" {
		info.Mesos = &mesosv1.ContainerInfo_MesosInfo{Image: &mesosv1.Image{
			Type: mesosv1.Image_DOCKER.Enum(), Docker: &mesosv1.Image_Docker{Name: new(spec.Image)},
		}}
	}
	for _, v := range spec.Volumes {
		mode := mesosv1.Volume_RW
		if v.ReadOnly {
			mode = mesosv1.Volume_RO
		}
		info.Volumes = append(info.Volumes, &mesosv1.Volume{
			Mode: mode.Enum(), HostPath: new(v.Host), ContainerPath: new(v.Container),
		})
	}
	return info
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
	port := uint32(h.Port)
	if port == 0 && h.PortIndex < len(ports) {
		port = uint32(ports[h.PortIndex])
	}
	switch {
	case h.Command != "":
		check.Type = mesosv1.HealthCheck_COMMAND.Enum()
		check.Command = &mesosv1.CommandInfo{Value: new(h.Command), Shell: new(true)}
	case h.HTTP != "":
		check.Type = mesosv1.HealthCheck_HTTP.Enum()
		check.Http = &mesosv1.HealthCheck_HTTPCheckInfo{Port: new(port), Path: new(h.HTTP)}
	default:
		check.Type = mesosv1.HealthCheck_TCP.Enum()
		check.Tcp = &mesosv1.HealthCheck_TCPCheckInfo{Port: new(port)}
	}
	return check
}
