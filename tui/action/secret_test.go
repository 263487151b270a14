package action

import (
	"strings"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// TestSecrets: what is stored is never said, and what jobs need is named and left alone.
func TestSecrets(t *testing.T) {
	age := func(*reeveapi.Secret) string { return "3h" }
	db := &reeveapi.Secret{Name: "db", Version: 3, Size: 24, Set: time.Now(), Jobs: []string{"shop", "pay"}}
	free := &reeveapi.Secret{Name: "free", Version: 1, Size: 1}
	act, err := SetSecret("db", []byte("hunter2\n"), db, age)
	if err != nil {
		t.Fatal(err)
	}
	text := act.Title + act.Button + act.Done
	for _, l := range act.Preview {
		text += "\n" + l.Text
	}
	for _, want := range []string{"8 bytes take the place of version 3: 24 bytes, set 3h ago", "Needed by shop, pay", "line break"} {
		if !strings.Contains(text, want) {
			t.Errorf("the question lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "hunter2") {
		t.Errorf("the question has the value:\n%s", text)
	}
	d := &doer{}
	if r := act.Run(t.Context(), d); len(r.Failed) > 0 || d.asked[0] != "secret db of 8" {
		t.Errorf("asked %q, %v", d.asked, r.Failed)
	}
	for _, value := range [][]byte{nil, make([]byte, reeveapi.MaxSecret+1)} {
		if _, err := SetSecret("db", value, nil, age); err == nil {
			t.Errorf("%d bytes were taken", len(value))
		}
	}
	if _, err := RemoveSecret([]*reeveapi.Secret{db}, 0); err == nil || !strings.Contains(err.Error(), "needed by shop, pay") {
		t.Errorf("to remove what jobs need: %v", err)
	}
	act, err = RemoveSecret([]*reeveapi.Secret{db, free}, 1)
	if err != nil || len(act.Steps) != 1 || act.Steps[0].Target != "free" || !strings.Contains(act.Targets[0].Text, "shop, pay: left out") {
		t.Errorf("%+v, %v", act, err)
	}
}
