package tasklog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// block is what holes are made of; file systems with larger blocks free less.
const block = 4096

// maxLine is how far a line's beginning or end is looked for. A longer one is cut.
const maxLine = 64 << 10

// Start returns where the oldest kept line of a file begins: 0 if nothing was dropped.
func Start(f *os.File) (int64, error) {
	at, err := unix.Seek(int(f.Fd()), 0, unix.SEEK_DATA) // an fd of its own: nobody else moves in it
	switch {
	case errors.Is(err, unix.ENXIO): // nothing but a hole, or nothing at all
		info, err := f.Stat()
		if err != nil {
			return 0, err
		}
		return info.Size(), nil
	case errors.Is(err, unix.EINVAL): // a file system that knows no holes has none
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("look for the beginning: %w", err)
	case at == 0:
		return 0, nil
	}
	next, err := lineAfter(f, at)
	return next, err
}

// lineAfter is where the first line after an offset begins; the offset itself if there is no end of a line near it.
func lineAfter(f io.ReaderAt, at int64) (int64, error) {
	buf := make([]byte, maxLine)
	n, err := f.ReadAt(buf, at)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	if i := bytes.IndexByte(buf[:n], '\n'); i >= 0 {
		return at + int64(i) + 1, nil
	}
	return at, nil
}

// LineAt is where the line that an offset lies in begins, but not before start.
func LineAt(f io.ReaderAt, start, at int64) (int64, error) {
	from := max(start, at-maxLine)
	if at <= from {
		return max(at, start), nil
	}
	buf := make([]byte, at-from)
	n, err := f.ReadAt(buf, from)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	if i := bytes.LastIndexByte(buf[:n], '\n'); i >= 0 {
		return from + int64(i) + 1, nil
	}
	return from, nil
}

// punch frees the head of a file up to an offset. The size stays, and so does every offset.
func punch(f *os.File, upTo int64) error {
	upTo -= upTo % block
	if upTo <= 0 {
		return nil
	}
	err := unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, 0, upTo)
	if err != nil {
		return fmt.Errorf("free the head of %s: %w", f.Name(), err)
	}
	return nil
}

// Since returns the offset from which on a log of this size was written after a moment; the line there is a whole one. It may
// be up to a second early. Without an index it is start.
func Since(f *os.File, index []Entry, start int64, moment time.Time) (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if moment.After(info.ModTime()) {
		return info.Size(), nil
	}
	at := start
	for _, e := range index { // ascending; a million at most
		if e.At.After(moment) {
			break
		}
		at = max(start, e.Size)
	}
	return LineAt(f, start, min(at, info.Size()))
}
