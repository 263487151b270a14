package term

import (
	"os"
	"sync"
)

// Output is the terminal's other direction. Frames and clipboard sequences come from different goroutines; the lock
// keeps one from landing inside the other. It embeds the file so that bubbletea still finds a terminal.
type Output struct {
	*os.File
	mu sync.Mutex // guards writes to File
}

// NewOutput wraps a terminal.
func NewOutput(f *os.File) *Output { return &Output{File: f} }

// Write writes all of p before anything else is written.
func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.File.Write(p)
}

// WriteString is Write: without it the embedded file's would pass the lock by.
func (o *Output) WriteString(s string) (int, error) { return o.Write([]byte(s)) }
