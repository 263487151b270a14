package shimclient

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/containerspec"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/shimapi"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
)

// Namespaces that containers of a pod share are held by a container more, the pod's holder, which has no command: whoever comes
// and goes, they stay. It is launched with the first that shares, in one shim with all of them, since the shared memory of the
// pod is mounted there, and ended with the pod. Nobody outside of the client hears of it.

// holderName is what the holder is called within its pod.
const holderName = "_namespaces"

func holderOf(pod ids.Container) ids.Container { return pod.Nested(holderName) }

func isHolder(id ids.Container) bool {
	_, name := id.Split()
	return name == holderName
}

// hold returns the holder whose namespaces a container is to share, nil if it shares none with a pod.
func (c *Client) hold(ctx context.Context, spec runtime.Spec) (*entry, error) {
	shared := []runtime.Sharing{spec.Isolation.PIDs, spec.Isolation.IPC}
	if c.rootless && (shared[0] != runtime.Own || shared[1] != runtime.Own) {
		return nil, fault.New(fault.Invalid, "the task is to share processes or shared memory; an agent that is not root keeps containers apart by namespaces of their own")
	}
	if shared[0] != runtime.WithPod && shared[1] != runtime.WithPod {
		return nil, nil
	}
	pod, _ := spec.ID.Split()
	if pod == "" {
		return nil, fault.New(fault.Invalid, "container %s is to share namespaces with its pod, and is in none", spec.ID)
	}
	id, dir := holderOf(pod), filepath.Join(c.cfg.RuntimeDir, "hold")
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return nil, err
	}
	for range 2 {
		_, err := c.enter(ctx, runtime.Spec{
			ID: id, Argv: []string{holderName}, Sandbox: dir, Limits: runtime.Limits{Pids: holderProcesses}, Pod: spec.Pod,
			Isolation: runtime.Isolation{Capabilities: &runtime.Capabilities{}},
			Mounts:    []runtime.Mount{{Tmpfs: true, Bytes: spec.Isolation.PodShmBytes, Target: "/dev/shm"}},
		}, true)
		if err != nil {
			return nil, fmt.Errorf("make the namespaces of the pod: %w", err)
		}
		e, err := c.find(ctx, id)
		if err == nil && c.holds(e) {
			return e, nil
		}
		if err := c.endHolder(ctx, pod); err != nil { // it was killed, and everybody with it
			return nil, err
		}
	}
	return nil, fault.New(fault.Unavailable, "the namespaces of pod %s cannot be kept: the process that holds them has been killed twice", pod)
}

// holds says whether a holder can be joined: it runs, and its shim does.
func (c *Client) holds(e *entry) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !e.hasEnded() && e.link != nil && c.links[e.link.name] == e.link
}

// holderProcesses bounds a container in which nothing is ever started.
const holderProcesses = 8

// joinHolder puts a container into the namespaces of a holder.
func (c *Client) joinHolder(holder *entry, host *containerspec.Host) {
	if holder == nil {
		return
	}
	host.PodNS = fmt.Sprintf("/proc/%d/ns", holder.started.PID)
	host.PodShm = containerspec.Host{Staging: c.cfg.staging(holder.id)}.StagedAt(0)
}

// place reserves a place in a shim: in the holder's, however many are in it, or in whichever has one.
func (c *Client) place(ctx context.Context, holder *entry) (*link, error) {
	if holder == nil {
		return c.pick(ctx)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.links[holder.link.name] != holder.link {
		return nil, errGone
	}
	holder.link.load++
	return holder.link, nil
}

// endHolder ends and deletes the holder of a pod, if it has one.
func (c *Client) endHolder(ctx context.Context, pod ids.Container) error {
	id := holderOf(pod)
	c.mu.Lock()
	_, known := c.containers[id]
	c.mu.Unlock()
	if !known {
		return nil
	}
	if err := c.Signal(ctx, id, int(unix.SIGKILL), true); err != nil {
		return err
	}
	if _, err := c.Wait(ctx, id); err != nil {
		return err
	}
	return c.Delete(ctx, id)
}

// dropHolders takes the holders out of what was recovered, and ends those of which no container that shares is left.
func (c *Client) dropHolders(ctx context.Context, recovered []runtime.Recovered) ([]runtime.Recovered, error) {
	live := make(map[ids.Container]bool)
	var others []runtime.Recovered
	for _, r := range recovered {
		if isHolder(r.ID) {
			continue
		}
		others = append(others, r)
		if pod, _ := r.ID.Split(); r.Exit == nil {
			live[pod] = true
		}
	}
	var errs []error
	for _, r := range recovered {
		if pod, _ := r.ID.Split(); isHolder(r.ID) && (!live[pod] || r.Exit != nil) {
			errs = append(errs, c.endHolder(ctx, pod))
		}
	}
	return others, errors.Join(errs...)
}

// launchOf is what a shim has to know of a container.
func (c *Client) launchOf(spec runtime.Spec, host containerspec.Host, profile []byte, hold bool) *shimapi.Launch {
	return &shimapi.Launch{
		Dir: c.cfg.record(spec.ID), Spec: containerspec.Build(spec, host), Stdout: spec.Stdout, Stderr: spec.Stderr,
		Stage: c.stage(spec, host), Pod: c.podOf(spec), Overlay: c.overlay(spec), Sandbox: spec.Sandbox,
		Seccomp: shimapi.Seccomp{Unconfined: spec.Isolation.Seccomp.Unconfined, Profile: profile}, TTY: spec.TTY, Hold: hold,
	}
}
