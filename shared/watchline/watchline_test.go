package watchline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// same fails unless the line is read as encoding/json reads it.
func same(t interface {
	Helper()
	Fatalf(string, ...any)
}, r *Reader, line []byte,
) {
	t.Helper()
	var want reeveapi.Watch
	wantErr := json.Unmarshal(line, &want)
	for range 2 { // the second time texts are known
		got, err := r.Read(bytes.Clone(line))
		if fmt.Sprint(err) != fmt.Sprint(wantErr) {
			t.Fatalf("error %v, want %v: %s", err, wantErr, line)
		}
		if diff := cmp.Diff(&want, got); wantErr == nil && diff != "" {
			t.Fatalf("(-want +got):\n%s\n%s", diff, line)
		}
	}
}

// sameTasks fails unless the list is read as encoding/json reads it.
func sameTasks(t interface {
	Helper()
	Fatalf(string, ...any)
}, list []byte,
) {
	t.Helper()
	var want []reeveapi.Task
	wantErr := json.Unmarshal(list, &want)
	var r Reader
	for range 2 {
		got, err := r.Tasks(bytes.Clone(list))
		if fmt.Sprint(err) != fmt.Sprint(wantErr) {
			t.Fatalf("error %v, want %v: %s", err, wantErr, list)
		}
		if diff := cmp.Diff(want, got); wantErr == nil && diff != "" {
			t.Fatalf("(-want +got):\n%s\n%s", diff, list)
		}
	}
}

// fast fails if the line had to be left to encoding/json.
func fast(t *testing.T, line []byte) {
	t.Helper()
	r := &Reader{texts: map[string]string{}, maps: map[string]map[string]string{}}
	s := &scanner{reader: r, text: line}
	var w reeveapi.Watch
	if object(s, &w, watchFields); s.bad {
		t.Errorf("is left to encoding/json: %s", line)
	}
}

var at = time.Date(2026, 11, 29, 10, 4, 57, 722380356, time.UTC)

