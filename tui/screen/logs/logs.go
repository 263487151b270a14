// Package logs is the log view of a task: it follows stdout or stderr, searches, filters, wraps and saves. It reads pieces
// of the file by offset and keeps the newest in a ring; what it could not keep is counted. Start reading at Screen.
package logs

import (
	"path"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/screen/label"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/input"
	"codeberg.org/reeve/reeve/tui/widget/ring"
	"codeberg.org/reeve/reeve/tui/widget/tabs"
)

// Screen is the log of one task.
type Screen struct {
	env     screen.Env
	id      string
	last    *reeveapi.Task
	runs    runs
	daemon  place // of a daemon's own log, empty for a task's
	tabs    tabs.Tabs
	streams [3]*stream // the third is both together
	merged  *both

	wrap   bool
	times  bool // when each line was written
	pretty bool // JSON as people would write it
	paused bool
	only   bool // only lines that match
	left   int  // columns scrolled away
	beyond int  // columns of the longest line that are right of the screen
	hits   hits // of the search
	height int  // lines on the screen at the last Render
	width  int

	match  ring.Match
	typing bool
	in     input.Input
}

// The tabs. Another file of the sandbox has only the first.
const (
	stdout = iota
	stderr
	together
)

// New returns the log of the task that target names; its Arg may be "stderr", or "file:" and another file of the
// sandbox; or of the daemon that its Arg names, see OfMaster.
func New(env screen.Env, target screen.Target) *Screen {
	s := &Screen{env: env, id: target.ID, tabs: tabs.Tabs{Names: []string{"stdout", "stderr", "both"}}}
	if name, ok := strings.CutPrefix(target.Arg, "file:"); ok {
		s.tabs.Names = []string{name}
	} else if p, ok := daemonOf(target.Arg); ok {
		s.daemon, s.tabs.Names = p, []string{"log"}
	}
	for i, name := range s.tabs.Names {
		r := ring.New(ring.Default)
		s.streams[i] = &stream{name: name, ring: r, text: r, follow: true, hit: -1}
		if target.Arg == name {
			s.tabs.At = i
		}
	}
	if len(s.tabs.Names) > 1 {
		s.merged = &both{parts: [2]*stream{s.streams[stdout], s.streams[stderr]}}
		s.streams[together].text = s.merged
	}
	return s
}

func (s *Screen) task() *reeveapi.Task {
	if t := s.env.Store.Snapshot().Tasks.Get(s.id); t != nil {
		s.last = t
	}
	return s.last
}

func (s *Screen) stream() *stream { return s.streams[s.tabs.At] }

// Crumb names the screen.
func (s *Screen) Crumb() string {
	if s.daemon.daemon {
		return s.title() + " log"
	}
	if len(s.tabs.Names) == 1 {
		return path.Base(s.tabs.Names[0])
	}
	if t := s.task(); t != nil {
		return label.Name(t) + " log" + s.which(t)
	}
	return "log"
}

// Scopes are the key scopes.
func (s *Screen) Scopes() []keys.Scope { return []keys.Scope{keys.Log} }

// Start begins to read.
func (s *Screen) Start() tea.Cmd { return s.read() }

// Update takes pieces that were read, and reads on.
func (s *Screen) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case piece:
		return s.take(msg)
	case before:
		s.takeBefore(msg)
	case again:
		if msg.turn != s.streams[msg.tab].turn {
			return nil // another one reads this stream now
		}
		s.streams[msg.tab].reading = false
		if s.shows(msg.tab) {
			return s.readOne(msg.tab)
		}
	case begun:
		return s.begin(msg)
	case saved:
		if msg.err != nil {
			return screen.Say(theme.Bad, "not saved: "+msg.err.Error())
		}
		return screen.Say(theme.Good, "saved "+msg.path+" ("+msg.size+")")
	}
	return nil
}

// Typing says whether the search line takes keys.
func (s *Screen) Typing() bool { return s.typing }

// Type gives the search line a key. The search goes on while it is typed.
func (s *Screen) Type(key tea.KeyMsg) tea.Cmd {
	switch key.Type {
	case tea.KeyEnter:
		s.typing = false
		if s.match.Empty() {
			s.only = false
		}
		s.count()
	case tea.KeyEsc:
		s.typing = false
		s.search("")
	default:
		if s.in.Type(key) {
			s.search(s.in.Value())
		}
	}
	return nil
}

