package conformance

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
)

// uuidText is what clients of C++ take for the header; they abort on anything else (spec 1.7).
var uuidText = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// TestSubscribed holds the first events against 1.7 and 3.3: SUBSCRIBED, HEARTBEAT at once, then OFFERS.
func TestSubscribed(t *testing.T) {
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			f := subscribe(t, form, plainInfo)
			if !uuidText.MatchString(f.sid) {
				t.Errorf("Mesos-Stream-Id is %q, want a UUID", f.sid)
			}
			subscribed := f.seen[0]
			if got := at(subscribed, "subscribed", "heartbeat_interval_seconds"); got != 15.0 {
				t.Errorf("heartbeat_interval_seconds is %v, want 15", got)
			}
			if !regexp.MustCompile(`-\d{4}$`).MatchString(f.id) {
				t.Errorf("framework id is %q, want it to end in four digits", f.id)
			}
			for _, name := range []string{"id", "ip", "port", "pid", "hostname", "version", "address", "capabilities"} {
				if at(subscribed, "subscribed", "master_info", name) == nil {
					t.Errorf("master_info has no %s: %v", name, subscribed)
				}
			}
			if e := f.any(); textAt(e, "type") != "HEARTBEAT" {
				t.Errorf("the second event is %v, want HEARTBEAT", e)
			}
			offer := f.offer()
			for _, name := range []string{"id", "framework_id", "agent_id", "hostname", "url", "resources", "attributes"} {
				if at(offer, name) == nil {
					t.Errorf("the offer has no %s: %v", name, offer)
				}
			}
			if got := textAt(offer, "url", "path"); got != "/slave(1)" {
				t.Errorf("url.path is %q, want /slave(1)", got)
			}
			if at(offer, "allocation_info") != nil || at(offer, "resources", 0, "allocation_info") != nil {
				t.Errorf("a framework without MULTI_ROLE sees allocation_info: %v", offer)
			}
			if got := textAt(offer, "resources", 0, "role"); got != "*" {
				t.Errorf("role of a resource is %q, want * in the form before reservation refinement", got)
			}
		})
	}
}

// TestCapabilitiesOnTheWire: what MULTI_ROLE and RESERVATION_REFINEMENT change in offers (spec 3.3).
func TestCapabilitiesOnTheWire(t *testing.T) {
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			f := subscribe(t, form, infoWith(`["eng/web"]`, "MULTI_ROLE", "RESERVATION_REFINEMENT"))
			offer := f.offer()
			if got := textAt(offer, "allocation_info", "role"); got != "eng/web" {
				t.Errorf("allocation_info.role is %q, want eng/web", got)
			}
			if got := textAt(offer, "resources", 0, "allocation_info", "role"); got != "eng/web" {
				t.Errorf("a resource is allocated to %q, want eng/web", got)
			}
			if got := at(offer, "resources", 0, "role"); got != nil {
				t.Errorf("a refined resource has role %v, want none", got)
			}
		})
	}
}

// TestRejectedSubscriptions: a SUBSCRIBE that FrameworkInfo rules out is a stream of one ERROR (spec 1.7, 3.3).
func TestRejectedSubscriptions(t *testing.T) {
	gone := subscribe(t, codec.JSON, plainInfo)
	gone.do(`{"type":"TEARDOWN"}`)
	gone.ended()
	for name, test := range map[string]struct{ info, more, want string }{
		"roles without MULTI_ROLE": {
			`{"user":"root","name":"x","roles":["a"]}`, "",
			"'FrameworkInfo.roles' must not be set when the framework is not MULTI_ROLE capable",
		},
		"role with MULTI_ROLE":    {`{"user":"root","name":"x","role":"a","capabilities":[{"type":"MULTI_ROLE"}]}`, "", "'FrameworkInfo.role' must not be set"},
		"duplicate roles":         {infoWith(`["a","a"]`, "MULTI_ROLE"), "", "'FrameworkInfo.roles'"},
		"malformed role":          {infoWith(`["a//b"]`, "MULTI_ROLE"), "", "a//b"},
		"role that begins with -": {`{"user":"root","name":"x","role":"-a"}`, "", "-a"},
		"suppressed stranger":     {infoWith(`["a"]`, "MULTI_ROLE"), `,"suppressed_roles":["b"]`, "uppressed"},
		"failover overflow":       {`{"user":"root","name":"x","failover_timeout":1e300}`, "", "failover_timeout"},
		"completed framework":     {fmt.Sprintf(`{"user":"root","name":"x","id":{"value":%q}}`, gone.id), "", "Framework has been removed"},
	} {
		t.Run(name, func(t *testing.T) {
			for encoding, form := range forms {
				t.Run(encoding, func(t *testing.T) {
					id := ""
					if name == "completed framework" {
						id = fmt.Sprintf(`"framework_id":{"value":%q},`, gone.id)
					}
					call := fmt.Sprintf(`{%s"type":"SUBSCRIBE","subscribe":{"framework_info":%s%s}}`, id, test.info, test.more)
					s := open(t, masterURL()+schedulerPath, form, call, &scheduler.Call{}, func() proto.Message { return &scheduler.Event{} })
					events := s.ended()
					if len(events) != 1 || textAt(events[0], "type") != "ERROR" || !strings.Contains(textAt(events[0], "error", "message"), test.want) {
						t.Errorf("got %v, want one ERROR with %q", events, test.want)
					}
				})
			}
		})
	}
}

