// Package app is the console's root: a stack of screens, what may lie over them (a question, a menu, help, the command
// line), and the keys that work everywhere. It knows how screens are told of keys and drawn, and nothing of the cluster
// but whether the link to it is live. It never does I/O: what it is given does, outside of the loop. Start reading at
// Update.
package app

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/tui/action"
	"codeberg.org/reeve/reeve/tui/feed"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/glance"
	"codeberg.org/reeve/reeve/tui/history"
	"codeberg.org/reeve/reeve/tui/outcome"
	"codeberg.org/reeve/reeve/tui/question"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/theme"
)

// Deps is what the app is given.
type Deps struct {
	Store      *store.Store
	Now        func() time.Time
	Theme      func(name string) *theme.Theme
	Look       string // name of the first theme
	ReadOnly   bool
	Context    string   // name of the cluster in the operator's configuration, "" if it has none
	Contexts   []string // all of them
	Demo       bool     // the cluster is made up, which every screen says
	Served     bool     // on another machine than the operator's: there is no shell to be suspended to
	Via        string   // the host through which the cluster is reached, "" if that is no other
	Production bool     // a word has to be typed before anything is changed
	Open       func(screen.Env, screen.Target) screen.Screen
	Env        screen.Env // all but Async
	Doer       action.Doer
	Want       func([]feed.Want)
	Retry      func()
	Pace       func(least time.Duration) // how often screens look at what has changed, at most; may be nil
	Touch      func(now time.Time)       // somebody uses the console; may be nil
	Copy       func(text string) (note string, err error)
	Shell      func(s screen.Shell) tea.ExecCommand            // a shell in a task; nil without a real terminal
	Tool       func(t Tool) tea.ExecCommand                    // a program of the operator's; nil where there are none
	Exec       func(tea.ExecCommand, tea.ExecCallback) tea.Cmd // nil is bubbletea's
	Restored   map[screen.Kind]screen.State
	Lines      []string     // commands of earlier sessions, newest last
	Looks      screen.Looks // as the last session had them
	Mouse      bool         // use it from the start
	Describe   func(t screen.Thing) (name, text string)
	Keep       func(Session) // called now and then, outside of the loop

	// CheckConfig looks at the operator's configuration, outside of the loop: where it is, or what is wrong with which line. Nil where
	// there is none.
	CheckConfig func() (path string, err error)

	First   []screen.Target // screens over the overview to begin with
	Cluster string          // the id of the cluster that First and Restored are of, "" if that is not known
}

// App is the root model.
type App struct {
	deps  Deps
	bg    func() (context.Context, context.CancelFunc) // a context for a screen or an action
	theme *theme.Theme

	stack []*layer // the first is the overview
	next  uint64   // id of the next layer
	last  screen.Target
	saved map[screen.Kind]screen.State

	over  overlay // what lies over the screen, nil if nothing does
	toast toast
	busy  int // actions that run

	outcomes outcome.Watch
	quitting overlay // the question whether to quit meanwhile, the last time it was asked

	pending     *pending // what was agreed to and can still be stopped, nil usually
	undone      undoing  // how the last action is undone, nil if it cannot be
	undoneUntil time.Time

	w, h    int
	dirty   bool
	news    time.Time // when the store had some last
	frame   string
	paper   *frame.Frame
	lines   []string // commands that were run, newest last
	past    history.History
	mouse   bool
	clicked struct {
		x, y int
		at   time.Time
	}
	looks screen.Looks
	full  bool   // texts have the whole terminal
	of    string // the id of the cluster
	ticks int
	leave string // the context to go to after the end
}

// layer is a screen on the stack.
type layer struct {
	screen screen.Screen
	target screen.Target
	id     uint64
	cancel context.CancelFunc
}

// toast is a notice that goes by itself.
type toast struct {
	text  string
	role  theme.Role
	until time.Time
}

// Messages of the app to itself.
type (
	// forScreen is what an Async command of a screen answered, or what it addressed to itself. It is dropped when the screen is gone.
	forScreen struct {
		id  uint64
		msg tea.Msg
	}
	// done is what became of an action, for the screen that asked.
	done struct {
		id     uint64
		result action.Result
	}
	// heard is what agents told of the targets of a question, which may be closed by then.
	heard struct {
		by   *question.Question
		busy glance.Busy
	}
)

