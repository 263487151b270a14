package main

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

var update = flag.Bool("update", false, "write the golden files")

const url = "http://10.0.0.1/reeve.deb"

// write makes the inputs: a configuration, a package and a script, and returns their paths and an empty folder.
func write(t *testing.T, c map[string]any) (path, pkg, script, out string) {
	t.Helper()
	dir := t.TempDir()
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	path, pkg, script = filepath.Join(dir, "config.json"), filepath.Join(dir, "reeve.deb"), filepath.Join(dir, "provision.sh")
	for name, data := range map[string]string{path: string(text), pkg: "a package", script: "#!/bin/bash\necho \"provisioned: $1\"\n"} {
		if err := os.WriteFile(name, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return path, pkg, script, filepath.Join(dir, "out")
}

func TestUserData(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		config map[string]any
		files  []string
	}{
		"one":      {map[string]any{"masters": 1, "agents": 1, "together": true, "address": "10.141.141.10", "cluster": "reeve"}, []string{"master-and-agent.yaml", "agent.yaml"}},
		"separate": {map[string]any{"masters": 3, "agents": 3, "address": "10.0.0.1", "cluster": "three"}, []string{"master.yaml", "agent.yaml"}},
		"listed":   {map[string]any{"masters": 3, "agents": 0, "addresses": []string{"10.0.0.9", "10.0.1.9", "10.0.2.9", "10.0.3.9"}, "cluster": "zones"}, []string{"master.yaml"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path, pkg, script, out := write(t, tt.config)
			if err := run(path, out, pkg, url, script); err != nil {
				t.Fatal(err)
			}
			made, err := filepath.Glob(filepath.Join(out, "*"))
			if err != nil || len(made) != len(tt.files) {
				t.Errorf("made %v, want %v (%v)", made, tt.files, err)
			}
			for _, file := range tt.files {
				compare(t, filepath.Join(out, file), filepath.Join("testdata", name+"-"+file))
			}
		})
	}
}

func compare(t *testing.T, path, golden string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := yaml.Unmarshal(got, &doc); err != nil || !strings.HasPrefix(string(got), "#cloud-config\n") {
		t.Errorf("%s is no user data (%v):\n%s", path, err, got)
	}
	if *update {
		if err := os.WriteFile(golden, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs:\n%s", golden, diff)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	good := map[string]any{"masters": 1, "agents": 1, "address": "10.0.0.1"}
	for name, tt := range map[string]struct {
		config   map[string]any
		pkg, url string
		want     string
	}{
		"no URL":            {good, "here", "", "where do machines fetch the package"},
		"no package":        {good, "", url, "which package"},
		"package is gone":   {good, "gone", url, "read the package"},
		"two masters":       {map[string]any{"masters": 2, "address": "10.0.0.1"}, "here", url, "masters is 2"},
		"no master":         {map[string]any{"address": "10.0.0.1"}, "here", url, "masters is 0"},
		"too few addresses": {map[string]any{"masters": 3, "addresses": []string{"10.0.0.1"}}, "here", url, "addresses has 1 for 3 masters"},
		"no address":        {map[string]any{"masters": 1, "address": "here"}, "here", url, `address "here"`},
		"no room":           {map[string]any{"masters": 3, "address": "10.0.0.253"}, "here", url, `address "10.0.0.253"`},
		"not a number":      {map[string]any{"masters": "three"}, "here", url, "config.json is not what it should be"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path, pkg, script, out := write(t, tt.config)
			switch tt.pkg {
			case "":
				pkg = ""
			case "gone":
				pkg += ".gone"
			}
			if err := run(path, out, pkg, tt.url, script); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}

// TestVagrantSeesTheSameMasters has Vagrant's Ruby and this program read one configuration: they must not disagree on where
// the masters are.
func TestVagrantSeesTheSameMasters(t *testing.T) {
	t.Parallel()
	ruby, err := exec.LookPath("ruby")
	if err != nil {
		t.Skip("no ruby here: machines.rb is not run")
	}
	data, err := os.ReadFile("../config.json")
	if err != nil {
		t.Fatal(err)
	}
	var c config
	if err := json.Unmarshal(data, &c); err != nil {
		t.Fatal(err)
	}
	c.Masters, c.Agents, c.Together = 3, 2, false
	want, err := c.masters()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(ruby, "../machines.rb")
	cmd.Env = append(os.Environ(), "BOX_MASTERS=3", "BOX_AGENTS=2", "BOX_TOGETHER=false")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var machines []struct {
		Name, Address string
		Roles         []string
		Settings      map[string]string
	}
	if err := json.Unmarshal(out, &machines); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range machines {
		names = append(names, m.Name+" "+m.Address+" "+strings.Join(m.Roles, "+"))
		if got := m.Settings["REEVE_BOX_MASTERS"]; got != strings.Join(want, " ") {
			t.Errorf("Vagrant tells %s that the masters are %q, cloud-init has %q", m.Name, got, want)
		}
	}
	if diff := cmp.Diff([]string{
		"master-1 10.141.141.10 master", "master-2 10.141.141.11 master", "master-3 10.141.141.12 master",
		"agent-1 10.141.141.13 agent", "agent-2 10.141.141.14 agent",
	}, names); diff != "" {
		t.Errorf("machines:\n%s", diff)
	}
}

// TestVagrantfile has vagrant itself check the Vagrantfile, for a machine and for six, where it is installed.
func TestVagrantfile(t *testing.T) {
	t.Parallel()
	vagrant, err := exec.LookPath("vagrant")
	if err != nil {
		t.Skip("no vagrant here: the Vagrantfile is not checked (apt-get install vagrant)")
	}
	home, pkg := t.TempDir(), filepath.Join(t.TempDir(), "reeve.deb")
	if err := os.WriteFile(pkg, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, env := range map[string][]string{
		"one machine": nil, "six machines": {"BOX_MASTERS=3", "BOX_AGENTS=3", "BOX_TOGETHER=false"}, "a box": {"BOX_BOX=bento/ubuntu-24.04"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(vagrant, "validate", "--ignore-provider")
			cmd.Dir = ".."
			cmd.Env = append(os.Environ(), append(env, "VAGRANT_HOME="+home, "VAGRANT_DOTFILE_PATH="+filepath.Join(home, "machines"),
				"VAGRANT_CHECKPOINT_DISABLE=1", "BOX_PACKAGE="+pkg)...)
			if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "validated successfully") {
				t.Errorf("vagrant validate: %v\n%s", err, out)
			}
		})
	}
}

func TestProvisionParses(t *testing.T) {
	t.Parallel()
	if out, err := exec.Command("bash", "-n", "../provision.sh").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	cmd := exec.Command("bash", "-n")
	cmd.Stdin = strings.NewReader(fetch)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
