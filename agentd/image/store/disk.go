package store

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/sandbox"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/logkey"
)

// version of everything that is written down.
const version = 1

// What there is below the store's directory:
//
//	layers/<DiffID>/fs, info.json   a layer that is whole
//	images/<hash of its key>.json   an image that is whole
//	pins/<container>.json           which layers a container uses
//	tmp/                            what is not whole; emptied at every start
const (
	filesDir = "fs"
	infoFile = "info.json"
)

func (s *Store) tempDir() string { return filepath.Join(s.cfg.Dir, "tmp") }
func (s *Store) layerDir(id string) string {
	return filepath.Join(s.cfg.Dir, "layers", strings.TrimPrefix(id, "sha256:"))
}
func (s *Store) layerFiles(id string) string { return filepath.Join(s.layerDir(id), filesDir) }
func (s *Store) imageFile(key string) string {
	sum := sha256.Sum256([]byte(key))
	return filepath.Join(s.cfg.Dir, "images", hex.EncodeToString(sum[:16])+".json")
}

func (s *Store) pinFile(id ids.Container) string {
	return filepath.Join(s.cfg.Dir, "pins", string(id)+".json")
}

// TempDir is where sources may put what they unpack; it is emptied at every start.
func TempDir(dir string) string { return filepath.Join(dir, "tmp") }

func attrImage(name string) slog.Attr { return logkey.Image(name) }
func attrErr(err error) slog.Attr     { return logkey.Err(err) }

// load makes the directories, empties what is temporary, and reads the rest.
func (s *Store) load() error {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return fmt.Errorf("read boot id: %w", err)
	}
	s.boot = strings.TrimSpace(string(boot))
	if err := sandbox.RemoveAll(s.tempDir()); err != nil {
		return fmt.Errorf("remove half-made layers: %w", err)
	}
	for _, dir := range []string{"", "layers", "images", "pins", "tmp"} {
		// Nobody else may walk in: there are programs with set-user-id in layers.
		if err := os.MkdirAll(filepath.Join(s.cfg.Dir, dir), 0o700); err != nil {
			return fmt.Errorf("make directory for images: %w", err)
		}
	}
	if err := s.loadLayers(); err != nil {
		return err
	}
	err = readAll(filepath.Join(s.cfg.Dir, "images"), func(r *record) bool {
		if r.Version != version || r.Key == "" {
			return false
		}
		s.images[r.Key] = r
		return true
	})
	if err != nil {
		return err
	}
	return readAll(filepath.Join(s.cfg.Dir, "pins"), func(p *pin) bool {
		if p.Version != version || p.Container == "" {
			return false
		}
		s.pins[p.Container] = p
		return true
	})
}

// loadLayers finds the layers, and removes those that the host's last crash may have cut.
func (s *Store) loadLayers() error {
	dir := filepath.Join(s.cfg.Dir, "layers")
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		var info layerInfo
		err := readJSON(filepath.Join(dir, e.Name(), infoFile), &info)
		if err == nil && info.Version == version && s.layerDir(info.DiffID) == filepath.Join(dir, e.Name()) && (info.Boot == "" || info.Boot == s.boot) {
			s.layers[info.DiffID] = &info
			continue
		}
		tmp, err := s.putAway(filepath.Join(dir, e.Name()))
		if err == nil {
			err = sandbox.RemoveAll(tmp)
		}
		if err != nil {
			return fmt.Errorf("remove a layer that is not whole: %w", err)
		}
	}
	return nil
}

// putAway takes a directory out of the way at once, to where it can be deleted in peace.
func (s *Store) putAway(dir string) (tmp string, err error) {
	if tmp, err = os.MkdirTemp(s.tempDir(), "gone-"); err != nil {
		return "", err
	}
	if err := os.Rename(dir, filepath.Join(tmp, "x")); err != nil {
		return "", errors.Join(err, os.Remove(tmp))
	}
	return tmp, nil
}

// settle has everything that is here on the disk, and notes that it is. Nobody waits for it: until then a crash of the host
// only means that it has to be brought again.
func (s *Store) settle() {
	s.mu.Lock()
	var loose []*layerInfo
	for _, l := range s.layers {
		if l.Boot != "" {
			loose = append(loose, l)
		}
	}
	s.mu.Unlock()
	if len(loose) == 0 {
		return
	}
	if err := syncDisk(s.cfg.Dir); err != nil {
		s.cfg.Log.Debug("images not synced", logkey.Err(err))
		return
	}
	for _, l := range loose {
		settled := *l
		settled.Boot = ""
		s.mu.Lock()
		if s.layers[l.DiffID] == l {
			if err := writeJSON(filepath.Join(s.layerDir(l.DiffID), infoFile), settled); err == nil {
				s.layers[l.DiffID] = &settled
			}
		}
		s.mu.Unlock()
	}
}

func syncDisk(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(unix.Syncfs(int(f.Fd())), f.Close())
}

// writeJSON writes a file so that a crash of this process leaves the old one or the new one.
func writeJSON(path string, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	tmp := path + ".tmp"
	if err := os.WriteFile(tmp, data, 0o600); err != nil {
		return fmt.Errorf("note an image: %w", err)
	}
	if err := os.Rename(tmp, path); err != nil {
		return fmt.Errorf("note an image: %w", err)
	}
	return nil
}

func readJSON(path string, value any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, value)
}

// readAll reads a directory's files and deletes those that keep does not want: a crash of the host may have cut them.
func readAll[T any](dir string, keep func(*T) bool) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		value := new(T)
		if err := readJSON(path, value); err == nil && strings.HasSuffix(path, ".json") && keep(value) {
			continue
		}
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	return nil
}
