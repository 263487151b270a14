package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/shared/localcluster"
	"codeberg.org/reeve/reeve/shared/procstate"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// diagnosis is what a failed test says of its cluster before that is ended: how the logs end, which processes there are and what
// they wait for. What is too long for a test's output goes into the folder that is kept.
type diagnosis struct {
	out bytes.Buffer
	dir string
}

// diagnose looks at a cluster that has not come to what was waited for.
func diagnose(ctx context.Context, c *localcluster.Cluster, dir string) string {
	d := &diagnosis{dir: dir}
	for _, daemon := range slices.Concat(c.Masters, c.Agents) {
		d.tail(daemon.Name)
		d.goroutines(ctx, daemon)
	}
	d.processes()
	return d.out.String()
}

// tailLines is how much of each log is shown.
const tailLines = 60

func (d *diagnosis) tail(name string) {
	data, err := os.ReadFile(filepath.Join(d.dir, name+".log"))
	if err != nil {
		fmt.Fprintln(&d.out, err)
		return
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	fmt.Fprintf(&d.out, "the last lines of %s.log:\n%s\n", name, strings.Join(lines[max(0, len(lines)-tailLines):], "\n"))
}

// goroutines keeps what every goroutine of a daemon does.
func (d *diagnosis) goroutines(ctx context.Context, daemon *localcluster.Process) {
	err := func() error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+daemon.Addresses.HTTP+"/debug/pprof/goroutine?debug=2", nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		data, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(d.dir, daemon.Name+".goroutines"), data, 0o600)
	}()
	if err != nil {
		fmt.Fprintf(&d.out, "what %s does is not known: %v\n", daemon.Name, err)
	}
}

// processes says what there is of shims and containers, and keeps all that the kernel tells of them.
func (d *diagnosis) processes() {
	all, err := procstate.All()
	if err != nil {
		fmt.Fprintln(&d.out, err)
		return
	}
	var file bytes.Buffer
	for _, pid := range all {
		cmdline, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err != nil || !bytes.HasPrefix(cmdline, []byte("agentd-shim\x00serve\x00")) || !bytes.Contains(cmdline, []byte("\x00"+d.dir+"/")) {
			continue // another one's, or it has ended
		}
		below, err := procstate.Below(pid)
		if err != nil {
			fmt.Fprintln(&d.out, err)
			continue
		}
		fmt.Fprintf(&d.out, "a shim, and its containers:\n")
		for _, pid := range below {
			fmt.Fprintf(&d.out, "  %s\n", procstate.Describe(pid))
		}
		if err := procstate.Dump(&file, below...); err != nil {
			fmt.Fprintln(&d.out, err)
		}
	}
	if err := os.WriteFile(filepath.Join(d.dir, "processes"), file.Bytes(), 0o600); err != nil {
		fmt.Fprintln(&d.out, err)
	}
}

// TestAFailureExplainsItself: what a failed test says has the task's container in it, and what it has been told.
func TestAFailureExplainsItself(t *testing.T) {
	t.Parallel()
	needRoot(t)
	r := start(t, 1, 1)
	// It waits at a pipe, so that it is seen asleep whenever it is looked at: a loop is caught running now and then.
	stubborn := `{"name":"t","task_id":{"value":"t"},"agent_id":{"value":""},"resources":[{"name":"cpus","type":"SCALAR","scalar":{"value":0.1}},` +
		`{"name":"mem","type":"SCALAR","scalar":{"value":32}}],"kill_policy":{"grace_period":{"nanoseconds":3600000000000}},` +
		`"command":{"value":"trap '' TERM; mkfifo over; touch trapped; read _ < over"}}`
	done := make(chan result, 1)
	go func() { done <- r.reeve("execute", "--task="+stubborn) }()
	r.await("its task to run", func(ts []reeveapi.Task) bool { return all(ts, 1, "TASK_RUNNING") })
	r.must("exec", "t", "--", "sh", "-c", "until [ -e trapped ]; do sleep 0.1; done")
	r.must("kill", "t", "--yes")
	r.await("it to be asked for its end", func(ts []reeveapi.Task) bool {
		return all(ts, 1, "TASK_RUNNING", "TASK_KILLING") && r.logged("container signalled")
	})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	text := diagnose(ctx, r.Cluster, r.dir)
	for _, want := range []string{"the last lines of m1.log:", "to=stopping", "1h0m0s of grace", "a shim, and its containers:", "(sh) S"} {
		if !strings.Contains(text, want) {
			t.Errorf("want %q in\n%s", want, text)
		}
	}
	for name, want := range map[string]string{"a1.goroutines": "goroutine 1 ", "m1.goroutines": "goroutine 1 ", "processes": "/wchan:"} {
		if data, err := os.ReadFile(filepath.Join(r.dir, name)); err != nil || !strings.Contains(string(data), want) {
			t.Errorf("%s: %v, want %q in it:\n%s", name, err, want, data)
		}
	}
	r.must("exec", "t", "--", "sh", "-c", "echo > over")
	<-done
}

// logged says whether the first agent's log has a text.
func (r *rig) logged(text string) bool {
	data, err := os.ReadFile(filepath.Join(r.dir, "a1.log"))
	if err != nil {
		r.t.Fatal(err)
	}
	return strings.Contains(string(data), text)
}
