package conformance

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/mesosv1/master"
)

// Both forms of a dynamic reservation: the one before reservation refinement, and the one since (spec 2.1.2).
func oldReserved(name string, amount float64, role, more string) string {
	return fmt.Sprintf(`{"name":%q,"type":"SCALAR","scalar":{"value":%v},"role":%q,"reservation":{}%s}`, name, amount, role, more)
}

func newReserved(name string, amount float64, role, more string) string {
	return fmt.Sprintf(`{"name":%q,"type":"SCALAR","scalar":{"value":%v},"reservations":[{"type":"DYNAMIC","role":%q}]%s}`, name, amount, role, more)
}

func diskInfo(id string) string {
	return fmt.Sprintf(`,"disk":{"persistence":{"id":%q},"volume":{"container_path":"data","mode":"RW"}}`, id)
}

func operation(kind, id, body string) string {
	if id != "" {
		id = fmt.Sprintf(`"id":{"value":%q},`, id)
	}
	return fmt.Sprintf(`{"type":%q,%s%s}`, kind, id, body)
}

// operate accepts all offers that there are with operations.
func (f *framework) operate(operations ...string) {
	f.t.Helper()
	ids := []string{fmt.Sprintf(`{"value":%q}`, textAt(f.offer(), "id", "value"))}
	for _, o := range f.offers {
		ids = append(ids, fmt.Sprintf(`{"value":%q}`, textAt(o, "id", "value")))
	}
	f.offers = nil
	f.do(fmt.Sprintf(`{"type":"ACCEPT","accept":{"offer_ids":[%s],"operations":[%s],"filters":{"refuse_seconds":0}}}`,
		strings.Join(ids, ","), strings.Join(operations, ",")))
}

// finishes waits for the status of an operation, acknowledges it if it has to be, and wants a state.
func (f *framework) finishes(id, state string) tree {
	f.t.Helper()
	e := f.until("status of operation "+id, func(e tree) bool {
		return textAt(e, "update_operation_status", "status", "operation_id", "value") == id
	})
	status, _ := at(e, "update_operation_status", "status").(map[string]any)
	if got := textAt(status, "state"); got != state {
		f.t.Errorf("operation %s is %v, want %s", id, status, state)
	}
	if uuid := textAt(status, "uuid", "value"); uuid != "" {
		f.do(fmt.Sprintf(`{"type":"ACKNOWLEDGE_OPERATION_STATUS","acknowledge_operation_status":{"agent_id":%s,"operation_id":{"value":%q},"uuid":%q}}`,
			idText(status["agent_id"]), id, uuid))
	}
	return status
}

func idText(id any) string { return fmt.Sprintf(`{"value":%q}`, textAt(id, "value")) }

