package resources_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"
	"pgregory.net/rapid"

	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/resources"
)

// wire reads a JSON array of Resource messages.
func wire(tb testing.TB, text string) []*mesosv1.Resource {
	tb.Helper()
	offer := &mesosv1.Offer{}
	id := `{"value":"x"}`
	full := fmt.Sprintf(`{"id":%s,"framework_id":%s,"agent_id":%s,"hostname":"h","resources":%s}`, id, id, id, text)
	if err := codec.JSON.Unmarshal([]byte(full), offer); err != nil {
		tb.Fatal(err)
	}
	return offer.GetResources()
}

func fromJSON(tb testing.TB, text string) resources.Resources {
	tb.Helper()
	r, err := resources.FromProto(wire(tb, text))
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func TestParse(t *testing.T) {
	for _, test := range []struct{ text, role, want string }{
		{"", "*", ""},
		{"cpus:4;mem:1024", "*", "cpus:4; mem:1024"},
		{" mem : 1 024 ; cpus : 0.5 ;", "", "cpus:0.5; mem:1024"},
		{"cpus:1;cpus:1.5", "*", "cpus:2.5"},
		{"cpus:1.5123", "*", "cpus:1.512"},
		{"cpus:0", "*", ""},
		{"ports:[1-5, 6-6,9-9]", "*", "ports:[1-6, 9-9]"},
		{"zones:{b,a}", "*", "zones:{a, b}"},
		{"cpus:4", "web", "cpus(reservations: [(STATIC,web)]):4"},
		{"cpus(web/front):4;cpus(*):2", "x", "cpus:2; cpus(reservations: [(STATIC,web/front)]):4"},
		{`[{"name":"cpus","type":"SCALAR","scalar":{"value":2}}]`, "*", "cpus:2"},
		{`[{"name":"cpus","type":"SCALAR","scalar":{"value":2}}]`, "web", "cpus(reservations: [(STATIC,web)]):2"},
	} {
		got, err := resources.Parse(test.text, test.role)
		if err != nil {
			t.Errorf("Parse(%q, %q): %v", test.text, test.role, err)
			continue
		}
		if got.String() != test.want {
			t.Errorf("Parse(%q, %q) = %q, want %q", test.text, test.role, got, test.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"cpus":              "is not of the form name:value",
		"cpus:1:2":          "is not of the form name:value",
		"cpus:":             "the value is missing",
		"cpus:lots":         "is no amount",
		"cpus:-1":           "is no amount",
		"cpus:NaN":          "is no amount",
		"cpus:Inf":          "is no amount",
		"cpus:0.0004":       "rounds to 0",
		"cpus:1e12":         "more than the most allowed",
		"gpus:1.5":          "not a whole number",
		"ports:[5-1]":       "ends before it begins",
		"ports:[1-5,5-9]":   "overlaps",
		"ports:[1-5":        "lacks the closing",
		"ports:[a-b]":       "not a range",
		"zones:{a,a}":       "twice",
		"zones:{a":          "lacks the closing",
		"cpus(web:1":        "without its",
		"cpus(web/*):1":     "must not contain the part",
		"cpus(-web):1":      "starts with",
		"cpus(a b):1":       "white space",
		`[{"name":"cpus"}]`: "type",
		`[1`:                "not a JSON array",
		`[{"name":"cpus","type":"SCALAR","scalar":{"value":2},"revocable":{}}]`:                                                                           "only a framework",
		`[{"name":"cpus","type":"SCALAR","scalar":{"value":2},"reservations":[{"type":"DYNAMIC","role":"a"}]}]`:                                           "only a framework",
		`[{"name":"disk","type":"SCALAR","scalar":{"value":2},"role":"a","disk":{"persistence":{"id":"x"},"volume":{"container_path":"p","mode":"RW"}}}]`: "only a framework",
	} {
		_, err := resources.Parse(text, "*")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q): %v, want an error with %q", text, err, want)
		}
		if got, want := fault.KindOf(err), fault.Invalid; got != want {
			t.Errorf("Parse(%q): error of kind %v, want %v", text, got, want)
		}
	}
}

func TestFromProtoRefuses(t *testing.T) {
	const cpus = `[{"name":"cpus","type":"SCALAR","scalar":{"value":2},`
	for text, want := range map[string]string{
		`[{"name":"","type":"SCALAR","scalar":{"value":1}}]`:                                     "must have a name",
		`[{"name":"x","type":"TEXT"}]`:                                                           "is not for resources",
		`[{"name":"x","type":"SCALAR"}]`:                                                         "must have scalar",
		`[{"name":"x","type":"SCALAR","scalar":{"value":-1}}]`:                                   "is negative",
		`[{"name":"x","type":"SCALAR","scalar":{"value":NaN}}]`:                                  "not a finite",
		`[{"name":"x","type":"SCALAR","scalar":{"value":1},"set":{}}]`:                           "neither ranges nor set",
		`[{"name":"x","type":"RANGES","ranges":{"range":[{"begin":3,"end":1}]}}]`:                "ends before",
		cpus + `"role":"a","reservations":[{"type":"STATIC","role":"b"}]}]`:                      "contradict",
		cpus + `"role":"*","reservations":[{"type":"STATIC","role":"b"}]}]`:                      "contradict",
		cpus + `"reservation":{"principal":"p"}}]`:                                               "can't have a reservation",
		cpus + `"role":"a","reservation":{"role":"a"}}]`:                                         "must not have role or type",
		cpus + `"reservations":[{"type":"STATIC"}]}]`:                                            "lacks a role",
		cpus + `"reservations":[{"role":"a"}]}]`:                                                 "must be of type",
		cpus + `"reservations":[{"type":"DYNAMIC","role":"*"}]}]`:                                "nothing can be reserved",
		cpus + `"reservations":[{"type":"STATIC","role":"a","principal":"p"}]}]`:                 "can't have a principal",
		cpus + `"reservations":[{"type":"DYNAMIC","role":"a"},{"type":"STATIC","role":"a/b"}]}]`: "can't be STATIC",
		cpus + `"reservations":[{"type":"DYNAMIC","role":"a"},{"type":"DYNAMIC","role":"ab"}]}]`: "does not refine",
		cpus + `"shared":{}}]`:                                                                   "only persistent volumes",
		cpus + `"disk":{}}]`:                                                                     "may have disk info",
	} {
		_, err := resources.FromProto(wire(t, text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("FromProto(%s): %v, want an error with %q", text, err, want)
		}
	}
}

// The three forms say the same, and all of them can be read back.
func TestForms(t *testing.T) {
	const cpus = `{"name":"cpus","type":"SCALAR","scalar":{"value":2.0}`
	for _, test := range []struct{ name, current, old, endpoint string }{
		{"unreserved", cpus + `}`, cpus + `,"role":"*"}`, cpus + `,"role":"*"}`},
		{
			"static", cpus + `,"reservations":[{"type":"STATIC","role":"a"}]}`, cpus + `,"role":"a"}`,
			cpus + `,"role":"a","reservations":[{"type":"STATIC","role":"a"}]}`,
		},
		{
			"dynamic", cpus + `,"reservations":[{"type":"DYNAMIC","role":"a","principal":"p"}]}`,
			cpus + `,"role":"a","reservation":{"principal":"p"}}`,
			cpus + `,"role":"a","reservation":{"principal":"p"},"reservations":[{"type":"DYNAMIC","role":"a","principal":"p"}]}`,
		},
		{
			"refined", cpus + `,"reservations":[{"type":"STATIC","role":"a"},{"type":"DYNAMIC","role":"a/b"}]}`,
			cpus + `,"reservations":[{"type":"STATIC","role":"a"},{"type":"DYNAMIC","role":"a/b"}]}`,
			cpus + `,"reservations":[{"type":"STATIC","role":"a"},{"type":"DYNAMIC","role":"a/b"}]}`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := fromJSON(t, "["+test.current+"]")
			for form, pair := range map[string]struct {
				got  []*mesosv1.Resource
				want string
			}{
				"new": {r.Proto(), test.current}, "old": {r.ProtoOld(), test.old}, "endpoint": {r.ProtoEndpoint(), test.endpoint},
			} {
				if diff := cmp.Diff(wire(t, "["+pair.want+"]"), pair.got, protocmp.Transform()); diff != "" {
					t.Errorf("%s form (-want +got):\n%s", form, diff)
				}
				again, err := resources.FromProto(pair.got)
				if err != nil || !again.Equal(r) {
					t.Errorf("%s form reads back as %v, %v; want %v", form, again, err, r)
				}
			}
		})
	}
}

const (
	volume = `{"name":"disk","type":"SCALAR","scalar":{"value":64},"reservations":[{"type":"STATIC","role":"a"}],` +
		`"disk":{"persistence":{"id":"v1"},"volume":{"container_path":"data","mode":"RW"}}}`
	sharedVolume = `{"name":"disk","type":"SCALAR","scalar":{"value":64},"reservations":[{"type":"STATIC","role":"a"}],"shared":{},` +
		`"disk":{"persistence":{"id":"v1"},"volume":{"container_path":"data","mode":"RW"}}}`
	mount = `{"name":"disk","type":"SCALAR","scalar":{"value":100},"disk":{"source":{"type":"MOUNT","mount":{"root":"/m1"}}}}`
	path  = `{"name":"disk","type":"SCALAR","scalar":{"value":100},"disk":{"source":{"type":"PATH","path":{"root":"/p1"}}}}`
)

// Persistent volumes and whole disks neither merge nor split; disks on a path do; shared volumes count copies.
func TestWholeAndShared(t *testing.T) {
	for name, text := range map[string]string{"persistent": volume, "mount": mount} {
		one := fromJSON(t, "["+text+"]")
		two := one.Plus(one)
		if got, want := len(two.Proto()), 2; got != want {
			t.Errorf("%s twice is %d resources, want %d", name, got, want)
		}
		if !two.Contains(two) || one.Contains(two) {
			t.Errorf("%s: one contains two: %v, two contain two: %v", name, one.Contains(two), two.Contains(two))
		}
		if got := two.Minus(one); !got.Equal(one) {
			t.Errorf("%s: two minus one is %v", name, got)
		}
		part := fromJSON(t, "["+strings.Replace(strings.Replace(text, ":64}", ":1}", 1), ":100}", ":1}", 1)+"]")
		if one.Contains(part) || !one.Minus(part).Equal(one) {
			t.Errorf("%s: a part of it was contained or taken out", name)
		}
	}
	one := fromJSON(t, "["+path+"]")
	if got, want := one.Plus(one).String(), "disk[PATH:/p1]:200"; got != want {
		t.Errorf("path twice is %q, want %q", got, want)
	}
	shared := fromJSON(t, "["+sharedVolume+"]")
	three := shared.Plus(shared).Plus(shared)
	if got, want := three.Scalar("disk").Float(), 64.0; got != want {
		t.Errorf("three copies of a shared volume count %v MB, want %v", got, want)
	}
	if got, want := len(three.Proto()), 3; got != want {
		t.Errorf("three copies are %d messages, want %d", got, want)
	}
	if got := three.Minus(shared.Plus(shared)); !got.Equal(shared) {
		t.Errorf("three copies minus two are %v", got)
	}
}

func TestQueries(t *testing.T) {
	r := resources.MustParse("cpus:2;cpus(a):1;mem:100;ports:[1-10,20-20];ports(a/b):[11-12];zones:{x,y};gpus:2")
	if diff := cmp.Diff([]string{"cpus", "mem", "gpus", "ports", "zones"}, r.Names()); diff != "" {
		t.Errorf("Names (-want +got):\n%s", diff)
	}
	if got, want := r.Vector(), (resources.Vector{3000, 100_000, 0, 2000, 13}); got != want {
		t.Errorf("Vector() = %v, want %v", got, want)
	}
	if got, want := r.Text("ports"), "[1-12, 20-20]"; got != want {
		t.Errorf("Text(ports) = %q, want %q", got, want)
	}
	if got, want := r.Text("zones")+r.Text("cpus")+r.Text("none"), "{x, y}3"; got != want {
		t.Errorf("texts are %q, want %q", got, want)
	}
	if diff := cmp.Diff([]string{"a", "a/b"}, r.Reservations()); diff != "" {
		t.Errorf("Reservations (-want +got):\n%s", diff)
	}
	for name, pair := range map[string]struct {
		got  resources.Resources
		want string
	}{
		"ReservedTo(a)":        {r.ReservedTo("a"), "cpus(a):1"},
		"Unreserved":           {r.Unreserved(), "cpus:2;mem:100;ports:[1-10,20-20];zones:{x,y};gpus:2"},
		"AllocatableTo(a/b)":   {r.AllocatableTo("a/b"), "cpus:2;cpus(a):1;mem:100;ports:[1-10,20-20];ports(a/b):[11-12];zones:{x,y};gpus:2"},
		"AllocatableTo(ab)":    {r.AllocatableTo("ab"), "cpus:2;mem:100;ports:[1-10,20-20];zones:{x,y};gpus:2"},
		"Unallocate(Allocate)": {r.Allocate("z").Unallocate(), "cpus:2;cpus(a):1;mem:100;ports:[1-10,20-20];ports(a/b):[11-12];zones:{x,y};gpus:2"},
	} {
		if want := resources.MustParse(pair.want); !pair.got.Equal(want) {
			t.Errorf("%s = %v, want %v", name, pair.got, want)
		}
	}
	if r.Contains(resources.MustParse("cpus:3")) {
		t.Error("reserved CPUs stood in for unreserved ones")
	}
	mixed := resources.MustParse("cpus:1").Allocate("b").Plus(resources.MustParse("cpus:2").Allocate("a"))
	if diff := cmp.Diff([]string{"a", "b"}, mixed.AllocationRoles()); diff != "" {
		t.Errorf("AllocationRoles (-want +got):\n%s", diff)
	}
	if got, want := mixed.Unallocate().String(), "cpus:3"; got != want {
		t.Errorf("Unallocate() = %q, want %q", got, want)
	}
	if got, want := mixed.AllocatedTo("b").String(), "cpus(allocated: b):1"; got != want {
		t.Errorf("AllocatedTo(b) = %q, want %q", got, want)
	}
}

func TestPick(t *testing.T) {
	offered := resources.MustParse("cpus(a):1;cpus:4;cpus(b):8;mem:100;ports:[1-10];ports(a):[20-29]").Allocate("a")
	for wanted, want := range map[string]string{
		"cpus:0.5":          "cpus(a):0.5",
		"cpus:2;mem:100":    "cpus(a):1;cpus:1;mem:100",
		"ports:[5-6,22-22]": "ports:[5-6];ports(a):[22-22]",
		"cpus:5":            "cpus(a):1;cpus:4",
		"cpus:5.001":        "",
		"ports:[10-11]":     "",
		"disk:1":            "",
	} {
		got, ok := offered.Pick(resources.MustParse(wanted), "a")
		if ok != (want != "") || !got.Equal(resources.MustParse(want).Allocate("a")) {
			t.Errorf("Pick(%q) = %v, %v; want %q", wanted, got, ok, want)
		}
	}
	if got, want := offered.ToUnreserved().Unallocate().String(), "cpus:13; mem:100; ports:[1-10, 20-29]"; got != want {
		t.Errorf("ToUnreserved() = %q, want %q", got, want)
	}
}

func TestTenthsNeverDrift(t *testing.T) {
	tenth, sum := resources.MustParse("cpus:0.1"), resources.Resources{}
	for range 10_000 {
		sum = sum.Plus(tenth)
	}
	if got, want := sum.Proto()[0].GetScalar().GetValue(), 1000.0; got != want {
		t.Errorf("10 000 tenths are %v, want %v", got, want)
	}
}

// anything draws a resource text over few names and roles, so that classes collide.
func anything(t *rapid.T, label string) resources.Resources {
	all := resources.Resources{}
	for i := range rapid.IntRange(0, 6).Draw(t, label+" entries") {
		role := rapid.SampledFrom([]string{"", "(a)", "(a/b)"}).Draw(t, label+" role")
		value := ""
		switch name := rapid.SampledFrom([]string{"cpus", "ports", "zones"}).Draw(t, label+" name"); name {
		case "cpus":
			value = fmt.Sprintf("cpus%s:%d.%03d", role, rapid.IntRange(0, 9).Draw(t, label+" units"), rapid.IntRange(0, 999).Draw(t, label+" thousandths"))
		case "ports":
			begin := rapid.Uint64Range(0, 40).Draw(t, label+" begin")
			value = fmt.Sprintf("ports%s:[%d-%d]", role, begin, begin+rapid.Uint64Range(0, 20).Draw(t, label+" width"))
		case "zones":
			value = fmt.Sprintf("zones%s:{%s}", role, rapid.SampledFrom([]string{"a", "b", "c", "a,b"}).Draw(t, label+" items"))
		}
		part := resources.MustParse(value)
		if i%2 == 0 {
			part = part.Allocate(rapid.SampledFrom([]string{"r1", "r2", ""}).Draw(t, label+" allocated"))
		}
		all = all.Plus(part)
	}
	return all
}

func TestArithmetic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := anything(t, "a"), anything(t, "b"), anything(t, "c")
		sum := a.Plus(b)
		check := func(ok bool, rule string) {
			t.Helper()
			if !ok {
				t.Fatalf("%s\na = %v\nb = %v\nc = %v", rule, a, b, c)
			}
		}
		check(sum.Equal(b.Plus(a)), "a+b = b+a")
		check(sum.Plus(c).Equal(a.Plus(b.Plus(c))), "(a+b)+c = a+(b+c)")
		check(sum.Contains(a) && sum.Contains(b), "a+b contains a and b")
		check(a.Minus(a).Empty(), "a-a is empty")
		check(a.Contains(a.Minus(b)), "a contains a-b")
		check(a.Contains(b) == b.Minus(a).Empty(), "a contains b exactly if b-a is empty")
		if a.Contains(b) {
			check(a.Minus(b).Plus(b).Equal(a), "(a-b)+b = a if a contains b")
		}
		backwards := a.Proto()
		slices.Reverse(backwards)
		again, err := resources.FromProto(backwards)
		check(err == nil && again.Equal(a), "a survives the wire in any order")
	})
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"cpus:4;mem(web):1024;ports:[1-5,7-9];zones:{a,b}", `[{"name":"cpus","type":"SCALAR","scalar":{"value":2}}]`, "a:[18446744073709551615-18446744073709551615]",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := resources.Parse(text, "*")
		if err != nil {
			return
		}
		again, err := resources.FromProto(r.ProtoEndpoint())
		if err != nil || !again.Equal(r) {
			t.Fatalf("%q is %v, and from its wire form %v, %v", text, r, again, err)
		}
		if !r.Contains(r) || !r.Minus(r).Empty() {
			t.Fatalf("%q: %v does not contain itself", text, r)
		}
	})
}

