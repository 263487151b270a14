package shimclient

import (
	"context"
	"encoding/json"
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
	"codeberg.org/reeve/reeve/agentd/network"
	"codeberg.org/reeve/reeve/agentd/sandbox"
	"codeberg.org/reeve/reeve/agentd/shimapi"
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
		if err := killByState(ctx, state); err != nil {
			return err
		}
	}
	joined := Config{WorkDir: workDir, RuntimeDir: runtimeDir}.networks()
	if err := network.Clean(ctx, joined.Dir, joined.RuntimeDir); err != nil {
		return err
	}
	if err := unmountBelow(runtimeDir); err != nil {
		return err
	}
	return errors.Join(os.RemoveAll(runtimeDir), sandbox.RemoveAll(filepath.Join(workDir, "containers")))
}

// killByState ends the container whose libcontainer state is in dir by killing its init, which takes everything in its pid
// namespace along. It is for agents without cgroups; half-made containers of a dead shim, which have no state yet, it
// cannot find.
func killByState(ctx context.Context, dir string) error {
	data, err := shimapi.ReadFile(filepath.Join(dir, "state.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var state struct {
		PID   int    `json:"init_process_pid"`
		Start uint64 `json:"init_process_start"`
	}
	if err == nil {
		err = json.Unmarshal(data, &state)
	}
	if err != nil {
		return fmt.Errorf("find the container's process: %w", err)
	}
	for startTime(state.PID) == state.Start && state.PID > 1 {
		if err := unix.Kill(state.PID, unix.SIGKILL); err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("kill process %d: %w", state.PID, err)
		}
		if err := shimdir.Pause(ctx, time.Millisecond); err != nil {
			return fmt.Errorf("kill process %d: %w", state.PID, err)
		}
	}
	return nil
}

// startTime returns when a process that runs was started, in the kernel's ticks, 0 for one that does not: with it a pid
// names one process for ever.
func startTime(pid int) uint64 {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	// The name in brackets may hold anything; the state is the first field behind it, the start time the 20th.
	fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
	if len(fields) < 20 || fields[0] == "Z" {
		return 0
	}
	start, err := strconv.ParseUint(fields[19], 10, 64)
	if err != nil {
		return 0
	}
	return start
}

// startedAt is when a process that runs was started, on today's clock. told is what the clock of then said: if somebody has
// set it since, the kernel knows better, which counts from the host's boot.
func startedAt(pid int, told time.Time) time.Time {
	const tick = 10 * time.Millisecond // of /proc, on every Linux
	ticks := startTime(pid)
	var boot unix.Timespec
	if ticks == 0 || unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot) != nil {
		return told
	}
	at := time.Now().Add(time.Duration(ticks)*tick - time.Duration(boot.Nano())) // #nosec G115 -- 2^63 ns of uptime are centuries
	if off := at.Sub(told); off.Abs() < time.Second {
		return told
	}
	return at
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
