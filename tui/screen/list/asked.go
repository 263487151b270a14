package list

import (
	"context"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/tui/frame"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/table"
)

// askTimeout bounds one question to the master.
const askTimeout = 5 * time.Second

// Asked is a list that is not in the stream: the master is asked for it each second while it is looked at. A is what it answers.
type Asked[T, A any] struct {
	Base[T]
	what   string // is asked for
	ask    func(ctx context.Context) (A, error)
	rows   func(A) []table.Row[T] // sorted by id
	asking bool
	known  bool
	wrong  string // why the last question was not answered
}

// answer is what the master said.
type answer[A any] struct {
	all A
	err error
}

// NewAsked returns the list. what is said to be asked for; rows are made of an answer, sorted by id.
func NewAsked[T, A any](base Base[T], what string, ask func(ctx context.Context) (A, error), rows func(A) []table.Row[T]) Asked[T, A] {
	return Asked[T, A]{Base: base, what: what, ask: ask, rows: rows}
}

// Wrong says why what is shown may be old, "" if it is not.
func (s *Asked[T, A]) Wrong() string { return s.wrong }

// Start asks the master.
func (s *Asked[T, A]) Start() tea.Cmd {
	if s.asking {
		return nil
	}
	s.asking = true
	ask := s.ask
	return s.Env.Async(func(ctx context.Context) tea.Msg {
		ctx, cancel := context.WithTimeout(ctx, askTimeout)
		defer cancel()
		all, err := ask(ctx)
		return answer[A]{all, err}
	})
}

// Update takes the master's answer, and asks again each second.
func (s *Asked[T, A]) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case screen.Tick, screen.Result:
		return s.Start()
	case answer[A]:
		s.asking = false
		if msg.err != nil {
			s.wrong = msg.err.Error()
			return nil
		}
		s.known, s.wrong = true, ""
		s.Table().SetRows(s.rows(msg.all), s.Env.Now())
	default:
		return s.Base.Update(msg)
	}
	return nil
}

// Render draws the list, or that there is none yet.
func (s *Asked[T, A]) Render(a frame.Area) {
	switch {
	case !s.known && s.wrong == "":
		a.Text(1, 1, theme.Dim, "asking the master for "+s.what+"…")
	case !s.known:
		a.Text(1, 1, theme.Warn, a.Clip("! not known: "+s.wrong, a.W-2))
	default:
		s.Base.Render(a)
	}
}
