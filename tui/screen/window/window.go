// Package window is the form for a window of maintenance: which machines, from when, for how long; below it what runs there. What
// is typed is read by action, as it is for the command line. Start reading at Screen.
package window

import (
	"encoding/json"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/action"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/screen/sheet"
	"codeberg.org/reeve/reeve/tui/theme"
	"codeberg.org/reeve/reeve/tui/widget/form"
)

// The fields.
const (
	fieldMachines = "machines"
	fieldBegin    = "begin"
	fieldLength   = "length"
)

// texts are what the fields begin with; a target's Arg is them as JSON, or nothing.
type texts struct {
	Machines string `json:"machines,omitempty"`
	Begin    string `json:"begin,omitempty"`
	Length   string `json:"length,omitempty"`
	Change   bool   `json:"change,omitempty"` // of a window that there is
}

// open is a command for the form with texts in its fields.
func open(t texts) tea.Cmd {
	arg, err := json.Marshal(t)
	if err != nil {
		return screen.Refuse(err)
	}
	return screen.Send(screen.Go{Target: screen.Target{Kind: screen.Window, Arg: string(arg)}})
}

// Of opens the form for the machines of agents.
func Of(env screen.Env, agents []*reeveapi.Agent) tea.Cmd {
	all := env.Store.Snapshot().Agents.Rows()
	var names []string
	for _, a := range agents {
		if a.State != reeveapi.AgentGone {
			names = append(names, action.Calling(all, a))
		}
	}
	if len(names) == 0 {
		return screen.Say(theme.Warn, "there is no agent here whose machine could be scheduled")
	}
	return open(texts{Machines: strings.Join(names, " ")})
}

// Change opens the form for machines that are on the schedule already.
func Change(env screen.Env, machines []reeveapi.MaintenanceMachine, start time.Time, end *time.Time) tea.Cmd {
	all := env.Store.Snapshot().Agents.Rows()
	var names []string
	for _, m := range machines {
		names = append(names, action.CallMachine(all, reeveapi.MachineID{Hostname: m.Hostname, IP: m.IP}))
	}
	t := texts{Machines: strings.Join(names, " "), Begin: start.Local().Format("2006-01-02 15:04:05"), Change: true}
	if end != nil {
		t.Length = action.WriteSpan(end.Sub(start))
	}
	return open(t)
}

// Screen is the form.
type Screen struct {
	sheet.Sheet
	env    screen.Env
	change bool

	// What runs on the machines, as of a version of the form and of what is known.
	typed    int
	known    uint64
	machines []action.Line
}

// New returns the form.
func New(env screen.Env, target screen.Target) *Screen {
	var from texts
	if target.Arg != "" && json.Unmarshal([]byte(target.Arg), &from) != nil {
		from = texts{} // of another version of the console
	}
	s := &Screen{env: env, change: from.Change, typed: -1}
	s.Form = form.New(
		form.Field{
			ID: fieldMachines, Label: "Machines", Required: true, Initial: from.Machines, Hint: "agents, or HOST/IP",
			Check: func(text string) string {
				_, err := action.Machines(s.env.Store.Snapshot().Agents.Rows(), action.Names(text))
				return sentence(err)
			},
		},
		form.Field{
			ID: fieldBegin, Label: "Begin", Required: true, Initial: from.Begin, Default: "now", Hint: "now, in 1h, 22:00, or a day and a time",
			Check: func(text string) string {
				_, err := action.ParseBegin(text, s.env.Now())
				return sentence(err)
			},
		},
		form.Field{
			ID: fieldLength, Label: "Length", Initial: from.Length, Hint: "such as 2h; empty: nobody knows",
			Check: func(text string) string {
				_, err := action.ParseLength(text)
				return sentence(err)
			},
		})
	return s
}

func sentence(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// Crumb names the screen.
func (s *Screen) Crumb() string {
	if s.change {
		return "change maintenance"
	}
	return "schedule maintenance"
}

// Scopes are the key scopes.
func (s *Screen) Scopes() []keys.Scope { return []keys.Scope{keys.Window} }

// Update leaves when the window is on the schedule.
func (s *Screen) Update(msg tea.Msg) tea.Cmd {
	if done, ok := msg.(screen.Result); ok && len(done.Result.Failed) == 0 {
		return screen.Send(screen.Pop{})
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

// send asks whether the machines are to be scheduled. What is known of the cluster may be another than when it was typed.
func (s *Screen) send() tea.Cmd {
	if told, wrong := s.Refuse(); wrong {
		return told
	}
	w, err := s.window()
	if err != nil {
		return screen.Refuse(err)
	}
	act, err := w.Schedule(s.env.Store.Snapshot(), s.env.Now())
	if err != nil {
		return screen.Refuse(err)
	}
	return screen.Send(screen.Ask{Action: act})
}

// window is what the fields say.
func (s *Screen) window() (w action.Window, err error) {
	if w.Machines, err = action.Machines(s.env.Store.Snapshot().Agents.Rows(), action.Names(s.Form.Value(fieldMachines))); err != nil {
		return w, err
	}
	if w.Start, err = action.ParseBegin(s.Form.Value(fieldBegin), s.env.Now()); err != nil {
		return w, err
	}
	w.Length, err = action.ParseLength(s.Form.Value(fieldLength))
	return w, err
}

// Status says whether it can be scheduled.
func (s *Screen) Status() (string, theme.Role) {
	if wrong := s.Form.Wrong(); len(wrong) > 0 {
		return "to go: " + strings.Join(wrong, ", "), theme.Dim
	}
	return "ready", theme.Good
}

// note stands behind what is typed: when that is.
func (s *Screen) note(id string) (string, theme.Role) {
	now := s.env.Now()
	start, err := action.ParseBegin(s.Form.Value(fieldBegin), now)
	if err != nil {
		return "", theme.Dim
	}
	if start.IsZero() {
		start = now
	}
	switch id {
	case fieldBegin:
		if text := action.Distance(now, start); text != s.Form.Value(id) {
			return text + ", " + start.Local().Format("Mon 2 Jan 15:04"), theme.Dim
		}
		return start.Local().Format("Mon 2 Jan 15:04"), theme.Dim
	case fieldLength:
		if d, err := action.ParseLength(s.Form.Value(id)); err == nil && d != nil {
			return "until " + start.Add(*d).Local().Format("Mon 2 Jan 15:04"), theme.Dim
		}
	}
	return "", theme.Dim
}