// TestCallsThatAreRefused: the order of checks on calls (spec 1.7, 3.1).
func TestCallsThatAreRefused(t *testing.T) {
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			f := subscribe(t, form, plainInfo)
			text := func(s string) string { return fmt.Sprintf(s, f.id) }
			for name, test := range map[string]struct {
				call, stream, want string
				status             int
			}{
				"no type":       {text(`{"framework_id":{"value":%q}}`), f.sid, "Failed to validate scheduler::Call: Expecting 'type' to be present", 400},
				"no framework":  {`{"type":"REVIVE"}`, f.sid, "Failed to validate scheduler::Call: Expecting 'framework_id' to be present", 400},
				"unknown":       {`{"type":"REVIVE","framework_id":{"value":"x"}}`, f.sid, "Framework cannot be found", 400},
				"no stream id":  {text(`{"type":"REVIVE","framework_id":{"value":%q}}`), "", "All non-subscribe calls should include the 'Mesos-Stream-Id' header", 400},
				"stale stream":  {text(`{"type":"REVIVE","framework_id":{"value":%q}}`), "x", "The stream ID 'x' included in this request didn't match the stream ID currently associated with framework ID " + f.id, 400},
				"no accept":     {text(`{"type":"ACCEPT","framework_id":{"value":%q}}`), f.sid, "Expecting 'accept' to be present", 400},
				"no decline":    {text(`{"type":"DECLINE","framework_id":{"value":%q}}`), f.sid, "Expecting 'decline' to be present", 400},
				"no kill":       {text(`{"type":"KILL","framework_id":{"value":%q}}`), f.sid, "Expecting 'kill' to be present", 400},
				"no shutdown":   {text(`{"type":"SHUTDOWN","framework_id":{"value":%q}}`), f.sid, "Expecting 'shutdown' to be present", 400},
				"no ack":        {text(`{"type":"ACKNOWLEDGE","framework_id":{"value":%q}}`), f.sid, "Expecting 'acknowledge' to be present", 400},
				"no reconcile":  {text(`{"type":"RECONCILE","framework_id":{"value":%q}}`), f.sid, "Expecting 'reconcile' to be present", 400},
				"no message":    {text(`{"type":"MESSAGE","framework_id":{"value":%q}}`), f.sid, "Expecting 'message' to be present", 400},
				"no request":    {text(`{"type":"REQUEST","framework_id":{"value":%q}}`), f.sid, "Expecting 'request' to be present", 400},
				"no inverse":    {text(`{"type":"ACCEPT_INVERSE_OFFERS","framework_id":{"value":%q}}`), f.sid, "Expecting 'accept_inverse_offers' to be present", 400},
				"no inverse 2":  {text(`{"type":"DECLINE_INVERSE_OFFERS","framework_id":{"value":%q}}`), f.sid, "Expecting 'decline_inverse_offers' to be present", 400},
				"no operations": {text(`{"type":"RECONCILE_OPERATIONS","framework_id":{"value":%q}}`), f.sid, "Expecting 'reconcile_operations' to be present", 400},
				"no op ack":     {text(`{"type":"ACKNOWLEDGE_OPERATION_STATUS","framework_id":{"value":%q}}`), f.sid, "Expecting 'acknowledge_operation_status' to be present", 400},
				"no update":     {text(`{"type":"UPDATE_FRAMEWORK","framework_id":{"value":%q}}`), f.sid, "Expecting 'update_framework' to be present", 400},
				"bad uuid":      {text(`{"type":"ACKNOWLEDGE","framework_id":{"value":%q},"acknowledge":{"agent_id":{"value":"a"},"task_id":{"value":"t"},"uuid":"eA=="}}`), f.sid, "Failed to validate scheduler::Call: Not a valid UUID", 400},
				"no name":       {`{"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"u","name":"n","id":{"value":"a"}}}}`, "", "framework_id", 400},
			} {
				t.Run(name, func(t *testing.T) {
					var header []string
					if test.stream != "" {
						header = []string{"Mesos-Stream-Id", test.stream}
					}
					a := post(t, masterURL()+schedulerPath, form, test.call, &scheduler.Call{}, header...)
					if a.status != test.status || !strings.Contains(string(a.body), test.want) {
						t.Errorf("got %v, want %d with %q", a, test.status, test.want)
					}
				})
			}
			a := post(t, masterURL()+schedulerPath, form, `{"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"u","name":"n"}}}`,
				&scheduler.Call{}, "Mesos-Stream-Id", f.sid)
			if a.status != 400 || string(a.body) != "Subscribe calls should not include the 'Mesos-Stream-Id' header" {
				t.Errorf("SUBSCRIBE with a stream id: %v", a)
			}
		})
	}
}

