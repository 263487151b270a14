package layer

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// maxLinks bounds how many links are followed to a file.
const maxLinks = 16

// Open finds a file in a stack of layers, topmost first, as overlayfs would show it, and follows links within the stack. A
// file that is not there is fs.ErrNotExist.
func Open(layers []string, name string) (*os.File, error) {
	for range maxLinks {
		f, link, err := openOnce(layers, path.Clean("/" + name)[1:])
		if err != nil || f != nil {
			return f, err
		}
		name = link
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.ELOOP}
}

// openOnce returns the file, or where a link on the way to it leads instead.
func openOnce(layers []string, name string) (f *os.File, link string, err error) {
	for _, dir := range layers {
		root, err := os.OpenRoot(dir)
		if err != nil {
			return nil, "", err
		}
		f, link, below, err := look(root, name)
		err = errors.Join(err, root.Close())
		if err != nil || f != nil || link != "" {
			return f, link, err
		}
		if !below {
			break
		}
	}
	return nil, "", &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// look looks into one layer; below says whether the layers below it count for the name.
func look(root *os.Root, name string) (f *os.File, link string, below bool, err error) {
	parts := strings.Split(name, "/")
	for i := range parts {
		at := strings.Join(parts[:i+1], "/")
		info, err := root.Lstat(at)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, "", !opaque(root, path.Dir(at)), nil
		case err != nil:
			return nil, "", false, err
		case info.Mode()&fs.ModeSymlink != 0:
			to, err := root.Readlink(at)
			if err == nil && !path.IsAbs(to) {
				to = path.Join("/", path.Dir(at), to)
			}
			return nil, path.Join(append([]string{to}, parts[i+1:]...)...), false, err
		case i < len(parts)-1 && info.IsDir():
			continue
		case i < len(parts)-1 || !info.Mode().IsRegular(): // a whiteout, above all
			return nil, "", false, nil
		}
		f, err = root.Open(at)
		return f, "", false, err
	}
	return nil, "", false, nil
}

// opaque says whether a directory, or one above it, hides what the layers below have in it.
func opaque(root *os.Root, dir string) bool {
	for ; ; dir = path.Dir(dir) {
		if d, err := root.Open(dir); err == nil {
			value := make([]byte, 1)
			n, err := unix.Fgetxattr(int(d.Fd()), opaqueAttr(os.Geteuid() != 0), value)
			_ = d.Close() // only looked at
			if err == nil && n == 1 && value[0] == 'y' {
				return true
			}
		}
		if dir == "." || dir == "/" {
			return false
		}
	}
}