// full has every field of what is read here.
func full() reeveapi.Watch {
	return reeveapi.Watch{
		Snapshot: true, Version: math.MaxUint64, Cluster: &reeveapi.Cluster{
			Name: "c", ID: "i", Version: "1", Leader: "l", Term: 7, Elected: at, Started: at, Commit: "cafe", Built: at, BuiltBy: "me", Total: reeveapi.Amounts{CPUs: 1.5}, Allocated: reeveapi.Amounts{Mem: 2}, Offered: reeveapi.Amounts{Disk: 3},
			Used: reeveapi.Amounts{GPUs: 4}, Agents: map[string]int{"active": 1}, Tasks: map[string]int{"TASK_RUNNING": 2, "TASK_LOST": 0}, Frameworks: map[string]int{},
			Masters: []reeveapi.Master{{Name: "m", State: "leading", Voter: true, Behind: new(uint64(3)), Silent: new(2)}, {Name: "n"}},
		},
		Agents: []reeveapi.Agent{{
			ID: "S0", Name: "n", HTTP: "h:1", State: "active", Reason: "why", Version: "1", Since: at, Registered: at, Reregistered: at,
			Total: reeveapi.Amounts{CPUs: 0.1, Mem: 1e9, Disk: 123456789.125, GPUs: 3}, Ports: "[1-2]", Attributes: map[string]string{"rack": "r1"}, Tasks: 7,
			Usage: &reeveapi.HostUsage{At: at, CPUs: 1.5, Load1: 1e-7, MemBytes: 1 << 40}, Deactivated: true, Drain: &reeveapi.Drain{Since: at},
			Reserved: map[string]reeveapi.Amounts{"r": {CPUs: 1}}, Volumes: []reeveapi.Volume{{ID: "v"}}, Maintenance: &reeveapi.Unavailability{Start: at},
		}},
		AgentsRemoved: []string{"S1"}, FrameworksRemoved: []string{"f"}, Frameworks: []reeveapi.Framework{{
			ID: "f", Name: "fn", State: "active", User: "u", Principal: "p", Hostname: "h", WebUI: "w", Roles: []string{"a"}, Suppressed: []string{"a"}, Capabilities: []string{"C"}, Since: at, Registered: at, Reregistered: at, Failover: 1.5, Ended: at,
			Allocated: reeveapi.Amounts{CPUs: 1}, Offered: reeveapi.Amounts{Mem: 2}, Offers: 3, Tasks: map[string]int{"TASK_RUNNING": 1},
		}, {Roles: []string{}}},
		Tasks: []reeveapi.Task{{
			ID: "t", Framework: "f", FrameworkName: "fn", Name: "näme \"x\"", Role: "*", Executor: "t", Agent: "S0", AgentName: "n", AgentHTTP: "h:1",
			Container: "c", State: "TASK_RUNNING", Message: "a < b && c > d", Reason: "R", Source: "S", Healthy: new(false), Check: "ok",
			Requested: reeveapi.Amounts{CPUs: 0.5}, Ports: "[3-3]", Command: "sleep 1 && echo \u2028", Image: "alpine", Pull: &reeveapi.Pull{Done: 1, Total: 2},
			User: "u", Labels: map[string]string{"a": "b"}, Env: map[string]string{"A": "\x00"}, Job: "j", Sandbox: "/s",
			History: []reeveapi.TaskStep{{State: "TASK_STAGING", At: at}, {State: "TASK_RUNNING", At: at.Truncate(time.Second), Message: "m"}}, Launched: at, Ended: at,
		}, {}},
		TasksMoved: []reeveapi.TaskMove{{
			Task: "f/t", FrameworkName: "fn", AgentName: "n", AgentHTTP: "h:1", Container: "c", State: "TASK_RUNNING", Message: "a < b", Reason: "R", Source: "S",
			Healthy: new(false), Check: "ok", Pull: &reeveapi.Pull{Done: 1, Total: 2}, Kept: 3, History: []reeveapi.TaskStep{{State: "TASK_RUNNING", At: at, Message: "m"}}, Ended: at,
		}, {}},
		TasksRemoved: []string{"f/u"}, Jobs: []reeveapi.Job{{Spec: reeveapi.JobSpec{Name: "j"}}}, JobsRemoved: []string{"k"},
		Roles: []reeveapi.Role{{Name: "r"}}, Offers: []reeveapi.Offer{{ID: "o"}},
		Events: []reeveapi.Event{{Seq: 1, At: at, Kind: "K", Subject: "s", ID: "i", Agent: "a", Text: "t", Who: "w"}},
		Brief: &reeveapi.Brief{
			Base: at, Event: 7, Events: 3, Tasks: []int{1, 0}, TasksMoved: []int{0, 3}, Places: []reeveapi.Place{{Agent: "S0", Name: "n", HTTP: "h:1"}, {}}, Removed: []int{4},
			Launches: []reeveapi.Launches{{
				Like: reeveapi.Task{Framework: "f", History: []reeveapi.TaskStep{}}, Numbers: []int{5, 6}, IDs: []string{"a", "ä"}, Names: []string{"", "n"}, Places: []int{0, 1}, Launched: []int64{0, -1},
				Events: []int{0, 1}, EventsAt: []int64{0, 1 << 50},
			}, {Numbers: []int{}, IDs: []string{}, Names: []string{}, Places: []int{}, Launched: []int64{}}},
			Moves: []reeveapi.Moves{{
				FrameworkName: "fn", State: "TASK_RUNNING", Message: "m", Reason: "R", Source: "S", Healthy: new(true), Check: "ok", Pull: &reeveapi.Pull{Done: 1}, Steps: []string{"A", "B"},
				Numbers: []int{5}, At: []int64{1, 2}, Events: []int{2, 0}, EventsAt: []int64{3, 0}, Containers: []string{"c"}, Ended: []int64{-9},
			}, {Numbers: []int{}}},
			Agents: []reeveapi.AgentFigures{{ID: "S0", Allocated: &reeveapi.Amounts{CPUs: 1}, Offered: &reeveapi.Amounts{Mem: 2}, Usage: &reeveapi.HostUsage{At: at}, Tasks: 3}, {}},
		},
	}
}

