// Package find finds what a person means on a command line: a task, by its id, by "framework/id", or by the name of a job, whose
// newest attempts count; a running task is preferred to ended ones. A new leader learns of tasks from the agents that come to
// it: while some have not, what is not known is waited for, for a while, and the person is told. Start reading at Finder.Task.
package find

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/cli/output"
)

// Finder finds tasks.
type Finder struct {
	Notes io.Writer     // is told what is waited for
	Wait  time.Duration // for agents to come to a new leader; they take a second or two
	Every time.Duration // how often it is looked for meanwhile
}

// Default is how long people wait.
func Default(notes io.Writer) Finder {
	return Finder{Notes: notes, Wait: 15 * time.Second, Every: 250 * time.Millisecond}
}

// Task finds the task that is meant.
func (f Finder) Task(ctx context.Context, c *client.Client, name string) (reeveapi.Task, error) {
	wait, cancel := context.WithTimeout(ctx, f.Wait)
	defer cancel()
	next := time.NewTicker(f.Every)
	defer next.Stop()
	told := ""
	for {
		found, at, err := known(ctx, c, name)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return found, err
		}
		away, whoErr := f.away(ctx, c, err == nil, at)
		if whoErr != nil {
			return found, whoErr
		}
		if len(away) == 0 {
			return found, err
		}
		if text := comes(away); text != told {
			fmt.Fprintf(f.Notes, "reeve: no such task is known yet; waiting for %s to come to the new leader…\n", text)
			told = text
		}
		select {
		case <-wait.Done():
			return reeveapi.Task{}, f.missing(name, away)
		case <-next.C:
		}
	}
}

// away are the agents that have not come to a new leader, and may have what is meant. If a task was found, these are the ones of
// at, where the others of the same name are: which one is meant is not clear before they are back.
func (f Finder) away(ctx context.Context, c *client.Client, found bool, at []string) (names []string, err error) {
	if found && len(at) == 0 {
		return nil, nil
	}
	agents, err := c.Agents(ctx)
	if err != nil {
		return nil, err
	}
	for _, a := range agents {
		if a.State == reeveapi.AgentRecovered && (len(at) == 0 || slices.Contains(at, a.ID)) {
			names = append(names, a.Name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// comes counts agents, and names them if they are few.
func comes(names []string) string {
	const few = 3
	text := output.OneLine(strings.Join(names[:min(few, len(names))], ", "))
	switch n := len(names); {
	case n == 1:
		return "agent " + text
	case n > few:
		return fmt.Sprintf("%d agents (%s and %d more)", n, text, n-few)
	default:
		return fmt.Sprintf("%d agents (%s)", n, text)
	}
}

func (f Finder) missing(name string, away []string) error {
	verb := "have"
	if len(away) == 1 {
		verb = "has"
	}
	return fault.New(fault.NotFound, "no task and no job is known that is called %q, but %s %s not come to the new leader in %s, and may have it; \"reeve agents\" shows when they are back",
		name, comes(away), verb, f.Wait)
}
