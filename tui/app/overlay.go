package app

import (
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/action"
	"codeberg.org/reeve/reeve/tui/command"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/glance"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/question"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/help"
	"codeberg.org/reeve/reeve/tui/widget/input"
)

// overlay lies over the screen and takes all keys.
type overlay interface {
	typing() bool
	key(a *App, msg tea.KeyMsg) tea.Cmd
	render(a *App, area frame.Area)
	hint() string // what the last line says
}

// ask opens the question of an action.
func (a *App) ask(act action.Action) tea.Cmd {
	if why := a.blocked(); why != "" {
		a.say(theme.Warn, why)
		return nil
	}
	id, q := a.top().id, question.Of(act, a.word)
	a.over = &asking{q, func() tea.Cmd { return a.agree(id, q.Act) }}
	return a.look(q, act.Tasks)
}

// look asks agents how busy the tasks are that a question is about, outside of the loop: the question never waits for that.
func (a *App) look(q *question.Question, tasks []*reeveapi.Task) tea.Cmd {
	var cmds []tea.Cmd
	for _, of := range glance.At(tasks, a.deps.Env.ContainerDetail) {
		ctx, cancel := a.bg()
		cmds = append(cmds, func() tea.Msg {
			defer cancel()
			return heard{q, of(ctx)}
		})
	}
	return tea.Batch(cmds...)
}

// blocked says why nothing may be changed now, "" if it may.
func (a *App) blocked() string {
	switch {
	case a.deps.ReadOnly:
		return "this console is read-only"
	case a.deps.Store.Frozen():
		return "off while the data are frozen; P goes on"
	case !a.deps.Store.Link().Live:
		return "off until the data are live again"
	}
	return ""
}

// confirm asks what changes nothing in the cluster.
func (a *App) confirm(c screen.Confirm) {
	a.over = &asking{question.Plain(c.Title, c.Button, c.Lines...), func() tea.Cmd { return a.asked(a.top(), c.Msg) }}
}

// run does an action outside of the loop.
func (a *App) run(id uint64, act action.Action) tea.Cmd {
	a.busy++
	a.say(theme.Info, act.Title+"…")
	if act.Job != "" {
		a.outcomes.Changing(a.deps.Store.Snapshot(), act.Job, a.deps.Now())
	}
	ctx, cancel := a.bg()
	return func() tea.Msg {
		defer cancel()
		return done{id, act.Run(ctx, a.deps.Doer)}
	}
}

// finish tells what became of an action: a notice if all went well, else a list that has to be closed.
func (a *App) finish(d done) tea.Cmd {
	a.busy--
	r := d.result
	if len(r.Failed) == 0 {
		a.say(theme.Good, a.undoHint(r))
		a.remember(r)
	} else {
		succeeded := ""
		if ok := r.Steps - len(r.Failed); ok > 0 {
			succeeded = plural(ok, "other") + " succeeded"
		}
		a.over = &asking{q: question.Failures(r, succeeded)}
		a.outcomes.Forget(r.Job)
		a.toast = toast{}
	}
	return a.tellScreen(a.layer(d.id), screen.Result{Result: r})
}

// quit ends the program, to go on with another cluster if next names one. It asks if that would leave something undone or unsent.
func (a *App) quit(next string) tea.Cmd {
	leave := func() tea.Cmd {
		a.leave = next
		return tea.Quit
	}
	q := question.Quit(a.unfinished(), a.unsent())
	if q == nil || a.quitting != nil && a.over == a.quitting { // nothing to lose, or asked twice
		return leave()
	}
	a.quitting = &asking{q, leave}
	a.over = a.quitting
	return nil
}

// unfinished says what quitting now would mean for what is being done, "" if nothing is.
func (a *App) unfinished() string {
	switch {
	case a.busy > 0:
		return "What was asked for is perhaps done, perhaps not."
	case a.pending != nil:
		return a.pending.act.Title + " is about to begin, and would not."
	}
	return ""
}

// unsent says what quitting now would mean for what was typed into a form, "" if nothing was.
func (a *App) unsent() string {
	if d, ok := a.top().screen.(screen.Drafter); ok {
		return d.Unsent()
	}
	return ""
}

