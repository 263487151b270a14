package config

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/shared/fault"
)

// parse runs the command line and returns what start was given.
func parse(t *testing.T, args ...string) (Config, error) {
	t.Helper()
	var got Config
	cmd := Command(Actions{Serve: func(_ context.Context, cfg Config) error { got = cfg; return nil }})
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(t.Context())
	return got, err
}

func TestDefaultsAreThoseOfTheDesign(t *testing.T) {
	dir := t.TempDir()
	got, err := parse(t, "--work_dir="+dir)
	if err != nil {
		t.Fatal(err)
	}
	if got.IP != "127.0.0.1" || got.Port != 5050 || got.LinkPort != 5052 || got.RaftPort != 5053 || got.GossipPort != 7946 ||
		got.BootstrapExpect != 1 || got.Cluster != "reeve" || got.WorkDir != dir || got.AdvertiseIP != "127.0.0.1" {
		t.Errorf("got %+v", got)
	}
	if got.Flags["work-dir"] != dir || got.Flags["bootstrap-expect"] != "1" || got.Flags["hostname"] == "" {
		t.Errorf("flags in force: %v", got.Flags)
	}
}

func TestUsageErrors(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "m.yaml")
	if err := os.WriteFile(file, []byte("bootstrap_expect: three\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"unknown flag": {[]string{"--prot=1"}, "unknown flag: --prot; masterd --help"},
		"argument":     {[]string{"start"}, `"start"`},
		"expect":       {[]string{"--bootstrap-expect=0"}, "--bootstrap-expect 0"},
		"port":         {[]string{"--raft-port=-1"}, "--raft-port -1"},
		"cluster":      {[]string{"--cluster=" + strings.Repeat("x", 31)}, "1 to 30 characters"},
		"offers":       {[]string{"--offer_timeout=10ms"}, "--offer-timeout 10ms is too short"},
		"file":         {[]string{"--config=" + file}, "m.yaml:1: bootstrap_expect"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse(t, append([]string{"--work-dir=" + dir}, tt.args...)...)
			if err == nil || !strings.Contains(err.Error(), tt.want) || fault.KindOf(err) != fault.Invalid {
				t.Errorf("error %v (%s), want an invalid one with %q", err, fault.KindOf(err), tt.want)
			}
		})
	}
}

// TestPackagedConfiguration reads the file that packages install, as it is and with every setting that it suggests, and the
// one that the documentation has people write.
func TestPackagedConfiguration(t *testing.T) {
	data, err := os.ReadFile("../../shared/packaging/etc/masterd.yaml")
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
	byHand := regexp.MustCompile(`(?s)/etc/reeve/masterd.yaml <<EOF\n(.*?)\n    EOF`).FindSubmatch(page)
	if byHand == nil {
		t.Fatal("install.md does not show this file")
	}
	for name, text := range map[string]string{"as installed": string(data), "all settings": suggested, "by hand": string(byHand[1])} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "masterd.yaml")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := parse(t, "--work-dir", t.TempDir(), "--config", file); err != nil {
				t.Error(err)
			}
		})
	}
}
