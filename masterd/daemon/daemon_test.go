package daemon

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/masterd/config"
	"codeberg.org/reeve/reeve/shared/addressfile"
	"codeberg.org/reeve/reeve/shared/logging"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// server is a masterd in this process.
type server struct {
	name string
	args []string
	addr addressfile.Addresses
	line string
	dir  string
	stop func() error // asks for an orderly end, as SIGTERM does, and returns what Run returned
}

// start runs a masterd on free ports until it has said where it serves.
func start(t *testing.T, name, dir string, args ...string) *server {
	t.Helper()
	s := &server{name: name, dir: dir, args: args}
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	done := make(chan error, 1)
	all := append([]string{
		"--work-dir=" + dir, "--name=" + name, "--port=0", "--link-port=0", "--raft-port=0", "--gossip-port=0",
	}, args...)
	cmd := config.Command(config.Actions{Serve: func(ctx context.Context, cfg config.Config) error {
		return Run(ctx, cfg, in, logging.Log{Logger: slog.New(slog.DiscardHandler)})
	}})
	cmd.SetArgs(all)
	go func() {
		err := cmd.ExecuteContext(ctx)
		_ = in.CloseWithError(io.EOF)
		done <- err
	}()
	s.stop = sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("%s ended before it served: %v", name, s.stop())
	}
	s.line = line
	if s.addr, err = addressfile.Read(dir); err != nil {
		t.Fatal(err)
	}
	return s
}

// get asks for JSON; it fails softly, for polls.
func get[T any](addr, path string) (T, error) {
	var v T
	client := http.Client{Timeout: 5 * time.Second}
	resp, err := client.Get("http://" + addr + path)
	if err != nil {
		return v, err
	}
	defer resp.Body.Close() //nolint:errcheck // a read response has nothing to lose
	if resp.StatusCode != http.StatusOK {
		return v, fmt.Errorf("status %s", resp.Status)
	}
	return v, json.NewDecoder(resp.Body).Decode(&v)
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 30 s: %s", what)
		}
	}
}

func TestALoneMasterServesAndStops(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := start(t, "m1", dir, "--cluster=test")
	want := fmt.Sprintf("masterd m1 serves http://%s (link %s, raft %s, gossip %s), cluster test, leading\n",
		s.addr.HTTP, s.addr.Link, s.addr.Raft, s.addr.Gossip)
	if s.line != want {
		t.Errorf("said %q, want %q", s.line, want)
	}
	c, err := get[reeveapi.Cluster](s.addr.HTTP, "/reeve/v1/cluster")
	if err != nil || c.Leader != "m1" || c.Name != "test" || c.ID == "" || len(c.Masters) != 1 || !c.Masters[0].Voter {
		t.Errorf("cluster %+v, error %v", c, err)
	}
	for name, addr := range map[string]string{"link": s.addr.Link, "raft": s.addr.Raft} {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		_ = conn.Close()
	}
	stopsAtOnce(t, s)
	if _, err := addressfile.Read(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the addresses are still there: %v", err)
	}

	again := start(t, "m1", dir, "--cluster=test")
	if c2, err := get[reeveapi.Cluster](again.addr.HTTP, "/reeve/v1/cluster"); err != nil || c2.ID != c.ID || c2.Term <= c.Term {
		t.Errorf("after a restart: %+v, error %v; before: %+v", c2, err, c)
	}
}

// stopsAtOnce stops a lone master, which has nobody to wait for. On a machine with other things to do any of the tries may take long, but
// not all of them.
func stopsAtOnce(t *testing.T, s *server) {
	t.Helper()
	var took []time.Duration
	for len(took) < 5 {
		began := time.Now()
		if err := s.stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
		took = append(took, time.Since(began))
		if took[len(took)-1] < 3*time.Second {
			return
		}
		s = start(t, s.name, s.dir, s.args...)
	}
	t.Errorf("a lone master needed %v to stop", took)
}

