package network

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/ids"
)

// record is what has to be undone of a container's network. It is written before anything of it exists, and again when all
// of it does. What undoing needs is in it: the operator may have changed the networks since.
type record struct {
	ID       ids.Container `json:"id"`
	Plugins  []string      `json:"plugins"` // directories
	Joins    []join        `json:"joins,omitempty"`
	Complete bool          `json:"complete,omitempty"`
	DNS      dns           `json:"dns,omitzero"`
}

type join struct {
	runtime.Joined
	Interface string          `json:"interface"`
	List      json.RawMessage `json:"list"` // the definition
}

// dns is what the plugins say about names.
type dns struct {
	Servers, Search, Options []string
	Domain                   string
}

const recordFile = "network.json"

func (c Config) record(id ids.Container) string { return filepath.Join(c.Dir, "of", string(id)) }
func (c Config) leases() string                 { return filepath.Join(c.Dir, "leases") }
func (c Config) cache() string                  { return filepath.Join(c.Dir, "cache") }

// namespace is where a container's namespace is kept.
func (c Config) namespace(id ids.Container) string { return filepath.Join(c.RuntimeDir, string(id)) }

func (c Config) write(r record) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	dir := c.record(r.ID)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("record the network of %s: %w", r.ID, err)
	}
	tmp := filepath.Join(dir, recordFile+".new")
	if err := os.WriteFile(tmp, data, 0o600); err != nil {
		return fmt.Errorf("record the network of %s: %w", r.ID, err)
	}
	return os.Rename(tmp, filepath.Join(dir, recordFile))
}

// read returns nil for a container without a network of its own. A record that was never finished undoes nothing: nothing
// was made before it.
func (c Config) read(id ids.Container) (*record, error) {
	data, err := os.ReadFile(filepath.Join(c.record(id), recordFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the network of %s: %w", id, err)
	}
	var r record
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("read the network of %s: %w", id, err)
	}
	return &r, nil
}

// list names everything that has a record.
func (c Config) list() ([]ids.Container, error) {
	entries, err := os.ReadDir(filepath.Join(c.Dir, "of"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list networks of containers: %w", err)
	}
	var all []ids.Container
	for _, e := range entries {
		all = append(all, ids.Container(e.Name()))
	}
	return all, nil
}
