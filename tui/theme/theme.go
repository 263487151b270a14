// Package theme turns roles ("bad", "dim", "key") into terminal attributes and meanings ("running") into glyphs. It owns
// every colour of the console and never knows what is drawn with them. A theme is a value made from a lipgloss renderer,
// so that two sessions in one process can differ. Start reading at Theme.
package theme

import (
	"io"
	"strings"

	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"
)

// Role is what a piece of text means. Colour adds to a meaning and never carries it alone.
type Role uint8

// The roles.
const (
	Text   Role = iota // everything that is not special
	Dim                // labels, units, what is less important
	Title              // headings and the crumb one is at
	Strong             // figures that matter
	Accent             // what has the focus
	Good
	Info // on its way: staging, starting
	Warn
	Bad
	Border
	Key    // a key in the footer
	Track  // the empty part of a gauge
	Hold   // the allocated but unused part of a gauge
	Bar    // the used part of a gauge
	Match  // text that a search found
	Banner // the line that says that data are old
	Button // the button with the focus
	roles
)

// Flag changes how a role looks.
type Flag uint8

// The flags.
const (
	Cursor Flag = 1 << iota // the row of the cursor
	Faded                   // a row that has ended
	flags  = 4
)

// Theme is a set of attributes and glyphs. It is immutable.
type Theme struct {
	sgr   [roles][flags]string
	Glyph Glyphs
	Name  string
}

// Options say what a terminal can show.
type Options struct {
	Profile termenv.Profile
	Plain   bool   // no attributes at all
	ASCII   bool   // no glyph beyond ASCII
	Name    string // dark, light, or auto: colours that do on both
}

// New makes a theme.
func New(o Options) *Theme {
	t := &Theme{Glyph: unicode, Name: o.Name}
	if o.ASCII {
		t.Glyph = ascii
	}
	if o.Plain {
		return t
	}
	r := lipgloss.NewRenderer(io.Discard)
	r.SetColorProfile(o.Profile)
	r.SetHasDarkBackground(o.Name != "light")
	p := paletteOf(o)
	for role := range roles {
		for flag := range Flag(flags) {
			t.sgr[role][flag] = attributes(r, o.Profile == termenv.Ascii, p, role, flag)
		}
	}
	return t
}

// SGR returns the attributes of a role as the parameters of one escape sequence, "" for none.
func (t *Theme) SGR(role Role, flag Flag) string { return t.sgr[role][flag] }

// palette holds one colour a role; "" is the terminal's own.
type palette struct {
	colour     [roles]string
	cursorBack string
	cursorText string
	bannerBack string
}

// paletteOf picks colours. The 16 colours are the terminal's, and so suit its background; of the 256, "auto" takes ones
// of middle brightness that can be read on dark and on light.
func paletteOf(o Options) palette {
	p := palette{cursorBack: "4", cursorText: "15", bannerBack: "3"}
	p.colour = [roles]string{
		Dim: "8", Accent: "6", Good: "2", Info: "4", Warn: "3", Bad: "1", Border: "8", Key: "6",
		Track: "8", Hold: "4", Bar: "2", Match: "0", Banner: "0", Button: "15", Title: "",
	}
	if o.Profile != termenv.ANSI256 {
		return p
	}
	p.cursorBack, p.cursorText, p.bannerBack = "24", "231", "136"
	switch o.Name {
	case "light":
		p.colour = [roles]string{
			Dim: "242", Accent: "24", Good: "28", Info: "25", Warn: "130", Bad: "160", Border: "250", Key: "24",
			Track: "251", Hold: "67", Bar: "29", Match: "16", Banner: "16", Button: "231",
		}
	case "dark":
		p.colour = [roles]string{
			Dim: "245", Accent: "80", Good: "114", Info: "111", Warn: "179", Bad: "203", Border: "239", Key: "80",
			Track: "238", Hold: "67", Bar: "72", Match: "16", Banner: "16", Button: "231", Strong: "255", Title: "255",
		}
	default:
		p.colour = [roles]string{
			Dim: "244", Accent: "30", Good: "28", Info: "32", Warn: "130", Bad: "196", Border: "242", Key: "30",
			Track: "242", Hold: "67", Bar: "65", Match: "16", Banner: "16", Button: "231",
		}
	}
	return p
}

// onCursor are the colours of states on the cursor's own background, where the usual ones could not be read.
var onCursor = map[Role]string{Good: "120", Info: "153", Warn: "222", Bad: "224", Dim: "252", Bar: "120", Hold: "110", Track: "67"}

func attributes(r *lipgloss.Renderer, bare bool, p palette, role Role, flag Flag) string {
	st := r.NewStyle()
	if c := p.colour[role]; c != "" {
		st = st.Foreground(lipgloss.Color(c))
	}
	switch role {
	case Title, Strong, Accent:
		st = st.Bold(true)
	case Match, Banner:
		st = st.Background(lipgloss.Color(p.bannerBack))
	case Button:
		st = st.Background(lipgloss.Color(p.cursorBack)).Bold(true)
	default:
	}
	if flag&Faded != 0 {
		st = r.NewStyle().Foreground(lipgloss.Color(p.colour[Dim]))
	}
	if flag&Cursor != 0 {
		st = cursorStyle(r, p, role, flag)
	}
	if bare {
		return bareAttributes(role, flag)
	}
	return parameters(st.Render("x"))
}

func cursorStyle(r *lipgloss.Renderer, p palette, role Role, flag Flag) lipgloss.Style {
	st := r.NewStyle().Background(lipgloss.Color(p.cursorBack)).Foreground(lipgloss.Color(p.cursorText))
	if flag&Faded != 0 {
		role = Dim
	}
	if c := onCursor[role]; c != "" && r.ColorProfile() == termenv.ANSI256 {
		st = st.Foreground(lipgloss.Color(c))
	}
	return st.Bold(role == Title || role == Strong || role == Accent)
}

// bareAttributes are what is left without colours. lipgloss drops bold and reverse together with them, which would hide
// the cursor; they are no colours, so they stay.
func bareAttributes(role Role, flag Flag) string {
	var on []string
	switch role {
	case Title, Strong, Accent:
		on = append(on, "1")
	case Match, Banner, Button:
		on = append(on, "7")
	default:
	}
	if flag&Faded != 0 {
		on = append(on, "2")
	}
	if flag&Cursor != 0 {
		on = []string{"7"}
	}
	return strings.Join(on, ";")
}

// parameters takes the attributes out of a rendered "x": \e[1;32mx\e[0m. lipgloss may open with several sequences.
func parameters(rendered string) string {
	head, _, _ := strings.Cut(rendered, "x")
	head = strings.ReplaceAll(head, "m\x1b[", ";")
	return strings.TrimSuffix(strings.TrimPrefix(head, "\x1b["), "m")
}
