package chaos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/shared/run"
)

// network is a switch and the hosts around it, each a network namespace. Nothing of it touches the network of the machine.
type network struct {
	prefix string
	made   []string // namespaces
}

// switchHost is the namespace that has the bridge.
const switchHost = "sw"

// subnet is the hosts' own; nobody else can see it.
const subnet = "10.77.0."

func newNetwork(ctx context.Context) (*network, error) {
	n := &network{prefix: fmt.Sprintf("rc%d-", os.Getpid())}
	if err := n.add(ctx, switchHost); err != nil {
		return nil, errors.Join(err, n.close())
	}
	for _, args := range [][]string{{"link", "add", "br0", "type", "bridge", "forward_delay", "0"}, {"link", "set", "br0", "up"}} {
		if err := n.ip(ctx, switchHost, args...); err != nil {
			return nil, errors.Join(err, n.close())
		}
	}
	return n, nil
}

// space is the namespace of a host.
func (n *network) space(host string) string { return n.prefix + host }

func (n *network) add(ctx context.Context, host string) error {
	if err := command(ctx, "ip", "netns", "add", n.space(host)); err != nil {
		return err
	}
	n.made = append(n.made, n.space(host))
	return n.ip(ctx, host, "link", "set", "lo", "up")
}

// ip runs ip(8) on a host.
func (n *network) ip(ctx context.Context, host string, args ...string) error {
	return command(ctx, "ip", append([]string{"-n", n.space(host)}, args...)...)
}

// plug adds a host and connects it to the switch.
func (n *network) plug(ctx context.Context, host, ip string) error {
	if err := n.add(ctx, host); err != nil {
		return err
	}
	for _, step := range []struct{ on, what string }{
		{host, "link add eth0 type veth peer name " + host + " netns " + n.space(switchHost)},
		{host, "addr add " + ip + "/24 dev eth0"},
		{host, "link set eth0 up"},
		{switchHost, "link set " + host + " master br0 up"},
	} {
		if err := n.ip(ctx, step.on, strings.Fields(step.what)...); err != nil {
			return err
		}
	}
	return nil
}

// link cuts the cable of a host, or mends it.
func (n *network) link(ctx context.Context, host string, up bool) error {
	state := "down"
	if up {
		state = "up"
	}
	return n.ip(ctx, switchHost, "link", "set", host, state)
}

// mute drops what a host sends to an address, or ends that.
func (n *network) mute(ctx context.Context, host, ip string, on bool) error {
	verb := "del"
	if on {
		verb = "add"
	}
	return n.ip(ctx, host, "route", verb, "blackhole", ip+"/32")
}

// close removes what was made. A namespace goes when nothing is left in it.
func (n *network) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var errs []error
	for _, space := range n.made {
		errs = append(errs, command(ctx, "ip", "netns", "del", space))
	}
	n.made = nil
	return errors.Join(errs...)
}

// dialFrom dials as a host does.
func (n *network) dialFrom(host string) func(ctx context.Context, address string) (net.Conn, error) {
	return func(ctx context.Context, address string) (conn net.Conn, err error) {
		run.OnSpareThread(func() { conn, err = n.dialHere(ctx, host, address) })
		return conn, err
	}
}

// dialHere moves the calling thread to the host for good: a socket belongs to the namespace that it was made in.
func (n *network) dialHere(ctx context.Context, host, address string) (conn net.Conn, err error) {
	space, err := os.Open("/run/netns/" + n.space(host))
	if err != nil {
		return nil, fmt.Errorf("enter %s: %w", host, err)
	}
	defer func() { err = errors.Join(err, space.Close()) }()
	if err := unix.Setns(int(space.Fd()), unix.CLONE_NEWNET); err != nil {
		return nil, fmt.Errorf("enter %s: %w", host, err)
	}
	return (&net.Dialer{Timeout: 3 * time.Second}).DialContext(ctx, "tcp", address)
}

// command runs a program of the system and returns what it said if it fails.
func command(ctx context.Context, name string, args ...string) error {
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, bytes.TrimSpace(out))
	}
	return nil
}
