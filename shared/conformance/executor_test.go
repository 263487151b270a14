package conformance

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/mesosv1/executor"
	"codeberg.org/reeve/reeve/shared/recordio"
)

// puppet is an executor that tells its scheduler of everything it hears, and sends what the scheduler orders. Each MESSAGE
// to the scheduler is one JSON document: {"heard": event}, {"answered": {"status", "body"}} or {"environment": […]}.
type puppet struct {
	form codec.Codec
	url  string
	ids  string // the members executor_id and framework_id of every call
	send sync.Mutex
}

// executorMain is the executor's main function, run by an agent.
func executorMain() int {
	p := &puppet{
		form: codec.Codec(os.Getenv("CONFORMANCE_FORM")),
		url:  "http://" + os.Getenv("MESOS_AGENT_ENDPOINT") + "/slave(1)/api/v1/executor",
		ids: fmt.Sprintf(`"executor_id":{"value":%q},"framework_id":{"value":%q},`,
			os.Getenv("MESOS_EXECUTOR_ID"), os.Getenv("MESOS_FRAMEWORK_ID")),
	}
	for { // until SHUTDOWN or an order: the agent may restart meanwhile
		if err := p.live(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		again := time.NewTimer(100 * time.Millisecond)
		<-again.C
	}
}

// live holds one subscription.
func (p *puppet) live() error {
	resp, err := p.post(`"type":"SUBSCRIBE","subscribe":{}`)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		body, err := io.ReadAll(resp.Body)
		return fmt.Errorf("SUBSCRIBE: %d %s %w", resp.StatusCode, body, err)
	}
	records := recordio.NewReader(resp.Body, 1<<24)
	for {
		data, err := records.Read()
		if err != nil {
			return fmt.Errorf("read an event: %w", err)
		}
		event := &executor.Event{}
		if err := p.form.Unmarshal(data, event); err != nil {
			return err
		}
		text, err := codec.JSON.Marshal(event)
		if err != nil {
			return err
		}
		p.tell(`{"heard":` + string(text) + `}`)
		p.obey(event)
	}
}

// obey does what an event asks for.
func (p *puppet) obey(event *executor.Event) {
	switch event.GetType() {
	case executor.Event_LAUNCH:
		p.order(p.update(event.GetLaunch().GetTask().GetTaskId().GetValue(), "TASK_RUNNING"))
	case executor.Event_KILL:
		p.order(p.update(event.GetKill().GetTaskId().GetValue(), "TASK_KILLED"))
	case executor.Event_SHUTDOWN:
		if os.Getenv("CONFORMANCE_STUBBORN") == "" {
			os.Exit(0)
		}
	case executor.Event_MESSAGE:
		var orders struct {
			Calls       []string // without the ids
			Environment bool
			Exit        *int
		}
		if err := json.Unmarshal(event.GetMessage().GetData(), &orders); err != nil {
			return // the scheduler only wanted to see it arrive
		}
		for _, call := range orders.Calls {
			p.order(call)
		}
		if orders.Environment {
			text, err := json.Marshal(os.Environ())
			if err == nil {
				p.tell(`{"environment":` + string(text) + `}`)
			}
		}
		if orders.Exit != nil {
			os.Exit(*orders.Exit)
		}
	default: // heard is enough
	}
}

// update is an UPDATE for a task with a uuid of its own.
func (p *puppet) update(task, state string) string {
	uuid := make([]byte, 16)
	_, _ = rand.Read(uuid) // never fails
	return fmt.Sprintf(`"type":"UPDATE","update":{"status":{"task_id":{"value":%q},"state":%q,"source":"SOURCE_EXECUTOR","uuid":%q,"data":"aGVsbG8=","timestamp":%d.5}}`,
		task, state, base64.StdEncoding.EncodeToString(uuid), time.Now().Unix())
}

// order sends a call and tells the scheduler of the answer.
func (p *puppet) order(call string) {
	resp, err := p.post(call)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	text, err := json.Marshal(map[string]any{"answered": map[string]any{"status": resp.StatusCode, "body": string(body), "call": call}})
	if err == nil {
		p.tell(string(text))
	}
}

// tell sends a MESSAGE to the scheduler.
func (p *puppet) tell(text string) {
	resp, err := p.post(`"type":"MESSAGE","message":{"data":"` + base64.StdEncoding.EncodeToString([]byte(text)) + `"}`)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		fmt.Fprintln(os.Stderr, "MESSAGE:", resp.Status)
	}
}

