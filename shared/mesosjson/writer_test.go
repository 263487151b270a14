package mesosjson_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/shared/mesosjson"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/resources"
)

// written returns what write appends.
func written(t *testing.T, write func(*mesosjson.Writer)) string {
	t.Helper()
	var w mesosjson.Writer
	write(&w)
	out, err := w.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestFloats(t *testing.T) {
	for f, want := range map[float64]string{
		0: "0.0", 5: "5.0", 0.1: "0.1", -3: "-3.0", 1795395006.076847: "1795395006.076847", 1e21: "1e+21", 1e-7: "1e-07",
		10240: "10240.0", math.Inf(1): "0.0", 123456789012: "123456789012.0",
	} {
		if got := written(t, func(w *mesosjson.Writer) { w.Float(f) }); got != want {
			t.Errorf("%v is written %s, want %s", f, got, want)
		}
	}
	if got := written(t, func(w *mesosjson.Writer) { w.Float(math.NaN()) }); got != "0.0" {
		t.Errorf("NaN is written %s", got)
	}
}

func TestTexts(t *testing.T) {
	for text, want := range map[string]string{
		"":           `""`,
		"a\"b\\":     `"a\"b\\"`,
		"\n\t\r\x01": `"\n\t\r\u0001"`,
		"é":          `"é"`,
		"\xff":       "\"\xff\"", // no UTF-8: passed on as it is (spec 7.4)
	} {
		if got := written(t, func(w *mesosjson.Writer) { w.Text(text) }); got != want {
			t.Errorf("%q is written %s, want %s", text, got, want)
		}
	}
}

func TestCommas(t *testing.T) {
	got := written(t, func(w *mesosjson.Writer) {
		w.Open()
		w.EmptyListField("a")
		w.Key("b")
		w.OpenList()
		w.Int(1)
		w.Bool(true)
		w.Open()
		w.Close()
		w.OpenList()
		w.CloseList()
		w.CloseList()
		w.TextsField("c", []string{"x,", "[", "{", ":"})
		w.TimeField("d", time.Time{})
		w.Close()
	})
	if want := `{"a":[],"b":[1,true,{},[]],"c":["x,","[","{",":"],"d":0.0}`; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestResources(t *testing.T) {
	r := resources.MustParse("cpus(dev):2;cpus:1.5;mem:64;ports:[1-3,7-7];bugs:{a,b}")
	for name, test := range map[string]struct {
		write func(*mesosjson.Writer)
		want  string
	}{
		"object":     {func(w *mesosjson.Writer) { w.Resources(r) }, `{"disk":0.0,"mem":64.0,"gpus":0.0,"cpus":3.5,"ports":"[1-3, 7-7]","bugs":"{a, b}"}`},
		"quantities": {func(w *mesosjson.Writer) { w.Quantities(r.ReservedTo("dev")) }, `{"cpus":2.0}`},
		"empty":      {func(w *mesosjson.Writer) { w.Quantities(resources.Resources{}) }, `{}`},
		"reserved": {
			func(w *mesosjson.Writer) { w.Open(); w.ReservedField("r", r); w.Close() },
			`{"r":{"dev":{"disk":0.0,"mem":0.0,"gpus":0.0,"cpus":2.0}}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := written(t, test.write); got != test.want {
				t.Errorf("got %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestRevocableResourcesStandApart(t *testing.T) {
	r, err := resources.FromProto([]*mesosv1.Resource{
		{Name: new("cpus"), Type: mesosv1.Value_SCALAR.Enum(), Scalar: &mesosv1.Value_Scalar{Value: proto.Float64(1)}},
		{
			Name: new("cpus"), Type: mesosv1.Value_SCALAR.Enum(), Scalar: &mesosv1.Value_Scalar{Value: proto.Float64(2)},
			Revocable: &mesosv1.Resource_RevocableInfo{},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := written(t, func(w *mesosjson.Writer) { w.Resources(r) })
	if want := `{"disk":0.0,"mem":0.0,"gpus":0.0,"cpus":1.0,"cpus_revocable":2.0}`; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestTaskExtras(t *testing.T) {
	task := mesosjson.Task{
		ID: "t", Framework: "f", Agent: "a", State: mesosv1.TaskState_TASK_RUNNING, Role: "dev",
		Info: &mesosv1.TaskInfo{
			Name:      new("n"),
			Command:   &mesosv1.CommandInfo{User: new("ann")},
			Limits:    map[string]*mesosv1.Value_Scalar{"mem": {Value: new(math.Inf(1))}, "cpus": {Value: proto.Float64(2)}},
			Labels:    &mesosv1.Labels{Labels: []*mesosv1.Label{{Key: new("k"), Value: new("v")}}},
			Discovery: &mesosv1.DiscoveryInfo{Visibility: mesosv1.DiscoveryInfo_CLUSTER.Enum(), Name: new("d")},
		},
		Statuses: []*mesosv1.TaskStatus{{
			State: mesosv1.TaskState_TASK_RUNNING.Enum(), Timestamp: new(1.5), Healthy: new(true),
			Message: new("not shown"), Uuid: []byte("not shown"),
		}},
	}
	const want = `{"id":"t","name":"n","framework_id":"f","executor_id":"","slave_id":"a","state":"TASK_RUNNING",` +
		`"resources":{"disk":0.0,"mem":0.0,"gpus":0.0,"cpus":0.0},"limits":{"cpus":2.0,"mem":"Infinity"},"role":"dev",` +
		`"statuses":[{"state":"TASK_RUNNING","timestamp":1.5,"healthy":true}],"user":"ann",` +
		`"labels":[{"key":"k","value":"v"}],"discovery":{"visibility":"CLUSTER","name":"d"}}`
	if got := written(t, func(w *mesosjson.Writer) { w.Task(task) }); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	task.Queued = true
	const queued = `{"id":"t","name":"n","framework_id":"f","executor_id":"","slave_id":"a",` +
		`"resources":{"disk":0.0,"mem":0.0,"gpus":0.0,"cpus":0.0},"limits":{"cpus":2.0,"mem":"Infinity"},"role":"dev",` +
		`"user":"ann","labels":[{"key":"k","value":"v"}],"discovery":{"visibility":"CLUSTER","name":"d"}}`
	if got := written(t, func(w *mesosjson.Writer) { w.Task(task) }); got != queued {
		t.Errorf("queued: got %s\nwant %s", got, queued)
	}
}

// FuzzText: whatever text comes in, the document stays JSON and, for UTF-8, says the same.
func FuzzText(f *testing.F) {
	for _, seed := range []string{"", "a", "\x00\x1f\"\\", "\xff\xfe", "\u2028", "},["} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var w mesosjson.Writer
		w.Open()
		w.TextField(text, text)
		w.Close()
		out, err := w.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		var back map[string]string
		if err := json.Unmarshal(out, &back); err != nil {
			t.Fatalf("%v in %q", err, out)
		}
		if got, ok := back[text]; utf8.ValidString(text) && (!ok || got != text) {
			t.Errorf("%q came back as %q", text, back)
		}
	})
}
