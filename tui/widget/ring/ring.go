// Package ring keeps the newest lines of a log in a bounded amount of memory: it cuts bytes into lines, finds text in
// them, and counts what it had to drop. It never reads files and never draws. Start reading at Ring.
package ring

import (
	"bytes"
	"strings"
)

// Limits say when the oldest lines go.
type Limits struct {
	Bytes int
	Lines int
	Line  int // a line longer than this is cut in two
}

// Default are the limits of the log view: 32 MB and 200 000 lines a stream.
var Default = Limits{Bytes: 32 << 20, Lines: 200_000, Line: 1 << 20}

// Ring holds lines. The zero value is not ready; use New. It is owned by one screen.
type Ring struct {
	limits  Limits
	lines   []string
	at      []int64 // offset of each line's first byte in the log
	first   int64   // offset of the first byte that was loaded
	next    int64   // offset of the next byte to come
	open    bool    // the last line has no newline yet
	size    int
	dropped int // lines
	total   int // lines ever appended, so that a line's number does not change when older ones go
}

// New returns an empty ring.
func New(limits Limits) *Ring { return &Ring{limits: limits} }

// Len is how many lines are held.
func (r *Ring) Len() int { return len(r.lines) }

// Line is a line, from 0. Bytes that are not UTF-8 are in it as they came.
func (r *Ring) Line(i int) string { return r.lines[i] }

// At is the offset at which a line begins in the log, of a note that at which the next one does.
func (r *Ring) At(i int) int64 { return r.at[i] }

// Begin says at which offset what is appended next begins. A new ring begins at 0.
func (r *Ring) Begin(offset int64) {
	r.next = offset
	if len(r.lines) == 0 {
		r.first = offset
	}
}

// Bytes is how much is held.
func (r *Ring) Bytes() int { return r.size }

// Dropped is how many lines had to go.
func (r *Ring) Dropped() int { return r.dropped }

// Append adds what follows at the end and answers how many lines were dropped at the beginning for it.
func (r *Ring) Append(p []byte) (dropped int) {
	for len(p) > 0 {
		line, rest, found := bytes.Cut(p, []byte{'\n'})
		r.add(string(line), !found)
		r.next += int64(len(p) - len(rest))
		p = rest
	}
	return r.trim()
}

// Note adds a line of our own, such as one that says that the file was rotated.
func (r *Ring) Note(text string) {
	r.open = false
	r.add(text, false)
}

func (r *Ring) add(text string, open bool) {
	if r.open {
		last := len(r.lines) - 1
		joined := r.lines[last] + text
		if len(joined) <= r.limits.Line {
			r.lines[last] = joined
			r.size += len(text)
			r.open = open
			return
		}
	}
	at := r.next
	for len(text) > r.limits.Line {
		r.push(text[:r.limits.Line], at)
		text = text[r.limits.Line:]
		at += int64(r.limits.Line)
	}
	r.push(text, at)
	r.open = open
}

func (r *Ring) push(text string, at int64) {
	r.lines, r.at = append(r.lines, text), append(r.at, at)
	r.size += len(text)
	r.total++
}

func (r *Ring) trim() int {
	n := 0
	for len(r.lines)-n > 1 && (len(r.lines)-n > r.limits.Lines || r.size > r.limits.Bytes) {
		r.size -= len(r.lines[n])
		r.lines[n] = ""
		n++
	}
	r.lines, r.at = r.lines[n:], r.at[n:]
	r.dropped += n
	return n
}

// Prepend adds what comes before the first line and answers how many lines that makes. If p does not end with a newline,
// its last line is the beginning of what was the first.
func (r *Ring) Prepend(p []byte) int {
	if len(p) == 0 {
		return 0
	}
	parts := strings.Split(string(p), "\n")
	last := parts[len(parts)-1]
	parts = parts[:len(parts)-1]
	r.first -= int64(len(p))
	at, offsets := r.first, make([]int64, 0, len(parts)+1+len(r.at))
	for _, part := range parts {
		offsets = append(offsets, at)
		at += int64(len(part)) + 1
	}
	if last != "" && len(r.lines) > 0 {
		r.lines[0], r.at[0] = last+r.lines[0], at
	} else if last != "" {
		parts, offsets, r.open = append(parts, last), append(offsets, at), true
	}
	r.lines, r.at = append(parts, r.lines...), append(offsets, r.at...)
	r.size += len(p)
	return len(parts)
}

// Match finds text without regard to case unless it has a capital letter in it.
type Match struct {
	text string
	fold bool
}

// NewMatch returns a match for text; an empty one finds nothing.
func NewMatch(text string) Match {
	return Match{text: text, fold: text == strings.ToLower(text)}
}

// Empty says whether there is nothing to look for.
func (m Match) Empty() bool { return m.text == "" }

// Text is what is looked for.
func (m Match) Text() string { return m.text }

// In finds the first occurrence in line at or after byte from; end is -1 if there is none.
func (m Match) In(line string, from int) (begin, end int) {
	if m.text == "" || from > len(line) {
		return -1, -1
	}
	if m.fold {
		line = lower(line)
	}
	i := strings.Index(line[from:], m.text)
	if i < 0 {
		return -1, -1
	}
	return from + i, from + i + len(m.text)
}

// lower lowers ASCII only, so that byte positions stay what they are.
func lower(s string) string {
	for i := range len(s) {
		if c := s[i]; c >= 'A' && c <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if b[i] >= 'A' && b[i] <= 'Z' {
					b[i] += 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}

// Find is the first line at or after from (going down, or up for step -1) that has a match; -1 if there is none.
func (r *Ring) Find(m Match, from, step int) int {
	for i := from; i >= 0 && i < len(r.lines); i += step {
		if begin, _ := m.In(r.lines[i], 0); begin >= 0 {
			return i
		}
	}
	return -1
}
