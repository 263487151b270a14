package reach_test

import (
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/tui/reach"
)

func TestCheck(t *testing.T) {
	secure := []string{"https://m:1"}
	for _, test := range []struct {
		way  reach.Way
		want string
	}{
		{reach.Way{}, "no master given"},
		{reach.Way{Masters: []string{"m"}}, "is no master's address"},
		{reach.Way{Masters: secure, SSH: "-x"}, "is no host to go through"},
		{reach.Way{Masters: []string{"m:1"}, CA: "ca.pem"}, "are for masters that are named with https://"},
		{reach.Way{Masters: []string{"m:1"}, PlainAgents: true}, "are for masters that are named with https://"},
		{reach.Way{Masters: secure, SSH: "box1", CA: "ca.pem", PlainAgents: true}, ""},
	} {
		if err := test.way.Check(); (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: got %v, want %q", test.way, err, test.want)
		}
	}
}

func TestFlags(t *testing.T) {
	w := reach.Way{Context: "prod", Masters: []string{"https://a:1", "https://b:1"}, SSH: "box1", CA: "/ca.pem", PlainAgents: true}
	if got, want := strings.Join(w.Flags(), " "), "--context=prod"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := strings.Join(w.Explicit(), " "), "--master=https://a:1,https://b:1 --ssh=box1 --ca=/ca.pem --plain-agents"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, err := w.Client(client.Options{}); err == nil || !strings.HasPrefix(err.Error(), "--ca: ") {
		t.Errorf("a file that is not there: %v", err)
	}
	w.CA = ""
	if o, err := w.Client(client.Options{User: "ann"}); err != nil || o.User != "ann" || o.Dial == nil || !o.PlainPeers || len(o.Masters) != 2 {
		t.Errorf("got %+v, %v", o, err)
	}
}
