// Package submit is the form for a new job. It checks while one types, says whether the job fits on the agents now, keeps
// a draft, and gives the same job as a command line. Start reading at Screen.
package submit

import (
	"fmt"
	"maps"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/action"
	"codeberg.org/reeve/reeve/tui/fit"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/screen/sheet"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/form"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
)

// Screen is the form.
type Screen struct {
	sheet.Sheet
	env   screen.Env
	draft bool          // the fields are kept when one leaves
	old   *reeveapi.Job // that is being changed, nil for a new one
	file  bool          // the job is shown as a file

	base *reeveapi.JobSpec // what the form has no fields for is from there, nil if there is nothing

	origin   *origin // what the form began from, nil if from nothing
	template string  // the name of the template that it is, "" if it is none
	shown    preview
	room     *fit.Room // as it was looked at last
}

// New returns the form: empty, with the draft that was kept, or with the values of what target's Arg names ("task:KEY",
// "job:NAME", "edit:NAME", "template:NAME").
func New(env screen.Env, target screen.Target) *Screen {
	s := &Screen{env: env, draft: true}
	s.newForm()
	kind, id, _ := strings.Cut(target.Arg, ":")
	snap := env.Store.Snapshot()
	switch {
	case kind == "edit" && snap.Jobs.Get(id) != nil:
		s.old, s.draft = snap.Jobs.Get(id), false
		s.base = &s.old.Spec
		s.fill(s.old.Spec)
		s.began("job " + id)
	case kind == "job" && snap.Jobs.Get(id) != nil:
		spec := snap.Jobs.Get(id).Spec
		s.fill(spec)
		s.base, s.draft = &spec, false
		s.began("job " + id)
	case kind == "task" && snap.Tasks.Get(id) != nil:
		spec := specOf(snap.Tasks.Get(id))
		s.fill(spec)
		s.base, s.draft = &spec, false
		s.began("task " + spec.Name)
	case kind == "template":
		s.restore(env.Templates("", nil)[id])
		s.fromTemplate(id)
	default:
		s.restore(env.Draft(nil))
		s.fromTemplate(env.Draft(nil)[templateField])
	}
	s.Form.Begin()
	return s
}

// newForm empties the form.
func (s *Screen) newForm() { s.Form, s.base = form.New(s.fields()...), nil }

// specOf makes a job like a task.
func specOf(t *reeveapi.Task) reeveapi.JobSpec {
	labels := maps.Clone(t.Labels)
	maps.DeleteFunc(labels, func(name, _ string) bool { return strings.HasPrefix(name, ownLabel) })
	return reeveapi.JobSpec{
		Name: t.Name, Role: t.Role, Command: t.Command, Resources: t.Requested, Image: t.Image, User: t.User, Env: t.Env, Labels: labels, Instances: 1,
	}
}

// Unsent says what becomes of the fields: those of a new job are a draft, of which every key is kept.
func (s *Screen) Unsent() string {
	text := s.Sheet.Unsent()
	if text != "" && s.draft {
		return "What was typed is kept as a draft."
	}
	return text
}

// Crumb names the screen.
func (s *Screen) Crumb() string {
	if s.old != nil {
		return "change " + s.old.Spec.Name
	}
	return "submit a job"
}

// Scopes are the key scopes.
func (s *Screen) Scopes() []keys.Scope { return []keys.Scope{keys.Submit} }

// Update leaves for the job that was submitted.
func (s *Screen) Update(msg tea.Msg) tea.Cmd {
	if e, ok := msg.(screen.Edited); ok {
		return s.edited(e)
	}
	if r, ok := msg.(screen.Result); ok && len(r.Result.Failed) == 0 {
		if s.draft {
			s.env.Draft(map[string]string{})
		}
		if s.old != nil {
			return screen.Send(screen.Pop{}) // to where one came from, which shows the job
		}
		return screen.Send(screen.Swap{Target: screen.Target{Kind: screen.Job, ID: r.Result.Follow}})
	}
	return nil
}

// Type gives a key to the focused field.
func (s *Screen) Type(key tea.KeyMsg) tea.Cmd {
	if s.Form.Type(key) {
		s.keepDraft()
	}
	return nil
}

