package shimdir

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/shared/procstate"
)

// KillByState ends the container whose libcontainer state is in dir by killing its init, which takes everything in its pid
// namespace along. It is for agents without cgroups; half-made containers of a dead shim, which have no state yet, it
// cannot find.
func KillByState(ctx context.Context, dir string) error {
	data, err := os.ReadFile(filepath.Join(dir, "state.json"))
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
	for procstate.StartTicks(state.PID) == state.Start && state.PID > 1 {
		if err := unix.Kill(state.PID, unix.SIGKILL); err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("kill process %d: %w", state.PID, err)
		}
		if err := Pause(ctx, time.Millisecond); err != nil {
			return fmt.Errorf("kill process %d: %w", state.PID, err)
		}
	}
	return nil
}

// UnmountBelow detaches what is mounted below dir in this mount namespace. There is nothing as a rule: shims have their
// own.
func UnmountBelow(dir string) error {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	var errs []error
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(line)
		if len(fields) > 4 && (fields[4] == dir || strings.HasPrefix(fields[4], dir+"/")) {
			if err := unix.Unmount(fields[4], unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW); err != nil && !errors.Is(err, unix.EINVAL) {
				errs = append(errs, fmt.Errorf("unmount %s: %w", fields[4], err))
			}
		}
	}
	return errors.Join(errs...)
}