func encode(t interface{ Fatalf(string, ...any) }, w *reeveapi.Watch) []byte {
	line, err := json.Marshal(w)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return line
}

func TestAFullLine(t *testing.T) {
	w := full() // one of its tasks has no history, which is written as null
	line := encode(t, &w)
	same(t, &Reader{}, line)
	fast(t, line)
}

// TestEveryFieldIsRead compares what is read with what there is, in its order: a field that is new must not be passed over.
func TestEveryFieldIsRead(t *testing.T) {
	read(t, watchFields)
	read(t, clusterFields)
	read(t, agentFields)
	read(t, usageFields)
	read(t, frameworkFields)
	read(t, taskFields)
	read(t, moveFields)
	read(t, stepFields)
	read(t, amountFields)
	read(t, eventFields)
	read(t, briefFields)
	read(t, placeFields)
	read(t, launchFields)
	read(t, groupFields)
	read(t, figureFields)
}

func read[T any](t *testing.T, fields []field[T]) {
	t.Helper()
	var got, want []string
	for _, f := range fields {
		got = append(got, f.name)
	}
	for i, of := 0, reflect.TypeFor[T](); i < of.NumField(); i++ {
		if name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ","); name != "-" {
			want = append(want, name)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-is +is read):\n%s", reflect.TypeFor[T](), diff)
	}
}

