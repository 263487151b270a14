// Package help draws the key table: as an overlay, as a menu of actions and as the footer. What it shows is what works,
// because it is the same table. Start reading at Overlay.
package help

import (
	"fmt"
	"strings"

	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/theme"
)

// Overlay draws the keys of a chain of scopes in groups. search keeps only those that contain it; from is how many lines
// are scrolled away. It answers how many lines there are below the area.
func Overlay(a frame.Area, name string, bindings []keys.Binding, search string, from int) (below int) {
	a.Clear()
	box := a.Center(min(a.W-2, 112), a.H)
	in := box.Box("?  " + name + ": keys that work here")
	cols := max(in.W/36, 1)
	lists := flow(groups(bindings, search), cols)
	h, rows := in.H-1, 0
	for _, l := range lists {
		rows = max(rows, len(l))
	}
	from = min(from, max(rows-h, 0))
	for i, l := range lists {
		col := in.Sub(i*(in.W/cols), 0, in.W/cols-1, h)
		for y := 0; y < h && from+y < len(l); y++ {
			draw(col.Sub(0, y, col.W, 1), l[from+y])
		}
	}
	if search == "" {
		in.Text(0, in.H-1, theme.Dim, "type to search")
	} else {
		x := in.Text(0, in.H-1, theme.Accent, "/"+search)
		in.Text(x, in.H-1, theme.Text, in.Theme().Glyph.Caret)
	}
	below = max(rows-h-from, 0)
	if below > 0 {
		note := fmt.Sprintf("%s %d more", in.Theme().Glyph.Down, below)
		in.Text(in.W-frame.Width(note), in.H-1, theme.Dim, note)
	}
	return below
}

// keyWidth is how many columns the names of keys have.
const keyWidth = 15

// line is a heading or a binding.
type line struct {
	head string
	key  string
	text string
	bad  bool
}

func groups(bindings []keys.Binding, search string) [][]line {
	var out [][]line
	for _, g := range keys.Groups() {
		var lines []line
		for _, b := range bindings {
			text := b.Help
			if b.Group != g || search != "" && !strings.Contains(strings.ToLower(b.Show()+" "+text), strings.ToLower(search)) {
				continue
			}
			if n := len(lines); n > 0 && lines[n-1].text == text {
				lines[n-1].key += " " + keys.Name(b.Keys[0])
				continue
			}
			lines = append(lines, line{key: b.Show(), text: text, bad: b.Dangerous})
		}
		if len(lines) > 0 {
			out = append(out, append([]line{{head: string(g)}}, lines...))
		}
	}
	return out
}

// flow puts groups into columns of about the same height, in order.
func flow(groups [][]line, cols int) [][]line {
	total := 0
	for _, g := range groups {
		total += len(g) + 1
	}
	out := make([][]line, 1, cols)
	for _, g := range groups {
		last := len(out) - 1
		if len(out[last]) > 0 && len(out) < cols && len(out[last])+len(g)/2 > total/cols {
			out = append(out, nil)
			last++
		}
		if len(out[last]) > 0 {
			out[last] = append(out[last], line{})
		}
		out[last] = append(out[last], g...)
	}
	return out
}

func draw(a frame.Area, l line) {
	if l.head != "" {
		a.Text(0, 0, theme.Title, l.head)
		return
	}
	a.Text(0, 0, theme.Key, a.Clip(l.key, keyWidth-1))
	role := theme.Text
	if l.bad {
		role = theme.Warn
	}
	a.Text(keyWidth, 0, role, a.Clip(l.text, a.W-keyWidth))
}

// Footer draws the keys that have a short word, as many as fit, with help always at the end. Where there is no help, because
// letters are text, the way back always fits. off tells why a binding does not work now, "" if it does.
func Footer(a frame.Area, bindings []keys.Binding, off func(keys.Binding) string) {
	var last, back keys.Binding
	for _, b := range bindings {
		switch b.Verb {
		case keys.Help:
			last = b
		case keys.Back:
			back = b
		default:
		}
	}
	tail := width(last)
	if last.Verb == "" {
		tail = width(back)
	}
	x := 1
	for _, b := range bindings {
		if b.Foot == "" || b.Verb == keys.Help {
			continue
		}
		if b.Verb == keys.Back && last.Verb == "" {
			tail = 0 // this is what was kept free
		}
		if x+width(b)-1 > a.W-tail {
			continue
		}
		x = hint(a, x, b, off(b)) + 1
	}
	if last.Verb != "" {
		hint(a, x, last, "")
	}
}

// First draws keys that are told before all others, as far as there is room, and answers what is left of the line.
func First(a frame.Area, texts ...string) frame.Area {
	const help = 10 // what the key of help needs
	x := 1
	for _, text := range texts {
		if x+frame.Width(text)+help > a.W {
			break
		}
		key, word, _ := strings.Cut(text, ">")
		x = a.Text(x, 0, theme.Key, key+">")
		x = a.Text(x, 0, theme.Text, word) + 1
	}
	return a.Sub(x-1, 0, a.W-x+1, 1)
}

// width is what a binding takes in the footer, with a blank on both sides.
func width(b keys.Binding) int {
	if b.Verb == "" {
		return 0
	}
	return frame.Width(keys.Name(b.Keys[0])+b.Foot) + 4
}

func hint(a frame.Area, x int, b keys.Binding, off string) int {
	key, text := theme.Key, theme.Dim
	if off != "" {
		key = theme.Track
		text = theme.Track
	}
	from := x
	x = a.Text(x, 0, key, "<"+keys.Name(b.Keys[0])+">")
	x = a.Text(x, 0, text, b.Foot)
	a.Sub(from, 0, x-from, 1).Tag(b)
	return x
}
