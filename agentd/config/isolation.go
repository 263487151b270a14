package config

import (
	"encoding/json"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/flagset"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// Isolation is what operators say about the walls of containers.
type Isolation struct {
	Effective  []string         // capabilities of containers that ask for none; nil for the runtime's default
	Bounding   []string         // those that may be asked for
	Devices    []runtime.Device // of the host, that every container gets
	HostPaths  []string         // directories that volumes may be in; nil for all
	SeccompDir string

	NetworkPlugins []string      // directories of CNI plugins
	NetworkDir     string        // of the networks that the operator has defined
	NetworkTimeout time.Duration // of a plugin
	BridgeSubnet   string        // of the agent's own

	OwnPIDs, OwnIPC bool // no container gets the host's pid and IPC namespaces, whatever it asks for

	DiskWatch   time.Duration // between two looks at the files of a container
	EnforceDisk bool          // end those that take too much

	written struct{ effective, bounding, devices, hostPaths, plugins string }
}

// defaultBounding are what Docker gives: some programs need one of them, and none opens a way out.
const defaultBounding = "CHOWN,DAC_OVERRIDE,FSETID,FOWNER,MKNOD,NET_RAW,SETGID,SETUID,SETFCAP,SETPCAP,NET_BIND_SERVICE,SYS_CHROOT,KILL,AUDIT_WRITE"

// defaultNetworkTimeout is a time that no plugin needs which is well.
const defaultNetworkTimeout = time.Minute

// defaultContainerDisk is Mesos's.
const defaultContainerDisk = 15 * time.Second

func (i *Isolation) register(fs *pflag.FlagSet) {
	fs.StringVar(&i.written.effective, "effective-capabilities", "", `capabilities of containers that ask for none, such as "CHOWN,KILL" or Mesos's {"capabilities":["CHOWN"]} (default: a few for root, none for others)`)
	fs.StringVar(&i.written.bounding, "bounding-capabilities", defaultBounding, "capabilities that a container may ask for, in the same form")
	fs.BoolVar(&i.OwnPIDs, "disallow-sharing-agent-pid-namespace", true, "refuse tasks that want to see the processes of the whole machine; tasks of a group may share theirs in any case")
	fs.BoolVar(&i.OwnIPC, "disallow-sharing-agent-ipc-namespace", true, "refuse tasks that want the shared memory of the whole machine; tasks of a group may share theirs in any case")
	fs.StringVar(&i.written.devices, "allowed-devices", "", `devices that every container gets, such as "/dev/fuse,/dev/kvm" or Mesos's {"allowed_devices":[…]}`)
	fs.StringVar(&i.written.hostPaths, "host-path-volumes", "/", `directories of this machine that volumes may come from, such as "/data,/srv", or "none"`)
	fs.StringVar(&i.SeccompDir, "seccomp-config-dir", "", "directory of seccomp profiles, in Docker's form, that tasks may name")
	flagset.DurationVar(fs, &i.DiskWatch, "container-disk-watch-interval", defaultContainerDisk, "time between two looks at what a container's files take of the disk")
	fs.BoolVar(&i.EnforceDisk, "enforce-container-disk-quota", true, "end a container whose files take more than the disk that it asked for")
	fs.StringVar(&i.written.plugins, "network-cni-plugins-dir", "/usr/lib/cni:/opt/cni/bin", "directories of CNI plugins, with : between them")
	fs.StringVar(&i.NetworkDir, "network-cni-config-dir", "/etc/cni/net.d", "directory of the networks that containers may join, in CNI's form")
	flagset.DurationVar(fs, &i.NetworkTimeout, "network-cni-timeout", defaultNetworkTimeout, "how long one CNI plugin may take for a container")
	fs.StringVar(&i.BridgeSubnet, "bridge-subnet", "10.88.0.0/16", "addresses of containers in the network bridge, which agents have without a file that defines it")
}

func (i *Isolation) complete() (err error) {
	if i.written.effective != "" {
		if i.Effective, err = capabilities("--effective-capabilities", i.written.effective); err != nil {
			return err
		}
	}
	if i.Bounding, err = capabilities("--bounding-capabilities", i.written.bounding); err != nil {
		return err
	}
	if i.Devices, err = devices(i.written.devices); err != nil {
		return err
	}
	if i.HostPaths, err = hostPaths(i.written.hostPaths); err != nil {
		return err
	}
	for dir := range strings.SplitSeq(i.written.plugins, ":") {
		if !filepath.IsAbs(dir) {
			return fault.New(fault.Invalid, "--network-cni-plugins-dir: %q must be an absolute path", dir)
		}
		i.NetworkPlugins = append(i.NetworkPlugins, dir)
	}
	if i.NetworkDir != "" && !filepath.IsAbs(i.NetworkDir) {
		return fault.New(fault.Invalid, "--network-cni-config-dir %q must be an absolute path", i.NetworkDir)
	}
	if _, err := netip.ParsePrefix(i.BridgeSubnet); err != nil {
		return fault.New(fault.Invalid, "--bridge-subnet %q is not a subnet; write 10.88.0.0/16 and the like", i.BridgeSubnet)
	}
	if i.NetworkTimeout <= 0 {
		return fault.New(fault.Invalid, "--network-cni-timeout must be more than 0; give 1mins")
	}
	if i.DiskWatch <= 0 {
		return fault.New(fault.Invalid, "--container-disk-watch-interval must be more than 0; give 15secs, as Mesos has it")
	}
	if i.SeccompDir != "" && !filepath.IsAbs(i.SeccompDir) {
		return fault.New(fault.Invalid, "--seccomp-config-dir %q must be an absolute path", i.SeccompDir)
	}
	return nil
}

// words takes "a,b" apart; nothing is no word.
func words(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}

// capabilities reads a list of names, or Mesos's JSON.
func capabilities(flag, text string) ([]string, error) {
	list := words(text)
	if strings.HasPrefix(text, "{") {
		var info struct {
			Capabilities []string `json:"capabilities"`
		}
		if err := json.Unmarshal([]byte(text), &info); err != nil {
			return nil, fault.New(fault.Invalid, `%s is not JSON (%v); write {"capabilities":["CHOWN","KILL"]} or CHOWN,KILL`, flag, err)
		}
		list = info.Capabilities
	}
	names := []string{}
	for _, name := range list {
		short := strings.TrimPrefix(strings.ToUpper(name), "CAP_")
		if n, ok := mesosv1.CapabilityInfo_Capability_value[short]; !ok || n == 0 {
			return nil, fault.New(fault.Invalid, "%s: %q is not the name of a capability; write CHOWN, NET_RAW and the like", flag, name)
		}
		names = append(names, "CAP_"+short)
	}
	return names, nil
}

// devices reads a list of paths, or Mesos's JSON.
func devices(text string) ([]runtime.Device, error) {
	var list []runtime.Device
	if !strings.HasPrefix(text, "{") {
		for _, path := range words(text) {
			list = append(list, runtime.Device{Path: path, Access: "rw"})
		}
		return list, checkDevices(list)
	}
	var whitelist struct {
		AllowedDevices []struct {
			Device struct{ Path string }
			Access struct{ Read, Write, Mknod bool }
		} `json:"allowed_devices"`
	}
	if err := json.Unmarshal([]byte(text), &whitelist); err != nil {
		return nil, fault.New(fault.Invalid, `--allowed-devices is not JSON (%v); write {"allowed_devices":[{"device":{"path":"/dev/fuse"},"access":{"read":true,"write":true}}]} or /dev/fuse`, err)
	}
	for _, d := range whitelist.AllowedDevices {
		list = append(list, runtime.Device{
			Path: d.Device.Path, Access: letter("r", d.Access.Read) + letter("w", d.Access.Write) + letter("m", d.Access.Mknod),
		})
	}
	return list, checkDevices(list)
}

func letter(access string, given bool) string {
	if given {
		return access
	}
	return ""
}

func checkDevices(list []runtime.Device) error {
	for _, d := range list {
		if !strings.HasPrefix(d.Path, "/dev/") || filepath.Clean(d.Path) != d.Path {
			return fault.New(fault.Invalid, "--allowed-devices: %q is not the path of a device; write /dev/fuse and the like", d.Path)
		}
		if d.Access == "" {
			return fault.New(fault.Invalid, "--allowed-devices: %s may be neither read nor written; give it an access", d.Path)
		}
	}
	return nil
}

// hostPaths is nil if there is no bound.
func hostPaths(text string) ([]string, error) {
	dirs := words(text)
	if text == "none" {
		return []string{}, nil
	}
	for i, dir := range dirs {
		if !filepath.IsAbs(dir) {
			return nil, fault.New(fault.Invalid, `--host-path-volumes: %q must be an absolute path; or write "none"`, dir)
		}
		dirs[i] = filepath.Clean(dir)
	}
	if slices.Contains(dirs, "/") {
		return nil, nil
	}
	if len(dirs) == 0 {
		return nil, fault.New(fault.Invalid, `--host-path-volumes is empty; write directories, / for all, or "none"`)
	}
	return dirs, nil
}
