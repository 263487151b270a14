// Package screen is what all screens have in common: how they are named, drawn, told of keys and of changes, and what
// they may ask the app for. Screens read the store's snapshot and never do I/O themselves; what they need done they
// answer as a command. Start reading at Screen.
package screen

import (
	"context"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/action"
	"codeberg.org/reeve/reeve/tui/feed"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/table"
)

// Kind is a sort of screen.
type Kind string

// The kinds.
const (
	Overview    Kind = "overview"
	Agents      Kind = "agents"
	Agent       Kind = "agent"
	Tasks       Kind = "tasks"
	Task        Kind = "task"
	Jobs        Kind = "jobs"
	Job         Kind = "job"
	Frameworks  Kind = "frameworks"
	Roles       Kind = "roles"
	Offers      Kind = "offers"
	Maintenance Kind = "maintenance"
	Masters     Kind = "masters"
	Members     Kind = "members"
	Events      Kind = "events"
	Log         Kind = "log"
	Files       Kind = "files"
	Detail      Kind = "detail"
	Submit      Kind = "submit"
	Secrets     Kind = "secrets"
	Secret      Kind = "secret" // the form for a value
	Window      Kind = "window" // the form for a window of maintenance
	Shells      Kind = "shells" // the choice of a shell
)

// Target names a screen and what it shows. It is all that one screen knows of another, and it can be kept on disk.
type Target struct {
	Kind Kind   `json:"kind"`
	ID   string `json:"id,omitempty"`  // of an agent, a task ("framework/task"), a job
	Arg  string `json:"arg,omitempty"` // a filter, a stream, what to copy into a form, or what ArgOf made
}

// Screen is one page of the console. The app calls it from one goroutine, and does what its commands ask for before the next key:
// a command answers at once, unless Env.Async made it.
type Screen interface {
	Crumb() string
	Scopes() []keys.Scope
	// Start is called once, and Again each time the screen comes to the front.
	Start() tea.Cmd
	// Do takes a verb of the key table; false if the screen has no use for it.
	Do(verb keys.Verb) (tea.Cmd, bool)
	// Update takes what its own commands answered, and Changed and Tick.
	Update(msg tea.Msg) tea.Cmd
	Render(a frame.Area)
}

// Typist is a screen with text fields. While Typing, keys that are not bound in its own scopes go to Type.
type Typist interface {
	Typing() bool
	Type(key tea.KeyMsg) tea.Cmd
}

// Drafter is a screen into which something is typed that is sent later.
type Drafter interface {
	// Unsent says what becomes of what was typed and not sent if the console ends now, "" if there is nothing of the kind.
	Unsent() string
}

// Wanter is a screen that shows the usage of agents.
type Wanter interface {
	Wants() []feed.Want
}

// Offerer is a screen that knows when a verb makes no sense now.
type Offerer interface {
	Off(verb keys.Verb) string // why, or ""
}

// Teller is a screen that has something to say about its cursor's row.
type Teller interface {
	Status() (string, theme.Role)
}

// Previewer is a list that shows more of its cursor's row than what can be said of it in words.
type Previewer interface {
	// Preview draws into a part of the area and answers how many lines of it that took.
	Preview(a frame.Area) int
}

// Worker is a screen with work that a key must not wait for. It is asked after every message.
type Worker interface {
	Work() tea.Cmd
}

// Saver is a screen with settings that outlive it.
type Saver interface {
	Save() State
	Restore(s State)
}

// Leaver is a screen that wants to know when it is closed.
type Leaver interface {
	Leave()
}

// Leave tells a screen that it is closed.
func Leave(s Screen) {
	if l, ok := s.(Leaver); ok {
		l.Leave()
	}
}

// State is what a screen may keep.
type State struct {
	Table  table.Settings `json:"table,omitzero"`
	Filter string         `json:"filter,omitempty"`
	Tab    int            `json:"tab,omitempty"`
	Flag   bool           `json:"flag,omitempty"`
	On     []string       `json:"on,omitempty"` // other switches that are on
}

// Looks is how a console itself is set up, which outlives it, too.
type Looks struct {
	Pace    time.Duration `json:"pace,omitempty"`    // between two looks at what has changed, at least; 0 is as the console likes
	Preview bool          `json:"preview,omitempty"` // it is shown
	Pane    int           `json:"pane,omitempty"`    // how large it is
}

// Inside is what was found in a task's container.
type Inside struct {
	Programs []string // shells, by their paths, the best first
	Self     string   // whom the task runs as
	Users    []string // who else could be
}

