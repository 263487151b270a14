package codec_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/agent"
	"codeberg.org/reeve/reeve/shared/mesosv1/master"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
)

// kinds says which message the lines of a file in testdata are.
var kinds = map[string]func() proto.Message{
	"agent.Response":  func() proto.Message { return &agent.Response{} },
	"master.Event":    func() proto.Message { return &master.Event{} },
	"master.Response": func() proto.Message { return &master.Response{} },
	"scheduler.Call":  func() proto.Message { return &scheduler.Call{} },
	"scheduler.Event": func() proto.Message { return &scheduler.Event{} },
}

// captured yields what a real Mesos and its clients wrote.
func captured(tb testing.TB, visit func(kind, line string)) {
	tb.Helper()
	for kind := range kinds {
		file, err := os.Open(filepath.Join("testdata", kind+".jsonl"))
		if err != nil {
			tb.Fatal(err)
		}
		lines := bufio.NewScanner(file)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			visit(kind, lines.Text())
		}
		if err := lines.Err(); err != nil {
			tb.Fatal(err)
		}
		if err := file.Close(); err != nil {
			tb.Fatal(err)
		}
	}
}

// double is a JSON number with a fraction or exponent. Mesos's last digit is not always the nearest one, so that doubles
// compare by value, but 5 and 5.0 differ.
type double float64

// parsed reads JSON, without empty lists, which some of Mesos's hand-written answers have and messages can't.
func parsed(tb testing.TB, text []byte) any {
	tb.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		tb.Fatalf("%v in %s", err, text)
	}
	return normal(tb, v)
}

func normal(tb testing.TB, v any) any {
	tb.Helper()
	switch v := v.(type) {
	case map[string]any:
		// The master writes agents by hand from the v0 message, whose checkpoint field v1 doesn't have.
		if info, ok := v["agent_info"].(map[string]any); ok {
			delete(info, "checkpoint")
		}
		for key, value := range v {
			if list, ok := value.([]any); ok && len(list) == 0 {
				delete(v, key)
			} else {
				v[key] = normal(tb, value)
			}
		}
	case []any:
		for i, value := range v {
			v[i] = normal(tb, value)
		}
	case json.Number:
		if strings.ContainsAny(v.String(), ".e") {
			f, err := v.Float64()
			if err != nil {
				tb.Fatal(err)
			}
			return double(f)
		}
	}
	return v
}

// What Mesos wrote is read and written again without a difference, in JSON and by way of protobuf.
func TestGolden(t *testing.T) {
	captured(t, func(kind, line string) {
		m := kinds[kind]()
		if err := codec.JSON.Unmarshal([]byte(line), m); err != nil {
			t.Errorf("%s %.80s: %v", kind, line, err)
			return
		}
		wire, err := codec.Protobuf.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		again := kinds[kind]()
		if err := codec.Protobuf.Unmarshal(wire, again); err != nil {
			t.Fatal(err)
		}
		text, err := codec.JSON.Marshal(again)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(parsed(t, []byte(line)), parsed(t, text)); diff != "" {
			t.Errorf("%s %.80s (-Mesos +ours):\n%s", kind, line, diff)
		}
	})
}

// Defaults with an explicit declaration are written, unless the field is deprecated (spec 2.0).
func TestDefaults(t *testing.T) {
	for _, test := range []struct {
		m    proto.Message
		want string
	}{
		{&mesosv1.FrameworkInfo{User: new("u"), Name: new("n")}, `{"user":"u","name":"n","failover_timeout":0.0,"checkpoint":false}`},
		{&mesosv1.CommandInfo{}, `{"shell":true}`},
		{&mesosv1.Filters{}, `{"refuse_seconds":5.0}`},
		{&mesosv1.ContainerInfo_DockerInfo{Image: new("i")}, `{"image":"i","network":"HOST","privileged":false}`},
		{&mesosv1.Resource{Name: new("cpus"), Type: mesosv1.Value_SCALAR.Enum(), Revocable: &mesosv1.Resource_RevocableInfo{}}, `{"name":"cpus","type":"SCALAR","revocable":{}}`},
	} {
		got, err := codec.JSON.Marshal(test.m)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(parsed(t, []byte(test.want)), parsed(t, got)); diff != "" {
			t.Errorf("%T (-want +got):\n%s", test.m, diff)
		}
	}
}

