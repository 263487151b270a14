package client_test

import (
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/reeve/reeve/shared/client"
)

// TestTried asks masters of which one is dead and one refuses: what each has said is known until one serves a request.
func TestTried(t *testing.T) {
	var serves atomic.Bool
	dead := nowhere(t)
	other := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if serves.Load() {
			writeJSON(w, struct{}{})
			return
		}
		http.Error(w, "who are you?", http.StatusForbidden)
	})
	c := connect(t, dead, other)
	for range 2 { // the second time nothing is said twice
		if _, err := c.Cluster(t.Context()); err == nil {
			t.Fatal("a master that refuses has answered")
		}
	}
	want := []client.Tried{{Master: dead, Said: "connection refused"}, {Master: other, Said: "who are you?"}}
	if diff := cmp.Diff(want, c.Tried()); diff != "" {
		t.Errorf("tried (-want +got):\n%s", diff)
	}
	serves.Store(true)
	if _, err := c.Cluster(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := c.Tried(); len(got) > 0 {
		t.Errorf("after one has served: %v", got)
	}
}
