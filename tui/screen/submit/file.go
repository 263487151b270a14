package submit

import (
	"errors"
	"maps"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"

	"codeberg.org/reeve/reeve/shared/jobfile"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/screen/label"
	"codeberg.org/reeve/reeve/tui/theme"
)

// fileHelp stands at the top of a file in the editor.
const fileHelp = "# The job, as reeve run takes it; jobs.md has all keys. Save and leave the editor to go back to the form.\n# An empty file changes nothing.\n"

// fileField is under which name a draft and a template keep what the form has no field for.
const fileField = "file"

// edit has the job edited as a file.
func (s *Screen) edit() tea.Cmd {
	text, err := jobfile.Write(s.spec())
	if err != nil {
		return screen.Refuse(err)
	}
	return screen.Send(screen.Edit{Name: s.fileName(), Text: fileHelp + string(text)})
}

func (s *Screen) fileName() string {
	name := strings.Map(func(r rune) rune {
		if r <= ' ' || strings.ContainsRune(`/\'"$`, r) {
			return '_'
		}
		return r
	}, s.Form.Value("name"))
	return strings.TrimLeft(label.Or(name, "job"), ".-") + ".yaml"
}

// edited takes the file back. What is wrong in it is told with its line, and nothing of it is lost.
func (s *Screen) edited(e screen.Edited) tea.Cmd {
	if blank(e.Text) {
		return screen.Say(theme.Dim, "the file was empty: nothing was changed")
	}
	var spec reeveapi.JobSpec
	if err := jobfile.Read([]byte(e.Text), &spec); err != nil {
		line := 0
		if at, ok := errors.AsType[*jobfile.Error](err); ok {
			line = at.Line
		}
		return screen.Send(screen.Confirm{
			Title: "This is no job", Lines: strings.Split(ansi.Wordwrap(err.Error(), 66, " "), "\n"), Button: "Edit again",
			Msg: screen.Edit{Name: s.fileName(), Text: e.Text, Line: line},
		})
	}
	s.take(spec)
	if wrong := s.Form.Wrong(); len(wrong) > 0 {
		s.Form.Reveal()
	}
	s.keepDraft()
	return screen.Say(theme.Good, "the form has what the file says")
}

func blank(text string) bool {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			return false
		}
	}
	return true
}

// take fills the form, and keeps what it has no fields for.
func (s *Screen) take(spec reeveapi.JobSpec) {
	focus := s.Form.Focus()
	s.newForm()
	s.base = &spec
	for id, value := range values(spec) {
		s.Form.Set(id, value)
	}
	s.Form.Set("name", spec.Name)
	for range len(s.Form.Values()) {
		if s.Form.Focus() == focus {
			break
		}
		s.Form.Step(1)
	}
}

// beyond are the keys of the job that the form has no fields for.
func (s *Screen) beyond() []string {
	if s.base == nil {
		return nil
	}
	var out []string
	for _, c := range jobfile.Diff(s.over(reeveapi.JobSpec{}), s.over(*s.base)) {
		key, _, _ := strings.Cut(c.Key, ".")
		if !slices.Contains(out, key) {
			out = append(out, key)
		}
	}
	return out
}

// values are the texts of the fields, and what there is no field for.
func (s *Screen) values() map[string]string {
	out := s.Form.Values()
	if len(s.beyond()) > 0 {
		if text, err := jobfile.Write(*s.base); err == nil {
			out[fileField] = string(text)
		}
	}
	return out
}

// keepDraft keeps what was typed.
func (s *Screen) keepDraft() {
	if s.draft {
		values := s.values()
		if s.template != "" {
			values[templateField] = s.template
		}
		s.env.Draft(values)
	}
}

// valuesOf are a job's values for the fields that a form did not have yet when it was kept.
func valuesOf(spec reeveapi.JobSpec, kept map[string]string) map[string]string {
	all := values(spec)
	maps.DeleteFunc(all, func(id, _ string) bool { _, there := kept[id]; return there })
	return all
}

// restore sets what values answered.
func (s *Screen) restore(values map[string]string) {
	if text := values[fileField]; text != "" {
		var spec reeveapi.JobSpec
		if jobfile.Read([]byte(text), &spec) == nil { // else it is of another version: the fields are what is left
			s.base = &spec
			for id, text := range valuesOf(spec, values) {
				s.Form.Set(id, text)
			}
		}
	}
	for id, text := range values {
		s.Form.Set(id, text)
	}
}
