package e2e

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// formless are verbs whose output is in no form of ours: they refuse -o, or it means nothing to them.
var formless = []string{"completion", "demo", "exec", "execute", "help", "serve-ssh"}

// deeds are all other verbs, each with arguments by which it succeeds after those before it. Words in capitals stand for what only the
// test knows.
var deeds = []struct{ verb, args string }{
	{"version", ""},
	{"config", ""},
	{"config check", ""},
	{"run", "--name=web --kind=service SMALL CHATTY"},
	{"run", "--name=other --dry-run SMALL CHATTY"},
	{"run", "--name=victim SMALL CHATTY"},
	{"run", "--name=cron --kind=periodic --cron=@yearly SMALL CHATTY"},
	{"run", "--name=short --follow SMALL SHORT"},
	{"jobs", ""},
	{"jobs", "web"},
	{"jobs history", "web"},
	{"trigger", "cron"},
	{"scale", "web 2"},
	{"restart", "--yes web"},
	{"run", "--name=web --kind=service --yes SMALL SHORT"},
	{"rollback", "--yes web"},
	{"tasks", "--all"},
	{"inspect", "short"},
	{"agents", ""},
	{"frameworks", ""},
	{"masters", ""},
	{"members", ""},
	{"events", ""},
	{"roles", ""},
	{"explain", "web"},
	{"top", ""},
	{"logs", "short"},
	{"logs", "-f short"},
	{"files", "short"},
	{"files get", "short stdout NEW"},
	{"config job-from-task", "short"},
	{"secrets set", "--from=VALUE key"},
	{"secrets", ""},
	{"secrets remove", "--yes key"},
	{"quota set", "--yes --limit=cpus:1 idle"},
	{"quota", ""},
	{"quota remove", "--yes idle"},
	{"weight set", "--yes idle 2"},
	{"weight", ""},
	{"offers", ""},
	{"offers rescind", "OFFER"},
	{"teardown", "--yes FRAMEWORK"},
	{"kill", "--yes victim.0"},
	{"stop", "--yes web"},
	{"maintenance schedule", "--in=1h AGENT"},
	{"maintenance", ""},
	{"maintenance cancel", "AGENT"},
	{"deactivate", "AGENT"},
	{"reactivate", "AGENT"},
	{"drain", "--yes AGENT"},
	{"reactivate", "AGENT"},
	{"masters step-down", "--yes"},
	{"maintenance schedule", "AGENT"},
	{"maintenance start", "--yes HOST"},
	{"maintenance stop", "HOST"},
	{"gone", "--yes OTHER"},
}

// refused name things that the cluster does not have.
var refused = []string{
	"jobs ghost", "jobs history ghost", "trigger ghost", "scale ghost 2", "restart --yes ghost", "rollback --yes ghost", "stop --yes ghost",
	"logs ghost", "files ghost", "files get ghost x NEW", "config job-from-task ghost", "explain ghost", "inspect ghost", "secrets remove --yes ghost", "offers rescind ghost",
	"maintenance schedule ghost", "maintenance cancel ghost", "maintenance start --yes ghost", "maintenance stop ghost", "deactivate ghost",
	"reactivate ghost", "drain --yes ghost", "gone --yes ghost", "kill --yes ghost", "teardown --yes ghost", "masters step-down --yes ghost",
}

// TestEveryVerbForPrograms walks all verbs there are. With -o json stdout is JSON and nothing else; what goes wrong is one line on
// stderr, nothing on stdout, and the documented exit status.
func TestEveryVerbForPrograms(t *testing.T) {
	t.Parallel()
	needRoot(t)
	r := start(t, 3, 2)
	walked := slices.Clone(formless)
	for _, d := range deeds {
		walked = append(walked, d.verb)
	}
	verbs := r.verbs()
	for _, verb := range verbs {
		if !slices.Contains(walked, verb) {
			t.Errorf("nothing here tries %q", verb)
		}
		want := 2
		if verb == "execute" {
			want = 1 // as mesos-execute
		}
		if verb != "completion" && verb != "help" {
			oneLine(t, verb+" --no-such-flag", r.reeve(append(strings.Fields(verb), "--no-such-flag")...), want)
		}
	}
	for _, verb := range []string{"exec ghost true", "execute --name=x --command=true", ""} {
		oneLine(t, verb+" -o json", r.reeve(append([]string{"-o", "json"}, strings.Fields(verb)...)...), 2)
	}
	for _, line := range refused {
		line = strings.ReplaceAll(line, "NEW", filepath.Join(t.TempDir(), "new"))
		oneLine(t, line, r.reeve(append(strings.Fields(line), "-o", "json")...), 1)
	}
	oneLine(t, "tasks of nobody", runCommand(t, exec.Command(filepath.Join(r.bin, "reeve"), "--master=127.0.0.1:1", "tasks", "-o", "json")), 1)
	r.walk()
}

