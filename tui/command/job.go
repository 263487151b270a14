package command

import (
	"fmt"
	"strconv"
	"strings"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/action"
	"codeberg.org/reeve/reeve/tui/store"
)

// changeJob reads "JOB", and "JOB INSTANCES" or "JOB [VERSION]" where the verb wants that.
func changeJob(s *store.Snapshot, verb, rest string) (action.Action, error) {
	words := strings.Fields(rest)
	if len(words) == 0 {
		return action.Action{}, fmt.Errorf("say which job: %s JOB", verb)
	}
	j := s.Jobs.Get(words[0])
	if j == nil {
		return action.Action{}, fmt.Errorf("there is no job %s", words[0])
	}
	number := 0
	if len(words) > 1 {
		n, err := strconv.Atoi(words[1])
		if err != nil || n < 1 {
			return action.Action{}, fmt.Errorf("%q is no whole number of at least 1", words[1])
		}
		number = n
	}
	if len(words) > 2 || len(words) == 2 && verb != "scale" && verb != "rollback" {
		return action.Action{}, fmt.Errorf("%q is too much", words[len(words)-1])
	}
	return jobAction(j, verb, number)
}

func jobAction(j *reeveapi.Job, verb string, number int) (action.Action, error) {
	switch verb {
	case "scale":
		if number == 0 {
			return action.Action{}, fmt.Errorf("say to how many instances: scale %s 3", j.Spec.Name)
		}
		return action.ScaleJob(j, number)
	case "restart":
		return action.RestartJob(j)
	case "rollback":
		return action.RollbackJob(j, number)
	}
	return action.TriggerJob(j)
}

func livingJobs(s *store.Snapshot) []Choice {
	var out []Choice
	for name, j := range s.Jobs.All() {
		if j.Ended.IsZero() {
			out = append(out, Choice{name, j.State})
		}
	}
	return out
}
