// Package term knows the terminal: what it can show, how its input has to be put together again, and how text gets to
// the operator's clipboard. It is the only package of the console that touches file descriptors and the environment.
// It never draws. Start reading at Detect, then Input.
package term

import (
	"strconv"
	"strings"

	"github.com/muesli/termenv"
)

// Caps is what a terminal can do, as far as the environment tells. Nothing here waits for the terminal itself; its background
// it may tell later (AskBackground).
type Caps struct {
	UTF8    bool
	Profile termenv.Profile // Ascii when colours are unwanted or impossible
	Plain   bool            // TERM=dumb: not even reverse video
	Light   bool            // COLORFGBG says so
	Known   bool            // whether the background is known at all
	Asks    bool            // the background is worth asking for: no colours, and the console of Linux, make nothing of it
	SSH     bool
	Tmux    bool
	Wayland bool // a desktop of that kind is here
	X11     bool
}

// Detect reads the capabilities from the environment, which getenv looks up.
func Detect(getenv func(string) string) Caps {
	c := Caps{
		UTF8: utf8Locale(getenv),
		SSH:  getenv("SSH_CONNECTION") != "" || getenv("SSH_TTY") != "",
		Tmux: getenv("TMUX") != "", Wayland: getenv("WAYLAND_DISPLAY") != "", X11: getenv("DISPLAY") != "",
	}
	name := getenv("TERM")
	c.Plain = name == "dumb" || name == ""
	c.Profile = profile(getenv, name)
	c.Asks = c.Profile != termenv.Ascii && name != "linux"
	if _, bg, found := strings.Cut(lastColon(getenv("COLORFGBG")), ";"); found {
		if n, err := strconv.Atoi(bg); err == nil {
			c.Known, c.Light = true, n == 7 || n == 15
		}
	}
	return c
}

// lastColon keeps the first and the last field of "15;default;0", as rxvt writes it.
func lastColon(fgbg string) string {
	fields := strings.Split(fgbg, ";")
	if len(fields) < 2 {
		return ""
	}
	return fields[0] + ";" + fields[len(fields)-1]
}

// utf8Locale follows the order in which the C library looks. An empty locale is the C locale, which is not UTF-8.
func utf8Locale(getenv func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if value := strings.ToLower(getenv(name)); value != "" {
			return strings.Contains(value, "utf-8") || strings.Contains(value, "utf8")
		}
	}
	return false
}

// profile never goes beyond 256 colours: sshd passes no COLORTERM, and a console must look the same through it.
func profile(getenv func(string) string, name string) termenv.Profile {
	switch {
	case getenv("NO_COLOR") != "", name == "dumb", name == "", strings.HasSuffix(name, "-m"), strings.HasPrefix(name, "vt1"),
		strings.HasPrefix(name, "vt2"):
		return termenv.Ascii
	case strings.Contains(name, "256color"), getenv("COLORTERM") != "", strings.Contains(name, "kitty"),
		strings.Contains(name, "alacritty"), strings.Contains(name, "ghostty"), strings.Contains(name, "direct"):
		return termenv.ANSI256
	default:
		return termenv.ANSI
	}
}
