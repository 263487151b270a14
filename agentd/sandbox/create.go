package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/moby/sys/user"

	"codeberg.org/reeve/reeve/shared/fault"
)

// Owner is who a sandbox belongs to and who its processes run as.
type Owner struct {
	UID, GID int
	Groups   []int // supplementary
	Home     string
}

// Lookup finds a user of this host by name or number ("1000", "nobody", "1000:100"). "" is who runs the agent. A name
// that is not in /etc/passwd is an error of kind Invalid; a number need not be there.
func Lookup(name string) (Owner, error) {
	if name == "" {
		return Owner{UID: os.Geteuid(), GID: os.Getegid(), Home: "/"}, nil
	}
	u, err := user.GetExecUserPath(name, &user.ExecUser{Home: "/"}, "/etc/passwd", "/etc/group")
	if err != nil {
		return Owner{}, fault.Wrap(fault.Invalid, err, "user %q does not exist on this host", name)
	}
	return Owner{UID: u.Uid, GID: u.Gid, Groups: u.Sgids, Home: u.Home}, nil
}

// outputs are the files that every sandbox has from the start (spec 3.12).
var outputs = [...]string{"stdout", "stderr"}

// Create makes the sandbox directory, with its parents and with empty stdout and stderr, for a user of this host. Creating
// it again is no error and touches no file in it.
func Create(path, user string) error {
	owner, err := Lookup(user)
	if err != nil {
		return err
	}
	if !filepath.IsAbs(path) {
		return fault.New(fault.Invalid, "sandbox %q must be an absolute path", path)
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return fmt.Errorf("create sandbox: %w", err)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return fmt.Errorf("create sandbox: %w", err)
	}
	for _, name := range outputs {
		err = errors.Join(err, create(root, name, owner))
	}
	return errors.Join(err, chown(root, ".", owner), root.Close())
}

func create(root *os.Root, name string, owner Owner) error {
	f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o644)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("create %s in the sandbox: %w", name, err)
	}
	return errors.Join(f.Close(), chown(root, name, owner))
}

// Give hands a sandbox that Create has made, and that nothing has run in yet, to another user, who may be one by number only.
func Give(path, user string) error {
	owner, err := Lookup(user)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return fmt.Errorf("give the sandbox away: %w", err)
	}
	for _, name := range append([]string{"."}, outputs[:]...) {
		if lerr := root.Lchown(name, owner.UID, owner.GID); lerr != nil {
			err = errors.Join(err, fmt.Errorf("give %s of the sandbox to user %d: %w", name, owner.UID, lerr))
		}
	}
	return errors.Join(err, root.Close())
}

// chown gives a file away if it is not the owner's yet; only root can.
func chown(root *os.Root, name string, owner Owner) error {
	if owner.UID == os.Geteuid() && owner.GID == os.Getegid() {
		return nil
	}
	if err := root.Lchown(name, owner.UID, owner.GID); err != nil {
		return fmt.Errorf("give %s of the sandbox to user %s: %w", name, strconv.Itoa(owner.UID), err)
	}
	return nil
}
