package e2e

import (
	"bufio"
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// A new leader knows no task before its agent has come to it. Who kills one then is told what is waited for, and the task ends when its
// agent is back; of an agent that stays away the master says that it may have what is not known.
func TestKillUnderANewLeader(t *testing.T) {
	t.Parallel()
	r := start(t, 3, 1)
	r.submit(reeveapi.JobSpec{Name: "long", Command: "exec sleep 1000", Resources: reeveapi.Amounts{CPUs: 0.1, Mem: 32}})
	task := r.await("a running task", func(ts []reeveapi.Task) bool { return all(ts, 1, "TASK_RUNNING") })[0]
	if err := r.Agents[0].Kill(); err != nil { // its containers go on
		t.Fatal(err)
	}
	r.killLeader()
	r.agent(task.Agent, "a leader to whom it has not come", inState(reeveapi.AgentRecovered))
	if err := r.client.KillTask(t.Context(), task.Framework, task.ID, -1); err == nil || !strings.Contains(err.Error(), "1 agent has not come to this new leader yet, and may have it") {
		t.Errorf("the kill of a task that is not known yet: %v", err)
	}

	cmd := exec.CommandContext(t.Context(), filepath.Join(r.bin, "reeve"), "--master="+r.MasterList(), "kill", "--yes", task.ID)
	notes, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	cmd.Stdout = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(notes)
	if want := "reeve: no such task is known yet; waiting for agent "; !lines.Scan() || !strings.HasPrefix(lines.Text(), want) {
		t.Errorf("it said %q, want %q", lines.Text(), want)
	}
	r.startAgain(r.Agents...)
	for lines.Scan() {
		t.Errorf("it also said %q", lines.Text())
	}
	if err := cmd.Wait(); err != nil || said.String() != "Asked to kill task "+task.ID+"\n" {
		t.Errorf("%v: %s", err, &said)
	}
	r.await("the task killed", func(ts []reeveapi.Task) bool {
		for _, one := range ts {
			if one.ID == task.ID && one.State == "TASK_KILLED" {
				return true
			}
		}
		return false
	})
}
