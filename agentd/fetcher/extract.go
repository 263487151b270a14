package fetcher

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"compress/bzip2"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/ulikunitz/xz"

	"codeberg.org/reeve/reeve/shared/fault"
)

// Limits of what an archive may unpack to: a small file that becomes a full disk is an attack or a mistake.
const (
	maxEntries   = 1_000_000
	maxRatio     = 200
	alwaysFits   = 1 << 30 // bytes for which the ratio is not looked at
	maxExtracted = 100 << 30
)

// extract unpacks a fetched archive into the sandbox's root; how, its name says (spec 3.12).
func (d *delivery) extract(ctx context.Context, name string, file *os.File, size int64) error {
	x := &extraction{
		delivery: d, canceled: ctx.Err, name: name, file: file, size: size,
		left: min(max(d.alwaysFits, size*maxRatio), maxExtracted), entries: maxEntries,
	}
	if err := unpacker(name)(x); err != nil {
		return fault.Wrap(kind(err), err, "extract %s", name)
	}
	return nil
}

// kind takes an error that has none for the archive's fault.
func kind(err error) fault.Kind {
	if k := fault.KindOf(err); k != fault.Internal {
		return k
	}
	return fault.Invalid
}

// unpacker returns what unpacks a file of that name, nil for nothing.
func unpacker(name string) func(*extraction) error {
	for _, format := range []struct {
		suffix string
		unpack func(*extraction) error
	}{
		{".tar", func(x *extraction) error { return x.tar(x.file) }},
		{".tar.gz", (*extraction).tarGzip},
		{".tgz", (*extraction).tarGzip},
		{".tar.bz2", (*extraction).tarBzip},
		{".tbz2", (*extraction).tarBzip},
		{".tar.xz", (*extraction).tarXZ},
		{".txz", (*extraction).tarXZ},
		{".zip", (*extraction).zip},
		{".gz", (*extraction).gunzip},
	} {
		if strings.HasSuffix(name, format.suffix) {
			return format.unpack
		}
	}
	return nil
}

// extraction is one archive being unpacked.
type extraction struct {
	*delivery
	canceled func() error
	name     string
	file     *os.File
	size     int64
	left     int64 // bytes that may still be written
	entries  int   // that may still be made
}

func (x *extraction) tarGzip() error {
	z, err := gzip.NewReader(x.file)
	if err != nil {
		return err
	}
	return errors.Join(x.tar(z), z.Close())
}

func (x *extraction) tarBzip() error { return x.tar(bzip2.NewReader(x.file)) }

func (x *extraction) tarXZ() error {
	z, err := xz.NewReader(bufio.NewReader(x.file)) // it reads byte by byte
	if err != nil {
		return err
	}
	return x.tar(z)
}

// gunzip unpacks a single file beside its archive.
func (x *extraction) gunzip() error {
	z, err := gzip.NewReader(x.file)
	if err != nil {
		return err
	}
	return errors.Join(x.put(strings.TrimSuffix(x.name, ".gz"), z, 0o644), z.Close())
}

func (x *extraction) tar(r io.Reader) error {
	archive := tar.NewReader(r)
	for {
		head, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := x.tarEntry(head, archive); err != nil {
			return err
		}
	}
}

func (x *extraction) tarEntry(head *tar.Header, content io.Reader) error {
	name, err := x.entry(head.Name)
	if err != nil || name == "." {
		return err
	}
	switch head.Typeflag {
	case tar.TypeDir:
		return x.mkdirAll(name)
	case tar.TypeReg:
		return x.put(name, content, fs.FileMode(head.Mode).Perm())
	case tar.TypeSymlink:
		return x.link(name, func() error { return x.root.Symlink(head.Linkname, name) })
	case tar.TypeLink:
		return x.link(name, func() error { return x.root.Link(path.Clean(head.Linkname), name) })
	case tar.TypeXGlobalHeader:
		return nil
	}
	return fault.New(fault.Invalid, "%s is neither a file, a directory nor a link", head.Name)
}

func (x *extraction) zip() error {
	archive, err := zip.NewReader(x.file, x.size)
	if err != nil {
		return err
	}
	for _, entry := range archive.File {
		if err := x.zipEntry(entry); err != nil {
			return err
		}
	}
	return nil
}

// maxLink bounds the target of a symbolic link in a zip file, where it is content.
const maxLink = 4096

func (x *extraction) zipEntry(entry *zip.File) error {
	name, err := x.entry(entry.Name)
	if err != nil || name == "." {
		return err
	}
	mode := entry.Mode()
	if mode.IsDir() {
		return x.mkdirAll(name)
	}
	content, err := entry.Open()
	if err != nil {
		return err
	}
	switch {
	case mode.IsRegular():
		if mode.Perm() == 0 { // made on a system without permissions
			mode = 0o644
		}
		err = x.put(name, content, mode.Perm())
	case mode&fs.ModeSymlink != 0:
		var target []byte
		if target, err = io.ReadAll(io.LimitReader(content, maxLink)); err == nil {
			err = x.link(name, func() error { return x.root.Symlink(string(target), name) })
		}
	default:
		err = fault.New(fault.Invalid, "%s is neither a file, a directory nor a link", entry.Name)
	}
	return errors.Join(err, content.Close())
}

// entry counts an entry and returns where it goes: below the sandbox, as tar does it for absolute names.
func (x *extraction) entry(name string) (string, error) {
	if err := x.canceled(); err != nil {
		return "", err
	}
	if x.entries--; x.entries < 0 {
		return "", fault.New(fault.Exhausted, "the archive holds more than %d entries", maxEntries)
	}
	clean := path.Clean(strings.TrimLeft(name, "/"))
	if clean == ".." || strings.HasPrefix(clean, "../") {
		return "", fault.New(fault.Invalid, "entry %q leads out of the sandbox", name)
	}
	return clean, nil
}

// put writes a file, within what is left of the limit.
func (x *extraction) put(name string, content io.Reader, mode fs.FileMode) error {
	if err := x.mkdirAll(path.Dir(name)); err != nil {
		return err
	}
	limited := io.NopCloser(io.LimitReader(content, x.left+1))
	n, err := x.write(name, &source{ReadCloser: limited, size: -1}, mode|0o200, nil, func(int64, int64) {})
	if x.left -= n; x.left < 0 {
		return errors.Join(fault.New(fault.Exhausted, "it unpacks to more than %d times its size; that is taken for an attack", maxRatio),
			x.root.Remove(name))
	}
	return err
}

func (x *extraction) link(name string, make func() error) error {
	if err := x.mkdirAll(path.Dir(name)); err != nil {
		return err
	}
	if err := x.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := make(); err != nil {
		return fmt.Errorf("create link %s: %w", name, err)
	}
	return x.chown(name)
}
