package cgroupfs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// Kill ends every process in a group and below it, frozen or not, and removes the group from all hierarchies. A missing
// group is no error.
func (h Host) Kill(ctx context.Context, group string) error {
	for pause := 500 * time.Microsecond; ; pause = min(2*pause, 20*time.Millisecond) {
		left, err := h.killOnce(group)
		if err == nil && left == 0 {
			err = h.remove(group)
			if err == nil {
				return nil
			}
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("kill cgroup %s, %d processes left: %w", group, left, errors.Join(err, ctx.Err()))
		case <-timer.C:
		}
	}
}

// KillAll sends SIGKILL to every process in a group and below it, frozen or not, without giving any the time to start another
// one. It does not wait for their end. A missing group has none.
func (h Host) KillAll(group string) error {
	if at, ok := h.Controllers["freezer"]; ok {
		_ = os.WriteFile(filepath.Join(at, group, "freezer.state"), []byte("FROZEN"), 0) // gone, or not to be frozen: killed as far as it goes
	}
	_, err := h.killOnce(group)
	return err
}

func (h Host) killOnce(group string) (left int, err error) {
	if at, ok := h.Controllers[""]; ok {
		// Ends the whole subtree at once, forks included; kernels before 5.14 have no such file.
		_ = os.WriteFile(filepath.Join(at, group, "cgroup.kill"), []byte("1"), 0)
	}
	if at, ok := h.Controllers["freezer"]; ok {
		defer h.thaw(filepath.Join(at, group))
	}
	pids, err := h.PIDs(group)
	for _, pid := range pids {
		if kerr := unix.Kill(pid, unix.SIGKILL); kerr != nil && !errors.Is(kerr, unix.ESRCH) {
			err = errors.Join(err, fmt.Errorf("kill process %d: %w", pid, kerr))
		}
	}
	return len(pids), err
}

// thaw lets killed processes die: SIGKILL waits while a v1 freezer holds them.
func (h Host) thaw(dir string) {
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			_ = os.WriteFile(filepath.Join(path, "freezer.state"), []byte("THAWED"), 0) // gone, or not frozen: both fine
		}
		return nil
	})
}

// remove deletes the directories of a group bottom-up.
func (h Host) remove(group string) error {
	var errs []error
	for _, at := range h.Mounts {
		errs = append(errs, removeTree(filepath.Join(at, group)))
	}
	return errors.Join(errs...)
}

func removeTree(dir string) error {
	err := unix.Rmdir(dir)
	if err == nil || gone(err) {
		return nil
	}
	entries, rerr := os.ReadDir(dir)
	if gone(rerr) {
		return nil
	}
	if rerr != nil {
		return rerr
	}
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		if err := removeTree(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	if err := unix.Rmdir(dir); err != nil && !gone(err) {
		return fmt.Errorf("remove cgroup %s: %w", dir, err)
	}
	return nil
}

// gone says whether a file of a group is missing because the group is.
func gone(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENODEV) }

// Frozen says whether nothing in a group of v2 can run because somebody has frozen it, or one above it.
func (h Host) Frozen(group string) bool {
	if !h.Unified {
		return false
	}
	dir := filepath.Join(h.Controllers[""], group)
	asked, _ := os.ReadFile(filepath.Join(dir, "cgroup.freeze")) // none before 5.2, nor when the group is gone
	events, _ := os.ReadFile(filepath.Join(dir, "cgroup.events"))
	return bytes.HasPrefix(asked, []byte("1")) || bytes.Contains(events, []byte("frozen 1"))
}
