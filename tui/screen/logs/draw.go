package logs

import (
	"fmt"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
)

func (s *Screen) head(a frame.Area) {
	st := s.stream()
	x := s.tabs.Draw(a) + 1
	g := a.Theme().Glyph
	switch {
	case s.paused:
		x = a.Text(x, 0, theme.Warn, "PAUSED") + 2
	case st.follow:
		x = a.Text(x, 0, theme.Good, g.Follow+" FOLLOW") + 2
	default:
		text := "SCROLLED"
		if st.fresh > 0 {
			text += fmt.Sprintf(" +%d", st.fresh)
		}
		x = a.Text(x, 0, theme.Warn, text) + 2
	}
	size := fmt.Sprintf("%d lines  %s", st.count(), gauge.Bytes(st.size))
	for _, p := range []struct {
		on   bool
		text string
	}{
		{st.since != "", st.since},
		{s.wrap, "wrap"},
		{s.times, "time"},
		{s.pretty, "pretty"},
		{s.only, "only matches"},
		{s.left > 0, fmt.Sprintf("from column %d", s.left+1)},
		{st.dropped() > 0, fmt.Sprintf("%d older lines dropped", st.dropped())},
		{st.begin > 0 && st.dropped() == 0, "g loads more"},
		{s.beyond > 0, fmt.Sprintf("%d columns to the right", s.beyond)},
	} {
		if p.on && x+frame.Width(p.text)+1 <= a.W-frame.Width(size) {
			x = a.Text(x, 0, theme.Dim, p.text) + 2
		}
	}
	with := size
	if rate := s.rate(); rate >= 0.05 {
		with = perSecond(rate) + " lines/s  " + size
	}
	for _, text := range []string{with, size} {
		if at := a.W - frame.Width(text); at >= x-1 {
			a.Text(at, 0, theme.Dim, text)
			break
		}
	}
}

func (s *Screen) searchLine(a frame.Area) {
	sign := "/ "
	if s.only {
		sign = "& "
	}
	x := a.Text(0, 0, theme.Accent, sign)
	if s.typing {
		s.in.Draw(a.Sub(x, 0, min(40, a.W-x), 1), true)
		x += max(frame.Width(s.in.Value())+3, 20)
	} else {
		x = a.Text(x, 0, theme.Strong, s.match.Text()) + 3
	}
	if !s.typing && s.hits.of > 0 {
		x = a.Text(x, 0, theme.Text, s.hits.text()) + 3
	}
	a.Text(x, 0, theme.Dim, a.Clip("n next  N before  & only matches  esc ends", max(a.W-x, 0)))
}

// freshLine says how much came below what is looked at.
func (s *Screen) freshLine(a frame.Area, n int) {
	text := fmt.Sprintf(" %d new lines below, F follows ", n)
	if n == 1 {
		text = " 1 new line below, F follows "
	}
	side := strings.Repeat(a.Theme().Glyph.Line, max((a.W-frame.Width(text))/2, 1))
	x := a.Text(0, 0, theme.Border, side)
	x = a.Text(x, 0, theme.Warn, text)
	a.Text(x, 0, theme.Border, strings.Repeat(a.Theme().Glyph.Line, max(a.W-x, 0)))
}

// Tail draws the newest lines and nothing else, for a screen that shows them beside other things.
func (s *Screen) Tail(a frame.Area) {
	s.height = max(a.H, 1)
	if st := s.stream(); st.err != "" {
		a.Text(1, 0, theme.Warn, a.Clip(st.err, a.W-1))
		return
	}
	s.drawLines(a)
}

func (s *Screen) empty(a frame.Area) bool {
	st := s.stream()
	switch {
	case st.count() > 0:
		return false
	case !st.known:
		a.Text(1, 1, theme.Dim, "reading…")
	case st.filter:
		a.Text(1, 1, theme.Dim, "no line matches; esc shows all")
	default:
		a.Text(1, 1, theme.Dim, st.name+" is empty so far")
	}
	return true
}

func (s *Screen) drawLines(a frame.Area) {
	if s.empty(a) {
		return
	}
	st := s.stream()
	from, to := st.window(s.height)
	p := s.prefix(from)
	s.beyond = 0
	for i := from; i < to; i++ {
		text := s.shown(st.line(i))
		s.beyond = max(s.beyond, frame.Width(text)-s.left-(a.W-1-p.width))
		s.line(a.Sub(0, i-from, a.W, 1), p, st.line(i), text, s.left)
	}
}

// shown is a line of the text as it is drawn.
func (s *Screen) shown(line int) string {
	text := s.stream().text.Line(line)
	if s.pretty {
		text = pretty(text)
	}
	return clean(text)
}

// rate is how many lines came a second lately, of what is shown.
func (s *Screen) rate() float64 {
	sum := 0.0
	for _, tab := range s.parts() {
		sum += s.streams[tab].pace.rate(s.env.Now())
	}
	return sum
}

func perSecond(rate float64) string {
	if rate >= 10 {
		return fmt.Sprintf("%.0f", rate)
	}
	return fmt.Sprintf("%.1f", rate)
}