func (p *puppet) post(call string) (*http.Response, error) {
	p.send.Lock()
	defer p.send.Unlock()
	ids := p.ids
	if strings.HasPrefix(call, `"executor_id"`) {
		ids = "" // the order says for whom it wants to speak
	}
	data := []byte("{" + ids + call + "}")
	if p.form == codec.Protobuf {
		m := &executor.Call{}
		if err := codec.JSON.Unmarshal(data, m); err != nil {
			return nil, err
		}
		var err error
		if data, err = proto.Marshal(m); err != nil {
			return nil, err
		}
	}
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, p.url, bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", p.form.MediaType())
	r.Header.Set("Accept", p.form.MediaType())
	return http.DefaultClient.Do(r)
}

// hears waits for a MESSAGE of the puppet that has a member.
func (f *framework) hears(what string, fits func(tree) bool) tree {
	f.t.Helper()
	var found tree
	f.until(what, func(e tree) bool {
		if textAt(e, "type") != "MESSAGE" {
			return false
		}
		data, err := base64.StdEncoding.DecodeString(textAt(e, "message", "data"))
		if err != nil {
			f.t.Errorf("data of a MESSAGE: %v", err)
		}
		m := parseTree(f.t, data)
		if fits(m) {
			found = m
		}
		return found != nil
	})
	return found
}

func (f *framework) hearsEvent(kind string) tree {
	f.t.Helper()
	return f.hears("MESSAGE about "+kind, func(m tree) bool { return textAt(m, "heard", "type") == kind })
}

// tells sends a MESSAGE to the puppet.
func (f *framework) tells(agent string, orders any) {
	f.t.Helper()
	text, err := json.Marshal(orders)
	if err != nil {
		f.t.Fatal(err)
	}
	f.do(fmt.Sprintf(`{"type":"MESSAGE","message":{"agent_id":{"value":%q},"executor_id":{"value":"puppet"},"data":%q}}`,
		agent, base64.StdEncoding.EncodeToString(text)))
}

// puppetInfo is the ExecutorInfo of a puppet, in a member with a comma in front.
func puppetInfo(t *testing.T, form codec.Codec, more string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`,"executor":{"executor_id":{"value":"puppet"},"name":"a puppet","source":"tests","data":"ZGF0YQ==",
		"resources":[{"name":"cpus","type":"SCALAR","scalar":{"value":0.1}},{"name":"mem","type":"SCALAR","scalar":{"value":128}}],
		"shutdown_grace_period":{"nanoseconds":500000000},
		"command":{"value":"exec ./puppet","uris":[{"value":%q,"executable":true,"extract":false,"output_file":"puppet"}],
		"environment":{"variables":[{"name":"CONFORMANCE_FORM","value":%q}%s]}}}`, self, form.MediaType(), more)
}

// puppet launches a task on a puppet, and returns when its SUBSCRIBED and LAUNCH were heard.
func (f *framework) puppet(task, more string) (agent string, subscribed, launch tree) {
	f.t.Helper()
	offer := f.offer()
	agent = textAt(offer, "agent_id", "value")
	f.do(accept([]string{textAt(offer, "id", "value")}, taskInfo(task, agent, small, puppetInfo(f.t, f.form, more)+`,"data":"dGFzaw=="`)))
	subscribed = f.hearsEvent("SUBSCRIBED")
	launch = f.hearsEvent("LAUNCH")
	return agent, subscribed, launch
}

