package launch

import (
	"encoding/json"
	"fmt"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/resources"
)

// NoNetwork is the name by which a container asks for nothing but a loopback.
const NoNetwork = "none"

// bridgeNetwork is what Docker's network BRIDGE means here.
const bridgeNetwork = "bridge"

// network is what a run asks for instead of the host's network; nil if that is it. Tasks of a pod are in the pod's.
func (h Host) network(r Run) *runtime.Network {
	container, n := r.Executor.GetContainer(), &runtime.Network{Of: r.Container}
	if r.Pod != nil {
		container, n.Variable = r.Pod.GetContainer(), "MESOS_CONTAINER_IP"
		n.Of, _ = r.Container.Split()
	}
	joins, own := joinsOf(container)
	if !own {
		return nil
	}
	n.Join = joins
	return n
}

// joinsOf are the networks that a container names; own is false for the host's.
func joinsOf(container *mesosv1.ContainerInfo) (joins []runtime.Join, own bool) {
	if isDocker(container) {
		switch docker := container.GetDocker(); docker.GetNetwork() {
		case mesosv1.ContainerInfo_DockerInfo_HOST:
			return nil, false
		case mesosv1.ContainerInfo_DockerInfo_NONE:
			return nil, true
		case mesosv1.ContainerInfo_DockerInfo_BRIDGE:
			return []runtime.Join{{Network: bridgeNetwork, Ports: ports(docker.GetPortMappings())}}, true
		case mesosv1.ContainerInfo_DockerInfo_USER:
			join := runtime.Join{Ports: ports(docker.GetPortMappings())}
			for _, info := range container.GetNetworkInfos() {
				join.Network, join.Args = info.GetName(), pluginArgs(info)
			}
			return []runtime.Join{join}, true
		}
	}
	for _, info := range container.GetNetworkInfos() {
		if info.GetName() == "" {
			continue // the host's
		}
		own = true
		if info.GetName() != NoNetwork {
			joins = append(joins, runtime.Join{Network: info.GetName(), Ports: ports(info.GetPortMappings()), Args: pluginArgs(info)})
		}
	}
	return joins, own
}

// pluginArgs is what plugins are told of a network_info, in the place where Mesos has it: labels and groups mean something to
// some of them.
func pluginArgs(info *mesosv1.NetworkInfo) json.RawMessage {
	told, err := codec.JSON.Marshal(info)
	if err != nil {
		return nil // it came as JSON or protobuf, and can be neither then
	}
	args, err := json.Marshal(map[string]map[string]json.RawMessage{"org.apache.mesos": {"network_info": told}})
	if err != nil {
		return nil
	}
	return args
}

// mapping is one of either kind of message, which say the same.
type mapping interface {
	GetHostPort() uint32
	GetContainerPort() uint32
	GetProtocol() string
}

func ports[M mapping](list []M) []runtime.Port {
	var all []runtime.Port
	for _, m := range list {
		p := runtime.Port{Host: uint16(m.GetHostPort()), Container: uint16(m.GetContainerPort()), Protocol: m.GetProtocol()}
		if p.Protocol == "" {
			p.Protocol = "tcp"
		}
		all = append(all, p)
	}
	return all
}

// unsupportedNetwork says why a container cannot be in the networks that it names, "" if it can. Which there are is found
// out when it is started. has is all that its tasks and its executor have.
func unsupportedNetwork(container *mesosv1.ContainerInfo, has []*mesosv1.Resource) string {
	docker := container.GetDocker()
	if isDocker(container) {
		switch docker.GetNetwork() {
		case mesosv1.ContainerInfo_DockerInfo_USER:
			if infos := container.GetNetworkInfos(); len(infos) != 1 || infos[0].GetName() == "" {
				return "container.docker.network USER needs the name of one network, in network_infos"
			}
		case mesosv1.ContainerInfo_DockerInfo_HOST, mesosv1.ContainerInfo_DockerInfo_NONE:
			if len(docker.GetPortMappings()) > 0 {
				return fmt.Sprintf("container.docker.port_mappings mean nothing in network %s; leave them out", docker.GetNetwork())
			}
		case mesosv1.ContainerInfo_DockerInfo_BRIDGE:
		}
		return unsupportedPorts(docker.GetPortMappings(), has)
	}
	for _, info := range container.GetNetworkInfos() {
		if (info.GetName() == "" || info.GetName() == NoNetwork) && len(info.GetPortMappings()) > 0 {
			return "port_mappings mean nothing in the host's network and in none; name a network in network_infos, such as bridge"
		}
		if why := unsupportedPorts(info.GetPortMappings(), has); why != "" {
			return why
		}
	}
	return ""
}

// unsupportedPorts holds mappings to the ports that were offered: others are somebody else's.
func unsupportedPorts[M mapping](list []M, has []*mesosv1.Resource) string {
	own := parse(has).Ranges("ports")
	for _, m := range list {
		host, container := m.GetHostPort(), m.GetContainerPort()
		switch {
		case host == 0 || container == 0 || host > 65535 || container > 65535:
			return fmt.Sprintf("port mapping %d to %d: ports are 1 to 65535", host, container)
		case m.GetProtocol() != "" && m.GetProtocol() != "tcp" && m.GetProtocol() != "udp":
			return fmt.Sprintf("port mapping %d to %d: protocol %q is neither tcp nor udp", host, container, m.GetProtocol())
		case !holds(own, uint64(host)):
			return fmt.Sprintf("port %d of the host is mapped, and is not among the ports in the task's resources", host)
		}
	}
	return ""
}

func holds(ranges []resources.Range, port uint64) bool {
	for _, r := range ranges {
		if r.Begin <= port && port <= r.End {
			return true
		}
	}
	return false
}
