package tasklog

import (
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Entry says that a file had a size at a moment: what lies below was written before.
type Entry struct {
	At   time.Time
	Size int64
}

const (
	entrySize  = 16
	maxEntries = 64 << 10 // a megabyte; then the older half is thinned out
)

// indexName is the index of a file, beside it.
func indexName(name string) string {
	return filepath.Join(filepath.Dir(name), "."+filepath.Base(name)+".index")
}

// ReadIndex returns the index of the file of that name below root, oldest first; none is no error. A task may have written
// anything there: what is out of order is left out.
func ReadIndex(root *os.Root, name string) ([]Entry, error) {
	f, err := openRegular(root, indexName(name), os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, 2*maxEntries*entrySize))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	var entries []Entry
	for ; len(data) >= entrySize; data = data[entrySize:] {
		e := Entry{time.Unix(0, int64(binary.LittleEndian.Uint64(data))), int64(binary.LittleEndian.Uint64(data[8:]))} // #nosec G115 -- whatever it is, it is compared
		if n := len(entries); e.Size >= 0 && (n == 0 || e.Size >= entries[n-1].Size && !e.At.Before(entries[n-1].At)) {
			entries = append(entries, e)
		}
	}
	return entries, nil
}

func encode(entries []Entry) []byte {
	data := make([]byte, 0, len(entries)*entrySize)
	for _, e := range entries {
		data = binary.LittleEndian.AppendUint64(data, uint64(e.At.UnixNano())) // #nosec G115 -- after 1970
		data = binary.LittleEndian.AppendUint64(data, uint64(e.Size))          // #nosec G115 -- not negative
	}
	return data
}

// thin drops what lies before start, and every second one of the older half.
func thin(entries []Entry, start int64) []Entry {
	for len(entries) > 1 && entries[1].Size <= start {
		entries = entries[1:]
	}
	var kept []Entry
	for i, e := range entries {
		if i > len(entries)/2 || i%2 == 0 || i == 0 {
			kept = append(kept, e)
		}
	}
	return kept
}

// appendIndex adds an entry, and thins the index out when it is full.
func appendIndex(root *os.Root, name string, e Entry, start int64) error {
	f, err := openRegular(root, indexName(name), os.O_WRONLY|os.O_APPEND|os.O_CREATE)
	if err != nil {
		return err
	}
	_, err = f.Write(encode([]Entry{e}))
	info, serr := f.Stat()
	if err = errors.Join(err, serr, f.Close()); err != nil || info.Size() < maxEntries*entrySize {
		return err
	}
	entries, err := ReadIndex(root, name)
	if err != nil {
		return err
	}
	return replace(root, indexName(name), encode(thin(entries, start)))
}

func replace(root *os.Root, name string, data []byte) error {
	f, err := openRegular(root, name+".tmp", os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return root.Rename(name+".tmp", name)
}
