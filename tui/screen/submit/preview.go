package submit

import (
	"fmt"
	"strings"

	"codeberg.org/reeve/reeve/shared/jobfile"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/form"
)

// templateField is under which name a draft keeps the template it began from.
const templateField = "template"

// origin is what the form began from.
type origin struct {
	what string // such as "template web-api"
	spec reeveapi.JobSpec
}

// preview is the job as a file, and what was asked for then: it is made again when a field has changed, not for each frame.
type preview struct {
	form    *form.Form
	version int
	base    *reeveapi.JobSpec
	from    *origin

	wrong   string // why there is no file, "" if there is one
	file    []string
	changes []change
}

// change is a line of what differs from the origin.
type change struct {
	text string
	role theme.Role
}

// began remembers what the form shows now as what it began from.
func (s *Screen) began(what string) { s.origin = &origin{what: what, spec: s.spec()} }

// fromTemplate remembers a template as what the form began from, whatever it shows now.
func (s *Screen) fromTemplate(name string) {
	s.template = ""
	values, ok := s.env.Templates("", nil)[name]
	if !ok {
		return
	}
	t := &Screen{env: s.env}
	t.newForm()
	t.restore(values)
	t.began("template " + name)
	s.origin, s.template = t.origin, name
}

// previewed is the preview of what the form has now.
func (s *Screen) previewed() *preview {
	p := &s.shown
	if p.form == s.Form && p.version == s.Form.Version() && p.base == s.base && p.from == s.origin {
		return p
	}
	s.shown = preview{form: s.Form, version: s.Form.Version(), base: s.base, from: s.origin}
	spec := s.spec()
	if text, err := jobfile.Write(spec); err != nil {
		p.wrong = err.Error()
	} else {
		p.file = strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	}
	if s.origin == nil {
		return p
	}
	for _, c := range jobfile.Diff(s.origin.spec, spec) {
		if c.From != "" {
			p.changes = append(p.changes, change{"- " + c.Key + ": " + c.From, theme.Bad})
		}
		if c.To != "" {
			p.changes = append(p.changes, change{"+ " + c.Key + ": " + c.To, theme.Good})
		}
	}
	return p
}

// preview draws the job as the file that would submit the same, and below it how it differs from what the form began from.
// If there is no room for both, each has half of it.
func (s *Screen) preview(a frame.Area) {
	p := s.previewed()
	if p.wrong != "" {
		a.Text(0, 0, theme.Bad, a.Clip(p.wrong, a.W))
		return
	}
	below := 0
	if s.origin != nil {
		below = min(len(p.changes)+2, max(a.H/2, a.H-len(p.file)))
	}
	lines(a.Sub(0, 0, a.W, a.H-below), len(p.file), func(i int) (string, theme.Role) { return p.file[i], theme.Text })
	if below < 2 {
		return
	}
	top := min(len(p.file), a.H-below) + 1
	if len(p.changes) == 0 {
		a.Text(0, top, theme.Dim, a.Clip("same as "+s.origin.what, a.W))
		return
	}
	a.Text(0, top, theme.Dim, a.Clip("differs from "+s.origin.what+":", a.W))
	lines(a.Sub(0, top+1, a.W, below-2), len(p.changes), func(i int) (string, theme.Role) { return p.changes[i].text, p.changes[i].role })
}

// lines draws n lines, and says in the last one how many there is no room for.
func lines(a frame.Area, n int, line func(int) (string, theme.Role)) {
	for y := range min(n, a.H) {
		if y == a.H-1 && n > a.H {
			a.Text(0, y, theme.Dim, fmt.Sprintf("%s %d more", a.Theme().Glyph.More, n-y))
			return
		}
		text, role := line(y)
		a.Text(0, y, role, a.Clip(text, a.W))
	}
}
