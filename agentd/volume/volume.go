// Package volume keeps the directories of persistent volumes, <work-dir>/volumes/roles/<role>/<id> (spec 3.12): it makes
// them, gives them to who uses them, and takes them away. It never decides when: agentd/workload does. What is taken away is
// gone at once, by a rename, and deleted behind everybody's back. Start reading at Keeper.
package volume

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"

	"codeberg.org/reeve/reeve/agentd/sandbox"
	"codeberg.org/reeve/reeve/agentd/turn"
	"codeberg.org/reeve/reeve/shared/logkey"
)

// trash is where volumes are that have been taken away.
const trash = "volumes/trash"

// Keeper keeps the volumes below a work dir. Make it with New.
type Keeper struct {
	workDir string
	log     *slog.Logger
	wake    chan struct{} // 1: there is something to delete
}

// New returns the keeper of a work dir. Run must run for what is taken away to be deleted.
func New(workDir string, log *slog.Logger) *Keeper {
	return &Keeper{workDir: workDir, log: log, wake: make(chan struct{}, 1)}
}

// Do carries out an effect that is about a volume; others are of no interest.
func (k *Keeper) Do(effect turn.Effect) {
	switch e := effect.(type) {
	case turn.MakeVolume:
		k.Make(e.Path)
	case turn.RemoveVolume:
		k.Remove(e.Path)
	}
}

// Make makes the empty directory of a new volume; path is relative to the work dir. What was there before is taken away. A
// failure is logged: whoever uses the volume tries again, and says why it can't be.
func (k *Keeper) Make(path string) {
	k.Remove(path)
	if err := os.MkdirAll(filepath.Join(k.workDir, path), 0o755); err != nil {
		k.log.Warn("directory of a volume could not be made", logkey.Path(path), logkey.Err(err))
	}
}

// Remove takes a volume away with everything in it, if it is there.
func (k *Keeper) Remove(path string) {
	if err := k.remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		k.log.Warn("volume could not be taken away", logkey.Path(path), logkey.Err(err))
	}
}

func (k *Keeper) remove(path string) error {
	if _, err := os.Lstat(filepath.Join(k.workDir, path)); err != nil {
		return err
	}
	bin := filepath.Join(k.workDir, trash)
	if err := os.MkdirAll(bin, 0o700); err != nil {
		return err
	}
	place, err := os.MkdirTemp(bin, "")
	if err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(k.workDir, path), filepath.Join(place, "volume")); err != nil {
		return errors.Join(err, os.Remove(place))
	}
	select {
	case k.wake <- struct{}{}:
	default:
	}
	return nil
}

// Lend has a volume ready for a user of this host who is to use it. A shared one stays with the first who got it.
func (k *Keeper) Lend(path, user string, shared bool) error {
	owner, err := sandbox.Lookup(user)
	if err != nil {
		return err
	}
	dir := filepath.Join(k.workDir, path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make persistent volume: %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("look at persistent volume: %w", err)
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if ok && int(st.Uid) == owner.UID && int(st.Gid) == owner.GID || ok && shared && int(st.Uid) != os.Geteuid() {
		return nil
	}
	if err := os.Lchown(dir, owner.UID, owner.GID); err != nil {
		return fmt.Errorf("give persistent volume to user %s: %w", user, err)
	}
	return nil
}

// Run deletes what was taken away, that of earlier agentds first, until ctx ends.
func (k *Keeper) Run(ctx context.Context) error {
	for {
		if err := os.RemoveAll(filepath.Join(k.workDir, trash)); err != nil {
			k.log.Warn("volumes that were taken away could not all be deleted", logkey.Err(err))
		}
		select {
		case <-k.wake:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
