// Package shells is the choice before a shell opens in a task: which of the programs that its container has, as which of its
// users, and whether what is seen is also written into a file. It looks into the container and opens nothing. Start reading
// at Screen.
package shells

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/feed"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/screen/label"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
)

// lookTimeout bounds the look into the container.
const lookTimeout = 10 * time.Second

// Screen is the choice.
type Screen struct {
	env  screen.Env
	id   string
	last *reeveapi.Task

	inside screen.Inside
	known  bool
	wrong  string // why nothing is known of the container

	at      int // the line of the cursor
	program string
	user    string // "" is the task's
	record  bool
	chosen  bool // the operator chose a program: what comes later does not change it
}

// looked is what was found in the container.
type looked struct {
	inside screen.Inside
	err    error
}

// option is a line that can be chosen.
type option struct {
	group string // at the left of the first of its kind
	text  string
	note  string
	on    bool
	box   bool // a switch; else one of its group
	take  func() tea.Cmd
}

// New returns the choice for the task that target names.
func New(env screen.Env, target screen.Target) *Screen { return &Screen{env: env, id: target.ID} }

func (s *Screen) task() *reeveapi.Task {
	if t := s.env.Store.Snapshot().Tasks.Get(s.id); t != nil {
		s.last = t
	}
	return s.last
}

// Crumb names the screen.
func (s *Screen) Crumb() string { return "shell" }

// Scopes are the key scopes.
func (s *Screen) Scopes() []keys.Scope { return []keys.Scope{keys.Shells} }

// Start looks into the container.
func (s *Screen) Start() tea.Cmd {
	t := s.task()
	if t == nil || s.env.Inside == nil {
		s.known, s.wrong = true, "its container cannot be looked into"
		return nil
	}
	task := *t
	return s.env.Async(func(ctx context.Context) tea.Msg {
		ctx, cancel := context.WithTimeout(ctx, lookTimeout)
		defer cancel()
		inside, err := s.env.Inside(ctx, task)
		return looked{inside, err}
	})
}

// Update takes what was found.
func (s *Screen) Update(msg tea.Msg) tea.Cmd {
	l, ok := msg.(looked)
	if !ok {
		return nil
	}
	s.known, s.inside, s.wrong = true, l.inside, ""
	if l.err != nil {
		s.wrong = l.err.Error()
	}
	if !s.chosen && len(s.inside.Programs) > 0 {
		s.program = s.inside.Programs[0]
	}
	return nil
}

// options are all lines in order.
func (s *Screen) options() []option {
	var out []option
	for i, p := range s.inside.Programs {
		o := option{text: p, on: s.program == p, take: func() tea.Cmd { s.program, s.chosen = p, true; return nil }}
		if i == 0 {
			o.group = "program"
			o.note = "the first that was found in the container"
		}
		out = append(out, o)
	}
	if len(out) == 0 {
		out = append(out, option{group: "program", text: "bash, else sh", on: s.program == "", take: func() tea.Cmd { s.program = ""; return nil }})
	}
	out = append(out, option{text: "other…", note: "any command of the container", take: s.other})
	t := s.task()
	own := label.Or(label.Or(s.inside.Self, t.User), "the task's own")
	out = append(out, option{group: "user", text: own, note: "as the task", on: s.user == "", take: func() tea.Cmd { s.user = ""; return nil }})
	for _, u := range s.inside.Users {
		if u != own {
			note := ""
			if u == "root" {
				note = "no right is asked for: there are none in this version"
			}
			out = append(out, option{text: u, note: note, on: s.user == u, take: func() tea.Cmd { s.user = u; return nil }})
		}
	}
	note := "what is seen goes into a file of this machine, too"
	if s.env.ReadLocal == nil {
		note = "not from a console that another machine serves"
	}
	return append(out, option{group: "record", text: "write a transcript", note: note, box: true, on: s.record, take: func() tea.Cmd {
		s.record = !s.record && s.env.ReadLocal != nil
		return nil
	}})
}

// other leaves the rest to the command line.
func (s *Screen) other() tea.Cmd {
	line := "shell "
	if s.user != "" {
		line += "--user=" + s.user + " "
	}
	if s.record {
		line += "--record "
	}
	return screen.Send(screen.Prompt{Line: line + s.task().ID + " "})
}

// Do takes a verb.
func (s *Screen) Do(verb keys.Verb) (tea.Cmd, bool) {
	all := s.options()
	s.at = min(s.at, len(all)-1)
	switch verb {
	case keys.Down:
		s.at = min(s.at+1, len(all)-1)
	case keys.Up:
		s.at = max(s.at-1, 0)
	case keys.Mark:
		return all[s.at].take(), true
	case keys.Shell:
		return s.open(all[s.at]), true
	default:
		return nil, false
	}
	return nil, true
}

// open goes into the task. The cursor's line counts as chosen, unless it is a switch.
func (s *Screen) open(at option) tea.Cmd {
	if !at.box {
		if cmd := at.take(); cmd != nil {
			return cmd
		}
	}
	out := screen.Shell{Task: s.task(), User: s.user, Record: s.record}
	if s.program != "" {
		out.Command = []string{s.program}
	}
	return tea.Batch(screen.Send(screen.Pop{}), screen.Send(out))
}

