package network

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/containernetworking/cni/libcni"
	"github.com/containernetworking/cni/pkg/invoke"
	"github.com/containernetworking/cni/pkg/types"
	types100 "github.com/containernetworking/cni/pkg/types/100"
	"github.com/vishvananda/netlink"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/ids"
)

// Config is what networks need.
type Config struct {
	Dir        string        // records and leases; survives a reboot
	RuntimeDir string        // namespaces; best on a tmpfs
	Plugins    []string      // directories of CNI plugins
	ConfigDir  string        // the operator's networks; "" for none
	Subnet     string        // of the agent's own bridge
	Timeout    time.Duration // how long one plugin may take; 0 for DefaultTimeout
}

// Networks joins containers to networks. Its methods may be called from many goroutines.
type Networks struct {
	cfg Config

	mu    sync.Mutex // guards locks
	locks map[ids.Container]*sync.Mutex
}

// New starts nothing and makes nothing.
func New(cfg Config) *Networks {
	cfg.Timeout = cmp.Or(cfg.Timeout, DefaultTimeout)
	return &Networks{cfg: cfg, locks: make(map[ids.Container]*sync.Mutex)}
}

// lock has one goroutine at a time look after a container's network: the tasks of a pod are launched at once.
func (n *Networks) lock(id ids.Container) (unlock func()) {
	n.mu.Lock()
	l := n.locks[id]
	if l == nil {
		l = new(sync.Mutex)
		n.locks[id] = l
	}
	n.mu.Unlock()
	l.Lock()
	return l.Unlock
}

// Joint is a network that a container can be started in.
type Joint struct {
	Namespace string // file, in this process's mount namespace
	Joined    []runtime.Joined
	Resolv    string // contents of resolv.conf; "" if the plugins say nothing of names
}

// DefaultTimeout is a time that no plugin needs which is well.
const DefaultTimeout = time.Minute

// Join makes the network that is asked for, or returns the one that there is for its owner. After an error nothing is left,
// or it is found by List.
func (n *Networks) Join(ctx context.Context, ask runtime.Network) (Joint, error) {
	defer n.lock(ask.Of)()
	old, err := n.cfg.read(ask.Of)
	if err != nil {
		return Joint{}, err
	}
	if old != nil && old.Complete && isNamespace(n.cfg.namespace(ask.Of)) {
		return n.joint(*old), nil
	}
	if old != nil {
		if err := n.undo(ctx, *old); err != nil {
			return Joint{}, err
		}
	}
	r := record{ID: ask.Of, Plugins: n.cfg.Plugins}
	for i, j := range ask.Join {
		list, err := n.find(j.Network)
		if err == nil {
			list, err = withArgs(list, j.Args)
		}
		if err == nil {
			err = n.check(j, list)
		}
		if err != nil {
			return Joint{}, err
		}
		r.Joins = append(r.Joins, join{Joined: runtime.Joined{Join: j}, Interface: fmt.Sprintf("eth%d", i), List: list})
	}
	if err := n.cfg.write(r); err != nil {
		return Joint{}, err
	}
	if err := n.make(ctx, &r); err != nil {
		return Joint{}, errors.Join(err, n.undo(context.WithoutCancel(ctx), r))
	}
	return n.joint(r), nil
}

func (n *Networks) joint(r record) Joint {
	j := Joint{Namespace: n.cfg.namespace(r.ID), Resolv: r.DNS.resolv()}
	for _, joined := range r.Joins {
		j.Joined = append(j.Joined, joined.Joined)
	}
	return j
}

// make makes what a record says, and completes it.
func (n *Networks) make(ctx context.Context, r *record) error {
	for _, dir := range []string{n.cfg.RuntimeDir, n.cfg.Dir} {
		if err := os.MkdirAll(dir, 0o711); err != nil {
			return err
		}
	}
	if err := makeNamespace(n.cfg.namespace(r.ID)); err != nil {
		return err
	}
	for i := range r.Joins {
		if err := n.add(ctx, r, &r.Joins[i]); err != nil {
			return err
		}
	}
	r.Complete = true
	return n.cfg.write(*r)
}

// check reports a network that cannot be joined. What cannot be joined could not be left either, so that it comes first.
func (n *Networks) check(j runtime.Join, definition []byte) error {
	list, err := libcni.NetworkConfFromBytes(definition)
	if err != nil {
		return fault.New(fault.Invalid, "network %q is not well defined: %v", j.Network, err)
	}
	if len(j.Ports) > 0 && !mapsPorts(list) {
		return fault.New(fault.Invalid, `network %q cannot map ports: none of its plugins has the capability "portMappings"`, j.Network)
	}
	for _, p := range list.Plugins {
		for _, plugin := range []string{p.Network.Type, p.Network.IPAM.Type} {
			if plugin == "" {
				continue
			}
			if _, err := invoke.FindInPath(plugin, n.cfg.Plugins); err != nil {
				return fault.New(fault.Invalid, "network %q: the plugin %s is in none of %s, the directories of --network-cni-plugins-dir (Debian has plugins in containernetworking-plugins)",
					j.Network, plugin, strings.Join(n.cfg.Plugins, ", "))
			}
		}
	}
	return nil
}

