package cluster

import (
	"cmp"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"codeberg.org/reeve/reeve/masterd/registry"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
)

// conversation is a recorded one with Mesos 1.12: what a framework called, and the events it got. Ids and times are ours.
var conversation = []struct {
	call   string
	events []string
}{
	{
		call: `{"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"root","name":"errs","roles":["*"],"capabilities":[{"type":"MULTI_ROLE"}]}}}`,
		events: []string{
			`{"type":"SUBSCRIBED","subscribed":{"framework_id":{"value":"m-0000"},"heartbeat_interval_seconds":15.0,"master_info":{"id":"m","ip":16777343,"port":15050,"pid":"master@127.0.0.1:15050","hostname":"127.0.0.1","version":"1.12.0","address":{"hostname":"127.0.0.1","ip":"127.0.0.1","port":15050},"capabilities":[{"type":"AGENT_UPDATE"},{"type":"AGENT_DRAINING"},{"type":"QUOTA_V2"}]}}}`,
			`{"type":"HEARTBEAT"}`,
			`{"type":"OFFERS","offers":{"offers":[{"id":{"value":"m-O0"},"framework_id":{"value":"m-0000"},"agent_id":{"value":"m-S0"},"hostname":"127.0.0.1","url":{"scheme":"http","address":{"hostname":"127.0.0.1","ip":"127.0.0.1","port":15051},"path":"/slave(1)"},"resources":[{"name":"ports","type":"RANGES","ranges":{"range":[{"begin":31000,"end":32000}]},"role":"*","allocation_info":{"role":"*"}},{"name":"cpus","type":"SCALAR","scalar":{"value":8.0},"role":"*","allocation_info":{"role":"*"}},{"name":"mem","type":"SCALAR","scalar":{"value":8192.0},"role":"*","allocation_info":{"role":"*"}},{"name":"disk","type":"SCALAR","scalar":{"value":10240.0},"role":"*","allocation_info":{"role":"*"}}],"allocation_info":{"role":"*"}}]}}`,
		},
	},
	{call: `{"type":"DECLINE","decline":{"offer_ids":[{"value":"bogus"}]}}`},
	{
		call: `{"type":"ACCEPT","accept":{"offer_ids":[{"value":"bogus"}],"operations":[{"type":"LAUNCH","launch":{"task_infos":[{"name":"t","task_id":{"value":"t"},"agent_id":{"value":"S"},"command":{"value":"true"},"resources":[{"name":"cpus","type":"SCALAR","scalar":{"value":1}}]}]}}]}}`,
		events: []string{
			`{"type":"UPDATE","update":{"status":{"task_id":{"value":"t"},"state":"TASK_LOST","message":"Task launched with invalid offers: Offer bogus is no longer valid","source":"SOURCE_MASTER","reason":"REASON_INVALID_OFFERS","agent_id":{"value":"S"}}}}`,
		},
	},
	{
		call: `{"type":"ACCEPT","accept":{"offer_ids":[{"value":"m-O0"}],"operations":[{"type":"LAUNCH","launch":{"task_infos":[{"name":"t","task_id":{"value":"toolarge"},"agent_id":{"value":"m-S0"},"command":{"value":"true"},"resources":[{"name":"cpus","type":"SCALAR","scalar":{"value":1000}}]}]}}]}}`,
		events: []string{ // Mesos names the ports first
			`{"type":"UPDATE","update":{"status":{"task_id":{"value":"toolarge"},"state":"TASK_ERROR","message":"Total resources cpus(allocated: *):1000 required by task and its executor is more than available cpus(allocated: *):8; mem(allocated: *):8192; disk(allocated: *):10240; ports(allocated: *):[31000-32000]","source":"SOURCE_MASTER","reason":"REASON_TASK_INVALID","agent_id":{"value":"m-S0"}}}}`,
		},
	},
	{
		call:   `{"type":"KILL","kill":{"task_id":{"value":"unknown"}}}`,
		events: []string{`{"type":"UPDATE","update":{"status":{"task_id":{"value":"unknown"},"state":"TASK_LOST","message":"Reconciliation: Task is unknown","source":"SOURCE_MASTER","reason":"REASON_RECONCILIATION"}}}`},
	},
	{
		call:   `{"type":"RECONCILE","reconcile":{"tasks":[{"task_id":{"value":"unknown"}}]}}`,
		events: []string{`{"type":"UPDATE","update":{"status":{"task_id":{"value":"unknown"},"state":"TASK_LOST","message":"Reconciliation: Task is unknown","source":"SOURCE_MASTER","reason":"REASON_RECONCILIATION"}}}`},
	},
	{call: `{"type":"RECONCILE","reconcile":{"tasks":[]}}`},
	{call: `{"type":"SUPPRESS"}`},
	{call: `{"type":"REQUEST","request":{"requests":[]}}`},
	{call: `{"type":"MESSAGE","message":{"agent_id":{"value":"S"},"executor_id":{"value":"e"},"data":"aGk="}}`},
}