// asking is a question, and what follows if the answer is yes.
type asking struct {
	q      *question.Question
	agreed func() tea.Cmd
}

func (o *asking) typing() bool { return o.q.Typing() }

func (o *asking) key(a *App, msg tea.KeyMsg) tea.Cmd {
	over, agreed := o.q.Key(msg)
	if over {
		a.over = nil
	}
	if agreed {
		return o.agreed()
	}
	return nil
}

func (o *asking) render(_ *App, area frame.Area) { o.q.Render(area) }

func (o *asking) hint() string { return o.q.Hint() }

// helpOverlay is the key table.
type helpOverlay struct {
	search string
	from   int
	below  int
}

func (h *helpOverlay) typing() bool { return true }

func (h *helpOverlay) key(a *App, msg tea.KeyMsg) tea.Cmd {
	switch msg.Type {
	case tea.KeyEsc, tea.KeyEnter:
		a.over = nil
	case tea.KeyDown, tea.KeyPgDown:
		h.from += min(h.below, 5)
	case tea.KeyUp, tea.KeyPgUp:
		h.from = max(h.from-5, 0)
	case tea.KeyBackspace:
		if r := []rune(h.search); len(r) > 0 {
			h.search = string(r[:len(r)-1])
		}
	case tea.KeyRunes:
		if h.search == "" && (string(msg.Runes) == "?" || string(msg.Runes) == "q") {
			a.over = nil
			return nil
		}
		h.search, h.from = h.search+string(msg.Runes), 0
	default:
	}
	return nil
}

func (h *helpOverlay) render(a *App, area frame.Area) {
	scopes := a.top().screen.Scopes()
	h.below = help.Overlay(area, string(scopes[0]), keys.In(scopes), h.search, h.from)
}

func (h *helpOverlay) hint() string { return "<type>search the keys  <↓>scroll  <esc>close" }

// menu is the list of what can be done here.
type menu struct {
	items []keys.Binding
	at    int
}

func newMenu(a *App) *menu {
	m := &menu{}
	for _, b := range keys.In(a.top().screen.Scopes()) {
		if b.Group == keys.Do && b.Scope != keys.Global {
			m.items = append(m.items, b)
		}
	}
	return m
}

func (m *menu) typing() bool { return false }

func (m *menu) key(a *App, msg tea.KeyMsg) tea.Cmd {
	switch msg.String() {
	case "esc", "q", "x":
		a.over = nil
	case "down", "j", "tab":
		m.at = min(m.at+1, len(m.items)-1)
	case "up", "k", "shift+tab":
		m.at = max(m.at-1, 0)
	case "enter":
		a.over = nil
		return a.do(m.items[m.at])
	default:
		for _, b := range m.items {
			for _, k := range b.Keys {
				if k == msg.String() {
					a.over = nil
					return a.do(b)
				}
			}
		}
	}
	return nil
}

func (m *menu) render(a *App, area frame.Area) {
	box := area.Center(56, len(m.items)+2)
	box.Clear()
	in := box.Box("What can be done here")
	for i, b := range m.items {
		line := box.Sub(1, i+1, box.W-2, 1)
		if i+1 > in.H {
			return
		}
		if i == m.at {
			line = line.With(theme.Cursor)
			line.Clear()
			line.Text(0, 0, theme.Accent, line.Theme().Glyph.Cursor)
		}
		role, text := theme.Text, b.Help
		if why := a.off(b); why != "" {
			role, text = theme.Dim, text+"  ("+why+")"
		}
		line.Text(2, 0, theme.Key, keys.Name(b.Keys[0]))
		line.Text(14, 0, role, line.Clip(text, line.W-14))
	}
}

func (m *menu) hint() string { return "<enter>do it  <j k>choose  <esc>close" }

// commandLine is what is typed behind ":".
type commandLine struct {
	in      input.Input
	choice  int
	chosen  bool // the arrows were used
	history int  // how far back
	wrong   string
}

func newCommandLine(text string) *commandLine { return &commandLine{in: input.New(text)} }

func (c *commandLine) typing() bool { return true }

