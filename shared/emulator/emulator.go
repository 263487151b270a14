// Package emulator is a terminal in memory on which tests and the bench look at what a real console draws.
// It owns what is between a stream of bytes and vt10x; it never judges what is on the screen. Start reading at [Terminal].
package emulator

import (
	"unicode/utf8"

	"github.com/hinshun/vt10x"
)

// Terminal is vt10x as an io.Writer that takes everything. A kernel and a network cut a stream anywhere, also inside a
// character; vt10x would draw rubbish for the first half of it and report a short write, upon which io.Copy stops for good.
// One goroutine writes; String may be called beside it.
type Terminal struct {
	vt10x.Terminal
	half []byte // the beginning of a character whose end has still to come
}

// New is an empty screen of that many columns and rows.
func New(columns, rows int) *Terminal {
	return &Terminal{Terminal: vt10x.New(vt10x.WithSize(columns, rows))}
}

// Write draws p, but for a character that is cut off at its end: that one is drawn with the next p.
func (t *Terminal) Write(p []byte) (int, error) {
	all := append(t.half, p...)
	whole := len(all) - cut(all)
	t.half = append([]byte(nil), all[whole:]...)
	if _, err := t.Terminal.Write(all[:whole]); err != nil {
		return 0, err
	}
	return len(p), nil
}

// cut is how many bytes at the end of b begin a character and do not end it.
func cut(b []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(b); n++ {
		if last := b[len(b)-n:]; utf8.RuneStart(last[0]) {
			if utf8.FullRune(last) {
				return 0
			}
			return n
		}
	}
	return 0
}
