// Package shimrecord is what is written down of the containers of an agent: that one was going to be launched, with what cannot be
// asked of anybody later, and in which boot of the host. It owns the records' form and their place; how a container ended lies
// beside its record and is agentd/shimapi's. It starts nothing. Start reading at Dir.
package shimrecord

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/agentd/sandbox"
	"codeberg.org/reeve/reeve/agentd/shimapi"
	"codeberg.org/reeve/reeve/shared/ids"
)

// Record says that a container was going to be launched.
type Record struct {
	Version int           `json:"version"`
	ID      ids.Container `json:"id"`
	Created time.Time     `json:"created"`
	GPUs    []string      `json:"gpus,omitempty"` // devices that are its own
	Stop    int           `json:"stop,omitempty"` // the signal that asks it to end; 0 for SIGTERM
}

const (
	recordFile = "record.json"
	version    = 1
)

// Dir is the directory of all records.
type Dir string

// Of is the directory of what is written down of one container.
func (d Dir) Of(id ids.Container) string { return filepath.Join(string(d), string(id)) }

// Write notes a container before anything of it exists; version and time are filled in. It need not be on the disk, only in the
// kernel's hands: after a crash of the whole host nothing of the container exists, and there is nothing to find.
func (d Dir) Write(r Record) error {
	r.Version, r.Created = version, time.Now()
	data, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("record container %s: %w", r.ID, err)
	}
	dir := d.Of(r.ID)
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("record container %s: %w", r.ID, err)
	}
	if err := os.WriteFile(filepath.Join(dir, recordFile), data, 0o600); err != nil {
		return errors.Join(fmt.Errorf("record container %s: %w", r.ID, err), os.RemoveAll(dir))
	}
	return nil
}

// SetGPUs notes that a container that runs has other GPUs than it had.
func (d Dir) SetGPUs(id ids.Container, gpus []string) error {
	r, err := read(d.Of(id))
	if err != nil {
		return fmt.Errorf("record the GPUs of container %s: %w", id, err)
	}
	r.GPUs = gpus
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return shimapi.WriteFile(d.Of(id), recordFile, data)
}

func read(dir string) (r Record, err error) {
	data, err := shimapi.ReadFile(filepath.Join(dir, recordFile))
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	return r, err
}

// List reads what was recorded. A record that cannot be read belongs to a launch that never was: the file is written before a
// shim is asked. It is removed.
func (d Dir) List() (map[ids.Container]Record, error) {
	entries, err := os.ReadDir(string(d))
	if err != nil {
		return nil, err
	}
	found := make(map[ids.Container]Record)
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		path := filepath.Join(string(d), e.Name())
		r, err := read(path)
		if err == nil && r.Version > version {
			return nil, fmt.Errorf("%s was written by a newer agentd (record version %d, this one knows %d)", path, r.Version, version)
		}
		if err != nil || string(r.ID) != e.Name() {
			if err := sandbox.RemoveAll(path); err != nil {
				return nil, err
			}
			continue
		}
		found[r.ID] = r
	}
	return found, nil
}

// BootFile is the name of the file in the directory that says in which boot of the host the records were written.
const BootFile = "boot_id"

// Rebooted says whether the host has been started anew since the records were written, and notes this boot.
func (d Dir) Rebooted() (bool, error) {
	current, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return false, fmt.Errorf("read boot id: %w", err)
	}
	noted, err := os.ReadFile(filepath.Join(string(d), BootFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("read boot id: %w", err)
	}
	if strings.TrimSpace(string(noted)) == strings.TrimSpace(string(current)) {
		return false, nil
	}
	return err == nil, shimapi.WriteFile(string(d), BootFile, current)
}
