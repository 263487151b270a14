//go:build linux && cgo

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// ownSystem are directories that may be a file system of their own on a host and belong to what its programs need. Other
// mounts of the host stay out of containers.
var ownSystem = []string{"/bin", "/etc", "/lib", "/lib32", "/lib64", "/nix", "/opt", "/sbin", "/srv", "/usr", "/var"}

// mountHostRoot makes a read-only view of the host's root file system at dir, in the shim's own mount namespace: nothing
// of it is in the host's table, and nothing is left when the shim is killed. Mounts that come to the host later are not
// seen, but those that go can go.
func mountHostRoot(cfg config) error {
	if same, err := sharesMounts(); err != nil || same {
		return errors.Join(errors.New("the shim has no mount namespace of its own"), err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SLAVE, ""); err != nil {
		return fmt.Errorf("leave the host's mounts: %w", err)
	}
	dir := cfg.hostRoot()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := bindSelf(cfg.init()); err != nil {
		return err
	}
	if cfg.rootless {
		return bindTree("/", dir)
	}
	mounts, err := systemMounts()
	if err != nil {
		return err
	}
	for _, from := range append([]string{"/"}, mounts...) {
		if err := bindReadOnly(from, filepath.Join(dir, from)); err != nil {
			return fmt.Errorf("make %s visible to containers: %w", from, err)
		}
	}
	return placeFor(cfg.workDir, dir)
}

// placeFor makes sure that a directory of the host exists in its view at root: it may be on a file system that containers do not
// see, such as a disk of its own at /data, and nothing can be mounted at a place that is not there. What is made is empty.
func placeFor(path, root string) error {
	if path == "" {
		return nil
	}
	at := filepath.Join(root, path)
	there := at // the innermost directory that exists
	for {
		_, err := os.Lstat(there)
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		there = filepath.Dir(there)
	}
	switch there {
	case at:
		return nil
	case root:
		return fmt.Errorf("the host has no directory for %s", path)
	}
	if err := unix.Mount("tmpfs", there, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=0755,size=64k"); err != nil {
		return fmt.Errorf("make a place for %s: %w", path, err)
	}
	if err := os.MkdirAll(at, 0o755); err != nil {
		return err
	}
	return unix.MountSetattr(unix.AT_FDCWD, there, 0, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY, Propagation: unix.MS_PRIVATE})
}

// sharesMounts says whether this process would change its parent's mounts.
func sharesMounts() (bool, error) {
	own, err := os.Readlink("/proc/self/ns/mnt")
	if err != nil {
		return false, err
	}
	parent, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/mnt", os.Getppid()))
	if errors.Is(err, fs.ErrPermission) {
		return false, nil // from inside a user namespace the parent is out of sight
	}
	return own == parent, err
}

// bindSelf binds this binary to a place from where it becomes each container's init, whatever happens to the file.
func bindSelf(to string) error {
	self, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return err
	}
	f, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := bindTree(self, to); err != nil {
		return fmt.Errorf("bind the shim's binary: %w", err)
	}
	return nil
}

// bindReadOnly binds one file system without what is mounted in it.
func bindReadOnly(from, to string) error {
	if err := unix.Mount(from, to, "", unix.MS_BIND, ""); err != nil {
		return err
	}
	if err := unix.Mount("", to, "", unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	return unix.MountSetattr(unix.AT_FDCWD, to, 0, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY})
}

// bindTree binds a file system with everything that is mounted in it, read-only. A user namespace may not look below
// mounts that it got from outside, so that it is all or nothing.
func bindTree(from, to string) error {
	tree, err := unix.OpenTree(unix.AT_FDCWD, from, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
	if err != nil {
		return fmt.Errorf("clone the mounts of %s: %w", from, err)
	}
	readOnly := &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY, Propagation: unix.MS_PRIVATE}
	err = unix.MountSetattr(tree, "", unix.AT_EMPTY_PATH|unix.AT_RECURSIVE, readOnly)
	if err == nil {
		err = unix.MoveMount(tree, "", unix.AT_FDCWD, to, unix.MOVE_MOUNT_F_EMPTY_PATH)
	}
	if err = errors.Join(err, unix.Close(tree)); err != nil {
		return fmt.Errorf("make %s visible to containers: %w", from, err)
	}
	return nil
}

// systemMounts lists mounts at or below ownSystem's directories, outermost first.
func systemMounts() ([]string, error) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	var found []string
	for lines := bufio.NewScanner(f); lines.Scan(); {
		before, after, _ := strings.Cut(lines.Text(), " - ")
		fields := strings.Fields(before)
		if len(fields) < 5 || !isDisk(after) {
			continue
		}
		at := unescape.Replace(fields[4])
		if slices.ContainsFunc(ownSystem, func(dir string) bool { return at == dir || strings.HasPrefix(at, dir+"/") }) {
			found = append(found, at)
		}
	}
	slices.Sort(found)
	return slices.Compact(found), errors.Join(f.Close())
}

// isDisk tells real file systems, which hold programs, from the kernel's own, autofs, and other containers' overlays.
func isDisk(rest string) bool {
	kind, _, _ := strings.Cut(rest, " ")
	switch kind {
	case "ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "bcachefs", "squashfs", "erofs":
		return true
	}
	return false
}

// unescape undoes what mountinfo does to odd characters.
var unescape = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)
