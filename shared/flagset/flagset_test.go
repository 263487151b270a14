package flagset

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
)

type settings struct {
	Port int
	Name string
	Join []string
	Safe bool
}

// load runs a command line, an environment and a file through a small set of flags. file "" is no file.
func load(t *testing.T, args []string, env map[string]string, file string) (settings, error) {
	t.Helper()
	var s settings
	fs := pflag.NewFlagSet("test", pflag.ContinueOnError)
	Normalize(fs)
	fs.String(ConfigFlag, "", "")
	fs.IntVar(&s.Port, "link-port", 1, "")
	fs.StringVar(&s.Name, "name", "default", "")
	fs.StringSliceVar(&s.Join, "join", nil, "")
	fs.BoolVar(&s.Safe, "safe", false, "")
	if file != "" {
		path := filepath.Join(t.TempDir(), "c.yaml")
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--config", path)
	}
	if err := fs.Parse(args); err != nil {
		return s, err
	}
	err := Load(fs, func(name string) (string, bool) { v, ok := env[name]; return v, ok })
	return s, err
}

func TestPrecedence(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		args []string
		env  map[string]string
		file string
		want settings
	}{
		"default":               {want: settings{Port: 1, Name: "default"}},
		"file":                  {file: "link-port: 2\nname: f\njoin: [a, b]\nsafe: true\n", want: settings{2, "f", []string{"a", "b"}, true}},
		"file with underscores": {file: "link_port: 2\n", want: settings{Port: 2, Name: "default"}},
		"file with one seed":    {file: "join: a:1\n", want: settings{1, "default", []string{"a:1"}, false}},
		"empty file":            {file: "# nothing\n", want: settings{Port: 1, Name: "default"}},
		"environment over file": {
			env: map[string]string{"REEVE_LINK_PORT": "3", "REEVE_JOIN": "c,d"}, file: "link-port: 2\njoin: [a, b]\nname: f\n",
			want: settings{3, "f", []string{"c", "d"}, false},
		},
		"flag over both": {
			args: []string{"--link_port=4", "--join=e", "--join=f"}, env: map[string]string{"REEVE_LINK_PORT": "3", "REEVE_JOIN": "c"},
			file: "link-port: 2\njoin: [a]\n", want: settings{4, "default", []string{"e", "f"}, false},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := load(t, tt.args, tt.env, tt.file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(got, tt.want); diff != "" {
				t.Errorf("settings (-got +want):\n%s", diff)
			}
		})
	}
}

func TestErrorsNamePlaceAndWayOut(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		env  map[string]string
		file string
		want []string
	}{
		"unknown key":     {file: "name: x\nnaem: y\n", want: []string{"c.yaml:2: naem", "no such setting", "--help"}},
		"bad value":       {file: "link-port: many\n", want: []string{"c.yaml:1: link-port", `"many"`}},
		"list for one":    {file: "name: [a, b]\n", want: []string{"c.yaml:1: name", "not a list"}},
		"twice":           {file: "link-port: 1\nlink_port: 2\n", want: []string{"c.yaml:2", "set twice"}},
		"map for a value": {file: "name:\n  x: y\n", want: []string{"c.yaml:1: name", "plain value"}},
		"not a map":       {file: "- a\n", want: []string{"c.yaml:1", "flag-name: value"}},
		"not yaml":        {file: "a: b: c\n", want: []string{"c.yaml is not YAML"}},
		"bad environment": {env: map[string]string{"REEVE_LINK_PORT": "x"}, want: []string{`REEVE_LINK_PORT="x"`, "--link-port"}},
		"a file in a file": {
			file: "config: other.yaml\n", want: []string{"c.yaml:1: config", "no such setting"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := load(t, nil, tt.env, tt.file)
			for _, want := range tt.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("error %v, want %q in it", err, want)
				}
			}
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("error has several lines: %q", err)
			}
		})
	}
}

func TestMissingFile(t *testing.T) {
	t.Parallel()
	_, err := load(t, nil, map[string]string{"REEVE_CONFIG": "/does/not/exist"}, "")
	if err == nil || !strings.Contains(err.Error(), "/does/not/exist") {
		t.Errorf("error %v does not name the file", err)
	}
}

func TestCommon(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		args []string
		want string // in the error, "" for none
	}{
		"defaults":          {},
		"ip":                {[]string{"--ip=localhost"}, `--ip "localhost" is not an IP address`},
		"port":              {[]string{"--gossip-port=70000"}, "--gossip-port 70000"},
		"name":              {[]string{"--name=a b"}, `--name "a b"`},
		"join":              {[]string{"--join=m1"}, `--join "m1"`},
		"advertise":         {[]string{"--advertise-ip=x"}, `--advertise-ip "x"`},
		"work dir a file":   {[]string{"--work-dir=" + file + "/x"}, "--work-dir " + file + "/x cannot be made"},
		"work dir is proc":  {[]string{"--work-dir=/proc"}, "--work-dir /proc is not writable"},
		"all the addresses": {[]string{"--ip=0.0.0.0", "--advertise-ip=10.0.0.1"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var c Common
			fs := pflag.NewFlagSet("test", pflag.ContinueOnError)
			c.Register(fs, 1, t.TempDir())
			if err := fs.Parse(tt.args); err != nil {
				t.Fatal(err)
			}
			err := c.Complete()
			switch {
			case tt.want == "" && err != nil:
				t.Error(err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("error %v, want %q in it", err, tt.want)
			case err == nil && (c.Name == "" || c.Hostname == "" || c.AdvertiseIP == "" || !filepath.IsAbs(c.WorkDir)):
				t.Errorf("not complete: %+v", c)
			}
		})
	}
}

func FuzzFile(f *testing.F) {
	f.Add("link-port: 2\njoin: [a]\n")
	f.Add("? [a]\n: b\n")
	f.Add("&a a: *a\n")
	f.Fuzz(func(t *testing.T, file string) {
		s, err := load(t, nil, nil, file+"\n")
		if err != nil && strings.Contains(err.Error(), "panic") {
			t.Errorf("settings %+v, error %v", s, err)
		}
	})
}
