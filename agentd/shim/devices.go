//go:build linux && cgo

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	devices "github.com/opencontainers/cgroups/devices/config"
	"github.com/opencontainers/runc/libcontainer"
	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/shimapi"
	"codeberg.org/reeve/reeve/agentd/shimstage"
	"codeberg.org/reeve/reeve/shared/fault"
)

func (s *server) devices(req shimapi.Request) error {
	if req.Devices == nil {
		return fault.New(fault.Invalid, "devices lacks devices")
	}
	c, err := s.find(req.Container)
	if err != nil || c == nil {
		return err
	}
	if err := c.change(req.Devices); err != nil {
		return fmt.Errorf("change the devices of container %s: %w", req.Container, err)
	}
	return nil
}

// change gives a running container devices and takes others away. Who finds the file of a device may open it: it is made after
// the rule that allows that, and goes before it does. What is open stays open.
func (c *container) change(by *shimapi.Devices) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	root, err := c.openRoot()
	if err != nil || root < 0 {
		return err
	}
	defer func() { _ = unix.Close(root) }() // nothing was written to it
	for _, d := range by.Take {
		if err := removeNode(root, d); err != nil {
			return err
		}
	}
	if err := c.allow(by); err != nil {
		return ended(err)
	}
	for _, d := range by.Give {
		if err := makeNode(root, d); err != nil {
			return fmt.Errorf("make %s: %w", d.Node.Path, err)
		}
	}
	return nil
}

// openRoot opens the root directory of the container as its first process sees it; -1 if that has ended.
func (c *container) openRoot() (int, error) {
	root, err := unix.Open(fmt.Sprintf("/proc/%d/root", c.pid), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil && !errors.Is(err, unix.ENOENT) {
		return -1, err
	}
	// While it runs its number cannot have become another process's.
	if status, serr := c.inner.Status(); err == nil && serr == nil && (status == libcontainer.Running || status == libcontainer.Paused) {
		return root, nil
	}
	if err == nil {
		err = unix.Close(root)
	} else {
		err = nil
	}
	return -1, err
}

// allow writes the rules. On cgroup v1 libcontainer writes only what differs; on v2 the new program takes the old one's place.
func (c *container) allow(by *shimapi.Devices) error {
	config := c.inner.Config()
	now := *config.Cgroups.Resources
	now.Devices = slices.Clone(now.Devices)
	for _, d := range by.Take {
		if i := slices.IndexFunc(now.Devices, sameRule(d)); i >= 0 {
			now.Devices = slices.Delete(now.Devices, i, i+1)
		}
	}
	for _, d := range by.Give {
		if !slices.ContainsFunc(now.Devices, sameRule(d)) {
			now.Devices = append(now.Devices, rule(d))
		}
	}
	now.SkipDevices, now.MemoryCheckBeforeUpdate = false, true
	groups := *config.Cgroups
	groups.Resources = &now
	config.Cgroups = &groups
	return c.inner.Set(config)
}

func rule(d shimapi.Device) *devices.Rule {
	return &devices.Rule{
		Type: devices.Type(d.Node.Type[0]), Major: d.Node.Major, Minor: d.Node.Minor, Permissions: devices.Permissions(d.Access), Allow: true,
	}
}

func sameRule(d shimapi.Device) func(*devices.Rule) bool {
	wanted := *rule(d)
	return func(r *devices.Rule) bool { return *r == wanted }
}

// makeNode makes the file of a device. Everything is named by descriptors: whoever is root in the container can put links in the
// way, and must not lead this process anywhere.
func makeNode(root int, d shimapi.Device) error {
	dir, err := makeParents(root, filepath.Dir(d.Node.Path))
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(dir) }() // nothing was written to it
	name, number := filepath.Base(d.Node.Path), unix.Mkdev(uint32(d.Node.Major), uint32(d.Node.Minor))
	kind := map[string]uint32{"c": unix.S_IFCHR, "b": unix.S_IFBLK}[d.Node.Type]
	err = unix.Mknodat(dir, name, kind, int(number))
	if err != nil && !errors.Is(err, unix.EEXIST) {
		return err
	}
	node, err := unix.Openat(dir, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	var st unix.Stat_t
	err = unix.Fstat(node, &st)
	switch {
	case err != nil:
	case st.Mode&unix.S_IFMT != kind || st.Rdev != number:
		err = fault.New(fault.Conflict, "something else is in its place")
	default:
		err = errors.Join(
			unix.Fchownat(node, "", int(*d.Node.UID), int(*d.Node.GID), unix.AT_EMPTY_PATH),
			unix.Chmod("/proc/self/fd/"+strconv.Itoa(node), uint32(d.Node.FileMode.Perm())),
		)
	}
	return errors.Join(err, unix.Close(node))
}

// makeParents opens a directory of the container, and makes it if it is not there.
func makeParents(root int, dir string) (int, error) {
	fd, err := shimstage.OpenIn(root, dir)
	if !errors.Is(err, unix.ENOENT) || dir == "/" {
		return fd, err
	}
	parent, err := makeParents(root, filepath.Dir(dir))
	if err != nil {
		return -1, err
	}
	err = unix.Mkdirat(parent, filepath.Base(dir), 0o755)
	if errors.Is(err, os.ErrExist) {
		err = nil
	}
	if err = errors.Join(err, unix.Close(parent)); err != nil {
		return -1, err
	}
	return shimstage.OpenIn(root, dir)
}

// removeNode removes the file of a device, if it is there.
func removeNode(root int, d shimapi.Device) error {
	dir, err := shimstage.OpenIn(root, filepath.Dir(d.Node.Path))
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	if err != nil {
		return err
	}
	var st unix.Stat_t
	name := filepath.Base(d.Node.Path)
	err = unix.Fstatat(dir, name, &st, unix.AT_SYMLINK_NOFOLLOW)
	if err == nil && st.Rdev == unix.Mkdev(uint32(d.Node.Major), uint32(d.Node.Minor)) {
		err = unix.Unlinkat(dir, name, 0)
	}
	if errors.Is(err, unix.ENOENT) {
		err = nil
	}
	return errors.Join(err, unix.Close(dir))
}
