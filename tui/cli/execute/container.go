package execute

import (
	"maps"
	"slices"
	"strings"

	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// addContainer gives the task a ContainerInfo if a flag asks for one; without, it gets the agent's default.
func addContainer(f *flags, task *mesosv1.TaskInfo) error {
	switch f.containerizer {
	case "mesos":
		if f.dockerImage == "" && f.appcImage == "" && f.networks == "" && f.volumes == "" && f.rlimits == "" &&
			f.effective == "" && f.bounding == "" && !f.tty {
			return nil
		}
		task.Container = &mesosv1.ContainerInfo{Type: mesosv1.ContainerInfo_MESOS.Enum(), NetworkInfos: networks(f.networks)}
		return mesosContainer(f, task.Container)
	case "docker":
		task.Container = &mesosv1.ContainerInfo{Type: mesosv1.ContainerInfo_DOCKER.Enum(), NetworkInfos: networks(f.networks)}
		return dockerContainer(f, task.Container)
	default:
		return usage("Unsupported containerizer '%s'; use mesos or docker", f.containerizer)
	}
}

func mesosContainer(f *flags, info *mesosv1.ContainerInfo) error {
	switch {
	case f.dockerImage != "" && f.appcImage != "":
		return usage("Either --docker_image or --appc_image can be set, not both")
	case f.dockerImage != "":
		info.Mesos = &mesosv1.ContainerInfo_MesosInfo{Image: &mesosv1.Image{
			Type: mesosv1.Image_DOCKER.Enum(), Docker: &mesosv1.Image_Docker{Name: &f.dockerImage},
		}}
	case f.appcImage != "":
		info.Mesos = &mesosv1.ContainerInfo_MesosInfo{Image: &mesosv1.Image{
			Type: mesosv1.Image_APPC.Enum(), Appc: &mesosv1.Image_Appc{Name: &f.appcImage},
		}}
	}
	if f.tty {
		info.TtyInfo = &mesosv1.TTYInfo{}
	}
	if err := addVolumes(f, info); err != nil {
		return err
	}
	return addLimits(f, info)
}

func addLimits(f *flags, info *mesosv1.ContainerInfo) error {
	if f.rlimits != "" {
		info.RlimitInfo = &mesosv1.RLimitInfo{}
		if err := decode("rlimits", f.rlimits, info.RlimitInfo); err != nil {
			return err
		}
	}
	if f.effective == "" && f.bounding == "" {
		return nil
	}
	info.LinuxInfo = &mesosv1.LinuxInfo{}
	if f.effective != "" {
		info.LinuxInfo.EffectiveCapabilities = &mesosv1.CapabilityInfo{}
		if err := decode("effective_capabilities", f.effective, info.LinuxInfo.EffectiveCapabilities); err != nil {
			return err
		}
	}
	if f.bounding != "" {
		info.LinuxInfo.BoundingCapabilities = &mesosv1.CapabilityInfo{}
		return decode("bounding_capabilities", f.bounding, info.LinuxInfo.BoundingCapabilities)
	}
	return nil
}

func dockerContainer(f *flags, info *mesosv1.ContainerInfo) error {
	switch {
	case f.dockerImage == "":
		return usage("'Docker' containerizer requires a docker image name; give --docker_image")
	case f.tty:
		return usage("'Docker' containerizer does not allow attaching a TTY")
	case len(info.GetNetworkInfos()) > 1:
		return usage("'Docker' containerizer can only support a single network")
	}
	info.Docker = &mesosv1.ContainerInfo_DockerInfo{Image: &f.dockerImage}
	if len(info.GetNetworkInfos()) == 1 {
		info.Docker.Network = mesosv1.ContainerInfo_DockerInfo_USER.Enum()
	}
	return addVolumes(f, info)
}

func addVolumes(f *flags, info *mesosv1.ContainerInfo) error {
	if f.volumes == "" {
		return nil
	}
	text, err := content("volumes", f.volumes)
	if err != nil {
		return err
	}
	// The array is read as a field of the message that it ends up in.
	wrapped := &mesosv1.ContainerInfo{}
	if err := decode("volumes", `{"type":"MESOS","volumes":`+string(text)+"}", wrapped); err != nil {
		return err
	}
	info.Volumes = wrapped.Volumes
	return nil
}

func networks(list string) []*mesosv1.NetworkInfo {
	var infos []*mesosv1.NetworkInfo
	for name := range strings.SplitSeq(list, ",") {
		if name = strings.TrimSpace(name); name != "" {
			infos = append(infos, &mesosv1.NetworkInfo{Name: &name})
		}
	}
	return infos
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