func TestThreeMastersElectAndHandOver(t *testing.T) {
	t.Parallel()
	servers := []*server{start(t, "m1", t.TempDir(), "--bootstrap-expect=3")}
	if !strings.Contains(servers[0].line, "waiting for 3 masters") {
		t.Errorf("the first of three said %q", servers[0].line)
	}
	for _, name := range []string{"m2", "m3"} {
		servers = append(servers, start(t, name, t.TempDir(), "--bootstrap-expect=3", "--join="+servers[0].addr.Gossip))
	}
	leader := leaderOf(t, servers, "")

	// Everybody knows everybody, and standbys send clients to the leader.
	for _, s := range servers {
		eventually(t, s.name+" sees three voters and one leader", func() bool {
			masters, err := get[[]reeveapi.Master](s.addr.HTTP, "/reeve/v1/masters")
			voters, leading := 0, ""
			for _, m := range masters {
				if m.Voter {
					voters++
				}
				if m.State == "leading" {
					leading = m.Name
				}
			}
			return err == nil && voters == 3 && leading == leader.name
		})
		if s != leader {
			client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			resp, err := client.Get("http://" + s.addr.HTTP + "/state?x=1")
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if want := "//" + leader.addr.HTTP + "/state?x=1"; resp.StatusCode != http.StatusTemporaryRedirect || resp.Header.Get("Location") != want {
				t.Errorf("%s answered %s to %q, want a redirect to %q", s.name, resp.Status, resp.Header.Get("Location"), want)
			}
		}
	}

	// An orderly stop of the leader hands over: the next one leads before an election could be over.
	first, err := get[reeveapi.Cluster](leader.addr.HTTP, "/reeve/v1/cluster")
	if err != nil {
		t.Fatal(err)
	}
	stopped := make(chan error, 1)
	go func() { stopped <- leader.stop() }()
	next := leaderOf(t, servers, leader.name)
	if err := <-stopped; err != nil {
		t.Errorf("stop of the leader: %v", err)
	}
	second, err := get[reeveapi.Cluster](next.addr.HTTP, "/reeve/v1/cluster")
	if err != nil || second.ID != first.ID || second.Term <= first.Term {
		t.Errorf("after the change %+v, error %v; before %+v", second, err, first)
	}

	// With the two that are left it comes back as itself, at the ports it had.
	args := append([]string{"--join=" + next.addr.Gossip}, leader.args...)
	for flag, addr := range map[string]string{"port": leader.addr.HTTP, "raft-port": leader.addr.Raft, "gossip-port": leader.addr.Gossip} {
		_, port, err := net.SplitHostPort(addr)
		if err != nil {
			t.Fatal(err)
		}
		args = append(args, "--"+flag+"="+port)
	}
	back := start(t, leader.name, leader.dir, args...)
	eventually(t, "the former leader stands by", func() bool {
		masters, err := get[[]reeveapi.Master](back.addr.HTTP, "/reeve/v1/masters")
		n := 0
		for _, m := range masters {
			if m.State == "leading" || m.State == "standby" {
				n++
			}
		}
		return err == nil && n == 3
	})
}

// leaderOf waits until one of the servers leads, another one than the named.
func leaderOf(t *testing.T, servers []*server, not string) *server {
	t.Helper()
	var found *server
	eventually(t, "one leads", func() bool {
		for _, s := range servers {
			if s.name == not {
				continue
			}
			c, err := get[reeveapi.Cluster](s.addr.HTTP, "/reeve/v1/cluster")
			if err == nil && c.Leader == s.name && c.Term > 0 {
				found = s
			}
		}
		return found != nil
	})
	return found
}

func TestStartRefusals(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := start(t, "m1", dir)
	_, portText, err := net.SplitHostPort(s.addr.HTTP)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := strconv.Atoi(portText); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"port in use":     {[]string{"--work-dir=" + t.TempDir(), "--port=" + portText}, "--port: 127.0.0.1:" + portText + " is in use"},
		"work dir in use": {[]string{"--work-dir=" + dir}, "is in use by another masterd"},
		"other cluster":   {[]string{"--work-dir=" + dir, "--cluster=other"}, `belongs to cluster "reeve", not "other"`},
		"no TLS":          {[]string{"--work-dir=" + t.TempDir(), "--ip=0.0.0.0", "--advertise-ip=127.0.0.1"}, "--insecure"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := config.Command(config.Actions{Serve: func(ctx context.Context, cfg config.Config) error {
				return Run(ctx, cfg, io.Discard, logging.Log{Logger: slog.New(slog.DiscardHandler)})
			}})
			cmd.SetArgs(append([]string{"--name=m2", "--port=0", "--link-port=0", "--raft-port=0", "--gossip-port=0"}, tt.args...))
			err := cmd.ExecuteContext(t.Context())
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want one line with %q", err, tt.want)
			}
		})
	}
	if _, err := addressfile.Read(dir); err != nil {
		t.Errorf("a refused start took the addresses of the running master away: %v", err)
	}
}