// TestCallsThatAreTaken: 202 and nothing else, whatever they name (spec 1.7).
func TestCallsThatAreTaken(t *testing.T) {
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			f := subscribe(t, form, plainInfo)
			uuid := base64.StdEncoding.EncodeToString(make([]byte, 16))
			for _, call := range []string{
				`{"type":"REVIVE"}`, `{"type":"REVIVE","revive":{"roles":["*"]}}`, `{"type":"REVIVE","revive":{"roles":["stranger"]}}`,
				`{"type":"SUPPRESS"}`, `{"type":"SUPPRESS","suppress":{"roles":["*"]}}`,
				`{"type":"DECLINE","decline":{"offer_ids":[{"value":"nobody's"}]}}`, `{"type":"DECLINE","decline":{}}`,
				`{"type":"ACCEPT","accept":{}}`,
				`{"type":"KILL","kill":{"task_id":{"value":"nobody's"}}}`,
				`{"type":"RECONCILE","reconcile":{}}`,
				`{"type":"REQUEST","request":{}}`,
				`{"type":"MESSAGE","message":{"agent_id":{"value":"a"},"executor_id":{"value":"e"},"data":"aGk="}}`,
				`{"type":"SHUTDOWN","shutdown":{"agent_id":{"value":"a"},"executor_id":{"value":"e"}}}`,
				`{"type":"ACKNOWLEDGE","acknowledge":{"agent_id":{"value":"a"},"task_id":{"value":"t"},"uuid":"` + uuid + `"}}`,
				`{"type":"ACKNOWLEDGE_OPERATION_STATUS","acknowledge_operation_status":{"agent_id":{"value":"a"},"operation_id":{"value":"o"},"uuid":"` + uuid + `"}}`,
				`{"type":"RECONCILE_OPERATIONS","reconcile_operations":{}}`,
				`{"type":"ACCEPT_INVERSE_OFFERS","accept_inverse_offers":{"inverse_offer_ids":[{"value":"o"}]}}`,
				`{"type":"DECLINE_INVERSE_OFFERS","decline_inverse_offers":{"inverse_offer_ids":[{"value":"o"}]}}`,
			} {
				f.do(call)
			}
		})
	}
}

// TestCommandTask follows one task from its offer to its end (spec 3.4, 3.6).
func TestCommandTask(t *testing.T) {
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			f := subscribe(t, form, infoWith(`["*"]`, "MULTI_ROLE"))
			agent := f.launch("one", "echo hello; exit 3")
			var states []string
			for len(states) == 0 || states[len(states)-1] == "TASK_STARTING" || states[len(states)-1] == "TASK_RUNNING" {
				s := f.update("one")
				states = append(states, textAt(s, "state"))
				if textAt(s, "source") != "SOURCE_EXECUTOR" || textAt(s, "agent_id", "value") != agent || textAt(s, "executor_id", "value") != "one" {
					t.Errorf("status says %v, want SOURCE_EXECUTOR, agent %s and the task's own id as executor", s, agent)
				}
				if uuid, err := base64.StdEncoding.DecodeString(textAt(s, "uuid")); err != nil || len(uuid) != 16 {
					t.Errorf("uuid is %q, want 16 bytes", textAt(s, "uuid"))
				}
				if at(s, "timestamp") == nil {
					t.Errorf("no timestamp in %v", s)
				}
				if textAt(s, "container_status", "container_id", "value") == "" || textAt(s, "container_status", "network_infos", 0, "ip_addresses", 0, "ip_address") == "" {
					t.Errorf("container_status has no id or address: %v (spec 8, pitfall 20)", s)
				}
				if textAt(s, "state") == "TASK_FAILED" && textAt(s, "message") != "Command exited with status 3" {
					t.Errorf("message is %q", textAt(s, "message"))
				}
			}
			if got := strings.Join(states, " "); got != "TASK_STARTING TASK_RUNNING TASK_FAILED" {
				t.Errorf("states are %s", got)
			}
		})
	}
}