func TestParseAttributes(t *testing.T) {
	got, err := resources.ParseAttributes("rack:r1; level:10;ports:[1-5, 7-7];url:http://x:80;rack:r2;")
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, a := range got {
		texts = append(texts, a.GetName()+" "+a.GetType().String()+" "+resources.AttributeText(a))
	}
	want := []string{"rack TEXT r1", "level SCALAR 10", "ports RANGES [1-5, 7-7]", "url TEXT http://x:80", "rack TEXT r2"}
	if diff := cmp.Diff(want, texts); diff != "" {
		t.Errorf("attributes (-want +got):\n%s", diff)
	}
	for _, text := range []string{"rack", ":r1", "zones:{a}", "x:[5-1]", "x:"} {
		if _, err := resources.ParseAttributes(text); fault.KindOf(err) != fault.Invalid {
			t.Errorf("ParseAttributes(%q): %v, want an error of kind %v", text, err, fault.Invalid)
		}
	}
}

func FuzzParseAttributes(f *testing.F) {
	f.Add("rack:r1;level:10;ports:[1-5]")
	f.Fuzz(func(t *testing.T, text string) {
		attributes, err := resources.ParseAttributes(text)
		if err != nil {
			return
		}
		for _, a := range attributes {
			if a.GetName() == "" || a.GetType() == mesosv1.Value_SET {
				t.Fatalf("%q has the attribute %v", text, a)
			}
		}
	})
}

func BenchmarkOffer(b *testing.B) {
	total := resources.MustParse("cpus:64;mem:262144;disk:1000000;ports:[31000-32000]").Allocate("*")
	task := resources.MustParse("cpus:0.1;mem:32").Allocate("*")
	for b.Loop() {
		if left := total.Minus(task); left.Contains(task) {
			left.Plus(task)
		}
	}
}
