package find

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/taskstate"
)

// FullName names a task beyond doubt: task ids are unique within their framework only.
func FullName(t reeveapi.Task) string { return t.Framework + "/" + t.ID }

// known finds a task among those that the master knows. At are the agents of the job that is meant, where all of its instances are.
func known(ctx context.Context, c *client.Client, name string) (found reeveapi.Task, at []string, err error) {
	tasks, err := c.Tasks(ctx)
	if err != nil {
		return found, nil, err
	}
	list := matching(tasks, func(t reeveapi.Task) bool { return t.ID == name || FullName(t) == name })
	if len(list) == 0 {
		job, err := c.Job(ctx, name)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return found, nil, err
		}
		if job != nil {
			for _, i := range job.Instances {
				at = append(at, i.Agent)
			}
			list = matching(tasks, func(t reeveapi.Task) bool {
				return t.Job == name && slices.ContainsFunc(job.Instances, func(i reeveapi.Instance) bool { return i.Task == t.ID })
			})
			if len(list) == 0 {
				return found, at, fault.New(fault.NotFound, "no task of job %q is known yet or any more; \"reeve jobs %s\" shows how far it is", name, name)
			}
		}
	}
	found, err = choose(list, name)
	return found, at, err
}

func matching(tasks []reeveapi.Task, match func(reeveapi.Task) bool) []reeveapi.Task {
	var found []reeveapi.Task
	for _, t := range tasks {
		if match(t) {
			found = append(found, t)
		}
	}
	return found
}

// choose picks the only task, or the only running one.
func choose(found []reeveapi.Task, name string) (reeveapi.Task, error) {
	if running := matching(found, func(t reeveapi.Task) bool { return !taskstate.TerminalName(t.State) }); len(running) > 0 {
		found = running
	}
	switch len(found) {
	case 0:
		return reeveapi.Task{}, fault.New(fault.NotFound, "no task and no job is called %q; \"reeve tasks --all\" lists what is known", name)
	case 1:
		return found[0], nil
	default:
		return reeveapi.Task{}, ambiguous(name, found)
	}
}

// maxCandidates keeps an error readable.
const maxCandidates = 20

func ambiguous(name string, found []reeveapi.Task) error {
	slices.SortFunc(found, func(x, y reeveapi.Task) int { return cmp.Compare(FullName(x), FullName(y)) })
	var candidates []string
	for _, t := range found[:min(len(found), maxCandidates)] {
		candidates = append(candidates, FullName(t)+" ("+taskstate.LabelOf(t.State)+")")
	}
	more := ""
	if len(found) > maxCandidates {
		more = fmt.Sprintf(" and %d more", len(found)-maxCandidates)
	}
	return fault.New(fault.Conflict, "%q means %d tasks; name one of: %s%s", name, len(found), strings.Join(candidates, ", "), more)
}
