package e2e

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// left counts what an agent has on its host beside its daemon and the sandboxes.
type left map[string]int

// places are where an agent's things are, by default.
type places struct{ work, run, cgroup, bridge string }

func placesOf(work string) places {
	sum, net := sha256.Sum256([]byte(work)), sha256.Sum256([]byte(work+"/networks"))
	name := hex.EncodeToString(sum[:4])
	return places{work, "/run/reeve/" + name, "/reeve/" + name, "rv" + hex.EncodeToString(net[:5])}
}

func (p places) count(t *testing.T) left {
	t.Helper()
	n := left{}
	glob := func(what, pattern string) {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		n[what] += len(found)
	}
	glob("namespaces", p.run+"/net/*")
	glob("shims", p.run+"/shims/*")
	glob("states", p.run+"/[crv]/*")
	glob("pins", p.work+"/images/pins/*")
	glob("half images", p.work+"/images/tmp/*")
	glob("records", p.work+"/containers/*-*") // ids of containers hold a -, boot_id does not
	glob("network records", p.work+"/networks/of/*")
	glob("leases", p.work+"/networks/leases/*/*.*.*.*")
	glob("interfaces", "/sys/class/net/"+p.bridge+"/lower_*")
	for _, below := range []string{"", "/unified", "/*"} {
		glob("cgroups", "/sys/fs/cgroup"+below+p.cgroup+"/containers/*-*")
		glob("cgroups", "/sys/fs/cgroup"+below+p.cgroup+"/pods/*-*")
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	n["mounts"] = strings.Count(string(mounts), p.work) + strings.Count(string(mounts), p.run+"/")
	groups, err := filepath.Glob("/proc/[0-9]*/cgroup")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range groups {
		if text, err := os.ReadFile(path); err == nil && (strings.Contains(string(text), p.cgroup+"/containers/") || strings.Contains(string(text), p.cgroup+"/pods/")) {
			n["processes"]++
		}
	}
	for _, dir := range []string{p.work, p.run} {
		_ = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
			if err == nil && entry.Type()&fs.ModeNamedPipe != 0 {
				n["fifos"]++
			}
			return nil // what vanishes meanwhile is not left
		})
	}
	n["shims"]-- // an empty one is kept for the next task
	for what, count := range n {
		if count <= 0 {
			delete(n, what)
		}
	}
	return n
}

// awaitLeft waits until an agent has as much on its host as it should.
func (r *rig) awaitLeft(p places, want left) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	err := r.Poll(ctx, func(context.Context) (bool, string) {
		got := p.count(r.t)
		return maps.Equal(got, want), fmt.Sprintf("what is left: %v, want %v", got, want)
	})
	if err != nil {
		r.t.Error(err)
	}
}

const podOfTwo = `{"tasks":[` + podTask + `"pod-a"` + podRest + `,` + podTask + `"pod-b"` + podRest + `]}`

const (
	podTask = `{"agent_id":{"value":""},"command":{"value":"sleep 4"},"resources":[{"name":"cpus","type":"SCALAR","scalar":{"value":0.1}},{"name":"mem","type":"SCALAR","scalar":{"value":32}}],"name":"pod","task_id":{"value":`
	podRest = `}}`
)

// TestNothingIsLeft counts before and after tasks of many kinds, with kills of agentd and of a shim in between.
func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	needRoot(t)
	flags := []string{fmt.Sprintf("--bridge-subnet=10.98.%d.0/24", os.Getpid()%250)}
	r := start(t, 1, 1, flags...)
	p := placesOf(r.Agents[0].Dir())
	r.awaitLeft(p, left{})
	bridge := "--networks=bridge"
	if _, err := os.Stat("/usr/lib/cni/bridge"); err != nil {
		bridge = "--networks=none"
	}
	memory := `--volumes=[{"container_path":"mem","mode":"RW","source":{"type":"DOCKER_VOLUME","docker_volume":{"driver":"tmpfs","name":"m"}}},` +
		`{"container_path":"key","mode":"RO","source":{"type":"SECRET","secret":{"type":"VALUE","value":{"data":"Z2VoZWlt"}}}}]`
	var running sync.WaitGroup
	for name, args := range map[string][]string{
		"bridged": {"--command=sleep 4", bridge},
		"volumes": {"--command=cat key > mem/x; sleep 4", memory},
		"fails":   {"--command=exit 3"},
		"greedy":  {"--command=x=$(head -c 100000000 /dev/zero | tr '\\0' x)", "--resources=cpus:0.1;mem:32"},
		"killed":  {"--command=trap '' TERM; while :; do sleep 1; done", "--kill_after=1secs"},
		"pod":     {"--task_group=" + podOfTwo, bridge},
		"refused": {"--command=true", "--networks=none-such"},
	} {
		if name != "pod" {
			args = append(args, "--name="+name)
		}
		if name != "pod" && name != "greedy" { // as many as fit at once: who is refused an offer gets no other
			args = append(args, "--resources=cpus:0.1;mem:64")
		}
		running.Go(func() { r.reeve(append([]string{"execute"}, args...)...) })
	}
	r.submit(reeveapi.JobSpec{Name: "long", Command: "sleep 1000", Instances: 5}) // on a slow machine the others never run at the same time
	count := func(ts []reeveapi.Task) (n int) {
		for _, task := range ts {
			if task.State == "TASK_RUNNING" {
				n++
			}
		}
		return n
	}
	r.await("tasks that run", func(ts []reeveapi.Task) bool { return count(ts) >= 5 })
	if err := r.Agents[0].Kill(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := r.Agents[0].Start(ctx); err != nil {
		t.Fatal(err)
	}
	if err := r.WaitReady(ctx, 1); err != nil {
		t.Fatal(err)
	}
	p.killShim(t)
	running.Wait()
	if err := r.client.StopJob(ctx, "long"); err != nil && !strings.Contains(err.Error(), "has ended already") { // with its shim
		t.Fatal(err)
	}
	r.awaitLeft(p, left{})

	r.submit(reeveapi.JobSpec{Name: "orphan", Command: "sleep 1000", Instances: 2})
	r.await("tasks to clean up", func(ts []reeveapi.Task) bool { return count(ts) == 2 })
	if err := r.Agents[0].Kill(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := r.Clean(ctx); err != nil {
		t.Fatal(err)
	}
	r.awaitLeft(p, left{})
	if _, err := os.Stat(p.run); err == nil {
		t.Errorf("%s is left", p.run)
	}
	if _, err := os.Stat("/sys/class/net/" + p.bridge); err == nil {
		t.Errorf("the bridge %s is left", p.bridge)
	}
}

// killShim kills one shim with all that it holds.
func (p places) killShim(t *testing.T) {
	t.Helper()
	shims, err := filepath.Glob(p.run + "/shims/*/pid")
	if err != nil || len(shims) == 0 {
		t.Fatalf("shims: %v, %v", shims, err)
	}
	text, err := os.ReadFile(shims[0])
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err == nil {
		err = syscall.Kill(pid, syscall.SIGKILL)
	}
	if err != nil {
		t.Fatal(err)
	}
}
