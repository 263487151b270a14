package taskinfo

import (
	"fmt"
	"maps"
	"slices"

	"codeberg.org/reeve/reeve/masterd/jobspec"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/secrets"
)

// container is nil for a job that asks for nothing but the agent's own walls.
func container(spec *reeveapi.JobSpec, ports []uint64) *mesosv1.ContainerInfo {
	info := &mesosv1.ContainerInfo{Type: mesosv1.ContainerInfo_MESOS.Enum(), Volumes: volumes(spec)}
	if spec.Image != "" {
		info.Mesos = &mesosv1.ContainerInfo_MesosInfo{Image: image(spec, spec.Image)}
	}
	if c := spec.Container; c != nil {
		walls(info, c, ports)
	} else if info.Mesos == nil && len(info.Volumes) == 0 {
		return nil
	}
	return info
}

// image is one of the job's, with the credentials and the rule for all of them.
func image(spec *reeveapi.JobSpec, name string) *mesosv1.Image {
	of := &mesosv1.Image{Type: mesosv1.Image_DOCKER.Enum(), Docker: &mesosv1.Image_Docker{Name: &name}}
	for _, s := range spec.Secrets {
		if s.ImagePull {
			of.Docker.Config = secrets.Ref(s.Name)
		}
	}
	if spec.Container != nil && spec.Container.PullAlways {
		of.Cached = new(false)
	}
	return of
}

func volumes(spec *reeveapi.JobSpec) []*mesosv1.Volume {
	var all []*mesosv1.Volume
	for _, v := range spec.Volumes {
		mode := mesosv1.Volume_RW
		if v.ReadOnly {
			mode = mesosv1.Volume_RO
		}
		one := &mesosv1.Volume{Mode: mode.Enum(), ContainerPath: new(v.Container)}
		if v.TmpfsMB > 0 {
			one.Source = &mesosv1.Volume_Source{Type: mesosv1.Volume_Source_DOCKER_VOLUME.Enum(), DockerVolume: &mesosv1.Volume_Source_DockerVolume{
				Driver: new("tmpfs"), Name: new(v.Container),
				DriverOptions: &mesosv1.Parameters{Parameter: []*mesosv1.Parameter{{Key: new("size"), Value: new(fmt.Sprintf("%dMB", v.TmpfsMB))}}},
			}}
		} else if v.Image != "" {
			one.Image = image(spec, v.Image)
		} else {
			one.HostPath = new(v.Host)
		}
		all = append(all, one)
	}
	for _, s := range spec.Secrets {
		if s.File != "" {
			all = append(all, &mesosv1.Volume{
				Mode: mesosv1.Volume_RO.Enum(), ContainerPath: new(s.File),
				Source: &mesosv1.Volume_Source{Type: mesosv1.Volume_Source_SECRET.Enum(), Secret: secrets.Ref(s.Name)},
			})
		}
	}
	return all
}

// walls writes what a job asks of its container.
func walls(info *mesosv1.ContainerInfo, c *reeveapi.JobContainer, ports []uint64) {
	if c.Hostname != "" {
		info.Hostname = new(c.Hostname)
	}
	if c.Network != "" && c.Network != jobspec.HostNetwork {
		net := &mesosv1.NetworkInfo{Name: new(c.Network)}
		for n, port := range c.MapPorts {
			if n < len(ports) {
				net.PortMappings = append(net.PortMappings, &mesosv1.NetworkInfo_PortMapping{
					HostPort: new(uint32(ports[n])), ContainerPort: new(uint32(port)), Protocol: new("tcp"),
				})
			}
		}
		info.NetworkInfos = []*mesosv1.NetworkInfo{net}
	}
	linux := &mesosv1.LinuxInfo{}
	asked := false
	if c.Capabilities != nil {
		asked, linux.EffectiveCapabilities = true, &mesosv1.CapabilityInfo{}
		for _, name := range *c.Capabilities {
			capability, _ := jobspec.Capability(name) // it was checked
			linux.EffectiveCapabilities.Capabilities = append(linux.EffectiveCapabilities.Capabilities, capability)
		}
	}
	switch c.Seccomp {
	case "":
	case jobspec.Unconfined:
		asked, linux.Seccomp = true, &mesosv1.SeccompInfo{Unconfined: new(true)}
	default:
		asked, linux.Seccomp = true, &mesosv1.SeccompInfo{ProfileName: new(c.Seccomp)}
	}
	if c.ShmMB > 0 {
		asked, linux.ShmSize, linux.IpcMode = true, new(uint32(c.ShmMB)), mesosv1.LinuxInfo_PRIVATE.Enum()
	}
	if asked {
		info.LinuxInfo = linux
	}
	if len(c.Rlimits) > 0 {
		info.RlimitInfo = rlimits(c.Rlimits)
	}
}

func rlimits(all map[string]reeveapi.JobRlimit) *mesosv1.RLimitInfo {
	info := &mesosv1.RLimitInfo{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		kind, _ := jobspec.RlimitType(name) // it was checked
		info.Rlimits = append(info.Rlimits, &mesosv1.RLimitInfo_RLimit{Type: kind.Enum(), Soft: all[name].Soft, Hard: all[name].Hard})
	}
	return info
}
