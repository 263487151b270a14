package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestServeSettings checks where serve-ssh takes its settings from: a flag, else the environment, else the file of --config.
// The file without keys ends it, and says which one was taken.
func TestServeSettings(t *testing.T) {
	dir := t.TempDir()
	keys := func(name string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	flag, env, file := keys("flag"), keys("env"), keys("file")
	settings := filepath.Join(dir, "serve.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(settings, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	taken := func(want string, args ...string) {
		t.Helper()
		r := reeve(t, nil, nil, append([]string{"serve-ssh", "--config=" + settings}, args...)...)
		if r.code != 1 || !strings.HasPrefix(r.stderr, "reeve: "+want+" has no key") {
			t.Errorf("%v: got %+v, want the keys of %s", args, r, want)
		}
	}
	refused := func(want string, args ...string) {
		t.Helper()
		r := reeve(t, nil, nil, append([]string{"serve-ssh", "--config=" + settings}, args...)...)
		if r.code != 2 || !strings.Contains(r.stderr, want) {
			t.Errorf("%v: got %+v, want status 2 and %q", args, r, want)
		}
	}
	write("keys: " + file + "\nwork_dir: " + dir + "\nmaster: [\"10.0.0.1:5050\", \"10.0.0.2:5050\"]\n")
	refused("it takes one value, not a list")
	write("# nothing but the keys\nkeys: " + file + "\nwork_dir: " + dir + "\nmaster: 10.0.0.1:5050,10.0.0.2:5050\n")
	taken(file)
	refused("--master and --context both say which cluster", "--context=lab")
	t.Setenv("REEVE_CONFIG", filepath.Join(dir, "of the operator's"))
	t.Setenv("REEVE_KEYS", env)
	taken(env)
	taken(flag, "--keys="+flag)
	shipped := func(path string) string { return filepath.Join("../../shared/packaging/etc", path) }
	taken(flag, "--config="+shipped("serve-ssh.yaml"), "--keys="+flag)
	taken(shipped("authorized_keys"), "--keys="+shipped("authorized_keys"))
	text, err := os.ReadFile(shipped("serve-ssh.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	write(regexp.MustCompile(`(?m)^#([a-z-]+: )`).ReplaceAllString(string(text), "$1")) // what it suggests is right, too
	taken(flag, "--keys="+flag)
	write("lisen: 0.0.0.0:5022\n")
	refused(settings + ":1: lisen: no such setting")
	write("max-sessions: many\n")
	refused(settings + ":1: max-sessions: \"many\" is no value for it")
	refused("read the configuration file", "--config="+filepath.Join(dir, "none"))
}