func TestOddLines(t *testing.T) {
	full := full()
	for _, line := range []string{
		``, `{`, `null`, `[]`, `{}`, ` { } `, `{"version":1}x`, `{"version":1} `, `{"tasks":[]}`, `{"tasks":null}`, `{"tasks":[null]}`, `{"tasks":[{"history":null}]}`, `{"tasks":[{"history":null,"launched":"2026-11-29T00:00:00Z"}]}`, `{"tasks":[{"history":nullx}]}`, `{"tasks":[{"history":null`, `{"tasks":null`, `{"tasks":nul}`, `{"tasks":[{}]}`, `{"tasks":[{},{}]}`, `{"tasks":[{},]}`,
		`{"tasks":[{"id":"a","id":"b"}]}`, `{"tasks":[{"name":"a","id":"b"}]}`, `{"tasks":[{"ID":"b"}]}`, `{"tasks":[{"id":1}]}`, `{"tasks":[{"id":"a\u00e4\n"}]}`,
		`{"tasks":[{"id":"` + "\xff" + `"}]}`, `{"tasks":[{"id":"` + "\x01" + `"}]}`, `{"tasks":[{"id":"a\"}]}`, `{"tasks":[{"new":{"x":[1,"]}"]},"name":"n"}]}`, `{"tasks":[{"new":{x}}]}`,
		`{"tasks":[{"requested":{"cpus":1.}}]}`, `{"tasks":[{"requested":{"cpus":01}}]}`, `{"tasks":[{"requested":{"cpus":-1}}]}`, `{"tasks":[{"requested":{"cpus":1e3}}]}`,
		`{"tasks":[{"requested":{"cpus":0.30000000000000004}}]}`, `{"tasks":[{"requested":{"cpus":9007199254740993}}]}`, `{"tasks":[{"requested":{"cpus":00.5}}]}`, `{"tasks":[{"requested":{"cpus":.5}}]}`,
		`{"tasks":[{"launched":"2026-02-29T00:00:00Z"}]}`, `{"tasks":[{"launched":"2024-02-29T00:00:00.5Z"}]}`, `{"tasks":[{"launched":"2024-02-29T00:00:00+01:00"}]}`, `{"tasks":[{"launched":"2024-02-29T00:00:00.Z"}]}`,
		`{"tasks":[{"launched":"2024-13-29T00:00:00Z"}]}`, `{"tasks":[{"launched":"0000-00-00T00:00:00Z"}]}`, `{"tasks":[{"launched":"0001-01-01T00:00:00Z"}]}`, `{"tasks":[{"launched":null}]}`,
		`{"cluster":null}`, `{"cluster":{}}`, `{"cluster":{"tasks":null,"masters":null}}`, `{"cluster":{"tasks":{"a":1.5}}}`, `{"cluster":{"tasks":{"a":-1}}}`, `{"cluster":{"tasks":{"a":1,"a":2}}}`, `{"cluster":{"tasks":{"a":1,}}}`,
		`{"cluster":{"tasks":{"a":1e2}}}`, `{"cluster":{"tasks":{"a":"1"}}}`, `{"cluster":{"tasks":{"ä\u0041":1}}}`, `{"cluster":{"tasks":{"a"}}}`, `{"cluster":{"masters":[]}}`, `{"cluster":{"masters":[{"name":1}]}}`, `{"cluster":{"masters":[{"name":"m"}]}}`, `{"cluster":{"masters":{}}}`,
		`{"version":-1}`, `{"version":18446744073709551616}`, `{"version":1234567890123456789}`, `{"version":01}`, `{"version":1.0}`, `{"frameworks":null}`, `{"frameworks":[{"roles":null}]}`, `{"frameworks":[{"offers":-1}]}`, `{"frameworks":[{"tasks":{}}]}`,
		`{"tasks":[{"labels":{"a":1}}]}`, `{"tasks":[{"labels":null}]}`, `{"tasks":[{"labels":{"a":"b"},"job":"x"}]}`, `{"events":[{"seq":18446744073709551615}]}`, `{"events":[{"seq":1.5}]}`, `{"events":[{"seq":-1}]}`, `{"agents":[{"usage":null}]}`,
		`{"agents":[{"tasks":007}]}`, `{"tasks_removed":[]}`, `{"tasks_removed":["a","b"]}`, `{"tasks_removed":["a",]}`, `{"tasks_removed":null}`, `{"tasks_removed":[1]}`, `{"tasks_removed":["a"`, `{"snapshot":true,"version":3,"unknown":null,"events":[{"seq":1}]}`, `{"version":3,"snapshot":true}`, `{"agents":[{"since":"x"}]}`, `{"tasks":[{"id":"a"`, `{"tasks":[{"id"`, `{"tasks"`, `{"tasks":[{"id":"a"}]`,
		`{"brief":null}`, `{"brief":{}}`, `{"brief":{"tasks":null}}`, `{"brief":{"tasks":[]}}`, `{"brief":{"tasks":[-]}}`, `{"brief":{"tasks":[- 1]}}`, `{"brief":{"tasks":[-0,1]}}`, `{"brief":{"tasks":[01]}}`, `{"brief":{"tasks":[1.0]}}`, `{"brief":{"tasks":[1e1]}}`,
		`{"brief":{"tasks":[1,]}}`, `{"brief":{"tasks":[1`, `{"brief":{"tasks":["1"]}}`, `{"brief":{"removed":[9223372036854775807,-9223372036854775808]}}`, `{"brief":{"removed":[9223372036854775808]}}`, `{"brief":{"removed":[-123456789012345678]}}`,
		`{"brief":{"moves":[{"numbers":null}]}}`, `{"brief":{"launches":[{"ids":null,"names":["a",null]}]}}`, `{"brief":{"launches":[{"ids":["a\n"],"names":[]}]}}`, `{"brief":{"launches":[{"ids":["a",]}]}}`, `{"brief":{"launches":[{"ids":["a"`, `{"brief":{"launches":[{"like":null}]}}`, `{"brief":{"moves":[{"steps":null}]}}`,
		string(encode(t, &full)),
	} {
		same(t, &Reader{}, []byte(line))
	}
}