// add has the plugins of one network do their work.
func (n *Networks) add(ctx context.Context, r *record, j *join) error {
	list, err := libcni.NetworkConfFromBytes(j.List)
	if err != nil {
		return err // check has read it
	}
	ctx, cancel := context.WithTimeout(ctx, n.cfg.Timeout)
	defer cancel()
	raw, err := n.cni(r.Plugins).AddNetworkList(ctx, list, n.conf(r.ID, j))
	if err != nil {
		return fault.New(fault.Unavailable, "join network %q: %s", j.Network, n.reason(ctx, err))
	}
	result, err := types100.NewResultFromResult(raw)
	if err != nil {
		return fmt.Errorf("join network %q: %w", j.Network, err)
	}
	for _, ip := range result.IPs {
		j.Addresses = append(j.Addresses, ip.Address.IP.String())
	}
	r.DNS.add(result.DNS)
	return nil
}

// reason is an error of a plugin in one line.
func (n *Networks) reason(ctx context.Context, err error) string {
	if ctx.Err() != nil {
		return fmt.Sprintf("its plugin has not answered within %s; see what it waits for, or give it longer with --network-cni-timeout", n.cfg.Timeout)
	}
	return strings.Join(strings.Fields(err.Error()), " ")
}

func (n *Networks) cni(plugins []string) *libcni.CNIConfig {
	return libcni.NewCNIConfigWithCacheDir(plugins, n.cfg.cache(), nil)
}

func (n *Networks) conf(id ids.Container, j *join) *libcni.RuntimeConf {
	conf := &libcni.RuntimeConf{ContainerID: string(id), NetNS: n.cfg.namespace(id), IfName: j.Interface}
	if len(j.Ports) > 0 {
		var ports []map[string]any
		for _, p := range j.Ports {
			ports = append(ports, map[string]any{"hostPort": p.Host, "containerPort": p.Container, "protocol": p.Protocol})
		}
		conf.CapabilityArgs = map[string]any{"portMappings": ports}
	}
	return conf
}

// Leave undoes a container's network. One that has none is no error.
func (n *Networks) Leave(ctx context.Context, id ids.Container) error {
	defer n.lock(id)()
	r, err := n.cfg.read(id)
	if err != nil {
		return err
	}
	if r == nil {
		return os.RemoveAll(n.cfg.record(id))
	}
	return n.undo(ctx, *r)
}

// undo has the plugins take back what they gave, the last first, also if they never gave it or the namespace is gone.
func (n *Networks) undo(ctx context.Context, r record) error {
	for i := len(r.Joins) - 1; i >= 0; i-- {
		j := &r.Joins[i]
		list, err := libcni.NetworkConfFromBytes(j.List)
		if err != nil {
			continue // then it was never joined
		}
		conf := n.conf(r.ID, j)
		if !isNamespace(conf.NetNS) {
			conf.NetNS = ""
		}
		if err := n.del(ctx, r.Plugins, list, conf); err != nil && r.Complete { // what could not be joined may not be left, either
			return fmt.Errorf("leave network %q: %w", j.Network, err)
		}
	}
	if err := removeNamespace(n.cfg.namespace(r.ID)); err != nil {
		return err
	}
	return os.RemoveAll(n.cfg.record(r.ID))
}

func (n *Networks) del(ctx context.Context, plugins []string, list *libcni.NetworkConfigList, conf *libcni.RuntimeConf) error {
	ctx, cancel := context.WithTimeout(ctx, n.cfg.Timeout)
	defer cancel()
	return n.cni(plugins).DelNetworkList(ctx, list, conf)
}

// List names the containers and pods that have a network of their own.
func (n *Networks) List() ([]ids.Container, error) { return n.cfg.list() }

// Joined is what a container has joined, nothing if it has no network of its own.
func (n *Networks) Joined(id ids.Container) []runtime.Joined {
	r, err := n.cfg.read(id)
	if err != nil || r == nil {
		return nil
	}
	return n.joint(*r).Joined
}

// Clean undoes every network that a dead agent left, and removes its bridge.
func Clean(ctx context.Context, dir, runtimeDir string) error {
	n := New(Config{Dir: dir, RuntimeDir: runtimeDir})
	all, err := n.List()
	if err != nil {
		return err
	}
	var errs []error
	for _, id := range all {
		errs = append(errs, n.Leave(ctx, id), removeNamespace(n.cfg.namespace(id)))
	}
	if link, err := netlink.LinkByName(BridgeDevice(dir)); err == nil {
		errs = append(errs, netlink.LinkDel(link))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("clean up networks: %w", err)
	}
	return os.RemoveAll(dir)
}

func (d *dns) add(more types.DNS) {
	d.Servers = append(d.Servers, more.Nameservers...)
	d.Search = append(d.Search, more.Search...)
	d.Options = append(d.Options, more.Options...)
	if d.Domain == "" {
		d.Domain = more.Domain
	}
}

// resolv is d as resolv.conf.
func (d dns) resolv() string {
	if len(d.Servers) == 0 {
		return ""
	}
	var b strings.Builder
	line := func(key string, words ...string) {
		if text := strings.Join(words, " "); text != "" {
			fmt.Fprintln(&b, key, text)
		}
	}
	line("domain", d.Domain)
	line("search", d.Search...)
	line("options", d.Options...)
	for _, server := range d.Servers {
		line("nameserver", server)
	}
	return b.String()
}
