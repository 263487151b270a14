// Package layer unpacks the layers of images into directories that overlayfs can stack, and looks files up in such a stack.
// What a layer deletes of the ones below it becomes what overlayfs knows for that. Nothing in a layer leads out of its
// directory: neither a name, nor a link. It does not know where layers come from. Start reading at Unpack.
package layer

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/shared/fault"
)

// Unpacked is what Unpack has made.
type Unpacked struct {
	DiffID string // "sha256:…" of the tar stream
	Bytes  int64  // about what the layer takes of the disk
}

// minFree is how much of a disk a layer leaves free: the agent needs it to say that the rest is full.
const minFree = 64 << 20

// Unpack unpacks a tar stream, compressed by gzip or zstd or not at all, into dir, which exists and is empty. It reads
// blob to its end. What blob fails with comes back as it is; every other error says what is wrong with the layer, or with
// the disk. What is in dir after an error is not to be used.
func Unpack(ctx context.Context, blob io.Reader, dir string) (Unpacked, error) {
	in := &noting{in: blob}
	w := &watched{ended: ctx.Err, sum: sha256.New(), dir: dir}
	err := w.unpack(in)
	if err == nil {
		_, err = io.Copy(io.Discard, in) // the end is where a registry's digest is checked
	}
	switch {
	case err == nil:
		return Unpacked{DiffID: "sha256:" + hex.EncodeToString(w.sum.Sum(nil)), Bytes: max(w.n, w.spent)}, nil
	case in.err != nil:
		return Unpacked{}, in.err
	case w.stopped != nil:
		return Unpacked{}, w.stopped
	case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EDQUOT):
		return Unpacked{}, ErrNoSpace
	}
	return Unpacked{}, fault.New(fault.Invalid, "a layer of it cannot be unpacked: %v", err)
}

// noting is a stream that remembers its failure.
type noting struct {
	in  io.Reader
	err error
}

func (n *noting) Read(p []byte) (int, error) {
	got, err := n.in.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		n.err = err
	}
	return got, err
}

func (w *watched) unpack(blob io.Reader) error {
	plain, closePlain, err := decompress(blob)
	if err != nil {
		return err
	}
	w.in = plain
	err = unpackTar(w, w.dir)
	if err == nil {
		_, err = io.Copy(io.Discard, w) // what follows the end of the archive is part of its digest
	}
	if cerr := closePlain(); err == nil { // else it says the same again
		err = cerr
	}
	return err
}

// decompress finds out by the first bytes how blob is compressed.
func decompress(blob io.Reader) (io.Reader, func() error, error) {
	in := bufio.NewReaderSize(blob, 64<<10)
	magic, err := in.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, err
	}
	switch {
	case len(magic) >= 2 && magic[0] == 0x1f && magic[1] == 0x8b:
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, nil, err
		}
		return z, z.Close, nil
	case len(magic) == 4 && magic[0] == 0x28 && magic[1] == 0xb5 && magic[2] == 0x2f && magic[3] == 0xfd:
		z, err := zstd.NewReader(in, zstd.WithDecoderMaxMemory(maxWindow), zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, nil, err
		}
		return z, func() error { z.Close(); return nil }, nil
	}
	return in, func() error { return nil }, nil
}

// maxWindow bounds the memory that unpacking a zstd layer takes.
const maxWindow = 128 << 20

// watched is a stream that is hashed and counted, ends with a context, and stops before the disk is full.
type watched struct {
	ended   func() error // of the context
	in      io.Reader
	sum     hash.Hash
	n       int64
	spent   int64 // written to files
	next    int64 // spent, at which to look at the disk again
	dir     string
	stopped error // why it was ended from here
}

// lookEvery is how much is written between two looks at the disk.
const lookEvery = 16 << 20

func (w *watched) Read(p []byte) (int, error) {
	if err := w.spend(0); err != nil {
		return 0, err
	}
	n, err := w.in.Read(p)
	w.sum.Write(p[:n])
	w.n += int64(n)
	return n, err
}

// spend notes that a file grows, which may be by more than is read: there are files with holes.
func (w *watched) spend(n int) error {
	if w.stopped == nil {
		w.stopped = w.ended()
	}
	w.spent += int64(n)
	if w.stopped == nil && w.spent >= w.next {
		w.next = w.spent + lookEvery
		w.stopped = room(w.dir)
	}
	return w.stopped
}

// room reports that the disk is full but for what the agent needs.
func room(dir string) error {
	free, err := Free(dir)
	if err != nil {
		return err
	}
	if free < minFree {
		return ErrNoSpace
	}
	return nil
}

// Free is how many bytes can still be written to the disk that holds dir.
func Free(dir string) (int64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, fmt.Errorf("look how full the disk is: %w", err)
	}
	return int64(st.Bavail) * st.Bsize, nil
}

// ErrNoSpace says that the disk is full, but for what the agent needs.
var ErrNoSpace = fault.New(fault.Exhausted, "no space is left on the disk that holds the agent's images")
