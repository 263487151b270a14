package record

import (
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/mesosv1"
)

const none = time.Duration(-1)

func TestPolicy(t *testing.T) {
	for _, test := range []struct{ order, own, want time.Duration }{
		{none, none, none},
		{none, time.Minute, none}, // the task's own, which a kill without a policy has
		{10 * time.Second, none, 10 * time.Second},
		{10 * time.Second, time.Minute, 10 * time.Second},
		{10 * time.Second, time.Second, time.Second},
		{0, time.Minute, 0},
	} {
		order, task := &Drain{}, &mesosv1.TaskInfo{}
		if test.order != none {
			order.MaxGraceNs = new(int64(test.order))
		}
		if test.own != none {
			task.KillPolicy = &mesosv1.KillPolicy{GracePeriod: &mesosv1.DurationInfo{Nanoseconds: new(int64(test.own))}}
		}
		got := none
		if p := order.Policy(task); p != nil {
			got = time.Duration(p.GetGracePeriod().GetNanoseconds())
		}
		if got != test.want {
			t.Errorf("order %v, own %v: got %v, want %v", test.order, test.own, got, test.want)
		}
	}
}

func TestAmend(t *testing.T) {
	const (
		killed  = mesosv1.TaskState_TASK_KILLED
		killing = mesosv1.TaskState_TASK_KILLING
		failed  = mesosv1.TaskState_TASK_FAILED
		gone    = mesosv1.TaskState_TASK_GONE_BY_OPERATOR
	)
	stay, leave := &Drain{}, &Drain{MarkGone: true}
	for _, test := range []struct {
		order   *Drain
		state   mesosv1.TaskState
		aware   bool
		want    mesosv1.TaskState
		amended bool
	}{
		{nil, killed, true, killed, false},
		{stay, killed, true, killed, true},
		{stay, killing, true, killing, true},
		{stay, failed, true, failed, false},
		{leave, killed, true, gone, true},
		{leave, killed, false, killed, true},
		{leave, killing, true, killing, true}, // it has not ended yet
		{leave, failed, true, failed, false},
	} {
		status := &mesosv1.TaskStatus{State: test.state.Enum(), Source: mesosv1.TaskStatus_SOURCE_EXECUTOR.Enum()}
		test.order.Amend(status, test.aware)
		amended := status.Reason != nil && status.GetReason() == mesosv1.TaskStatus_REASON_AGENT_DRAINING
		if status.GetState() != test.want || amended != test.amended || status.GetSource() != mesosv1.TaskStatus_SOURCE_EXECUTOR {
			t.Errorf("%+v: got %v", test, status)
		}
	}
}
