package action

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/store"
	"codeberg.org/reeve/reeve/tui/widget/gauge"
)

// steering makes an action of something that is said of agents.
type steering struct {
	verb string
	done string                         // with %s for whom
	skip func(a *reeveapi.Agent) string // why an agent is left out, or ""
	line func(a *reeveapi.Agent) string // what there is to know of one
	run  func(ctx context.Context, d Doer, id string) error
	word string // to be typed, also for one; "" if many make it the verb
}

func (s steering) of(agents []*reeveapi.Agent, hidden int) (Action, []*reeveapi.Agent, error) {
	a := Action{Preview: unseen(hidden)}
	var targets []*reeveapi.Agent
	var rows [][]string
	why := ""
	for _, one := range agents {
		if why = s.skip(one); why != "" {
			rows = append(rows, []string{one.Name, why + ", is left out"})
			continue
		}
		id := one.ID
		targets = append(targets, one)
		a.Steps = append(a.Steps, Step{Target: one.Name, Run: func(ctx context.Context, d Doer) error { return s.run(ctx, d, id) }})
		rows = append(rows, []string{one.Name, one.State, s.line(one)})
	}
	n := len(targets)
	switch {
	case len(agents) == 0:
		return a, nil, errors.New("there is no agent here")
	case n == 0:
		return a, nil, fmt.Errorf("nothing to %s: %s %s", s.verb, agents[len(agents)-1].Name, why)
	}
	a.Targets = aligned(rows)
	what, whom := targets[0].Name, targets[0].Name
	if n > 1 {
		what, whom = fmt.Sprint(n), fmt.Sprintf("%d agents", n)
	}
	a.Title, a.Done = s.verb+" "+whom, fmt.Sprintf(s.done, whom)
	if s.word != "" || n > many {
		a.Word = cmp.Or(s.word, s.verb) + " " + what
	}
	a.Title = string(a.Title[0]-'a'+'A') + a.Title[1:]
	a.Button = a.Title
	return a, targets, nil
}

// Deactivate takes agents out of use; what runs there goes on.
func Deactivate(s *store.Snapshot, agents []*reeveapi.Agent, hidden int) (Action, error) {
	a, targets, err := steering{
		verb: "deactivate", done: "deactivated %s",
		skip: func(a *reeveapi.Agent) string {
			if a.Deactivated {
				return "is deactivated already"
			}
			return ifGone(a)
		},
		line: onIt(s),
		run:  func(ctx context.Context, d Doer, id string) error { return d.DeactivateAgent(ctx, id) },
	}.of(agents, hidden)
	if err == nil {
		a.Undo = again(targets, Reactivate)
		a.Preview = append(a.Preview, Line{Text: "What runs there goes on. Nothing new is launched until it is reactivated.", Note: true})
	}
	return a, err
}

// Reactivate has agents used again.
func Reactivate(s *store.Snapshot, agents []*reeveapi.Agent, hidden int) (Action, error) {
	a, targets, err := steering{
		verb: "reactivate", done: "reactivated %s",
		skip: func(a *reeveapi.Agent) string {
			switch {
			case a.State == reeveapi.AgentGone:
				return ifGone(a)
			case !a.Deactivated:
				return "is not deactivated"
			case a.Drain != nil && !a.Drain.Drained:
				return "drains still"
			}
			return ""
		},
		line: onIt(s),
		run:  func(ctx context.Context, d Doer, id string) error { return d.ReactivateAgent(ctx, id) },
	}.of(agents, hidden)
	if err == nil {
		a.Undo = again(targets, Deactivate)
		a.Preview = append(a.Preview, Line{Text: "What it has is offered to frameworks again.", Note: true})
	}
	return a, err
}

// Gone gives agents up for ever.
func Gone(s *store.Snapshot, agents []*reeveapi.Agent, hidden int) (Action, error) {
	a, _, err := steering{
		verb: "give up", done: "marked %s as gone", word: "gone", skip: ifGone, line: onIt(s),
		run: func(ctx context.Context, d Doer, id string) error { return d.MarkAgentGone(ctx, id) },
	}.of(agents, hidden)
	if err == nil {
		a.Preview = append(a.Preview,
			Line{Text: "For ever: its agentd is not let in again.", Warn: true},
			Line{Text: "Its tasks are given up now and may start elsewhere at once. An agentd", Note: true},
			Line{Text: "that is reached ends them; otherwise they may run twice for a while.", Note: true})
	}
	return a, err
}

// again is an action on the same agents as they are by then.
func again(targets []*reeveapi.Agent, what func(*store.Snapshot, []*reeveapi.Agent, int) (Action, error)) func(*store.Snapshot) (Action, error) {
	return func(s *store.Snapshot) (Action, error) {
		var now []*reeveapi.Agent
		for _, a := range targets {
			if n := s.Agents.Get(a.ID); n != nil {
				now = append(now, n)
			}
		}
		return what(s, now, 0)
	}
}

func ifGone(a *reeveapi.Agent) string {
	if a.State == reeveapi.AgentGone {
		return "is gone"
	}
	return ""
}

// onIt says what runs on an agent.
func onIt(s *store.Snapshot) func(a *reeveapi.Agent) string {
	return func(a *reeveapi.Agent) string {
		if a.Tasks == 0 {
			return "no task"
		}
		frameworks := map[string]bool{}
		for _, t := range s.Tasks.Rows() {
			if t.Agent == a.ID && t.Ended.IsZero() {
				frameworks[t.Framework] = true
			}
		}
		return fmt.Sprintf("%s of %s, %s cpus %s", plural(a.Tasks, "task"), plural(len(frameworks), "framework"),
			gauge.CPUs(a.Allocated.CPUs), gauge.MB(a.Allocated.Mem))
	}
}

// elsewhere says whether what runs on some agents would find room on the others, as a whole: not whether each task fits.
func elsewhere(s *store.Snapshot, targets []*reeveapi.Agent) Line {
	leaving := map[string]bool{}
	need, free := reeveapi.Amounts{}, reeveapi.Amounts{}
	for _, a := range targets {
		leaving[a.ID] = true
		need.CPUs, need.Mem = need.CPUs+a.Allocated.CPUs, need.Mem+a.Allocated.Mem
	}
	for _, a := range s.Agents.Rows() {
		if a.State == reeveapi.AgentActive && !leaving[a.ID] {
			left := Free(a)
			free.CPUs, free.Mem = free.CPUs+left.CPUs, free.Mem+left.Mem
		}
	}
	text := fmt.Sprintf("Free elsewhere: %s cpus %s, these hold %s cpus %s", gauge.CPUs(free.CPUs), gauge.MB(free.Mem), gauge.CPUs(need.CPUs), gauge.MB(need.Mem))
	if need.CPUs > free.CPUs || need.Mem > free.Mem {
		return Line{Text: text + ": not all will find a place", Warn: true}
	}
	return Line{Text: text, Note: true}
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
