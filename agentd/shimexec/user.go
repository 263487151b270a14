package shimexec

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/moby/sys/user"
	"github.com/opencontainers/runtime-spec/specs-go"

	"codeberg.org/reeve/reeve/shared/fault"
)

// User finds a user, by name or number, in the lists of the container that process pid is in.
func User(pid int, name string) (*specs.User, error) {
	root, err := os.OpenRoot(filepath.Join("/proc", strconv.Itoa(pid), "root"))
	if err != nil {
		return nil, fault.Wrap(fault.Conflict, err, "look for user %q in the container", name)
	}
	u, err := lookupIn(root, name)
	if err = errors.Join(err, root.Close()); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "user %q does not exist in the container", name)
	}
	found := &specs.User{UID: uint32(u.Uid), GID: uint32(u.Gid)}
	for _, gid := range u.Sgids {
		found.AdditionalGids = append(found.AdditionalGids, uint32(gid))
	}
	return found, nil
}

// lookupIn goes through os.Root: in an image the files may be links to anywhere.
func lookupIn(root *os.Root, name string) (*user.ExecUser, error) {
	open := func(path string) (io.Reader, func()) {
		f, err := root.Open(path)
		if err != nil {
			return nil, func() {} // numbers need no file
		}
		return io.LimitReader(f, maxPasswd), func() { _ = f.Close() } // only read
	}
	passwd, closePasswd := open("etc/passwd")
	defer closePasswd()
	group, closeGroup := open("etc/group")
	defer closeGroup()
	return user.GetExecUser(name, nil, passwd, group)
}

// maxPasswd bounds what is read of a container's list of users.
const maxPasswd = 4 << 20
