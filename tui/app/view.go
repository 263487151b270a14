package app

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/command"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
	"codeberg.org/reeve/reeve/tui/widget/help"
	"codeberg.org/reeve/reeve/tui/widget/hint"
	"codeberg.org/reeve/reeve/tui/widget/statusbar"
)

// The smallest terminal that screens are made for.
const (
	minW = 60
	minH = 15
)

// bannerAfter is how long a lost link may stay without a banner: a change of leaders is shorter.
const bannerAfter = 3 * time.Second

// View draws the frame. bubbletea asks after every message; a message that came with no change costs nothing here.
func (a *App) View() string {
	if a.dirty {
		a.frame = a.draw().String()
		a.dirty = false
	}
	return a.frame
}

func (a *App) draw() *frame.Frame {
	a.paper = a.paper.Again(a.w, a.h, a.theme)
	f := a.paper
	area := f.Area()
	if a.w < minW || a.h < minH {
		text := fmt.Sprintf("too small: need %dx%d, this is %dx%d", minW, minH, a.w, a.h)
		area.Text(max((a.w-len(text))/2, 0), a.h/2, theme.Warn, text)
		return f
	}
	snap := a.deps.Store.Snapshot()
	if a.deps.Production && a.w >= minW+2 && a.h >= minH+2 {
		area = production(area)
	}
	body := area
	fills := a.fills()
	if !fills {
		body = area.Sub(0, 1, area.W, area.H-3)
	}
	a.body(body, snap)
	if a.over != nil {
		a.over.render(a, body)
	}
	if !fills { // the last lines name keys that depend on what had room above
		statusbar.Draw(area.Sub(0, 0, area.W, 1), a.crumbs(snap), a.right(snap))
		a.status(area.Sub(0, area.H-2, area.W, 1))
		a.footer(area.Sub(0, area.H-1, area.W, 1))
	}
	return f
}

// fills says whether a text has the whole terminal. What lies over it, or needs a word, takes that back.
func (a *App) fills() bool {
	scope := a.top().screen.Scopes()[0]
	quiet := a.over == nil && a.pending == nil && !a.typing() && (a.toast.text == "" || !a.deps.Now().Before(a.toast.until))
	return a.full && quiet && (scope == keys.Log || scope == keys.Text)
}

// production draws a frame round everything, and answers what is inside.
func production(area frame.Area) frame.Area {
	g := area.Theme().Glyph.Box
	line := strings.Repeat(g[4], area.W-2)
	area.Text(0, 0, theme.Bad, g[0]+line+g[1])
	for y := 1; y < area.H-1; y++ {
		area.Text(0, y, theme.Bad, g[5])
		area.Text(area.W-1, y, theme.Bad, g[5])
	}
	area.Text(0, area.H-1, theme.Bad, g[3]+line+g[2])
	const text = " PRODUCTION "
	area.Text((area.W-len(text))/2, 0, theme.Bad, text)
	return area.Sub(1, 1, area.W-2, area.H-2)
}

// whyStale says all that is known of a link that is lost.
func (a *App) whyStale() {
	l := a.deps.Store.Link()
	if l.Live {
		a.say(theme.Dim, "data are live")
		return
	}
	lines := []string{"master   " + l.Master, fmt.Sprintf("attempt  %d, %s", l.Attempt, a.countdown(l))}
	if !l.Last.IsZero() {
		lines = append(lines, "heard    "+l.Last.Local().Format("15:04:05")+" for the last time", "lost     "+l.Since.Local().Format("15:04:05"))
	}
	lines = append(append(lines, ""), strings.Split(ansi.Wordwrap(l.Err, whyWidth, " "), "\n")...)
	if tried := a.deps.Store.Snapshot().Tried(); len(tried) > 0 {
		lines = append(append(lines, "", "tried"), tried...)
	}
	a.confirm(screen.Confirm{Title: "No answer from the masters", Lines: lines, Button: "Try now", Msg: command.Do{Verb: keys.Refresh}})
}

const whyWidth = 60

func (a *App) body(area frame.Area, snap *store.Snapshot) {
	if snap.Link.Last.IsZero() {
		a.connecting(area, snap)
		return
	}
	if lost := a.deps.Now().Sub(snap.Link.Since); !snap.Link.Live && lost > bannerAfter {
		h := a.banner(area, snap, lost)
		area = area.Sub(0, h, area.W, area.H-h)
	}
	a.top().screen.Render(a.withPreview(area))
}

// The smallest area that is divided, and the smallest part of it.
const (
	previewFrom = 20
	previewRows = 9
	leastList   = 4 // lines that are left for the list
)

// panes are the sizes of the preview, in tenths of the screen.
var panes = [...]int{4, 6, 10}

