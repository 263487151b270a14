// Package tuitest runs the whole console against the fake cluster in an in-process terminal, in a synctest bubble: what
// it shows is what an operator would see, time is exact, and an hour takes no time. It never touches a real terminal.
// Start reading at Run.
package tuitest

import (
	stdcmp "cmp"
	"context"
	"errors"
	"flag"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/google/go-cmp/cmp"
	"github.com/hinshun/vt10x"
	"github.com/muesli/termenv"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/app"
	"codeberg.org/reeve/reeve/tui/fake"
	"codeberg.org/reeve/reeve/tui/feed"
	"codeberg.org/reeve/reeve/tui/paint"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/screen/detail"
	"codeberg.org/reeve/reeve/tui/screen/open"
	"codeberg.org/reeve/reeve/tui/state"
	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/table"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Options say how the console is run.
type Options struct {
	W, H       int // 80 and 24 if zero
	ASCII      bool
	NoColor    bool
	ReadOnly   bool
	Production bool
	Demo       bool
	Look       string                     // theme, "auto" if empty
	Lines      []string                   // commands of earlier sessions
	Looks      screen.Looks               // as the last session had them
	Session    *app.Session               // the last one, nil for none
	Config     error                      // what is wrong with the operator's configuration
	Contexts   []string                   // the first is this cluster's
	Reach      []string                   // flags by which command lines reach the cluster; nil names the master
	Columns    map[string][]table.Pick    // configured ones
	Shell      func(s screen.Shell) error // plays shells in tasks, nil for none
	Tool       func(t app.Tool) error     // plays the operator's programs, nil for none
	Silent     bool                       // agents never answer what is asked of one container
}

// Console is a running console.
type Console struct {
	t       *testing.T
	Cluster *fake.Cluster
	Root    *app.App
	vt      *terminal
	in      *io.PipeWriter
	ended   atomic.Bool
	draft   map[string]string // only the console's loop changes it

	mu     sync.Mutex // guards copied and saved
	copied string
	saved  []byte
}

// errEnded is what keys find that come after the console was quit.
var errEnded = errors.New("the console has ended")

// terminal is vt10x behind a lock: the program writes while the test reads.
type terminal struct {
	mu    sync.Mutex // guards vt and bytes
	vt    vt10x.Terminal
	bytes int
}

func (w *terminal) written() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.bytes
}

func (w *terminal) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bytes += len(p)
	return w.vt.Write(p)
}

// Run runs the console in a bubble and calls story when it shows its first frame.
func Run(t *testing.T, o Options, story func(c *Console)) {
	t.Helper()
	if o.W == 0 {
		o.W, o.H = 80, 24
	}
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(12*time.Hour + 4*time.Minute + 31*time.Second) // bubbles begin at midnight, which dates would show
		ctx, cancel := context.WithCancel(t.Context())
		c := &Console{t: t, Cluster: fake.New(time.Now()), vt: &terminal{vt: vt10x.New(vt10x.WithSize(o.W, o.H))}}
		st := store.New()
		f := feed.New(c.Cluster, st)
		c.Root = app.New(ctx, c.deps(o, st, f))
		var in *io.PipeReader
		in, c.in = io.Pipe()
		painter := paint.New(c.vt, time.Millisecond)
		p := tea.NewProgram(painter.Model(c.Root), append(painter.Options(nil), tea.WithInput(in), tea.WithoutSignalHandler())...)
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := painter.Run(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("paint: %v", err)
			}
		})
		wg.Go(func() {
			if _, err := p.Run(); err != nil {
				t.Errorf("run: %v", err)
			}
			c.ended.Store(true)
			_ = in.CloseWithError(errEnded) // nobody reads any more: a story that goes on typing is told so
		})
		wg.Go(func() {
			if err := f.Run(ctx, func() { p.Send(screen.Changed{}) }); err != nil {
				t.Errorf("feed: %v", err)
			}
		})
		p.Send(tea.WindowSizeMsg{Width: o.W, Height: o.H})
		c.settle()
		defer func() { // also when the story gives up
			p.Quit()
			cancel()
			if err := c.in.Close(); err != nil {
				t.Error(err)
			}
			wg.Wait()
			time.Sleep(2 * time.Second) // commands that wait for the clock end by themselves
		}()
		story(c)
	})
}

