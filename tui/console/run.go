// Package console puts the console together and runs it: terminal, source, feed, store and app. It owns the options and
// the order in which things start and stop, and decides nothing else. Start reading at Run.
package console

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"syscall"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/mattn/go-isatty"
	"github.com/spf13/pflag"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/flagset"
	"codeberg.org/reeve/reeve/shared/run"
	"codeberg.org/reeve/reeve/tui/app"
	"codeberg.org/reeve/reeve/tui/command"
	"codeberg.org/reeve/reeve/tui/config"
	"codeberg.org/reeve/reeve/tui/early"
	"codeberg.org/reeve/reeve/tui/fake"
	"codeberg.org/reeve/reeve/tui/feed"
	"codeberg.org/reeve/reeve/tui/paint"
	"codeberg.org/reeve/reeve/tui/reach"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/screen/detail"
	"codeberg.org/reeve/reeve/tui/screen/open"
	"codeberg.org/reeve/reeve/tui/state"
	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/term"
	"codeberg.org/reeve/reeve/tui/theme"
)

// Options are the console's flags.
type Options struct {
	Way      reach.Way
	Demo     bool // a made-up cluster instead of masters
	ReadOnly bool
	ASCII    bool
	Theme    string          // dark, light or auto
	Fresh    bool            // do not restore the last session
	Plain    bool            // print the overview once; see Plain
	Data     func(any) error // prints what Plain does for programs; nil: for people

	Context string // name of the cluster in Config, "" if masters were named
	Config  config.Config
}

// AddFlags defines the console's own flags.
func (o *Options) AddFlags(flags *pflag.FlagSet) {
	flags.BoolVar(&o.Demo, "demo", false, "show a made-up cluster")
	flags.BoolVar(&o.ReadOnly, "read-only", false, "switch off everything that changes the cluster")
	flags.BoolVar(&o.ASCII, "ascii", false, "draw with ASCII only (automatic when the locale is not UTF-8)")
	flags.StringVar(&o.Theme, "theme", "auto", "dark, light or auto")
	flags.BoolVar(&o.Plain, "plain", false, "print the overview once, as plain text: for screen readers, watch and pipes; with -o json or yaml as one document")
	flags.BoolVar(&o.Fresh, "fresh", false, "begin with the overview instead of where the last session ended")
}

// validate refuses what cannot be run.
func (o *Options) validate() error {
	switch o.Theme {
	case "dark", "light", "auto", "":
	default:
		return fmt.Errorf("--theme is dark, light or auto, not %q", o.Theme)
	}
	if o.Plain {
		return nil
	}
	if !isatty.IsTerminal(os.Stdin.Fd()) || !isatty.IsTerminal(os.Stdout.Fd()) {
		return errors.New("the console needs a terminal; for scripts there are verbs, such as reeve tasks -o json")
	}
	return nil
}

// Run shows the console until the operator leaves it or ctx ends, one cluster after the other if he goes to others.
func Run(ctx context.Context, o Options) error {
	if !early.Answered {
		return errors.New("the terminal was asked for its background too early")
	}
	if o.Plain {
		return Plain(ctx, o, os.Stdout)
	}
	if err := o.validate(); err != nil {
		return err
	}
	if len(o.Config.Console.Columns) > 0 {
		if err := o.Config.CheckColumns(open.Columns()); err != nil {
			return fmt.Errorf("%s: %w", config.Path(os.Getenv), err)
		}
	}
	for {
		next, err := show(ctx, o)
		if err != nil || next == "" {
			return err
		}
		x, err := o.Config.Find(next)
		if err != nil {
			return err
		}
		o.Context, o.Way, o.Demo = next, x.Way(next), false
	}
}

// lateAnswer is how long the terminal has for its answer when the console is left before that came.
var lateAnswer = 50 * time.Millisecond

