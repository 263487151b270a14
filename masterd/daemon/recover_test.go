package daemon

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/masterd/config"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// recoverDir runs masterd recover and returns what it said.
func recoverDir(t *testing.T, answer string, args ...string) (string, error) {
	t.Helper()
	cmd := config.Command(config.Actions{Recover: Recover})
	var out bytes.Buffer
	cmd.SetArgs(append([]string{"recover"}, args...))
	cmd.SetIn(strings.NewReader(answer))
	cmd.SetOut(&out)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestTheLastOfThreeMastersIsRecovered(t *testing.T) {
	t.Parallel()
	servers := []*server{start(t, "m1", t.TempDir(), "--bootstrap-expect=3")}
	for _, name := range []string{"m2", "m3"} {
		servers = append(servers, start(t, name, t.TempDir(), "--bootstrap-expect=3", "--join="+servers[0].addr.Gossip))
	}
	leader := leaderOf(t, servers, "")
	before, err := get[reeveapi.Cluster](leader.addr.HTTP, "/reeve/v1/cluster")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range before.Masters {
		if m.Behind == nil || m.Silent == nil || m.Gossip != "alive" || !m.Voter {
			t.Errorf("the leader does not say how %s is: %+v", m.Name, m)
		}
	}
	eventually(t, "all masters are part of the cluster", func() bool {
		for _, s := range servers {
			if masters, err := get[[]reeveapi.Master](s.addr.HTTP, "/reeve/v1/masters"); err != nil || len(masters) != 3 {
				return false
			}
		}
		return true
	})
	last := servers[2]
	if out, err := recoverDir(t, "", "--work-dir="+last.dir, "--yes"); err == nil || !strings.Contains(err.Error(), "in use by another masterd") {
		t.Errorf("a running master was recovered: %q, error %v", out, err)
	}
	for _, s := range servers {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	}

	out, err := recoverDir(t, "no\n", "--work-dir="+last.dir)
	if err == nil || !strings.Contains(err.Error(), "nothing was changed") || strings.Contains(out, "Done") {
		t.Errorf("without a yes it said %q, error %v", out, err)
	}
	out, err = recoverDir(t, "yes\n", "--work-dir="+last.dir)
	for _, want := range []string{servers[0].addr.Raft, servers[1].addr.Raft, "0 agents and 0 jobs", "Done"} {
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("it said %q, error %v, want %q in it", out, err, want)
		}
	}
	if out, err := recoverDir(t, "", "--work-dir="+last.dir); err != nil || !strings.Contains(out, "nothing to do") {
		t.Errorf("a second time it said %q, error %v", out, err)
	}

	alone := start(t, "m3", last.dir, "--bootstrap-expect=3", "--join="+fmt.Sprint(servers[0].addr.Gossip))
	leaderOf(t, []*server{alone}, "")
	after, err := get[reeveapi.Cluster](alone.addr.HTTP, "/reeve/v1/cluster")
	if err != nil || after.ID != before.ID || after.Term <= before.Term {
		t.Errorf("recovered: %+v, error %v; before: %+v", after, err, before)
	}
}