// Do takes a verb.
func (s *Screen) Do(verb keys.Verb) (tea.Cmd, bool) {
	switch verb {
	case keys.Clear:
		s.newForm()
		if s.old != nil {
			s.base = &s.old.Spec // it is still that job
		} else {
			s.origin, s.template = nil, ""
		}
		s.env.Draft(map[string]string{})
	case keys.Send:
		return s.send(), true
	case keys.AsFile:
		s.file = !s.file
	case keys.Editor:
		return s.edit(), true
	case keys.Save:
		return s.keepTemplate(), true
	case keys.Load:
		return s.chooseTemplate(), true
	case keys.CopyCommand:
		return screen.Send(screen.Copy{Text: action.RunCommand(s.spec(), s.env.Reach), What: "command line"}), true
	default:
		return nil, s.Walk(verb)
	}
	return nil, true
}

func (s *Screen) send() tea.Cmd {
	if told, wrong := s.Refuse(); wrong {
		return told
	}
	spec := s.spec()
	if s.old != nil {
		act, err := action.UpdateJob(s.old, spec)
		if err != nil {
			return screen.Refuse(err)
		}
		return screen.Send(screen.Ask{Action: act})
	}
	if s.env.Store.Snapshot().Jobs.Get(spec.Name) != nil {
		return screen.Say(theme.Bad, "there is a job named "+spec.Name+" already; names are unique")
	}
	hint := s.fit()
	return screen.Send(screen.Ask{Action: action.Submit(spec, action.Line{Text: hint.text, Warn: hint.role != theme.Good})})
}

// Status says whether the form may be submitted.
func (s *Screen) Status() (string, theme.Role) {
	wrong := s.Form.Wrong()
	switch len(wrong) {
	case 0:
		if more := s.beyond(); len(more) > 0 && s.old == nil {
			return "ready; also from the file: " + strings.Join(more, ", "), theme.Good
		}
		if s.fit().role != theme.Good {
			return "ready, but it will have to wait", theme.Warn
		}
		return "ready: all checks pass", theme.Good
	case 1:
		return "1 field to go: " + wrong[0], theme.Dim
	}
	return fmt.Sprintf("%d fields to go: %s", len(wrong), strings.Join(wrong, ", ")), theme.Dim
}

// Render draws the form, and beside it, where there is room, the agents it fits on.
func (s *Screen) Render(a frame.Area) {
	if a.W >= 110 && a.H >= 20 {
		left := a.Sub(0, 0, a.W*3/5, a.H-4).Box("New job")
		s.Form.Render(left, s.note)
		s.beside(a.Sub(a.W*3/5+1, 0, a.W-a.W*3/5-1, a.H-4), a.W >= 140 && a.H >= 28)
		s.footer(a.Sub(1, a.H-3, a.W-2, 3))
		return
	}
	if s.file {
		s.preview(a.Sub(1, 0, a.W-2, a.H-3).Box("As a file: reeve run -f FILE submits the same"))
	} else {
		s.Form.Render(a.Sub(1, 0, a.W-2, a.H-3), s.note)
	}
	s.footer(a.Sub(1, a.H-2, a.W-2, 2))
}

// beside draws what stands beside the form: the agents it fits on, and where there is room for both, above them the job as
// a file.
func (s *Screen) beside(a frame.Area, both bool) {
	switch half := a.H/2 + 1; {
	case s.file:
		s.preview(a.Box("As a file"))
	case both:
		s.preview(a.Sub(0, 0, a.W, half).Box("As a file"))
		s.where(a.Sub(0, half, a.W, a.H-half).Box("Where it fits"))
	default:
		s.where(a.Box("Where it fits"))
	}
}

func (s *Screen) footer(a frame.Area) {
	hint := s.fit()
	a.Text(0, 0, hint.role, hint.in(a))
	free := s.left().Totals().Free
	x := a.Text(0, 1, theme.Dim, "free in all  ")
	text := fmt.Sprintf("%s cpus  %s memory  %s disk", gauge.CPUs(free.CPUs), gauge.MB(free.Mem), gauge.MB(free.Disk))
	if s.spec().Resources.GPUs > 0 {
		text += fmt.Sprintf("  %g gpus", free.GPUs)
	}
	a.Text(x, 1, theme.Text, a.Clip(text, a.W-x))
}