// show shows one cluster; next is the one to go to, "" if the operator left.
func show(ctx context.Context, o Options) (next string, err error) {
	ctx, cancel := hungUp(ctx)
	defer cancel()
	source, closeSource, err := sourceOf(o)
	if err != nil {
		return "", err
	}
	defer closeSource()
	caps := term.Detect(os.Getenv)
	cluster := o.Way.Masters
	if o.Way.SSH != "" { // an address behind it may be another cluster's elsewhere
		cluster = slices.Concat(cluster, []string{"ssh " + o.Way.SSH})
	}
	dir := state.Open(os.Getenv, cluster)
	if o.Demo {
		dir = state.Open(os.Getenv, nil)
	}
	st := store.New()
	f := feed.New(source, st)
	out := term.NewOutput(os.Stdout)
	session := dir.Load()
	sh := &shells{ctx: func() context.Context { return ctx }, out: out, create: dir.Create}
	d := deps(o, caps, source, st, f, out, dir, session)
	if !d.Served { // their programs are not where the console is
		d.Tool = (&tools{getenv: os.Getenv, out: out, open: &sh.open}).command
	}
	if c, ok := source.(*client.Client); ok {
		sh.client, d.Shell, d.Env.Inside = c, sh.in, sh.inside
	}
	if c, ok := source.(*fake.Cluster); ok {
		d.Env.Inside = c.Inside
	}
	root := app.New(ctx, d)
	painter := paint.New(out, gap(caps))
	in := term.NewInput(os.Stdin)
	model := painter.Model(root)
	ask := d.Look == "auto" && caps.Asks // neither the operator nor the environment has said what the background is
	if ask {
		model = asker{model, out}
	}
	p := tea.NewProgram(model, append(painter.Options(os.Stdout), tea.WithContext(ctx), tea.WithInput(in))...)
	if ask {
		in.OnBackground(func(light bool) { p.Send(command.Theme{Name: map[bool]string{true: "light", false: "dark"}[light]}) })
	}

	group := run.NewGroup(ctx)
	group.Go("painter", guard(p, painter.Run))
	group.Go("feed", guard(p, func(ctx context.Context) error { return f.Run(ctx, func() { sh.tell(p) }) }))
	if demo, ok := source.(*fake.Cluster); ok {
		group.Go("demo", guard(p, demo.Run))
	}
	_, err = p.Run()
	in.DropAnswer(lateAnswer)
	group.Stop()
	err = errors.Join(ended(err), group.Wait())
	return root.Next(), errors.Join(err, keep(dir, root.Session()))
}

// asker is a model that asks the terminal for its background once that is raw: before, the answer would be shown.
type asker struct {
	tea.Model
	out io.Writer
}

func (a asker) Init() tea.Cmd {
	return tea.Batch(a.Model.Init(), func() tea.Msg {
		_, _ = io.WriteString(a.out, term.AskBackground) // a terminal that is gone is seen by whoever draws
		return nil
	})
}

// hungUp ends a context at SIGHUP: by itself that ends a process at once, and leaves the terminal raw and the session unkept. Where it is
// ignored, as under nohup, it stays so.
func hungUp(ctx context.Context) (context.Context, context.CancelFunc) {
	if signal.Ignored(syscall.SIGHUP) {
		return context.WithCancel(ctx)
	}
	return signal.NotifyContext(ctx, syscall.SIGHUP)
}

func keep(dir *state.Dir, s app.Session) error {
	return dir.Store(state.Session{Screens: s.Screens, Open: s.Open, Lines: s.Lines, Looks: s.Looks, Cluster: s.Cluster})
}

// guard turns a panic of a goroutine into an error and gives the terminal back first: raw mode would outlive the process.
func guard(p *tea.Program, fn func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) (err error) {
		defer func() {
			if r := recover(); r != nil {
				p.Kill()
				err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
			}
		}()
		return fn(ctx)
	}
}

// ended is err, but a signal to end is no failure, nor is a terminal that was closed.
func ended(err error) error {
	if errors.Is(err, tea.ErrInterrupted) || errors.Is(err, context.Canceled) || errors.Is(err, term.ErrGone) {
		return nil
	}
	return err
}

// gap is the time between two writes to the terminal, at least: longer over a network, where nobody sees the difference. A
// key waits for it only when something was painted just before.
func gap(caps term.Caps) time.Duration {
	if caps.SSH {
		return 50 * time.Millisecond
	}
	return 5 * time.Millisecond
}

