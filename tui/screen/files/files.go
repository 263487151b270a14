// Package files is the screen of a directory in a task's sandbox. It asks the agent for the listing again and again, since
// a task goes on writing; an opened file is the log screen's. Start reading at Screen.
package files

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/lookup"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/screen/label"
	"codeberg.org/reeve/reeve/tui/screen/list"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/filter"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
	"codeberg.org/reeve/reeve/tui/widget/table"
)

// pace is the time between two looks at the directory.
const pace = 3 * time.Second

type file = mesosv1.FileInfo

// Screen is one directory.
type Screen struct {
	env  screen.Env
	id   string // of the task
	dir  string // below the sandbox, "" for the sandbox itself
	last *reeveapi.Task
	list *list.List[file]

	host  string // where the sandbox is on the agent's machine, "" as long as that is not known
	known bool   // a listing has come
	total int64
	count int
	err   string
}

// listed is what the agent answered.
type listed struct {
	files []*file
	err   error
}

// again asks for the next look.
type again struct{}

// found is where the sandbox is on the agent's machine.
type found struct{ host string }

// saved is what became of a download.
type saved struct {
	path string
	size int64
	err  error
}

// New returns the screen of the sandbox of the task that target names, or of the directory below it that is its Arg.
func New(env screen.Env, target screen.Target) *Screen {
	s := &Screen{env: env, id: target.ID, dir: target.Arg}
	text := func(get func(*file) string) func(*file) (string, theme.Role) {
		return func(f *file) (string, theme.Role) { return get(f), theme.Text }
	}
	s.list = list.New(table.New("nothing is in here", []table.Column[file]{
		{Name: "NAME", Width: 20, Max: 80, Text: drawName, Compare: byName},
		{Name: "SIZE", Width: 7, Right: true, Text: text(sizeOf), Compare: table.Compare(func(f *file) uint64 { return f.GetSize() })},
		{Name: "CHANGED", Width: 12, Text: text(s.changed), Compare: table.Compare(func(f *file) int64 { return f.GetMtime().GetNanoseconds() })},
		{Name: "OWNER", Width: 8, Max: 16, Rank: 2, Text: text(func(f *file) string { return f.GetUid() })},
		{Name: "GROUP", Width: 8, Max: 16, Wide: true, Text: text(func(f *file) string { return f.GetGid() })},
		{Name: "LINKS", Width: 5, Right: true, Rank: 3, Text: text(func(f *file) string { return fmt.Sprint(f.GetNlink()) })},
		{Name: "MODE", Width: 10, Rank: 1, Text: text(func(f *file) string { return modeText(f.GetMode()) })},
	}...), "words of the name", filter.Field[file]{Name: "name", Free: true, Text: name})
	s.list.Name = "files"
	s.list.Keep(env)
	return s
}

// The bits of a Unix mode, which is what the wire has.
const (
	typeMask = 0o170000
	typeDir  = 0o040000
	typeLink = 0o120000
	typeFile = 0o100000
)

func isDir(f *file) bool  { return f.GetMode()&typeMask == typeDir }
func isFile(f *file) bool { return f.GetMode()&typeMask == typeFile }

func name(f *file) string { return path.Base(f.GetPath()) }

func drawName(f *file) (string, theme.Role) {
	switch {
	case isDir(f):
		return name(f) + "/", theme.Accent
	case isFile(f):
		return name(f), theme.Text
	}
	return name(f), theme.Dim
}

// byName puts directories first.
func byName(a, b *file) int {
	if isDir(a) != isDir(b) {
		return map[bool]int{true: -1, false: 1}[isDir(a)]
	}
	return cmp.Or(table.Natural(name(a), name(b)), strings.Compare(name(a), name(b)))
}

func sizeOf(f *file) string {
	if isDir(f) {
		return "-"
	}
	return gauge.Bytes(int64(min(f.GetSize(), 1<<62)))
}

func (s *Screen) changed(f *file) string {
	return label.Clock(s.env.Now(), time.Unix(0, f.GetMtime().GetNanoseconds()))
}

func modeText(mode uint32) string {
	m := fs.FileMode(mode & 0o777)
	switch mode & typeMask {
	case typeDir:
		m |= fs.ModeDir
	case typeLink:
		m |= fs.ModeSymlink
	}
	return strings.Replace(m.String(), "L", "l", 1) // as ls has it
}

