package conformance

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/mesosv1/master"
)

// agentID asks for the one agent there is.
func agentID(t *testing.T) string {
	t.Helper()
	_, got := operatorCall(t, "master", codec.JSON, `{"type":"GET_AGENTS"}`)
	return textAt(got, "get_agents", "agents", 0, "agent_info", "id", "value")
}

// TestOperatorOperations: an operator's reservations and volumes, with Mesos's statuses (spec 3.9), in both encodings.
func TestOperatorOperations(t *testing.T) {
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			agent := agentID(t)
			disk := func(mb float64, more string) string { return newReserved("disk", mb, "ops", more) }
			volume := disk(32, diskInfo("v"))
			for _, c := range []struct {
				kind, body string
				status     int
				text       string // in the answer
			}{
				{"RESERVE_RESOURCES", `"resources":[` + disk(64, "") + `]`, 202, ""},
				{"RESERVE_RESOURCES", `"resources":[` + disk(1e6, "") + `]`, 409, "does not have"},
				{"RESERVE_RESOURCES", `"resources":[` + disk(1, `,"allocation_info":{"role":"ops"}`) + `]`, 400, "allocation_info"},
				{"RESERVE_RESOURCES", `"resources":[]`, 400, "names no resources"},
				{"RESERVE_RESOURCES", `"source":[` + disk(16, "") + `],"resources":[` + newReserved("disk", 16, "other", "") + `]`, 202, ""},
				{"RESERVE_RESOURCES", `"source":[` + newReserved("disk", 16, "other", "") + `],"resources":[` + disk(16, "") + `]`, 202, ""},
				{"UNRESERVE_RESOURCES", `"resources":[` + disk(65, "") + `]`, 409, "does not have"},
				{"CREATE_VOLUMES", `"volumes":[` + volume + `]`, 202, ""},
				{"CREATE_VOLUMES", `"volumes":[` + volume + `]`, 400, "already exists"},
				{"CREATE_VOLUMES", `"volumes":[` + disk(1, "") + `]`, 400, "DiskInfo"},
				{"GROW_VOLUME", `"volume":` + volume + `,"addition":` + disk(16, ""), 202, ""},
				{"SHRINK_VOLUME", `"volume":` + disk(48, diskInfo("v")) + `,"subtract":{"value":16}`, 202, ""},
				{"SHRINK_VOLUME", `"volume":` + volume + `,"subtract":{"value":32}`, 400, "must be less"},
				{"UNRESERVE_RESOURCES", `"resources":[` + volume + `]`, 400, "destroy the persistent volume"},
				{"DESTROY_VOLUMES", `"volumes":[` + volume + `]`, 202, ""},
				{"DESTROY_VOLUMES", `"volumes":[` + volume + `]`, 400, "not found"},
				{"UNRESERVE_RESOURCES", `"resources":[` + disk(64, "") + `]`, 202, ""},
			} {
				part := strings.ToLower(c.kind)
				call := fmt.Sprintf(`{"type":%q,%q:{"agent_id":{"value":%q},%s}}`, c.kind, part, agent, c.body)
				got := post(t, masterURL()+"/api/v1", form, call, &master.Call{})
				if got.status != c.status || !strings.Contains(string(got.body), c.text) || c.status == 202 && len(got.body) > 0 {
					t.Errorf("%s: got %v, want %d with %q", call, got, c.status, c.text)
				}
			}
			unknown := post(t, masterURL()+"/api/v1", form,
				`{"type":"RESERVE_RESOURCES","reserve_resources":{"agent_id":{"value":"nobody"},"resources":[`+disk(1, "")+`]}}`, &master.Call{})
			if unknown.status != 400 || string(unknown.body) != "No agent found with specified ID" {
				t.Errorf("an unknown agent: got %v", unknown)
			}
		})
	}
}

// TestAnOperatorTakesOffersBack: what an operator reserves is rescinded where it is offered.
func TestAnOperatorTakesOffersBack(t *testing.T) {
	f := subscribe(t, codec.JSON, plainInfo)
	agent := textAt(f.offer(), "agent_id", "value")
	mem := newReserved("mem", 64, "ops", "")
	for _, kind := range []string{"RESERVE", "UNRESERVE"} {
		call := fmt.Sprintf(`{"type":"%s_RESOURCES","%s_resources":{"agent_id":{"value":%q},"resources":[%s]}}`, kind, strings.ToLower(kind), agent, mem)
		if got := post(t, masterURL()+"/api/v1", codec.JSON, call, &master.Call{}); got.status != 202 {
			t.Fatalf("%s: got %v", kind, got)
		}
		if kind == "RESERVE" {
			f.event("RESCIND")
		}
	}
}

// TestLegacyOperations: /reserve, /create-volumes and their opposites, by form.
func TestLegacyOperations(t *testing.T) {
	agent := agentID(t)
	disk, volume := oldReserved("disk", 16, "ops", ""), oldReserved("disk", 16, "ops", diskInfo("old"))
	for _, c := range []struct {
		path, list, resources string
	}{
		{"/master/reserve", "resources", disk}, {"/create-volumes", "volumes", volume}, {"/destroy-volumes", "volumes", volume}, {"/unreserve", "resources", disk},
	} {
		body := url.Values{"slaveId": {agent}, c.list: {"[" + c.resources + "]"}}.Encode()
		if got := ask(t, http.MethodPost, masterURL()+c.path, []byte(body)); got.status != 202 || len(got.body) > 0 {
			t.Errorf("%s: got %v", c.path, got)
		}
		for _, bad := range []struct{ body, text string }{
			{"resources=[]", "Missing 'slaveId' query parameter in the request body"},
			{"slaveId=" + agent, "Missing '" + c.list + "' query parameter in the request body"},
			{"slaveId=" + agent + "&" + c.list + "=x", "Error in parsing '" + c.list + "' query parameter in the request body: "},
			{"slaveId=nobody&" + c.list + "=[" + url.QueryEscape(disk) + "]", "No agent found with specified ID"},
		} {
			if got := ask(t, http.MethodPost, masterURL()+c.path, []byte(bad.body)); got.status != 400 || !strings.HasPrefix(string(got.body), bad.text) {
				t.Errorf("%s with %s: got %v, want 400 %s", c.path, bad.body, got, bad.text)
			}
		}
	}
}
