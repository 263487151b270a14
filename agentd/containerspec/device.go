package containerspec

import (
	"os"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"codeberg.org/reeve/reeve/agentd/runtime"
)

// Device is one of the host as it was found there.
type Device struct {
	runtime.Device
	Kind         string // "c" or "b"
	Major, Minor int64
	Mode         uint32 // permissions
	UID, GID     uint32
}

// nodes are the files of the devices that a container gets beside /dev/null and its like.
func nodes(host Host) []specs.LinuxDevice {
	var list []specs.LinuxDevice
	for _, d := range host.Devices {
		list = append(list, d.Node())
	}
	return list
}

// Node is the file of a device in a container.
func (d Device) Node() specs.LinuxDevice {
	return specs.LinuxDevice{
		Path: d.Path, Type: d.Kind, Major: d.Major, Minor: d.Minor, FileMode: new(os.FileMode(d.Mode)), UID: new(d.UID), GID: new(d.GID),
	}
}

// deviceRules forbid every device but those. libcontainer adds /dev/null and its like.
func deviceRules(host Host) []specs.LinuxDeviceCgroup {
	rules := []specs.LinuxDeviceCgroup{{Allow: false, Access: "rwm"}}
	for _, d := range host.Devices {
		rules = append(rules, specs.LinuxDeviceCgroup{Allow: true, Type: d.Kind, Major: new(d.Major), Minor: new(d.Minor), Access: d.Access})
	}
	return rules
}
