// Package addressfile writes and reads <work-dir>/addresses.json, by which tests and scripts learn the ports that a
// daemon took. It owns the file's form and nothing of the listening. Start reading at Addresses.
package addressfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Addresses are "ip:port" each; what a daemon does not serve is left empty.
type Addresses struct {
	HTTP   string `json:"http,omitempty"`
	Link   string `json:"link,omitempty"`
	Raft   string `json:"raft,omitempty"`
	Gossip string `json:"gossip,omitempty"`
}

// name is fixed: scripts look for it. While a daemon does not serve, its file waits as spare for the next one.
const (
	name  = "addresses.json"
	spare = ".addresses.json.spare"
)

// Write puts the addresses into dir, at once or not at all: a reader never sees half a file.
func Write(dir string, a Addresses) error {
	data, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("encode addresses: %w", err)
	}
	if err := write(filepath.Join(dir, spare), append(data, '\n')); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := os.Rename(filepath.Join(dir, spare), filepath.Join(dir, name)); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// write puts data into a file over what is there, so that a disk that is full has room for it.
func write(path string, data []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteAt(data, 0)
	return errors.Join(err, file.Truncate(int64(len(data))), file.Close())
}

// Read returns what the daemon of dir wrote; the error wraps fs.ErrNotExist while it has not served yet.
func Read(dir string) (Addresses, error) {
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return Addresses{}, err
	}
	var a Addresses
	if err := json.Unmarshal(data, &a); err != nil {
		return Addresses{}, fmt.Errorf("read %s: %w", filepath.Join(dir, name), err)
	}
	return a, nil
}

// Remove takes the file away, so that nobody takes the addresses of a former run for this one's. A missing file is no error.
func Remove(dir string) error {
	if err := os.Rename(filepath.Join(dir, name), filepath.Join(dir, spare)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove %s: %w", name, err)
	}
	return nil
}
