package conformance

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/mesosv1/master"
)

// window is a schedule of one window for machines; more is further members of the unavailability.
func window(machines, more string) string {
	return `{"windows":[{"machine_ids":[` + machines + `],"unavailability":{"start":{"nanoseconds":1795438800000000000}` + more + `}}]}`
}

func updateSchedule(schedule string) string {
	return `{"type":"UPDATE_MAINTENANCE_SCHEDULE","update_maintenance_schedule":{"schedule":` + schedule + `}}`
}

// TestMaintenanceSchedule: what a schedule may not be, and what is answered of one (spec 3.9), in both encodings and by the
// legacy endpoints.
func TestMaintenanceSchedule(t *testing.T) {
	const m = `{"hostname":"away","ip":"203.0.113.1"}`
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			clear := func() {
				if got := post(t, masterURL()+"/api/v1", form, updateSchedule(`{}`), &master.Call{}); got.status != 200 || len(got.body) > 0 {
					t.Fatalf("an empty schedule: got %v", got)
				}
			}
			for _, c := range []struct{ call, text string }{
				{`{"type":"UPDATE_MAINTENANCE_SCHEDULE"}`, "update_maintenance_schedule"},
				{updateSchedule(window("", "")), "List of machines in the maintenance window is empty"},
				{updateSchedule(window(m+","+m, "")), `Machine '{"hostname":"away","ip":"203.0.113.1"}' appears more than once in the schedule`},
				{updateSchedule(window(`{}`, "")), "Both 'hostname' and 'ip' for a machine are empty"},
				{updateSchedule(window(`{"ip":"nowhere"}`, "")), "IP"},
				{updateSchedule(window(m, `,"duration":{"nanoseconds":-1}`)), "Unavailability 'duration' is negative"},
				{`{"type":"START_MAINTENANCE","start_maintenance":{"machines":[` + m + `]}}`, "is not part of a maintenance schedule"},
				{`{"type":"STOP_MAINTENANCE","stop_maintenance":{"machines":[]}}`, "List of machines is empty"},
			} {
				got := post(t, masterURL()+"/api/v1", form, c.call, &master.Call{})
				if got.status != http.StatusBadRequest || !strings.Contains(string(got.body), c.text) {
					t.Errorf("%s: got %v, want 400 with %q", c.call, got, c.text)
				}
			}
			steps := []struct{ call, status string }{
				{updateSchedule(window(m, `,"duration":{"nanoseconds":3600000000000}`)), "draining_machines"},
				{`{"type":"START_MAINTENANCE","start_maintenance":{"machines":[{"hostname":"AWAY","ip":"203.0.113.1"}]}}`, "down_machines"},
				{`{"type":"STOP_MAINTENANCE","stop_maintenance":{"machines":[` + m + `]}}`, ""},
			}
			for _, step := range steps {
				if got := post(t, masterURL()+"/api/v1", form, step.call, &master.Call{}); got.status != 200 || len(got.body) > 0 {
					t.Fatalf("%s: got %v", step.call, got)
				}
				_, got := operatorCall(t, "master", form, `{"type":"GET_MAINTENANCE_STATUS"}`)
				status := at(got, "get_maintenance_status", "status")
				for _, list := range []string{"draining_machines", "down_machines"} {
					if there := at(status, list, 0) != nil; there != (list == step.status) {
						t.Errorf("after %s: status %v", step.call, status)
					}
				}
			}
			clear()
		})
	}
	t.Run("legacy", func(t *testing.T) {
		url := masterURL() + "/master"
		for _, c := range []struct{ path, body, text string }{
			{"/maintenance/schedule", window(m, ""), ""},
			{"/machine/down", "[" + m + "]", ""},
			{"/machine/down", "[" + m + "]", "is not in DRAINING mode and cannot be brought down"},
			{"/maintenance/schedule", "{}", "is deactivated and cannot be removed from the schedule"},
			{"/machine/up", m, "array"},
			{"/machine/up", "[" + m + "]", ""},
			{"/maintenance/schedule", "x", "parse"},
		} {
			want := http.StatusOK
			if c.text != "" {
				want = http.StatusBadRequest
			}
			got := ask(t, http.MethodPost, url+c.path, []byte(c.body))
			if got.status != want || !strings.Contains(string(got.body), c.text) {
				t.Errorf("%s with %s: got %v, want %d with %q", c.path, c.body, got, want, c.text)
			}
			if c.path == "/machine/down" {
				status := parseTree(t, ask(t, http.MethodGet, url+"/maintenance/status", nil).body)
				if textAt(status, "down_machines", 0, "hostname") != "away" {
					t.Errorf("status is %v", status)
				}
				schedule := parseTree(t, ask(t, http.MethodGet, url+"/maintenance/schedule", nil).body)
				if textAt(schedule, "windows", 0, "machine_ids", 0, "ip") != "203.0.113.1" {
					t.Errorf("schedule is %v", schedule)
				}
			}
		}
	})
}