// TestCustomExecutor holds the executor API against 2.3, 3.6 and 3.10: events, updates, messages both ways, its end.
func TestCustomExecutor(t *testing.T) {
	needRoot(t)
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			f := subscribe(t, form, plainInfo)
			agent, subscribed, launch := f.puppet("one", "")
			for _, path := range [][]any{
				{"executor_info", "executor_id", "value"},
				{"executor_info", "framework_id", "value"},
				{"executor_info", "command", "value"},
				{"executor_info", "data"},
				{"framework_info", "id", "value"},
				{"agent_info", "id", "value"},
				{"agent_info", "hostname"},
				{"agent_info", "resources", 0, "name"},
				{"container_id", "value"},
			} {
				if textAt(subscribed, append([]any{"heard", "subscribed"}, path...)...) == "" {
					t.Errorf("SUBSCRIBED has no %v: %v", path, subscribed)
				}
			}
			if textAt(launch, "heard", "launch", "task", "task_id", "value") != "one" || textAt(launch, "heard", "launch", "task", "data") != "dGFzaw==" ||
				textAt(launch, "heard", "launch", "task", "executor", "executor_id", "value") != "puppet" {
				t.Errorf("LAUNCH is %v", launch)
			}
			s := f.update("one")
			if textAt(s, "state") != "TASK_RUNNING" || textAt(s, "source") != "SOURCE_EXECUTOR" || textAt(s, "executor_id", "value") != "puppet" ||
				textAt(s, "data") != "aGVsbG8=" || textAt(s, "container_status", "network_infos", 0, "ip_addresses", 0, "ip_address") == "" {
				t.Errorf("the update arrives as %v", s)
			}
			if h := f.hearsEvent("ACKNOWLEDGED"); textAt(h, "heard", "acknowledged", "task_id", "value") != "one" || textAt(h, "heard", "acknowledged", "uuid") != textAt(s, "uuid") {
				t.Errorf("ACKNOWLEDGED is %v, want the uuid %s", h, textAt(s, "uuid"))
			}
			f.do(fmt.Sprintf(`{"type":"MESSAGE","message":{"agent_id":{"value":%q},"executor_id":{"value":"puppet"},"data":"AAEC/w=="}}`, agent))
			if h := f.hearsEvent("MESSAGE"); textAt(h, "heard", "message", "data") != "AAEC/w==" {
				t.Errorf("a MESSAGE of four bytes arrives as %v", h)
			}
			// A second task goes to the same executor, by its id.
			offer := f.offer()
			f.do(accept([]string{textAt(offer, "id", "value")}, taskInfo("two", agent, small, puppetInfo(t, form, ""))))
			f.reaches("two", "TASK_RUNNING")
			if got := textAt(f.offer(), "executor_ids", 0, "value"); got != "puppet" {
				t.Errorf("executor_ids of an offer are %q, want the live executor", got)
			}
			f.do(`{"type":"KILL","kill":{"task_id":{"value":"two"},"kill_policy":{"grace_period":{"nanoseconds":1000000000}}}}`)
			if h := f.hearsEvent("KILL"); textAt(h, "heard", "kill", "task_id", "value") != "two" || at(h, "heard", "kill", "kill_policy", "grace_period", "nanoseconds") != 1e9 {
				t.Errorf("KILL is %v", h)
			}
			f.reaches("two", "TASK_KILLED")
			f.tells(agent, map[string]any{"exit": 3})
			failure := f.event("FAILURE")
			if at(failure, "failure", "status") != 768.0 || textAt(failure, "failure", "executor_id", "value") != "puppet" || textAt(failure, "failure", "agent_id", "value") != agent {
				t.Errorf("the executor's end is %v, want status 768 (spec 8, pitfall 32)", failure)
			}
		})
	}
}

// TestExecutorEndsWithTasks: what was running is failed by the agent (spec 3.6).
func TestExecutorEndsWithTasks(t *testing.T) {
	needRoot(t)
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			f := subscribe(t, form, plainInfo)
			agent, _, _ := f.puppet("left", "")
			f.reaches("left", "TASK_RUNNING")
			f.tells(agent, map[string]any{"exit": 0})
			s := f.update("left")
			if textAt(s, "state") != "TASK_FAILED" || textAt(s, "reason") != "REASON_EXECUTOR_TERMINATED" || textAt(s, "source") != "SOURCE_AGENT" {
				t.Errorf("the task of an executor that went is %v", s)
			}
		})
	}
}

