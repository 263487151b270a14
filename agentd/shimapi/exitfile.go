package shimapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// exitFile is the record in a container's directory that says how it ended.
const exitFile = "exit.json"

// maxExitFile bounds what is read back.
const maxExitFile = 1 << 20

// WriteExit records in dir how a container ended: at once or not at all, and on the disk when it returns.
func WriteExit(dir string, c Container) error { return recordExit(dir, c, true) }

// NoteExit is WriteExit without waiting for the disk: for an end that an agentd hears of, whose journal keeps it. If the host
// goes down before that has it, nobody was told of the end, and the container is lost as those are that ran.
func NoteExit(dir string, c Container) error { return recordExit(dir, c, false) }

func recordExit(dir string, c Container, sync bool) error {
	data, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("encode %s: %w", exitFile, err)
	}
	return writeFile(dir, exitFile, append(data, '\n'), sync)
}

// ReadExit returns what WriteExit recorded; the error wraps fs.ErrNotExist if nothing was.
func ReadExit(dir string) (Container, error) {
	var c Container
	data, err := ReadFile(filepath.Join(dir, exitFile))
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return c, fmt.Errorf("read %s: %w", filepath.Join(dir, exitFile), err)
	}
	if c.Exit == nil {
		return c, fmt.Errorf("read %s: it holds no exit", filepath.Join(dir, exitFile))
	}
	return c, nil
}

// WriteFile replaces dir/name at once, and has it on the disk when it returns.
func WriteFile(dir, name string, data []byte) error { return writeFile(dir, name, data, true) }

func writeFile(dir, name string, data []byte, sync bool) error {
	tmp := filepath.Join(dir, "."+name)
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil && sync {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(tmp, filepath.Join(dir, name))
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Join(dir, name), err)
	}
	if !sync {
		return nil
	}
	return SyncDir(dir)
}

// SyncDir puts the names in a directory on the disk.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// ReadFile reads a record, up to 1 MB.
func ReadFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxExitFile+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	if len(data) > maxExitFile {
		return nil, fmt.Errorf("%s is longer than %d bytes", path, maxExitFile)
	}
	return data, nil
}
