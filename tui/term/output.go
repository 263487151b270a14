package term

import (
	"encoding/base64"
	"os"
	"strconv"
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

// Copy asks the terminal to put text on the operator's clipboard, and answers what to tell him. The sequence (OSC 52)
// reaches the machine the operator sits at, also through SSH; a terminal that does not know it ignores it silently.
func (o *Output) Copy(caps Caps, text string) (string, error) {
	_, err := o.Write([]byte("\x1b]52;c;" + base64.StdEncoding.EncodeToString([]byte(text)) + "\a"))
	note := "copied " + strconv.Itoa(len(text)) + " bytes through the terminal"
	if caps.Tmux {
		note += " (tmux passes it on with: set -g set-clipboard on)"
	}
	return note, err
}
