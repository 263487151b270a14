package term

import (
	"time"

	"github.com/charmbracelet/x/term"
	"golang.org/x/sys/unix"
)

const (
	shortAnswer = len("\x1b]11;rgb:f/f/f\a") // there is none that is shorter
	stillComes  = 2 * time.Second            // what has not answered by then is silent
	lookAgain   = 2 * time.Millisecond
)

// DropAnswer waits for the answer about the background where it is still to come, at most for wait, and takes it away: the shell that
// reads the terminal next would take it for a command. It is for when nobody else reads any more. Nothing is read before as much
// is there as an answer has, so that what somebody types goes to the shell; what was typed around the answer is given back, as far as the
// system allows that.
func (in *Input) DropAnswer(wait time.Duration) {
	g := &in.background
	if g.told == nil || g.answered || time.Since(g.asked) > stillComes {
		return
	}
	fd := int(in.Fd())
	before, err := term.MakeRaw(in.Fd())
	if err != nil {
		return // it is gone
	}
	defer func() { _ = term.Restore(in.Fd(), before) }() // or gone by now
	for deadline := time.Now().Add(wait); !g.answered && time.Now().Before(deadline); time.Sleep(lookAgain) {
		n, err := unix.IoctlGetInt(fd, queued)
		if err != nil {
			return
		}
		if n < shortAnswer && !g.inside {
			continue
		}
		p := make([]byte, n)
		if n, err = unix.Read(fd, p); err != nil {
			return
		}
		for _, c := range g.sift(p[:n]) {
			if unix.IoctlSetPointerInt(fd, unix.TIOCSTI, int(c)) != nil { // newer kernels let only root do that
				break
			}
		}
	}
}