// TestMomentsOfOneMinute reads moments after one that is in the same minute, or seems to be.
func TestMomentsOfOneMinute(t *testing.T) {
	for _, second := range []string{"2026-11-29T10:04:57Z", "2026-11-29T10:04:00.000000001Z", "2026-11-29T10:04:59.999999999Z"} {
		for _, next := range []string{
			second, "2026-11-29T10:04:00Z", "2026-11-29T10:04:07.5Z", "2026-11-29T10:04:60Z", "2026-11-29T10:04:59.9999999999Z", "2026-11-29T10:04:57.Z", "2026-11-29T10:04:5Z", "2026-11-29T10:04:",
			"2026-11-29T10:04:57,5Z", "2026-11-29T10:04:57.5", "2026-11-29T10:04:57.5z", "2026-11-29T10:04:57+00:00", "2026-11-29T10:04:57.5+01:00", "2026-11-29T10:04:5x.5Z", "2026-11-29T10:05:57Z", "2026-11-29T10:04:57.12345Z",
		} {
			same(t, &Reader{}, []byte(`{"tasks":[{"launched":"`+second+`"},{"launched":"`+next+`"},{"ended":"`+next+`"}]}`))
		}
	}
}

// TestOrdinary compares with looking at one byte after the other.
func TestOrdinary(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.SliceOfN(rapid.OneOf(rapid.ByteRange(' ', '~'), rapid.SampledFrom([]byte{'"', '\\', 0, 0x1f, ' ', '!', '#', 0x7f, 0x80, 0xff, '[', ']'})), 0, 40).Draw(rt, "text")
		from := rapid.IntRange(0, len(text)).Draw(rt, "from")
		want := from
		for want < len(text) && text[want] != '"' && text[want] != '\\' && text[want] >= ' ' && text[want] < 0x80 {
			want++
		}
		if got := ordinary(text, from); got != want {
			rt.Fatalf("ordinary(%q, %d) is %d, want %d", text, from, got, want)
		}
	})
}

func TestOddLists(t *testing.T) {
	full := full()
	list, err := json.Marshal(full.Tasks)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		``, ` `, `null`, `[]`, ` [ ] `, "[]\n", `[]]`, `{}`, `[{}]`, `[null]`, `[{},]`, `[{}`, `[{"id":"a"},{"id":2}]`, `[{"id":"a"}] x`, `{"error":"no","kind":"Unavailable"}`, `[1]`,
		`[{"id":"a","new":{"x":[1]},"name":"n"}]`, `[{"name":"a","id":"b"}]`, `<html>`, string(list), string(list) + "\n", string(list[:len(list)-3]),
	} {
		sameTasks(t, []byte(text))
	}
}

