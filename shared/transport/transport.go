// Package transport makes every listener and every outgoing connection of both daemons. It owns the rule that nothing
// listens beyond loopback without TLS unless --insecure says so, and is the one place where TLS will be put
// around connections. It knows no protocol. Start reading at Config.
package transport

import (
	"context"
	"errors"
	"net"
	"strconv"
	"syscall"
	"time"

	"codeberg.org/reeve/reeve/shared/fault"
)

// dialTimeout bounds one attempt to connect; whoever dials retries.
const dialTimeout = 5 * time.Second

// Config is how this process talks on the network.
type Config struct {
	Insecure bool // listen beyond loopback although there is no TLS
}

// Listen opens a TCP listener. flag is the flag that its port came from, for the errors; port 0 takes a free one.
func (c Config) Listen(flag, ip string, port int) (net.Listener, error) {
	if err := c.Check(ip); err != nil {
		return nil, err
	}
	addr := net.JoinHostPort(ip, strconv.Itoa(port))
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", addr)
	if err != nil {
		return nil, explain(err, flag, addr)
	}
	return l, nil
}

// Check reports whether this process may listen on ip.
func (c Config) Check(ip string) error {
	parsed := net.ParseIP(ip)
	if parsed == nil {
		return fault.New(fault.Invalid, "%q is not an IP address to listen on", ip)
	}
	if parsed.IsLoopback() || c.Insecure {
		return nil
	}
	return fault.New(fault.Invalid,
		"refusing to listen on %s without TLS: anybody who reaches it could run commands; give --insecure if that network is trusted, or listen on 127.0.0.1", ip)
}

// CheckFree reports whether TCP and UDP of ip:port can be had, for a library that opens its sockets itself.
func (c Config) CheckFree(flag, ip string, port int) error {
	syscall.ForkLock.RLock() // a program that is started meanwhile would have the sockets until it runs, and the library find them taken
	defer syscall.ForkLock.RUnlock()
	l, err := c.Listen(flag, ip, port)
	if err != nil {
		return err
	}
	if err := l.Close(); err != nil {
		return fault.Wrap(fault.Internal, err, "probe --%s", flag)
	}
	addr := net.JoinHostPort(ip, strconv.Itoa(port))
	p, err := (&net.ListenConfig{}).ListenPacket(context.Background(), "udp", addr)
	if err != nil {
		return explain(err, flag, addr)
	}
	return p.Close()
}

func explain(err error, flag, addr string) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fault.New(fault.Conflict, "--%s: %s is in use by another process; stop it, or give another port (0 takes a free one)", flag, addr)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fault.New(fault.Invalid, "--%s: this machine has no address %s; give --ip one of its own", flag, addr)
	case errors.Is(err, syscall.EACCES):
		return fault.New(fault.Forbidden, "--%s: this user may not listen on %s; give a port above 1023", flag, addr)
	}
	return fault.Wrap(fault.Internal, err, "--%s: listen on %s", flag, addr)
}

// Dial connects to a peer.
func (c Config) Dial(ctx context.Context, addr string) (net.Conn, error) {
	return (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, "tcp", addr)
}

// PortOf returns the port that a listener got.
func PortOf(addr net.Addr) int {
	if tcp, ok := addr.(*net.TCPAddr); ok {
		return tcp.Port
	}
	return 0
}
