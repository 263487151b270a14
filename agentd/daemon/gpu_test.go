package daemon

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/shimclient"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/recordio"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/resources"
)

// subscribed is an executor on the agent's API.
type subscribed struct {
	*testing.T
	url    string
	events *recordio.Reader
}

const executorIDs = `"executor_id":{"value":"e"},"framework_id":{"value":"F0"}`

func (s *subscribed) post(body string) (status int, answer io.Reader) {
	s.Helper()
	req, err := http.NewRequestWithContext(s.Context(), http.MethodPost, s.url, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = resp.Body.Close() })
	return resp.StatusCode, resp.Body
}

// get asks the agent for what it knows.
func (s *subscribed) get(path string, into any) {
	s.Helper()
	req, err := http.NewRequestWithContext(s.Context(), http.MethodGet, strings.TrimSuffix(s.url, "/api/v1/executor")+path, http.NoBody)
	if err != nil {
		s.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.Fatal(err)
	}
	if err := errors.Join(json.NewDecoder(resp.Body).Decode(into), resp.Body.Close()); err != nil || resp.StatusCode != http.StatusOK {
		s.Fatalf("%s: %s, %v", path, resp.Status, err)
	}
}

func (s *subscribed) ask(path string) (d reeveapi.ContainerDetail) {
	s.Helper()
	s.get(path, &d)
	return d
}

func subscribe(t *testing.T, dir string) *subscribed {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "addresses.json"))
	if err != nil {
		t.Fatal(err)
	}
	var at struct{ HTTP string }
	if err := json.Unmarshal(text, &at); err != nil {
		t.Fatal(err)
	}
	s := &subscribed{T: t, url: "http://" + at.HTTP + "/api/v1/executor"}
	_, stream := s.post(`{"type":"SUBSCRIBE",` + executorIDs + `,"subscribe":{}}`)
	s.events = recordio.NewReader(stream, 1<<20)
	return s
}

// await reads on to an event that has this in it.
func (s *subscribed) await(want string) {
	s.Helper()
	for {
		event, err := s.events.Read()
		if err != nil {
			s.Fatalf("waiting for %s: %v", want, err)
		}
		if strings.Contains(string(event), want) {
			return
		}
	}
}

// A task finds its GPU when its executor hears of it, one that cannot have its own is refused, and a GPU goes with its task.
func TestExecutorHasTheGPUsOfItsTasks(t *testing.T) {
	m, dir, devices := newMaster(t), t.TempDir(), fmt.Sprintf("/dev/rvtest-daemon-%d", os.Getpid())
	rt := realRuntime(t, dir, func(cfg *shimclient.Config) { cfg.DeviceDir = devices })
	t.Cleanup(func() { _ = os.RemoveAll(devices) })
	if err := errors.Join(os.Mkdir(devices, 0o755), unix.Mknod(filepath.Join(devices, "nvidia0"), unix.S_IFCHR|0o666, 240<<8)); err != nil {
		t.Fatal(err)
	}
	start(t, settings(t, dir, m.addr), rt)
	m.next(t)
	stream := <-m.streams
	script := `mkdir -p ` + devices + `; n=0; while :; do until [ -e look$n ]; do sleep 0.02; done; ls ` + devices + ` > seen; mv seen saw$n; n=$((n+1)); done`
	executor := &mesosv1.ExecutorInfo{
		ExecutorId: &mesosv1.ExecutorID{Value: new("e")}, FrameworkId: &mesosv1.FrameworkID{Value: new("F0")},
		Command: &mesosv1.CommandInfo{Value: &script}, Resources: resources.MustParse("cpus:0.1;mem:32").Proto(),
	}
	run := func(id, asks string) {
		t.Helper()
		task := &mesosv1.TaskInfo{
			Name: &id, TaskId: &mesosv1.TaskID{Value: &id}, AgentId: &mesosv1.AgentID{Value: new("S7")},
			Resources: resources.MustParse(asks).Proto(), Executor: executor,
		}
		message := &agentlink.FromMaster{Term: 1, Message: &agentlink.FromMaster_RunTasks{RunTasks: &agentlink.RunTasks{
			Framework: &mesosv1.FrameworkInfo{User: new(""), Name: new("f"), Id: executor.FrameworkId}, Executor: executor, Tasks: []*mesosv1.TaskInfo{task},
		}}}
		if err := stream.Send(message); err != nil {
			t.Fatal(err)
		}
	}
	looks := 0
	sees := func(want string) bool {
		t.Helper()
		sandbox := filepath.Join(dir, "slaves/S7/frameworks/F0/executors/e/runs/latest")
		if err := os.WriteFile(filepath.Join(sandbox, fmt.Sprint("look", looks)), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		var saw []byte
		poll(t, "a look at the devices", func() (ok bool) {
			var err error
			saw, err = os.ReadFile(filepath.Join(sandbox, fmt.Sprint("saw", looks)))
			return err == nil
		})
		looks++
		return strings.TrimSpace(string(saw)) == want
	}
	run("t1", "cpus:0.1;mem:32")
	poll(t, "the agent's address", func() bool { _, err := os.Stat(filepath.Join(dir, "addresses.json")); return err == nil })
	poll(t, "the executor's sandbox", func() bool {
		_, err := os.Stat(filepath.Join(dir, "slaves/S7/frameworks/F0/executors/e/runs/latest/stdout"))
		return err == nil
	})
	e := subscribe(t, dir)
	e.await(`"t1"`)
	if !sees("") {
		t.Error("there is a GPU without a task that asks for one")
	}
	run("t2", "cpus:0.1;mem:32;gpus:1")
	e.await(`"t2"`)
	if !sees("nvidia0") {
		t.Error("the task has been told of before its GPU is there")
	}
	device := filepath.Join(devices, "nvidia0")
	if d := e.ask("/reeve/v1/container?task=F0/t2"); !slices.Equal(d.GPUs, []string{device}) {
		t.Errorf("the container of the task has the GPUs %v, want %s", d.GPUs, device)
	}
	has := func(want string) bool {
		t.Helper()
		var host reeveapi.HostDetail
		e.get("/reeve/v1/host", &host)
		for i := range host.GPUs {
			host.GPUs[i].Container = map[bool]string{true: "c"}[host.GPUs[i].Container != ""]
		}
		return fmt.Sprint(host.GPUs) == want
	}
	if want := "[{" + device + " c [F0/t2]}]"; !has(want) { // and not t1, which asked for none
		t.Errorf("the host does not say %s", want)
	}
	run("t3", "cpus:0.1;mem:32;gpus:1")
	refused := m.update(t, stream, true)
	if refused.GetTaskId().GetValue() != "t3" || refused.GetReason() != mesosv1.TaskStatus_REASON_CONTAINER_UPDATE_FAILED || !strings.Contains(refused.GetMessage(), "1 are free") {
		t.Errorf("one GPU too many: %v", refused)
	}
	if status, _ := e.post(`{"type":"UPDATE",` + executorIDs + `,"update":{"status":{"task_id":{"value":"t2"},"state":"TASK_FINISHED","source":"SOURCE_EXECUTOR","uuid":"AAAAAAAAAAAAAAAAAAAAAA=="}}}`); status != http.StatusAccepted {
		t.Fatalf("update: status %d", status)
	}
	poll(t, "the GPU to go with its task", func() bool { return sees("") && has("[{"+device+"  []}]") })
}
