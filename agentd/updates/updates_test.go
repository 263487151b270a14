package updates

import (
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

var epoch = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func status(task, uuid string, state mesosv1.TaskState) *mesosv1.TaskStatus {
	return &mesosv1.TaskStatus{TaskId: &mesosv1.TaskID{Value: &task}, Uuid: []byte(uuid), State: &state}
}

// uuids are those of what is sent.
func uuids(sent []Sending) (text string) {
	for _, s := range sent {
		text += string(s.Status.GetUuid()) + "/" + s.Latest.String() + " "
	}
	return text
}

func TestOneInFlight(t *testing.T) {
	o, task := New(10*time.Second, time.Minute), ids.Task{Framework: "f", ID: "t"}
	if sent := o.Add(epoch, task, status("t", "a", mesosv1.TaskState_TASK_STARTING)); sent != nil {
		t.Errorf("sent %s without a master", uuids(sent))
	}
	if got := uuids(o.Resume(epoch)); got != "a/TASK_STARTING " {
		t.Errorf("got %q on connecting, want a", got)
	}
	if sent := o.Add(epoch, task, status("t", "b", mesosv1.TaskState_TASK_RUNNING)); sent != nil {
		t.Errorf("sent %s while a is not acknowledged", uuids(sent))
	}
	if head, _ := o.Acknowledge(epoch, task, []byte("b")); head != nil {
		t.Error("b was acknowledged before it was sent")
	}
	head, sent := o.Acknowledge(epoch, task, []byte("a"))
	if string(head.GetUuid()) != "a" || uuids(sent) != "b/TASK_RUNNING " {
		t.Errorf("got %s and %q, want a taken off and b sent", head.GetUuid(), uuids(sent))
	}
	if head, _ := o.Acknowledge(epoch, task, []byte("b")); head == nil || o.Waiting("f") || !o.Deadline().IsZero() {
		t.Error("something is left after the last acknowledgement")
	}
}

func TestRetriesDoubleAndPause(t *testing.T) {
	o, task := New(10*time.Second, 30*time.Second), ids.Task{Framework: "f", ID: "t"}
	o.Resume(epoch)
	o.Add(epoch, task, status("t", "a", mesosv1.TaskState_TASK_STARTING))
	at := epoch
	for _, wait := range []time.Duration{10, 20, 30, 30} {
		next := o.Deadline()
		if got := next.Sub(at); got != wait*time.Second {
			t.Fatalf("got a wait of %s, want %ds", got, wait)
		}
		if sent := o.Due(next.Add(-time.Nanosecond)); sent != nil {
			t.Fatalf("sent %s too early", uuids(sent))
		}
		if got := uuids(o.Due(next)); got != "a/TASK_STARTING " {
			t.Fatalf("got %q, want a again", got)
		}
		at = next
	}
	o.Suspend()
	if !o.Deadline().IsZero() || o.Due(at.Add(time.Hour)) != nil {
		t.Error("retries go on without a master")
	}
	o.Resume(at)
	if got := o.Deadline().Sub(at); got != 10*time.Second {
		t.Errorf("got a first wait of %s in the new connection, want 10s", got)
	}
}
