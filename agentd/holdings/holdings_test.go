package holdings_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"codeberg.org/reeve/reeve/agentd/holdings"
	"codeberg.org/reeve/reeve/agentd/record"
	"codeberg.org/reeve/reeve/agentd/turn"
	"codeberg.org/reeve/reeve/shared/agentlink"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/resources"
)

var epoch = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func disk(mb float64, volume string) *mesosv1.Resource {
	r := &mesosv1.Resource{
		Name: new("disk"), Type: mesosv1.Value_SCALAR.Enum(), Scalar: &mesosv1.Value_Scalar{Value: &mb},
		Reservations: []*mesosv1.Resource_ReservationInfo{{Type: mesosv1.Resource_ReservationInfo_DYNAMIC.Enum(), Role: new("a/b")}},
	}
	if volume != "" {
		r.Disk = &mesosv1.Resource_DiskInfo{
			Persistence: &mesosv1.Resource_DiskInfo_Persistence{Id: &volume},
			Volume:      &mesosv1.Volume{ContainerPath: new("data"), Mode: mesosv1.Volume_RW.Enum()},
		}
	}
	return r
}

func reserve(r *mesosv1.Resource) *mesosv1.Offer_Operation {
	return &mesosv1.Offer_Operation{
		Type: mesosv1.Offer_Operation_RESERVE.Enum(), Reserve: &mesosv1.Offer_Operation_Reserve{Resources: []*mesosv1.Resource{r}},
	}
}

func create(r *mesosv1.Resource) *mesosv1.Offer_Operation {
	return &mesosv1.Offer_Operation{
		Type: mesosv1.Offer_Operation_CREATE.Enum(), Create: &mesosv1.Offer_Operation_Create{Volumes: []*mesosv1.Resource{r}},
	}
}

func destroy(r *mesosv1.Resource) *mesosv1.Offer_Operation {
	return &mesosv1.Offer_Operation{
		Type: mesosv1.Offer_Operation_DESTROY.Enum(), Destroy: &mesosv1.Offer_Operation_Destroy{Volumes: []*mesosv1.Resource{r}},
	}
}

// carry has a set carry out an operation, and returns what is to be saved, sent, and done to directories.
func carry(s *holdings.Set, name, id string, op *mesosv1.Offer_Operation) (saved []*record.Entry, sent []*mesosv1.Operation, dirs []string) {
	msg := &agentlink.ApplyOperation{Info: op, Uuid: []byte(name)}
	if id != "" {
		op.Id = &mesosv1.OperationID{Value: &id}
		msg.FrameworkId = &mesosv1.FrameworkID{Value: new("f")}
	}
	effects, sent := s.Carry(epoch, msg, &mesosv1.AgentID{Value: new("S1")}, uuid.UUID{1})
	for _, e := range effects {
		switch e := e.(type) {
		case turn.Save:
			saved = append(saved, e.Entry)
		case turn.MakeVolume:
			dirs = append(dirs, "make "+e.Path)
		case turn.RemoveVolume:
			dirs = append(dirs, "remove "+e.Path)
		}
	}
	return saved, sent, dirs
}

func given(text string) resources.Resources { return resources.MustParse(text) }

func TestWhatIsSavedIsWhatComesBack(t *testing.T) {
	s := holdings.New(given("cpus:4;disk:100"), time.Second, 4*time.Second)
	s.Resume(epoch)
	var journal []*record.Entry
	saved, sent, _ := carry(s, "1", "", reserve(disk(60, "")))
	journal = append(journal, saved...)
	if len(sent) != 1 || sent[0].GetLatestStatus().GetUuid() != nil {
		t.Errorf("without an id: sent %v, want it once and without a uuid", sent)
	}
	saved, sent, dirs := carry(s, "2", "c", create(disk(40, "v")))
	journal = append(journal, saved...)
	if len(dirs) != 1 || dirs[0] != "make volumes/roles/a b/v" {
		t.Errorf("CREATE does %q", dirs)
	}
	if len(sent) != 1 || sent[0].GetLatestStatus().GetUuid() == nil || sent[0].GetLatestStatus().GetState() != mesosv1.OperationState_OPERATION_FINISHED {
		t.Errorf("with an id: sent %v", sent)
	}
	if again, sent, dirs := carry(s, "2", "c", create(disk(40, "v"))); len(again)+len(sent)+len(dirs) > 0 {
		t.Errorf("the same operation again does %v, %v, %v", again, sent, dirs)
	}

	for name, entries := range map[string][]*record.Entry{"journal": journal, "snapshot": s.Snapshot()} {
		back := holdings.New(given("cpus:4;disk:100"), time.Second, 4*time.Second)
		for _, e := range entries {
			back.Replay(e)
		}
		if !back.Total().Equal(s.Total()) || len(back.Pending()) != 1 || !back.Has([]byte("2")) {
			t.Errorf("from the %s: %s with %v, want %s", name, back.Total(), back.Pending(), s.Total())
		}
		if got := back.Resume(epoch); len(got) != 1 {
			t.Errorf("from the %s: %v are sent to the next master, want one", name, got)
		}
	}
	if err := holdings.Check(info("cpus:4;disk:50"), journal); err == nil || !strings.Contains(err.Error(), "disk") {
		t.Errorf("an agent with less than is reserved: %v", err)
	}
	if err := holdings.Check(info("cpus:1;disk:60"), journal); err != nil {
		t.Errorf("an agent with just what is reserved: %v", err)
	}
}