// How long a notice stays, and how much longer one that the operator has not just asked for.
const (
	toastStay = 6 * time.Second
	newsStay  = 14 * time.Second
)

// New returns the app. Everything that screens and actions start ends with ctx.
func New(ctx context.Context, deps Deps) *App {
	a := &App{
		deps: deps, theme: deps.Theme(deps.Look), saved: map[screen.Kind]screen.State{}, dirty: true,
		bg: func() (context.Context, context.CancelFunc) { return context.WithCancel(ctx) },
	}
	maps.Copy(a.saved, deps.Restored)
	if a.deps.Exec == nil {
		a.deps.Exec = tea.Exec
	}
	a.lines, a.mouse, a.looks = slices.Clone(deps.Lines), deps.Mouse, deps.Looks
	a.looks.Pane = min(max(a.looks.Pane, 0), len(panes)-1)
	if deps.Pace != nil && a.looks.Pace > 0 {
		deps.Pace(a.looks.Pace)
	}
	a.stack = append(a.stack, a.open(screen.Target{Kind: screen.Overview}))
	for _, t := range deps.First {
		a.stack = append(a.stack, a.open(t))
	}
	a.past.Note(a.path())
	return a
}

// Init starts the clock and the first screens.
func (a *App) Init() tea.Cmd {
	cmds := []tea.Cmd{tick()}
	if a.mouse {
		cmds = append(cmds, tea.EnableMouseCellMotion)
	}
	for _, l := range slices.Clone(a.stack) {
		cmds = append(cmds, a.settle(l, l.screen.Start()))
	}
	return tea.Batch(cmds...)
}

func tick() tea.Cmd {
	return tea.Tick(time.Second, func(time.Time) tea.Msg { return screen.Tick{} })
}

// Update takes a message.
func (a *App) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	_, tick := msg.(screen.Tick)
	// What changes all the time is drawn once a second at least: a tick in between needs no frame of its own.
	a.dirty = a.dirty || !tick || a.over != nil || a.pending != nil || a.deps.Now().Sub(a.news) > 1100*time.Millisecond
	cmd := a.update(msg)
	a.past.Note(a.path())
	a.want()
	if w, ok := a.top().screen.(screen.Worker); ok {
		cmd = tea.Batch(cmd, a.settle(a.top(), w.Work()))
	}
	return a, cmd
}

func (a *App) update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		a.w, a.h = msg.Width, msg.Height
	case tea.KeyMsg:
		a.touched()
		return a.keys(msg)
	case tea.MouseMsg:
		a.touched()
		return a.mouseEvent(msg)
	case screen.Tick:
		return tea.Batch(tick(), a.tellScreen(a.top(), msg), a.keepNow(), a.due())
	case screen.Changed:
		a.news = a.deps.Now()
		a.recognize()
		a.tellOutcomes()
		return a.tellScreen(a.top(), msg)
	case done:
		return a.finish(msg)
	case toolEnded:
		return a.toolDone(msg)
	default:
		return a.asked(a.top(), msg)
	}
	return nil
}

func (a *App) touched() {
	if a.deps.Touch != nil {
		a.deps.Touch(a.deps.Now())
	}
}

// asked takes what a screen or a command wants of the app.
func (a *App) asked(l *layer, msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case forScreen:
		return a.tellScreen(a.layer(msg.id), msg.msg)
	case screen.Swap:
		return a.swap(l, msg.Target)
	case screen.Pop:
		a.drop(l)
	case screen.Go:
		return a.push(msg.Target)
	case screen.Top:
		return a.goTop(msg.Target)
	case screen.Toast:
		a.say(msg.Role, msg.Text)
	case screen.Ask:
		return a.ask(msg.Action)
	case screen.Copy:
		return a.copy(msg)
	default:
		return a.askedMore(msg)
	}
	return nil
}

// copy puts text on the clipboard outside of the loop.
func (a *App) copy(c screen.Copy) tea.Cmd {
	put := a.deps.Copy
	return func() tea.Msg {
		note, err := put(c.Text)
		if err != nil {
			return screen.Toast{Text: "not copied: " + err.Error(), Role: theme.Bad}
		}
		return screen.Toast{Text: c.What + " " + note, Role: theme.Good}
	}
}

func (a *App) say(role theme.Role, text string) {
	a.toast = toast{text, role, a.deps.Now().Add(toastStay)}
}