func (c *commandLine) key(a *App, msg tea.KeyMsg) tea.Cmd {
	choices := a.complete(c.in.Value())
	switch msg.Type {
	case tea.KeyEsc:
		a.over = nil
	case tea.KeyTab:
		if c.choice < len(choices) {
			c.in.Set(choices[c.choice].Line + " ")
			c.choice, c.chosen = 0, false
		}
	case tea.KeyDown:
		c.choice, c.chosen = min(c.choice+1, max(len(choices)-1, 0)), true
	case tea.KeyUp:
		c.choice, c.chosen = max(c.choice-1, 0), true
	case tea.KeyCtrlR, tea.KeyCtrlP:
		if n := len(a.lines); n > 0 {
			c.history = c.history%n + 1
			c.in.Set(a.lines[n-c.history])
		}
	case tea.KeyEnter:
		if c.chosen && c.choice < len(choices) {
			c.in.Set(choices[c.choice].Line)
		}
		return c.run(a)
	default:
		if c.in.Type(msg) {
			c.choice, c.chosen, c.wrong = 0, false, ""
		}
	}
	return nil
}

func (c *commandLine) run(a *App) tea.Cmd {
	line := strings.TrimSpace(c.in.Value())
	msg, err := command.Run(a.deps.Store.Snapshot(), line, a.deps.Now())
	if err != nil {
		c.wrong = err.Error()
		return nil
	}
	if line != "" {
		a.lines = append(a.lines, line)
	}
	a.over = nil
	if msg == nil {
		return nil
	}
	return a.asked(a.top(), msg)
}

// askedMore takes what only the command line asks for.
func (a *App) askedMore(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case command.Theme:
		a.theme = a.deps.Theme(msg.Name)
	case command.Pace:
		a.pace(msg.Least)
	case command.Quit:
		return a.quit("")
	case command.Help:
		a.over = &helpOverlay{}
	case command.Mouse:
		return a.toggleMouse()
	case command.Context:
		return a.goContext(msg.Name)
	case command.CheckConfig:
		return a.checkConfig()
	case screen.Shell:
		return a.shell(msg)
	case screen.Choose:
		a.over = &chooser{title: msg.Title, items: msg.Choices}
	case screen.Confirm:
		a.confirm(msg)
	case screen.Edit:
		return a.tool(Tool{Kind: Editor, Name: msg.Name, At: msg.Line, Text: msg.Text, Result: new(string)})
	case command.Do:
		return a.global(msg.Verb)
	case command.Pipe:
		return a.pipe(msg.Line)
	case screen.Prompt:
		a.over = newCommandLine(msg.Line)
	case screen.Write:
		return a.write(msg)
	case heard:
		msg.by.Heard(msg.busy) // it may be closed by now: then nobody sees that
	case shellEnded:
		a.say(msg.role, msg.text)
	}
	return nil
}

func (c *commandLine) render(a *App, area frame.Area) {
	choices := a.complete(c.in.Value())
	h := len(choices) + 1
	if c.wrong != "" {
		h++
	}
	box := area.Sub(0, area.H-h, area.W, h)
	box.Clear()
	x := box.Text(1, 0, theme.Accent, ":")
	c.in.Draw(box.Sub(x, 0, box.W-x-1, 1), true)
	y := 1
	if c.wrong != "" {
		box.Text(2, 1, theme.Bad, box.Clip("! "+c.wrong, box.W-3))
		y++
	}
	wide := command.Widest(choices, box.W-2)
	for i, choice := range choices {
		line := box.Sub(1, y+i, box.W-2, 1)
		if i == c.choice {
			line = line.With(theme.Cursor)
			line.Clear()
			line.Text(0, 0, theme.Accent, line.Theme().Glyph.Cursor)
		}
		line.Left(2, 0, wide, theme.Text, choice.Short(wide))
		line.Text(wide+4, 0, theme.Dim, line.Clip(choice.Help, line.W-wide-4))
	}
}

func (c *commandLine) hint() string {
	return "<tab>complete  <↑ ↓>choose  <enter>run  <ctrl+r>history  <esc>close"
}
