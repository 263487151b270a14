package conformance

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
)

// TestQuotaCalls: statuses and effects of the calls about quotas and weights, in both encodings (spec 2.4, 3.9). The role is
// nobody else's.
func TestQuotaCalls(t *testing.T) {
	set := func(what, config string) string {
		return fmt.Sprintf(`{"type":"UPDATE_QUOTA","update_quota":{%s"quota_configs":[%s]}}`, what, config)
	}
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			role := "quota-" + name
			defer operatorCall(t, "master", form, set("", `{"role":"`+role+`"}`))
			for _, test := range []struct {
				call   string
				status int
				want   string
			}{
				{`{"type":"UPDATE_QUOTA"}`, 400, "Expecting 'update_quota' to be present"},
				{set("", `{"role":"`+role+`/below","limits":{"cpus":{"value":1}}}`), 400, "nested role"},
				{set("", `{"role":"`+role+`","guarantees":{"cpus":{"value":2}},"limits":{"cpus":{"value":1}}}`), 400, "not contained"},
				{set("", `{"role":"`+role+`","guarantees":{"cpus":{"value":1000000}}}`), 400, "exceed cluster capacity"},
				{set(`"force":true,`, `{"role":"`+role+`","guarantees":{"gpus":{"value":1000000}}}`), 200, ""},
				{set("", `{"role":"`+role+`","guarantees":{"cpus":{"value":0.1}},"limits":{"cpus":{"value":0.5},"mem":{"value":64}}}`), 200, ""},
				{`{"type":"GET_QUOTA"}`, 200, role},
				{`{"type":"SET_QUOTA","set_quota":{"quota_request":{"role":"` + role + `","guarantee":[{"name":"cpus","type":"SCALAR","scalar":{"value":1}}]}}}`, 400, "already has quota"},
				{`{"type":"REMOVE_QUOTA","remove_quota":{"role":"` + role + `"}}`, 200, ""},
				{`{"type":"REMOVE_QUOTA","remove_quota":{"role":"` + role + `"}}`, 400, "has no quota set"},
				{`{"type":"SET_QUOTA","set_quota":{"quota_request":{"role":"` + role + `","guarantee":[{"name":"cpus","type":"SCALAR","scalar":{"value":1000000}}]}}}`, 409, "capacity"},
				{`{"type":"UPDATE_WEIGHTS","update_weights":{"weight_infos":[{"role":"` + role + `","weight":-1}]}}`, 400, "Weights must be positive"},
				{`{"type":"UPDATE_WEIGHTS","update_weights":{"weight_infos":[{"role":"` + role + `","weight":1.5}]}}`, 200, ""},
				{`{"type":"GET_WEIGHTS"}`, 200, role},
			} {
				a, _ := operatorCall(t, "master", form, test.call)
				if a.status != test.status || !strings.Contains(string(a.body), test.want) {
					t.Errorf("%s: %v, want %d with %q", test.call, a, test.status, test.want)
				}
			}
		})
	}
}

// TestLimitIsKept: a framework in a role with a limit is offered no more than that, and /roles and metrics tell it.
func TestLimitIsKept(t *testing.T) {
	call := func(text string, args ...any) {
		t.Helper()
		if a, _ := operatorCall(t, "master", codec.JSON, fmt.Sprintf(text, args...)); a.status != http.StatusOK {
			t.Fatalf("%s: %v", text, a)
		}
	}
	const role = "limited-role"
	call(`{"type":"UPDATE_QUOTA","update_quota":{"quota_configs":[{"role":"%s","limits":{"cpus":{"value":0.5},"mem":{"value":64}}}]}}`, role)
	defer call(`{"type":"UPDATE_QUOTA","update_quota":{"quota_configs":[{"role":"%s"}]}}`, role)
	f := subscribe(t, codec.JSON, infoWith(`["`+role+`"]`, "MULTI_ROLE"))
	got := map[string]any{}
	list, _ := at(f.offer(), "resources").([]any)
	for _, r := range list {
		if textAt(r, "type") == "SCALAR" {
			got[textAt(r, "name")] = at(r, "scalar", "value")
		}
	}
	if got["cpus"] != 0.5 || got["mem"] != 64.0 {
		t.Errorf("it is offered %v, want the limit of 0.5 cpus and 64 MB", got)
	}
	a := ask(t, http.MethodGet, masterURL()+"/roles", nil)
	want := `"name":"` + role + `","weight":1.0,"quota":{"role":"` + role + `","guarantee":{},"limit":{"cpus":0.5,"mem":64.0},"consumed":{}}`
	if !strings.Contains(string(a.body), want) {
		t.Errorf("/roles is %s, want %s in it", a.body, want)
	}
	metrics := parseTree(t, ask(t, http.MethodGet, masterURL()+"/metrics/snapshot", nil).body)
	for name, want := range map[string]float64{"limit": 0.5, "offered_or_allocated": 0.5} {
		if n := metrics["allocator/mesos/quota/roles/"+role+"/resources/cpus/"+name]; n != want {
			t.Errorf("the metric of %s is %v, want %v", name, n, want)
		}
	}
}

// TestOfferConstraints: a framework gets offers of agents that its constraints allow, and only those (spec 2.2.3, 3.3).
func TestOfferConstraints(t *testing.T) {
	constraints := func(role, predicate string) string {
		return `{"role_constraints":{"` + role + `":{"groups":[{"attribute_constraints":[{"selector":{"pseudoattribute_type":"HOSTNAME"},"predicate":{` + predicate + `}}]}]}}}`
	}
	with := func(constraints string) string {
		return strings.TrimSuffix(subscribeText(infoWith(`["constrained"]`, "MULTI_ROLE")), "}}") + `,"offer_constraints":` + constraints + "}}"
	}
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			f := subscribeWith(t, form, with(constraints("constrained", `"text_matches":{"regex":".*"}`)))
			f.offer()
			a, got := operatorCall(t, "master", codec.JSON, `{"type":"GET_FRAMEWORKS"}`)
			if !strings.Contains(string(a.body), `"offer_constraints":{"role_constraints":{"constrained":{"groups":[`) {
				t.Errorf("GET_FRAMEWORKS answers %v", got)
			}
			for _, wrong := range []string{constraints("elsewhere", `"exists":{}`), constraints("constrained", `"text_matches":{"regex":"("}`)} {
				s := open(t, masterURL()+schedulerPath, form, with(wrong), &scheduler.Call{}, func() proto.Message { return &scheduler.Event{} })
				if e := s.any(); textAt(e, "type") != "ERROR" {
					t.Errorf("with %s the first event is %v, want ERROR", wrong, e)
				}
			}
		})
	}
}
