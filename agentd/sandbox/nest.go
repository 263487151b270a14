package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// links is where a pod's sandbox names those of its tasks (spec 3.12).
const links = "tasks"

// Nest makes the sandbox of a pod as Create does, and in it a link tasks/<name> to the sandbox nested, which lies below it
// and need not exist yet. The link is relative, so that it leads to the same place from wherever it is seen. It is what was
// asked for last.
func Nest(pod, user, name, nested string) error {
	if err := Create(pod, user); err != nil {
		return err
	}
	owner, err := Lookup(user)
	if err != nil {
		return err
	}
	target, err := filepath.Rel(filepath.Join(pod, links), nested)
	if err != nil {
		return fmt.Errorf("name the task's sandbox: %w", err)
	}
	root, err := os.OpenRoot(pod)
	if err != nil {
		return fmt.Errorf("name the task's sandbox: %w", err)
	}
	if err := errors.Join(nest(root, owner, filepath.Join(links, name), target), root.Close()); err != nil {
		return fmt.Errorf("name the task's sandbox: %w", err)
	}
	return nil
}

func nest(root *os.Root, owner Owner, link, target string) error {
	for _, dir := range []string{links, "containers"} {
		if err := root.Mkdir(dir, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
		if err := chown(root, dir, owner); err != nil {
			return err
		}
	}
	if err := root.Remove(link); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return root.Symlink(target, link)
}
