package containerspec

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"codeberg.org/reeve/reeve/agentd/runtime"
)

// covered are directories of the host that a container gets empty, private and writable. They are where sockets, secrets
// and other tasks' files live; a read-only mount would not stop anybody from connecting to a socket.
var covered = [...]struct{ path, mode string }{
	{"/home", "0755"},
	{"/root", "0700"},
	{"/run", "0755"},
	{"/tmp", "1777"},
}

// mounts lists a container's mounts in the order in which they are made: what covers comes before what is put into it.
func mounts(spec runtime.Spec, host Host) []specs.Mount {
	if spec.Root != nil {
		return mountsInImage(spec, host)
	}
	all := system(host, spec.Isolation)
	for _, c := range covered {
		all = append(all, tmpfs(c.path, "mode="+c.mode))
	}
	for _, dir := range hidden(spec.Hidden) {
		all = append(all, tmpfs(dir, "mode=0755"))
	}
	all = append(all,
		bind(host.Init, InitTarget, "ro", "nosuid", "nodev"),
		bind(spec.Sandbox, spec.Sandbox, "rw", "nodev"))
	if host.SandboxAlias {
		all = append(all, bind(spec.Sandbox, MesosSandbox, "rw", "nodev"))
	}
	for i, m := range spec.Mounts {
		if !filepath.IsAbs(m.Target) && host.SandboxAlias {
			all = append(all, volume(m, host.StagedAt(i), filepath.Join(MesosSandbox, m.Target)))
		}
		all = append(all, volume(m, host.StagedAt(i), inSandbox(spec.Sandbox, m.Target)))
	}
	// On hosts with systemd-resolved /etc/resolv.conf leads into /run, which is covered.
	if host.ResolvConf != "" && isCovered(host.ResolvConf) {
		all = append(all, bind(host.ResolvConf, host.ResolvConf, "ro", "nosuid", "nodev", "noexec"))
	}
	return all
}

// system are the kernel's file systems. On cgroup v1 there is no /sys/fs/cgroup: it costs more than all others together
// and shows a container nothing that it needs.
func system(host Host, isolation runtime.Isolation) []specs.Mount {
	pts := []string{"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"}
	if !host.Rootless {
		pts = append(pts, "gid=5")
	}
	all := []specs.Mount{
		{Destination: "/proc", Type: "proc", Source: "proc", Options: []string{"nosuid", "noexec", "nodev"}},
		{Destination: "/dev", Type: "tmpfs", Source: "tmpfs", Options: []string{"nosuid", "strictatime", "mode=755", "size=65536k"}},
		{Destination: "/dev/pts", Type: "devpts", Source: "devpts", Options: pts},
		sharedMemory(host, isolation),
		{Destination: "/dev/mqueue", Type: "mqueue", Source: "mqueue", Options: []string{"nosuid", "noexec", "nodev"}},
		{Destination: "/sys", Type: "sysfs", Source: "sysfs", Options: []string{"nosuid", "noexec", "nodev", "ro"}},
	}
	if host.Rootless {
		// Only the owner of the network namespace may mount a new sysfs.
		all[len(all)-1] = specs.Mount{Destination: "/sys", Type: "none", Source: "/sys", Options: []string{"rbind", "rro", "nosuid", "noexec", "nodev"}}
	}
	if host.CgroupV2 && !host.Rootless {
		all = append(all, specs.Mount{
			Destination: "/sys/fs/cgroup", Type: "cgroup", Source: "cgroup",
			Options: []string{"nosuid", "noexec", "nodev", "relatime", "ro"},
		})
	}
	return all
}

// sharedMemory is /dev/shm: it belongs to the IPC namespace.
func sharedMemory(host Host, isolation runtime.Isolation) specs.Mount {
	const at = "/dev/shm"
	options := []string{"nosuid", "noexec", "nodev"}
	switch isolation.IPC {
	case runtime.WithHost:
		return bind(at, at, append(options, "rw")...)
	case runtime.WithPod:
		return bind(host.PodShm, at, append(options, "rw")...)
	case runtime.Own:
	}
	options = append(options, "mode=1777")
	if isolation.ShmBytes > 0 {
		options = append(options, fmt.Sprintf("size=%d", isolation.ShmBytes))
	}
	return specs.Mount{Destination: at, Type: "tmpfs", Source: "shm", Options: options}
}

// hidden drops what is covered anyway and what lies below another hidden directory, so that nothing is mounted in vain.
func hidden(dirs []string) []string {
	sorted := slices.Clone(dirs)
	slices.Sort(sorted)
	var kept []string
	for _, dir := range sorted {
		inside := func(parent string) bool { return within(dir, parent) }
		if !cleanAbs(dir) || dir == "/" || isCovered(dir) || slices.ContainsFunc(kept, inside) {
			continue
		}
		kept = append(kept, dir)
	}
	return kept
}

// CanMake says whether a container on the host's root can be given a mount point at path that is not there: it lies in one
// of its own file systems.
func CanMake(path string) bool {
	return slices.ContainsFunc(covered[:], func(c struct{ path, mode string }) bool { return path != c.path && within(path, c.path) })
}

func isCovered(path string) bool {
	for _, c := range covered {
		if within(path, c.path) {
			return true
		}
	}
	return false
}

// within says whether path is dir or lies below it.
func within(path, dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }

func cleanAbs(path string) bool { return filepath.IsAbs(path) && filepath.Clean(path) == path }

func tmpfs(path string, options ...string) specs.Mount {
	return specs.Mount{Destination: path, Type: "tmpfs", Source: "tmpfs", Options: append([]string{"nosuid", "nodev"}, options...)}
}

// inSandbox is where a target is in the container.
func inSandbox(sandbox, target string) string {
	if filepath.IsAbs(target) {
		return target
	}
	return filepath.Join(sandbox, target)
}

// volume binds what the shim has staged, with everything that is mounted below it.
func volume(m runtime.Mount, from, to string) specs.Mount {
	options := []string{"rbind", "rprivate", "nosuid", "nodev"}
	if m.Follow {
		options[1] = "rslave"
	}
	if m.ReadOnly {
		options = append(options, "rro") // ro would leave what is mounted below writable
	}
	return specs.Mount{Destination: to, Type: "bind", Source: from, Options: options}
}

func bind(from, to string, options ...string) specs.Mount {
	return specs.Mount{Destination: to, Type: "bind", Source: from, Options: append([]string{"bind", "rprivate"}, options...)}
}