// TestKill: TASK_KILLING is for those who can take it (spec 3.3, 3.11).
func TestKill(t *testing.T) {
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			for _, killing := range []bool{false, true} {
				info := plainInfo
				if killing {
					info = infoWith(`["*"]`, "MULTI_ROLE", "TASK_KILLING_STATE")
				}
				f := subscribe(t, form, info)
				agent := f.launch("long", "sleep 1000")
				f.reaches("long", "TASK_RUNNING")
				f.do(`{"type":"KILL","kill":{"task_id":{"value":"long"},"agent_id":{"value":"wrong"}}}`) // dropped (3.7)
				f.do(fmt.Sprintf(`{"type":"KILL","kill":{"task_id":{"value":"long"},"agent_id":{"value":%q}}}`, agent))
				first := f.update("long")
				if got := textAt(first, "state") == "TASK_KILLING"; got != killing {
					t.Errorf("with TASK_KILLING_STATE %v: the first state after KILL is %v", killing, first)
				}
				if killing {
					first = f.update("long")
				}
				if textAt(first, "state") != "TASK_KILLED" {
					t.Errorf("got %v, want TASK_KILLED", first)
				}
				f.leave()
			}
		})
	}
}

// TestAcceptEdges holds single launches against the tables of 3.4.
func TestAcceptEdges(t *testing.T) {
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			for _, aware := range []bool{false, true} {
				lost, capabilities := "TASK_LOST", []string{"MULTI_ROLE"}
				if aware {
					lost, capabilities = "TASK_DROPPED", append(capabilities, "PARTITION_AWARE")
				}
				f := subscribe(t, form, infoWith(`["*"]`, capabilities...))
				for name, test := range map[string]struct {
					offers                 []string // "" stands for a live one
					agent, resources, more string   // agent "" is the offer's
					state, reason, message string
				}{
					"bogus offer":        {[]string{"bogus"}, "", small, command("true"), lost, "REASON_INVALID_OFFERS", "Task launched with invalid offers: Offer bogus is no longer valid"},
					"one of them bogus":  {[]string{"", "bogus"}, "", small, command("true"), lost, "REASON_INVALID_OFFERS", "Task launched with invalid offers: "},
					"the same twice":     {[]string{"", "="}, "", small, command("true"), lost, "REASON_INVALID_OFFERS", "Task launched with invalid offers: "},
					"no offer":           {nil, "", small, command("true"), lost, "REASON_INVALID_OFFERS", "Task launched with invalid offers: "},
					"too large":          {[]string{""}, "", `[{"name":"cpus","type":"SCALAR","scalar":{"value":1000}}]`, command("true"), "TASK_ERROR", "REASON_TASK_INVALID", "Total resources cpus(allocated: *):1000 required by task and its executor is more than available "},
					"no resources":       {[]string{""}, "", `[]`, command("true"), "TASK_ERROR", "REASON_TASK_INVALID", "Task uses no resources"},
					"neither":            {[]string{""}, "", small, ``, "TASK_ERROR", "REASON_TASK_INVALID", "Task should have exactly one of CommandInfo or ExecutorInfo present"},
					"both":               {[]string{""}, "", small, command("true") + `,"executor":{"executor_id":{"value":"e"},"command":{"value":"x"}}`, "TASK_ERROR", "REASON_TASK_INVALID", "Task should have exactly one of CommandInfo or ExecutorInfo present"},
					"other agent":        {[]string{""}, "S-other", small, command("true"), "TASK_ERROR", "REASON_TASK_INVALID", "Task uses agent S-other while the offer is of agent "},
					"negative":           {[]string{""}, "", `[{"name":"cpus","type":"SCALAR","scalar":{"value":-1}}]`, command("true"), "TASK_ERROR", "REASON_TASK_INVALID", "Task uses invalid resources: "},
					"fraction of a gpu":  {[]string{""}, "", `[{"name":"gpus","type":"SCALAR","scalar":{"value":0.5}}]`, command("true"), "TASK_ERROR", "REASON_TASK_INVALID", ""},
					"bad grace":          {[]string{""}, "", small, command("true") + `,"kill_policy":{"grace_period":{"nanoseconds":-1}}`, "TASK_ERROR", "REASON_TASK_INVALID", "Task's 'kill_policy.grace_period' must be non-negative"},
					"bad completion":     {[]string{""}, "", small, command("true") + `,"max_completion_time":{"nanoseconds":-1}`, "TASK_ERROR", "REASON_TASK_INVALID", "Task's 'max_completion_time' must be non-negative"},
					"low limit":          {[]string{""}, "", small, command("true") + `,"limits":{"cpus":{"value":0.01}}`, "TASK_ERROR", "REASON_TASK_INVALID", ""},
					"limit of disk":      {[]string{""}, "", small, command("true") + `,"limits":{"disk":{"value":9}}`, "TASK_ERROR", "REASON_TASK_INVALID", ""},
					"other role":         {[]string{""}, "", `[{"name":"cpus","type":"SCALAR","scalar":{"value":0.1},"allocation_info":{"role":"other"}}]`, command("true"), "TASK_ERROR", "REASON_TASK_INVALID", ""},
					"variable with none": {[]string{""}, "", small, `,"command":{"value":"true","environment":{"variables":[{"name":"X"}]}}`, "TASK_ERROR", "REASON_TASK_INVALID", ""},
				} {
					t.Run(fmt.Sprintf("aware=%v/%s", aware, name), func(t *testing.T) {
						f.t = t
						f.do(`{"type":"REVIVE"}`)
						agent, offers := test.agent, []string(nil)
						for _, id := range test.offers {
							switch id {
							case "":
								offer := f.offer()
								offers = append(offers, textAt(offer, "id", "value"))
								if agent == "" {
									agent = textAt(offer, "agent_id", "value")
								}
							case "=":
								offers = append(offers, offers[0])
							default:
								offers = append(offers, id)
							}
						}
						if agent == "" {
							agent = "S"
						}
						id := strings.ReplaceAll(name, " ", "-")
						f.do(accept(offers, taskInfo(id, agent, test.resources, test.more)))
						s := f.update(id)
						if textAt(s, "state") != test.state || textAt(s, "reason") != test.reason || textAt(s, "source") != "SOURCE_MASTER" {
							t.Errorf("got %v, want %s for %s of SOURCE_MASTER", s, test.state, test.reason)
						}
						if !strings.HasPrefix(textAt(s, "message"), test.message) {
							t.Errorf("message is %q, want %q", textAt(s, "message"), test.message)
						}
						if at(s, "uuid") != nil {
							t.Errorf("a status of the master has a uuid: %v (spec 8, pitfall 15)", s)
						}
					})
				}
				f.t = t
				f.leave()
			}
		})
	}
}

