package shimstage

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/shimapi"
	"codeberg.org/reeve/reeve/shared/fault"
)

// Prepare makes ready what a container is to find while it starts: its root and the sources of its mounts. What it
// returns takes everything away again, and may be called twice; a container that has started has its own copy.
func Prepare(req *shimapi.Launch) (undo func() error, err error) {
	unmount, err := mountOverlay(req.Overlay)
	if err != nil {
		return nil, err
	}
	unstage, err := stage(req.Stage, req.Spec.Process.User)
	if err != nil {
		return nil, errors.Join(err, unmount())
	}
	return func() error { return errors.Join(unstage(), unmount()) }, nil
}

// mountOverlay mounts the root of a container in an image; nil is none. Like everything here it is in the shim's own mount
// namespace: the host never sees it, and nothing is left of it when the shim is killed.
func mountOverlay(o *shimapi.Overlay) (unmount func() error, err error) {
	if o == nil {
		return func() error { return nil }, nil
	}
	if err := os.MkdirAll(o.At, 0o700); err != nil {
		return nil, err
	}
	done := false
	unmount = func() error {
		if done {
			return nil
		}
		done = true
		err := unix.Unmount(o.At, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW)
		if errors.Is(err, unix.EINVAL) {
			err = nil // it has not come to be mounted
		}
		if err = errors.Join(err, os.Remove(o.At)); err != nil {
			return fmt.Errorf("take the image's file system away: %w", err)
		}
		return nil
	}
	err = stack(o)
	if err == nil {
		err = makeDirs(o.At, o.Dirs)
	}
	if err != nil {
		return nil, errors.Join(err, unmount())
	}
	return unmount, nil
}

// stack mounts the layers. They are named by descriptors: the kernel takes a page of names, and a container can read them.
func stack(o *shimapi.Overlay) (err error) {
	dirs := o.Layers
	if o.Own != "" {
		upper, work := filepath.Join(o.Own, "upper"), filepath.Join(o.Own, "work")
		for _, dir := range []string{upper, work} {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return fmt.Errorf("make room for what a container writes: %w", err)
			}
		}
		dirs = append([]string{upper, work}, dirs...)
	}
	var opened []*os.File
	defer func() {
		for _, f := range opened {
			err = errors.Join(err, f.Close())
		}
	}()
	var names []string
	for _, dir := range dirs {
		fd, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		if err != nil {
			return fmt.Errorf("open layer %s: %w", dir, err)
		}
		opened = append(opened, os.NewFile(uintptr(fd), dir))
		names = append(names, "/proc/self/fd/"+strconv.Itoa(fd))
	}
	// Layers come from strangers: what they say to overlayfs beyond deleting files is not listened to. The own layer goes
	// with the container, so that nothing of it has to reach the disk.
	options := []string{"redirect_dir=nofollow", "metacopy=off", "index=off"}
	if o.Own != "" {
		options = append(options, "upperdir="+names[0], "workdir="+names[1], "volatile")
		names = names[2:]
	}
	options = append(options, "lowerdir="+strings.Join(names, ":"))
	if o.User {
		options = append(options, "userxattr")
	}
	return mount(o, strings.Join(options, ","))
}

func mount(o *shimapi.Overlay, options string) error {
	if len(options) >= os.Getpagesize() {
		return fault.New(fault.Invalid, "the image has %d layers, more than the kernel can mount", len(o.Layers))
	}
	err := unix.Mount("overlay", o.At, "overlay", unix.MS_NODEV, options)
	if errors.Is(err, unix.EINVAL) {
		return fault.New(fault.Unsupported, "the image cannot be mounted: the file system below %s cannot hold what overlayfs writes; "+
			"put the agent's work dir on ext4 or xfs", cmp.Or(o.Own, o.Layers[len(o.Layers)-1]))
	}
	if errors.Is(err, unix.EPERM) && o.User {
		return fault.New(fault.Unsupported, "the image cannot be mounted: this host's kernel lets only root mount images; Linux 5.11 is the first that does not")
	}
	if err != nil {
		return fmt.Errorf("mount the image: %w", err)
	}
	return nil
}

// makeDirs makes directories in a root, which no link in it leads out of.
func makeDirs(at string, dirs []string) error {
	if len(dirs) == 0 {
		return nil
	}
	root, err := os.OpenRoot(at)
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		if err = root.MkdirAll(strings.TrimPrefix(dir, "/"), 0o755); err != nil {
			err = fault.New(fault.Invalid, "the image declares the directory %s, which cannot be made in it: %v", dir, err)
			break
		}
	}
	return errors.Join(err, root.Close())
}