// TestAnyTask draws tasks, events and agents.
func TestAnyTask(t *testing.T) {
	text := rapid.OneOf(rapid.Just(""), rapid.SampledFrom([]string{"a", "TASK_RUNNING", "<&>", "ä\u2028", "\\\"\n"}), rapid.String())
	number := rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(0, 1e6), rapid.Float64())
	moment := rapid.Custom(func(t *rapid.T) time.Time {
		return time.Unix(rapid.Int64Range(-60e9, 250e9).Draw(t, "s"), rapid.Int64Range(0, 1e9-1).Draw(t, "ns")).UTC()
	})
	reader := &Reader{}
	rapid.Check(t, func(rt *rapid.T) {
		var w reeveapi.Watch
		for range rapid.IntRange(0, 3).Draw(rt, "tasks") {
			task := reeveapi.Task{
				ID: text.Draw(rt, "id"), Name: text.Draw(rt, "name"), Executor: text.Draw(rt, "executor"), Command: text.Draw(rt, "command"), Message: text.Draw(rt, "message"),
				Requested: reeveapi.Amounts{CPUs: number.Draw(rt, "cpus"), Mem: number.Draw(rt, "mem")}, Labels: rapid.MapOfN(text, text, 0, 2).Draw(rt, "labels"),
				Launched: moment.Draw(rt, "launched"),
			}
			for range rapid.IntRange(0, 2).Draw(rt, "steps") {
				task.History = append(task.History, reeveapi.TaskStep{State: text.Draw(rt, "state"), At: moment.Draw(rt, "at")})
			}
			w.Tasks = append(w.Tasks, task)
		}
		for range rapid.IntRange(0, 2).Draw(rt, "moves") {
			move := reeveapi.TaskMove{Task: text.Draw(rt, "moved"), State: text.Draw(rt, "state"), Message: text.Draw(rt, "message"), Kept: rapid.IntRange(-1, 20).Draw(rt, "kept"), Ended: moment.Draw(rt, "ended")}
			if rapid.Bool().Draw(rt, "step") {
				move.History = []reeveapi.TaskStep{{State: text.Draw(rt, "to"), At: moment.Draw(rt, "at")}}
			}
			w.TasksMoved = append(w.TasksMoved, move)
		}
		for range rapid.IntRange(0, 3).Draw(rt, "events") {
			w.Events = append(w.Events, reeveapi.Event{Seq: rapid.Uint64().Draw(rt, "seq"), At: moment.Draw(rt, "at"), Text: text.Draw(rt, "text")})
		}
		if rapid.Bool().Draw(rt, "agent") {
			w.Agents = []reeveapi.Agent{{ID: text.Draw(rt, "agent id"), Tasks: rapid.Int().Draw(rt, "on it"), Usage: &reeveapi.HostUsage{MemBytes: rapid.Int64().Draw(rt, "mem")}}}
		}
		if rapid.Bool().Draw(rt, "brief") {
			column := rapid.SliceOfN(rapid.Int64(), 0, 3)
			w.Brief = &reeveapi.Brief{Base: moment.Draw(rt, "base"), Tasks: rapid.SliceOfN(rapid.Int(), 0, 3).Draw(rt, "numbers"), Launches: []reeveapi.Launches{{
				Like: reeveapi.Task{Name: text.Draw(rt, "like")}, IDs: rapid.SliceOfN(text, 0, 3).Draw(rt, "ids"), Launched: column.Draw(rt, "launches"),
			}}, Moves: []reeveapi.Moves{{State: text.Draw(rt, "group"), Steps: rapid.SliceOfN(text, 0, 2).Draw(rt, "states"), At: column.Draw(rt, "moves"), Containers: rapid.SliceOfN(text, 0, 3).Draw(rt, "containers")}}}
		}
		same(rt, reader, encode(rt, &w))
		list, err := json.Marshal(w.Tasks)
		if err != nil {
			rt.Fatalf("%v", err)
		}
		sameTasks(rt, list)
	})
}

func FuzzRead(f *testing.F) {
	w := full()
	f.Add(encode(f, &w))
	f.Add([]byte(`{"tasks":[{"id":"a","requested":{"cpus":0.5},"launched":"2026-11-29T10:04:57.7Z"}],"events":[{"seq":1}]}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		same(t, &Reader{}, line)
		sameTasks(t, line)
	})
}

// BenchmarkRead reads a tenth of a second of a busy cluster: 130 tasks and as many events.
func BenchmarkRead(b *testing.B) {
	w := busy()
	line := encode(b, &w)
	if path := os.Getenv("WATCHLINE"); path != "" { // a line of a real stream
		text, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		line = bytes.Split(text, []byte("\n"))[9]
	}
	b.Run("watchline", func(b *testing.B) {
		b.SetBytes(int64(len(line)))
		b.ReportAllocs()
		var r Reader
		for b.Loop() {
			if _, err := r.Read(line); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding-json", func(b *testing.B) {
		b.SetBytes(int64(len(line)))
		b.ReportAllocs()
		for b.Loop() {
			var w reeveapi.Watch
			if err := json.Unmarshal(line, &w); err != nil {
				b.Fatal(err)
			}
		}
	})
}