// TestTaskIDsAreUsedOnce: not while the first lives, and again when it has ended and is acknowledged (spec 8, pitfall 26). For a
// moment after that its executor is still ending, as in Mesos: then a launch is lost and says so.
func TestTaskIDsAreUsedOnce(t *testing.T) {
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			f := subscribe(t, form, plainInfo)
			f.launch("x", "sleep 1000")
			f.reaches("x", "TASK_RUNNING")
			f.launch("x", "true")
			if s := f.update("x"); textAt(s, "state") != "TASK_ERROR" || !strings.Contains(textAt(s, "message"), "Task has duplicate ID: x") {
				t.Errorf("a second task x: %v", s)
			}
			f.do(`{"type":"KILL","kill":{"task_id":{"value":"x"}}}`)
			f.reaches("x", "TASK_KILLED")
			for deadline := time.Now().Add(time.Minute); ; {
				f.launch("x", "true")
				s := f.update("x")
				for textAt(s, "state") == "TASK_STARTING" || textAt(s, "state") == "TASK_RUNNING" {
					s = f.update("x")
				}
				if textAt(s, "reason") == "REASON_EXECUTOR_TERMINATED" && time.Now().Before(deadline) {
					time.Sleep(100 * time.Millisecond)
					continue
				}
				if textAt(s, "state") != "TASK_FINISHED" {
					t.Errorf("the second x, after the first: %v", s)
				}
				break
			}
		})
	}
}