// tellOutcomes says what has become of jobs that were changed, or were on their way when the operator looked at them.
func (a *App) tellOutcomes() {
	looked := ""
	if t := a.top().target; t.Kind == screen.Job {
		looked = t.ID
	}
	for _, n := range a.outcomes.News(a.deps.Store.Snapshot(), looked, a.deps.Now()) {
		a.say(n.Role, n.Text)
		a.toast.until = a.toast.until.Add(newsStay)
	}
}

func (a *App) top() *layer { return a.stack[len(a.stack)-1] }

func (a *App) layer(id uint64) *layer {
	for _, l := range a.stack {
		if l.id == id {
			return l
		}
	}
	return nil
}

// push opens a screen on top.
func (a *App) push(target screen.Target) tea.Cmd {
	l := a.open(target)
	a.stack = append(a.stack, l)
	a.over = nil
	return a.settle(l, l.screen.Start())
}

// open makes a screen, which is not on the stack yet.
func (a *App) open(target screen.Target) *layer {
	a.next++
	id := a.next
	ctx, cancel := a.bg()
	env := a.deps.Env
	env.Self = func(msg tea.Msg) tea.Msg { return forScreen{id, msg} }
	env.Async = func(fn func(context.Context) tea.Msg) tea.Cmd {
		return screen.Send(outside(func() tea.Msg { return forScreen{id, fn(ctx)} }))
	}
	if target.Kind == screen.Job {
		a.outcomes.Looking(a.deps.Store.Snapshot(), target.ID, a.deps.Now())
	}
	s := a.deps.Open(env, target)
	if saver, ok := s.(screen.Saver); ok && target.Arg == "" {
		if st, found := a.saved[target.Kind]; found {
			saver.Restore(st)
		}
	}
	return &layer{screen: s, target: target, id: id, cancel: cancel}
}

// pop closes the top screen, but never the last one.
func (a *App) pop() bool {
	if len(a.stack) == 1 {
		return false
	}
	a.drop(a.top())
	return true
}

// keep remembers a screen's settings for the next one of its kind.
func (a *App) keep(l *layer) {
	if saver, ok := l.screen.(screen.Saver); ok && l.target.Arg == "" {
		a.saved[l.target.Kind] = saver.Save()
	}
}

// goTop closes everything but the overview and opens a screen over it.
func (a *App) goTop(target screen.Target) tea.Cmd {
	a.over = nil
	if t := a.top().target; t.Kind != target.Kind {
		a.last = t
	}
	if a.top().target == target && len(a.stack) <= 2 {
		return nil
	}
	for a.pop() {
	}
	if target.Kind == screen.Overview {
		return nil
	}
	return a.push(target)
}

// want tells the feed whose usage is on the screen.
func (a *App) want() {
	var wants []feed.Want
	if w, ok := a.top().screen.(screen.Wanter); ok {
		wants = w.Wants()
	}
	a.deps.Want(wants)
}

// Session is what to keep for the next time.
type Session struct {
	Screens map[screen.Kind]screen.State // settings
	Open    []screen.Target              // the screens over the overview
	Lines   []string                     // commands, newest last
	Looks   screen.Looks
	Cluster string // its id, "" if no master has told it
}

// Session is what to keep for the next time.
func (a *App) Session() Session {
	var open []screen.Target
	for i, l := range a.stack {
		a.keep(l)
		if i > 0 && !passing(l.target.Kind) {
			open = append(open, l.target)
		}
	}
	return Session{Screens: maps.Clone(a.saved), Open: open, Lines: slices.Clone(a.lines[max(len(a.lines)-keptLines, 0):]), Looks: a.looks, Cluster: cmp.Or(a.of, a.deps.Cluster)}
}

// passing says whether a screen is one that nobody wants to begin with.
func passing(kind screen.Kind) bool {
	return kind == screen.Submit || kind == screen.Secret || kind == screen.Window || kind == screen.Shells
}

// How much and how often is kept.
const (
	keptLines = 200
	keepEvery = 30 // ticks
)

// keepNow keeps the session from time to time, for consoles whose machine loses power.
func (a *App) keepNow() tea.Cmd {
	if a.ticks++; a.deps.Keep == nil || a.ticks%keepEvery != 0 {
		return nil
	}
	s := a.Session()
	return func() tea.Msg {
		a.deps.Keep(s)
		return nil
	}
}
