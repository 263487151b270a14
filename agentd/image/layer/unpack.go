package layer

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// unpacker writes the entries of a tar stream below a directory. It reaches every entry through a descriptor of its
// directory, which the kernel has found without leaving the root, and never follows the last part of a name.
//
// It is our own because archives of strangers become a root file system here: an entry may be as large as it says without a
// byte of it in the stream, so that the disk has to be watched where files are written; and attributes that mean something
// to overlayfs are ours to give.
type unpacker struct {
	root     int  // descriptor of the directory
	own      bool // not root: everything belongs to us, and there are no devices
	watch    *watched
	buffer   []byte
	parent   string // directory that fd is of
	fd       int    // -1 for none
	finished []dirTime
}

// dirTime is what a directory's time is to be, once nothing is written into it any more.
type dirTime struct {
	name string
	at   time.Time
}

// The names by which layers delete files of the ones below.
const (
	whiteout    = ".wh."
	opaqueMark  = ".wh..wh..opq"
	aufsPrivate = ".wh..wh."
)

func unpackTar(in *watched, dir string) (err error) {
	root, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open the layer's directory: %w", err)
	}
	u := &unpacker{root: root, own: os.Geteuid() != 0, watch: in, buffer: make([]byte, 256<<10), fd: -1}
	defer func() {
		u.leave()
		err = errors.Join(err, unix.Close(root))
	}()
	for r := tar.NewReader(in); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return u.finish()
		}
		if err == nil {
			err = u.entry(h, r)
		}
		if err != nil {
			return err
		}
	}
}

// local is the name of an entry or of a link's target, relative to the root.
func local(name string) (string, error) {
	clean := path.Clean(strings.TrimLeft(name, "/"))
	if !filepath.IsLocal(clean) || strings.ContainsRune(name, 0) {
		return "", fmt.Errorf("the name %q leads out of it", name)
	}
	return clean, nil
}

