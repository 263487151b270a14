package action

import (
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

func TestTeardown(t *testing.T) {
	ended := &reeveapi.Framework{ID: "e", Name: "old", State: reeveapi.FrameworkCompleted}
	one := &reeveapi.Framework{ID: "a", Name: "marathon", State: reeveapi.FrameworkActive, Tasks: map[string]int{"TASK_RUNNING": 2, "TASK_FAILED": 9, "TASK_STAGING": 1}}
	a, err := Teardown([]*reeveapi.Framework{ended, one}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if a.Word != "teardown" || a.Title != "Tear down marathon" {
		t.Errorf("the question is %q, the word %q", a.Title, a.Word)
	}
	var text []string
	for _, l := range append(a.Targets, a.Preview...) {
		text = append(text, l.Text)
	}
	for _, want := range []string{"old       is torn down already", "3 active tasks", "1 of the marked ones", "cannot be undone"} {
		if !strings.Contains(strings.Join(text, "\n"), want) {
			t.Errorf("the question lacks %q: %q", want, text)
		}
	}
	d := &doer{}
	if r := a.Run(t.Context(), d); len(r.Failed) != 0 || strings.Join(d.asked, " ") != "teardown a" {
		t.Errorf("asked %q, failed %v", d.asked, r.Failed)
	}
	for _, none := range [][]*reeveapi.Framework{nil, {ended}} {
		if _, err := Teardown(none, 0); err == nil {
			t.Errorf("%v can be torn down", none)
		}
	}
}
