package shimclient

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"codeberg.org/reeve/reeve/agentd/cgroupfs"
	"codeberg.org/reeve/reeve/agentd/network"
	"codeberg.org/reeve/reeve/agentd/sandbox"
	"codeberg.org/reeve/reeve/agentd/shimdir"
	"codeberg.org/reeve/reeve/shared/fault"
)

// Clean removes every shim, container, cgroup, mount and record of the agent that had these directories, whatever state
// they are in, and of no other. The sandboxes stay. No client may be using them.
func Clean(ctx context.Context, workDir, runtimeDir, cgroupRoot string) error {
	for _, path := range []string{workDir, runtimeDir, cgroupRoot} {
		if !filepath.IsAbs(path) || filepath.Clean(path) == "/" {
			return fault.New(fault.Invalid, "clean needs absolute paths that are not /, not %q", path)
		}
	}
	if err := shimdir.EndAll(ctx, filepath.Join(runtimeDir, "shims")); err != nil {
		return err
	}
	cgroups, err := cgroupfs.Find()
	if err != nil {
		return err
	}
	if err := cgroups.Kill(ctx, cgroupRoot); err != nil { // what is frozen can be ended by this alone
		return err
	}
	states, err := filepath.Glob(filepath.Join(runtimeDir, "c", "*"))
	if err != nil {
		return err
	}
	for _, state := range states {
		if err := shimdir.KillByState(ctx, state); err != nil {
			return err
		}
	}
	joined := Config{WorkDir: workDir, RuntimeDir: runtimeDir}.networks()
	if err := network.Clean(ctx, joined.Dir, joined.RuntimeDir); err != nil {
		return err
	}
	if err := shimdir.UnmountBelow(runtimeDir); err != nil {
		return err
	}
	return errors.Join(os.RemoveAll(runtimeDir), sandbox.RemoveAll(filepath.Join(workDir, "containers")))
}
