// Package secret is the form for a secret's value: typed unseen, or from a file of the operator's machine. It keeps no draft,
// and nothing of it reaches a disk, a log or the screen but how long it is. Start reading at Screen.
package secret

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/action"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/screen/sheet"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/form"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
)

const (
	maxName    = 200 // characters; the masters' rule
	askTimeout = 5 * time.Second
)

// The fields.
const (
	fieldName  = "name"
	fieldValue = "value"
	fieldFile  = "file"
)

// Screen is the form.
type Screen struct {
	sheet.Sheet
	env   screen.Env
	fixed string            // the secret that gets a new value, "" for one that is named here
	all   []reeveapi.Secret // that there are
}

// Messages of the screen to itself.
type (
	known struct{ all []reeveapi.Secret }
	read  struct {
		value []byte
		err   error
	}
)

// New returns the form; target's ID is the secret that gets a new value, "" for a new one.
func New(env screen.Env, target screen.Target) *Screen {
	s := &Screen{env: env, fixed: target.ID}
	var fields []form.Field
	if s.fixed == "" {
		fields = append(fields, form.Field{ID: fieldName, Label: "Name", Required: true, Check: checkName, Hint: "what jobs call it"})
	}
	fields = append(fields, form.Field{
		ID: fieldValue, Label: "Value", Required: true, Hidden: true, Hint: "is not shown; every byte counts",
		Unless: func() bool { return s.Form != nil && s.Form.Value(fieldFile) != "" },
	})
	if env.ReadLocal != nil {
		fields = append(fields, form.Field{
			ID: fieldFile, Label: "or File", Hint: "on this machine, instead of a value",
			Check: func(string) string {
				if s.Form.Value(fieldValue) != "" {
					return "a value is typed already: it is one or the other"
				}
				return ""
			},
		})
	}
	s.Form = form.New(fields...)
	return s
}

// checkName is the masters' rule, so that it is told while one types.
func checkName(name string) string {
	switch {
	case ids.Check(name) != nil || strings.TrimSpace(name) != name:
		return "no slash, and no white space around it"
	case len(name) > maxName:
		return fmt.Sprintf("at most %d characters", maxName)
	}
	return ""
}

// Crumb names the screen.
func (s *Screen) Crumb() string {
	if s.fixed != "" {
		return s.fixed
	}
	return "new secret"
}

// Scopes are the key scopes.
func (s *Screen) Scopes() []keys.Scope { return []keys.Scope{keys.Secret} }

// Start asks which secrets there are, to say what is replaced.
func (s *Screen) Start() tea.Cmd {
	return s.env.Async(func(ctx context.Context) tea.Msg {
		ctx, cancel := context.WithTimeout(ctx, askTimeout)
		defer cancel()
		all, err := s.env.Secrets(ctx)
		if err != nil {
			return screen.Toast{Text: "not known which secrets there are: " + err.Error(), Role: theme.Warn}
		}
		return known{all}
	})
}

// Type gives a key to the focused field. A paste of several lines would lose its line breaks in a field of one.
func (s *Screen) Type(key tea.KeyMsg) tea.Cmd {
	if key.Paste && s.Form.Focus() == fieldValue && strings.ContainsAny(strings.TrimRight(string(key.Runes), "\r\n"), "\r\n") {
		return screen.Say(theme.Warn, "that has several lines, which a field cannot hold: put it into a file, and name that")
	}
	s.Form.Type(key)
	return nil
}

// Update takes what was asked for, and leaves when the secret is stored.
func (s *Screen) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case known:
		s.all = msg.all
	case screen.Toast:
		return screen.Send(msg)
	case read:
		if msg.err != nil {
			return screen.Refuse(msg.err)
		}
		return s.store(msg.value)
	case screen.Result:
		if len(msg.Result.Failed) == 0 {
			return screen.Send(screen.Pop{})
		}
	}
	return nil
}

// Do takes a verb.
func (s *Screen) Do(verb keys.Verb) (tea.Cmd, bool) {
	if verb == keys.Send {
		return s.send(), true
	}
	return nil, s.Walk(verb)
}

func (s *Screen) send() tea.Cmd {
	if told, wrong := s.Refuse(); wrong {
		return told
	}
	file := s.Form.Value(fieldFile)
	if file == "" {
		return s.store([]byte(s.Form.Value(fieldValue)))
	}
	return s.env.Async(func(context.Context) tea.Msg {
		value, err := s.env.ReadLocal(file, reeveapi.MaxSecret)
		return read{value, err}
	})
}

// store asks whether the value is to be stored.
func (s *Screen) store(value []byte) tea.Cmd {
	act, err := action.SetSecret(s.name(), value, s.old(), func(v *reeveapi.Secret) string { return gauge.Since(s.env.Now(), v.Set) })
	if err != nil {
		return screen.Refuse(err)
	}
	return screen.Send(screen.Ask{Action: act})
}

func (s *Screen) name() string {
	if s.fixed != "" {
		return s.fixed
	}
	return s.Form.Value(fieldName)
}

// old is what is known of the secret, nil if there is none.
func (s *Screen) old() *reeveapi.Secret {
	i := slices.IndexFunc(s.all, func(v reeveapi.Secret) bool { return v.Name == s.name() })
	if i < 0 {
		return nil
	}
	return &s.all[i]
}

// Status says whether it can be stored.
func (s *Screen) Status() (string, theme.Role) {
	if wrong := s.Form.Wrong(); len(wrong) > 0 {
		return "to go: " + strings.Join(wrong, ", "), theme.Dim
	}
	return "ready", theme.Good
}

// note stands behind what is typed.
func (s *Screen) note(id string) (string, theme.Role) {
	switch old := s.old(); {
	case id == fieldValue:
		if n := len(s.Form.Value(fieldValue)); n > 0 {
			return fmt.Sprintf("%d bytes", n), theme.Dim
		}
	case id == fieldName && old != nil:
		return fmt.Sprintf("there is one: this makes version %d of it", old.Version+1), theme.Warn
	}
	return "", theme.Dim
}

// Render draws the form, and below it what is known of the secret.
func (s *Screen) Render(a frame.Area) {
	title := "New secret"
	if s.fixed != "" {
		title = "A new value for secret " + s.fixed
	}
	box := a.Sub(1, 0, min(a.W-2, 100), min(a.H, 9)).Box(title)
	s.Form.Render(box, s.note)
	if a.H < 12 {
		return
	}
	for y, line := range s.facts() {
		a.Text(2, 10+y, theme.Dim, a.Clip(line, a.W-3))
	}
}

func (s *Screen) facts() []string {
	lines := []string{
		"Jobs refer to it by name, as a variable, a file in memory or for the image's registry.",
		"No screen, command, call or log ever shows its value again.",
	}
	old := s.old()
	if old == nil {
		return lines
	}
	now := fmt.Sprintf("now: version %d, %d bytes, set %s ago", old.Version, old.Size, gauge.Since(s.env.Now(), old.Set))
	if old.By != "" {
		now += " by " + old.By
	}
	needed := "needed by no job"
	if len(old.Jobs) > 0 {
		needed = "needed by " + strings.Join(old.Jobs, ", ")
	}
	return append(lines, "", now, needed)
}
