package localcluster

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/shared/addressfile"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// Options say what to start.
type Options struct {
	Bin     string // folder with masterd, agentd, agentd-shim
	WorkDir string // one folder below it for each daemon: m1, m2, …, a1, a2, …
	Masters int
	Agents  int

	// FixedPorts gives the first master and agent the ports that people expect (5050, 5051, …) and each further one ten
	// more. Without it every port is a free one.
	FixedPorts bool

	MasterArgs []string   // for every masterd
	AgentArgs  []string   // for every agentd
	AgentOwn   [][]string // for the first agentd, the second, …: what it has beside; may be shorter
	Progress   io.Writer  // told what is waited for; may be nil

	StopGrace time.Duration // what a daemon gets to leave in order before it is killed; 15 s without
	PollEvery time.Duration // how often what is waited for is looked at; 20 ms without
}

// Cluster is what Start started.
type Cluster struct {
	Masters []*Process
	Agents  []*Process
	opts    Options
}

// The default ports, and how far those of the next daemon on the same machine are away.
const (
	masterPort = 5050
	agentPort  = 5051
	gossipPort = 7946
	portStride = 10
)

// Start starts the masters, then the agents, and returns when one master leads and every agent is active. If that does
// not happen before ctx ends, or a daemon exits, everything is ended again and the error says why.
func Start(ctx context.Context, opts Options) (*Cluster, error) {
	c := &Cluster{opts: opts}
	if err := c.start(ctx); err != nil {
		return nil, errors.Join(err, c.Stop(context.WithoutCancel(ctx)))
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context) error {
	for i := range c.opts.Masters {
		if err := c.addMaster(ctx, i); err != nil {
			return err
		}
	}
	for i := range c.opts.Agents {
		if err := c.AddAgent(ctx, i); err != nil {
			return err
		}
	}
	return c.WaitReady(ctx, c.opts.Agents)
}

func (c *Cluster) addMaster(ctx context.Context, i int) error {
	args := []string{"--bootstrap-expect=" + strconv.Itoa(c.opts.Masters)}
	args = append(args, c.ports(i, masterPort, "port", "link-port", "raft-port")...)
	args = append(args, c.gossip(2*i)...)
	args = append(args, c.opts.MasterArgs...)
	p := &Process{Name: "m" + strconv.Itoa(i+1), Program: "masterd", args: args, opts: &c.opts}
	c.Masters = append(c.Masters, p)
	return p.Start(ctx)
}

// AddAgent starts one more agent; i counts from 0 and must be new.
func (c *Cluster) AddAgent(ctx context.Context, i int) error {
	name := "a" + strconv.Itoa(i+1)
	args := c.ports(i, agentPort, "port")
	args = append(args, c.gossip(2*i+1)...)
	if c.opts.Agents > 1 { // they would all have this machine's name; names below localhost lead here, too
		args = append(args, "--hostname="+name+".localhost")
	}
	args = append(args, c.opts.AgentArgs...)
	if i < len(c.opts.AgentOwn) {
		args = append(args, c.opts.AgentOwn[i]...)
	}
	p := &Process{Name: name, Program: "agentd", args: args, opts: &c.opts}
	c.Agents = append(c.Agents, p)
	return p.Start(ctx)
}

// ports returns port flags for the i-th daemon of a kind. The first named flag gets base, the link and raft ports follow
// two above it (5050 HTTP, 5052 link, 5053 raft).
func (c *Cluster) ports(i, base int, names ...string) []string {
	args := make([]string, len(names))
	for n, name := range names {
		port := 0
		if c.opts.FixedPorts {
			port = base + portStride*i + n
			if n > 0 {
				port++ // 5051 is the agent's
			}
		}
		args[n] = fmt.Sprintf("--%s=%d", name, port)
	}
	return args
}

// gossip returns the gossip flags of the n-th daemon of all: its port, and every master that was started before it.
func (c *Cluster) gossip(n int) []string {
	port := 0
	if c.opts.FixedPorts {
		port = gossipPort + n
	}
	args := []string{fmt.Sprintf("--gossip-port=%d", port)}
	for _, m := range c.Masters {
		args = append(args, "--join="+m.Addresses.Gossip)
	}
	return args
}

// MasterList returns the masters' HTTP addresses as --master takes them.
func (c *Cluster) MasterList() string {
	var list []string
	for _, m := range c.Masters {
		list = append(list, m.Addresses.HTTP)
	}
	return strings.Join(list, ",")
}

// WaitReady waits until a master leads and at least so many agents are active.
func (c *Cluster) WaitReady(ctx context.Context, agents int) error {
	return c.Poll(ctx, func(ctx context.Context) (bool, string) {
		state, err := c.State(ctx)
		switch {
		case err != nil:
			return false, "a leading master: " + err.Error()
		case state.Leader == "":
			return false, "a leading master"
		case state.Agents[reeveapi.AgentActive] < agents:
			return false, fmt.Sprintf("agents: %d of %d are active", state.Agents[reeveapi.AgentActive], agents)
		}
		return true, ""
	})
}

// pollEvery is short: what is waited for takes milliseconds, and the asking is on loopback.
func (o *Options) pollEvery() time.Duration { return cmp.Or(o.PollEvery, 20*time.Millisecond) }

// patience is how long a wait goes on before people are told about it.
const patience = time.Second

// Poll calls check until it is true. When ctx ends first, or a daemon that should run has exited, the error says what was
// waited for; a check that returns "" waits for nothing that people should hear of.
func (c *Cluster) Poll(ctx context.Context, check func(context.Context) (done bool, waiting string)) error {
	ticker := time.NewTicker(c.opts.pollEvery())
	defer ticker.Stop()
	said, quietUntil := "", time.Now().Add(patience)
	for {
		done, waiting := check(ctx)
		if done {
			return nil
		}
		if waiting != said && time.Now().After(quietUntil) && c.opts.Progress != nil {
			fmt.Fprintln(c.opts.Progress, "waiting for", waiting)
			said = waiting
		}
		for _, p := range append(append([]*Process(nil), c.Masters...), c.Agents...) {
			if err := p.Exited(); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited in vain for %s (logs are in %s)", waiting, c.opts.WorkDir)
		case <-ticker.C:
		}
	}
}

// State asks the masters in turn until one that leads answers.
func (c *Cluster) State(ctx context.Context) (reeveapi.Cluster, error) {
	var last error
	for _, m := range c.Masters {
		state, err := clusterOf(ctx, m.Addresses.HTTP)
		if err == nil {
			return state, nil
		}
		last = err
	}
	return reeveapi.Cluster{}, last
}

func clusterOf(ctx context.Context, addr string) (state reeveapi.Cluster, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/reeve/v1/cluster", http.NoBody)
	if err != nil {
		return state, fmt.Errorf("ask %s: %w", addr, err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return state, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	if resp.StatusCode != http.StatusOK {
		return state, fmt.Errorf("%s answers %s", addr, resp.Status)
	}
	if err := json.NewDecoder(resp.Body).Decode(&state); err != nil {
		return state, fmt.Errorf("read the answer of %s: %w", addr, err)
	}
	return state, nil
}

// Stop ends the agents, then the masters, and waits for each.
func (c *Cluster) Stop(ctx context.Context) error {
	var errs []error
	for _, p := range append(append([]*Process(nil), c.Agents...), c.Masters...) {
		errs = append(errs, p.Stop(ctx))
	}
	return errors.Join(errs...)
}

// Clean removes what ended agents left behind, by the documented command.
func (c *Cluster) Clean(ctx context.Context) error {
	var errs []error
	for _, p := range c.Agents {
		errs = append(errs, clean(ctx, c.opts.Bin, p.Dir()))
	}
	return errors.Join(errs...)
}

// dir is the folder of a daemon.
func (o *Options) dir(name string) string { return filepath.Join(o.WorkDir, name) }

// readAddresses waits until the daemon of dir has said where it serves.
func readAddresses(dir string) (addressfile.Addresses, bool, error) {
	a, err := addressfile.Read(dir)
	if errors.Is(err, os.ErrNotExist) {
		return a, false, nil
	}
	return a, err == nil, err
}