// entry writes one entry.
func (u *unpacker) entry(h *tar.Header, body io.Reader) error {
	if h.Typeflag == tar.TypeXGlobalHeader {
		return nil
	}
	name, err := local(h.Name)
	if err != nil {
		return err
	}
	if name == "." {
		return u.rootEntry(h)
	}
	dir, base := path.Split(name)
	if err := u.enter(path.Clean(dir)); err != nil {
		return fmt.Errorf("directory of %s: %w", name, err)
	}
	if strings.HasPrefix(base, whiteout) {
		err = u.white(base)
	} else {
		err = u.write(h, name, base, body)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// rootEntry takes what a layer says of the root directory itself.
func (u *unpacker) rootEntry(h *tar.Header) error {
	if h.Typeflag != tar.TypeDir {
		return nil
	}
	return u.describe(h, u.root, ".", ".")
}

// white marks a file of the layers below as deleted, or all in a directory.
func (u *unpacker) white(base string) error {
	name := strings.TrimPrefix(base, whiteout)
	switch {
	case base == opaqueMark:
		return unix.Setxattr(procPath(u.fd, ""), opaqueAttr(u.own), []byte("y"), 0)
	case strings.HasPrefix(base, aufsPrivate):
		return nil // of a file system that is not used any more
	case name == "" || name == "." || name == "..":
		return errors.New("it deletes what has no name")
	}
	if err := u.clear(name, false); err != nil {
		return err
	}
	return unix.Mknodat(u.fd, name, unix.S_IFCHR, 0)
}

// opaqueAttr is by which overlayfs knows a directory that hides what is below it.
func opaqueAttr(own bool) string {
	if own {
		return "user.overlay.opaque"
	}
	return "trusted.overlay.opaque"
}

// procPath is a path to a file in a directory that there is a descriptor of, for calls that take none.
func procPath(fd int, base string) string {
	return filepath.Join("/proc/self/fd", strconv.Itoa(fd), base)
}

// write makes what an entry says in the directory entered.
func (u *unpacker) write(h *tar.Header, name, base string, body io.Reader) error {
	if err := u.clear(base, h.Typeflag == tar.TypeDir); err != nil {
		return err
	}
	var err error
	switch h.Typeflag {
	case tar.TypeDir:
		if err = unix.Mkdirat(u.fd, base, 0o700); errors.Is(err, unix.EEXIST) {
			err = nil
		}
	case tar.TypeReg:
		err = u.file(base, h.Size, body)
	case tar.TypeSymlink:
		err = unix.Symlinkat(h.Linkname, u.fd, base)
	case tar.TypeLink:
		return u.hardLink(h.Linkname, base) // it is described where it leads
	case tar.TypeFifo:
		err = unix.Mknodat(u.fd, base, unix.S_IFIFO|0o600, 0)
	case tar.TypeChar, tar.TypeBlock:
		if u.own {
			return nil
		}
		err = unix.Mknodat(u.fd, base, deviceMode(h.Typeflag), int(unix.Mkdev(uint32(h.Devmajor), uint32(h.Devminor))))
	default:
		return fmt.Errorf("it is of the unknown type %q", h.Typeflag)
	}
	if err != nil {
		return err
	}
	return u.describe(h, u.fd, base, name)
}

func deviceMode(kind byte) uint32 {
	if kind == tar.TypeBlock {
		return unix.S_IFBLK | 0o600
	}
	return unix.S_IFCHR | 0o600
}

// clear removes what an entry replaces. Directories are merged.
func (u *unpacker) clear(base string, isDir bool) error {
	var st unix.Stat_t
	err := unix.Fstatat(u.fd, base, &st, unix.AT_SYMLINK_NOFOLLOW)
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	if err != nil || isDir && st.Mode&unix.S_IFMT == unix.S_IFDIR {
		return err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		return unix.Unlinkat(u.fd, base, 0)
	}
	return os.RemoveAll(procPath(u.fd, base))
}

// file writes a regular file.
func (u *unpacker) file(base string, size int64, body io.Reader) error {
	if size >= lookEvery {
		if free, err := Free(procPath(u.root, "")); err != nil || size > free-minFree {
			return errors.Join(err, unix.ENOSPC)
		}
	}
	fd, err := unix.Openat(u.fd, base, unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	f := os.NewFile(uintptr(fd), base)
	_, err = io.CopyBuffer(&spender{f, u.watch}, body, u.buffer)
	return errors.Join(err, f.Close())
}

// spender is a file on a disk that is watched.
type spender struct {
	f     *os.File
	watch *watched
}

func (s *spender) Write(p []byte) (int, error) {
	if err := s.watch.spend(len(p)); err != nil {
		return 0, err
	}
	return s.f.Write(p)
}

func (u *unpacker) hardLink(target, base string) error {
	name, err := local(target)
	if err != nil {
		return err
	}
	dir, last := path.Split(name)
	from, err := u.open(path.Clean(dir))
	if err != nil {
		return fmt.Errorf("hard link to %s: %w", name, err)
	}
	if err := errors.Join(unix.Linkat(from, last, u.fd, base, 0), unix.Close(from)); err != nil {
		return fmt.Errorf("hard link to %s: %w", name, err)
	}
	return nil
}

// describe gives an entry its owner, mode, attributes and time, in the order in which none undoes another.
func (u *unpacker) describe(h *tar.Header, fd int, base, name string) error {
	if !u.own {
		if err := unix.Fchownat(fd, base, h.Uid, h.Gid, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			return fmt.Errorf("give it to %d:%d: %w", h.Uid, h.Gid, err)
		}
	}
	if h.Typeflag != tar.TypeSymlink {
		mode := uint32(h.Mode) & 0o7777
		if u.own && h.Typeflag == tar.TypeDir {
			mode |= 0o700 // or nobody could delete what is in it
		}
		if err := unix.Fchmodat(fd, base, mode, 0); err != nil {
			return fmt.Errorf("set its mode: %w", err)
		}
	}
	if err := u.attributes(h, procPath(fd, base)); err != nil {
		return err
	}
	if h.Typeflag == tar.TypeDir {
		u.finished = append(u.finished, dirTime{name, h.ModTime})
		return nil
	}
	return setTime(fd, base, h.ModTime)
}

// paxAttr is the prefix of extended attributes in a header.
const paxAttr = "SCHILY.xattr."

// attributes sets the extended attributes. Those that mean something to overlayfs are not a layer's to set; those that the
// disk does not know are left out, as docker does.
func (u *unpacker) attributes(h *tar.Header, at string) error {
	for key, value := range h.PAXRecords {
		attr, ok := strings.CutPrefix(key, paxAttr)
		if !ok || strings.HasPrefix(attr, "trusted.") || strings.HasPrefix(attr, "user.overlay.") {
			continue
		}
		err := unix.Lsetxattr(at, attr, []byte(value), 0)
		if errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.EPERM) && (u.own || strings.HasPrefix(attr, "user.")) {
			continue
		}
		if err != nil {
			return fmt.Errorf("set attribute %s: %w", attr, err)
		}
	}
	return nil
}

// setTime sets the time of the last change; one that the disk cannot hold is left as it is.
func setTime(fd int, base string, at time.Time) error {
	if at.Unix() < 0 || at.Unix() > 1<<33 {
		return nil
	}
	ts := unix.NsecToTimespec(at.UnixNano())
	if err := unix.UtimesNanoAt(fd, base, []unix.Timespec{ts, ts}, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return fmt.Errorf("set its time: %w", err)
	}
	return nil
}

// finish sets the times of directories.
func (u *unpacker) finish() error {
	u.leave()
	for _, d := range u.finished {
		dir, base := path.Split(d.name)
		fd, err := u.open(path.Clean(dir))
		if err != nil {
			continue // replaced by a later entry
		}
		err = setTime(fd, base, d.at)
		if errors.Is(err, unix.ENOENT) {
			err = nil
		}
		if err = errors.Join(err, unix.Close(fd)); err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
	}
	return nil
}

// open opens a directory of the layer, with links on the way as a program in it would follow them.
func (u *unpacker) open(dir string) (int, error) {
	return unix.Openat2(u.root, dir, &unix.OpenHow{
		Flags: unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC, Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS,
	})
}

// enter opens the directory that entries are written to, and makes it if a layer does not speak of it. Entries of one
// directory follow one another, so that it is kept for the next.
func (u *unpacker) enter(dir string) error {
	if u.fd >= 0 && u.parent == dir {
		var st unix.Stat_t
		if err := unix.Fstat(u.fd, &st); err == nil && st.Nlink > 0 { // else it was deleted since
			return nil
		}
	}
	u.leave()
	fd, err := u.open(dir)
	if errors.Is(err, unix.ENOENT) {
		fd, err = u.make(dir)
	}
	if err != nil {
		return err
	}
	u.parent, u.fd = dir, fd
	return nil
}

func (u *unpacker) leave() {
	if u.fd >= 0 {
		_ = unix.Close(u.fd) // nothing was written through it
		u.fd = -1
	}
}

// make makes a directory and those above it.
func (u *unpacker) make(dir string) (int, error) {
	above, base := path.Split(dir)
	up, err := u.open(path.Clean(above))
	if errors.Is(err, unix.ENOENT) && path.Clean(above) != "." {
		up, err = u.make(path.Clean(above))
	}
	if err != nil {
		return -1, err
	}
	err = unix.Mkdirat(up, base, 0o755)
	if err = errors.Join(err, unix.Close(up)); err != nil {
		return -1, err
	}
	return u.open(dir)
}
