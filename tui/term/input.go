package term

import (
	"errors"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// splitWait is how long the rest of an escape sequence may take. A network splits one seldom, and then by less.
const splitWait = 50 * time.Millisecond

// Input is a terminal whose escape sequences arrive whole. bubbletea decodes each Read by itself, so an arrow key that
// the network split would become an escape and letters, and letters are commands. It embeds the file so that raw mode
// and the cancelling reader still see one.
type Input struct {
	*os.File

	wait       time.Duration // for the rest of a sequence
	background background
}

// ErrGone is what reading says when nobody is at the terminal any more: the window was closed or the connection lost.
var ErrGone = errors.New("the terminal is gone")

// NewInput wraps a terminal.
func NewInput(f *os.File) *Input { return &Input{File: f, wait: splitWait} }

// Read reads once, and again for as long as what it has ends inside a sequence and more comes within splitWait. The
// price is that a lone escape key is that much late. The end is ErrGone: at io.EOF bubbletea only stops reading, and a
// console whose SIGHUP is ignored, as under nohup, would go on for nobody.
func (in *Input) Read(p []byte) (int, error) {
	n, err := in.File.Read(p)
	for err == nil && n > 0 && n < len(p) && Partial(p[:n]) && in.more() {
		var m int
		m, err = in.File.Read(p[n:])
		n += m
	}
	if errors.Is(err, io.EOF) || errors.Is(err, unix.EIO) {
		err = ErrGone
	}
	// Nothing may be left of it. Reading again instead could wait, and then nobody could end it.
	return len(in.background.sift(p[:n])), err
}

// more says whether bytes come in time.
func (in *Input) more() bool {
	fds := []unix.PollFd{{Fd: int32(in.Fd()), Events: unix.POLLIN}} //nolint:gosec // a descriptor is a small number
	deadline := time.Now().Add(in.wait)
	for {
		left := time.Until(deadline)
		if left <= 0 {
			return false
		}
		n, err := unix.Poll(fds, int(left.Milliseconds())+1)
		if err == unix.EINTR {
			continue
		}
		return err == nil && n > 0 && fds[0].Revents&unix.POLLIN != 0
	}
}

const esc = 0x1b

// Partial says whether b ends inside an escape sequence or inside a UTF-8 character.
func Partial(b []byte) bool {
	for i := len(b) - 1; i >= 0 && i >= len(b)-64; i-- {
		if b[i] == esc {
			return !complete(b[i:])
		}
	}
	return partialRune(b)
}

// complete says whether seq, which begins with an escape, is whole. A CSI sequence ends with a byte from @ to ~; SS3
// (ESC O) has one more byte; any other escape has one byte after it (alt and a key).
func complete(seq []byte) bool {
	if len(seq) == 1 {
		return false
	}
	switch seq[1] {
	case '[':
		return completeCSI(seq[2:])
	case 'O':
		return len(seq) > 2
	case ']', 'P':
		return false // an answer of the terminal: it ends with an escape of its own or a bell, which come soon
	default:
		return !partialRune(seq[1:])
	}
}

func completeCSI(seq []byte) bool {
	if len(seq) > 0 && seq[0] == 'M' { // a mouse report of the old kind: three bytes of any value
		return len(seq) >= 4
	}
	for i, c := range seq {
		if c >= '@' && c <= '~' && (i > 0 || c != '[') {
			return true
		}
	}
	return false
}

// partialRune says whether b ends with a UTF-8 character that lacks bytes.
func partialRune(b []byte) bool {
	for back := 1; back <= 3 && back <= len(b); back++ {
		c := b[len(b)-back]
		switch {
		case c < 0x80:
			return false
		case c >= 0xf0:
			return back < 4
		case c >= 0xe0:
			return back < 3
		case c >= 0xc0:
			return back < 2
		}
	}
	return false
}
