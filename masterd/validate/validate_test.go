package validate_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/masterd/validate"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/resources"
)

// TestTexts plays the files in testdata: what is judged is JSON, what comes out is the sentence that people read, or ok.
//
//	call [principal=]        scheduler.Call
//	framework [suppressed=]  FrameworkInfo
//	agent                    agentlink.Register
//	role                      below it: names; each role's sentence
//	offer RESOURCES          what later tasks are judged against; for role *, of agent S
//	running                  an ExecutorInfo that runs already, completed as tasks are; empty for none
//	group                    Offer.Operation.LaunchGroup; tasks without resources get cpus:1;mem:64, executors cpus:0.1;mem:32;disk:32
//	task                     TaskInfo; resources may be written as text in "uses" and "executor_uses"
func TestTexts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		t.Helper()
		j := &judge{offer: resources.MustParse("cpus:4;mem:1024;gpus:2;ports:[1-9]").Allocate("*")}
		datadriven.RunTest(t, path, j.play)
	})
}

type judge struct {
	offer   resources.Resources
	running *mesosv1.ExecutorInfo
}

func (j *judge) play(t *testing.T, d *datadriven.TestData) string {
	t.Helper()
	switch d.Cmd {
	case "call":
		call := &scheduler.Call{}
		parse(t, d, call)
		err := validate.Call(call, option(d, "principal"))
		if err != nil && fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: kind %v", d.Pos, fault.KindOf(err))
		}
		return sentence(err)
	case "framework":
		info := &mesosv1.FrameworkInfo{}
		parse(t, d, info)
		var suppressed []string
		if v := option(d, "suppressed"); v != "" {
			suppressed = strings.Split(v, ",")
		}
		return sentence(validate.Framework(info, suppressed))
	case "agent":
		reg := &agentlink.Register{}
		parse(t, d, reg)
		return sentence(validate.Agent(reg))
	case "role":
		var out strings.Builder
		for line := range strings.Lines(d.Input) {
			name := strings.TrimSuffix(line, "\n")
			fmt.Fprintf(&out, "%s: %s", name, sentence(validate.Role(name)))
		}
		return out.String()
	case "offer":
		j.offer = resources.MustParse(strings.TrimSpace(d.Input)).Allocate("*")
		return ""
	case "running":
		j.running = nil
		if d.Input != "" {
			task := &mesosv1.TaskInfo{Executor: &mesosv1.ExecutorInfo{}}
			parse(t, d, task.Executor)
			j.running = validate.CompleteTask(task, "fw", "*").GetExecutor()
		}
		return ""
	case "task":
		return j.task(t, d)
	case "group":
		return j.group(t, d)
	}
	d.Fatalf(t, "unknown command")
	return ""
}

func (j *judge) task(t *testing.T, d *datadriven.TestData) string {
	t.Helper()
	info := &mesosv1.TaskInfo{
		Name: new("t"), TaskId: &mesosv1.TaskID{Value: new("t")}, AgentId: &mesosv1.AgentID{Value: new("S")},
		Resources: resources.MustParse("cpus:1;mem:64").Proto(),
	}
	patch := &mesosv1.TaskInfo{}
	parse(t, d, patch)
	if patch.Resources != nil {
		info.Resources = nil
	}
	proto.Merge(info, patch)
	if v := option(d, "uses"); v != "" {
		info.Resources = resources.MustParse(v).Proto()
	}
	if d.HasArg("nothing") {
		info.Resources = nil
	}
	if v := option(d, "executor_uses"); v != "" {
		info.Executor.Resources = resources.MustParse(v).Proto()
	}
	needs, err := validate.Task(validate.CompleteTask(info, "fw", "*"), validate.TaskContext{
		OperationID: option(d, "operation"), Agent: "S", Role: "*", Available: j.offer, Running: j.running,
		Known: func(id string) bool { return id == "known" },
	})
	if err != nil {
		return sentence(err)
	}
	return fmt.Sprintf("ok: task %s, executor %s\n", needs.Task, needs.Executor)
}

func (j *judge) group(t *testing.T, d *datadriven.TestData) string {
	t.Helper()
	launch := &mesosv1.Offer_Operation_LaunchGroup{}
	parse(t, d, launch)
	executor := launch.GetExecutor()
	if executor != nil && executor.Resources == nil {
		executor.Resources = resources.MustParse("cpus:0.1;mem:32;disk:32").Proto()
	}
	executor = validate.CompleteExecutor(executor, "fw", "*")
	var tasks []*mesosv1.TaskInfo
	for _, info := range launch.GetTaskGroup().GetTasks() {
		if info.Resources == nil {
			info.Resources = resources.MustParse("cpus:1;mem:64").Proto()
		}
		info.AgentId = &mesosv1.AgentID{Value: new("S")}
		info = validate.CompleteTask(info, "fw", "*")
		if info.Executor == nil {
			info.Executor = executor
		}
		tasks = append(tasks, info)
	}
	needs, err := validate.Group(tasks, executor, validate.TaskContext{
		OperationID: option(d, "operation"), Agent: "S", Role: "*", Available: j.offer, Running: j.running,
		Known: func(id string) bool { return id == "known" },
	})
	if err != nil {
		return sentence(err)
	}
	return fmt.Sprintf("ok: tasks %s, executor %s\n", needs.Tasks, needs.Executor)
}

func parse(t *testing.T, d *datadriven.TestData, m proto.Message) {
	t.Helper()
	if err := (protojson.UnmarshalOptions{AllowPartial: true}).Unmarshal([]byte(d.Input), m); err != nil {
		d.Fatalf(t, "%v", err)
	}
}

func option(d *datadriven.TestData, key string) string {
	for _, a := range d.CmdArgs {
		if a.Key == key {
			return strings.Join(a.Vals, ",")
		}
	}
	return ""
}

func sentence(err error) string {
	if err == nil {
		return "ok\n"
	}
	return err.Error() + "\n"
}

// FuzzRole compares the rule with its consequence: a valid role has valid parts, and a valid prefix.
func FuzzRole(f *testing.F) {
	for _, seed := range []string{"*", "a/b", "a//b", "-x", "a/..", "a b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, role string) {
		if validate.Role(role) != nil || role == "*" {
			return
		}
		for part := range strings.SplitSeq(role, "/") {
			if err := validate.Role(part); err != nil {
				t.Errorf("role %q is valid, its part %q is not: %v", role, part, err)
			}
		}
	})
}

// TestCompleteTaskLeavesItsArgumentAlone because the argument may be kept by whoever sent it.
func TestCompleteTaskLeavesItsArgumentAlone(t *testing.T) {
	info := &mesosv1.TaskInfo{
		Resources: resources.MustParse("cpus:1").Proto(),
		Executor:  &mesosv1.ExecutorInfo{Resources: resources.MustParse("mem:1").Proto()},
	}
	before := proto.CloneOf(info)
	done := validate.CompleteTask(info, ids.Framework("fw"), "web")
	if !proto.Equal(info, before) {
		t.Errorf("got %v, want %v", info, before)
	}
	if got, want := done.GetExecutor().GetFrameworkId().GetValue(), "fw"; got != want {
		t.Errorf("executor's framework: got %q, want %q", got, want)
	}
	if got, want := done.GetResources()[0].GetAllocationInfo().GetRole(), "web"; got != want {
		t.Errorf("role: got %q, want %q", got, want)
	}
}