// TestOffersAreUsedUp: an empty ACCEPT is a DECLINE, its filter holds the agent back, REVIVE lifts it; several offers of
// one agent are one pool (spec 3.4).
func TestOffersAreUsedUp(t *testing.T) {
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			f := subscribe(t, form, plainInfo)
			first := f.offer()
			f.do(fmt.Sprintf(`{"type":"ACCEPT","accept":{"offer_ids":[{"value":%q}],"filters":{"refuse_seconds":3600}}}`, textAt(first, "id", "value")))
			f.do(`{"type":"RECONCILE","reconcile":{"tasks":[{"task_id":{"value":"fence"}}]}}`)
			e := f.until("the fence or an offer", func(e tree) bool { return textAt(e, "type") == "UPDATE" || textAt(e, "type") == "OFFERS" })
			if textAt(e, "type") == "OFFERS" {
				t.Error("a declined agent is offered at once")
			}
			f.do(`{"type":"REVIVE"}`)
			again := f.offer()
			agent := textAt(again, "agent_id", "value")
			// Part of the offer goes, so that the rest comes back as a second one beside what the task will return.
			f.do(accept([]string{textAt(again, "id", "value")}, taskInfo("a", agent, small, command("sleep 0.2"))))
			rest := f.offer()
			f.reaches("a", "TASK_FINISHED")
			back := f.offer()
			f.do(accept([]string{textAt(rest, "id", "value"), textAt(back, "id", "value")},
				taskInfo("whole", agent, `[{"name":"cpus","type":"SCALAR","scalar":{"value":4}},{"name":"mem","type":"SCALAR","scalar":{"value":2048}}]`, command("true"))))
			f.reaches("whole", "TASK_FINISHED")
		})
	}
}

// TestSuppress: no offers while suppressed, from SUBSCRIBE on; SUPPRESS rescinds nothing (spec 3.3, 3.4).
func TestSuppress(t *testing.T) {
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			f := subscribeWith(t, form, `{"type":"SUBSCRIBE","subscribe":{"framework_info":`+infoWith(`["a","b"]`, "MULTI_ROLE")+`,"suppressed_roles":["a","b"]}}`)
			f.do(`{"type":"RECONCILE","reconcile":{"tasks":[{"task_id":{"value":"fence"}}]}}`)
			f.noOffersBefore("fence")
			f.do(`{"type":"REVIVE","revive":{"roles":["a","stranger"]}}`) // a stranger among the roles drops the whole call
			f.do(`{"type":"RECONCILE","reconcile":{"tasks":[{"task_id":{"value":"fence2"}}]}}`)
			f.noOffersBefore("fence2")
			f.do(`{"type":"REVIVE","revive":{"roles":["b"]}}`)
			if got := textAt(f.offer(), "allocation_info", "role"); got != "b" {
				t.Errorf("an offer for role %q, want b", got)
			}
		})
	}
}

func (f *framework) noOffersBefore(fence string) {
	f.t.Helper()
	e := f.until(fence, func(e tree) bool { return textAt(e, "type") == "UPDATE" || textAt(e, "type") == "OFFERS" })
	if textAt(e, "type") == "OFFERS" {
		f.t.Errorf("there is an offer before %s: %v", fence, e)
	}
}

// TestFailover: a second stream replaces the first, whose id is stale then (spec 1.7, 3.3).
func TestFailover(t *testing.T) {
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			f := subscribe(t, form, `{"user":"root","name":"conformance","failover_timeout":60}`)
			f.launch("stays", "sleep 1000")
			f.reaches("stays", "TASK_RUNNING")
			again := subscribeWith(t, form, fmt.Sprintf(
				`{"framework_id":{"value":%q},"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"other","name":"renamed","failover_timeout":60,"id":{"value":%q}}}}`, f.id, f.id))
			if again.id != f.id {
				t.Errorf("the id is %s, want %s", again.id, f.id)
			}
			if again.sid == f.sid {
				t.Error("both streams have one id")
			}
			events := f.ended()
			if last := events[len(events)-1]; textAt(last, "type") != "ERROR" || textAt(last, "error", "message") != "Framework failed over" {
				t.Errorf("the old stream ends with %v, want ERROR Framework failed over", last)
			}
			if a := f.send(`{"type":"REVIVE"}`); a.status != http.StatusBadRequest {
				t.Errorf("a call of the old stream: %v, want 400", a)
			}
			again.do(`{"type":"RECONCILE","reconcile":{}}`)
			s := again.update("stays")
			if textAt(s, "state") != "TASK_RUNNING" || textAt(s, "reason") != "REASON_RECONCILIATION" || textAt(s, "message") != "Reconciliation: Latest task state" {
				t.Errorf("reconciled as %v", s)
			}
			// The framework hangs up: it has a minute, and calls without a stream are forbidden meanwhile (1.7).
			again.cancel()
			await(t, "the framework to be disconnected", func() bool {
				a := again.send(`{"type":"REVIVE"}`)
				return a.status == http.StatusForbidden && string(a.body) == "Framework is not subscribed"
			})
			third := subscribeWith(t, form, fmt.Sprintf(
				`{"framework_id":{"value":%q},"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"root","name":"renamed","failover_timeout":60,"id":{"value":%q}}}}`, f.id, f.id))
			third.do(`{"type":"KILL","kill":{"task_id":{"value":"stays"}}}`)
			third.reaches("stays", "TASK_KILLED")
		})
	}
}

