package config

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/fault"
)

// load runs the command line up to the point where the agent would start.
func load(t *testing.T, args ...string) (got Config, err error) {
	t.Helper()
	take := func(_ context.Context, cfg Config) error { got = cfg; return nil }
	cmd := Command(Actions{Serve: take, Clean: take})
	cmd.SetArgs(args)
	err = cmd.ExecuteContext(t.Context())
	return got, err
}

func mustLoad(t *testing.T, args ...string) Config {
	t.Helper()
	got, err := load(t, args...)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestMesosSpellings(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("REEVE_GC_DELAY", "2days")
	cfg := mustLoad(t, "--work_dir="+dir, "--executor_registration_timeout=1.5mins", "--attributes=rack:a", "--executor_environment_variables", `{"A":"b"}`)
	if cfg.WorkDir != dir || cfg.RegistrationTimeout != 90*time.Second || cfg.GCDelay != 48*time.Hour || cfg.ExecutorEnv["A"] != "b" {
		t.Errorf("got %+v", cfg)
	}
	if cfg.Flags["executor-registration-timeout"] != "1m30s" || cfg.Flags["work-dir"] != dir {
		t.Errorf("got flags %v", cfg.Flags)
	}
	if filepath.Base(cfg.ShimPath) != shimName {
		t.Errorf("got shim %s, want one beside the program", cfg.ShimPath)
	}
}

func TestTwoAgentsDoNotMeet(t *testing.T) {
	a, b := mustLoad(t, "--work-dir", t.TempDir()), mustLoad(t, "--work-dir", t.TempDir())
	if a.RuntimeDir == b.RuntimeDir || a.CgroupRoot == b.CgroupRoot {
		t.Errorf("both got %s or %s", a.RuntimeDir, a.CgroupRoot)
	}
	clean := mustLoad(t, "clean", "--work-dir", a.WorkDir)
	if clean.RuntimeDir != a.RuntimeDir || clean.CgroupRoot != a.CgroupRoot {
		t.Errorf("clean looks at %s and %s, the agent was at %s and %s", clean.RuntimeDir, clean.CgroupRoot, a.RuntimeDir, a.CgroupRoot)
	}
}

func TestCleanTakesTheAgentsConfiguration(t *testing.T) {
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "agentd.yaml")
	if err := os.WriteFile(file, []byte("ip: 10.0.0.9\njoin: [\"10.0.0.1:7946\"]\nwork-dir: "+dir+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if cfg := mustLoad(t, "clean", "--config", file); cfg.WorkDir != dir {
		t.Errorf("clean looks at %s, the file says %s", cfg.WorkDir, dir)
	}
}

func TestRefused(t *testing.T) {
	dir := t.TempDir()
	for _, test := range []struct{ args, want string }{
		{"--gc-delay=soon", "1.5mins"},
		{"--gc-disk-headroom=2", "0 to 1"},
		{"--master=nowhere", "host:port"},
		{"--executor-environment-variables=[]", "JSON object"},
		{"--executor-environment-variables={\"A\":1}", "JSON object"},
		{"--no-such-flag", "agentd --help"},
		{"stray", "no arguments"},
	} {
		_, err := load(t, "--work-dir="+dir, test.args)
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want an Invalid that says %q", test.args, err, test.want)
		}
	}
	if _, err := load(t, "clean", "--work-dir=/nowhere/at/all"); fault.KindOf(err) != fault.Invalid {
		t.Errorf("clean of a missing directory: got %v, want Invalid", err)
	}
}

// TestPackagedConfiguration reads the file that packages install, as it is and with every setting that it suggests, and the
// one that the documentation has people write.
func TestPackagedConfiguration(t *testing.T) {
	data, err := os.ReadFile("../../shared/packaging/etc/agentd.yaml")
	if err != nil {
		t.Fatal(err)
	}
	suggested := regexp.MustCompile(`(?m)^#([a-z-]+:)`).ReplaceAllString(string(data), "$1")
	if suggested == string(data) {
		t.Error("the file suggests nothing")
	}
	page, err := os.ReadFile("../../shared/docs/install.md")
	if err != nil {
		t.Fatal(err)
	}
	byHand := regexp.MustCompile(`(?s)/etc/reeve/agentd.yaml <<EOF\n(.*?)\n    EOF`).FindSubmatch(page)
	if byHand == nil {
		t.Fatal("install.md does not show this file")
	}
	for name, text := range map[string]string{"as installed": string(data), "all settings": suggested, "by hand": string(byHand[1])} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "agentd.yaml")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := load(t, "--work-dir", t.TempDir(), "--config", file); err != nil {
				t.Error(err)
			}
		})
	}
}