// drawWrapped fills the screen from the bottom when it follows, else from the top.
func (s *Screen) drawWrapped(a frame.Area) {
	if s.empty(a) {
		return
	}
	s.beyond = 0
	st := s.stream()
	from, to := st.window(s.height)
	p := s.prefix(from)
	w := max(a.W-1-p.width, 1)
	if st.follow {
		rows := 0
		for from = to; from > 0; from-- {
			rows += rowsOf(s.shown(st.line(from-1)), w)
			if rows > a.H && from < to {
				break
			}
		}
	}
	y := 0
	for i := from; i < to && y < a.H; i++ {
		text := s.shown(st.line(i))
		for part := range rowsOf(text, w) {
			if y < a.H {
				s.line(a.Sub(0, y, a.W, 1), p, st.line(i), text, part*w)
				y++
			}
		}
	}
}

// prefix is what stands in front of each line: when it was written, and which stream it is of.
type prefix struct {
	width  int
	layout string // of the time, "" for none
	stream bool
}

func (s *Screen) prefix(from int) prefix {
	var p prefix
	if s.times && from < s.stream().count() {
		p.layout = time.TimeOnly
		now := s.env.Now().Local()
		if at := s.when(s.stream().line(from)); !at.IsZero() && (at.YearDay() != now.YearDay() || at.Year() != now.Year()) {
			p.layout = "Jan _2 " + time.TimeOnly
		}
		p.width = len(p.layout) + 1
	}
	if s.tabs.At == together {
		p.stream = true
		p.width += 4
	}
	return p
}

// when is when a line of the text was written, the zero time if that is not known.
func (s *Screen) when(line int) time.Time {
	part, number := s.origin(line)
	at := s.streams[part].when(number)
	if at.IsZero() {
		return at
	}
	return at.Local()
}

// prefixText is the prefix of a line as text.
func (s *Screen) prefixText(p prefix, line int) string {
	text := ""
	if p.layout != "" {
		if at := s.when(line); !at.IsZero() {
			text = at.Format(p.layout)
		}
		text = fmt.Sprintf("%-*s ", len(p.layout), text)
	}
	if p.stream {
		part, _ := s.origin(line)
		text += [2]string{"out ", "err "}[part]
	}
	return text
}

func (s *Screen) drawPrefix(a frame.Area, p prefix, line int) {
	x := 0
	if p.layout != "" {
		text := ""
		if at := s.when(line); !at.IsZero() {
			text = at.Format(p.layout)
		}
		x = a.Left(0, 0, len(p.layout), theme.Dim, text) + 1
	}
	if p.stream {
		part, _ := s.origin(line)
		a.Text(x, 0, [2]theme.Role{theme.Dim, theme.Warn}[part], [2]string{"out", "err"}[part])
	}
}

func rowsOf(text string, w int) int { return max((frame.Width(text)+w-1)/w, 1) }

// line draws one line from a column on, with its matches.
func (s *Screen) line(a frame.Area, p prefix, number int, text string, left int) {
	begin, end := s.match.In(text, 0)
	if begin >= 0 && number == s.stream().hit {
		a.Text(0, 0, theme.Accent, a.Theme().Glyph.Hit)
	}
	s.drawPrefix(a.Sub(1, 0, p.width, 1), p, number)
	body := a.Sub(1+p.width, 0, a.W-1-p.width, 1)
	x, at := -left, 0
	for begin >= 0 {
		x = cut(body, x, level(text), text[at:begin])
		x = cut(body, x, theme.Match, text[begin:end])
		at = end
		begin, end = s.match.In(text, at)
	}
	cut(body, x, level(text), text[at:])
}

// cut draws text that may begin left of the area and answers where it ends.
func cut(a frame.Area, x int, role theme.Role, text string) int {
	if x < 0 {
		w := frame.Width(text)
		if x+w <= 0 {
			return x + w
		}
		for x < 0 && text != "" {
			size := 1
			for size < len(text) && text[size]&0xc0 == 0x80 {
				size++
			}
			x += frame.Width(text[:size])
			text = text[size:]
		}
	}
	if x >= a.W {
		return x + len(text)
	}
	return a.Text(x, 0, role, text)
}

// level colours lines that say that they are errors or warnings.
func level(text string) theme.Role {
	head := text[:min(len(text), 64)]
	switch {
	case strings.Contains(head, "ERROR"), strings.Contains(head, "FATAL"), strings.Contains(head, " E "), strings.Contains(head, "panic:"):
		return theme.Bad
	case strings.Contains(head, "WARN"), strings.Contains(head, " W "):
		return theme.Warn
	}
	return theme.Text
}

// clean makes a line that can be drawn: tabs become spaces, a carriage return at the end goes, and sequences that colour
// text are taken out. Other control bytes are shown as what they are when they are drawn.
func clean(text string) string {
	if !strings.ContainsAny(text, "\t\r\x1b") {
		return text
	}
	text = strings.TrimSuffix(text, "\r")
	var b strings.Builder
	col := 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\t':
			n := 8 - col%8
			b.WriteString("        "[:n])
			col += n
			continue
		case c == 0x1b && i+1 < len(text) && text[i+1] == '[':
			if n := sequence(text[i:]); n > 0 {
				i += n - 1
				continue
			}
		}
		b.WriteByte(text[i])
		col++
	}
	return b.String()
}

// sequence is the length of the CSI sequence at the beginning of s, 0 if it is not whole.
func sequence(s string) int {
	for i := 2; i < len(s) && i < 64; i++ {
		if c := s[i]; c >= '@' && c <= '~' {
			return i + 1
		} else if c < ' ' || c > '?' {
			return 0
		}
	}
	return 0
}