func (c *Console) deps(o Options, st *store.Store, f *feed.Feed) app.Deps {
	profile := termenv.ANSI256
	if o.NoColor {
		profile = termenv.Ascii
	}
	var tool func(t app.Tool) tea.ExecCommand
	if o.Tool != nil {
		tool = func(t app.Tool) tea.ExecCommand { return program(func() error { return o.Tool(t) }) }
	}
	var shell func(s screen.Shell) tea.ExecCommand
	if o.Shell != nil {
		shell = func(s screen.Shell) tea.ExecCommand {
			return player{program(func() error { return o.Shell(s) }), s.Record}
		}
	}
	reach := o.Reach
	if reach == nil {
		reach = []string{"--master=" + c.Cluster.Master()}
	}
	context := ""
	if len(o.Contexts) > 0 {
		context = o.Contexts[0]
	}
	var last app.Session
	lines := o.Lines
	if o.Session != nil {
		last = *o.Session
		lines = append(lines, last.Lines...)
	}
	return app.Deps{
		Restored: last.Screens, First: last.Open, Cluster: last.Cluster, CheckConfig: func() (string, error) { return "/home/me/config.yaml", o.Config },
		Context: context, Lines: lines, Looks: o.Looks, Tool: tool, Shell: shell,
		Exec:     func(c tea.ExecCommand, done tea.ExecCallback) tea.Cmd { return func() tea.Msg { return done(c.Run()) } },
		Describe: func(t screen.Thing) (string, string) { return detail.Describe(st.Snapshot(), t, time.Now()) },
		Store:    st, Now: time.Now, Look: stdcmp.Or(o.Look, "auto"), ReadOnly: o.ReadOnly, Production: o.Production, Demo: o.Demo, Contexts: o.Contexts, Open: open.Screen, Doer: c.Cluster, Want: f.Want, Retry: f.Retry, Pace: f.Pace, Touch: f.Touch,
		Theme: func(name string) *theme.Theme {
			return theme.New(theme.Options{Profile: profile, ASCII: o.ASCII, Name: name})
		},
		Copy: func(text string) (string, error) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.copied = text
			return "copied", nil
		},
		Env: c.env(o, st, reach),
	}
}

// env is what screens have.
func (c *Console) env(o Options, st *store.Store, reach []string) screen.Env {
	kept := state.Open(func(string) string { return "" }, nil) // in memory only
	templates := map[string]map[string]string{}
	return screen.Env{
		Store: st, Now: time.Now, ReadFile: c.Cluster.ReadFile, ReadDaemonLog: c.Cluster.ReadDaemonLog, MasterFigures: c.Cluster.MasterFigures, Members: c.Cluster.Members, LogStart: c.Cluster.LogStart, LogTimes: c.Cluster.LogTimes, Maintenance: c.Cluster.Maintenance, Secrets: c.Cluster.Secrets, ReadLocal: readLocal, Inside: c.Cluster.Inside, LogSince: c.Cluster.LogSince, ListFiles: c.Cluster.ListFiles, Save: c.save, Reach: reach, Shelf: map[string]any{},
		Columns: kept.Columns(o.Columns),
		Templates: func(name string, fields map[string]string) map[string]map[string]string {
			if name != "" {
				templates[name] = fields
			}
			return templates
		},
		HostDetail: c.Cluster.HostDetail, ContainerDetail: c.closeLook(o.Silent),
		Draft: func(set map[string]string) map[string]string {
			if set != nil {
				c.draft = set
			}
			return c.draft
		},
	}
}

// closeLook asks for a close look at a container, which a silent agent does not give.
func (c *Console) closeLook(silent bool) func(ctx context.Context, agentHTTP, framework, task string) (*reeveapi.ContainerDetail, error) {
	if !silent {
		return c.Cluster.ContainerDetail
	}
	return func(ctx context.Context, _, _, _ string) (*reeveapi.ContainerDetail, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
}

// localFiles are those of the operator's machine.
var localFiles = map[string]string{"~/tls.key": "-----BEGIN KEY-----\nMIIE\n-----END KEY-----\n"}

func readLocal(path string, most int) ([]byte, error) {
	data, there := localFiles[path]
	if !there || len(data) > most {
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	return []byte(data), nil
}

// player is a shell that is played.
type player struct {
	program
	record bool
}

func (p player) Transcript() (path, note string) {
	if !p.record {
		return "", ""
	}
	return "/home/me/shell.log", "what was seen is in"
}

// program is one that needs no terminal.
type program func() error

func (p program) Run() error        { return p() }
func (program) SetStdin(io.Reader)  {}
func (program) SetStdout(io.Writer) {}
func (program) SetStderr(io.Writer) {}

func (c *Console) save(name string, next func() ([]byte, error)) (string, int64, error) {
	var all []byte
	for {
		data, err := next()
		if err != nil || len(data) == 0 {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.saved = all
			return "/home/me/" + name, int64(len(all)), err
		}
		all = append(all, data...)
	}
}

// Copied is what was put on the clipboard last.
func (c *Console) Copied() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.copied
}

// Saved is what was saved last.
func (c *Console) Saved() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return string(c.saved)
}

