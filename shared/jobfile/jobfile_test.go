package jobfile_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"codeberg.org/reeve/reeve/shared/jobfile"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

func TestMistakesAreFound(t *testing.T) {
	for text, want := range map[string]string{
		"name: x\ncomand: y\n":                                  "line 2, column 1: there is no key comand; did you mean command?",
		"name: x\nresources:\n  cpu: 1\n":                       "line 3, column 3: there is no key resources.cpu; did you mean cpus?",
		"name: x\ninstances: many\n":                            `line 2, column 12: instances must be a whole number, "many" is given`,
		"name: x\nconstraints:\n- {attribute: a, op: unique}\n": "line 3, column 18: there is no key constraints.op; there are attribute, operator, value, values",
		"name: x\nenv: [A]\n":                                   "line 2, column 6: env must be a list of NAME: VALUE",
		"name: x\nuris: a\n":                                    "line 2, column 7: uris must be a list",
		"name: x\nhealth: yes\n":                                "line 2, column 9: health must hold keys of its own",
		"name: x\nname: y\n":                                    "line 2, column 1: name is given twice, before at line 1",
		"- a\n":                                                 "line 1, column 1: the file must hold the keys of a job, such as name and command",
		"":                                                      "the file is empty",
		"name: x\n---\nname: y\n":                               "the file has more than one document; submit one job after the other",
		`{"name": "x", "retires": 1}`:                           "line 1, column 15: there is no key retires; did you mean retries?",
		`{"name": "\ud83d\ude00\/", "retires": 1}`:              "line 1, column 28: there is no key retires; did you mean retries?",
		"{\n\t\"name\": \"x\",\n\t\"retires\": 1}":              "line 3, column 2: there is no key retires; did you mean retries?",
	} {
		var spec reeveapi.JobSpec
		err := jobfile.Read([]byte(text), &spec)
		if err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

func TestReadAndWrite(t *testing.T) {
	after := 30.0
	spec := reeveapi.JobSpec{
		Name: "web", Kind: reeveapi.Service, Command: "serve", Instances: 3, Env: map[string]string{"A": "1"},
		Constraints: []reeveapi.Constraint{{Attribute: "rack", Operator: "in", Values: []string{"a", "b"}}},
		Health:      &reeveapi.JobHealth{HTTP: "/health"}, ReplaceUnreachableSeconds: &after,
	}
	text, err := jobfile.Write(spec)
	if err != nil {
		t.Fatal(err)
	}
	var got reeveapi.JobSpec
	if err := jobfile.Read(text, &got); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if diff := cmp.Diff(spec, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// What JSON says is what Go's own reader of JSON reads, whatever escapes it has.
func TestJSONIsReadAsJSON(t *testing.T) {
	for _, text := range []string{
		`{"name": "x", "command": "echo \ud83d\ude00 \/etc \u00e4\n\t\"q\" \\ \b\f\r"}`,
		`{"command": "\ud83d", "name": "half"}`,
		`{"command": "\ud83d\u0041", "name": "half and a letter"}`,
		"{\n\t\"name\": \"tabs\",\n\t\"env\": {\"A\\/B\": \"1\"}}",
		`{"name": "nothing", "args": null, "env": null, "health": null, "labels": {}}`,
		`{"name":"tight","resources":{"cpus":1e-1,"mem":64},"command":"a: b # c"}`,
		"\ufeff" + `{"name": "marked"}`,
	} {
		var got, want reeveapi.JobSpec
		if err := json.Unmarshal([]byte(strings.TrimPrefix(text, "\ufeff")), &want); err != nil {
			t.Fatal(err)
		}
		if err := jobfile.Read([]byte(text), &got); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("name: x\nresources: {cpus: 1}\nenv: {A: b}\n")
	f.Add(`{"name": "x", "constraints": [{"attribute": "a"}]}`)
	f.Add("a: &x\n  b: *x\n")
	f.Add(`{"name": "\ud83d\ude00\/\ud83d"}`)
	f.Fuzz(func(_ *testing.T, text string) {
		var spec reeveapi.JobSpec
		_ = jobfile.Read([]byte(text), &spec) // it must end
	})
}