// withPreview draws a description of the cursor's thing below a list, and answers what is left for the list.
func (a *App) withPreview(area frame.Area) frame.Area {
	t := a.thing()
	if _, list := a.top().screen.(screen.Exporter); !a.looks.Preview || !list || t.ID == "" || area.H < previewFrom || a.deps.Describe == nil {
		return area
	}
	name, text := a.deps.Describe(t)
	h := min(max(area.H*panes[a.looks.Pane]/10, previewRows), area.H-leastList)
	box := area.Sub(1, area.H-h, area.W-2, h).Box(name + "  (v hides it)")
	top := 0
	if p, more := a.top().screen.(screen.Previewer); more {
		if top = p.Preview(box); top > 0 {
			top++
		}
	}
	for y, line := range strings.Split(text, "\n") {
		if top+y < box.H {
			box.Text(0, top+y, theme.Text, box.Clip(line, box.W))
		}
	}
	return area.Sub(0, 0, area.W, area.H-h)
}

// connecting stands where nothing was heard yet.
func (a *App) connecting(area frame.Area, snap *store.Snapshot) {
	l := snap.Link
	in := area.Center(min(area.W-4, 92), 9).Box("Connecting")
	x := in.Text(0, 1, theme.Dim, "master   ")
	in.Text(x, 1, theme.Text, l.Master)
	if l.Err == "" {
		in.Text(0, 3, theme.Info, in.Theme().Glyph.Staging+" waiting for its answer")
		return
	}
	lines := strings.Split(ansi.Wordwrap(l.Err, in.W, " "), "\n")
	for y, line := range lines[:min(len(lines), 3)] {
		in.Text(0, 2+y, theme.Warn, in.Clip(line, in.W))
	}
	in.Text(0, 6, theme.Dim, fmt.Sprintf("attempt %d, %s  (ctrl+r tries at once)", l.Attempt, a.countdown(l)))
}

func (a *App) countdown(l store.Link) string {
	left := l.Next.Sub(a.deps.Now())
	if left <= 0 {
		return "trying now"
	}
	return fmt.Sprintf("retry in %ds", int((left+time.Second-1)/time.Second))
}

// banner says that what is shown is old, and answers how many lines that took.
func (a *App) banner(area frame.Area, snap *store.Snapshot, lost time.Duration) int {
	l := snap.Link
	line := func(y int, text string) {
		area.Fill(0, y, area.W, theme.Banner)
		area.Text(1, y, theme.Banner, area.Clip(text, area.W-2))
	}
	line(0, fmt.Sprintf("! no answer from %s for %s: %s (attempt %d)", l.Master, gauge.Age(lost), l.Err, l.Attempt))
	y := 1
	if tried := snap.Tried(); len(tried) > 0 {
		line(y, "  tried "+strings.Join(tried, "   "))
		y++
	}
	line(y, fmt.Sprintf("  data of %s; changing the cluster is off  E says more  ctrl+r tries now", l.Last.Local().Format("15:04:05")))
	return y + 1
}

func (a *App) crumbs(snap *store.Snapshot) []string {
	name := "reeve"
	if snap.Cluster != nil && snap.Cluster.Name != "" {
		name = snap.Cluster.Name
	}
	if a.deps.Context != "" {
		name = a.deps.Context
	}
	out := []string{name}
	for _, l := range a.stack {
		if c := l.screen.Crumb(); c != "" {
			out = append(out, c)
		}
	}
	return out
}

func (a *App) right(snap *store.Snapshot) []statusbar.Part {
	g := a.theme.Glyph
	var parts []statusbar.Part
	if a.deps.Demo {
		parts = append(parts, statusbar.Part{Text: "DEMO", Role: theme.Banner})
	}
	if a.deps.Production {
		parts = append(parts, statusbar.Part{Text: "PROD", Role: theme.Banner})
	}
	mode := statusbar.Part{Text: "RW", Role: theme.Dim}
	if a.deps.ReadOnly {
		mode = statusbar.Part{Text: "RO", Role: theme.Accent}
	}
	switch l := a.deps.Store.Link(); {
	case a.deps.Store.Frozen():
		parts = append(parts, statusbar.Part{Text: g.Stale + " FROZEN " + gauge.Age(a.deps.Now().Sub(snap.Link.Last)), Role: theme.Warn})
		mode = statusbar.Part{Text: "RO", Role: theme.Warn}
	case l.Live:
		parts = append(parts, statusbar.Part{Text: g.Live + " live", Role: theme.Good})
	case l.Last.IsZero():
		parts = append(parts, statusbar.Part{Text: g.Stale + " connecting", Role: theme.Warn})
	default:
		parts = append(parts,
			statusbar.Part{Text: g.Stale + " STALE " + gauge.Age(a.deps.Now().Sub(l.Since)), Role: theme.Warn},
			statusbar.Part{Text: a.countdown(l), Role: theme.Dim})
		mode = statusbar.Part{Text: "RO", Role: theme.Warn}
	}
	if snap.Cluster != nil && snap.Link.Live {
		leader := statusbar.Part{Text: "leader " + snap.Cluster.Leader, Role: theme.Dim}
		if snap.Cluster.Leader == "" {
			leader = statusbar.Part{Text: "NO LEADER", Role: theme.Bad}
		}
		if a.w >= 100 && snap.Link.Master != "" {
			at := snap.Link.Master
			if a.deps.Via != "" {
				at += " via " + a.deps.Via
			}
			parts = append(parts, statusbar.Part{Text: at, Role: theme.Dim})
		}
		parts = append(parts, leader)
	}
	return append(parts, mode)
}