func (s *Screen) task() *reeveapi.Task {
	if t := s.env.Store.Snapshot().Tasks.Get(s.id); t != nil {
		s.last = t
	}
	return s.last
}

// Crumb names the screen.
func (s *Screen) Crumb() string {
	if s.dir != "" {
		return path.Base(s.dir)
	}
	if t := s.task(); t != nil {
		return label.Name(t) + " files"
	}
	return "files"
}

// Lists are the columns of the list by the name under which they are kept.
func (s *Screen) Lists() map[string][]string {
	return map[string][]string{s.list.Name: s.list.Table.Names()}
}

// Columns are those of the list.
func (s *Screen) Columns() (all []string, shown []table.Pick, set table.Columns) {
	return s.list.Columns()
}

// SetColumns shows columns.
func (s *Screen) SetColumns(c table.Columns) { s.list.SetColumns(c) }

// Scopes are the key scopes.
func (s *Screen) Scopes() []keys.Scope { return []keys.Scope{keys.Files, keys.List} }

// Start looks at the directory, and asks where it is.
func (s *Screen) Start() tea.Cmd { return tea.Batch(s.look(), s.find()) }

// find asks the agent where the sandbox is on its machine. Of a task that has ended it does not tell.
func (s *Screen) find() tea.Cmd {
	t := s.task()
	if t == nil || t.AgentHTTP == "" || !t.Ended.IsZero() || s.env.ContainerDetail == nil {
		return nil
	}
	agent, framework, id := t.AgentHTTP, t.Framework, t.ID
	return s.env.Async(func(ctx context.Context) tea.Msg {
		d, err := s.env.ContainerDetail(ctx, agent, framework, id)
		if err != nil {
			return found{}
		}
		return found{d.Sandbox}
	})
}

// Typing says whether the filter takes keys.
func (s *Screen) Typing() bool { return s.list.Typing() }

// Type gives the filter a key.
func (s *Screen) Type(key tea.KeyMsg) tea.Cmd {
	s.list.Type(key)
	return nil
}

// look asks the agent for the listing.
func (s *Screen) look() tea.Cmd {
	t := s.task()
	if t == nil || t.AgentHTTP == "" || t.Sandbox == "" {
		s.err = "the task has no sandbox yet"
		return s.later()
	}
	agent, at := t.AgentHTTP, path.Join(t.Sandbox, s.dir)
	return s.env.Async(func(ctx context.Context) tea.Msg {
		files, err := s.env.ListFiles(ctx, agent, at)
		return listed{files, err}
	})
}

func (s *Screen) later() tea.Cmd {
	return s.env.Later(pace, again{})
}

// Update takes a listing, and asks for the next one after a while.
func (s *Screen) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case listed:
		s.take(msg)
		return s.later()
	case again:
		if s.host == "" && s.known && s.err == "" {
			return tea.Batch(s.look(), s.find())
		}
		return s.look()
	case found:
		s.host = msg.host
	case saved:
		if msg.err != nil {
			return screen.Say(theme.Bad, "not saved: "+msg.err.Error())
		}
		return screen.Say(theme.Good, "saved "+msg.path+" ("+gauge.Bytes(msg.size)+")")
	}
	return nil
}

// take shows a listing. One that failed leaves the last one on the screen.
func (s *Screen) take(l listed) {
	if l.err != nil {
		s.err = "cannot list it: " + cmp.Or(l.err.Error(), "there is no such directory any more")
		return
	}
	s.err, s.total, s.count = "", 0, len(l.files)
	rows := make([]table.Row[file], 0, len(l.files))
	for _, f := range l.files {
		if isFile(f) {
			s.total += int64(min(f.GetSize(), 1<<62))
		}
		rows = append(rows, table.Row[file]{ID: name(f), Val: f})
	}
	slices.SortFunc(rows, func(a, b table.Row[file]) int { return strings.Compare(a.ID, b.ID) }) // as the table wants them
	if s.known {
		s.list.Table.SetRows(rows, s.env.Now())
	} else {
		s.list.Table.Reset(rows)
	}
	s.known = true
}

