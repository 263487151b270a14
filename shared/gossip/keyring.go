package gossip

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/hashicorp/memberlist"

	"codeberg.org/reeve/reeve/shared/fault"
)

// maxKeyBytes bounds a key file.
const maxKeyBytes = 64 << 10

// loadKeyring reads a key file: a JSON list of keys in base64, the first of which encrypts. It returns nil for no file.
func loadKeyring(path string) (*memberlist.Keyring, error) {
	if path == "" {
		return nil, nil //nolint:nilnil // no file means no encryption, which memberlist writes as nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "read the gossip keys of --encrypt")
	}
	defer func() { _ = file.Close() }() // opened for reading: nothing can be lost
	data, err := io.ReadAll(io.LimitReader(file, maxKeyBytes))
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "read the gossip keys of --encrypt")
	}
	ring, err := parseKeyring(data)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err,
			"--encrypt %s must hold a JSON list of keys, 32 random bytes in base64 each, such as [\"…\"]", path)
	}
	return ring, nil
}

// parseKeyring never puts a key into an error.
func parseKeyring(data []byte) (*memberlist.Keyring, error) {
	var texts []string
	if err := json.Unmarshal(data, &texts); err != nil {
		return nil, fmt.Errorf("not a JSON list of texts")
	}
	if len(texts) == 0 {
		return nil, fmt.Errorf("the list is empty")
	}
	keys := make([][]byte, 0, len(texts))
	for i, text := range texts {
		key, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, fmt.Errorf("key %d is not base64", i+1)
		}
		keys = append(keys, key)
	}
	ring, err := memberlist.NewKeyring(keys, keys[0])
	if err != nil {
		return nil, fmt.Errorf("a key has the wrong length: 16, 24 or 32 bytes are needed")
	}
	return ring, nil
}
