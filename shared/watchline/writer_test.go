package watchline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// written fails unless a task and a line are written as encoding/json writes them, or refused as it refuses them.
func written(t interface {
	Helper()
	Fatalf(string, ...any)
}, w *reeveapi.Watch,
) {
	t.Helper()
	before := []byte("before")
	check := func(v any, got []byte, err error) {
		t.Helper()
		want, wantErr := json.Marshal(v)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("error %v, want %v: %+v", err, wantErr, v)
		}
		if err == nil && !bytes.Equal(got, append(bytes.Clone(before), want...)) {
			t.Fatalf("wrote\n%s\nwant\n%s", got[len(before):], want)
		}
	}
	for i := range w.Tasks {
		got, err := AppendTask(bytes.Clone(before), &w.Tasks[i])
		check(w.Tasks[i], got, err)
	}
	got, err := AppendWatch(bytes.Clone(before), w)
	check(w, got, err)
}

// TestEveryFieldIsWritten has every field of a line, a task and an event set: who adds one is told here.
func TestEveryFieldIsWritten(t *testing.T) {
	w := full()
	w.RolesRemoved, w.OffersRemoved = []string{"r"}, []string{"o"}
	for _, v := range []any{w, w.Tasks[0], w.Tasks[0].History[1], w.Tasks[0].Requested, w.TasksMoved[0], w.Events[0], *w.Brief, w.Brief.Launches[0], w.Brief.Moves[0]} {
		for i, v := 0, reflect.ValueOf(v); i < v.NumField(); i++ {
			if v.Field(i).IsZero() && v.Type() != reflect.TypeFor[reeveapi.Amounts]() && v.Type().Field(i).Tag.Get("json") != "-" {
				t.Errorf("%s.%s is not set", v.Type(), v.Type().Field(i).Name)
			}
		}
	}
	written(t, &w)
	written(t, &reeveapi.Watch{})
}

func TestWhatJSONCannotSay(t *testing.T) {
	late := time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, task := range []reeveapi.Task{
		{Requested: reeveapi.Amounts{CPUs: math.NaN()}}, {Requested: reeveapi.Amounts{Mem: math.Inf(-1)}}, {Launched: late}, {Ended: late}, {History: []reeveapi.TaskStep{{At: late}}},
	} {
		written(t, &reeveapi.Watch{Tasks: []reeveapi.Task{task}})
	}
	written(t, &reeveapi.Watch{Events: []reeveapi.Event{{At: late}}})
	written(t, &reeveapi.Watch{Cluster: &reeveapi.Cluster{Elected: late}, Tasks: []reeveapi.Task{{}}})
	written(t, &reeveapi.Watch{Jobs: []reeveapi.Job{{Submitted: late}}})
}