// TestInverseOffers: a framework that has something of a machine in the schedule is offered it with its unavailability, is
// asked to leave, and its answer is told to operators; a change of mind takes the question back.
func TestInverseOffers(t *testing.T) {
	_, got := operatorCall(t, "master", codec.JSON, `{"type":"GET_AGENTS"}`)
	info := at(got, "get_agents", "agents", 0, "agent_info")
	ip, _, err := net.SplitHostPort(strings.TrimPrefix(agentURL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	machine := fmt.Sprintf(`{"hostname":%q,"ip":%q}`, strings.ToUpper(textAt(info, "hostname")), ip)
	set := func(schedule string) {
		if got := post(t, masterURL()+"/api/v1", codec.JSON, updateSchedule(schedule), &master.Call{}); got.status != 200 {
			t.Fatalf("got %v", got)
		}
	}
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			t.Cleanup(func() { set(`{}`) })
			f := subscribe(t, form, plainInfo)
			if offer := f.offer(); at(offer, "unavailability") != nil {
				t.Errorf("an offer has an unavailability: %v", offer)
			}
			set(window(machine, ""))
			f.event("RESCIND")
			if offer := f.offer(); textAt(offer, "unavailability", "start", "nanoseconds") == "" && at(offer, "unavailability", "start", "nanoseconds") == nil {
				t.Errorf("the offer has no unavailability: %v", offer)
			}
			asked := f.event("INVERSE_OFFERS")
			one := at(asked, "inverse_offers", "inverse_offers", 0)
			for _, name := range []string{"id", "url", "framework_id", "agent_id", "unavailability"} {
				if at(one, name) == nil {
					t.Errorf("the inverse offer has no %s: %v", name, one)
				}
			}
			f.do(fmt.Sprintf(`{"type":"ACCEPT_INVERSE_OFFERS","accept_inverse_offers":{"inverse_offer_ids":[%s],"filters":{"refuse_seconds":1}}}`, idText(at(one, "id"))))
			await(t, "the answer", func() bool {
				_, got := operatorCall(t, "master", form, `{"type":"GET_MAINTENANCE_STATUS"}`)
				said := at(got, "get_maintenance_status", "status", "draining_machines", 0, "statuses", 0)
				return textAt(said, "status") == "ACCEPT" && textAt(said, "framework_id", "value") == f.id
			})
			again := f.event("INVERSE_OFFERS") // after the pause
			set(`{}`)
			taken := f.event("RESCIND_INVERSE_OFFER")
			if got, want := textAt(taken, "rescind_inverse_offer", "inverse_offer_id", "value"), textAt(again, "inverse_offers", "inverse_offers", 0, "id", "value"); got != want {
				t.Errorf("inverse offer %s was taken back, want %s", got, want)
			}
		})
	}
}
