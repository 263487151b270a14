// Package provenance is what containers were made of: which images they are in, by digest, and which files were fetched for them,
// with what that took. It owns these records and the directory that keeps them for the next agentd; it brings nothing here, and
// nothing depends on it but what people are shown. Start reading at Book.
package provenance

import (
	"encoding/json"
	"fmt"
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

// Book is the records of an agent's containers. Its methods may be called from many goroutines. A record outlives its container: it
// is on the disk, in a directory of the executor's run, until the sandbox of that run is deleted.
type Book struct {
	dir string

	mu      sync.Mutex // guards records, and the order of what is written of one container
	records map[ids.Container]Record
}

const (
	suffix    = ".json"
	unwritten = ".new" // of a file that is not whole yet
)

// Open reads what an earlier agentd noted of the containers that are still there. A record that cannot be read is forgotten: its
// container lives on without.
func Open(dir string, there []ids.Container) (*Book, error) {
	b := &Book{dir: dir, records: map[ids.Container]Record{}}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("keep what containers are made of: %w", err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil {
		return nil, fmt.Errorf("read what containers are made of: %w", err)
	}
	alive := map[ids.Container]bool{}
	for _, id := range there {
		alive[id] = true
	}
	for _, path := range files {
		name, whole := strings.CutSuffix(filepath.Base(path), suffix)
		var r Record
		switch id := ids.Container(name); {
		case whole && !alive[id]:
			continue // nobody asks for most of them
		case whole && read(path, &r) == nil:
			b.records[id] = r
			continue
		}
		if err := os.Remove(path); err != nil {
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

// Of is what is known of a container of an executor's run, nothing of one that is not known. Nobody may change what it holds.
func (b *Book) Of(run, id ids.Container) Record {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r, alive := b.records[id]; alive || run == "" {
		return r
	}
	var r Record
	if read(b.file(run, id), &r) != nil {
		return Record{} // it was made of nothing, or its sandbox is gone, too
	}
	return r
}

// Image notes an image that a container has.
func (b *Book) Image(run, id ids.Container, i reeveapi.ContainerImage) error {
	return b.note(run, id, func(r *Record) { r.Images = append(slices.Clone(r.Images), i) })
}

// Artifact notes what was fetched for a container.
func (b *Book) Artifact(run, id ids.Container, a reeveapi.Artifact) error {
	return b.note(run, id, func(r *Record) { r.Artifacts = append(slices.Clone(r.Artifacts), a) })
}

// note need not reach the disk, only the kernel: after a crash of the host nothing of the container exists.
func (b *Book) note(run, id ids.Container, change func(*Record)) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.records[id]
	change(&r)
	b.records[id] = r
	data, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("note what container %s is made of: %w", id, err)
	}
	path := b.file(run, id)
	if err = os.MkdirAll(filepath.Dir(path), 0o700); err == nil {
		err = os.WriteFile(path+unwritten, data, 0o600)
	}
	if err == nil {
		err = os.Rename(path+unwritten, path)
	}
	if err != nil {
		return fmt.Errorf("note what container %s is made of: %w", id, err)
	}
	return nil
}

// Ended says that a container is gone: what was noted of it is on the disk, and need not be at hand.
func (b *Book) Ended(id ids.Container) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.records, id)
}

// Forget forgets the containers of a run, whose sandbox has been deleted.
func (b *Book) Forget(run ids.Container) error {
	dir := filepath.Join(b.dir, filepath.Base(string(run)))
	if filepath.Dir(dir) != filepath.Clean(b.dir) {
		return fmt.Errorf("forget what containers were made of: %q is no run", run)
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("forget what containers were made of: %w", err)
	}
	return nil
}

// Keep forgets all runs but these, whose sandboxes there still are.
func (b *Book) Keep(runs map[ids.Container]bool) error {
	entries, err := os.ReadDir(b.dir)
	if err != nil {
		return fmt.Errorf("read what containers were made of: %w", err)
	}
	for _, e := range entries {
		if run := ids.Container(e.Name()); !runs[run] {
			if err := b.Forget(run); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *Book) file(run, id ids.Container) string {
	return filepath.Join(b.dir, filepath.Base(string(run)), filepath.Base(string(id))+suffix)
}
