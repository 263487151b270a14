package term

import (
	"bytes"
	"strconv"
	"strings"
	"time"
)

// AskBackground makes a terminal tell the colour of its background. Most do; the others are silent, and nobody waits for them: the
// answer is taken out of what is typed whenever it comes.
const AskBackground = opening + "?\a"

const (
	opening    = "\x1b]11;"
	lateStart  = "]11;rgb" // of an answer whose escape came alone, and much earlier
	longAnswer = 64        // what is longer is none
)

// background takes the answer out of the input.
type background struct {
	told     func(light bool) // nil if nothing was asked
	asked    time.Time
	answered bool
	inside   bool
	answer   []byte
	after    bool // the answer ended with an escape, behind which a backslash belongs to it
}

// OnBackground has told called when the terminal has answered AskBackground. It must be called before the first Read.
func (in *Input) OnBackground(told func(light bool)) {
	in.background.told, in.background.asked = told, time.Now()
}

// sift returns what of b was typed, in b.
func (g *background) sift(b []byte) []byte {
	if g.told == nil {
		return b
	}
	typed := b[:0]
	for i := 0; i < len(b); i++ {
		switch {
		case g.inside:
			g.take(b[i])
		case g.after && b[i] == '\\':
			g.after = false
		case bytes.HasPrefix(b[i:], []byte(opening)):
			g.inside, g.answer = true, nil
			i += len(opening) - 1
		case i == 0 && bytes.HasPrefix(b, []byte(lateStart)):
			g.inside, g.answer = true, nil
			i += len("]11;") - 1
		default:
			g.after = false
			typed = append(typed, b[i])
		}
	}
	return typed
}

// take takes a byte of an answer.
func (g *background) take(c byte) {
	if c >= ' ' && len(g.answer) < longAnswer {
		g.answer = append(g.answer, c)
		return
	}
	g.inside, g.after = false, c == esc
	if light, ok := isLight(string(g.answer)); ok {
		g.answered = true
		g.told(light)
	}
}

// isLight reads rgb:RRRR/GGGG/BBBB, where each may have fewer digits, or rgba: with one more.
func isLight(answer string) (light, ok bool) {
	kind, text, _ := strings.Cut(answer, ":")
	parts := strings.Split(text, "/")
	if kind != "rgb" && kind != "rgba" || len(parts) < 3 {
		return false, false
	}
	bright := 0.0
	for i, weight := range []float64{0.299, 0.587, 0.114} {
		n, err := strconv.ParseUint(parts[i], 16, 16)
		if err != nil {
			return false, false
		}
		bright += weight * float64(n) / float64(uint64(1)<<(4*len(parts[i]))-1)
	}
	return bright > 0.5, true
}