// TestExecutorCalls holds single calls against 1.4 and 3.10.
func TestExecutorCalls(t *testing.T) {
	needRoot(t)
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			f := subscribe(t, form, plainInfo)
			agent, _, _ := f.puppet("task", "")
			f.reaches("task", "TASK_RUNNING")
			const uuid = `"uuid":"AAECAwQFBgcICQoLDA0ODw=="`
			for name, test := range map[string]struct {
				call   string
				status float64
				body   string
			}{
				"heartbeat":         {`"type":"HEARTBEAT"`, 202, ""},
				"no update":         {`"type":"UPDATE"`, 400, "Failed to validate executor::Call: Expecting 'update' to be present"},
				"no message":        {`"type":"MESSAGE"`, 400, "Failed to validate executor::Call: Expecting 'message' to be present"},
				"no subscribe":      {`"type":"SUBSCRIBE"`, 400, "Failed to validate executor::Call: Expecting 'subscribe' to be present"},
				"no uuid":           {`"type":"UPDATE","update":{"status":{"task_id":{"value":"task"},"state":"TASK_RUNNING","source":"SOURCE_EXECUTOR"}}`, 400, ""},
				"staging":           {`"type":"UPDATE","update":{"status":{"task_id":{"value":"task"},"state":"TASK_STAGING","source":"SOURCE_EXECUTOR",` + uuid + `}}`, 400, "TASK_STAGING"},
				"wrong source":      {`"type":"UPDATE","update":{"status":{"task_id":{"value":"task"},"state":"TASK_RUNNING","source":"SOURCE_AGENT",` + uuid + `}}`, 400, "SOURCE_EXECUTOR"},
				"other executor id": {`"type":"UPDATE","update":{"status":{"task_id":{"value":"task"},"executor_id":{"value":"x"},"state":"TASK_RUNNING","source":"SOURCE_EXECUTOR",` + uuid + `}}`, 400, "ExecutorID in Call"},
				"unknown executor":  {`"executor_id":{"value":"nobody"},"framework_id":{"value":"` + f.id + `"},"type":"MESSAGE","message":{"data":"eA=="}`, 400, "Executor cannot be found"},
				"unknown framework": {`"executor_id":{"value":"puppet"},"framework_id":{"value":"nobody"},"type":"MESSAGE","message":{"data":"eA=="}`, 400, "Framework cannot be found"},
			} {
				t.Run(name, func(t *testing.T) {
					f.t = t
					f.tells(agent, map[string]any{"calls": []string{test.call}})
					m := f.hears("answer to "+name, func(m tree) bool { return textAt(m, "answered", "call") == test.call })
					if at(m, "answered", "status") != test.status || !strings.Contains(textAt(m, "answered", "body"), test.body) {
						t.Errorf("got %v, want %v with %q", at(m, "answered"), test.status, test.body)
					}
				})
			}
			f.t = t
		})
	}
}

// TestExecutorEnvironment holds what an executor finds against 3.10; C++ executors exit without most of it.
func TestExecutorEnvironment(t *testing.T) {
	needRoot(t)
	f := subscribe(t, codec.JSON, `{"user":"root","name":"conformance","checkpoint":true,"failover_timeout":1}`)
	agent, _, _ := f.puppet("env", "")
	f.tells(agent, map[string]any{"environment": true})
	m := f.hears("environment", func(m tree) bool { return at(m, "environment") != nil })
	have := map[string]string{}
	list, _ := at(m, "environment").([]any)
	for _, one := range list {
		name, value, _ := strings.Cut(one.(string), "=")
		have[name] = value
	}
	endpoint := cluster.Agents[0].Addresses.HTTP
	for name, want := range map[string]string{
		"MESOS_FRAMEWORK_ID": f.id, "MESOS_EXECUTOR_ID": "puppet", "MESOS_SLAVE_ID": agent,
		"MESOS_SLAVE_PID": "slave(1)@" + endpoint, "MESOS_AGENT_ENDPOINT": endpoint,
		"MESOS_CHECKPOINT": "1", "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD": "500ms", "MESOS_HTTP_COMMAND_EXECUTOR": "0",
		"MESOS_RECOVERY_TIMEOUT": "15mins", "MESOS_SUBSCRIPTION_BACKOFF_MAX": "2secs", "LIBPROCESS_PORT": "0",
		"MESOS_DIRECTORY": have["MESOS_DIRECTORY"], "MESOS_SANDBOX": have["MESOS_SANDBOX"], "PATH": have["PATH"],
	} {
		if have[name] != want || want == "" {
			t.Errorf("%s is %q, want %q", name, have[name], want)
		}
	}
}

// TestShutdownGrace: SHUTDOWN is an event, then, for who does not go, the end after its grace (spec 3.10).
func TestShutdownGrace(t *testing.T) {
	needRoot(t)
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			f := subscribe(t, form, plainInfo)
			agent, _, _ := f.puppet("t", `,{"name":"CONFORMANCE_STUBBORN","value":"1"}`)
			f.reaches("t", "TASK_RUNNING")
			f.do(fmt.Sprintf(`{"type":"SHUTDOWN","shutdown":{"agent_id":{"value":%q},"executor_id":{"value":"puppet"}}}`, agent))
			f.hearsEvent("SHUTDOWN")
			if e := f.event("FAILURE"); at(e, "failure", "status") != 9.0 {
				t.Errorf("an executor that does not go ends with %v, want signal 9", e)
			}
		})
	}
}
