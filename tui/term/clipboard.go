package term

import (
	"context"
	"encoding/base64"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// copyPatience bounds a program that takes text for the clipboard.
const copyPatience = 3 * time.Second

// Copy puts text on the operator's clipboard, and answers what to tell him: which way was gone, and how much it was. It may wait for
// a program, so the loop must not call it.
//
// Tmux is told itself: it passes nothing on that an application sends to the terminal, unless it is set up to. A program of the
// desktop's is best where the console runs beside it. What remains reaches the machine the operator sits at, also through SSH: a
// sequence (OSC 52) that a terminal which does not know it ignores silently.
func (o *Output) Copy(caps Caps, text string) (string, error) {
	note := "copied " + strconv.Itoa(len(text)) + " bytes "
	if caps.Tmux {
		if err := feed(text, "tmux", "load-buffer", "-w", "-"); err == nil {
			return note + "to tmux, which passes them on", nil
		}
	}
	if argv := native(caps); argv != nil {
		if err := feed(text, argv[0], argv[1:]...); err == nil {
			return note + "by " + argv[0], nil
		}
	}
	_, err := o.Write([]byte("\x1b]52;c;" + base64.StdEncoding.EncodeToString([]byte(text)) + "\a"))
	note += "through the terminal"
	if caps.Tmux {
		note += " (tmux passes it on with: set -g set-clipboard on)"
	}
	return note, err
}

// native is the program that takes text for the desktop's clipboard, nil if there is no desktop here.
func native(caps Caps) []string {
	if caps.SSH || caps.Tmux {
		return nil // the clipboard that is meant is elsewhere
	}
	var programs [][]string
	if caps.Wayland {
		programs = append(programs, []string{"wl-copy"})
	}
	if caps.X11 {
		programs = append(programs, []string{"xclip", "-selection", "clipboard"}, []string{"xsel", "--clipboard", "--input"})
	}
	programs = append(programs, []string{"pbcopy"}) // only a Mac has it
	for _, argv := range programs {
		if _, err := exec.LookPath(argv[0]); err == nil {
			return argv
		}
	}
	return nil
}

// feed gives a program text to read.
func feed(text, program string, args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), copyPatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stdin = strings.NewReader(text)
	return cmd.Run()
}
