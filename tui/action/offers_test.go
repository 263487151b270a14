package action

import (
	"fmt"
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

func TestRescind(t *testing.T) {
	if _, err := Rescind(nil, 0, nil); err == nil {
		t.Error("nothing can be taken back")
	}
	var many []*reeveapi.Offer
	for i := range 9 {
		many = append(many, &reeveapi.Offer{ID: fmt.Sprint("o", i), FrameworkName: "slow", AgentName: "a1"})
	}
	a, err := Rescind(many, 2, func(*reeveapi.Offer) string { return "41s" })
	if err != nil || a.Word != "rescind 9" || a.Title != "Take back 9 offers" {
		t.Fatalf("the question is %q with the word %q, %v", a.Title, a.Word, err)
	}
	var text []string
	for _, l := range append(a.Targets, a.Preview...) {
		text = append(text, l.Text)
	}
	for _, want := range []string{"held for 41s", "2 of the marked ones are hidden", "not for a minute"} {
		if !strings.Contains(strings.Join(text, "\n"), want) {
			t.Errorf("the question lacks %q: %q", want, text)
		}
	}
	if len(a.Targets) != len(many) {
		t.Errorf("%d of the %d offers are named", len(a.Targets), len(many))
	}
	d := &doer{}
	if r := a.Run(t.Context(), d); len(r.Failed) != 0 || len(d.asked) != 9 || d.asked[8] != "rescind o8" {
		t.Errorf("asked %q, failed %v", d.asked, r.Failed)
	}
}
