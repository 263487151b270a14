// Package upkeepapi is the edge for maintenance: Mesos's calls and legacy endpoints, and Reeve's own (spec 3.9). It turns
// requests into changes of the schedule and answers when they are in force; the rules are masterd/maintenance's, and who may
// ask and whether this master leads masterd/httpapi's. Start reading at Call.
package upkeepapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/masterd/cluster"
	"codeberg.org/reeve/reeve/masterd/maintenance"
	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesoshttp"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	wire "codeberg.org/reeve/reeve/shared/mesosv1/maintenance"
	"codeberg.org/reeve/reeve/shared/mesosv1/master"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// Doer hands inputs to the machine of the leading master.
type Doer interface {
	Do(ctx context.Context, build func(cluster.Ticket) cluster.Input) error
}

// Call is the change that a call of the operator API asks for, nil for other calls.
func Call(call *master.Call) maintenance.Change {
	switch call.GetType() {
	case master.Call_UPDATE_MAINTENANCE_SCHEDULE:
		return maintenance.ReplaceBy(call.GetUpdateMaintenanceSchedule().GetSchedule())
	case master.Call_START_MAINTENANCE:
		return maintenance.StartOf(call.GetStartMaintenance().GetMachines())
	case master.Call_STOP_MAINTENANCE:
		return maintenance.StopOf(call.GetStopMaintenance().GetMachines())
	default:
		return nil
	}
}

// Do hands a change to the machine and answers 200 with nothing once it is in force.
func Do(w http.ResponseWriter, r *http.Request, t Doer, change maintenance.Change, who string) {
	if err := do(r, t, change, who); err != nil {
		mesoshttp.WriteError(w, r, err)
		return
	}
	mesoshttp.WriteEmpty(w, r, http.StatusOK)
}

func do(r *http.Request, t Doer, change maintenance.Change, who string) error {
	return t.Do(context.WithoutCancel(r.Context()), func(ticket cluster.Ticket) cluster.Input { // once asked, it is done
		return cluster.Maintain{Ticket: ticket, Change: change, Who: who}
	})
}

// maxBody bounds the bodies of the legacy endpoints.
const maxBody = 4 << 20

// Schedule answers POST /maintenance/schedule, whose body is a Schedule in JSON whatever its Content-Type says.
func Schedule(w http.ResponseWriter, r *http.Request, t Doer, who string) {
	schedule := &wire.Schedule{}
	legacy(w, r, func(body []byte) (maintenance.Change, error) {
		err := unmarshal(body, schedule)
		return maintenance.ReplaceBy(schedule), err
	}, t, who)
}

// Down answers POST /machine/down, whose body is a JSON array of MachineID.
func Down(w http.ResponseWriter, r *http.Request, t Doer, who string) {
	legacy(w, r, func(body []byte) (maintenance.Change, error) {
		machines, err := parseMachines(body)
		return maintenance.StartOf(machines), err
	}, t, who)
}

// Up answers POST /machine/up; its body is as of Down.
func Up(w http.ResponseWriter, r *http.Request, t Doer, who string) {
	legacy(w, r, func(body []byte) (maintenance.Change, error) {
		machines, err := parseMachines(body)
		return maintenance.StopOf(machines), err
	}, t, who)
}

func legacy(w http.ResponseWriter, r *http.Request, parse func([]byte) (maintenance.Change, error), t Doer, who string) {
	body, status, err := mesoshttp.ReadBody(w, r, maxBody)
	if err != nil {
		mesoshttp.WriteText(w, r, status, err.Error())
		return
	}
	change, err := parse(body)
	if err != nil {
		mesoshttp.WriteText(w, r, http.StatusBadRequest, err.Error())
		return
	}
	Do(w, r, t, change, who)
}

func unmarshal(body []byte, m proto.Message) error {
	if err := codec.JSON.Unmarshal(body, m); err != nil {
		return fmt.Errorf("failed to parse the body: %w", err)
	}
	return nil
}

func parseMachines(body []byte) ([]*mesosv1.MachineID, error) {
	var elements []json.RawMessage
	if err := json.Unmarshal(body, &elements); err != nil {
		return nil, fmt.Errorf("failed to parse the body, a JSON array is expected: %w", err)
	}
	var machines []*mesosv1.MachineID
	for _, element := range elements {
		id := &mesosv1.MachineID{}
		if err := unmarshal(element, id); err != nil {
			return nil, err
		}
		machines = append(machines, id)
	}
	return machines, nil
}

// Reeve's own.

// Steps are the endpoints below /reeve/v1/maintenance that change something, and what each asks for.
var Steps = map[string]func(reeveapi.MaintenanceRequest, []maintenance.Machine) (maintenance.Change, error){
	"schedule": add,
	"cancel": func(_ reeveapi.MaintenanceRequest, machines []maintenance.Machine) (maintenance.Change, error) {
		return maintenance.Cancel{Machines: machines}, nil
	},
	"start": func(_ reeveapi.MaintenanceRequest, machines []maintenance.Machine) (maintenance.Change, error) {
		return maintenance.Start{Machines: machines}, nil
	},
	"stop": func(_ reeveapi.MaintenanceRequest, machines []maintenance.Machine) (maintenance.Change, error) {
		return maintenance.Stop{Machines: machines}, nil
	},
}

func add(asked reeveapi.MaintenanceRequest, machines []maintenance.Machine) (maintenance.Change, error) {
	window := maintenance.Window{Machines: machines, Start: asked.Start.UTC()}
	if asked.Start.IsZero() {
		window.Start = time.Now().UTC().Truncate(time.Second)
	}
	if s := asked.DurationSeconds; s != nil {
		const most = 10 * 365 * 24 * 60 * 60
		if !(*s >= 0 && *s <= most) {
			return nil, fault.New(fault.Invalid, "duration_seconds is %v, and must be between 0 and %d", *s, most)
		}
		window.Duration = new(time.Duration(*s * float64(time.Second)))
	}
	return maintenance.Add{Window: window}, nil
}

// Step answers one of Steps. The error is for whoever writes the answer.
func Step(w http.ResponseWriter, r *http.Request, t Doer, step, who string) error {
	var asked reeveapi.MaintenanceRequest
	if err := mesoshttp.ReadAPI(w, r, &asked); err != nil {
		return err
	}
	var machines []maintenance.Machine
	for _, m := range asked.Machines {
		machines = append(machines, maintenance.Machine(m))
	}
	change, err := Steps[step](asked, machines)
	if err != nil {
		return err
	}
	if err := do(r, t, change, who); err != nil {
		return err
	}
	mesoshttp.WriteEmpty(w, r, http.StatusOK)
	return nil
}