func TestDoubles(t *testing.T) {
	for f, want := range map[float64]string{
		5: "5.0", 0: "0.0", math.Copysign(0, -1): "-0.0", 0.1: "0.1", 1000: "1000.0", 1e20: "100000000000000000000.0", 1e21: "1e21", 1.5e30: "1.5e30",
		0.000001: "0.000001", 0.0000001: "1e-7", 1.25e-100: "1.25e-100", 1795395060.174305: "1795395060.174305", -2.5: "-2.5",
		math.Inf(1): "Infinity", math.Inf(-1): "-Infinity", math.MaxFloat64: "1.7976931348623157e308", 5e-324: "5e-324",
	} {
		if got := string(codec.AppendDouble(nil, f)); got != want {
			t.Errorf("AppendDouble(%g) = %s, want %s", f, got, want)
		}
	}
	if got := string(codec.AppendDouble(nil, math.NaN())); got != "NaN" {
		t.Errorf("AppendDouble(NaN) = %s", got)
	}
}

const task = `{"name":"n","task_id":{"value":"t"},"agent_id":{"value":"a"},`

// The rules for lenient input, each as the strict text that it means.
func TestLenientInput(t *testing.T) {
	for _, test := range []struct{ name, input, want string }{
		{"unknown names and camel case", task + `"new":{"a":[1,null,"x",{}]},"taskId":1,"data":null}`, task[:len(task)-1] + `}`},
		{"unknown value of an optional enum", `{"type":"NEWER"}`, `{}`},
		{"numbers in strings", task + `"limits":{"cpus":{"value":"Infinity"},"mem":{"value":"12.5"}}}`, task + `"limits":{"cpus":{"value":Infinity},"mem":{"value":12.5}}}`},
		{"bools in strings", task + `"command":{"shell":"false"}}`, task + `"command":{"shell":false}}`},
		{"an object for a list", task + `"resources":{"name":"cpus","type":"SCALAR","scalar":{"value":"1"}}}`, task + `"resources":[{"name":"cpus","type":"SCALAR","scalar":{"value":1.0}}]}`},
		{"a scalar for a list", task + `"command":{"arguments":"ls"}}`, task + `"command":{"arguments":["ls"]}}`},
		{"base64 with spaces and without padding", task + `"data":" aG Vs\nbG8"}`, task + `"data":"aGVsbG8="}`},
		{"the last of two", task + `"data":"aGk=","data":"aG8="}`, task + `"data":"aG8="}`},
		{"whole numbers in other shapes", task + `"kill_policy":{"grace_period":{"nanoseconds":3e9}},"max_completion_time":{"nanoseconds":"5"}}`, task + `"kill_policy":{"grace_period":{"nanoseconds":3000000000}},"max_completion_time":{"nanoseconds":5}}`},
		{"64 bits", task + `"max_completion_time":{"nanoseconds":9223372036854775807}}`, task + `"max_completion_time":{"nanoseconds":9223372036854775807}}`},
		{"escapes", `{"task":{"name":"\u00e4\ud83d\ude00\/\u0001\"\\"}}`, `{}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got, want proto.Message = &mesosv1.TaskInfo{}, &mesosv1.TaskInfo{}
			if !strings.HasPrefix(test.input, task) {
				got, want = &scheduler.Call{}, &scheduler.Call{}
			}
			if err := codec.JSON.Unmarshal([]byte(test.input), got); err != nil {
				t.Fatal(err)
			}
			if err := codec.JSON.Unmarshal([]byte(test.want), want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestStrings(t *testing.T) {
	l := &mesosv1.Label{Key: new("ä😀/\x01\"\\\n\x7f\u2028"), Value: new("bad \xff byte")}
	text, err := codec.JSON.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]string
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	if diff := cmp.Diff(map[string]string{"key": l.GetKey(), "value": "bad \ufffd byte"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	back := &mesosv1.Label{}
	if err := codec.JSON.Unmarshal([]byte(`{"key":"\u00e4\ud83d\ude00\/"}`), back); err != nil || back.GetKey() != "ä😀/" {
		t.Errorf("escapes read as %q, %v", back.GetKey(), err)
	}
}

// Refusals are the sender's fault, and say where.
func TestRefuses(t *testing.T) {
	for input, want := range map[string]string{
		``:                      "ends too early",
		`[]`:                    `'[' where '{' belongs`,
		`{} {}`:                 "more after the end",
		`{"type":1}`:            "field type",
		`{"type":"SUBSCRIBE",}`: `'}' where '"' belongs`,
		`{"type":"SUBSCRIBE"`:   "ends too early",
		`{"subscribe":{"framework_info":{"user":5}}}`:                                "field subscribe.framework_info.user",
		`{"subscribe":{"framework_info":{"user":"u","name":"n","checkpoint":"si"}}}`: "neither true nor false",
		`{"subscribe":{"framework_info":{"user":"u"}}}`:                              "required field",
		`{"subscribe":{"framework_info":{"capabilities":[{"type":1}]}}}`:             "field subscribe.framework_info.capabilities.type",
		`{"decline":{"filters":{"refuse_seconds":"x"}}}`:                             "is not a number",
		`{"decline":{"filters":{"refuse_seconds":1e999}}}`:                           "out of range",
		`{"decline":{"filters":{"refuse_seconds":true}}}`:                            "is not a number",
		`{"decline":{"filters":[]}}`:                                                 "field decline.filters",
		`{"acknowledge":{"uuid":"_-8="}}`:                                            "not base64",
		`{"x":nope}`:                                                                 "is not a JSON value",
		`{"x":"\q"}`:                                                                 "not a string",
		`{"x":` + strings.Repeat("[", 200):                                           "nested deeper",
	} {
		err := codec.JSON.Unmarshal([]byte(input), &scheduler.Call{})
		if err == nil || !strings.Contains(err.Error(), want) || fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v, want an error of kind %v with %q", input, err, fault.Invalid, want)
		}
	}
	for input, want := range map[string]string{
		`{"begin":-1,"end":2}`:                   "out of range",
		`{"begin":1.5,"end":2}`:                  "not a whole number",
		`{"begin":18446744073709551616,"end":2}`: "out of range",
	} {
		if err := codec.JSON.Unmarshal([]byte(input), &mesosv1.Value_Range{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want an error with %q", input, err, want)
		}
	}
	if err := codec.JSON.Unmarshal([]byte(`{"name":"n","type":"NEWER"}`), &mesosv1.Resource{}); err == nil {
		t.Error("an unknown value of a required enum was accepted")
	}
	if err := codec.Protobuf.Unmarshal([]byte{0xff}, &scheduler.Call{}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("broken protobuf: %v, want an error of kind %v", err, fault.Invalid)
	}
}

// Values of enums that we have no name for are unset, as in Mesos, and fail the message where they are required.
func TestUnknownEnums(t *testing.T) {
	unknown := mesosv1.Value_Type(99)
	info := &mesosv1.LinuxInfo{EffectiveCapabilities: &mesosv1.CapabilityInfo{Capabilities: []mesosv1.CapabilityInfo_Capability{
		mesosv1.CapabilityInfo_NET_RAW, 99, mesosv1.CapabilityInfo_CHOWN,
	}}, IpcMode: mesosv1.LinuxInfo_IpcMode(99).Enum()}
	wire, err := codec.Protobuf.Marshal(info)
	if err != nil {
		t.Fatal(err)
	}
	got := &mesosv1.LinuxInfo{}
	if err := codec.Protobuf.Unmarshal(wire, got); err != nil {
		t.Fatal(err)
	}
	want := &mesosv1.LinuxInfo{EffectiveCapabilities: &mesosv1.CapabilityInfo{Capabilities: []mesosv1.CapabilityInfo_Capability{
		mesosv1.CapabilityInfo_NET_RAW, mesosv1.CapabilityInfo_CHOWN,
	}}}
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if wire, err = codec.Protobuf.Marshal(&mesosv1.Resource{Name: new("cpus"), Type: &unknown}); err != nil {
		t.Fatal(err)
	}
	if err := codec.Protobuf.Unmarshal(wire, &mesosv1.Resource{}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a required enum with an unknown value: %v", err)
	}
}

func TestNegotiate(t *testing.T) {
	for _, test := range []struct {
		accept []string
		want   codec.Codec
	}{
		{nil, codec.JSON},
		{[]string{""}, codec.JSON},
		{[]string{"*/*"}, codec.JSON},
		{[]string{"application/*"}, codec.JSON},
		{[]string{"application/x-protobuf"}, codec.Protobuf},
		{[]string{"application/x-protobuf;q=0.9, application/json;q=0.1"}, codec.JSON},
		{[]string{"application/json;q=0, application/x-protobuf"}, codec.Protobuf},
		{[]string{"*/*, application/json;q=0"}, codec.Protobuf},
		{[]string{"application/x-protobuf", "application/recordio"}, ""},
		{[]string{"text/html", "Application/JSON; charset=utf-8"}, codec.JSON},
		{[]string{"text/*"}, ""},
	} {
		got, ok := codec.Negotiate(test.accept)
		if got != test.want || ok != (test.want != "") {
			t.Errorf("Negotiate(%q) = %q, %v; want %q", test.accept, got, ok, test.want)
		}
	}
	for value, want := range map[string]codec.Codec{
		"application/json": codec.JSON, "application/x-protobuf": codec.Protobuf, "Application/JSON; charset=utf-8": codec.JSON,
		"": "", "application/protobuf": "", "text/plain": "", "application/recordio": "",
	} {
		if got, ok := codec.FromContentType(value); got != want || ok != (want != "") {
			t.Errorf("FromContentType(%q) = %q, %v; want %q", value, got, ok, want)
		}
	}
}

// Whatever is accepted is written in a form that is read back as the same message.
func FuzzJSON(f *testing.F) {
	captured(f, func(kind, line string) {
		if kind == "scheduler.Call" {
			f.Add([]byte(line))
		}
	})
	f.Add([]byte(`{"type":"DECLINE","decline":{"offer_ids":{"value":"\ud800"},"filters":{"refuse_seconds":"NaN"}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, again := &scheduler.Call{}, &scheduler.Call{}
		if err := codec.JSON.Unmarshal(data, m); err != nil {
			return
		}
		text, err := codec.JSON.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if err := codec.JSON.Unmarshal(text, again); err != nil {
			t.Fatalf("%s was written as %s: %v", data, text, err)
		}
		second, err := codec.JSON.Marshal(again)
		if err != nil || !bytes.Equal(text, second) {
			t.Fatalf("%s was written as %s and then as %s, %v", data, text, second, err)
		}
	})
}

func FuzzProtobuf(f *testing.F) {
	captured(f, func(kind, line string) {
		m := kinds[kind]()
		if err := codec.JSON.Unmarshal([]byte(line), m); err != nil {
			f.Fatal(err)
		}
		wire, err := codec.Protobuf.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		if kind == "scheduler.Call" {
			f.Add(wire)
		}
	})
	f.Fuzz(func(t *testing.T, data []byte) {
		m := &scheduler.Call{}
		if err := codec.Protobuf.Unmarshal(data, m); err != nil {
			return
		}
		text, err := codec.JSON.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if err := codec.JSON.Unmarshal(text, &scheduler.Call{}); err != nil {
			t.Fatalf("%x was written as %s: %v", data, text, err)
		}
	})
}

func FuzzAccept(f *testing.F) {
	f.Add("application/x-protobuf;q=0.9, */*;q=0")
	f.Fuzz(func(t *testing.T, line string) {
		if c, ok := codec.Negotiate([]string{line}); ok && !codec.Accepts([]string{line}, c.MediaType()) {
			t.Fatalf("%q gives %q, which it does not accept", line, c)
		}
	})
}

func BenchmarkOffers(b *testing.B) {
	var text []byte
	captured(b, func(kind, line string) {
		if kind == "scheduler.Event" && strings.HasPrefix(line, `{"type":"OFFERS"`) {
			text = []byte(line)
		}
	})
	m := &scheduler.Event{}
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			if err := codec.JSON.Unmarshal(text, m); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("write", func(b *testing.B) {
		var buf []byte
		for b.Loop() {
			var err error
			if buf, err = codec.JSON.Append(buf[:0], m); err != nil {
				b.Fatal(err)
			}
		}
	})
}
