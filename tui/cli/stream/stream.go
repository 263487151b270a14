// Package stream writes what goes on for as long as somebody reads it: what tasks write, as lines for programs, and events, each
// once however often the connection was lost. It never asks anybody for anything. Start reading at Lines and Tail.
package stream

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"codeberg.org/reeve/reeve/tui/cli/output"
)

// longest is the longest line of a task that is held back until it has come whole. A longer one is told in pieces.
const longest = 64 << 10

// Line is one line of what a task wrote.
type Line struct {
	Task   string `json:"task"`
	Stream string `json:"stream"` // stdout or stderr
	Line   string `json:"line"`
	More   bool   `json:"more,omitempty"` // the line goes on with the next one: it is too long, or has not ended yet
}

// Lines is a writer that makes one line of JSON, or one document of YAML, of each line that a task wrote.
type Lines struct {
	Out          io.Writer // gets whole lines, each with one Write
	Form         string    // output.JSON or output.YAML
	Task, Stream string

	rest []byte // the beginning of a line whose end has not come
}

// Write takes the next bytes of the stream.
func (l *Lines) Write(p []byte) (int, error) {
	l.rest = append(l.rest, p...)
	for {
		end := bytes.IndexByte(l.rest, '\n')
		whole := end >= 0
		if !whole && len(l.rest) < longest {
			return len(p), nil
		}
		line := l.rest
		if whole {
			line = l.rest[:end]
		}
		if err := l.write(line, !whole); err != nil {
			return 0, err
		}
		l.rest = append(l.rest[:0], l.rest[len(line)+map[bool]int{true: 1}[whole]:]...)
	}
}

// Flush writes a last line that has no end.
func (l *Lines) Flush() error {
	if len(l.rest) == 0 {
		return nil
	}
	line := l.rest
	l.rest = nil
	return l.write(line, true)
}

func (l *Lines) write(line []byte, more bool) error {
	return Document(l.Out, l.Form, Line{l.Task, l.Stream, strings.TrimSuffix(string(line), "\r"), more})
}

// Document writes one of many values: a line of JSON, or a document of YAML, which that line is behind three dashes.
func Document(out io.Writer, form string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	if form == output.YAML {
		text = append([]byte("--- "), text...)
	}
	_, err = out.Write(append(text, '\n'))
	return err
}
