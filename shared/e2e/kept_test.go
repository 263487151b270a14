package e2e

import (
	"bytes"
	"sync"
)

// kept is a buffer that is read while a program writes to it.
type kept struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (k *kept) Write(p []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.text.Write(p)
}

func (k *kept) String() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.text.String()
}
