package console

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/tui/app"
	"codeberg.org/reeve/reeve/tui/term"
)

// tools runs the operator's own programs on the console's terminal: pager, editor, and whatever a text is piped into.
type tools struct {
	getenv func(string) string
	out    *term.Output
	open   *atomic.Bool // bubbletea waits for one, and takes no messages
}

// command is a program for bubbletea: it gives the terminal away and takes it back.
func (t *tools) command(tool app.Tool) tea.ExecCommand { return &toolRun{tools: t, tool: tool} }

// toolRun is one run of a program. It gets the terminal itself: bubbletea's input would keep some of what is typed.
type toolRun struct {
	tools *tools
	tool  app.Tool
}

func (r *toolRun) SetStdin(io.Reader)  {}
func (r *toolRun) SetStdout(io.Writer) {}
func (r *toolRun) SetStderr(io.Writer) {}

// Run returns when the program has ended.
func (r *toolRun) Run() error {
	r.tools.open.Store(true)
	defer r.tools.open.Store(false)
	if _, err := io.WriteString(r.tools.out, "\x1b[2J\x1b[H"); err != nil {
		return err
	}
	switch r.tool.Kind {
	case app.Pager:
		return r.shell(r.tools.pager(), strings.NewReader(r.tool.Text))
	case app.Pipe:
		return r.pipe()
	case app.Editor:
	}
	return r.edit()
}

// pager is what the operator reads texts with. less is told to leave at once what fits on the screen to the console: it would be
// gone before it was read.
func (t *tools) pager() string {
	if p := t.getenv("PAGER"); p != "" {
		return p
	}
	if _, err := exec.LookPath("less"); err == nil {
		return "less -R"
	}
	return "more"
}

// pipe shows what a command makes of the text until enter is pressed. The keyboard is the command's, too.
func (r *toolRun) pipe() error {
	err := r.shell(r.tool.Line, strings.NewReader(r.tool.Text))
	_, ended := errors.AsType[*exec.ExitError](err)
	if err != nil && !ended {
		return err
	}
	word := "done"
	if ended {
		word = err.Error()
	}
	fmt.Fprintf(r.tools.out, "\n[%s; enter goes back to the console]", word)
	return errors.Join(err, r.shell(`read -r _ </dev/tty`, nil))
}

// edit has a copy of the text edited, and takes back what became of it.
func (r *toolRun) edit() (err error) {
	dir, err := os.MkdirTemp("", "reeve-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	name := filepath.Join(dir, filepath.Base(r.tool.Name))
	if err := os.WriteFile(name, []byte(r.tool.Text), 0o600); err != nil {
		return err
	}
	editor := cmp.Or(r.tools.getenv("VISUAL"), r.tools.getenv("EDITOR"), "vi")
	if words := strings.Fields(editor); len(words) > 0 {
		if _, err := exec.LookPath(words[0]); err != nil {
			return fmt.Errorf("there is no editor %s here; set EDITOR", words[0])
		}
	}
	line := ""
	if r.tool.At > 0 {
		line = fmt.Sprintf(" +%d", r.tool.At)
	}
	if err := r.shell(editor+line+` "$1"`, os.Stdin, name); err != nil {
		return fmt.Errorf("%s: %w", editor, err)
	}
	if r.tool.Result == nil {
		return nil // it was only to be read
	}
	data, err := os.ReadFile(name)
	*r.tool.Result = string(data)
	return err
}

// shell runs a command line as the operator's shell would; args are its $1 and so on.
func (r *toolRun) shell(line string, in io.Reader, args ...string) error {
	c := exec.Command("sh", append([]string{"-c", line, "sh"}, args...)...)
	c.Stdin, c.Stdout, c.Stderr = in, os.Stdout, os.Stderr
	return c.Run()
}
