// Package prose breaks sentences that are too long for a line. It knows no screen: dialogs and forms draw what it answers. Start reading
// at Wrap.
package prose

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// indent is before each line that goes on with one.
const indent = "  "

// Wrap breaks a text into lines of at most w columns, at spaces where it has some: names have hyphens, and stay whole. What
// follows the first line is indented.
func Wrap(text string, w int) []string {
	var out []string
	before := ""
	for ansi.StringWidth(text) > w-len(before) {
		fits := ansi.Truncate(text, w-len(before), "")
		if fits == "" {
			break // there is no room for a letter
		}
		if at := strings.LastIndexByte(fits, ' '); text[len(fits)] != ' ' && strings.TrimLeft(fits[:max(at, 0)], " ") != "" {
			fits = fits[:at]
		}
		out = append(out, before+strings.TrimRight(fits, " "))
		text, before = strings.TrimLeft(text[len(fits):], " "), indent
	}
	return append(out, before+text)
}