// walk does all deeds, one after the other.
func (r *rig) walk() {
	r.t.Helper()
	secret := filepath.Join(r.t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("hunter2"), 0o600); err != nil {
		r.t.Fatal(err)
	}
	agents, err := r.client.Agents(r.t.Context())
	if err != nil || len(agents) != 2 {
		r.t.Fatalf("%d agents, %v; want 2", len(agents), err)
	}
	offer, framework := "", ""
	for _, d := range deeds {
		switch d.verb {
		case "kill", "restart":
			r.await("running tasks", func(ts []reeveapi.Task) bool { return aTaskRuns(ts, "victim") && aTaskRuns(ts, "web") })
		case "maintenance schedule":
			r.agent(agents[0].ID, "an address", func(a reeveapi.Agent) bool { return a.HTTP != "" }) // a new leader does not know it at first
		case "offers": // not before: it takes all that there is
			holder := r.tenant()
			holder.until("an offer", func() bool { return len(holder.offers) > 0 })
			offer, framework = holder.offers[0].GetId().GetValue(), holder.info.GetId().GetValue()
		}
		line := strings.NewReplacer(
			"SMALL", "--cpus=0.1 --mem=32", "CHATTY", "--command=echo~hi;~sleep~100000", "SHORT", "--command=echo~one;~echo~two~>&2",
			"AGENT", agents[0].ID, "OTHER", agents[1].ID, "HOST", agents[0].Name, "OFFER", offer, "FRAMEWORK", framework,
			"NEW", filepath.Join(r.t.TempDir(), "new"), "VALUE", secret,
		).Replace(d.args)
		args := append(strings.Fields(d.verb), strings.Fields(line)...)
		for i := range args {
			args[i] = strings.ReplaceAll(args[i], "~", " ")
		}
		got := r.reeve(append([]string{"-o", "json"}, args...)...)
		if got.code != 0 {
			r.t.Errorf("%v: exit status %d: %s", args, got.code, got.stderr)
			continue
		}
		if n, err := documents(got.stdout); n == 0 || err != nil {
			r.t.Errorf("%v: %d documents of JSON, %v, in %q", args, n, err, got.stdout)
		}
	}
}

// aTaskRuns says whether a job has a task that runs.
func aTaskRuns(tasks []reeveapi.Task, job string) bool {
	return slices.ContainsFunc(tasks, func(t reeveapi.Task) bool { return t.Job == job && t.State == "TASK_RUNNING" })
}

// verbs asks the program for all its verbs, as shells do that complete.
func (r *rig) verbs() []string {
	r.t.Helper()
	below := func(args ...string) []string {
		var names []string
		for line := range strings.Lines(r.must(append([]string{"__complete"}, append(args, "")...)...)) {
			if name, _, described := strings.Cut(line, "\t"); described {
				names = append(names, name)
			}
		}
		return names
	}
	var all []string
	for _, verb := range below() {
		all = append(all, verb)
		if !slices.Contains(formless, verb) {
			for _, inner := range below(verb) {
				all = append(all, verb+" "+inner)
			}
		}
	}
	if len(all) < 40 {
		r.t.Fatalf("there are only %d verbs: %v", len(all), all)
	}
	return all
}

// documents counts the values of JSON in a text of nothing else.
func documents(text string) (n int, err error) {
	in := json.NewDecoder(strings.NewReader(text))
	for {
		var v any
		if err := in.Decode(&v); err == io.EOF {
			return n, nil
		} else if err != nil {
			return n, err
		}
		n++
	}
}

// oneLine checks how a refusal looks.
func oneLine(t *testing.T, what string, got result, status int) {
	t.Helper()
	if got.code != status || got.stdout != "" || strings.Count(got.stderr, "\n") != 1 || !strings.HasPrefix(got.stderr, "reeve: ") {
		t.Errorf("%s: exit status %d, want %d; stdout %q, stderr %q", what, got.code, status, got.stdout, got.stderr)
	}
}