func info(text string) *mesosv1.AgentInfo { return &mesosv1.AgentInfo{Resources: given(text).Proto()} }

func TestDestroyRemovesTheFilesAlsoAfterARestart(t *testing.T) {
	s := holdings.New(given("disk:100"), time.Second, time.Second)
	var journal []*record.Entry
	for i, op := range []*mesosv1.Offer_Operation{reserve(disk(60, "")), create(disk(40, "v")), destroy(disk(40, "v"))} {
		saved, _, dirs := carry(s, string(rune('1'+i)), "", op)
		journal = append(journal, saved...)
		if i == 2 && (len(dirs) != 1 || dirs[0] != "remove volumes/roles/a b/v") {
			t.Errorf("DESTROY does %q", dirs)
		}
	}
	if got := s.Remains(journal); len(got) != 1 {
		t.Errorf("after a restart: %v, want the volume removed", got)
	}
	if got := s.Lacking(nil, &mesosv1.TaskInfo{Resources: []*mesosv1.Resource{disk(40, "v")}}); got == "" {
		t.Error("a task with a volume that was destroyed is let in")
	}
}

func TestAnOperationThatCannotBeChangesNothing(t *testing.T) {
	s := holdings.New(given("disk:100"), time.Second, time.Second)
	s.Resume(epoch)
	_, sent, dirs := carry(s, "1", "x", create(disk(40, "v")))
	if len(sent) != 1 || sent[0].GetLatestStatus().GetState() != mesosv1.OperationState_OPERATION_FAILED || sent[0].GetLatestStatus().GetMessage() == "" {
		t.Errorf("sent %v, want OPERATION_FAILED with a sentence", sent)
	}
	if len(dirs) > 0 || !s.Total().Equal(given("disk:100")) {
		t.Errorf("%q is done, there is %s", dirs, s.Total())
	}
}

// TestRetries: a status is sent again after ever longer waits until it is acknowledged, and not while the master is away.
func TestRetries(t *testing.T) {
	s := holdings.New(given("disk:100"), time.Second, 4*time.Second)
	if _, sent, _ := carry(s, "1", "x", reserve(disk(60, ""))); len(sent) > 0 || !s.Deadline().IsZero() {
		t.Errorf("without a master: sent %v, next at %v", sent, s.Deadline())
	}
	if got := s.Resume(epoch); len(got) != 1 {
		t.Fatalf("to the master: %v", got)
	}
	now := epoch
	for _, wait := range []time.Duration{1, 2, 4, 4} {
		if got := s.Deadline(); !got.Equal(now.Add(wait * time.Second)) {
			t.Fatalf("next at %v, want %v later", got, wait*time.Second)
		}
		now = s.Deadline()
		if early := s.Due(now.Add(-1)); len(early) > 0 {
			t.Fatalf("sent too early: %v", early)
		}
		if got := s.Due(now); len(got) != 1 {
			t.Fatalf("at %v: %v", now, got)
		}
	}
	status := s.Pending()[0].GetLatestStatus().GetUuid().GetValue()
	if s.Acknowledge([]byte("1"), []byte("other")) || !s.Acknowledge([]byte("1"), status) || s.Acknowledge([]byte("1"), status) {
		t.Error("acknowledged by the wrong uuid, or not by the right one, or twice")
	}
	if !s.Deadline().IsZero() || len(s.Pending()) > 0 {
		t.Errorf("it waits still: %v", s.Pending())
	}
}
