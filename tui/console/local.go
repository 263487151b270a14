package console

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// readLocal reads a file of the operator's machine; one with more than most bytes is refused.
func readLocal(path string, most int) ([]byte, error) {
	if rest, below := strings.CutPrefix(path, "~/"); below {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, err
		}
		path = filepath.Join(home, rest)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", path) // to open a pipe waits for whoever writes into it
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	data, err := io.ReadAll(io.LimitReader(file, int64(most)+1))
	if err != nil {
		return nil, err
	}
	if len(data) > most {
		return nil, fmt.Errorf("%s has more than %d bytes", path, most)
	}
	return data, nil
}