// TestUnknownFrameworkID: a SUBSCRIBE with an id that nobody knows keeps it (spec 8, pitfall 18).
func TestUnknownFrameworkID(t *testing.T) {
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			id := fmt.Sprintf("from-before-%d", time.Now().UnixNano())
			f := subscribeWith(t, form, fmt.Sprintf(
				`{"framework_id":{"value":%q},"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"root","name":"old","id":{"value":%q}}}}`, id, id))
			if f.id != id {
				t.Errorf("the id is %q, want %q", f.id, id)
			}
		})
	}
}

// TestNoFailoverTimeout: a stream that ends takes its tasks along (spec 8, pitfall 19).
func TestNoFailoverTimeout(t *testing.T) {
	f := subscribe(t, codec.JSON, plainInfo)
	f.launch("goes", "sleep 1000")
	f.reaches("goes", "TASK_RUNNING")
	f.cancel()
	await(t, "the framework to be completed", func() bool {
		a := ask(t, http.MethodGet, masterURL()+"/frameworks?framework_id="+f.id, nil)
		return at(parseTree(t, a.body), "completed_frameworks", 0, "completed_tasks", 0, "state") == "TASK_KILLED"
	})
}

// TestReconcile holds explicit reconciliation against 3.8, as far as one healthy agent shows it.
func TestReconcile(t *testing.T) {
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			for _, aware := range []bool{false, true} {
				unknown, gone := "TASK_LOST", "TASK_LOST"
				capabilities := []string{"MULTI_ROLE"}
				if aware {
					unknown, gone, capabilities = "TASK_UNKNOWN", "TASK_GONE", append(capabilities, "PARTITION_AWARE")
				}
				f := subscribe(t, form, infoWith(`["*"]`, capabilities...))
				agent := f.launch("known", "sleep 1000")
				f.reaches("known", "TASK_RUNNING")
				for task, test := range map[string]struct{ agent, state, message string }{
					"known":       {agent, "TASK_RUNNING", "Reconciliation: Latest task state"},
					"not-there":   {agent, gone, "Reconciliation: Task is unknown to the agent"},
					"no-agent":    {"", unknown, "Reconciliation: Task is unknown"},
					"other-agent": {"S-never", unknown, "Reconciliation: Task is unknown"},
				} {
					who := ""
					if test.agent != "" {
						who = fmt.Sprintf(`,"agent_id":{"value":%q}`, test.agent)
					}
					f.do(fmt.Sprintf(`{"type":"RECONCILE","reconcile":{"tasks":[{"task_id":{"value":%q}%s}]}}`, task, who))
					s := f.update(task)
					if textAt(s, "state") != test.state || textAt(s, "message") != test.message ||
						textAt(s, "source") != "SOURCE_MASTER" || textAt(s, "reason") != "REASON_RECONCILIATION" || at(s, "uuid") != nil {
						t.Errorf("%s (partition aware %v) is %v, want %s, %q", task, aware, s, test.state, test.message)
					}
				}
				f.do(`{"type":"KILL","kill":{"task_id":{"value":"no-such"}}}`)
				if s := f.update("no-such"); textAt(s, "state") != unknown || textAt(s, "reason") != "REASON_RECONCILIATION" {
					t.Errorf("KILL of an unknown task answers %v, want %s", s, unknown)
				}
				f.do(`{"type":"RECONCILE_OPERATIONS","reconcile_operations":{"operations":[{"operation_id":{"value":"o"},"agent_id":{"value":"` + agent + `"}}]}}`)
				if e := f.event("UPDATE_OPERATION_STATUS"); textAt(e, "update_operation_status", "status", "state") != "OPERATION_UNKNOWN" {
					t.Errorf("an unknown operation is %v", e)
				}
				f.leave()
			}
		})
	}
}

