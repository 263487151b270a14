package console

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/screen/label"
)

// transcript writes what a shell shows into a file, too: what was typed is there as far as it was echoed, which passwords are
// not. When the file takes no more the shell goes on, and the note after it says so.
type transcript struct {
	to   io.Writer
	file *os.File
	size int64
	err  error // the first
}

// record begins a transcript. create makes its file.
func record(create func(name string) (*os.File, error), to io.Writer, t *reeveapi.Task, ask screen.Shell) (*transcript, error) {
	f, err := create("shell-" + label.Name(t))
	if err != nil {
		return nil, err
	}
	r := &transcript{to: to, file: f}
	r.keep([]byte(fmt.Sprintf("# %s  %s on %s, as %s: %s\n", time.Now().Format(time.RFC3339), t.ID, t.AgentName, label.Or(ask.User, label.Or(t.User, "the task's user")), strings.Join(ask.Command, " "))))
	return r, nil
}

func (r *transcript) keep(p []byte) {
	if r.err != nil {
		return
	}
	n, err := r.file.Write(p)
	r.size += int64(n)
	r.err = err
}

// Write passes on what is shown.
func (r *transcript) Write(p []byte) (int, error) {
	r.keep(p)
	return r.to.Write(p)
}

func (r *transcript) close() {
	if err := r.file.Close(); r.err == nil {
		r.err = err
	}
}

// note says whether it is whole.
func (r *transcript) note() string {
	if r.err != nil {
		return fmt.Sprintf("its transcript ends after %d bytes: %v", r.size, r.err)
	}
	return fmt.Sprintf("what was seen, %d bytes, is in", r.size)
}
