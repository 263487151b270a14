package conformance

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/shared/localcluster"
)

// TestStandbys holds what masters that do not lead answer against 1.6: a redirect without a scheme while there is a leader,
// 503 while there is none, and what they answer themselves.
func TestStandbys(t *testing.T) {
	bin, err := filepath.Abs("../../bin")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := localcluster.Start(ctx, localcluster.Options{Bin: bin, WorkDir: t.TempDir(), Masters: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		end, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := c.Stop(end); err != nil {
			t.Error(err)
		}
	})
	state, err := c.State(ctx)
	if err != nil {
		t.Fatal(err)
	}
	leader, standby := c.Masters[0], c.Masters[1]
	if leader.Name != state.Leader {
		leader, standby = standby, leader
	}
	base, port := "http://"+standby.Addresses.HTTP, leader.Addresses.HTTP[strings.LastIndex(leader.Addresses.HTTP, ":"):]
	if err := c.Poll(ctx, func(context.Context) (bool, string) { // gossip has to tell it
		return ask(t, http.MethodGet, base+"/redirect", nil).status == http.StatusTemporaryRedirect, "the standby to know the leader"
	}); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ method, target string }{
		{http.MethodGet, "/state"},
		{http.MethodGet, "/master/tasks?limit=1"},
		{http.MethodPost, "/api/v1"},
		{http.MethodPost, "/master/api/v1/scheduler"},
		{http.MethodGet, "/registrar(1)/registry"},
		{http.MethodPost, "/teardown"},
	} {
		a := ask(t, test.method, base+test.target, nil)
		where := a.header.Get("Location")
		if a.status != http.StatusTemporaryRedirect || !strings.HasPrefix(where, "//") || !strings.HasSuffix(where, port+test.target) || len(a.body) != 0 {
			t.Errorf("%s %s: %v to %q, want 307 to //host%s%s", test.method, test.target, a, where, port, test.target)
		}
	}
	answersItself := func() {
		t.Helper()
		for _, target := range []string{"/health", "/master/health", "/flags", "/version", "/metrics/snapshot", "/files/debug", "/metrics", "/logging/toggle", "/help"} {
			if a := ask(t, http.MethodGet, base+target, nil); a.status != http.StatusOK {
				t.Errorf("%s: %v, want 200", target, a)
			}
		}
	}
	answersItself()
	if got := at(getTree(t, base+"/metrics/snapshot"), "master/elected"); got != 0.0 {
		t.Errorf("master/elected of a standby is %v", got)
	}
	if err := leader.Kill(); err != nil { // one of two is no majority
		t.Fatal(err)
	}
	if err := c.Poll(ctx, func(context.Context) (bool, string) {
		a := ask(t, http.MethodPost, base+"/api/v1/scheduler", []byte(`{}`), "Content-Type", "application/json")
		return a.status == http.StatusServiceUnavailable && string(a.body) == "No leader elected", "the standby to say that nobody leads"
	}); err != nil {
		t.Fatal(err)
	}
	answersItself()
}
