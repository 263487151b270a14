package sandbox

import (
	"io/fs"
	"os"
	"path/filepath"
)

// RemoveAll deletes a tree that containers have written to, and of which none runs any more. os.RemoveAll cannot enter a
// directory that even its owner may not, when that is us without root.
func RemoveAll(dir string) error {
	if os.Geteuid() != 0 {
		_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if d != nil && d.IsDir() && err == nil {
				_ = os.Chmod(path, 0o700)
			}
			return nil // what fails here fails below, and says why
		})
	}
	return os.RemoveAll(dir)
}
