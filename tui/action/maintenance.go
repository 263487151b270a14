package action

import (
	"context"
	"errors"
	"fmt"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// upkeep is a step of maintenance as a question.
type upkeep struct {
	step  string // of the API
	title string // with %s for whom
	done  string
	note  string
	state string // the state in which it makes sense
	skip  string // why not in others
	warn  bool
}

// StartMaintenance takes machines of the schedule down.
func StartMaintenance(machines []reeveapi.MaintenanceMachine) (Action, error) {
	return upkeep{
		step: "start", title: "Take down %s", done: "%s down for maintenance", state: reeveapi.MachineDraining, skip: "is down already", warn: true,
		note: "Its agents are removed and refused; what still runs there is lost to its frameworks.",
	}.of(machines)
}

// StopMaintenance brings machines back.
func StopMaintenance(machines []reeveapi.MaintenanceMachine) (Action, error) {
	return upkeep{
		step: "stop", title: "Bring back %s", done: "%s up again", state: reeveapi.MachineDown, skip: "is not down",
		note: "It leaves the schedule, and its agents may register.",
	}.of(machines)
}

// CancelMaintenance takes machines off the schedule.
func CancelMaintenance(machines []reeveapi.MaintenanceMachine) (Action, error) {
	return upkeep{
		step: "cancel", title: "Cancel the maintenance of %s", done: "no maintenance of %s any more", state: reeveapi.MachineDraining, skip: "is down: bring it back",
		note: "Frameworks are not asked to leave it any more.",
	}.of(machines)
}

func (u upkeep) of(machines []reeveapi.MaintenanceMachine) (Action, error) {
	a := Action{}
	var asked reeveapi.MaintenanceRequest
	why := ""
	for _, m := range machines {
		name := m.Hostname
		if name == "" {
			name = m.IP
		}
		if m.State != u.state {
			why = name + " " + u.skip
			a.Targets = append(a.Targets, Line{Text: why + ", is left out", Note: true})
			continue
		}
		asked.Machines = append(asked.Machines, reeveapi.MachineID{Hostname: m.Hostname, IP: m.IP})
		a.Targets = append(a.Targets, Line{Text: fmt.Sprintf("%-20s %d tasks on it", name, m.Tasks), Warn: u.warn && m.Tasks > 0})
		a.Title = fmt.Sprintf(u.title, name)
		a.Done = fmt.Sprintf(u.done, name)
	}
	n := len(asked.Machines)
	switch {
	case len(machines) == 0:
		return a, errors.New("there is no machine here")
	case n == 0:
		return a, errors.New(why)
	case n > 1:
		whom := fmt.Sprintf("%d machines", n)
		a.Title, a.Done = fmt.Sprintf(u.title, whom), fmt.Sprintf(u.done, whom)
	}
	a.Button = a.Title
	a.Preview = append(a.Preview, Line{Text: u.note, Warn: u.warn, Note: !u.warn})
	a.Steps = []Step{{Target: a.Title, Run: func(ctx context.Context, d Doer) error { return d.ChangeMaintenance(ctx, u.step, asked) }}}
	return a, nil
}
