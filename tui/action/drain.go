package action

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/store"
)

// Draining is how a drain is to be done.
type Draining struct {
	Grace time.Duration // bounds that of each task; negative leaves each its own
	Gone  bool          // afterwards the agent is gone for ever
}

// Drain ends what runs on agents and takes them out of use.
func Drain(s *store.Snapshot, agents []*reeveapi.Agent, hidden int, how Draining) (Action, error) {
	graces := []time.Duration{OwnGrace, 5 * time.Minute, time.Minute, 10 * time.Second, 0}
	if !slices.Contains(graces, how.Grace) {
		graces = slices.Insert(graces, 1, how.Grace)
	}
	a, err := drain(s, agents, hidden, how)
	if err != nil {
		return a, err
	}
	a.Choices = []Choice{
		{Label: "Grace", At: slices.Index(graces, how.Grace)},
		{Label: "After it", Options: []string{"stays deactivated", "is marked gone"}},
	}
	for _, g := range graces {
		a.Choices[0].Options = append(a.Choices[0].Options, graceName(g))
	}
	if how.Gone {
		a.Choices[1].At = 1
	}
	a.With = func(picked []int) Action {
		// Those that are left out may be others when the agent is to go for ever, and never fewer than are left now.
		b, err := drain(s, agents, hidden, Draining{Grace: graces[picked[0]], Gone: picked[1] == 1})
		if err != nil {
			return a
		}
		b.Choices, b.With = slices.Clone(a.Choices), a.With
		b.Choices[0].At, b.Choices[1].At = picked[0], picked[1]
		return b
	}
	return a, nil
}

// graceName is a bound of tasks' graces in few letters: they stand beside each other.
func graceName(g time.Duration) string {
	switch {
	case g < 0:
		return "each its own"
	case g == 0:
		return "none"
	}
	return strings.TrimSuffix(g.String(), "m0s") + map[bool]string{true: "m"}[strings.HasSuffix(g.String(), "m0s")]
}

func drain(s *store.Snapshot, agents []*reeveapi.Agent, hidden int, how Draining) (Action, error) {
	st := steering{
		verb: "drain", done: "asked for the drain of %s",
		skip: func(a *reeveapi.Agent) string {
			if a.Drain != nil && a.Drain.Drained && !how.Gone {
				return "is drained already"
			}
			return ifGone(a)
		},
		line: onIt(s),
		run: func(ctx context.Context, d Doer, id string) error {
			return d.DrainAgent(ctx, id, how.Grace, how.Gone)
		},
	}
	if how.Gone {
		st.word = "drain"
	}
	a, targets, err := st.of(agents, hidden)
	if err != nil {
		return a, err
	}
	if len(targets) == 1 {
		a.Targets = append(a.Targets, whatRuns(s, targets[0])...)
	}
	grace := "its own grace is over"
	if how.Grace >= 0 {
		grace = fmt.Sprintf("its grace is over, %s at most", how.Grace)
	}
	if !how.Gone {
		a.Undo = again(targets, Reactivate)
	}
	a.Preview = append(a.Preview, elsewhere(s, targets),
		Line{Text: "Each task gets SIGTERM, and SIGKILL when " + grace + ".", Note: true})
	if how.Gone {
		a.Preview = append(a.Preview, Line{Text: "Then it is gone for ever: its agentd is not let in again.", Warn: true})
	} else {
		a.Preview = append(a.Preview, Line{Text: "Nothing is launched there until it is reactivated.", Note: true})
	}
	return a, nil
}

// whatRuns names the tasks on an agent, by framework.
func whatRuns(s *store.Snapshot, a *reeveapi.Agent) []Line {
	names, order := map[string][]string{}, []string(nil)
	for _, t := range s.Tasks.Rows() {
		if t.Agent == a.ID && t.Ended.IsZero() {
			if names[t.FrameworkName] == nil {
				order = append(order, t.FrameworkName)
			}
			names[t.FrameworkName] = append(names[t.FrameworkName], name(t))
		}
	}
	if len(order) == 0 {
		return nil
	}
	slices.Sort(order)
	var lines []Line
	for _, framework := range order {
		lines = append(lines, Line{Text: fmt.Sprintf("  %-12s %s", framework, strings.Join(names[framework], " "))})
	}
	return lines
}