// TestAnythingIsWritten draws tasks and events.
func TestAnythingIsWritten(t *testing.T) {
	text := rapid.OneOf(rapid.Just(""), rapid.SampledFrom([]string{"a", "TASK_RUNNING", "<&>", "ä\u2028", "\\\"\n", "\xff", "\x7f"}), rapid.String())
	number := rapid.OneOf(rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1e-6, 9.9e-7, 1e21, 9e20, 0.1, -3, 1e15, 1 << 53}), rapid.Float64())
	texts := rapid.MapOfN(text, text, 0, 3)
	moment := rapid.Custom(func(t *rapid.T) time.Time {
		at := time.Unix(rapid.Int64Range(-65e9, 260e9).Draw(t, "s"), rapid.Int64Range(0, 1e9-1).Draw(t, "ns"))
		return at.In(time.FixedZone("", rapid.SampledFrom([]int{0, 3600, -5400, 30, 90000}).Draw(t, "zone")))
	})
	rapid.Check(t, func(rt *rapid.T) {
		w := reeveapi.Watch{Version: rapid.Uint64().Draw(rt, "version"), TasksRemoved: rapid.SliceOfN(text, 0, 2).Draw(rt, "removed")}
		for range rapid.IntRange(0, 2).Draw(rt, "tasks") {
			task := reeveapi.Task{
				ID: text.Draw(rt, "id"), Framework: text.Draw(rt, "framework"), Name: text.Draw(rt, "name"), Container: text.Draw(rt, "container"), Message: text.Draw(rt, "message"),
				Requested: reeveapi.Amounts{CPUs: number.Draw(rt, "cpus"), Mem: number.Draw(rt, "mem")}, Labels: texts.Draw(rt, "labels"), Env: texts.Draw(rt, "env"), Launched: moment.Draw(rt, "launched"),
			}
			if rapid.Bool().Draw(rt, "past") {
				task.Ended, task.Healthy, task.Pull, task.History = moment.Draw(rt, "ended"), new(rapid.Bool().Draw(rt, "healthy")), &reeveapi.Pull{}, []reeveapi.TaskStep{}
			}
			for range rapid.IntRange(0, 2).Draw(rt, "steps") {
				task.History = append(task.History, reeveapi.TaskStep{State: text.Draw(rt, "state"), At: moment.Draw(rt, "at"), Message: text.Draw(rt, "said")})
			}
			w.Tasks = append(w.Tasks, task)
		}
		for range rapid.IntRange(0, 2).Draw(rt, "moves") {
			move := reeveapi.TaskMove{Task: text.Draw(rt, "moved"), Container: text.Draw(rt, "container"), State: text.Draw(rt, "state"), Kept: rapid.Int().Draw(rt, "kept")}
			if rapid.Bool().Draw(rt, "past") {
				move.Ended, move.Healthy, move.Pull = moment.Draw(rt, "ended"), new(rapid.Bool().Draw(rt, "healthy")), &reeveapi.Pull{Done: 1}
				move.History = []reeveapi.TaskStep{{State: text.Draw(rt, "to"), At: moment.Draw(rt, "at")}}
			}
			w.TasksMoved = append(w.TasksMoved, move)
		}
		for range rapid.IntRange(0, 2).Draw(rt, "events") {
			w.Events = append(w.Events, reeveapi.Event{Seq: rapid.Uint64().Draw(rt, "seq"), At: moment.Draw(rt, "at"), Text: text.Draw(rt, "text"), Who: text.Draw(rt, "who")})
		}
		if rapid.Bool().Draw(rt, "brief") {
			w.Brief = &reeveapi.Brief{Base: moment.Draw(rt, "base"), Removed: rapid.SliceOfN(rapid.Int(), 0, 3).Draw(rt, "gone"), Launches: []reeveapi.Launches{{
				IDs: rapid.SliceOfN(text, 0, 3).Draw(rt, "ids"), Launched: rapid.SliceOfN(rapid.Int64(), 0, 3).Draw(rt, "launches"),
			}}, Moves: []reeveapi.Moves{{State: text.Draw(rt, "group"), Steps: rapid.SliceOfN(text, 0, 2).Draw(rt, "states"), Containers: rapid.SliceOfN(text, 0, 3).Draw(rt, "containers")}}}
		}
		written(rt, &w)
	})
}

// BenchmarkWrite writes what BenchmarkRead reads.
func BenchmarkWrite(b *testing.B) {
	w := busy()
	size := len(encode(b, &w))
	b.Run("watchline", func(b *testing.B) {
		b.SetBytes(int64(size))
		b.ReportAllocs()
		var out []byte
		for b.Loop() {
			var err error
			if out, err = AppendWatch(out[:0], &w); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding-json", func(b *testing.B) {
		b.SetBytes(int64(size))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := json.Marshal(&w); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// busy is a tenth of a second of a busy cluster: 130 tasks and as many events.
func busy() reeveapi.Watch {
	w := reeveapi.Watch{Version: 1}
	for i := range 130 {
		id := fmt.Sprintf("web-%05d.8c2f1e%06x", i, i)
		w.Tasks = append(w.Tasks, reeveapi.Task{
			ID: id, Framework: "5b1c9f2e-1111-4c0a-9d55-0c1d2e3f4a5b-0001", FrameworkName: "marathon", Name: id[:9], Role: "prod", Executor: id, Agent: fmt.Sprint("5b1c9f2e-1111-4c0a-9d55-0c1d2e3f4a5b-S", i%100),
			AgentName: fmt.Sprint("node-", i%100), AgentHTTP: fmt.Sprint("10.0.0.", i%100, ":5051"), Container: fmt.Sprint("c0ffee00-0000-4000-8000-", i), State: "TASK_RUNNING", Source: "SOURCE_EXECUTOR",
			Requested: reeveapi.Amounts{CPUs: 0.5, Mem: 256, Disk: 64}, Command: "exec ./serve --listen=$PORT0", User: "www-data", Labels: map[string]string{"team": "payments"}, Sandbox: "/frameworks/f/executors/" + id,
			History: []reeveapi.TaskStep{{State: "TASK_STAGING", At: at}, {State: "TASK_STARTING", At: at}, {State: "TASK_RUNNING", At: at}}, Launched: at,
		})
		w.Events = append(w.Events, reeveapi.Event{Seq: uint64(i), At: at, Kind: "TASK_RUNNING", Subject: id[:9], ID: id, Agent: "node-1"})
	}
	return w
}
