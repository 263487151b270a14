package jobspec_test

import (
	"strings"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/masterd/jobspec"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// TestRules: every refusal names the value and the way out.
func TestRules(t *testing.T) {
	for want, change := range map[string]func(*reeveapi.JobSpec){
		"retries is not for services":          func(s *reeveapi.JobSpec) { s.Kind, s.Retries = reeveapi.Service, 1 },
		"deadline_seconds is not for services": func(s *reeveapi.JobSpec) { s.Kind, s.DeadlineSeconds = reeveapi.Service, 1 },
		"update is for services":               func(s *reeveapi.JobSpec) { s.Update = &reeveapi.JobUpdate{} },
		"must not be negative":                 func(s *reeveapi.JobSpec) { s.Kind, s.Update = reeveapi.Service, &reeveapi.JobUpdate{MaxSurge: -1} },
		"needs a schedule":                     func(s *reeveapi.JobSpec) { s.Kind = reeveapi.Periodic },
		"set kind: periodic":                   func(s *reeveapi.JobSpec) { s.Schedule = &reeveapi.JobSchedule{Cron: "@daily"} },
		`schedule.overlap is "wait"`: func(s *reeveapi.JobSpec) {
			s.Kind, s.Schedule = reeveapi.Periodic, &reeveapi.JobSchedule{Cron: "@daily", Overlap: "wait"}
		},
		`schedule.cron "61 * * * *"`: func(s *reeveapi.JobSpec) {
			s.Kind, s.Schedule = reeveapi.Periodic, &reeveapi.JobSchedule{Cron: "61 * * * *"}
		},
		"belongs into time_zone": func(s *reeveapi.JobSpec) {
			s.Kind, s.Schedule = reeveapi.Periodic, &reeveapi.JobSchedule{Cron: "TZ=UTC * * * * *"}
		},
		"0 ways to check":                        func(s *reeveapi.JobSpec) { s.Health = &reeveapi.JobHealth{} },
		"needs port 0 of the instance":           func(s *reeveapi.JobSpec) { s.Health = &reeveapi.JobHealth{TCP: true} },
		"must be a path that begins with /":      func(s *reeveapi.JobSpec) { s.Ports, s.Health = 1, &reeveapi.JobHealth{HTTP: "health"} },
		"fixed port 80 must be":                  func(s *reeveapi.JobSpec) { s.FixedPorts = []int{80, 80} },
		"it must be at least 0.1":                func(s *reeveapi.JobSpec) { s.Restart = &reeveapi.JobRestart{BackoffSeconds: 0.001} },
		`placement "best" is neither`:            func(s *reeveapi.JobSpec) { s.Placement = "best" },
		`avoid names "j"`:                        func(s *reeveapi.JobSpec) { s.Avoid = []string{"j"} },
		"a volume needs both host and container": func(s *reeveapi.JobSpec) { s.Volumes = []reeveapi.JobVolume{{Host: "/x"}} },
		"is a path of the API":                   func(s *reeveapi.JobSpec) { s.Name = "plan" },
		"limits.cpus is 0.05":                    func(s *reeveapi.JobSpec) { s.Limits = &reeveapi.JobLimits{CPUs: 0.05} },
		"0.5 gpus asked, it must be a whole":     func(s *reeveapi.JobSpec) { s.Resources.GPUs = 0.5 },
		"or an image that has one":               func(s *reeveapi.JobSpec) { s.Command = "" },
		"in one of env, file and image_pull, it is in 2": func(s *reeveapi.JobSpec) {
			s.Secrets = []reeveapi.JobSecret{{Name: "a", Env: "A", File: "a"}}
		},
		"environment variable A is set twice": func(s *reeveapi.JobSpec) {
			s.Env, s.Secrets = map[string]string{"A": "1"}, []reeveapi.JobSecret{{Name: "a", Env: "A"}}
		},
		"leads out of the sandbox":     func(s *reeveapi.JobSpec) { s.Secrets = []reeveapi.JobSecret{{Name: "a", File: "../a"}} },
		"image_pull is about an image": func(s *reeveapi.JobSpec) { s.Secrets = []reeveapi.JobSecret{{Name: "a", ImagePull: true}} },
		"is used twice": func(s *reeveapi.JobSpec) {
			s.Secrets = []reeveapi.JobSecret{{Name: "a", File: "a"}, {Name: "b", File: "./a"}}
		},
		`reserved is "all"`:       func(s *reeveapi.JobSpec) { s.Reserved = "all" },
		"map_ports means nothing": func(s *reeveapi.JobSpec) { s.Ports, s.Container = 1, &reeveapi.JobContainer{MapPorts: []int{80}} },
		"maps 1 ports, the instance has 0": func(s *reeveapi.JobSpec) {
			s.Container = &reeveapi.JobContainer{Network: "bridge", MapPorts: []int{80}}
		},
		`"ROOT" is no capability`: func(s *reeveapi.JobSpec) { s.Container = &reeveapi.JobContainer{Capabilities: &[]string{"ROOT"}} },
		`there is no limit "files"`: func(s *reeveapi.JobSpec) {
			s.Container = &reeveapi.JobContainer{Rlimits: map[string]reeveapi.JobRlimit{"files": {}}}
		},
		"only one of soft and hard": func(s *reeveapi.JobSpec) {
			s.Container = &reeveapi.JobContainer{Rlimits: map[string]reeveapi.JobRlimit{"nofile": {Soft: new(uint64(1))}}}
		},
		"must be a relative path in the sandbox": func(s *reeveapi.JobSpec) { s.Fetch = []reeveapi.JobFetch{{URI: "x", File: "/etc/x"}} },
		"check names 0 ways":                     func(s *reeveapi.JobSpec) { s.Check = &reeveapi.JobCheck{} },
		"host or tmpfs_mb, too": func(s *reeveapi.JobSpec) {
			s.Volumes = []reeveapi.JobVolume{{Host: "/x", Image: "a:1", Container: "x"}}
		},
		"of a volume must not have spaces": func(s *reeveapi.JobSpec) { s.Volumes = []reeveapi.JobVolume{{Image: "a 1", Container: "x"}} },
		"give one of them":                 func(s *reeveapi.JobSpec) { s.Volumes = []reeveapi.JobVolume{{Host: "/x", TmpfsMB: 1, Container: "x"}} },
		"repository:tag":                   func(s *reeveapi.JobSpec) { s.Image = "a b" },
	} {
		spec := reeveapi.JobSpec{Name: "j", Command: "x"}
		change(&spec)
		if err := jobspec.Check(jobspec.Complete(spec)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}

func TestTimetable(t *testing.T) {
	for _, tc := range []struct{ cron, zone, after, want string }{
		{"0 4 * * *", "Europe/Berlin", "2026-01-01T12:00:00Z", "2026-01-02T03:00:00Z"},
		{"0 4 * * *", "Europe/Berlin", "2026-07-01T12:00:00Z", "2026-07-02T02:00:00Z"},
		{"30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-30T00:30:00Z"}, // there is no half past two on the 29th
		{"@hourly", "UTC", "2026-01-01T12:00:00Z", "2026-01-01T13:00:00Z"},
		{"0 0 29 2 *", "UTC", "2026-01-01T12:00:00Z", "2028-02-29T00:00:00Z"},
	} {
		table, err := jobspec.ParseSchedule(reeveapi.JobSchedule{Cron: tc.cron, TimeZone: tc.zone})
		if err != nil {
			t.Fatal(err)
		}
		after, err := time.Parse(time.RFC3339, tc.after)
		if err != nil {
			t.Fatal(err)
		}
		if got := table.Next(after).UTC().Format(time.RFC3339); got != tc.want {
			t.Errorf("%s in %s after %s: got %s, want %s", tc.cron, tc.zone, tc.after, got, tc.want)
		}
	}
}

// TestWhatIsReplaced: what changes how a task runs makes it another one; what is decided outside of it does not.
func TestWhatIsReplaced(t *testing.T) {
	base := jobspec.Complete(reeveapi.JobSpec{Name: "j", Command: "x", Kind: reeveapi.Service})
	for name, tc := range map[string]struct {
		change func(*reeveapi.JobSpec)
		same   bool
	}{
		"instances": {func(s *reeveapi.JobSpec) { s.Instances = 9 }, true},
		"update":    {func(s *reeveapi.JobSpec) { s.Update = &reeveapi.JobUpdate{MaxSurge: 9} }, true},
		"restart":   {func(s *reeveapi.JobSpec) { s.Restart = &reeveapi.JobRestart{BackoffSeconds: 9} }, true},
		"command":   {func(s *reeveapi.JobSpec) { s.Command = "y" }, false},
		"env":       {func(s *reeveapi.JobSpec) { s.Env = map[string]string{"A": "1"} }, false},
		"secrets":   {func(s *reeveapi.JobSpec) { s.Secrets = []reeveapi.JobSecret{{Name: "a", Env: "A"}} }, false},
		"health":    {func(s *reeveapi.JobSpec) { s.Health = &reeveapi.JobHealth{Command: "true"} }, false},
	} {
		changed := base
		tc.change(&changed)
		if got := jobspec.SameTask(base, changed); got != tc.same {
			t.Errorf("%s: got %v, want %v", name, got, tc.same)
		}
	}
}
