package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const good = `# clusters
context: lab
contexts:
  prod:
    masters: [10.0.0.1:5050, 10.0.0.2:5050]
    production: true
    read-only: true
    theme: light
  lab:
    masters: ["127.0.0.1:5050"]
console:
  ascii: true
`

func TestParse(t *testing.T) {
	got, err := Parse([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Context: "lab", Console: Console{ASCII: true},
		Contexts: map[string]Context{
			"prod": {Masters: []string{"10.0.0.1:5050", "10.0.0.2:5050"}, Production: true, ReadOnly: true, Theme: "light"},
			"lab":  {Masters: []string{"127.0.0.1:5050"}},
		},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Config{})); diff != "" {
		t.Errorf("parsed (-want +got):\n%s", diff)
	}
	if x, err := got.Find(""); err != nil || x.Masters[0] != "127.0.0.1:5050" {
		t.Errorf("the first context is %+v, %v", x, err)
	}
	if _, err := got.Find("nowhere"); err == nil || !strings.Contains(err.Error(), "there are lab, prod") {
		t.Errorf("got %v, want an error that lists the contexts", err)
	}
}

// TestErrorsNameTheLine checks that whoever mistypes is told where.
func TestErrorsNameTheLine(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"contexts:\n  a:\n    master: [b:1]\n", `line 3: unknown key "master"; known are`},
		{"contexts:\n  a:\n    masters: [b:1]\n    production: perhaps\n", `line 4: "perhaps" is not true or false`},
		{"contexts:\n  a:\n    production: true\n", `line 2: context "a" names no masters`},
		{"contexts:\n  a:\n    masters: [nowhere]\n", `line 3: context "a": "nowhere" is no master's address`},
		{"contexts:\n  a:\n    masters: [b:1]\n    ssh: -x\n", `line 4: context "a": "-x" is no host to go through`},
		{"contexts:\n  a:\n    ca: x.pem\n    masters: [b:1]\n", `line 4: context "a": ca and plain-agents are for masters that are named with https://, and b:1 is not`},
		{"contexts:\n  a:\n    masters: ['https://b:1', c:1]\n", `line 3: context "a": https://b:1 is reached by https and c:1 by http`},
		{"console:\n  theme: pink\n", `line 2: a theme is dark, light or auto, not "pink"`},
		{"console:\n  columns:\n    agents: [STATE, 'CPU ALLOC:wide']\n", `line 3: "CPU ALLOC:wide" has a width that is not a number from 1 to 200`},
		{"console:\n  columns:\n    agents:\n    - STATE\n    - ':3'\n", `line 5: ":3" names no column`},
		{"console:\n  columns: [STATE]\n", `line 2:`},
		{"\n\ncontext: x\n", `line 3: there is no context "x"; none is configured`},
		{"contexts: [", "line 1: did not find expected node content"},
	} {
		_, err := Parse([]byte(test.text))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: got %v, want %q", test.text, err, test.want)
		}
	}
}

// TestCheckColumns checks names that only the console knows.
func TestCheckColumns(t *testing.T) {
	known := map[string][]string{"agents": {"AGENT", "CPU ALLOC"}, "tasks": {"TASK"}}
	for _, test := range []struct{ text, want string }{
		{"console:\n  columns:\n    agents: [agent:20, cpu-alloc]\n", ""},
		{"console:\n  columns:\n    agents:\n    - AGENT\n    - RACK\n", `line 5: the list agents has no column "RACK"; it has AGENT, CPU ALLOC`},
		{"console:\n  columns:\n    machines: [AGENT]\n", `line 3: there is no list "machines"; there are agents, tasks`},
	} {
		c, err := Parse([]byte(test.text))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.CheckColumns(known); (err == nil) != (test.want == "") || err != nil && err.Error() != test.want {
			t.Errorf("%q: got %v, want %q", test.text, err, test.want)
		}
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	if c, err := Load(filepath.Join(dir, "none.yaml")); err != nil || c.Contexts != nil {
		t.Errorf("a file that is not there: %+v, %v", c, err)
	}
	path := filepath.Join(dir, "c.yaml")
	if err := os.WriteFile(path, []byte("x: y"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err == nil || !strings.HasPrefix(err.Error(), path+": line 1: unknown key") {
		t.Errorf("got %v, want an error with the path", err)
	}
	if err := os.WriteFile(path, []byte("# "+strings.Repeat("x", maxSize)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err == nil {
		t.Error("read a file of more than a megabyte")
	}
}

func TestPath(t *testing.T) {
	env := func(pairs ...string) func(string) string {
		return func(name string) string {
			for i := 0; i < len(pairs); i += 2 {
				if pairs[i] == name {
					return pairs[i+1]
				}
			}
			return ""
		}
	}
	for _, test := range []struct {
		env  func(string) string
		want string
	}{
		{env("HOME", "/h"), "/h/.config/reeve/config.yaml"},
		{env("HOME", "/h", "XDG_CONFIG_HOME", "/x"), "/x/reeve/config.yaml"},
		{env("HOME", "/h", "REEVE_CONFIG", "/c.yaml"), "/c.yaml"},
	} {
		if got := Path(test.env); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte("contexts: {a: {masters: [b:1]}}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse(data)
		if err == nil && c.Context != "" {
			if _, err := c.Find(""); err != nil {
				t.Errorf("%q was accepted, and %v", data, err)
			}
		}
	})
}
