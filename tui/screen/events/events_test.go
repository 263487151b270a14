package events

import (
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/screen"
	"codeberg.org/reeve/reeve/tui/widget/filter"
)

// TestEventsOfTheOnlyInstance: masters name the events of a job's only instance as the job, and the console asks for those of the
// task's id.
func TestEventsOfTheOnlyInstance(t *testing.T) {
	keep, err := filter.Parse("chat.0", fields(time.Now))
	if err != nil {
		t.Fatal(err)
	}
	if !keep(&reeveapi.Event{Kind: "TASK_RUNNING", Subject: "chat", ID: "reeve-jobs/chat.0"}) {
		t.Error("chat.0 does not find what happened to reeve-jobs/chat.0")
	}
	if keep(&reeveapi.Event{Kind: "TASK_RUNNING", Subject: "chat", ID: "reeve-jobs/chat.1"}) {
		t.Error("chat.0 finds what happened to reeve-jobs/chat.1")
	}
}

// TestAbout opens what events are about, also those of runs, instances and updates of jobs, of quota, weights and maintenance.
func TestAbout(t *testing.T) {
	for kind, want := range map[string]screen.Target{
		"RUN_SKIPPED":          {Kind: screen.Job, ID: "web"},
		"INSTANCE_CRASH_LOOPS": {Kind: screen.Job, ID: "web"},
		"ROLLOUT_FAILED":       {Kind: screen.Job, ID: "web"},
		"JOB_SCALED":           {Kind: screen.Job, ID: "web"},
		"QUOTA_SET":            {Kind: screen.Roles, Arg: "web"},
		"WEIGHT_SET":           {Kind: screen.Roles, Arg: "web"},
		"MAINTENANCE":          {Kind: screen.Maintenance},
	} {
		got, err := About(&reeveapi.Event{Kind: kind, Subject: "web", ID: "web"})
		if err != nil || got != want {
			t.Errorf("%s leads to %+v, %v, want %+v", kind, got, err, want)
		}
	}
}
