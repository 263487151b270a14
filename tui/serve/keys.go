package serve

import (
	"bytes"
	"fmt"
	"os"
	"strings"

	gossh "golang.org/x/crypto/ssh"
)

// Grant is what one key may do.
type Grant struct {
	Principal string // who it is, in events
	ReadWrite bool
	key       gossh.PublicKey
}

// Access is the grant's rights in a word.
func (g Grant) Access() string {
	if g.ReadWrite {
		return accessWrite
	}
	return accessRead
}

// What a key may do, as the file has it.
const (
	accessRead  = "read-only"
	accessWrite = "read-write"
)

// Keys are all that may come in.
type Keys []Grant

// maxKeys bounds the file, in bytes.
const maxKeys = 1 << 20

// LoadKeys reads a file in the form of OpenSSH's authorized_keys, with two options of our own:
//
//	principal="alice",access="read-write" ssh-ed25519 AAAA… a comment
//
// A key without access is read-only; one without a principal, and any other option, is an error that names the line: an
// option that is not obeyed would be a promise broken.
func LoadKeys(path string) (Keys, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read the keys: %w", err)
	}
	if info.Mode().Perm()&0o022 != 0 {
		return nil, fmt.Errorf("%s can be written by others than its owner; chmod go-w it", path)
	}
	if info.Size() > maxKeys {
		return nil, fmt.Errorf("%s has more than %d bytes", path, maxKeys)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the keys: %w", err)
	}
	keys, err := parseKeys(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return keys, nil
}

func parseKeys(data []byte) (Keys, error) {
	var keys Keys
	number := 0
	for line := range bytes.Lines(data) {
		number++
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		g, err := parseKey(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		for _, other := range keys {
			if same(other.key, g.key) {
				return nil, fmt.Errorf("line %d: the key is %s's already", number, other.Principal)
			}
		}
		keys = append(keys, g)
	}
	return keys, nil
}

func parseKey(line []byte) (Grant, error) {
	key, _, options, _, err := gossh.ParseAuthorizedKey(line)
	if err != nil {
		return Grant{}, fmt.Errorf("this is no public key of OpenSSH")
	}
	g := Grant{key: key}
	for _, option := range options {
		name, value, _ := strings.Cut(option, "=")
		value = strings.Trim(value, `"`)
		switch strings.ToLower(name) {
		case "principal":
			g.Principal = value
		case "access":
			if value != accessRead && value != accessWrite {
				return Grant{}, fmt.Errorf("access is %s or %s, not %q", accessRead, accessWrite, value)
			}
			g.ReadWrite = value == accessWrite
		default:
			return Grant{}, fmt.Errorf("unknown option %q; known are principal and access", name)
		}
	}
	if !nameable(g.Principal) {
		return Grant{}, fmt.Errorf(`the key has no principal; write principal="name" before it (letters, digits, and . _ - @)`)
	}
	return g, nil
}

// nameable says whether a principal can also be the name of a directory.
func nameable(name string) bool {
	const most = 64
	return name != "" && len(name) <= most && name[0] != '.' && strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-@") == ""
}

func same(a, b gossh.PublicKey) bool { return bytes.Equal(a.Marshal(), b.Marshal()) }

// Find is what a key may do.
func (k Keys) Find(key gossh.PublicKey) (Grant, bool) {
	for _, g := range k {
		if same(g.key, key) {
			return g, true
		}
	}
	return Grant{}, false
}
