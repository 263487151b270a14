package containerspec

import (
	"path/filepath"
	"slices"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/fault"
)

// kernels are directories that a container gets from the kernel: nothing may be mounted in them.
var kernels = []string{"/proc", "/sys", "/dev"}

// checkMount reports a mount that would break the container, or that could not mean what was asked for.
func checkMount(m runtime.Mount) error {
	inside := filepath.IsLocal(m.Target) && filepath.Clean(m.Target) == m.Target && m.Target != "."
	switch {
	case !inside && !cleanAbs(m.Target):
		return fault.New(fault.Invalid, "mount point %q must be absolute, or lead to somewhere in the sandbox, without . and ..", m.Target)
	case m.Target == "/" || within(InitTarget, m.Target):
		return fault.New(fault.Invalid, "nothing can be mounted at %s; choose a directory below it", m.Target)
	case slices.ContainsFunc(kernels, func(dir string) bool { return within(m.Target, dir) && m.Target != "/dev/shm" }):
		return fault.New(fault.Invalid, "nothing can be mounted at %s: it is the kernel's; choose another container path", m.Target)
	case m.Secret != nil || m.Tmpfs:
		return nil
	case len(m.Layers) > 0:
		return checkRoot(&runtime.Root{Layers: m.Layers})
	case !cleanAbs(m.Source):
		return fault.New(fault.Invalid, "the source %q of a mount must be an absolute path without . and ..", m.Source)
	case m.Within != "" && m.Within != "/" && (!cleanAbs(m.Within) || !within(m.Source, m.Within)):
		return fault.New(fault.Invalid, "the source %q of a mount does not lie in %q", m.Source, m.Within)
	}
	return nil
}
