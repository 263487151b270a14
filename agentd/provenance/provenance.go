// Package provenance is what containers were made of: which images they are in, by digest, and which files were fetched for them,
// with what that took. It owns these records and the directory that keeps them for the next agentd; it brings nothing here, and
// nothing depends on it but what people are shown. Start reading at Book.
package provenance

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// Dir is the book's directory in an agent's work dir.
const Dir = "provenance"

// Record is what one container was made of. Most are made of nothing: they have none.
type Record struct {
	Images    []reeveapi.ContainerImage `json:"images,omitempty"`    // its own first, then those that it has as volumes
	Artifacts []reeveapi.Artifact       `json:"artifacts,omitempty"` // in the order in which they came
}

// Book is the records of an agent's containers. Its methods may be called from many goroutines.
type Book struct {
	dir string

	mu      sync.Mutex // guards records, and the order of what is written of one container
	records map[ids.Container]Record
}

const (
	suffix    = ".json"
	unwritten = ".new" // of a file that is not whole yet
)

// Open reads what an earlier agentd noted of the containers that are still there; of others it is forgotten. A record that cannot
// be read is forgotten likewise: its container lives on without.
func Open(dir string, there []ids.Container) (*Book, error) {
	b := &Book{dir: dir, records: map[ids.Container]Record{}}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("keep what containers are made of: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read what containers are made of: %w", err)
	}
	for _, e := range entries {
		name, whole := strings.CutSuffix(e.Name(), suffix)
		var r Record
		if id := ids.Container(name); whole && slices.Contains(there, id) && read(filepath.Join(dir, e.Name()), &r) == nil {
			b.records[id] = r
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
			return nil, fmt.Errorf("forget what a container was made of: %w", err)
		}
	}
	return b, nil
}

func read(path string, r *Record) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, r)
}

// Of is what is known of a container, nothing of one that is not known. Nobody may change what it holds.
func (b *Book) Of(id ids.Container) Record {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.records[id]
}

// Image notes an image that a container has.
func (b *Book) Image(id ids.Container, i reeveapi.ContainerImage) error {
	return b.note(id, func(r *Record) { r.Images = append(slices.Clone(r.Images), i) })
}

// Artifact notes what was fetched for a container.
func (b *Book) Artifact(id ids.Container, a reeveapi.Artifact) error {
	return b.note(id, func(r *Record) { r.Artifacts = append(slices.Clone(r.Artifacts), a) })
}

// note need not reach the disk, only the kernel: after a crash of the host nothing of the container exists.
func (b *Book) note(id ids.Container, change func(*Record)) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.records[id]
	change(&r)
	b.records[id] = r
	data, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("note what container %s is made of: %w", id, err)
	}
	path := b.file(id)
	if err = os.WriteFile(path+unwritten, data, 0o600); err == nil {
		err = os.Rename(path+unwritten, path)
	}
	if err != nil {
		return fmt.Errorf("note what container %s is made of: %w", id, err)
	}
	return nil
}

// Release forgets a container. One that is not known is no error.
func (b *Book) Release(id ids.Container) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, known := b.records[id]; !known {
		return nil
	}
	if err := os.Remove(b.file(id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forget what container %s was made of: %w", id, err)
	}
	delete(b.records, id)
	return nil
}

func (b *Book) file(id ids.Container) string { return filepath.Join(b.dir, string(id)+suffix) }
