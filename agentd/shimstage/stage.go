// Package shimstage makes ready what a container is to find while it starts: the file system of its image and the sources of its
// mounts. All of it is mounted in the mount namespace of the process that calls, which is a shim's own: the host never sees it,
// and nothing is left of it when the shim is killed. It knows no containers beyond what it is told of one launch, and resolves
// every path that a stranger may have a hand in without being led out of where it begins. Start reading at Prepare.
package shimstage

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

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
		switch {
		case s.Tmpfs:
			err = stageMemory(s)
		case s.Overlay != nil:
			err = stageLayers(s.Overlay)
		case s.Source == "":
			err = writeSecret(s, user)
		default:
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
	if err == nil && s.Readable {
		err = f.Chmod(0o644)
	} else if err == nil && int(user.UID) != os.Geteuid() {
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
	var real string
	if len(s.Hide) > 0 {
		real, err = allowed(source, s)
	}
	if err == nil {
		err = mountCopy(source, s.At)
	}
	if err == nil {
		err = cover(s, real)
	}
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

// openWithin is OpenIn for the name of a directory.
func openWithin(within, rel string) (int, error) {
	dir, err := unix.Open(within, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	fd, err := OpenIn(dir, rel)
	return fd, errors.Join(err, unix.Close(dir))
}

// OpenIn opens a path below a directory that is open, and never leads out of it: links with an absolute target start there anew.
func OpenIn(dir int, rel string) (int, error) {
	return unix.Openat2(dir, rel, &unix.OpenHow{
		Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS,
	})
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

// stageMemory makes a directory in memory. Its pages are charged to whoever writes them, which is the container.
func stageMemory(s shimapi.Staged) error {
	if err := os.Mkdir(s.At, 0o755); err != nil {
		return err
	}
	options := "mode=1777"
	if s.Bytes > 0 {
		options += fmt.Sprintf(",size=%d", s.Bytes)
	}
	if err := unix.Mount("tmpfs", s.At, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, options); err != nil {
		return fmt.Errorf("make a directory in memory: %w", err)
	}
	return nil
}

// stageLayers mounts an image as a volume. One that is only read has an empty directory on top: the kernel takes two layers or more.
func stageLayers(o *shimapi.Overlay) error {
	if err := os.Mkdir(o.At, 0o755); err != nil {
		return err
	}
	if o.Own == "" {
		empty := o.At + ".top"
		if err := os.Mkdir(empty, 0o755); err != nil {
			return err
		}
		o.Layers = append([]string{empty}, o.Layers...)
	}
	return stack(o)
}

// kernelFiles are file systems in which what is written changes the host. They may be mounted anywhere.
var kernelFiles = []int64{unix.PROC_SUPER_MAGIC, unix.SYSFS_MAGIC, unix.CGROUP_SUPER_MAGIC, unix.CGROUP2_SUPER_MAGIC, unix.DEBUGFS_MAGIC, unix.SECURITYFS_MAGIC, unix.TRACEFS_MAGIC, unix.BPF_FS_MAGIC}

// allowed says where a source that a stranger named really is, unless it is something to be hidden.
func allowed(source int, s shimapi.Staged) (string, error) {
	real, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", source))
	if err != nil {
		return "", err
	}
	var fs unix.Statfs_t
	if err := unix.Fstatfs(source, &fs); err != nil {
		return "", err
	}
	if slices.Contains(kernelFiles, fs.Type) {
		return "", fault.New(fault.Invalid, "%s cannot be mounted: it is the kernel's", s.Source)
	}
	for _, dir := range s.Hide {
		if real == dir || strings.HasPrefix(real, dir+"/") {
			return "", fault.New(fault.Invalid, "%s cannot be mounted: it belongs to the host or its agent", s.Source)
		}
	}
	return real, nil
}

// cover hides what a staged source holds of what is to be hidden.
func cover(s shimapi.Staged, real string) error {
	for _, dir := range s.Hide {
		rest, ok := strings.CutPrefix(dir, strings.TrimSuffix(real, "/")+"/")
		if !ok {
			continue
		}
		at := filepath.Join(s.At, rest)
		info, err := os.Lstat(at)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err == nil && info.IsDir():
			err = unix.Mount("tmpfs", at, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC|unix.MS_RDONLY, "mode=0555,size=0")
		case err == nil && info.Mode().IsRegular():
			err = unix.Mount(os.DevNull, at, "", unix.MS_BIND, "")
		}
		if err != nil {
			return fmt.Errorf("hide %s: %w", dir, err)
		}
	}
	return nil
}
