// Package state keeps what outlives the console: settings of screens, the submit form's draft, and logs, lists and texts that were saved.
// Files are the operator's own and lie below the XDG state directory. A file that cannot be read is as good as none.
// Start reading at Dir.
package state

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/widget/table"
)

// Session is what one cluster's console was like when it was left.
type Session struct {
	Screens map[screen.Kind]screen.State `json:"screens,omitempty"`
	Open    []screen.Target              `json:"open,omitempty"`
	Lines   []string                     `json:"lines,omitempty"` // commands, newest last
	Looks   screen.Looks                 `json:"looks,omitzero"`
	Draft   map[string]string            `json:"draft,omitempty"`
	Cluster string                       `json:"cluster,omitempty"` // its id: another one may have its masters' addresses later

	Templates map[string]map[string]string `json:"templates,omitempty"` // forms for jobs, by name
	Columns   map[string]table.Columns     `json:"columns,omitempty"`   // by list
}

// maxFile bounds what is read.
const maxFile = 1 << 20

// Dir is where a console keeps its files.
type Dir struct {
	path  string
	file  string
	write sync.Mutex // held while the session is written
	mu    sync.Mutex // guards draft, forms and columns
	draft map[string]string
	forms map[string]map[string]string

	columns map[string]table.Columns
}

// Open finds the directory of the console for a cluster, which its masters name. getenv looks up the environment. "" as
// cluster keeps nothing.
func Open(getenv func(string) string, masters []string) *Dir {
	base := getenv("XDG_STATE_HOME")
	if base == "" || !filepath.IsAbs(base) {
		base = filepath.Join(getenv("HOME"), ".local", "state")
	}
	d := &Dir{path: filepath.Join(base, "reeve"), draft: map[string]string{}, forms: map[string]map[string]string{}, columns: map[string]table.Columns{}}
	if len(masters) > 0 && getenv("HOME") != "" {
		sum := sha256.Sum256([]byte(strings.Join(masters, ",")))
		d.file = filepath.Join(d.path, "session-"+hex.EncodeToString(sum[:6])+".json")
	}
	return d
}

// Load reads the session; an empty one if there is none.
func (d *Dir) Load() Session {
	var s Session
	if d.file == "" {
		return s
	}
	info, err := os.Stat(d.file)
	if err != nil || info.Size() > maxFile {
		return s
	}
	data, err := os.ReadFile(d.file)
	if err != nil || json.Unmarshal(data, &s) != nil {
		return Session{}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if s.Draft != nil {
		d.draft = s.Draft
	}
	if s.Templates != nil {
		d.forms = s.Templates
	}
	if s.Columns != nil {
		d.columns = s.Columns
	}
	return s
}

// Store writes the session, with the draft.
func (d *Dir) Store(s Session) error {
	if d.file == "" {
		return nil
	}
	s.Draft, s.Templates, s.Columns = d.Draft(nil), d.Templates("", nil), d.chosen()
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the session: %w", err)
	}
	if err := os.MkdirAll(d.path, 0o700); err != nil {
		return fmt.Errorf("keep the session: %w", err)
	}
	d.write.Lock()
	defer d.write.Unlock()
	temp := d.file + ".new"
	if err := os.WriteFile(temp, data, 0o600); err != nil {
		return fmt.Errorf("keep the session: %w", err)
	}
	return os.Rename(temp, d.file)
}

// Templates keeps a form under a name, if one is given, and answers all that are kept.
func (d *Dir) Templates(name string, fields map[string]string) map[string]map[string]string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if name != "" {
		d.forms[name] = fields
	}
	return maps.Clone(d.forms)
}

// Columns is what keeps which columns are shown, over those that are configured. Setting none forgets what was chosen.
func (d *Dir) Columns(configured map[string][]table.Pick) func(list string, set *table.Columns) table.Columns {
	return func(list string, set *table.Columns) table.Columns {
		d.mu.Lock()
		defer d.mu.Unlock()
		if set != nil {
			c := *set
			if slices.Equal(c.Own, configured[list]) {
				c.Own = nil // a later configuration is to count
			}
			d.columns[list] = c
			if c.Set == "" && len(c.Own) == 0 {
				delete(d.columns, list)
			}
		}
		return d.columns[list].Over(configured[list])
	}
}

func (d *Dir) chosen() map[string]table.Columns {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.columns)
}

// Draft answers the form's fields, after setting them if set is not nil.
func (d *Dir) Draft(set map[string]string) map[string]string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if set != nil {
		d.draft = set
	}
	return maps.Clone(d.draft)
}

// Save writes a file of its own from what next answers until it answers nothing, and says where and how much.
func (d *Dir) Save(name string, next func() ([]byte, error)) (path string, size int64, err error) {
	f, err := d.Create(name)
	if err != nil {
		return "", 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	for {
		data, err := next()
		if err != nil {
			return f.Name(), size, err
		}
		if len(data) == 0 {
			return f.Name(), size, nil
		}
		n, err := f.Write(data)
		size += int64(n)
		if err != nil {
			return f.Name(), size, err
		}
	}
}

// Create makes a file of its own, which has the time in its name.
func (d *Dir) Create(name string) (*os.File, error) {
	if err := os.MkdirAll(d.path, 0o700); err != nil {
		return nil, err
	}
	name = strings.Map(func(r rune) rune {
		if r <= ' ' || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, name)
	suffix := filepath.Ext(name)
	switch suffix {
	case ".txt", ".yaml", ".json", ".csv", ".jsonl":
		name = strings.TrimSuffix(name, suffix)
	default:
		suffix = ".log"
	}
	return create(d.path, name+"-"+time.Now().Format("20060102-150405"), suffix)
}

// create makes a file that was not there: two logs saved in one second are two files.
func create(dir, name, suffix string) (*os.File, error) {
	for n := range 100 {
		number := ""
		if n > 0 {
			number = fmt.Sprintf("-%d", n)
		}
		f, err := os.OpenFile(filepath.Join(dir, name+number+suffix), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
	return nil, fmt.Errorf("there are a hundred files named %s already", name)
}