func sourceOf(o Options) (feed.Source, func(), error) {
	if o.Demo {
		return fake.New(time.Now()), func() {}, nil
	}
	options, err := o.Way.Client(client.Options{User: os.Getenv(flagset.EnvName("user"))})
	if err != nil {
		return nil, nil, err
	}
	c, err := client.New(options)
	if err != nil {
		return nil, nil, err
	}
	return c, c.Close, nil
}

func deps(o Options, caps term.Caps, source feed.Source, st *store.Store, f *feed.Feed, out *term.Output, dir *state.Dir, session state.Session) app.Deps {
	var x config.Context
	if o.Context != "" {
		x = o.Config.Contexts[o.Context]
	}
	flags := o.Way.Flags()
	if o.Demo {
		flags = []string{"--master=" + source.Master()}
	}
	ascii := o.ASCII || o.Config.Console.ASCII || !caps.UTF8
	d := app.Deps{
		Store: st, Now: time.Now, Look: look(o, caps), ReadOnly: o.ReadOnly || x.ReadOnly, Demo: o.Demo, Production: x.Production, Via: o.Way.SSH,
		Context: o.Context, Contexts: o.Config.Names(), Open: open.Screen, Doer: source,
		Want: f.Want, Retry: f.Retry, Pace: f.Pace, Touch: f.Touch, Restored: session.Screens, Cluster: session.Cluster, Lines: session.Lines, Looks: session.Looks, Mouse: o.Config.Console.Mouse,
		Describe: func(t screen.Thing) (string, string) { return detail.Describe(st.Snapshot(), t, time.Now()) },
		Keep:     func(s app.Session) { _ = keep(dir, s) }, // it is tried again, and told of at the end

		Theme: func(name string) *theme.Theme {
			return theme.New(theme.Options{Profile: caps.Profile, Plain: caps.Plain, ASCII: ascii, Name: name})
		},
		Copy:        func(text string) (string, error) { return out.Copy(caps, text) },
		CheckConfig: checkConfig,
		Env: screen.Env{
			Store: st, Now: time.Now, HostDetail: source.HostDetail, ContainerDetail: source.ContainerDetail, ReadFile: source.ReadFile, ReadDaemonLog: source.ReadDaemonLog, MasterFigures: source.MasterFigures, Members: source.Members, LogStart: source.LogStart, LogTimes: source.LogTimes, Maintenance: source.Maintenance, Secrets: source.Secrets, ReadLocal: readLocal, LogSince: source.LogSince, ListFiles: source.ListFiles, Save: dir.Save, Draft: dir.Draft, Templates: dir.Templates,
			Columns: dir.Columns(o.Config.Picks()),
			Reach:   flags,
			Shelf:   map[string]any{},
		},
	}
	if !o.Fresh {
		d.First = session.Open
	}
	if os.Getenv(flagset.EnvName("served")) != "" {
		d.Served = true
		d.Env.ReadLocal, d.CheckConfig = nil, nil
		d.Env.Save = func(string, func() ([]byte, error)) (string, int64, error) {
			return "", 0, errors.New("nothing can be kept on the machine that serves this console; copy it, or use reeve on your own")
		}
	}
	return d
}

// checkConfig says what is wrong with the operator's configuration as it is now, and what was looked at.
func checkConfig() (string, error) {
	path := config.Path(os.Getenv)
	c, err := config.Load(path)
	if err != nil {
		return "", err
	}
	if err := errors.Join(c.CheckColumns(open.Columns()), c.CheckFiles()); err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return path, nil
}

// look picks the theme: what was asked for, else what is configured, else what the terminal told about its background.
func look(o Options, caps term.Caps) string {
	configured := cmp.Or(o.Config.Contexts[o.Context].Theme, o.Config.Console.Theme)
	switch {
	case (o.Theme == "" || o.Theme == "auto") && (configured == "dark" || configured == "light"):
		return configured
	case o.Theme == "dark" || o.Theme == "light":
		return o.Theme
	case caps.Known && caps.Light:
		return "light"
	case caps.Known:
		return "dark"
	}
	return "auto"
}
