// Package secrets is the screen of what jobs may know and nobody reads: names, versions, sizes, how they lie on the masters'
// disks, and who needs them. No value is ever here: no call answers one. They are not in the stream: the screen asks for
// them while it is looked at. Start reading at Screen.
package secrets

import (
	"fmt"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/action"
	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/screen/label"
	"codeberg.org/reeve/reeve/tui/screen/list"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/filter"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
	"codeberg.org/reeve/reeve/tui/widget/table"
)

type (
	secret = reeveapi.Secret
	column = table.Column[secret]
)

// Screen is the list of secrets.
type Screen struct {
	list.Asked[secret, []secret]
}

// New returns the screen; target's Arg is a filter to begin with.
func New(env screen.Env, target screen.Target) *Screen {
	s := &Screen{}
	t := table.New("no secrets; n stores one", s.columns()...)
	l := list.New(t, "words = AND  !not  /rx/  job: by: stored:", []filter.Field[secret]{
		{Name: "name", Free: true, Text: func(v *secret) string { return v.Name }},
		{Name: "job", Free: true, Text: func(v *secret) string { return strings.Join(v.Jobs, " ") }},
		{Name: "by", Text: func(v *secret) string { return v.By }},
		{Name: "stored", Text: func(v *secret) string { return stored(v) }},
	}...)
	l.SetFilter(target.Arg)
	base := list.NewBase(env, list.Setup[secret]{Scope: keys.Secrets, Kind: screen.Secrets, Name: "secrets", Value: func(v *secret) any { return v }}, l)
	s.Asked = list.NewAsked(base, "the secrets' names", env.Secrets, rows)
	return s
}

func (s *Screen) columns() []column {
	text := func(name string, width, most, rank int, role theme.Role, of func(*secret) string) column {
		return column{Name: name, Width: width, Max: most, Rank: rank, Compare: table.ByName(of), Text: func(v *secret) (string, theme.Role) { return of(v), role }}
	}
	number := func(name string, width, rank int, of func(*secret) int) column {
		return column{Name: name, Width: width, Right: true, Rank: rank, Compare: table.Compare(of), Text: func(v *secret) (string, theme.Role) { return fmt.Sprint(of(v)), theme.Text }}
	}
	return []column{
		text("SECRET", 14, 40, 0, theme.Text, func(v *secret) string { return v.Name }),
		number("VERSION", 7, 3, func(v *secret) int { return v.Version }),
		number("BYTES", 6, 0, func(v *secret) int { return v.Size }),
		{Name: "STORED", Width: 10, Max: 34, Draw: drawStored, Compare: table.Compare(stored)},
		text("JOBS", 14, 60, 0, theme.Text, func(v *secret) string { return label.Or(strings.Join(v.Jobs, ", "), "-") }),
		text("BY", 6, 16, 4, theme.Dim, func(v *secret) string { return label.Or(v.By, "-") }),
		{Name: "SET", Width: 6, Right: true, Rank: 2, Text: func(v *secret) (string, theme.Role) {
			return gauge.Since(s.Env.Now(), v.Set), theme.Dim
		}, Compare: func(a, b *secret) int { return b.Set.Compare(a.Set) }},
	}
}

// stored says how a secret lies on the masters' disks.
func stored(v *secret) string {
	switch {
	case v.Key == "":
		return "in clear"
	case !v.Readable:
		return "sealed, the leader lacks key " + v.Key
	}
	return "sealed"
}

func drawStored(a frame.Area, v *secret) {
	g, role := a.Theme().Glyph, theme.Good
	mark := g.Finished
	switch {
	case v.Key == "":
		mark, role = "!", theme.Warn
	case !v.Readable:
		mark, role = g.Failed, theme.Bad
	}
	a.Left(0, 0, a.W, role, mark+" "+stored(v))
}

// Crumb names the screen.
func (s *Screen) Crumb() string { return "secrets" }

func rows(all []secret) []table.Row[secret] {
	slices.SortFunc(all, func(a, b secret) int { return strings.Compare(a.Name, b.Name) })
	out := make([]table.Row[secret], len(all))
	for i := range all {
		out[i] = table.Row[secret]{ID: all[i].Name, Val: &all[i]}
	}
	return out
}

// Do takes a verb.
func (s *Screen) Do(verb keys.Verb) (tea.Cmd, bool) {
	if s.Take(verb) {
		return nil, true
	}
	switch verb {
	case keys.New:
		return screen.Send(screen.Go{Target: screen.Target{Kind: screen.Secret}}), true
	case keys.RemoveSecret:
		act, err := action.RemoveSecret(s.Targets())
		if err != nil {
			return screen.Refuse(err), true
		}
		return screen.Send(screen.Ask{Action: act}), true
	default:
	}
	_, v, _ := s.Row()
	if v == nil {
		return nil, false
	}
	switch verb {
	case keys.Edit:
		return screen.Send(screen.Go{Target: screen.Target{Kind: screen.Secret, ID: v.Name}}), true
	case keys.Open:
		return jobsOf(v), true
	case keys.Copy:
		return screen.Send(screen.Copy{Text: v.Name, What: "name"}), true
	default:
	}
	return nil, false
}

// jobsOf goes to the job that needs a secret, or asks to which of several.
func jobsOf(v *secret) tea.Cmd {
	to := func(job string) screen.Go { return screen.Go{Target: screen.Target{Kind: screen.Job, ID: job}} }
	switch len(v.Jobs) {
	case 0:
		return screen.Say(theme.Dim, "no job needs "+v.Name)
	case 1:
		return screen.Send(to(v.Jobs[0]))
	}
	ask := screen.Choose{Title: "Jobs that need " + v.Name}
	for i, job := range v.Jobs {
		key := ""
		if i < 9 {
			key = fmt.Sprint(i + 1)
		}
		ask.Choices = append(ask.Choices, screen.Choice{Key: key, Text: job, Msg: to(job)})
	}
	return screen.Send(ask)
}

// Status says what is wrong, or what to know of the cursor's secret.
func (s *Screen) Status() (string, theme.Role) {
	_, v, alive := s.Row()
	switch {
	case s.Wrong() != "":
		return "what is shown may be old: " + s.Wrong(), theme.Warn
	case v == nil:
		return "", theme.Dim
	case !alive:
		return v.Name + " was removed", theme.Dim
	case v.Key == "":
		return v.Name + " lies in clear on the masters' disks: masterd --secrets-key-file seals it", theme.Warn
	case !v.Readable:
		return fmt.Sprintf("%s is sealed with key %s, which the leader lacks: tasks that need it wait", v.Name, v.Key), theme.Bad
	}
	return fmt.Sprintf("%s is sealed with key %s; its value is never shown", v.Name, v.Key), theme.Dim
}
