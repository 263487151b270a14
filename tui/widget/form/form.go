// Package form is a column of fields that check what is typed while it is typed. One may always move on; what is wrong
// stands under its field. It never submits. Start reading at Form.
package form

import (
	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/input"
)

// Field is one line of a form.
type Field struct {
	ID       string
	Label    string
	Required bool
	Unless   func() bool         // a required field may be empty if this says so; may be nil
	Hint     string              // shown behind an empty field that has the focus
	Check    func(string) string // what is wrong with the text, "" if nothing; not asked for an empty optional field
	Initial  string              // what somebody has chosen: typing goes on there
	Default  string              // what stands there without Initial: typing replaces it, as long as nothing else was done to it
	Hidden   bool                // what is typed is not shown
}

// Form is a list of fields of which one has the focus. It is owned by one screen.
type Form struct {
	fields []Field
	inputs []input.Input
	errs   []string
	shown  []bool // whether the error may be seen: not before something was typed or the field was left
	focus  int
	top    int

	began   []string // the texts that nobody has touched
	version int      // counts changes of texts
}

// New returns a form with the fields' initial values, or their defaults.
func New(fields ...Field) *Form {
	f := &Form{fields: fields, inputs: make([]input.Input, len(fields)), errs: make([]string, len(fields)), shown: make([]bool, len(fields))}
	for i := range fields {
		f.inputs[i] = input.New(fields[i].Initial)
		if fields[i].Initial == "" {
			f.inputs[i].Offer(fields[i].Default)
		}
		f.inputs[i].Hidden = fields[i].Hidden
		f.check(i)
	}
	f.Begin()
	return f
}

// Begin takes the fields as they are for those that nobody has touched.
func (f *Form) Begin() {
	f.began = f.began[:0]
	for i := range f.inputs {
		f.began = append(f.began, f.inputs[i].Value())
	}
}

// Touched says whether a field is another than it began.
func (f *Form) Touched() bool {
	for i, text := range f.began {
		if f.inputs[i].Value() != text {
			return true
		}
	}
	return false
}

// Value is the text of a field.
func (f *Form) Value(id string) string {
	for i := range f.fields {
		if f.fields[i].ID == id {
			return f.inputs[i].Value()
		}
	}
	return ""
}

// Set replaces the text of a field.
func (f *Form) Set(id, text string) {
	for i := range f.fields {
		if f.fields[i].ID == id {
			f.inputs[i].Set(text)
			f.version++
			f.checkAll()
		}
	}
}

// Values are the texts of all fields by id.
func (f *Form) Values() map[string]string {
	out := make(map[string]string, len(f.fields))
	for i := range f.fields {
		out[f.fields[i].ID] = f.inputs[i].Value()
	}
	return out
}

// Type gives a key to the focused field and says whether its text changed.
func (f *Form) Type(key tea.KeyMsg) bool {
	if !f.inputs[f.focus].Type(key) {
		return false
	}
	f.shown[f.focus] = true
	f.version++
	f.checkAll()
	return true
}

// Step moves the focus.
func (f *Form) Step(by int) {
	f.shown[f.focus] = true
	f.focus = (f.focus + by + len(f.fields)) % len(f.fields)
}

// Version is another number after each change of a field's text.
func (f *Form) Version() int { return f.version }

// Focus names the field that has the focus.
func (f *Form) Focus() string { return f.fields[f.focus].ID }

// Wrong lists the labels of fields with an error.
func (f *Form) Wrong() []string {
	var out []string
	for i, e := range f.errs {
		if e != "" {
			out = append(out, f.fields[i].Label)
		}
	}
	return out
}

// Reveal shows every error and puts the focus on the first.
func (f *Form) Reveal() {
	for i := len(f.errs) - 1; i >= 0; i-- {
		f.shown[i] = true
		if f.errs[i] != "" {
			f.focus = i
		}
	}
}

// Height is how many lines the fields and their errors take.
func (f *Form) Height() int { return f.lines(0, len(f.fields)-1) }

// checkAll checks every field: what is right in one can depend on another.
func (f *Form) checkAll() {
	for i := range f.fields {
		f.check(i)
	}
}

func (f *Form) check(i int) {
	field, text := f.fields[i], f.inputs[i].Value()
	switch {
	case text == "" && field.Required && field.Unless != nil && field.Unless():
		f.errs[i] = ""
	case text == "" && field.Required:
		f.errs[i] = "is needed"
	case text == "" || field.Check == nil:
		f.errs[i] = ""
	default:
		f.errs[i] = field.Check(text)
	}
}

// Render draws the fields, scrolled so that the focused one and its error are seen. note is asked for what stands behind
// a field's text, such as whether it fits.
func (f *Form) Render(a frame.Area, note func(id string) (string, theme.Role)) {
	label := 0
	for _, field := range f.fields {
		label = max(label, frame.Width(field.Label)+3)
	}
	f.scroll(a.H)
	y := 0
	for i := f.top; i < len(f.fields) && y < a.H; i++ {
		f.field(a.Sub(0, y, a.W, 1), i, label, note)
		y++
		if f.errs[i] != "" && f.shown[i] && y < a.H {
			a.Text(label+2, y, theme.Bad, a.Clip("! "+f.errs[i], a.W-label-2))
			y++
		}
	}
}

func (f *Form) field(a frame.Area, i, label int, note func(string) (string, theme.Role)) {
	field, focus := f.fields[i], i == f.focus
	role, star := theme.Dim, ""
	if focus {
		role = theme.Accent
		a.Text(0, 0, theme.Accent, a.Theme().Glyph.Cursor)
	}
	if field.Required {
		star = "*"
	}
	a.Text(2, 0, role, field.Label+star)
	value := a.Sub(label+2, 0, a.W-label-2, 1)
	text := f.inputs[i].Value()
	f.inputs[i].Draw(value, focus)
	x := min(frame.Width(text)+2, value.W)
	switch behind, behindRole := note(field.ID); {
	case text == "" && field.Hint != "" && focus:
		value.Text(2, 0, theme.Dim, value.Clip(field.Hint, value.W-2))
	case text == "" && field.Hint != "":
		value.Text(0, 0, theme.Dim, value.Clip(field.Hint, value.W))
	case behind != "" && value.W-x > 8:
		value.Text(x, 0, behindRole, value.Clip(behind, value.W-x))
	}
}

// scroll keeps the focused field on the screen together with one line below it.
func (f *Form) scroll(h int) {
	f.top = min(f.top, f.focus)
	for f.lines(f.top, f.focus) > h && f.top < f.focus {
		f.top++
	}
	for f.top > 0 && f.lines(f.top-1, len(f.fields)-1) <= h {
		f.top--
	}
}

func (f *Form) lines(from, to int) int {
	n := 0
	for i := from; i <= to; i++ {
		n++
		if f.errs[i] != "" && f.shown[i] {
			n++
		}
	}
	return n
}