// TestOperations: RESERVE, CREATE, a launch on both, DESTROY and UNRESERVE, in the resource form of frameworks with and
// without reservation refinement, in both encodings (spec 3.4).
func TestOperations(t *testing.T) {
	needRoot(t)
	kinds := map[string]struct {
		capabilities []string
		reserved     func(string, float64, string, string) string
	}{
		"before refinement": {[]string{"MULTI_ROLE"}, oldReserved},
		"refinement":        {[]string{"MULTI_ROLE", "RESERVATION_REFINEMENT"}, newReserved},
	}
	for name, form := range forms {
		for kind, k := range kinds {
			t.Run(name+"/"+kind, func(t *testing.T) {
				f := subscribe(t, form, infoWith(`["keepers"]`, k.capabilities...))
				agent := textAt(f.offer(), "agent_id", "value")
				f.do(`{"type":"REVIVE"}`)
				f.leave()
				f = subscribe(t, form, infoWith(`["keepers"]`, k.capabilities...))
				all := "[" + k.reserved("cpus", 0.5, "keepers", "") + "," + k.reserved("mem", 64, "keepers", "") + "," + k.reserved("disk", 64, "keepers", "") + "]"
				volume := k.reserved("disk", 64, "keepers", diskInfo("v-"+name))
				task := taskInfo("t", agent, "["+k.reserved("cpus", 0.5, "keepers", "")+","+k.reserved("mem", 64, "keepers", "")+","+volume+"]", command("echo x > data/f"))
				f.operate(
					operation("RESERVE", "r", `"reserve":{"resources":`+all+`}`),
					operation("CREATE", "c", `"create":{"volumes":[`+volume+`]}`),
					operation("LAUNCH", "", `"launch":{"task_infos":[`+task+`]}`),
				)
				r := f.finishes("r", "OPERATION_FINISHED")
				if at(r, "converted_resources", 0) == nil {
					t.Errorf("no converted_resources in %v", r)
				}
				f.finishes("c", "OPERATION_FINISHED")
				f.reaches("t", "TASK_FINISHED")
				f.reconcilesTo("r", agent, "OPERATION_UNKNOWN")
				f.operate(
					operation("UNRESERVE", "busy", `"unreserve":{"resources":[`+volume+`]}`),
					operation("DESTROY", "d", `"destroy":{"volumes":[`+volume+`]}`),
				)
				f.finishes("busy", "OPERATION_ERROR")
				f.finishes("d", "OPERATION_FINISHED")
				f.operate(operation("UNRESERVE", "u", `"unreserve":{"resources":`+all+`}`))
				f.finishes("u", "OPERATION_FINISHED")
				f.operate(operation("RESERVE", "too-much", `"reserve":{"resources":[`+k.reserved("cpus", 999, "keepers", "")+`]}`))
				f.finishes("too-much", "OPERATION_ERROR")
			})
		}
	}
}

// reconcilesTo asks for one operation and wants a state.
func (f *framework) reconcilesTo(id, agent, state string) {
	f.t.Helper()
	f.do(fmt.Sprintf(`{"type":"RECONCILE_OPERATIONS","reconcile_operations":{"operations":[{"operation_id":{"value":%q},"agent_id":{"value":%q}}]}}`, id, agent))
	if got := f.finishes(id, state); textAt(got, "uuid", "value") != "" {
		f.t.Errorf("an answer to RECONCILE_OPERATIONS has a uuid: %v", got)
	}
}

// TestGetOperations: an operation is listed by master and agent from when it happens until it is acknowledged, and is told
// again until then.
func TestGetOperations(t *testing.T) {
	f := subscribe(t, codec.JSON, infoWith(`["keepers"]`, "MULTI_ROLE", "RESERVATION_REFINEMENT"))
	all := newReserved("mem", 32, "keepers", "")
	f.operate(operation("RESERVE", "held", `"reserve":{"resources":[`+all+`]}`))
	told := f.until("its status", func(e tree) bool { return textAt(e, "type") == "UPDATE_OPERATION_STATUS" })
	for _, daemon := range []string{"master", "agent"} {
		await(t, "the operation on "+daemon, func() bool {
			a, got := operatorCall(t, daemon, codec.JSON, `{"type":"GET_OPERATIONS"}`)
			one := at(got, "get_operations", "operations", 0)
			return a.status == http.StatusOK && textAt(one, "info", "id", "value") == "held" &&
				textAt(one, "latest_status", "state") == "OPERATION_FINISHED" && textAt(one, "framework_id", "value") == f.id
		})
	}
	again := f.until("its status again", func(e tree) bool { return textAt(e, "type") == "UPDATE_OPERATION_STATUS" })
	uuid := func(e tree) string { return textAt(e, "update_operation_status", "status", "uuid", "value") }
	if uuid(told) == "" || uuid(told) != uuid(again) {
		t.Errorf("the uuids are %q and %q, want the same", uuid(told), uuid(again))
	}
	agent := at(again, "update_operation_status", "status", "agent_id")
	f.do(fmt.Sprintf(`{"type":"ACKNOWLEDGE_OPERATION_STATUS","acknowledge_operation_status":{"agent_id":%s,"operation_id":{"value":"held"},"uuid":%q}}`,
		idText(agent), uuid(again)))
	for _, daemon := range []string{"master", "agent"} {
		await(t, "the operation's end on "+daemon, func() bool {
			_, got := operatorCall(t, daemon, codec.JSON, `{"type":"GET_OPERATIONS"}`)
			return at(got, "get_operations", "operations", 0) == nil
		})
	}
	f.operate(operation("UNRESERVE", "u", `"unreserve":{"resources":[`+all+`]}`))
	f.finishes("u", "OPERATION_FINISHED")
}

