// Package shimdir is the directory of one shim, as those see it who are not its client: whether the shim is alive, which the lock
// says that it inherits from agentd, and how it is ended. It talks to no shim. Start reading at Lock.
package shimdir

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
)

// Lock takes the lock that says a shim is alive; the error is EWOULDBLOCK if one is.
func Lock(dir string) (*os.File, error) {
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}

// Alive says whether the shim of a directory is a living process.
func Alive(dir string) bool {
	lock, err := Lock(dir)
	if err != nil {
		return errors.Is(err, unix.EWOULDBLOCK)
	}
	_ = lock.Close() // gives the lock back
	return false
}

// Kill kills a shim that is alive, which is why its pid cannot be another process's.
func Kill(dir string) {
	if pid := PID(dir); pid > 1 && Alive(dir) {
		_ = unix.Kill(pid, unix.SIGKILL) // the caller looks whether it is dead
	}
}

// PID is the process of a shim, dead or alive; 0 if agentd died before it wrote that down, and then it ends by itself.
func PID(dir string) int {
	data, err := os.ReadFile(filepath.Join(dir, "pid"))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		return 0
	}
	return pid
}

// EndAll kills the shims that are alive and waits until they are dead.
func EndAll(ctx context.Context, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		shim := filepath.Join(dir, e.Name())
		for Alive(shim) {
			Kill(shim)
			if err := Pause(ctx, time.Millisecond); err != nil {
				return fmt.Errorf("end shim %s: %w", e.Name(), err)
			}
		}
	}
	return nil
}

// Pause waits between two looks at something that tells nobody when it changes.
func Pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