// Off says why there can be no shell now.
func (s *Screen) Off(verb keys.Verb) string {
	t := s.task()
	switch {
	case verb != keys.Shell:
		return ""
	case t == nil:
		return "there is no task here"
	case !t.Ended.IsZero():
		return "the task has ended"
	}
	return ""
}

// Status says what enter does.
func (s *Screen) Status() (string, theme.Role) {
	switch {
	case s.task() == nil:
		return "", theme.Dim
	case !s.known:
		return "looking for programs and users in the container…", theme.Info
	case s.wrong != "":
		return "the container was not looked into: " + s.wrong, theme.Warn
	case len(s.inside.Programs) == 0:
		return "no shell was found in the container; other… takes any command", theme.Warn
	}
	return "", theme.Dim
}

// Render draws the choice, and what to know before.
func (s *Screen) Render(a frame.Area) {
	t := s.task()
	if t == nil {
		a.Text(1, 1, theme.Dim, "this task is not known")
		return
	}
	all := s.options()
	s.at = min(s.at, len(all)-1)
	box := a.Sub(1, 0, min(a.W-2, 108), min(len(all)+4, a.H)).Box("Open a shell in " + label.Name(t) + " on " + t.AgentName)
	room := box.H - 1 // the last line is for what counts
	top := max(s.at-room+1, 0)
	for y := 0; y < room && top+y < len(all); y++ {
		s.line(box.Sub(0, y, box.W, 1), all[top+y], top+y == s.at)
	}
	text, role := s.counts(t)
	box.Text(2, box.H-1, role, box.Clip(text, box.W-3))
}

func (s *Screen) line(a frame.Area, o option, here bool) {
	if here {
		a = a.With(theme.Cursor)
		a.Clear()
		a.Text(0, 0, theme.Accent, a.Theme().Glyph.Cursor)
	}
	mark, role := "( )", theme.Text
	switch {
	case o.box && o.on:
		mark = "[x]"
	case o.box:
		mark = "[ ]"
	case o.on:
		mark = "(*)"
	case strings.HasSuffix(o.text, "…"):
		mark = "   "
	}
	a.Text(2, 0, theme.Dim, o.group)
	x := a.Text(11, 0, role, mark+" "+o.text) + 2
	if x = max(x, 36); x < a.W {
		a.Text(x, 0, theme.Dim, a.Clip(o.note, a.W-x))
	}
}

// tight is the share of a task's memory from which on a shell may be what gets it killed.
const tight = 0.9

// counts says whose resources a shell takes, and warns of a task that has almost no memory left for one.
func (s *Screen) counts(t *reeveapi.Task) (string, theme.Role) {
	text := fmt.Sprintf("the task's limits apply: %s cpus, %s", gauge.CPUs(t.Requested.CPUs), gauge.MB(t.Requested.Mem))
	used := s.env.Store.Snapshot().TaskUsage(t)
	if len(used) == 0 || t.Requested.Mem <= 0 {
		return text, theme.Dim
	}
	last, limit := used[len(used)-1], t.Requested.Mem*(1<<20)
	if last.MemLimitBytes > 0 {
		limit = float64(last.MemLimitBytes)
	}
	share := float64(last.MemBytes) / limit
	text += " (" + gauge.Percent(share)
	if share > tight {
		return text + " used!) a shell may be one process too many", theme.Warn
	}
	return text + " used)", theme.Dim
}

// Wants is the usage of the task.
func (s *Screen) Wants() []feed.Want {
	t := s.task()
	if t == nil || t.AgentHTTP == "" || !t.Ended.IsZero() {
		return nil
	}
	return []feed.Want{{Agent: t.Agent, HTTP: t.AgentHTTP, Task: s.id}}
}

// Look is a command for /bin/sh that writes what Found reads. It needs nothing of the container but that shell.
const Look = `for s in bash zsh fish ash ksh dash sh; do command -v $s; done
echo --
id -un 2>/dev/null || id -u 2>/dev/null
echo --
while IFS=: read -r name _ id _ _ _ shell; do echo "$name:$id:$shell"; done 2>/dev/null </etc/passwd`

// most is how many users are offered; --user takes any other.
const most = 6

// Found reads what Look wrote: programs that are there, each by its path, and users that have a shell.
func Found(text string) screen.Inside {
	parts := strings.SplitN(text+"\n", "--\n", 3)
	var in screen.Inside
	for line := range strings.SplitSeq(parts[0], "\n") {
		if path := strings.TrimSpace(line); strings.HasPrefix(path, "/") && !slices.Contains(in.Programs, path) {
			in.Programs = append(in.Programs, path)
		}
	}
	if len(parts) > 1 {
		in.Self = strings.TrimSpace(parts[1])
	}
	if len(parts) < 3 {
		return in
	}
	for line := range strings.SplitSeq(parts[2], "\n") {
		f := strings.Split(strings.TrimSpace(line), ":")
		if len(f) != 3 || f[0] == "" || len(in.Users) == most {
			continue
		}
		locked := strings.HasSuffix(f[2], "nologin") || strings.HasSuffix(f[2], "false") || strings.HasSuffix(f[2], "sync")
		if f[1] == "0" || !locked {
			in.Users = append(in.Users, f[0])
		}
	}
	return in
}
