package outcome

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// Facts are what the agent says on every status, whoever made it. Executor, Container and PID are zero for a task that has
// no container.
type Facts struct {
	Now       time.Time
	NewUUID   func() uuid.UUID
	Agent     *mesosv1.AgentID
	IP        string // where the host's tasks are reached
	Executor  *mesosv1.ExecutorID
	Container ids.Container
	PID       int
	Joined    []runtime.Joined // networks of the container other than the host's
}

// Fill completes a status (spec 3.6; pitfall 20). What an executor has said about its own container stands.
func (f Facts) Fill(status *mesosv1.TaskStatus) {
	if status.Timestamp == nil {
		status.Timestamp = new(float64(f.Now.UnixMicro()) / 1e6)
	}
	if len(status.GetUuid()) == 0 {
		id := f.NewUUID()
		status.Uuid = id[:]
	}
	status.AgentId = f.Agent
	if f.Container == "" {
		return
	}
	status.ExecutorId = f.Executor
	if status.ContainerStatus == nil {
		status.ContainerStatus = &mesosv1.ContainerStatus{}
	}
	f.fillContainer(status.GetContainerStatus())
}

func (f Facts) fillContainer(cs *mesosv1.ContainerStatus) {
	if cs.ContainerId == nil {
		cs.ContainerId = ContainerID(f.Container)
	}
	if f.PID != 0 && cs.ExecutorPid == nil {
		cs.ExecutorPid = new(uint32(f.PID)) //nolint:gosec // a pid has at most 22 bits
	}
	if parent, _ := f.Container.Split(); parent != "" && f.PID == 0 {
		return // Mesos says where a task of a pod is reached while it runs
	}
	if len(cs.NetworkInfos) == 0 {
		cs.NetworkInfos = Networks(f.Joined)
	}
	if len(cs.NetworkInfos) == 0 {
		cs.NetworkInfos = []*mesosv1.NetworkInfo{{}}
	}
	for _, network := range cs.NetworkInfos {
		if len(network.IpAddresses) == 0 {
			network.IpAddresses = []*mesosv1.NetworkInfo_IPAddress{{
				Protocol:  mesosv1.NetworkInfo_IPv4.Enum(),
				IpAddress: new(f.IP),
			}}
		}
	}
}

// Networks is what a container has joined, in Mesos's form.
func Networks(joined []runtime.Joined) []*mesosv1.NetworkInfo {
	var list []*mesosv1.NetworkInfo
	for _, j := range joined {
		info := &mesosv1.NetworkInfo{Name: new(j.Network)}
		for _, address := range j.Addresses {
			protocol := mesosv1.NetworkInfo_IPv4
			if strings.Contains(address, ":") {
				protocol = mesosv1.NetworkInfo_IPv6
			}
			info.IpAddresses = append(info.IpAddresses, &mesosv1.NetworkInfo_IPAddress{Protocol: protocol.Enum(), IpAddress: new(address)})
		}
		for _, p := range j.Ports {
			info.PortMappings = append(info.PortMappings, &mesosv1.NetworkInfo_PortMapping{
				HostPort: new(uint32(p.Host)), ContainerPort: new(uint32(p.Container)), Protocol: new(p.Protocol),
			})
		}
		list = append(list, info)
	}
	return list
}

// ContainerID is a container in Mesos's form: a nested one names its parent.
func ContainerID(id ids.Container) *mesosv1.ContainerID {
	parent, name := id.Split()
	c := &mesosv1.ContainerID{Value: &name}
	if parent != "" {
		c.Parent = ContainerID(parent)
	}
	return c
}

// Remember adds a status to a task's history, which keeps one per run of equal states, without its data. The history that
// was given stays as it is: others may hold it.
func Remember(history []*mesosv1.TaskStatus, status *mesosv1.TaskStatus) []*mesosv1.TaskStatus {
	kept := status
	if status.Data != nil {
		kept = proto.CloneOf(status)
		kept.Data = nil
	}
	if n := len(history); n > 0 && history[n-1].GetState() == status.GetState() {
		history = slices.Clone(history)
		history[n-1] = kept
		return history
	}
	return append(history, kept)
}

// Text says why a status is as it is, for logs.
func Text(status *mesosv1.TaskStatus) string {
	if status.Reason != nil {
		return status.GetReason().String() + ": " + status.GetMessage()
	}
	return status.GetMessage()
}
