package containerspec

import (
	"path/filepath"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/fault"
)

// mountsInImage are the mounts of a container in an image. Nothing of the host is there to be covered; mount points that the
// image lacks are made in the container's own layer.
func mountsInImage(spec runtime.Spec, host Host) []specs.Mount {
	all := append(system(host, spec.Isolation),
		bind(host.Init, InitTarget, "ro", "nosuid", "nodev"),
		bind(spec.Sandbox, MesosSandbox, "rw", "nodev"))
	for _, file := range host.HostFiles {
		all = append(all, bind(file, file, "ro", "nosuid", "nodev", "noexec"))
	}
	for i, m := range spec.Mounts {
		all = append(all, volume(m, host.StagedAt(i), inSandbox(MesosSandbox, m.Target)))
	}
	return all
}

// checkRoot reports a root that cannot be mounted.
func checkRoot(root *runtime.Root) error {
	if len(root.Layers) == 0 {
		return fault.New(fault.Invalid, "an image needs at least one layer")
	}
	for _, dir := range root.Layers {
		if !cleanAbs(dir) || dir == "/" {
			return fault.New(fault.Invalid, "layer %q must be an absolute path without . and .. and not /", dir)
		}
	}
	for _, dir := range root.Dirs {
		if !filepath.IsAbs(dir) || filepath.Clean(dir) != dir {
			return fault.New(fault.Invalid, "directory %q of an image must be an absolute path without . and ..", dir)
		}
	}
	return nil
}
