package workload

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/agentd/record"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/secrets"
)

// TestSecretsAreForTheContainerAlone: a value that came beside a name is in what the runtime is given, also by an agentd that
// was started in between; it is in nothing that masters or readers get, and is forgotten once the task runs.
func TestSecretsAreForTheContainerAlone(t *testing.T) {
	const value = "hunter2"
	info := taskInfo("t", "serve")
	info.Command.Environment = &mesosv1.Environment{Variables: []*mesosv1.Environment_Variable{{
		Name: new("PASSWORD"), Type: mesosv1.Environment_Variable_SECRET.Enum(), Secret: secrets.Ref("db"),
	}}}
	info.Container = &mesosv1.ContainerInfo{Type: mesosv1.ContainerInfo_MESOS.Enum(), Volumes: []*mesosv1.Volume{{
		Mode: mesosv1.Volume_RO.Enum(), ContainerPath: new("key"), Source: &mesosv1.Volume_Source{Type: mesosv1.Volume_Source_SECRET.Enum(), Secret: secrets.Ref("db")},
	}}}
	info = secrets.Fill(info, func(string) ([]byte, bool) { return []byte(value), true })

	w := newWorld(t)
	w.conn++
	w.step(LinkOpened{Conn: w.conn})
	w.step(registered(w.conn))
	run := fromMaster(w.conn, &agentlink.FromMaster{Message: &agentlink.FromMaster_RunTasks{RunTasks: &agentlink.RunTasks{
		Framework: frameworkInfo("f1"), Tasks: []*mesosv1.TaskInfo{info},
	}}})
	effects := w.m.Step(w.now, run)
	starts := func(effects []Effect) (n int) {
		for _, eff := range effects {
			switch eff := eff.(type) {
			case Start:
				n++
				if !slices.Contains(eff.Spec.Env, "PASSWORD="+value) || len(eff.Spec.Mounts) != 1 || string(eff.Spec.Mounts[0].Secret) != value {
					t.Errorf("it is started with %v and %+v", eff.Spec.Env, eff.Spec.Mounts)
				}
			case Save:
				w.journal = append(w.journal, proto.CloneOf(eff.Entry))
			case Send:
				if text := prototext.Format(eff.Message); strings.Contains(text, value) {
					t.Errorf("the master is told %s", text)
				}
			}
		}
		return n
	}
	if starts(effects) != 1 {
		t.Fatal("it is not started")
	}
	for _, f := range w.m.View().Frameworks {
		for _, e := range f.Executors {
			for _, m := range []proto.Message{e.Info, e.Tasks[0].Info, e.Tasks[0].Task} {
				if text := prototext.Format(m); strings.Contains(text, value) || !strings.Contains(text, "db") {
					t.Errorf("readers get %s", text)
				}
			}
		}
	}

	for _, entries := range [][]*record.Entry{w.journal, w.m.Snapshot()} { // killed before the launch began
		w.m = New(testConfig(w.uuids))
		if starts(w.m.Step(w.now, Recovered{Entries: entries})) != 1 {
			t.Error("a restarted agentd does not start it")
		}
	}
	c := w.container("t")
	starts(w.m.Step(w.now, Prepared{Container: c.ID}))
	starts(w.m.Step(w.now, launchedAt(c.ID, w.now)))
	w.conn++
	starts(w.m.Step(w.now, LinkOpened{Conn: w.conn})) // which tells the master everything
	for _, e := range w.m.Snapshot() {
		if text := prototext.Format(e); strings.Contains(text, value) {
			t.Errorf("it runs, and what is kept has %s", text)
		}
	}
}