// settle waits until all is done that can be done now, and the frame is on the screen.
func (c *Console) settle() {
	time.Sleep(150 * time.Millisecond)
	synctest.Wait()
}

// Press types keys, each as a terminal sends it: letters as they are, others by bubbletea's name.
func (c *Console) Press(names ...string) {
	c.t.Helper()
	for _, name := range names {
		c.Type(sequence(name))
	}
}

// Type writes bytes to the console in one piece.
func (c *Console) Type(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c.in, text); err != nil {
		c.t.Fatal(err)
	}
	c.settle()
}

// Ended says whether the console was quit: then it takes no keys.
func (c *Console) Ended() bool {
	return c.ended.Load()
}

// Pass lets the cluster's time and the console's go on.
func (c *Console) Pass(d time.Duration) {
	const step = 250 * time.Millisecond
	for ; d > 0; d -= step {
		time.Sleep(step)
		c.Cluster.Advance(step)
		synctest.Wait()
	}
	c.settle()
}

func sequence(name string) string {
	special := map[string]string{
		"enter": "\r", "esc": "\x1b", "tab": "\t", "shift+tab": "\x1b[Z", "up": "\x1b[A", "down": "\x1b[B", "right": "\x1b[C", "left": "\x1b[D",
		"backspace": "\x7f", "space": " ", "pgdown": "\x1b[6~", "pgup": "\x1b[5~", "home": "\x1b[H", "end": "\x1b[F", "ctrl+space": "\x00", "ctrl+\\": "\x1c",
		"shift+right": "\x1b[1;2C", "shift+left": "\x1b[1;2D",
	}
	if s, ok := special[name]; ok {
		return s
	}
	if letter, ok := strings.CutPrefix(name, "ctrl+"); ok && len(letter) == 1 {
		return string(rune(letter[0] & 0x1f))
	}
	return name
}

// Screen is what one sees, without trailing blanks.
func (c *Console) Screen() string {
	c.vt.mu.Lock()
	defer c.vt.mu.Unlock()
	w, h := c.vt.vt.Size()
	var b strings.Builder
	for y := range h {
		line := make([]rune, w)
		for x := range w {
			line[x] = max(c.vt.vt.Cell(x, y).Char, ' ')
		}
		b.WriteString(strings.TrimRight(string(line), " ") + "\n")
	}
	return b.String()
}

// Line is the first line of the screen that contains text, "" if none does.
func (c *Console) Line(text string) string {
	for line := range strings.SplitSeq(c.Screen(), "\n") {
		if strings.Contains(line, text) {
			return line
		}
	}
	return ""
}

// Reversed says whether the line that contains text is drawn in reverse video.
func (c *Console) Reversed(text string) bool {
	const reverse = 1 // vt10x keeps its attribute bits to itself
	lines := strings.Split(c.Screen(), "\n")
	c.vt.mu.Lock()
	defer c.vt.mu.Unlock()
	for y, line := range lines {
		if before, _, found := strings.Cut(line, text); found {
			return c.vt.vt.Cell(len([]rune(before)), y).Mode&reverse != 0
		}
	}
	return false
}

// Expect fails unless the screen shows every text.
func (c *Console) Expect(texts ...string) {
	c.t.Helper()
	s := c.Screen()
	for _, text := range texts {
		if !strings.Contains(s, text) {
			c.t.Errorf("the screen lacks %q:\n%s", text, s)
		}
	}
}

// Lacks fails if the screen shows one of the texts.
func (c *Console) Lacks(texts ...string) {
	c.t.Helper()
	s := c.Screen()
	for _, text := range texts {
		if strings.Contains(s, text) {
			c.t.Errorf("the screen has %q:\n%s", text, s)
		}
	}
}

// Golden compares the screen with a file of testdata.
func (c *Console) Golden(name string) {
	c.t.Helper()
	path := filepath.Join("testdata", name+".txt")
	got := c.Screen()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			c.t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		c.t.Fatalf("%v; go test -update writes it", err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		c.t.Errorf("%s changed (-want +got):\n%s", name, diff)
	}
}
