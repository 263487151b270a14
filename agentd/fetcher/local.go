package fetcher

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/sandbox"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/run"
)

// openLocal opens a file of the host with the rights of the task's user: the agent is root, and a task must not get by a
// URI what it could not read. The agent's work dir is out of bounds for everybody, since other tasks' sandboxes are in it.
func (d *delivery) openLocal(path string) (*source, error) {
	file, err := openAs(path, d.owner)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the file cannot be read")
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if !info.Mode().IsRegular() {
		return nil, errors.Join(fault.New(fault.Invalid, "it is not a regular file"), file.Close())
	}
	// What was opened counts, not what was asked for: links may lead anywhere.
	real, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(int(file.Fd())))
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if strings.HasPrefix(real, filepath.Clean(d.cfg.WorkDir)+"/") {
		return nil, errors.Join(fault.New(fault.Forbidden, "it lies in the agent's work dir"), file.Close())
	}
	return &source{ReadCloser: file, size: info.Size(), mode: info.Mode().Perm() | 0o400}, nil
}

// openAs opens a file for reading with another user's rights. They belong to a thread, so one is used for it and thrown
// away.
func openAs(path string, owner sandbox.Owner) (*os.File, error) {
	if os.Geteuid() != 0 || owner.UID == 0 {
		return os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	}
	var file *os.File
	var err error
	run.OnSpareThread(func() {
		if err = assume(owner); err == nil {
			file, err = os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
		}
	})
	return file, err
}

// assume gives the calling thread the groups and the file access rights of a user.
func assume(owner sandbox.Owner) error {
	groups := []uint32{uint32(owner.GID)}
	for _, gid := range owner.Groups {
		groups = append(groups, uint32(gid))
	}
	// The library's calls would change all threads.
	if _, _, errno := unix.RawSyscall(unix.SYS_SETGROUPS, uintptr(len(groups)), uintptr(unsafe.Pointer(&groups[0])), 0); errno != 0 {
		return errno
	}
	if err := unix.Setfsgid(owner.GID); err != nil {
		return err
	}
	return unix.Setfsuid(owner.UID) // takes the capabilities that pass over permissions, too
}
