package action

import (
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

func TestMaintenance(t *testing.T) {
	up := reeveapi.MaintenanceMachine{Hostname: "a", IP: "10.0.0.1", State: reeveapi.MachineDraining, Tasks: 3}
	down := reeveapi.MaintenanceMachine{Hostname: "b", IP: "10.0.0.2", State: reeveapi.MachineDown}
	for _, test := range []struct {
		make         func([]reeveapi.MaintenanceMachine) (Action, error)
		title, asked string
	}{
		{StartMaintenance, "Take down a", "start [{a 10.0.0.1}]"},
		{StopMaintenance, "Bring back b", "stop [{b 10.0.0.2}]"},
		{CancelMaintenance, "Cancel the maintenance of a", "cancel [{a 10.0.0.1}]"},
	} {
		a, err := test.make([]reeveapi.MaintenanceMachine{up, down})
		if err != nil || a.Title != test.title {
			t.Errorf("the question is %q, %v; want %q", a.Title, err, test.title)
			continue
		}
		d := &doer{}
		if r := a.Run(t.Context(), d); len(r.Failed) != 0 || strings.Join(d.asked, "; ") != test.asked {
			t.Errorf("asked %q, want %q", d.asked, test.asked)
		}
	}
	if _, err := StartMaintenance([]reeveapi.MaintenanceMachine{down}); err == nil || err.Error() != "b is down already" {
		t.Errorf("got %v", err)
	}
	if _, err := StopMaintenance(nil); err == nil {
		t.Error("nothing can be brought back")
	}
}
