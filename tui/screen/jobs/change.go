package jobs

import (
	"fmt"

	tea "github.com/charmbracelet/bubbletea"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/action"
	"codeberg.org/reeve/reeve/tui/keys"
	"codeberg.org/reeve/reeve/tui/screen"
)

// changes says what each verb does to a job.
var changes = map[keys.Verb]func(*reeveapi.Job) (action.Action, error){
	keys.StopJob:     action.StopJob,
	keys.RestartJob:  action.RestartJob,
	keys.TriggerJob:  action.TriggerJob,
	keys.RollbackJob: func(j *reeveapi.Job) (action.Action, error) { return action.RollbackJob(j, 0) },
	keys.ScaleJob:    func(j *reeveapi.Job) (action.Action, error) { return action.ScaleJob(j, max(j.Spec.Instances, 1)+1) },
	keys.Edit:        func(j *reeveapi.Job) (action.Action, error) { return action.ScaleJob(j, max(j.Spec.Instances, 1)+1) },
}

// Off says why a verb cannot change a job, "" if it can or if the verb changes none.
func Off(verb keys.Verb, j *reeveapi.Job) string {
	change, ok := changes[verb]
	if !ok {
		return ""
	}
	if j == nil {
		return "there is no job here"
	}
	if _, err := change(j); err != nil {
		return err.Error()
	}
	return ""
}

// Change does a verb that changes a job; what needs a number opens the command line, what needs more the form.
func Change(verb keys.Verb, j *reeveapi.Job) (tea.Cmd, bool) {
	change, ok := changes[verb]
	if !ok {
		return nil, false
	}
	act, err := change(j)
	name := j.Spec.Name
	switch {
	case err != nil:
		return screen.Refuse(err), true
	case verb == keys.Edit:
		return screen.Send(screen.Go{Target: screen.Target{Kind: screen.Submit, Arg: "edit:" + name}}), true
	case prompts[verb] != nil:
		return screen.Send(screen.Prompt{Line: prompts[verb](j)}), true
	}
	return screen.Send(screen.Ask{Action: act}), true
}

// prompts are the command lines of verbs that are on lone keys: they ask for enter first.
var prompts = map[keys.Verb]func(*reeveapi.Job) string{
	keys.ScaleJob: func(j *reeveapi.Job) string {
		return fmt.Sprintf("scale %s %d", j.Spec.Name, max(j.Spec.Instances, 1))
	},
	keys.RollbackJob: func(j *reeveapi.Job) string {
		return fmt.Sprintf("rollback %s %d", j.Spec.Name, j.History[len(j.History)-2].Version)
	},
	keys.RestartJob: func(j *reeveapi.Job) string { return "restart " + j.Spec.Name },
	keys.TriggerJob: func(j *reeveapi.Job) string { return "trigger " + j.Spec.Name },
}
