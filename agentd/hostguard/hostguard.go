// Package hostguard is what of the host containers are kept from, and what of it they can be given: the credentials that are
// hidden from everybody, the places that volumes do not lead to, devices, and limits that the agent itself may raise. It only
// looks. Start reading at Credentials.
package hostguard

import (
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/containerspec"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/fault"
)

// secrets of a host that its root could read in a container: passwords, keys, and what other daemons keep for themselves.
// Patterns are those of filepath.Glob.
var secrets = []string{
	"/boot", "/etc/gshadow", "/etc/gshadow-", "/etc/kubernetes", "/etc/krb5.keytab", "/etc/letsencrypt", "/etc/rancher", "/etc/reeve",
	"/etc/security/opasswd", "/etc/shadow", "/etc/shadow-", "/etc/ssh/ssh_host_*_key", "/etc/ssl/private", "/etc/wireguard",
	"/etc/NetworkManager/system-connections", "/var/lib/containerd", "/var/lib/docker", "/var/lib/kubelet", "/var/lib/private",
	"/var/lib/systemd/credential.secret", "/var/spool/cron",
}

// Credentials lists which of them there are. It looks each time: keys are made while agents run.
func Credentials() []string {
	var found []string
	for _, pattern := range secrets {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			continue // a pattern above that is none; the test finds it
		}
		for _, path := range paths {
			if real, err := filepath.EvalSymlinks(path); err == nil {
				found = append(found, real)
			}
		}
	}
	return found
}

// Hidden lists the places of the host that a path which a framework chose does not lead to; own are the agent's.
func Hidden(credentials, own []string) []string {
	dirs := slices.Concat([]string{"/proc", "/sys", "/dev"}, credentials)
	for _, dir := range own {
		dirs = append(dirs, dir)
		if real, err := filepath.EvalSymlinks(dir); err == nil && real != dir {
			dirs = append(dirs, real)
		}
	}
	return dirs
}

// CheckRlimits reports a limit that this agent cannot give: it would have to raise its own.
func CheckRlimits(limits []runtime.Rlimit) error {
	var own unix.Rlimit
	for _, l := range limits {
		kind, ok := containerspec.RlimitKind(l.Name)
		if !ok {
			return fault.New(fault.Invalid, "resource limit %s is not known", l.Name)
		}
		if err := unix.Getrlimit(kind, &own); err != nil || l.Hard <= own.Max || MayRaise() {
			continue
		}
		return fault.New(fault.Invalid, "resource limit %s: the task asks for %d, and the agent, which may not raise its own, has %d", l.Name, l.Hard, own.Max)
	}
	return nil
}

// MayRaise says whether this process has CAP_SYS_RESOURCE.
func MayRaise() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	err := unix.Capget(&header, &data[0])
	return err == nil && data[0].Effective&(1<<unix.CAP_SYS_RESOURCE) != 0
}

// Devices looks devices up. One that is not there is an error: a task would run without it.
func Devices(list []runtime.Device) ([]containerspec.Device, error) {
	var found []containerspec.Device
	for _, d := range list {
		var st unix.Stat_t
		if err := unix.Stat(d.Path, &st); err != nil {
			return nil, fault.New(fault.Invalid, "device %s: %v; the agent's --allowed-devices name it", d.Path, err)
		}
		kind := map[uint32]string{unix.S_IFCHR: "c", unix.S_IFBLK: "b"}[st.Mode&unix.S_IFMT]
		if kind == "" {
			return nil, fault.New(fault.Invalid, "%s is not a device; the agent's --allowed-devices name it", d.Path)
		}
		found = append(found, containerspec.Device{
			Device: d, Kind: kind, Major: int64(unix.Major(st.Rdev)), Minor: int64(unix.Minor(st.Rdev)), Mode: st.Mode & 0o777, UID: st.Uid, GID: st.Gid,
		})
	}
	return found, nil
}

// Profile reads the seccomp profile that a container asks for out of the operator's directory; nothing for the default one.
func Profile(dir string, asked runtime.Seccomp) ([]byte, error) {
	if asked.Profile == "" || asked.Unconfined {
		return nil, nil
	}
	if dir == "" || !filepath.IsLocal(asked.Profile) {
		return nil, fault.New(fault.Invalid, "seccomp profile %q: this agent has none by that name; its --seccomp-config-dir holds those that it has", asked.Profile)
	}
	text, err := os.ReadFile(filepath.Join(dir, asked.Profile))
	if err != nil {
		return nil, fault.New(fault.Invalid, "seccomp profile %q cannot be read: %v", asked.Profile, err)
	}
	return text, nil
}
