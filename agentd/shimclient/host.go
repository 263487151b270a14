package shimclient

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/containerspec"
	"codeberg.org/reeve/reeve/agentd/hostguard"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/sandbox"
	"codeberg.org/reeve/reeve/agentd/shimapi"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
)

// host gathers what a container's spec depends on. It looks each time: users and resolv.conf change while agents run.
func (c *Client) host(spec runtime.Spec) (containerspec.Host, error) {
	if info, err := os.Stat(spec.Sandbox); err != nil || !info.IsDir() {
		return containerspec.Host{}, fault.New(fault.Invalid, "sandbox %q is not a directory", spec.Sandbox)
	}
	owner, err := identity(spec)
	if err != nil {
		return containerspec.Host{}, err
	}
	if c.rootless && owner.UID != os.Geteuid() {
		return containerspec.Host{}, fault.New(fault.Invalid, "task asks for user %q; an agent that is not root can only run tasks as its own user", spec.User)
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return containerspec.Host{}, fmt.Errorf("read the limit of open files: %w", err)
	}
	h := containerspec.Host{
		Root: filepath.Join(c.cfg.RuntimeDir, "hostroot"), Init: filepath.Join(c.cfg.RuntimeDir, "init"),
		CgroupParent: filepath.Dir(c.cfg.group(spec.ID)), CgroupV2: c.cgroups.Unified, SwapLimit: c.cgroups.SwapLimit(),
		UID: uint32(owner.UID), GID: uint32(owner.GID), MaxNoFile: limit.Max, Rootless: c.rootless,
		Staging: c.cfg.staging(spec.ID),
	}
	for _, gid := range owner.Groups {
		h.Groups = append(h.Groups, uint32(gid))
	}
	if c.rootless {
		h.UID, h.GID = 0, 0 // the shim's user namespace calls the agent's user so
	}
	if err := hostguard.CheckRlimits(spec.Isolation.Rlimits); err != nil {
		return containerspec.Host{}, err
	}
	h.Credentials = hostguard.Credentials()
	if h.Devices, err = hostguard.Devices(c.cfg.Devices); err != nil {
		return containerspec.Host{}, err
	}
	if spec.Root != nil {
		h.Root = c.cfg.root(spec.ID)
		h.HostFiles = hostFiles()
		return h, nil
	}
	if err := mountPoints(spec.Mounts); err != nil {
		return containerspec.Host{}, err
	}
	if info, err := os.Stat(containerspec.MesosSandbox); err == nil {
		h.SandboxAlias = info.IsDir()
	}
	if path, err := filepath.EvalSymlinks("/etc/resolv.conf"); err == nil {
		h.ResolvConf = path
	}
	return h, nil
}

// identity is who a container's processes are.
func identity(spec runtime.Spec) (sandbox.Owner, error) {
	if spec.Root == nil {
		return sandbox.Lookup(spec.User)
	}
	as := spec.Root.As
	owner := sandbox.Owner{UID: int(as.UID), GID: int(as.GID)}
	for _, gid := range as.Groups {
		owner.Groups = append(owner.Groups, int(gid))
	}
	return owner, nil
}

// hostFiles lists what a container in an image needs of the host while it is on the host's network: how names are resolved.
func hostFiles() (list []string) {
	for _, file := range []string{"/etc/hosts", "/etc/hostname", "/etc/resolv.conf"} {
		info, err := os.Stat(file)
		if err == nil && info.Mode().IsRegular() {
			list = append(list, file)
		}
	}
	return list
}

// overlay is what the shim has to mount as the root of a container in an image.
func (c *Client) overlay(spec runtime.Spec) *shimapi.Overlay {
	if spec.Root == nil {
		return nil
	}
	return &shimapi.Overlay{At: c.cfg.root(spec.ID), Layers: spec.Root.Layers, Own: Written(c.cfg.WorkDir, spec.ID), Dirs: spec.Root.Dirs, User: c.rootless}
}

// Written is the directory of what a container in an image has written beside its sandbox, whether it is there or not.
func Written(workDir string, id ids.Container) string {
	return filepath.Join(Config{WorkDir: workDir}.record(id), "root")
}

// mountPoints reports a mount point that cannot be made: the host's root is read-only for containers.
func mountPoints(mounts []runtime.Mount) error {
	for _, m := range mounts {
		if !filepath.IsAbs(m.Target) || containerspec.CanMake(m.Target) {
			continue
		}
		if _, err := os.Lstat(m.Target); err != nil {
			return fault.New(fault.Invalid, "container path %s does not exist on this host, whose file system the task sees read-only; "+
				"use a relative path, which is in the sandbox, or one below /tmp", m.Target)
		}
	}
	return nil
}

// stage lists what the shim has to make ready for a spec's mounts.
func (c *Client) stage(spec runtime.Spec, host containerspec.Host) []shimapi.Staged {
	var list []shimapi.Staged
	for i, m := range spec.Mounts {
		s := shimapi.Staged{
			At: host.StagedAt(i), Source: m.Source, Within: m.Within, Make: m.Make,
			Secret: m.Secret, Readable: m.Readable, Tmpfs: m.Tmpfs, Bytes: m.Bytes,
		}
		if len(m.Layers) > 0 {
			s.Overlay = &shimapi.Overlay{At: s.At, Layers: m.Layers, User: c.rootless}
			if !m.ReadOnly {
				s.Overlay.Own = filepath.Join(Written(c.cfg.WorkDir, spec.ID), "volumes", strconv.Itoa(i))
			}
		}
		if m.Guarded {
			s.Hide = hostguard.Hidden(host.Credentials, spec.Hidden)
		}
		list = append(list, s)
	}
	return list
}
