package codec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// lexer walks over JSON. It allows the bare words NaN, Infinity and -Infinity, because Mesos writes them.
type lexer struct {
	data  []byte
	at    int
	depth int
}

var errEnd = errors.New("the text ends too early")

func (l *lexer) skipSpace() {
	for l.at < len(l.data) {
		switch l.data[l.at] {
		case ' ', '\t', '\n', '\r':
			l.at++
		default:
			return
		}
	}
}

// peek returns the next byte that is no space, 0 at the end.
func (l *lexer) peek() byte {
	l.skipSpace()
	if l.at == len(l.data) {
		return 0
	}
	return l.data[l.at]
}

// expect consumes one byte.
func (l *lexer) expect(c byte) error {
	switch got := l.peek(); {
	case got == c:
		l.at++
		return nil
	case l.at == len(l.data):
		return errEnd
	default:
		return fmt.Errorf("%q where %q belongs", got, c)
	}
}

// word consumes a bare word if it comes next.
func (l *lexer) word(word string) bool {
	l.skipSpace()
	if !bytes.HasPrefix(l.data[l.at:], []byte(word)) {
		return false
	}
	l.at += len(word)
	return true
}

func (l *lexer) null() bool { return l.peek() == 'n' && l.word("null") }

// enter and leave count nesting, so that a text of brackets can't exhaust the stack.
func (l *lexer) enter() error {
	if l.depth++; l.depth > maxDepth {
		return fmt.Errorf("nested deeper than %d levels", maxDepth)
	}
	return nil
}

func (l *lexer) leave() { l.depth-- }

// object calls member with every name; member has to consume the value.
func (l *lexer) object(member func(name string) error) error {
	return l.sequence('{', '}', func() error {
		name, err := l.text()
		if err != nil {
			return err
		}
		if err := l.expect(':'); err != nil {
			return err
		}
		return member(name)
	})
}

// array calls element before every element; element has to consume it.
func (l *lexer) array(element func() error) error {
	return l.sequence('[', ']', element)
}

func (l *lexer) sequence(open, closing byte, item func() error) error {
	if err := l.expect(open); err != nil {
		return err
	}
	if err := l.enter(); err != nil {
		return err
	}
	if l.peek() == closing {
		l.at++
		l.leave()
		return nil
	}
	for {
		if err := item(); err != nil {
			return err
		}
		if l.peek() == ',' {
			l.at++
			continue
		}
		l.leave()
		return l.expect(closing)
	}
}

// raw returns the bytes of a quoted string with its quotes.
func (l *lexer) raw() ([]byte, error) {
	if err := l.expect('"'); err != nil {
		return nil, err
	}
	start := l.at - 1
	for l.at < len(l.data) {
		switch l.data[l.at] {
		case '\\':
			l.at++
		case '"':
			l.at++
			return l.data[start:l.at], nil
		}
		l.at++
	}
	l.at = len(l.data)
	return nil, errEnd
}

// text reads a quoted string.
func (l *lexer) text() (string, error) {
	quoted, err := l.raw()
	if err != nil {
		return "", err
	}
	if inner := quoted[1 : len(quoted)-1]; plain(inner) {
		return string(inner), nil
	}
	var s string
	if err := json.Unmarshal(quoted, &s); err != nil {
		return "", fmt.Errorf("not a string: %w", err)
	}
	return s, nil
}

// plain reports whether a string is the same without its quotes.
func plain(inner []byte) bool {
	for _, c := range inner {
		if c < ' ' || c == '\\' || c >= 0x80 {
			return false
		}
	}
	return true
}

// bare reads a number or a bare word up to the next delimiter.
func (l *lexer) bare() ([]byte, error) {
	l.skipSpace()
	start := l.at
	for l.at < len(l.data) && !bytes.ContainsRune([]byte(",]}:\" \t\r\n[{"), rune(l.data[l.at])) {
		l.at++
	}
	if l.at == start {
		if l.at == len(l.data) {
			return nil, errEnd
		}
		return nil, fmt.Errorf("%q where a value belongs", l.data[l.at])
	}
	return l.data[start:l.at], nil
}

// skip consumes any value.
func (l *lexer) skip() error {
	switch l.peek() {
	case '{':
		return l.object(func(string) error { return l.skip() })
	case '[':
		return l.array(l.skip)
	case '"':
		_, err := l.text()
		return err
	}
	token, err := l.bare()
	if err != nil {
		return err
	}
	switch string(token) {
	case "true", "false", "null", "NaN", "Infinity", "-Infinity":
		return nil
	}
	if !json.Valid(token) {
		return fmt.Errorf("%q is not a JSON value", token)
	}
	return nil
}