func (a *App) status(area frame.Area) {
	if a.pending != nil {
		a.pending.countdown(area, a.deps.Now())
		return
	}
	if a.toast.text != "" && a.deps.Now().Before(a.toast.until) {
		area.Text(1, 0, a.toast.role, area.Clip(a.toast.text, area.W-2))
		return
	}
	area = area.Sub(0, 0, a.drains(area), 1)
	if s, ok := a.top().screen.(screen.Teller); ok {
		text, role := s.Status()
		area.Text(1, 0, role, area.Clip(text, area.W-2))
	}
}

// drains says at the right how far drains are, on every screen, and answers what is left of the line.
func (a *App) drains(area frame.Area) int {
	n, left, begun, known, name := 0, 0, 0, true, ""
	for _, g := range a.deps.Store.Snapshot().Agents.Rows() {
		if g.State == reeveapi.AgentDraining && g.Drain != nil {
			of, sure := g.Drain.Of(g.Tasks)
			n, left, begun, known, name = n+1, left+g.Tasks, begun+of, known && sure, g.Name
		}
	}
	if n == 0 {
		return area.W
	}
	if n > 1 {
		name = plural(n, "agent")
	}
	text := a.theme.Glyph.Drain + " draining " + area.Clip(name, area.W/3) + ": "
	bar, count := 0, fmt.Sprintf("%d left ", left)
	if known {
		count = fmt.Sprintf("%d of %d left ", left, begun)
		if area.W >= barFrom {
			bar = barWidth
		}
	}
	start := max(area.W-frame.Width(text+count)-bar, 0)
	x := area.Text(start, 0, theme.Warn, text)
	if bar > 0 {
		gauge.Progress(area.Sub(x, 0, bar-1, 1), float64(begun-left)/float64(begun), 0)
	}
	area.Text(x+bar, 0, theme.Warn, count)
	return max(start-1, 0)
}

// A drain's bar is drawn where there is room for it.
const (
	barFrom  = 100
	barWidth = 11
)

func (a *App) footer(area frame.Area) {
	if a.over != nil {
		hint.Draw(area, a.over.hint())
		return
	}
	if t, ok := a.top().screen.(screen.Typist); ok && t.Typing() && !a.top().screen.Scopes()[0].Form() {
		hint.Draw(area, "<tab>complete  <enter>keep  <esc>clear")
		return
	}
	scopes := a.top().screen.Scopes()
	bindings := keys.In(scopes)
	if len(a.stack) == 1 {
		bindings = slices.DeleteFunc(bindings, func(b keys.Binding) bool { return b.Verb == keys.Back })
	}
	if scopes[0].Form() {
		bindings = slices.DeleteFunc(bindings, func(b keys.Binding) bool { return b.Scope == keys.Global }) // letters are text here
	}
	if l := a.deps.Store.Link(); !l.Live && !l.Last.IsZero() && !scopes[0].Form() { // what helps while there is no answer
		first := []string{"<ctrl+r>retry now"}
		if len(a.deps.Contexts) > 1 {
			first = append(first, "<:>context other cluster")
		}
		area = help.First(area, first...)
	}
	if scopes[0] == keys.Overview {
		area = a.numbers(area)
	}
	help.Footer(area, bindings, a.off)
}

// numbers draws the keys of the top screens and answers what is left of the line. Names are shortened, and then left out,
// where they do not fit.
func (a *App) numbers(area frame.Area) frame.Area {
	const help = 10 // what the key of help needs
	text := func(b keys.Binding, short bool) string {
		switch {
		case short && b.Verb == keys.GoFrames:
			return "fw"
		case short && len(b.Help) > 8:
			return b.Help[:5]
		}
		return b.Help
	}
	var bindings []keys.Binding
	w := 0
	for _, b := range keys.In(nil) {
		if _, ok := places[b.Verb]; ok && b.Verb != keys.GoOver { // the overview is where the numbers are shown
			bindings = append(bindings, b)
			w += len(text(b, false)) + 3
		}
	}
	x, short := 1, w > area.W-help-1
	for _, b := range bindings {
		name := text(b, short)
		if x+len(name)+3 > area.W-help {
			continue
		}
		from := x
		x = area.Text(x, 0, theme.Key, b.Keys[0])
		x = area.Text(x, 0, theme.Dim, " "+name) + 1
		area.Sub(from, 0, x-from-1, 1).Tag(b)
	}
	return area.Sub(x, 0, area.W-x, 1)
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