// Do takes a verb.
func (s *Screen) Do(verb keys.Verb) (tea.Cmd, bool) {
	if verb == keys.ParentDir {
		return screen.Send(screen.Pop{}), true
	}
	if s.list.Do(verb, s.env.Now()) {
		return nil, true
	}
	if t := s.task(); t != nil && verb == keys.Shell {
		return screen.Send(screen.Shell{Task: t}), true
	}
	row, alive := s.list.Table.At()
	if row.Val == nil || !alive {
		return nil, false
	}
	below := path.Join(s.dir, name(row.Val))
	switch verb {
	case keys.Open:
		return s.open(row.Val, below), true
	case keys.Copy:
		at := row.Val.GetPath()
		if s.host != "" {
			at = path.Join(s.host, below)
		}
		return screen.Send(screen.Copy{Text: at, What: "path"}), true
	case keys.Save:
		return s.save(row.Val), true
	default:
	}
	return nil, false
}

func (s *Screen) open(f *file, below string) tea.Cmd {
	switch {
	case isDir(f):
		return screen.Send(screen.Go{Target: screen.Target{Kind: screen.Files, ID: s.id, Arg: below}})
	case isFile(f):
		return screen.Send(screen.Go{Target: screen.Target{Kind: screen.Log, ID: s.id, Arg: "file:" + below}})
	}
	return screen.Say(theme.Warn, name(f)+" is a link, a pipe or a device; it cannot be read from outside")
}

// save copies a file to the operator's machine.
func (s *Screen) save(f *file) tea.Cmd {
	t := s.task()
	if t == nil || !isFile(f) {
		return screen.Say(theme.Warn, "only files can be saved; reeve files get fetches directories")
	}
	const chunk = 256 << 10
	agent, at, local := t.AgentHTTP, f.GetPath(), label.Name(t)+"-"+name(f)
	return s.env.Async(func(ctx context.Context) tea.Msg {
		offset, err := s.env.LogStart(ctx, agent, at)
		if err != nil {
			return saved{err: err}
		}
		to, size, err := s.env.Save(local, func() ([]byte, error) {
			data, _, err := s.env.ReadFile(ctx, agent, at, offset, chunk)
			offset += int64(len(data))
			return data, err
		})
		return saved{to, size, err}
	})
}

// Off says why a verb makes no sense now.
func (s *Screen) Off(verb keys.Verb) string {
	if t := s.task(); verb == keys.Shell && (t == nil || !t.Ended.IsZero()) {
		return "the task has ended"
	}
	return ""
}

// Points is the cursor's file.
func (s *Screen) Points() screen.Thing {
	row, _ := s.list.Table.At()
	if row.Val == nil {
		return screen.Thing{}
	}
	return screen.Thing{Kind: screen.Files, ID: lookup.FileID(s.id, path.Join(s.dir, name(row.Val))), Value: row.Val}
}

// Status describes the cursor's row.
func (s *Screen) Status() (string, theme.Role) {
	row, alive := s.list.Table.At()
	switch {
	case s.err != "" && s.known:
		return "what is shown is old: " + s.err, theme.Warn
	case row.Val == nil:
		return "", theme.Dim
	case !alive:
		return name(row.Val) + " is gone", theme.Warn
	case isFile(row.Val):
		return sizeOf(row.Val) + ": opens at its end", theme.Dim
	}
	return modeText(row.Val.GetMode()), theme.Dim
}

// Render draws the screen.
func (s *Screen) Render(a frame.Area) {
	at := s.host
	if t := s.task(); t != nil && at == "" {
		at = t.Sandbox // as the agent's API names it
	}
	sum := fmt.Sprintf("%s  %d files", gauge.Bytes(s.total), s.count)
	room := a.W - frame.Width(sum) - 4
	a.Text(1, 0, theme.Dim, a.Clip(place(path.Join(at, s.dir), a.Theme().Glyph.More, room), room))
	if s.known {
		a.Text(a.W-frame.Width(sum)-1, 0, theme.Dim, sum)
	}
	switch {
	case !s.known && s.err != "":
		a.Text(1, 2, theme.Warn, a.Clip("! "+s.err, a.W-2))
	case !s.known:
		a.Text(1, 2, theme.Dim, "asking the agent …")
	default:
		s.list.Render(a.Sub(0, 1, a.W, a.H-1), s.env.Now())
	}
}
