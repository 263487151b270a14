package theme

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/muesli/termenv"
)

// rgb is a colour of the 256, as terminals have them unless they were told otherwise.
func rgb(n int) [3]float64 {
	switch {
	case n >= 232:
		v := float64(8 + 10*(n-232))
		return [3]float64{v, v, v}
	case n >= 16:
		level := func(i int) float64 { return []float64{0, 95, 135, 175, 215, 255}[i] }
		n -= 16
		return [3]float64{level(n / 36), level(n / 6 % 6), level(n % 6)}
	}
	return [16][3]float64{ // xterm's
		{0, 0, 0},
		{205, 0, 0},
		{0, 205, 0},
		{205, 205, 0},
		{0, 0, 238},
		{205, 0, 205},
		{0, 205, 205},
		{229, 229, 229},
		{127, 127, 127},
		{255, 0, 0},
		{0, 255, 0},
		{255, 255, 0},
		{92, 92, 255},
		{255, 0, 255},
		{0, 255, 255},
		{255, 255, 255},
	}[n]
}

// contrast is that of WCAG: 1 for the same, 21 for black on white.
func contrast(a, b [3]float64) float64 {
	luminance := func(c [3]float64) float64 {
		lin := func(v float64) float64 {
			if v /= 255; v <= 0.03928 {
				return v / 12.92
			}
			return math.Pow((v+0.055)/1.055, 2.4)
		}
		return 0.2126*lin(c[0]) + 0.7152*lin(c[1]) + 0.0722*lin(c[2])
	}
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// ink is what attributes draw with: the numbers of the 256 colours, -1 where they say nothing.
func ink(t *testing.T, sgr string) (fore, back int) {
	t.Helper()
	fore, back = -1, -1
	words := strings.Split(sgr, ";")
	for i := 0; i < len(words); i++ {
		n, err := strconv.Atoi(words[i])
		switch {
		case sgr == "":
			return
		case err != nil:
			t.Fatalf("attributes %q", sgr)
		case (n == 38 || n == 48) && i+2 < len(words):
			v, err := strconv.Atoi(words[i+2])
			if err != nil {
				t.Fatalf("attributes %q", sgr)
			}
			if i += 2; n == 38 {
				fore = v
			} else {
				back = v
			}
		case n >= 30 && n <= 37:
			fore = n - 30
		case n >= 90 && n <= 97:
			fore = n - 90 + 8
		case n >= 40 && n <= 47:
			back = n - 40
		case n >= 100 && n <= 107:
			back = n - 100 + 8
		}
	}
	return fore, back
}

var names = [roles]string{
	"text", "dim", "title", "strong", "accent", "good", "info", "warn", "bad", "border", "key", "track", "hold", "bar", "match", "banner", "button",
}

// TestContrast looks at every role of every theme on the backgrounds that it is for: what is read can be read, and what is only
// drawn, such as frames, can be seen.
func TestContrast(t *testing.T) {
	black, grey, white, paper := [3]float64{0, 0, 0}, [3]float64{30, 30, 30}, [3]float64{255, 255, 255}, [3]float64{238, 238, 238}
	for _, look := range []struct {
		name    string
		grounds [][3]float64
		text    float64
	}{
		{"dark", [][3]float64{black, grey}, 4.5},
		{"light", [][3]float64{white, paper}, 4},
		{"auto", [][3]float64{black, grey, white, paper}, 3.2},
	} {
		th := New(Options{Profile: termenv.ANSI256, Name: look.name})
		for role := range roles {
			for flag := range Flag(flags) {
				for _, ground := range look.grounds {
					least := look.text
					switch role {
					case Border, Track:
						least = 1.2
					case Hold, Bar:
						least = 2.5
					default:
					}
					what := fmt.Sprintf("%s: %s, flags %d, on %v", look.name, names[role], flag, ground)
					fore, back := ink(t, th.SGR(role, flag))
					if back >= 0 {
						if ground = rgb(back); least > 3 {
							least = 4.5 // both are ours
						}
					}
					if fore < 0 {
						if back >= 0 {
							t.Errorf("%s: the terminal's own colour on one of ours", what)
						}
						continue // the terminal's own on its own
					}
					if got := contrast(rgb(fore), ground); got < least {
						t.Errorf("%s: colour %d has a contrast of %.1f, want %.1f", what, fore, got, least)
					}
				}
			}
		}
	}
}

// TestFewColours: of the 16, which a terminal chooses to suit its background, those that may be the background itself stand only on
// a background of ours, and there nothing stands on its own colour.
func TestFewColours(t *testing.T) {
	for _, look := range []string{"dark", "light", "auto"} {
		th := New(Options{Profile: termenv.ANSI, Name: look})
		for role := range roles {
			for flag := range Flag(flags) {
				fore, back := ink(t, th.SGR(role, flag))
				if back < 0 && (fore == 0 || fore == 7 || fore == 15) || fore >= 0 && fore == back {
					t.Errorf("%s: %s, flags %d is drawn with %d on %d", look, names[role], flag, fore, back)
				}
			}
		}
	}
}

// TestNoColours: without colours the cursor, what was found, the focus and headings still differ from text, and nothing else is set.
func TestNoColours(t *testing.T) {
	th := New(Options{Profile: termenv.Ascii})
	for role := range roles {
		for flag := range Flag(flags) {
			sgr := th.SGR(role, flag)
			if fore, back := ink(t, sgr); fore >= 0 || back >= 0 {
				t.Errorf("%s, flags %d has a colour: %q", names[role], flag, sgr)
			}
			if flag&Cursor != 0 && sgr != "7" {
				t.Errorf("the cursor's row is not reversed for %s: %q", names[role], sgr)
			}
		}
	}
	for _, role := range []Role{Match, Banner, Button, Title, Strong, Accent} {
		if th.SGR(role, 0) == "" {
			t.Errorf("%s looks like text", names[role])
		}
	}
}

// TestGlyphs: both sets have a sign of one column for everything, and no two states that one may take for each other have the same one.
func TestGlyphs(t *testing.T) {
	for _, o := range []Options{{}, {ASCII: true}} {
		g := New(o).Glyph
		seen := map[string]bool{}
		for _, s := range []string{g.Running, g.Staging, g.Starting, g.Killing, g.Finished, g.Failed, g.Unknown, g.Drain, g.Off} {
			if seen[s] {
				t.Errorf("%q stands for two states (ASCII: %v)", s, o.ASCII)
			}
			seen[s] = true
		}
		for _, s := range []string{g.Used, g.Held, g.Free} {
			if len([]rune(s)) != 1 || o.ASCII && s[0] > '~' {
				t.Errorf("%q is no sign of a gauge (ASCII: %v)", s, o.ASCII)
			}
		}
		if g.Used == g.Held || g.Held == g.Free || g.Used == g.Free || g.Cursor == g.Mark {
			t.Errorf("gauges, or cursor and mark, have one sign for two things (ASCII: %v)", o.ASCII)
		}
	}
}
