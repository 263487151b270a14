package fake

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// HostDetail makes up a close look at a machine from what it uses.
func (c *Cluster) HostDetail(_ context.Context, agentHTTP string) (*reeveapi.HostDetail, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut != nil {
		return nil, c.cut
	}
	for i, e := range c.agents {
		a := &e.val
		samples := c.hosts[a.ID]
		if a.HTTP != agentHTTP || len(samples) == 0 {
			continue
		}
		up, last := c.now.Sub(a.Registered)+48*time.Hour, samples[len(samples)-1]
		busy := a.Total.CPUs * up.Seconds() * 0.4
		return &reeveapi.HostDetail{
			GPUs: gpus(int(a.Total.GPUs)), At: c.now, Version: a.Version, Started: a.Registered.Add(-time.Minute), Booted: c.now.Add(-up), Kernel: "6.12.0-4-amd64", Cores: int(a.Total.CPUs),
			Load: [3]float64{last.Load1, last.Load1 * 0.92, last.Load1 * 0.85}, UserSeconds: busy * 0.8, SystemSeconds: busy * 0.2,
			WaitSeconds: up.Seconds() * 0.16, IdleSeconds: up.Seconds() * 2,
			CacheBytes: 2355 << 20, OOMKills: int64(i % 3 * 2), Pressure: &reeveapi.Pressure{CPU: 0.4, Mem: 0.3, IO: 1.2},
			ReadBytes: int64(up.Seconds() * 1.2e6), WriteBytes: int64(up.Seconds() * 14e6), TCPSent: int64(up.Seconds() * 2000), TCPSentAgain: int64(up.Seconds() * 2),
			SandboxSeconds: (7 * 24 * time.Hour).Seconds(),
			Flags: map[string]string{
				"attributes": "rack:r1", "gc-delay": "168h", "hostname": a.Name, "log-format": "json", "masters": "10.0.0.11:5051,10.0.0.12:5051,10.0.0.13:5051",
				"port": "5051", "work-dir": "/var/lib/reeve/agent",
			},
		}, nil
	}
	return nil, fault.New(fault.NotFound, "there is no agent at %s", agentHTTP)
}

// ContainerDetail makes up a close look at a container.
func (c *Cluster) ContainerDetail(_ context.Context, _, framework, task string) (*reeveapi.ContainerDetail, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut != nil {
		return nil, c.cut
	}
	for i, e := range c.tasks {
		t := &e.val
		if t.Framework != framework || t.ID != task || t.State != "TASK_RUNNING" && t.Ended.IsZero() {
			continue
		}
		if !t.Ended.IsZero() {
			d := &reeveapi.ContainerDetail{At: c.now, ID: t.Container, Sandbox: "/var/lib/reeve/agent" + t.Sandbox, Ended: true, Unseen: "it has ended", Kill: "SIGKILL 30s after it was asked to end"}
			made(d, t, i)
			return d, nil
		}
		samples := c.usage[framework+"/"+task]
		if len(samples) == 0 {
			break
		}
		last, up := samples[len(samples)-1], c.now.Sub(t.Launched)
		used := t.Requested.CPUs * up.Seconds() * 0.6
		d := &reeveapi.ContainerDetail{
			At: c.now, ID: t.Container, PID: 31000 + i, Sandbox: "/var/lib/reeve/agent" + t.Sandbox, Started: t.Launched,
			UserSeconds: used * 0.88, SystemSeconds: used * 0.12, Periods: int64(up.Seconds() * 10), ThrottledPeriods: int64(up.Seconds() * float64(i%4) * 0.1),
			ResidentBytes: last.MemBytes, CacheBytes: last.CacheBytes, MajorFaults: last.MajorFaults, Kill: "SIGKILL 30s after it was asked to end",
		}
		made(d, t, i)
		if t.Healthy != nil {
			n := 5 + i*7%40
			d.Connections = &n
			d.Networks = []reeveapi.ContainerNetwork{{Name: "bridge", Addresses: []string{fmt.Sprintf("10.88.0.%d", 10+i)}, Ports: []string{t.Env["PORT0"] + " -> 8080 tcp"}}}
			d.Health = "http :" + t.Env["PORT0"] + "/health every 10s, killed after 3 failures"
		}
		for n := range last.Processes {
			p := reeveapi.Process{
				PID: 1 + n*7, Host: d.PID + n*7, Parent: d.PID, User: "33", State: "S", Threads: 1, Seconds: used * 0.02, Bytes: last.MemBytes / 50,
				Started: t.Launched.Add(time.Duration(n) * time.Second), Command: fmt.Sprintf("%s --worker %d", t.Command, n),
			}
			if n == 0 {
				p.Parent, p.Threads, p.Seconds, p.Bytes, p.Command = d.PID-1, 12, used*0.9, last.MemBytes*9/10, t.Command
			}
			d.Processes = append(d.Processes, p)
		}
		return d, nil
	}
	return nil, fault.New(fault.NotFound, "no task %s of framework %s runs on this agent", task, framework)
}

// made makes up what a container was made of: every third has a file of the agent's cache, and every second image was there.
func made(d *reeveapi.ContainerDetail, t *reeveapi.Task, i int) {
	if t.Image == "" {
		return
	}
	img := reeveapi.ContainerImage{Name: t.Image, Digest: fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(t.Image))), Bytes: int64(180+i%7*23) << 20}
	if i%2 == 0 {
		img.PulledBytes, img.Seconds = img.Bytes/3, 2.4+float64(i%5)
	}
	d.Images = append(d.Images, img)
	d.Artifacts = append(d.Artifacts, reeveapi.Artifact{URI: "https://files.shop.example/" + t.Name + ".conf", Bytes: 41 << 10, Seconds: 0.012, Cached: i%3 == 0})
}

// gpus makes up GPUs that nobody has: no task of this cluster asks for one.
func gpus(n int) (all []reeveapi.GPU) {
	for i := range n {
		all = append(all, reeveapi.GPU{Device: fmt.Sprintf("/dev/nvidia%d", i)})
	}
	return all
}