func (s *Screen) search(text string) {
	s.match, s.hits = ring.NewMatch(text), hits{}
	if text == "" {
		s.only = false
		s.stream().filtered(s.match, false)
		return
	}
	st := s.stream()
	st.filtered(s.match, s.only)
	if !s.only {
		s.jump(st.bottom(s.height)-1, -1)
	}
}

// jump goes to the nearest match from line i on, and round the end if there is none.
func (s *Screen) jump(i, step int) tea.Cmd {
	st := s.stream()
	hit := st.find(s.match, i, step)
	if hit < 0 && step > 0 {
		hit = st.find(s.match, 0, step)
	} else if hit < 0 {
		hit = st.find(s.match, st.text.Len()-1, step)
	}
	if hit < 0 {
		st.hit = -1
		return screen.Say(theme.Warn, "no match for "+s.match.Text()+" in what is loaded")
	}
	st.hit = hit
	st.show(hit, s.height)
	return nil
}

// Do takes a verb.
func (s *Screen) Do(verb keys.Verb) (tea.Cmd, bool) {
	st := s.stream()
	if to, ok := s.tabOf(verb); ok {
		if len(s.tabs.Names) == 1 {
			return nil, true // another file has no other stream
		}
		return s.turn(to), true
	}
	switch verb {
	case keys.Follow, keys.Bottom:
		st.follow, s.paused = true, false
		return s.read(), true
	case keys.Pause:
		s.paused = !s.paused
		if !s.paused {
			return s.read(), true
		}
	case keys.Wrap:
		s.wrap, s.left = !s.wrap, 0
	case keys.Times:
		s.times = !s.times
		return s.read(), true
	case keys.Pretty:
		s.pretty = !s.pretty
	case keys.Left:
		s.left = max(s.left-16, 0)
	case keys.Right:
		if !s.wrap {
			s.left += 16
		}
	case keys.Copy:
		from, to := s.stream().window(s.height)
		return screen.Send(screen.Copy{Text: s.text(from, to), What: "what is in sight"}), true
	case keys.Save:
		return s.save(), true
	case keys.Back:
		if s.match.Empty() {
			return nil, false
		}
		s.search("")
	default:
		return s.doMore(verb)
	}
	return nil, true
}

func (s *Screen) doMore(verb keys.Verb) (tea.Cmd, bool) {
	st := s.stream()
	switch verb {
	case keys.SinceStart, keys.Since1m, keys.Since5m, keys.Since15m, keys.Since30m, keys.Since1h:
		return s.since(verb), true
	case keys.Search:
		s.typing, s.in = true, input.New(s.match.Text())
	case keys.NextHit, keys.PrevHit:
		if s.match.Empty() {
			return screen.Say(theme.Dim, "nothing to search for; / begins a search"), true
		}
		step, from := 1, st.hit
		if verb == keys.PrevHit {
			step = -1
		}
		if from < 0 {
			from = st.bottom(s.height)
		}
		cmd := s.jump(from+step, step)
		s.count()
		return cmd, true
	case keys.OnlyHits:
		if s.match.Empty() {
			s.typing, s.in = true, input.New("")
		}
		s.only = !s.only
		st.filtered(s.match, s.only)
	case keys.Up:
		return s.scroll(-1), true
	case keys.Down:
		return s.scroll(1), true
	case keys.HalfUp:
		return s.scroll(-s.height / 2), true
	case keys.HalfDown:
		return s.scroll(s.height / 2), true
	case keys.PageUp:
		return s.scroll(-s.height), true
	case keys.PageDown:
		return s.scroll(s.height), true
	case keys.First:
		return s.scroll(-st.count()), true
	default:
		return nil, false
	}
	return nil, true
}

// scroll moves, and reads what comes before when it meets the beginning of what is loaded.
func (s *Screen) scroll(by int) tea.Cmd {
	st := s.stream()
	if !st.scroll(by, s.height) || by >= 0 {
		return nil
	}
	var cmds []tea.Cmd
	for _, tab := range s.parts() {
		cmds = append(cmds, s.readBefore(tab))
	}
	return tea.Batch(cmds...)
}

// tabOf is the tab that a verb goes to.
func (s *Screen) tabOf(verb keys.Verb) (int, bool) {
	n := len(s.tabs.Names)
	switch verb {
	case keys.NextTab:
		return (s.tabs.At + 1) % n, true
	case keys.PrevTab:
		return (s.tabs.At + n - 1) % n, true
	case keys.Stdout:
		return stdout, true
	case keys.Stderr:
		return stderr, true
	case keys.BothStreams:
		return together, true
	default:
		return 0, false
	}
}

