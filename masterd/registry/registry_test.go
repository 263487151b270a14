package registry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"
	"pgregory.net/rapid"

	"codeberg.org/reeve/reeve/masterd/maintenance"
	"codeberg.org/reeve/reeve/masterd/roles"
	"codeberg.org/reeve/reeve/masterd/vault"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/resources"
)

func agentInfo(id, hostname string) *mesosv1.AgentInfo {
	return &mesosv1.AgentInfo{Id: &mesosv1.AgentID{Value: &id}, Hostname: &hostname}
}

// genOp draws an op over few ids, so that ops meet.
func genOp(t *rapid.T) Op {
	agent := fmt.Sprintf("S%d", rapid.IntRange(0, 3).Draw(t, "agent"))
	job := fmt.Sprintf("job%d", rapid.IntRange(0, 3).Draw(t, "job"))
	at := time.Unix(rapid.Int64Range(0, 1<<31).Draw(t, "at"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanos")).UTC()
	text := rapid.StringN(0, 10, 30).Draw(t, "text")
	switch rapid.IntRange(0, 14).Draw(t, "kind") {
	case 0:
		return SetCluster{ID: text, Name: job}
	case 1:
		return AdmitAgent{Info: agentInfo(agent, strings.ToValidUTF8(text, "")), At: at}
	case 2:
		return MarkUnreachable{Agent: ids.Agent(agent), At: at}
	case 3:
		return MarkGone{Agent: ids.Agent(agent), At: at}
	case 4:
		return RemoveAgent{Agent: ids.Agent(agent)}
	case 5:
		return PutJob{Job: reeveapi.Job{
			Spec: reeveapi.JobSpec{Name: job, Command: text, Env: map[string]string{"a": text}}, Submitted: at, State: text,
		}}
	case 6:
		return DeactivateAgent{Agent: ids.Agent(agent)}
	case 7:
		return ReactivateAgent{Agent: ids.Agent(agent)}
	case 8:
		op := DrainAgent{Agent: ids.Agent(agent), MarkGone: rapid.Bool().Draw(t, "gone"), At: at, Begun: rapid.IntRange(0, 9).Draw(t, "begun")}
		if rapid.Bool().Draw(t, "bounded") {
			op.MaxGrace = new(time.Duration(rapid.Int64Range(0, 1<<40).Draw(t, "grace")))
		}
		return op
	case 9:
		return AgentDrained{Agent: ids.Agent(agent)}
	case 10:
		return SetWeights{Weights: map[string]float64{job: rapid.Float64Range(0.1, 9).Draw(t, "weight"), "r": 2}}
	case 11:
		q := roles.Quota{}
		if rapid.Bool().Draw(t, "limited") {
			q.Limit = roles.Amounts{"cpus": resources.Milli(rapid.IntRange(0, 1<<30).Draw(t, "limit"))}
		}
		if rapid.Bool().Draw(t, "guaranteed") {
			q.Guarantee = roles.Amounts{"mem": 1, "gpus": 2}
		}
		return SetQuotas{Quotas: map[string]roles.Quota{job: q}}
	case 12:
		return PutSecret{Secret{
			Name: job, Version: rapid.IntRange(1, 9).Draw(t, "version"), Size: 3, Set: at, By: text,
			Sealed: vault.Sealed{Key: agent, Data: rapid.SliceOfN(rapid.Byte(), 1, 9).Draw(t, "data")},
		}}
	case 13:
		return RemoveSecret{Name: job}
	default:
		return RemoveJob{Job: ids.Job(job)}
	}
}

func bytesOf(t interface{ Fatal(...any) }, s *State) string {
	var b bytes.Buffer
	if err := s.EncodeSnapshot(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Two masters hold the same bytes whatever entries the ops came in and whether they came by log or by snapshot; a state
// that somebody holds never changes.
func TestEveryWayToTheSameStateGivesTheSameBytes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ops := rapid.SliceOfN(rapid.Custom(genOp), 0, 30).Draw(t, "ops")
		cut := rapid.IntRange(0, len(ops)).Draw(t, "cut")

		atOnce := New().Apply(ops...)
		data, err := Encode(ops)
		if err != nil {
			t.Fatal(err)
		}
		decoded, err := Decode(data)
		if err != nil {
			t.Fatal(err)
		}
		half := New().Apply(decoded[:cut]...)
		before := bytesOf(t, half)
		restored, err := DecodeSnapshot(strings.NewReader(before))
		if err != nil {
			t.Fatal(err)
		}
		byLog, bySnapshot := half, restored
		for _, op := range decoded[cut:] {
			byLog = byLog.Apply(op)
			if got, want := bytesOf(t, byLog.Apply(op)), bytesOf(t, byLog); got != want {
				t.Fatalf("%T twice is not once:\n%s\n%s", op, got, want)
			}
		}
		bySnapshot = bySnapshot.Apply(decoded[cut:]...)

		want := bytesOf(t, atOnce)
		if got := bytesOf(t, byLog); got != want {
			t.Fatalf("by log:\n%s\nat once:\n%s", got, want)
		}
		if got := bytesOf(t, bySnapshot); got != want {
			t.Fatalf("by snapshot:\n%s\nat once:\n%s", got, want)
		}
		if got := bytesOf(t, half); got != before {
			t.Fatalf("a held state changed:\n%s\nwas\n%s", got, before)
		}
	})
}

func TestGoneIsForEver(t *testing.T) {
	t.Parallel()
	at := time.Unix(100, 0).UTC()
	s := New().Apply(AdmitAgent{agentInfo("S0", "a"), at}, MarkGone{"S0", at.Add(1)})
	s = s.Apply(AdmitAgent{agentInfo("S0", "b"), at.Add(2)}, MarkUnreachable{"S0", at.Add(3)}, RemoveAgent{"S0"})
	want := map[ids.Agent]Agent{"S0": {Info: agentInfo("S0", "a"), Standing: Gone, Since: at.Add(1)}}
	if diff := cmp.Diff(s.Agents, want, protocmp.Transform()); diff != "" {
		t.Errorf("agents (-got +want):\n%s", diff)
	}
}

func TestAnOperatorsWordOutlivesRegistrations(t *testing.T) {
	t.Parallel()
	at := time.Unix(100, 0).UTC()
	grace := time.Minute
	s := New().Apply(AdmitAgent{agentInfo("S0", "a"), at}, DrainAgent{"S0", &grace, true, at.Add(1), 12}, AgentDrained{"S0"},
		MarkUnreachable{"S0", at.Add(2)}, AdmitAgent{agentInfo("S0", "a"), at.Add(3)})
	want := Agent{
		Info: agentInfo("S0", "a"), Since: at.Add(3), Deactivated: true,
		Drain: &Drain{MaxGrace: &grace, MarkGone: true, Since: at.Add(1), Drained: true, Begun: 12},
	}
	if diff := cmp.Diff(s.Agents["S0"], want, protocmp.Transform()); diff != "" {
		t.Errorf("after a drain and two registrations (-got +want):\n%s", diff)
	}
	again := s.Apply(DrainAgent{"S0", nil, false, at.Add(4), 0}).Agents["S0"].Drain
	if again.Drained || again.MarkGone || again.MaxGrace != nil || !s.Agents["S0"].Drain.Drained {
		t.Errorf("a second drain is %+v, want it to begin anew and the held state unchanged", again)
	}
	if back := s.Apply(ReactivateAgent{"S0"}).Agents["S0"]; back.Deactivated || back.Drain != nil {
		t.Errorf("reactivated it is %+v", back)
	}
	if n := len(s.Apply(DrainAgent{Agent: "S9"}, DeactivateAgent{"S9"}).Agents); n != 1 {
		t.Errorf("there are %d agents, want none from a word about an unknown one", n)
	}
}

// What masters wrote before they counted the tasks of a drain is read, and means that nobody knows how many there were.
func TestDrainsThatWereNotCountedAreRead(t *testing.T) {
	t.Parallel()
	at := time.Unix(100, 0).UTC()
	ops, err := Decode([]byte(`{"form":6,"ops":[{"op":"drain_agent","value":{"agent":"S0","mark_gone":true,"at":"1970-01-01T00:01:40Z"}}]}`))
	if diff := cmp.Diff(ops, []Op{DrainAgent{Agent: "S0", MarkGone: true, At: at}}); err != nil || diff != "" {
		t.Errorf("the entry is read with %v (-got +want):\n%s", err, diff)
	}
	before := New().Apply(AdmitAgent{agentInfo("S0", "a"), at}, DrainAgent{Agent: "S0", At: at})
	var written bytes.Buffer
	if err := before.EncodeSnapshot(&written); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(written.String(), "begun") {
		t.Errorf("a drain that was not counted is written as %s, want it as older masters wrote it", written.String())
	}
	after, err := DecodeSnapshot(&written)
	if err != nil {
		t.Fatal(err)
	}
	if d := after.Agents["S0"].Drain; d == nil || d.Begun != 0 || !d.Since.Equal(at) {
		t.Errorf("the snapshot is read as %+v, want a drain of nobody knows how many tasks", d)
	}
}

func TestAnUnknownOpNamesTheWayOut(t *testing.T) {
	t.Parallel()
	for _, tt := range []string{
		fmt.Sprintf(`{"form":%d,"ops":[{"op":"set_the_sails","value":{}}]}`, Form+1),
		`{"form":1,"ops":[{"op":"set_the_sails","value":{}}]}`,
		fmt.Sprintf(`{"form":%d,"ops":[]}`, Form+1),
	} {
		_, err := Decode([]byte(tt))
		e, ok := errors.AsType[UnknownFormError](err)
		if !ok || !strings.Contains(e.Error(), "upgrade this master") {
			t.Errorf("Decode(%s): %v, want an UnknownFormError", tt, err)
		}
	}
	if _, err := DecodeSnapshot(strings.NewReader(fmt.Sprintf(`{"form":%d}`, Form+1))); err == nil {
		t.Error("a snapshot of a newer form was read")
	}
}

// The names and fields below are in the logs of running clusters: this test may get lines, and must not change one.
func TestEntriesOfFormerVersionsAreRead(t *testing.T) {
	t.Parallel()
	const ops1 = `"ops":[` +
		`{"op":"set_cluster","value":{"id":"c1","name":"prod"}},` +
		`{"op":"admit_agent","value":{"info":"CgFhMgQKAlMw","at":"2026-01-02T03:04:05Z"}},` +
		`{"op":"mark_unreachable","value":{"agent":"S0","at":"2026-01-02T03:04:06Z"}},` +
		`{"op":"mark_gone","value":{"agent":"S9","at":"2026-01-02T03:04:06Z"}},` +
		`{"op":"remove_agent","value":{"agent":"S8"}},` +
		`{"op":"put_job","value":{"spec":{"name":"j","command":"true","resources":{"cpus":1,"mem":0,"disk":0,"gpus":0}},"state":"pending","submitted":"2026-01-02T03:04:05Z","instances":null}},` +
		`{"op":"remove_job","value":{"job":"k"}}`
	const ops2 = `,{"op":"deactivate_agent","value":{"agent":"S0"}},` +
		`{"op":"drain_agent","value":{"agent":"S0","max_grace_ns":600000000000,"mark_gone":true,"at":"2026-01-02T03:04:06Z"}},` +
		`{"op":"agent_drained","value":{"agent":"S0"}},` +
		`{"op":"reactivate_agent","value":{"agent":"S0"}}`
	const ops3 = `,{"op":"set_weights","value":[{"role":"a","weight":2.5}]},` +
		`{"op":"set_quotas","value":[{"role":"a","guarantee_milli":{"cpus":1500},"limit_milli":{"cpus":2000,"gpus":0}},{"role":"b"}]},` +
		`{"op":"set_maintenance","value":{"windows":[{"machines":[{"hostname":"h","ip":"10.0.0.1"}],"start":"2026-01-02T03:04:05Z","duration_ns":3600000000000}],"down":[{"ip":"10.0.0.1"}]}}`
	const ops4 = `,{"op":"put_secret","value":{"name":"db","version":2,"size":7,"set":"2026-01-02T03:04:05Z","by":"ann","sealed":{"key":"0a0b","data":"AAEC"}}},` +
		`{"op":"remove_secret","value":{"name":"tls"}}`
	if _, err := Decode([]byte(`{"form":1,` + ops1 + `]}`)); err != nil {
		t.Fatal(err)
	}
	entry := fmt.Sprintf(`{"form":%d,`, Form) + ops1 + ops2 + ops3 + ops4 + `]}`
	ops, err := Decode([]byte(entry))
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	again, err := Encode(ops)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Compact(&got, again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got.String(), entry); diff != "" {
		t.Errorf("written again (-got +want):\n%s", diff)
	}
}

func TestMaintenanceIsInSnapshots(t *testing.T) {
	t.Parallel()
	hour := time.Hour
	s := New().Apply(SetMaintenance{maintenance.State{
		Windows: []maintenance.Window{{Machines: []maintenance.Machine{{Hostname: "h", IP: "10.0.0.1"}}, Start: time.Unix(1, 0).UTC(), Duration: &hour}},
		Down:    []maintenance.Machine{{Hostname: "h", IP: "10.0.0.1"}},
	}})
	back, err := DecodeSnapshot(strings.NewReader(bytesOf(t, s)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(back.Maintenance, s.Maintenance); diff != "" {
		t.Errorf("from the snapshot (-got +want):\n%s", diff)
	}
}

func FuzzDecode(f *testing.F) {
	data, err := Encode([]Op{SetCluster{"i", "n"}, AdmitAgent{agentInfo("S0", "h"), time.Unix(1, 0)}, RemoveJob{"j"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"form":1,"ops":[{"op":"put_job","value":null}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		ops, err := Decode(data)
		if err != nil {
			return
		}
		s := New().Apply(ops...)
		if _, err := DecodeSnapshot(strings.NewReader(bytesOf(t, s))); err != nil {
			t.Errorf("a state from a log cannot be read from its snapshot: %v", err)
		}
	})
}

func FuzzDecodeSnapshot(f *testing.F) {
	f.Add(bytesOf(f, New().Apply(SetCluster{"i", "n"}, AdmitAgent{agentInfo("S0", "h"), time.Unix(1, 0)})))
	f.Fuzz(func(t *testing.T, data string) {
		s, err := DecodeSnapshot(strings.NewReader(data))
		if err != nil {
			return
		}
		again, err := DecodeSnapshot(strings.NewReader(bytesOf(t, s)))
		if err != nil || bytesOf(t, again) != bytesOf(t, s) {
			t.Errorf("written and read again it differs: %v", err)
		}
	})
}
