package shimclient

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strconv"

	"codeberg.org/reeve/reeve/agentd/containerspec"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/sandbox"
	"codeberg.org/reeve/reeve/agentd/shimapi"
	"codeberg.org/reeve/reeve/shared/ids"
)

// Floor measures what this host's libcontainer needs by itself: n containers that run true, so many at once, isolated
// exactly as a task of this client is, with no agent, socket or record around them. It writes the figures to out as JSON.
// Benchmarks put a launch beside it.
func (c *Client) Floor(ctx context.Context, out io.Writer, n, parallel int) error {
	dir := filepath.Join(c.cfg.WorkDir, "floor")
	if err := sandbox.Create(dir, ""); err != nil {
		return err
	}
	spec := runtime.Spec{
		ID: ids.Container("floor"), Argv: []string{"/bin/sh", "-c", "true"}, Env: []string{"PATH=/usr/bin:/bin"},
		Sandbox: dir, Stdout: filepath.Join(dir, "stdout"), Stderr: filepath.Join(dir, "stderr"),
		Hidden: []string{c.cfg.WorkDir, c.cfg.RuntimeDir},
		Limits: runtime.Limits{CPUs: 0.01, MemBytes: 32 << 20, Pids: 4096},
	}
	host, err := c.host(spec)
	if err != nil {
		return err
	}
	request, err := json.Marshal(shimapi.Launch{Spec: containerspec.Build(spec, host), Stdout: spec.Stdout, Stderr: spec.Stderr})
	if err != nil {
		return fmt.Errorf("encode the launch request: %w", err)
	}
	cmd := exec.CommandContext(ctx, c.cfg.ShimPath, "bench", "--n", strconv.Itoa(n), "--p", strconv.Itoa(parallel),
		"--runtime", c.cfg.RuntimeDir, "--cgroup", c.cfg.CgroupRoot)
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(request), out, &stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("measure bare starts: %w: %s", err, bytes.TrimSpace(stderr.Bytes()))
	}
	return nil
}
