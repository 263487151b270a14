package checkpoint

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/shared/fault"
)

// AcquireIdentity takes an agent's id for this process: a work directory that was copied has the id of the one that it was copied
// from, and the two agentds would take the master's stream from one another, and undo one another's networks. dir is one that
// all agentds of this host have in common. The kernel frees the id when the process ends, however it ends.
func AcquireIdentity(dir, id, workDir string) (*Lock, error) {
	if id == "" || filepath.Base(id) != id {
		return nil, fault.New(fault.Invalid, "agent id %q cannot be taken", id)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("take the agent's id: %w", err)
	}
	path := filepath.Join(dir, id)
	for {
		file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, fmt.Errorf("take the agent's id: %w", err)
		}
		if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
			holder, _ := io.ReadAll(io.LimitReader(file, 4096)) // only to name it
			_ = file.Close()
			if errors.Is(err, unix.EWOULDBLOCK) {
				return nil, fault.New(fault.Conflict, "agent %s runs on this machine already, with the work directory %s, of which %s must be a copy; "+
					"to have another agent, start agentd with an empty --work-dir", id, holder, workDir)
			}
			return nil, fmt.Errorf("take the agent's id: %w", err)
		}
		if !isAt(file, path) { // whoever had it has just removed it
			_ = file.Close()
			continue
		}
		if err := errors.Join(file.Truncate(0), writeAt(file, workDir)); err != nil {
			return nil, errors.Join(fmt.Errorf("take the agent's id: %w", err), file.Close())
		}
		return &Lock{file: file, path: path}, nil
	}
}

// ForgetIdentity removes what a killed agentd with this work directory left of its id. No agentd may be using it.
func ForgetIdentity(dir, workDir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		holder, rerr := os.ReadFile(filepath.Join(dir, e.Name()))
		if rerr != nil || string(holder) != workDir {
			continue // another's, or gone meanwhile
		}
		lock, lerr := AcquireIdentity(dir, e.Name(), workDir)
		if lerr == nil {
			lerr = lock.Release()
		}
		err = errors.Join(err, lerr)
	}
	return err
}

// isAt says whether a file is what is found at a path.
func isAt(file *os.File, path string) bool {
	ours, err := file.Stat()
	if err != nil {
		return false
	}
	found, err := os.Stat(path)
	return err == nil && os.SameFile(ours, found)
}
