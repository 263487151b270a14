package chaos

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/run"
)

// masters starts masters in namespaces, without agents, and ends them with the test.
func masters(t *testing.T, n int) *cluster {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: network namespaces")
	}
	bin, err := filepath.Abs("../../bin")
	if err != nil {
		t.Fatal(err)
	}
	network, err := newNetwork(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{net: network, group: run.NewGroup(context.WithoutCancel(t.Context())), dir: t.TempDir()}
	t.Cleanup(func() {
		if err := errors.Join(c.stop(), c.group.Wait()); err != nil {
			t.Error(err)
		}
	})
	if err := c.start(t.Context(), bin, n, 0); err != nil {
		t.Fatal(err)
	}
	return c
}

// from is a client on a master's own host that asks that master only.
func (c *cluster) from(t *testing.T, d *daemon) *client.Client {
	t.Helper()
	cl, err := client.New(client.Options{Masters: []string{d.ip + ":5050"}, Dial: c.net.dialFrom(d.name)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

// status is what a master answers at a path, 0 if it does not answer.
func (c *cluster) status(ctx context.Context, d *daemon, path string) int {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
		return c.net.dialFrom(d.name)(ctx, address)
	}}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+d.ip+":5050"+path, http.NoBody)
	if err != nil {
		return 0
	}
	answer, err := transport.RoundTrip(r)
	if err != nil {
		return 0
	}
	_ = answer.Body.Close() // nothing of it is read
	return answer.StatusCode
}

// leading lists the masters that say that they lead: only those answer this path themselves.
func (c *cluster) leading(ctx context.Context) []*daemon {
	var list []*daemon
	for _, m := range c.masters {
		if c.status(ctx, m, "/slaves") == http.StatusOK {
			list = append(list, m)
		}
	}
	return list
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !ok(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// A leader that is cut off from the others stops to act before another one begins, agrees to nothing meanwhile, and follows when
// it is back.
func TestTwoHalvesNeverBothAct(t *testing.T) {
	c := masters(t, 3)
	var old *daemon
	eventually(t, "one leads", func() bool {
		if all := c.leading(t.Context()); len(all) == 1 {
			old = all[0]
		}
		return old != nil
	})
	rest := slices.DeleteFunc(slices.Clone(c.masters), func(d *daemon) bool { return d == old })
	eventually(t, "all vote", func() bool {
		all, err := c.from(t, old).Masters(t.Context())
		return err == nil && len(all) == 3 && !slices.ContainsFunc(all, func(m reeveapi.Master) bool { return !m.Voter })
	})
	if err := c.net.link(t.Context(), old.name, false); err != nil {
		t.Fatal(err)
	}
	job := func(name string) reeveapi.JobSpec { return reeveapi.JobSpec{Name: name, Command: "true"} }
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	if _, err := c.from(t, old).SubmitJob(ctx, job("lonely")); err == nil {
		t.Error("a leader that was cut off took a job")
	}
	cancel()
	var next *daemon
	eventually(t, "another one leads", func() bool {
		all := c.leading(t.Context())
		if len(all) > 1 {
			t.Fatalf("%s and %s lead at once", all[0].name, all[1].name)
		}
		if len(all) == 1 && all[0] != old {
			next = all[0]
		}
		return next != nil
	})
	if !slices.Contains(rest, next) {
		t.Fatal("it is not one of the majority")
	}
	if _, err := c.from(t, next).SubmitJob(t.Context(), job("agreed")); err != nil {
		t.Errorf("the majority takes no job: %v", err)
	}
	if err := c.net.link(t.Context(), old.name, true); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the old leader follows", func() bool {
		if all := c.leading(t.Context()); len(all) > 1 {
			t.Fatalf("%s and %s lead at once", all[0].name, all[1].name)
		}
		all, err := c.from(t, next).Masters(t.Context())
		at := slices.IndexFunc(all, func(m reeveapi.Master) bool { return m.Name == old.name })
		return err == nil && at >= 0 && all[at].State == reeveapi.MasterStandby && all[at].Behind != nil && *all[at].Behind == 0
	})
	jobs, err := c.from(t, next).Jobs(t.Context())
	if err != nil || len(jobs) != 1 || jobs[0].Spec.Name != "agreed" {
		t.Errorf("the jobs are %+v, %v; want the one that was agreed on", jobs, err)
	}
}