// TestVolumesInPods: a task of a pod has a volume of its own, and sees one of its executor's through a SANDBOX_PATH volume.
func TestVolumesInPods(t *testing.T) {
	needRoot(t)
	f := subscribe(t, codec.JSON, infoWith(`["keepers"]`, "MULTI_ROLE", "RESERVATION_REFINEMENT"))
	agent := textAt(f.offer(), "agent_id", "value")
	f.do(`{"type":"REVIVE"}`)
	f.leave()
	f = subscribe(t, codec.JSON, infoWith(`["keepers"]`, "MULTI_ROLE", "RESERVATION_REFINEMENT"))
	own, common := newReserved("disk", 32, "keepers", diskInfo("own")), newReserved("disk", 32, "keepers", diskInfo("common"))
	amounts := newReserved("cpus", 0.1, "keepers", "") + "," + newReserved("mem", 32, "keepers", "")
	all := "[" + newReserved("cpus", 0.2, "keepers", "") + "," + newReserved("mem", 64, "keepers", "") + "," + newReserved("disk", 64, "keepers", "") + "]"
	executor := fmt.Sprintf(`{"type":"DEFAULT","executor_id":{"value":"pod"},"framework_id":{"value":%q},"resources":[%s,%s]}`, f.id, amounts, common)
	task := taskInfo("in-pod", agent, "["+amounts+","+own+"]", command(`echo a > data/f && echo b > shared/f && test "$(cat data/f)" = a`)+
		`,"container":{"type":"MESOS","volumes":[{"container_path":"shared","mode":"RW","source":{"type":"SANDBOX_PATH","sandbox_path":{"type":"PARENT","path":"data"}}}]}`)
	f.operate(
		operation("RESERVE", "", `"reserve":{"resources":`+all+`}`),
		operation("CREATE", "", `"create":{"volumes":[`+own+","+common+`]}`),
		operation("LAUNCH_GROUP", "", `"launch_group":{"executor":`+executor+`,"task_group":{"tasks":[`+task+`]}}`),
	)
	f.reaches("in-pod", "TASK_FINISHED")
	for id, want := range map[string]string{"own": "a\n", "common": "b\n"} {
		got, err := os.ReadFile(filepath.Join(cluster.Agents[0].Dir(), "volumes", "roles", "keepers", id, "f"))
		if err != nil || string(got) != want {
			t.Errorf("volume %s has %q, %v, want %q", id, got, err, want)
		}
	}
	await(t, "the end of the pod", func() bool {
		_, got := operatorCall(t, "master", codec.JSON, `{"type":"GET_EXECUTORS"}`)
		return at(got, "get_executors", "executors", 0) == nil
	})
	for _, part := range []string{
		`"DESTROY_VOLUMES","destroy_volumes":{"agent_id":{"value":%q},"volumes":[` + own + "," + common + `]}`,
		`"UNRESERVE_RESOURCES","unreserve_resources":{"agent_id":{"value":%q},"resources":` + all + `}`,
	} {
		call := `{"type":` + fmt.Sprintf(part, agent) + `}`
		if got := post(t, masterURL()+"/api/v1", codec.JSON, call, &master.Call{}); got.status != http.StatusAccepted {
			t.Errorf("%s: got %v", call, got)
		}
	}
}
