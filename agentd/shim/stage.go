//go:build linux && cgo

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/shimapi"
	"codeberg.org/reeve/reeve/shared/fault"
)

// stage makes the sources of a container's mounts ready, on a tmpfs in the shim's own mount namespace: the host never sees
// it, secrets touch no disk, and what a source leads to is settled here once, whatever a task does to its links afterwards.
// What it returns takes everything away again, and may be called twice; a container that has started has its own copy.
func stage(list []shimapi.Staged, user specs.User) (unstage func() error, err error) {
	if len(list) == 0 {
		return func() error { return nil }, nil
	}
	dir := filepath.Dir(list[0].At)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "mode=0700"); err != nil {
		return nil, errors.Join(fmt.Errorf("prepare mounts: %w", err), os.Remove(dir))
	}
	done := false
	unstage = func() error {
		if done {
			return nil
		}
		done = true
		if err := unix.Unmount(dir, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW); err != nil {
			return fmt.Errorf("take prepared mounts away: %w", err)
		}
		return os.Remove(dir)
	}
	for _, s := range list {
		if s.Source == "" {
			err = writeSecret(s, user)
		} else {
			err = stageSource(s, user)
		}
		if err != nil {
			return nil, errors.Join(err, unstage())
		}
	}
	return unstage, nil
}

func writeSecret(s shimapi.Staged, user specs.User) error {
	f, err := os.OpenFile(s.At, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write a secret: %w", err)
	}
	_, err = f.Write(s.Secret)
	if err == nil && int(user.UID) != os.Geteuid() {
		err = f.Chown(int(user.UID), int(user.GID))
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write a secret: %w", err)
	}
	return nil
}

// stageSource mounts a copy of what Source leads to at At.
func stageSource(s shimapi.Staged, user specs.User) error {
	within := s.Within
	if within == "" {
		within = "/"
	}
	rel, err := filepath.Rel(within, s.Source)
	if err != nil {
		return err
	}
	if s.Make {
		if err := makeDir(within, rel, user); err != nil {
			return fmt.Errorf("make %s: %w", s.Source, err)
		}
	}
	source, err := openWithin(within, rel)
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EXDEV) {
		return fault.New(fault.Invalid, "%s cannot be mounted: there is no such file or directory in %s", s.Source, within)
	}
	if err != nil {
		return fault.New(fault.Invalid, "%s cannot be mounted: %v", s.Source, err)
	}
	err = mountCopy(source, s.At)
	if err = errors.Join(err, unix.Close(source)); err != nil {
		return fmt.Errorf("prepare the mount of %s: %w", s.Source, err)
	}
	return nil
}

// makeDir makes a directory, and those above it, for the container's user; one that exists stays as it is.
func makeDir(within, rel string, user specs.User) error {
	root, err := os.OpenRoot(within)
	if err != nil {
		return err
	}
	_, err = root.Stat(rel)
	if errors.Is(err, fs.ErrNotExist) {
		err = root.MkdirAll(rel, 0o755)
		if err == nil && int(user.UID) != os.Geteuid() {
			err = root.Lchown(rel, int(user.UID), int(user.GID))
		}
	}
	return errors.Join(err, root.Close())
}

// openWithin opens a path without ever leaving the directory it starts in: links with an absolute target start there anew.
func openWithin(within, rel string) (int, error) {
	dir, err := unix.Open(within, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	fd, err := unix.Openat2(dir, rel, &unix.OpenHow{
		Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS,
	})
	return fd, errors.Join(err, unix.Close(dir))
}

// mountCopy mounts what a descriptor stands for, with everything that is mounted in it.
func mountCopy(source int, at string) error {
	var st unix.Stat_t
	if err := unix.Fstat(source, &st); err != nil {
		return err
	}
	var err error
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		err = os.Mkdir(at, 0o755)
	case unix.S_IFREG, unix.S_IFSOCK, unix.S_IFIFO:
		err = os.WriteFile(at, nil, 0o600)
	default:
		return fault.New(fault.Invalid, "it is neither a directory nor a file; devices are given with --allowed-devices")
	}
	if err != nil {
		return err
	}
	tree, err := unix.OpenTree(source, "", unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE|unix.AT_EMPTY_PATH)
	if err != nil {
		return err
	}
	err = unix.MoveMount(tree, "", unix.AT_FDCWD, at, unix.MOVE_MOUNT_F_EMPTY_PATH)
	return errors.Join(err, unix.Close(tree))
}