// TestUpdateFramework: 200 and nothing, or 400 (spec 3.3).
func TestUpdateFramework(t *testing.T) {
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			f := subscribe(t, form, infoWith(`["a"]`, "MULTI_ROLE"))
			f.offer()
			update := func(info, more string) answer {
				info = strings.TrimSuffix(info, "}") + fmt.Sprintf(`,"id":{"value":%q}}`, f.id)
				return f.send(`{"type":"UPDATE_FRAMEWORK","update_framework":{"framework_info":` + info + more + `}}`)
			}
			if a := update(infoWith(`["b"]`, "MULTI_ROLE"), ""); a.status != http.StatusOK || len(a.body) != 0 {
				t.Errorf("new role: %v, want 200 and nothing", a)
			}
			rescinded, offered := false, false
			for !rescinded || !offered {
				switch e := f.next(); textAt(e, "type") {
				case "RESCIND":
					rescinded = true
				case "OFFERS":
					offered = textAt(e, "offers", "offers", 0, "allocation_info", "role") == "b"
				}
			}
			for name, test := range map[string]struct{ info, more string }{
				"other user":          {strings.Replace(infoWith(`["b"]`, "MULTI_ROLE"), "root", "other", 1), ""},
				"checkpoint":          {strings.Replace(infoWith(`["b"]`, "MULTI_ROLE"), "{", `{"checkpoint":true,`, 1), ""},
				"principal":           {strings.Replace(infoWith(`["b"]`, "MULTI_ROLE"), "{", `{"principal":"x",`, 1), ""},
				"bad role":            {infoWith(`["b//"]`, "MULTI_ROLE"), ""},
				"suppressed stranger": {infoWith(`["b"]`, "MULTI_ROLE"), `,"suppressed_roles":["z"]`},
			} {
				if a := update(test.info, test.more); a.status != http.StatusBadRequest {
					t.Errorf("%s: %v, want 400", name, a)
				}
			}
			other := f.send(`{"type":"UPDATE_FRAMEWORK","update_framework":{"framework_info":{"user":"root","name":"x","id":{"value":"other"}}}}`)
			if other.status != http.StatusBadRequest {
				t.Errorf("with another id: %v, want 400", other)
			}
		})
	}
}

// TestTeardown: 202, then the end of the stream; the framework is completed and its calls are of nobody (spec 1.7).
func TestTeardown(t *testing.T) {
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			f := subscribe(t, form, plainInfo)
			f.launch("dies", "sleep 1000")
			f.reaches("dies", "TASK_RUNNING")
			f.do(`{"type":"TEARDOWN"}`)
			f.ended()
			if a := f.send(`{"type":"REVIVE"}`); a.status != 400 || string(a.body) != "Framework cannot be found" {
				t.Errorf("a call after TEARDOWN: %v", a)
			}
		})
	}
}

// TestOrder: calls of one connection take effect in the order in which they came: ACCEPT before KILL (spec 8, pitfall 31).
func TestOrder(t *testing.T) {
	f := subscribe(t, codec.JSON, plainInfo)
	for i := range 10 {
		id := fmt.Sprintf("t%d", i)
		f.launch(id, "sleep 1000")
		f.do(fmt.Sprintf(`{"type":"KILL","kill":{"task_id":{"value":%q}}}`, id))
		for s := f.update(id); textAt(s, "state") != "TASK_KILLED"; s = f.update(id) {
			if state := textAt(s, "state"); state != "TASK_STARTING" && state != "TASK_RUNNING" {
				t.Fatalf("%s is %v: the KILL came before its task", id, s)
			}
		}
	}
}

// TestLaunchGroupAndOperations of branches that are not there: nothing is lost without a word (spec 3.4).
func TestOperationsAreAnswered(t *testing.T) {
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			f := subscribe(t, form, infoWith(`["a"]`, "MULTI_ROLE", "RESERVATION_REFINEMENT"))
			offer := f.offer()
			f.do(fmt.Sprintf(`{"type":"ACCEPT","accept":{"offer_ids":[{"value":%q}],"operations":[{"id":{"value":"op"},"type":"UNRESERVE","unreserve":{"resources":[{"name":"cpus","type":"SCALAR","scalar":{"value":1}}]}}]}}`,
				textAt(offer, "id", "value")))
			e := f.event("UPDATE_OPERATION_STATUS")
			if textAt(e, "update_operation_status", "status", "state") != "OPERATION_ERROR" || textAt(e, "update_operation_status", "status", "operation_id", "value") != "op" {
				t.Errorf("an operation that can't be: %v, want OPERATION_ERROR", e)
			}
		})
	}
}
