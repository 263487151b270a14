package layer

import (
	"errors"
	"io"
	"os"

	"github.com/moby/sys/user"

	"codeberg.org/reeve/reeve/shared/fault"
)

// Account is a user of an image.
type Account struct {
	UID, GID int
	Groups   []int // supplementary
	Home     string
}

// maxAccounts bounds what is read of an image's list of users.
const maxAccounts = 4 << 20

// Lookup finds a user in a stack of layers by name or number ("nginx", "1000", "1000:100"), as the image's own lists have
// them. A name that is not there is an error of kind NotFound; a number need not be there.
func Lookup(layers []string, name string) (Account, error) {
	passwd, err := openList(layers, "etc/passwd")
	if err != nil {
		return Account{}, err
	}
	group, err := openList(layers, "etc/group")
	if err != nil {
		return Account{}, errors.Join(err, passwd.Close())
	}
	u, err := user.GetExecUser(name, &user.ExecUser{Home: "/"}, io.LimitReader(passwd, maxAccounts), io.LimitReader(group, maxAccounts))
	if cerr := errors.Join(passwd.Close(), group.Close()); cerr != nil {
		return Account{}, cerr
	}
	if err != nil {
		return Account{}, fault.New(fault.NotFound, "user %q does not exist in the image", name)
	}
	return Account{UID: u.Uid, GID: u.Gid, Groups: u.Sgids, Home: u.Home}, nil
}

// openList opens a list of users or groups; one that is not there is empty.
func openList(layers []string, name string) (io.ReadCloser, error) {
	f, err := Open(layers, name)
	if errors.Is(err, os.ErrNotExist) {
		return os.Open(os.DevNull)
	}
	if err != nil {
		return nil, fault.New(fault.Invalid, "/%s of the image cannot be read: %v", name, err)
	}
	return f, nil
}
