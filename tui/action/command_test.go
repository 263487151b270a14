package action_test

import (
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/shared/jobfile"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/action"
)

// TestNothingOfAJobIsLeftOut: what flags cannot say goes into a file.
func TestNothingOfAJobIsLeftOut(t *testing.T) {
	plain := reeveapi.JobSpec{Name: "j", Command: "x", Resources: reeveapi.Amounts{CPUs: 1}, Env: map[string]string{"A": "b c"}}
	if got, want := action.RunCommand(plain, []string{"--master=m:1"}), "reeve run --master=m:1 --name=j --cpus=1 --env='A=b c' --command=x"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for name, change := range map[string]func(*reeveapi.JobSpec){
		"secrets":   func(s *reeveapi.JobSpec) { s.Secrets = []reeveapi.JobSecret{{Name: "db", Env: "DB"}} },
		"args":      func(s *reeveapi.JobSpec) { s.Args = []string{"-v"} },
		"container": func(s *reeveapi.JobSpec) { s.Container = &reeveapi.JobContainer{Network: "none"} },
		"placement": func(s *reeveapi.JobSpec) { s.Placement = reeveapi.PlaceSpread },
		"deadline":  func(s *reeveapi.JobSpec) { s.DeadlineSeconds = 9 },
		"no command": func(s *reeveapi.JobSpec) {
			s.Command, s.Image = "", "web:1"
		},
	} {
		spec := plain
		change(&spec)
		got := action.RunCommand(spec, []string{"--master=m:1"})
		_, file, ok := strings.Cut(strings.TrimSuffix(got, "JOB\n"), "<<'JOB'\n")
		var read reeveapi.JobSpec
		if !ok || jobfile.Read([]byte(file), &read) != nil || len(jobfile.Diff(spec, read)) > 0 {
			t.Errorf("%s: got %s, want a file with all of it", name, got)
		}
	}
}
