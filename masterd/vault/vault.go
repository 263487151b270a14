// Package vault seals the values of secrets, so that what masters write to disk and send to each other does not show them.
// It owns the form of a sealed value and of the file of keys: AES-256-GCM of the standard library, with the secret's name
// bound in. It stores nothing and knows no registry. Without a key values are kept in clear, and say so. Start reading at
// Keys.
package vault

import (
	"bufio"
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"codeberg.org/reeve/reeve/shared/fault"
)

// keySize is that of AES-256.
const keySize = 32

// Sealed is a value as it is stored. Key names the key that opens it, "" for a value in clear.
type Sealed struct {
	Key  string `json:"key,omitempty"`
	Data []byte `json:"data"`
}

// Keys are what a master seals and opens with. The zero value has none.
type Keys struct {
	first string // the key that seals, "" for none
	byID  map[string]cipher.AEAD
}

// Read reads a file of keys: one in a line, 32 bytes in base64. The first one seals, all of them open, so that a new key is
// put before the old one. Lines that begin with # are for people. path "" is no file: no keys.
func Read(path string) (Keys, error) {
	if path == "" {
		return Keys{}, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return Keys{}, fault.Wrap(fault.Invalid, err, "--secrets-key-file")
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return Keys{}, fault.New(fault.Invalid, "--secrets-key-file %s can be read by others than its owner (mode %#o); chmod 600 it", path, mode)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		if why, ok := errors.AsType[*fs.PathError](err); ok {
			err = why.Err
		}
		return Keys{}, fault.Wrap(fault.Invalid, err, "--secrets-key-file %s", path)
	}
	keys, err := Parse(text)
	if err != nil {
		return Keys{}, fault.Wrap(fault.Invalid, err, "--secrets-key-file %s", path)
	}
	return keys, nil
}

// Parse reads the text of a file of keys. Its errors name lines and never what is in them.
func Parse(text []byte) (Keys, error) {
	keys := Keys{byID: map[string]cipher.AEAD{}}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(key) != keySize {
			return Keys{}, fmt.Errorf("line %d is not 32 bytes in base64; \"head -c 32 /dev/urandom | base64\" makes a key", n)
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return Keys{}, fmt.Errorf("line %d: %w", n, err)
		}
		sealer, err := cipher.NewGCM(block)
		if err != nil {
			return Keys{}, fmt.Errorf("line %d: %w", n, err)
		}
		id := idOf(key)
		keys.byID[id] = sealer
		if keys.first == "" {
			keys.first = id
		}
	}
	if err := lines.Err(); err != nil {
		return Keys{}, err
	}
	if keys.first == "" {
		return Keys{}, errors.New("there is no key in it; \"head -c 32 /dev/urandom | base64\" makes one")
	}
	return keys, nil
}

// idOf names a key without telling it.
func idOf(key []byte) string {
	sum := sha256.Sum256(append([]byte("reeve secrets key "), key...))
	return hex.EncodeToString(sum[:4])
}

// First is the key that seals, "" for none.
func (k Keys) First() string { return k.first }

// Has says whether what was sealed with a key can be opened. What is in clear always can.
func (k Keys) Has(key string) bool { return key == "" || k.byID[key] != nil }

// Seal seals the value of a secret.
func (k Keys) Seal(name string, value []byte) Sealed {
	sealer := k.byID[k.first]
	if sealer == nil {
		return Sealed{Data: bytes.Clone(value)}
	}
	nonce := make([]byte, sealer.NonceSize())
	_, _ = rand.Read(nonce) // it never fails: see its documentation
	return Sealed{Key: k.first, Data: sealer.Seal(nonce, nonce, value, []byte(name))}
}

// Open opens what Seal has made for that name.
func (k Keys) Open(name string, s Sealed) ([]byte, error) {
	if s.Key == "" {
		return s.Data, nil
	}
	sealer := k.byID[s.Key]
	if sealer == nil {
		return nil, fmt.Errorf("secret %s is sealed with key %s, which this master does not have", name, s.Key)
	}
	if len(s.Data) < sealer.NonceSize() {
		return nil, fmt.Errorf("secret %s is cut short", name)
	}
	nonce, data := s.Data[:sealer.NonceSize()], s.Data[sealer.NonceSize():]
	value, err := sealer.Open(nil, nonce, data, []byte(name))
	if err != nil {
		return nil, fmt.Errorf("secret %s was changed since it was sealed: %w", name, err)
	}
	return value, nil
}
