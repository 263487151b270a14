package packaging

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// content is one line of nfpm.yaml's list.
type content struct {
	Src, Dst, Type string
	Packager       string
	FileInfo       struct{ Mode int } `yaml:"file_info"`
}

func contents(t *testing.T) (list []content, scripts map[string]string) {
	t.Helper()
	data, err := os.ReadFile("nfpm.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var spec struct {
		Contents []content
		Scripts  map[string]string
	}
	if err := yaml.Unmarshal(data, &spec); err != nil {
		t.Fatal(err)
	}
	return spec.Contents, spec.Scripts
}

// built are the folders that build.sh fills: what lies there is not in the tree.
var built = []string{"bin", "man", "completion", "doc"}

// TestContentsExist tells of a file that was renamed or removed, before a package is built, and of one that was forgotten.
func TestContentsExist(t *testing.T) {
	t.Parallel()
	list, scripts := contents(t)
	named := map[string]bool{}
	for _, c := range list {
		named[c.Src] = true
		if c.FileInfo.Mode == 0 {
			t.Errorf("%s has no mode; it would have that of whoever builds", c.Dst)
		}
		if c.Type == "dir" || slices.Contains(built, filepath.Dir(c.Src)) || slices.Contains(built, filepath.Dir(filepath.Dir(c.Src))) {
			continue
		}
		if _, err := os.Stat(c.Src); err != nil {
			t.Errorf("%s is to be installed as %s: %v", c.Src, c.Dst, err)
		}
	}
	for _, path := range scripts {
		named[path] = true
	}
	for _, pattern := range []string{"etc/*", "systemd/*", "logrotate/*", "scripts/*"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v, %v", pattern, files, err)
		}
		for _, path := range files {
			if !named[path] {
				t.Errorf("%s is in no package", path)
			}
		}
	}
}

// TestTheListIsThePackage holds nfpm.yaml against testdata/deb.txt, which "make test-packages" holds against a real package: a file
// that is in one of them only is told of here, before anything is built.
func TestTheListIsThePackage(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/deb.txt")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{} // whether nfpm.yaml names it
	modes := map[string]string{}
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(line)
		if path := strings.TrimPrefix(fields[2], "."); !strings.HasSuffix(path, "/") {
			listed[path], modes[path] = false, fields[0]
		}
	}
	list, _ := contents(t)
	for _, c := range list {
		if c.Type == "dir" || c.Packager == "rpm" {
			continue
		}
		if !strings.Contains(c.Src, "*") {
			if _, ok := listed[c.Dst]; !ok {
				t.Errorf("%s is in the packages, and testdata/deb.txt does not list it", c.Dst)
			} else if want := os.FileMode(c.FileInfo.Mode).String(); modes[c.Dst] != want {
				t.Errorf("%s has the mode %s, and testdata/deb.txt says %s", c.Dst, want, modes[c.Dst])
			}
			listed[c.Dst] = true
			continue
		}
		found := false
		for path := range listed {
			if ok, err := filepath.Match(filepath.Base(c.Src), filepath.Base(path)); err == nil && ok && filepath.Dir(path)+"/" == c.Dst {
				listed[path], found = true, true
			}
		}
		if !found {
			t.Errorf("%s is to be in %s, and testdata/deb.txt lists nothing there", c.Src, c.Dst)
		}
	}
	for path, named := range listed {
		if !named {
			t.Errorf("testdata/deb.txt lists %s, which nfpm.yaml does not have", path)
		}
	}
}

// TestReadmeInstallsAsThePage holds the commands of README.md's "Install it" against install.md, from which "make test-box" takes
// what it runs: each stands in both, but for Vagrant's, which are in a page of their own.
func TestReadmeInstallsAsThePage(t *testing.T) {
	t.Parallel()
	read := func(path string) string {
		t.Helper()
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	_, section, found := strings.Cut(read("../../README.md"), "## Install it\n")
	section, _, ended := strings.Cut(section, "\n## ")
	if !found || !ended {
		t.Fatal("README.md has no section that says how to install")
	}
	pages := read("../docs/install.md") + read("../../vagrant/README.md")
	commands := 0
	for line := range strings.Lines(section) {
		command, code := strings.CutPrefix(line, "    ")
		command, _, _ = strings.Cut(command, " #")
		if command = strings.TrimSpace(command); !code || command == "" || strings.HasPrefix(command, "vagrant ssh -c") {
			continue
		}
		commands++
		if !strings.Contains(pages, command) {
			t.Errorf("README.md says %q, and neither install.md nor vagrant/README.md does", command)
		}
	}
	if commands == 0 {
		t.Error("README.md has no commands to install with")
	}
}

// TestConfigurationIsKept makes sure that an upgrade does not write over what an operator has changed.
func TestConfigurationIsKept(t *testing.T) {
	t.Parallel()
	list, _ := contents(t)
	for _, c := range list {
		if strings.HasPrefix(c.Dst, "/etc/") && c.Type != "dir" && c.Type != "config|noreplace" {
			t.Errorf("%s has type %q, want config|noreplace", c.Dst, c.Type)
		}
	}
}

func TestScriptsParse(t *testing.T) {
	t.Parallel()
	for _, pattern := range []struct{ shell, files string }{{"sh", "scripts/*"}, {"bash", "*.sh"}, {"bash", "box/*.sh"}} {
		files, err := filepath.Glob(pattern.files)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v, %v", pattern.files, files, err)
		}
		for _, path := range files {
			if out, err := exec.Command(pattern.shell, "-n", path).CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", path, err, out)
			}
		}
	}
}

// TestUnits has systemd read the units, with programs that are there on any machine.
func TestUnits(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("no systemd-analyze here: the units are not checked")
	}
	dir := t.TempDir()
	args := []string{"verify", "--man=no"}
	for _, name := range []string{"masterd.service", "agentd.service", "reeve-ssh.service"} {
		data, err := os.ReadFile(filepath.Join("systemd", name))
		if err != nil {
			t.Fatal(err)
		}
		text := regexp.MustCompile(`(?m)^ExecStart=/usr/bin/\w+`).ReplaceAllString(string(data), "ExecStart=/bin/true")
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, path)
	}
	out, err := exec.Command("systemd-analyze", args...).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze %v: %v\n%s", args, err, out)
	}
}

// TestTasksOutliveTheAgent guards the three lines that a restart of agentd without losing tasks hangs on.
func TestTasksOutliveTheAgent(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("systemd/agentd.service")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"KillMode=process", "Delegate=yes", "TasksMax=infinity"} {
		if !slices.Contains(strings.Split(string(data), "\n"), line) {
			t.Errorf("agentd.service lacks %s", line)
		}
	}
}
