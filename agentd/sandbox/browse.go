package sandbox

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/shared/fault"
)

// Entry is one file of a sandbox.
type Entry struct {
	Name     string // in its directory
	Mode     fs.FileMode
	Links    uint64
	UID, GID uint32
	Size     int64
	Modified time.Time
}

// maxEntries bounds what List answers with; a directory may hold millions.
const maxEntries = 10_000

// List returns what is in a directory of a sandbox, sorted by name; name is relative, "" for the sandbox itself. Links are
// listed as links. more says that the directory holds more than is listed.
func List(sandbox, name string) (entries []Entry, more bool, err error) {
	dir, err := openIn(sandbox, name)
	if err != nil {
		return nil, false, err
	}
	infos, err := dir.Readdir(maxEntries + 1)
	if err = errors.Join(ignoreEOF(err), dir.Close()); err != nil {
		return nil, false, fault.Wrap(fault.Conflict, err, "list %q", name)
	}
	if len(infos) > maxEntries {
		infos, more = infos[:maxEntries], true
	}
	for _, info := range infos {
		e := Entry{Name: info.Name(), Mode: info.Mode(), Size: info.Size(), Modified: info.ModTime(), Links: 1}
		if st, ok := info.Sys().(*syscall.Stat_t); ok {
			e.Links, e.UID, e.GID = wide(st.Nlink), st.Uid, st.Gid
		}
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	return entries, more, nil
}

// wide is a number whose size differs from one architecture to another.
func wide[T uint32 | uint64](n T) uint64 { return uint64(n) }

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// maxRead bounds one answer of Read.
const maxRead = 8 << 20

// Read returns up to length bytes of a file of a sandbox from offset on, and the file's size. At or behind the end there
// are none; a negative length means as much as one answer holds.
func Read(sandbox, name string, offset, length int64) (data []byte, size int64, err error) {
	f, err := Open(sandbox, name)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	size = info.Size()
	if offset < 0 || length < 0 || length > maxRead {
		length = maxRead
	}
	if offset < 0 {
		offset = 0
	}
	data = make([]byte, max(0, min(length, size-offset)))
	n, err := f.ReadAt(data, offset)
	return data[:n], size, errors.Join(ignoreEOF(err), f.Close())
}

// Open opens a regular file of a sandbox for reading. Links lead nowhere outside, and pipes and devices, which could block
// or do something, are refused.
func Open(sandbox, name string) (*os.File, error) {
	f, err := openIn(sandbox, name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fault.New(fault.Invalid, "%q is not a regular file", name)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func openIn(sandbox, name string) (*os.File, error) {
	root, err := os.OpenRoot(sandbox)
	if err != nil {
		return nil, classify(err, sandbox)
	}
	f, err := root.OpenFile(path.Join(".", name), os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, errors.Join(classify(err, name), root.Close())
	}
	return f, root.Close()
}

func classify(err error, name string) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR) {
		return fault.New(fault.NotFound, "no file %q", name)
	}
	return fault.Wrap(fault.Forbidden, err, "open %q", name)
}

// Usage is what a directory takes on its disk.
type Usage struct {
	Bytes   int64 // allocated, so that holes count nothing
	Files   int
	Partial bool // it holds more files than were looked at
}

// Measure walks a directory without following links, looks at maxFiles files at most, and ends early when stop says so. A
// file that vanishes meanwhile counts nothing.
func Measure(dir string, maxFiles int, stop func() bool) (Usage, error) {
	var u Usage
	linked := make(map[[2]uint64]bool) // files with several names count once
	err := fs.WalkDir(os.DirFS(dir), ".", func(_ string, d fs.DirEntry, err error) error {
		if u.Files >= maxFiles || stop != nil && stop() {
			u.Partial = true
			return fs.SkipAll
		}
		var info fs.FileInfo
		if err == nil {
			info, err = d.Info()
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		u.Files++
		st, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			return nil
		}
		if key := [2]uint64{st.Dev, st.Ino}; st.Nlink > 1 && !d.IsDir() {
			if linked[key] {
				return nil
			}
			linked[key] = true
		}
		u.Bytes += st.Blocks * 512 // the unit of st_blocks, whatever the file system's is
		return nil
	})
	if err != nil {
		return u, fmt.Errorf("measure %s: %w", dir, err)
	}
	return u, nil
}
