package shimclient

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"codeberg.org/reeve/reeve/agentd/containerspec"
	"codeberg.org/reeve/reeve/agentd/network"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/shimrecord"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
)

// networks is what agentd/network is told; its directories are the agent's own.
func (c Config) networks() network.Config {
	n := c.Networks
	n.Dir, n.RuntimeDir = filepath.Join(c.WorkDir, "networks"), filepath.Join(c.RuntimeDir, "net")
	return n
}

// join gives a container that asks for it a network other than the host's.
func (c *Client) join(ctx context.Context, spec *runtime.Spec, host *containerspec.Host) (network.Joint, error) {
	if spec.Network == nil {
		return network.Joint{}, nil
	}
	if c.rootless {
		return network.Joint{}, fault.New(fault.Invalid, "the task asks for a network of its own; an agent that is not root only has the host's")
	}
	joint, err := c.networks.Join(ctx, *spec.Network)
	if err != nil {
		return network.Joint{}, err
	}
	// The shim need not see what is mounted on the host after its start; agentd does, and is there while it launches.
	host.NetNS = fmt.Sprintf("/proc/%d/root%s", os.Getpid(), joint.Namespace)
	spec.Env = slices.Clone(spec.Env)
	for i, kv := range spec.Env {
		if name, _, _ := strings.Cut(kv, "="); name == spec.Network.Variable && joint.Address() != "" {
			spec.Env[i] = name + "=" + joint.Address()
		}
	}
	return joint, nil
}

// names are the files in which a container finds its own name and those of others: with a host name of its own, and in a
// network of its own.
func names(spec runtime.Spec, joint network.Joint, host *containerspec.Host) []runtime.Mount {
	if spec.Isolation.Hostname == "" {
		return nil
	}
	files := joint.Names(spec.Isolation.Hostname, spec.Network != nil)
	if resolv, ok := files[network.ResolvConf]; ok && spec.Root == nil && host.ResolvConf != "" {
		delete(files, network.ResolvConf)
		files[host.ResolvConf], host.ResolvConf = resolv, "" // where the host's link leads
	}
	var mounts []runtime.Mount
	for _, path := range slices.Sorted(maps.Keys(files)) {
		if _, err := os.Stat(path); err == nil || spec.Root != nil || containerspec.CanMake(path) {
			mounts = append(mounts, runtime.Mount{Secret: []byte(files[path]), Readable: true, Target: path, ReadOnly: true})
		}
	}
	return mounts
}

// joinedBy is what a container, or the pod that it is in, has joined.
func (c *Client) joinedBy(id ids.Container) []runtime.Joined {
	if parent, _ := id.Split(); parent != "" {
		id = parent
	}
	return c.networks.Joined(id)
}

// leaveUnknown undoes the networks of containers and pods of which there is no record.
func (c *Client) leaveUnknown(ctx context.Context, records map[ids.Container]shimrecord.Record) error {
	known := make(map[ids.Container]bool)
	for id := range records {
		known[id] = true
		if parent, _ := id.Split(); parent != "" {
			known[parent] = true
		}
	}
	all, err := c.networks.List()
	if err != nil {
		return err
	}
	for _, id := range all {
		if known[id] {
			continue
		}
		if err := c.networks.Leave(ctx, id); err != nil {
			return fmt.Errorf("remove the network of unknown container %s: %w", id, err)
		}
	}
	return nil
}