func (s *Screen) turn(to int) tea.Cmd {
	s.tabs.At = to
	s.remerge(false)
	s.stream().filtered(s.match, s.only)
	return s.read()
}

// shows says whether a stream is on the screen, alone or with the other one.
func (s *Screen) shows(tab int) bool { return tab == s.tabs.At || s.tabs.At == together }

// parts are the streams that are on the screen.
func (s *Screen) parts() []int {
	if s.tabs.At == together {
		return []int{stdout, stderr}
	}
	return []int{s.tabs.At}
}

// remerge puts both streams together anew, if that is what is shown, and keeps what is looked at where it is. news says
// whether what is there now came at the end.
func (s *Screen) remerge(news bool) {
	if s.tabs.At != together {
		return
	}
	st, old := s.stream(), s.merged.refs
	top, hit := ref{part: -1}, ref{part: -1}
	if st.top < st.count() {
		top = old[st.line(st.top)]
	}
	if st.hit >= 0 && st.hit < len(old) {
		hit = old[st.hit]
	}
	s.merged.merge()
	st.filtered(s.match, s.only)
	if top.part >= 0 {
		st.top = st.shown(s.merged.place(top))
	}
	if hit.part >= 0 {
		st.hit = s.merged.place(hit)
	}
	if n := len(s.merged.refs) - len(old); news && !st.follow && n > 0 && len(old) > 0 {
		st.fresh += n
	}
	out, err := s.streams[stdout], s.streams[stderr]
	st.known, st.size = out.known || err.known, out.size+err.size
}

// origin is the stream that a line of the shown text is of, and its number there.
func (s *Screen) origin(i int) (part, line int) {
	if s.tabs.At != together {
		return s.tabs.At, i
	}
	r := s.merged.refs[i]
	return r.part, r.line
}

// Text is what is loaded, as it is shown but for what does not fit.
func (s *Screen) Text() (name, text string) {
	return s.tabs.Name() + ".log", s.text(0, s.stream().count())
}

// text is some of the lines, as they are shown but whole.
func (s *Screen) text(from, to int) string {
	var b strings.Builder
	st := s.stream()
	p := s.prefix(0)
	for i := from; i < to; i++ {
		b.WriteString(s.prefixText(p, st.line(i)))
		b.WriteString(s.shown(st.line(i)))
		b.WriteByte('\n')
	}
	return b.String()
}

// Status tells what is wrong with the stream.
func (s *Screen) Status() (string, theme.Role) {
	for _, tab := range s.parts() {
		if st := s.streams[tab]; st.err != "" {
			return st.err, theme.Warn
		}
	}
	if t := s.task(); t != nil && !t.Ended.IsZero() {
		return "the task has ended; its sandbox is still there", theme.Dim
	}
	return "", theme.Dim
}

// Save keeps which stream is shown, and how.
func (s *Screen) Save() screen.State {
	st := screen.State{Tab: s.tabs.At, Flag: s.wrap}
	for name, on := range map[string]bool{"times": s.times, "pretty": s.pretty} {
		if on {
			st.On = append(st.On, name)
		}
	}
	slices.Sort(st.On)
	return st
}

// Restore takes what Save answered.
func (s *Screen) Restore(st screen.State) {
	s.wrap, s.times, s.pretty = st.Flag, slices.Contains(st.On, "times"), slices.Contains(st.On, "pretty")
	s.tabs.At = min(max(st.Tab, 0), len(s.tabs.Names)-1)
}

// Render draws the screen.
func (s *Screen) Render(a frame.Area) {
	bottom := 0
	if s.typing || !s.match.Empty() {
		bottom++
		s.searchLine(a.Sub(1, a.H-1, a.W-2, 1))
	}
	if st := s.stream(); !st.follow && st.fresh > 0 {
		bottom++
		s.freshLine(a.Sub(0, a.H-bottom, a.W, 1), st.fresh)
	}
	body := a.Sub(0, 1, a.W, a.H-1-bottom)
	s.height, s.width = max(body.H, 1), body.W
	if s.wrap {
		s.drawWrapped(body)
	} else {
		s.drawLines(body)
	}
	s.head(a.Sub(1, 0, a.W-2, 1)) // last: it says what of the lines does not fit
}