// Env is what a screen may use. Each screen gets its own.
type Env struct {
	Store *store.Store
	Now   func() time.Time
	// Async runs fn outside of the loop; its answer comes to this screen's Update, unless the screen is gone by then.
	Async func(fn func(ctx context.Context) tea.Msg) tea.Cmd
	// Self addresses a message to this screen's Update: for what a menu or a question sends.
	Self func(msg tea.Msg) tea.Msg
	// ReadFile is the source's.
	ReadFile func(ctx context.Context, agentHTTP, path string, offset int64, length int) (data []byte, size int64, err error)
	// ReadDaemonLog is the source's.
	ReadDaemonLog func(ctx context.Context, peerHTTP, path string, offset int64, length int) (data []byte, size int64, err error)
	// MasterFigures is the source's.
	MasterFigures func(ctx context.Context, masterHTTP string, since time.Time) (*reeveapi.MasterFigures, error)
	// Members is the source's.
	Members func(ctx context.Context) ([]reeveapi.Member, error)
	// ListFiles is the source's.
	ListFiles func(ctx context.Context, agentHTTP, path string) ([]*mesosv1.FileInfo, error)
	// LogSince is the source's.
	LogSince func(ctx context.Context, agentHTTP, path string, ago time.Duration) (offset, size int64, err error)
	// Maintenance is the source's.
	Maintenance func(ctx context.Context) (reeveapi.Maintenance, error)
	// Secrets is the source's.
	Secrets func(ctx context.Context) ([]reeveapi.Secret, error)
	// ReadLocal reads a file of the operator's machine of at most so many bytes. It is nil where the console is on another.
	ReadLocal func(path string, most int) ([]byte, error)
	// Inside looks into a task's container. It may be nil.
	Inside func(ctx context.Context, t reeveapi.Task) (Inside, error)
	// LogTimes is the source's.
	LogTimes func(ctx context.Context, agentHTTP, path string, offset int64) ([]reeveapi.LogTime, error)
	// LogStart is the source's.
	LogStart func(ctx context.Context, agentHTTP, path string) (int64, error)
	// HostDetail is the source's.
	HostDetail func(ctx context.Context, agentHTTP string) (*reeveapi.HostDetail, error)
	// ContainerDetail is the source's.
	ContainerDetail func(ctx context.Context, agentHTTP, framework, task string) (*reeveapi.ContainerDetail, error)
	// Save writes a file on the operator's machine from pieces that next answers until it answers none.
	Save func(name string, next func() ([]byte, error)) (path string, size int64, err error)
	// Draft keeps the submit form's fields; with nil it answers them.
	Draft func(set map[string]string) map[string]string
	// Templates keeps a form under a name, if one is given, and answers all that are kept.
	Templates func(name string, fields map[string]string) map[string]map[string]string
	// Columns keeps which columns of a list are shown, if they are given, and answers which are. It may be nil.
	Columns func(list string, set *table.Columns) table.Columns
	// Shelf is where lists lay their rows when they are left, by the lists' names, for the next that is opened. Only the loop uses it.
	// It may be nil.
	Shelf map[string]any
	// Reach are the flags by which a command line reaches this cluster.
	Reach []string
}

// Later gives msg to this screen's Update after wait, or at once when the screen goes.
func (e Env) Later(wait time.Duration, msg tea.Msg) tea.Cmd {
	return e.Async(func(ctx context.Context) tea.Msg {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
		return msg
	})
}

// Messages for the app.
type (
	// Go opens a screen on top of this one.
	Go struct{ Target Target }
	// Top opens a screen in place of all.
	Top struct{ Target Target }
	// Swap opens a screen in place of this one.
	Swap struct{ Target Target }
	// Pop closes this screen.
	Pop struct{}
	// Toast says something for a while.
	Toast struct {
		Text string
		Role theme.Role
	}
	// Ask opens the question of an action.
	Ask struct{ Action action.Action }
	// Copy puts text on the clipboard.
	Copy struct{ Text, What string }
	// Shell leaves the screen to a shell in a task, until that ends; without a command it is the best one that is there.
	Shell struct {
		Task    *reeveapi.Task
		Command []string
		User    string // of the container, "" for the task's
		Record  bool   // what is seen is written into a file, too
	}
)

// Messages for screens.
type (
	// Changed says that the store has news.
	Changed struct{}
	// Tick comes once a second.
	Tick struct{}
	// Result says what became of an action that this screen asked for.
	Result struct{ Result action.Result }
)

// Send is a command that answers msg.
func Send(msg tea.Msg) tea.Cmd { return func() tea.Msg { return msg } }

// Say is a command for a short notice.
func Say(role theme.Role, text string) tea.Cmd { return Send(Toast{text, role}) }

// Refuse says why something cannot be done.
func Refuse(err error) tea.Cmd { return Say(theme.Warn, err.Error()) }
