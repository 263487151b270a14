package cli

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/reach"
)

// configure writes a configuration and makes it this test's.
func configure(t *testing.T, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("REEVE_CONFIG", path)
	return path
}

// TestContexts checks which cluster is asked: --master, --context, REEVE_MASTER and the first context, in this order.
func TestContexts(t *testing.T) {
	lab, prod := newCluster(t), newCluster(t)
	lab.agents = []reeveapi.Agent{{ID: "l", Name: "lab-1", State: "active"}}
	prod.agents = []reeveapi.Agent{{ID: "p", Name: "prod-1", State: "active"}}
	configure(t, "context: lab\ncontexts:\n  lab: {masters: ['"+lab.address+"']}\n  prod: {masters: ['"+prod.address+"'], production: true}\n")
	names := func(args ...string) string {
		t.Helper()
		r := reeve(t, nil, nil, append(args, "agents", "-o", "name")...)
		if r.code != 0 {
			t.Errorf("%v: %+v", args, r)
		}
		return strings.TrimSpace(r.stdout)
	}
	if got := names(); got != "l" {
		t.Errorf("without a flag: got %s, want the first context's", got)
	}
	if got := names("--context=prod"); got != "p" {
		t.Errorf("with --context: got %s", got)
	}
	if got := names("--master=" + prod.address); got != "p" {
		t.Errorf("with --master: got %s", got)
	}
	t.Setenv("REEVE_MASTER", prod.address)
	if got := names(); got != "p" {
		t.Errorf("with REEVE_MASTER: got %s", got)
	}
	if got := names("--context=lab"); got != "l" {
		t.Errorf("with REEVE_MASTER and --context: got %s", got)
	}
	check(t, reeve(t, nil, nil, "--ssh=-x", "agents"), result{"", "reeve: --ssh: \"-x\" is no host to go through; write HOST, USER@HOST or a name of ~/.ssh/config\n", 2})
	check(t, reeve(t, nil, nil, "--context=mars", "agents"), result{"", "reeve: --context: there is no context \"mars\"; there are lab, prod\n", 2})
	check(t, reeve(t, lab, nil, "--context=lab", "agents"), result{"", "reeve: --master and --context both say which cluster; give one of them\n", 2})
}

func TestConfig(t *testing.T) {
	path := configure(t, "context: lab\ncontexts:\n  lab: {masters: ['10.0.0.1:5050'], ssh: ann@box1, read-only: true}\n")
	check(t, reeve(t, nil, nil, "config"), result{
		"CONTEXT  FIRST  PRODUCTION  READ-ONLY  MASTERS        VIA\nlab      yes    -           yes        10.0.0.1:5050  ann@box1\n", path + "\n", 0,
	})
	check(t, reeve(t, nil, nil, "config", "check"), result{path + ": nothing is wrong; contexts: lab\n", "", 0})
	check(t, reeve(t, nil, nil), result{"console of [10.0.0.1:5050]\n", "", 0})

	path = configure(t, "contexts:\n  lab: {master: [x]}\n")
	want := `reeve: ` + path + `: line 2: unknown key "master"; known are context, contexts (masters, ssh, ca, plain-agents, production, read-only, theme) and console (theme, ascii, mouse, columns)` + "\n"
	check(t, reeve(t, nil, nil, "config", "check"), result{"", want, 1})
	check(t, reeve(t, nil, nil, "agents"), result{"", want, 2})
	check(t, reeve(t, nil, nil, "--master=127.0.0.1:1"), result{"", want, 2}) // the console needs it
}

// TestWays: the flags that a console puts into command lines lead to where it is.
func TestWays(t *testing.T) {
	path := configure(t, "contexts:\n  prod:\n    masters: ['https://m1:443', 'https://m2:443']\n    ssh: ann@box1\n    ca: prod.pem\n    plain-agents: true\n")
	find := func(args ...string) (got reach.Way) {
		t.Helper()
		a := &app{stdin: strings.NewReader(""), stdout: io.Discard, stderr: t.Output(), terminal: func() bool { return false }}
		root := a.command(func(o Options) error {
			got = o.Way
			return nil
		})
		root.SetArgs(args)
		if err := root.ExecuteContext(t.Context()); err != nil {
			t.Fatal(err)
		}
		return got
	}
	prod := reach.Way{
		Masters: []string{"https://m1:443", "https://m2:443"}, SSH: "ann@box1", CA: filepath.Join(filepath.Dir(path), "prod.pem"), PlainAgents: true,
	}
	named, otherwise := prod, prod
	named.Context = "prod"
	otherwise.SSH = "bob@box2"
	for _, test := range []struct {
		args []string
		want reach.Way
	}{
		{[]string{"--context=prod"}, named},
		{[]string{"--context=prod", "--ssh=bob@box2"}, otherwise}, // the name would lead elsewhere
		{prod.Explicit(), prod},
		{[]string{"--master=a:1, b:2"}, reach.Way{Masters: []string{"a:1", "b:2"}}},
	} {
		got := find(test.args...)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%v (-want +got):\n%s", test.args, diff)
		}
		if diff := cmp.Diff(got, find(got.Flags()...)); diff != "" {
			t.Errorf("%v leads elsewhere (-want +got):\n%s", got.Flags(), diff)
		}
	}
}

// TestAuthorities: what is wrong with a file of certificates is told where it was named.
func TestAuthorities(t *testing.T) {
	path := configure(t, "contexts:\n  lab:\n    masters: ['https://m:1']\n    ca: none.pem\n")
	ca := filepath.Join(filepath.Dir(path), "none.pem")
	check(t, reeve(t, nil, nil, "config", "check"), result{"", "reeve: " + path + ": line 4: context \"lab\": read certificates: open " + ca + ": no such file or directory\n", 1})
	check(t, reeve(t, nil, nil, "--context=lab", "agents"), result{"", "reeve: --ca: read certificates: open " + ca + ": no such file or directory\n", 2})
	check(t, reeve(t, nil, nil, "--master=m:1", "--ca=/x", "agents"), result{"", "reeve: ca and plain-agents are for masters that are named with https://, and m:1 is not\n", 2})
}

// TestMain keeps the configuration of whoever runs the tests out of them.
func TestMain(m *testing.M) {
	if err := os.Setenv("REEVE_CONFIG", "/nonexistent/reeve.yaml"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}
