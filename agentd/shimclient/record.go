package shimclient

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/sandbox"
	"codeberg.org/reeve/reeve/agentd/shimapi"
	"codeberg.org/reeve/reeve/shared/ids"
)

// record says that a container was going to be launched.
type record struct {
	Version int           `json:"version"`
	ID      ids.Container `json:"id"`
	Created time.Time     `json:"created"`
	GPUs    []string      `json:"gpus,omitempty"` // devices that are its own
	Stop    int           `json:"stop,omitempty"` // the signal that asks it to end; 0 for SIGTERM
}

const (
	recordFile    = "record.json"
	recordVersion = 1
)

// writeRecord notes a container before anything of it exists. It need not be on the disk, only in the kernel's hands: after
// a crash of the whole host nothing of the container exists, and there is nothing to find.
func (c *Client) writeRecord(spec runtime.Spec, gpus []string) error {
	id := spec.ID
	data, err := json.Marshal(record{Version: recordVersion, ID: id, Created: time.Now(), GPUs: gpus, Stop: spec.StopSignal})
	if err != nil {
		return fmt.Errorf("record container %s: %w", id, err)
	}
	dir := c.cfg.record(id)
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("record container %s: %w", id, err)
	}
	if err := os.WriteFile(filepath.Join(dir, recordFile), data, 0o600); err != nil {
		return errors.Join(fmt.Errorf("record container %s: %w", id, err), os.RemoveAll(dir))
	}
	return nil
}

// recordGPUs notes that a container that runs has other GPUs than it had.
func (c *Client) recordGPUs(id ids.Container, gpus []string) error {
	dir := c.cfg.record(id)
	data, err := shimapi.ReadFile(filepath.Join(dir, recordFile))
	if err != nil {
		return err
	}
	var r record
	if err := json.Unmarshal(data, &r); err != nil {
		return err
	}
	r.GPUs = gpus
	if data, err = json.Marshal(r); err != nil {
		return err
	}
	return shimapi.WriteFile(dir, recordFile, data)
}

// readRecords lists what was recorded. A record that cannot be read belongs to a launch that never was: the file is
// written before a shim is asked.
func (c *Client) readRecords() (map[ids.Container]record, error) {
	entries, err := os.ReadDir(c.cfg.records())
	if err != nil {
		return nil, err
	}
	found := make(map[ids.Container]record)
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		path := filepath.Join(c.cfg.records(), e.Name())
		var r record
		data, err := shimapi.ReadFile(filepath.Join(path, recordFile))
		if err == nil {
			err = json.Unmarshal(data, &r)
		}
		if err == nil && r.Version > recordVersion {
			return nil, fmt.Errorf("%s was written by a newer agentd (record version %d, this one knows %d)", path, r.Version, recordVersion)
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

// rebooted says whether the host has been started anew since the records were written, and notes this boot.
func (c *Client) rebooted() (bool, error) {
	current, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return false, fmt.Errorf("read boot id: %w", err)
	}
	noted, err := os.ReadFile(filepath.Join(c.cfg.records(), bootFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("read boot id: %w", err)
	}
	if strings.TrimSpace(string(noted)) == strings.TrimSpace(string(current)) {
		return false, nil
	}
	return err == nil, shimapi.WriteFile(c.cfg.records(), bootFile, current)
}

const bootFile = "boot_id"
