package files

import (
	"strings"

	"codeberg.org/reeve/reeve/tui/frame"
)

// place writes a path on an agent in at most w columns: ids lose their middles first, then folders in the middle give way, those next to
// the root first. The end stays: it says where one is. more stands for what is left out.
func place(at, more string, w int) string {
	parts := strings.Split(strings.TrimPrefix(at, "/"), "/")
	write := func() string { return "/" + strings.Join(parts, "/") }
	for i, part := range parts {
		if frame.Width(write()) <= w {
			return write()
		}
		if i < len(parts)-1 {
			parts[i] = shorten(part, more)
		}
	}
	const keep = 1 // folders next to the root
	for gone := 1; frame.Width(write()) > w && keep+gone < len(parts)-1; {
		if parts[keep] == more {
			parts = append(parts[:keep+1], parts[keep+2:]...)
		} else {
			parts[keep] = more
		}
	}
	return write()
}

// shorten keeps the first letters of an id, and what tells it from its siblings: f3c1a9e2-77aa-…-S6 is f3c1…-S6.
func shorten(part, more string) string {
	const long, head, tail = 20, 4, 6
	if len(part) <= long {
		return part
	}
	end := ""
	if i := strings.LastIndexByte(part, '-'); i >= 0 && len(part)-i <= tail {
		end = part[i:]
	}
	n := 0
	for i := range part { // whole characters
		if n++; n > head {
			return part[:i] + more + end
		}
	}
	return part
}
