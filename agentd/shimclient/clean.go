package shimclient

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/cgroupfs"
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
	if err := endShims(ctx, filepath.Join(runtimeDir, "shims")); err != nil {
		return err
	}
	cgroups, err := cgroupfs.Find()
	if err != nil {
		return err
	}
	if err := cgroups.Kill(ctx, cgroupRoot); err != nil {
		return err
	}
	if err := unmountBelow(runtimeDir); err != nil {
		return err
	}
	return errors.Join(os.RemoveAll(runtimeDir), os.RemoveAll(filepath.Join(workDir, "containers")))
}

// endShims kills the shims that are alive and waits until they are dead.
func endShims(ctx context.Context, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		shim := filepath.Join(dir, e.Name())
		for shimAlive(shim) {
			killShim(shim)
			select {
			case <-time.After(time.Millisecond):
			case <-ctx.Done():
				return fmt.Errorf("end shim %s: %w", e.Name(), ctx.Err())
			}
		}
	}
	return nil
}

// killShim kills a shim that is alive, which is why its pid cannot be another process's.
func killShim(dir string) {
	data, err := os.ReadFile(filepath.Join(dir, "pid"))
	if err != nil {
		return // agentd died before it wrote it; such a shim ends by itself
	}
	if pid, err := strconv.Atoi(strings.TrimSpace(string(data))); err == nil && pid > 1 && shimAlive(dir) {
		_ = unix.Kill(pid, unix.SIGKILL) // the caller looks whether it is dead
	}
}

// unmountBelow detaches what is mounted below dir in this mount namespace. There is nothing as a rule: shims have their
// own.
func unmountBelow(dir string) error {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	var errs []error
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(line)
		if len(fields) > 4 && within(fields[4], dir) {
			if err := unix.Unmount(fields[4], unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW); err != nil && !errors.Is(err, unix.EINVAL) {
				errs = append(errs, fmt.Errorf("unmount %s: %w", fields[4], err))
			}
		}
	}
	return errors.Join(errs...)
}