// TestAnswersAsMesos replays the conversation and compares every field.
func TestAnswersAsMesos(t *testing.T) {
	subscribed := &scheduler.Event{}
	parseJSON(t, conversation[0].events[0], subscribed)
	now := time.Unix(1_795_396_428, 0)
	s := New(Config{MasterID: "m", MasterInfo: subscribed.GetSubscribed().GetMasterInfo()}, &registry.State{}, now)
	step := func(in Input) []*scheduler.Event {
		var events []*scheduler.Event
		for queue := []Input{in}; len(queue) > 0; queue = queue[1:] {
			for _, e := range s.Step(now, queue[0]) {
				switch e := e.(type) {
				case ToFramework:
					events = append(events, e.Event)
				case Persist:
					queue = append(queue, Persisted{Token: e.Token})
				case Reply:
					if e.Err != nil {
						t.Errorf("%s: %v", in.Kind(), e.Err)
					}
				}
			}
			if d := s.Deadline(); len(queue) == 1 && !d.IsZero() && !d.After(now) {
				queue = append(queue, Tick{})
			}
		}
		return events
	}
	info := agentInfo("127.0.0.1", "cpus:8;mem:8192;disk:10240;ports:[31000-32000]")
	step(AgentRegister{Conn: 1, Register: &agentlink.Register{AgentInfo: info, HttpAddress: "127.0.0.1:15051"}})
	for _, exchange := range conversation {
		call := &scheduler.Call{}
		parseJSON(t, exchange.call, call)
		var in Input = Subscribe{Stream: "stream", Call: call}
		if call.GetType() != scheduler.Call_SUBSCRIBE {
			call.FrameworkId = &mesosv1.FrameworkID{Value: new("m-0000")}
			in = Call{Ticket: 1, Stream: "stream", Call: call}
		}
		var want []*scheduler.Event
		for _, text := range exchange.events {
			e := &scheduler.Event{}
			parseJSON(t, text, e)
			want = append(want, e)
		}
		if diff := gocmp.Diff(normalize(step(in)), normalize(want), protocmp.Transform()); diff != "" {
			t.Errorf("%s (-got +want):\n%s", call.GetType(), diff)
		}
	}
}

func parseJSON(t *testing.T, text string, m proto.Message) {
	t.Helper()
	if err := (protojson.UnmarshalOptions{AllowPartial: true}).Unmarshal([]byte(text), m); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

// normalize takes out times and the order of resources, in which we differ.
func normalize(events []*scheduler.Event) []*scheduler.Event {
	var out []*scheduler.Event
	for _, e := range events {
		e = proto.CloneOf(e)
		if e.Update != nil {
			e.Update.Status.Timestamp = nil
		}
		for _, o := range e.GetOffers().GetOffers() {
			slices.SortFunc(o.GetResources(), func(a, b *mesosv1.Resource) int { return cmp.Compare(a.GetName(), b.GetName()) })
		}
		out = append(out, e)
	}
	return out
}
