package prober

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/check"
	"codeberg.org/reeve/reeve/agentd/workload"
	"codeberg.org/reeve/reeve/shared/run"
)

// address is where a container answers to itself.
func address(p check.Probe) string {
	host := "127.0.0.1"
	if p.IPv6 {
		host = "::1"
	}
	return net.JoinHostPort(host, strconv.FormatUint(uint64(p.Port), 10))
}

// connect looks whether somebody listens.
func connect(ctx context.Context, eff workload.Probe) check.Result {
	conn, err := dial(ctx, eff.PID, "tcp", address(eff.Probe))
	if err == nil {
		err = conn.Close()
	}
	if err != nil {
		// Whatever keeps a connection from being made is an answer, but silence.
		return check.Result{Answered: ctx.Err() == nil, Why: reason(err)}
	}
	return check.Result{Answered: true, Connected: true}
}

// maxBody is how much of a page is read: only its status counts.
const maxBody = 64 << 10

// get asks for a page. It follows redirects and takes any certificate, as Mesos does: the server is the task, on the
// loopback address.
func get(ctx context.Context, eff workload.Probe) check.Result {
	scheme := eff.Probe.Scheme
	if scheme == "" {
		scheme = "http"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+address(eff.Probe)+eff.Probe.Path, http.NoBody)
	if err != nil {
		return check.Result{Why: "its path cannot be part of a URL"}
	}
	transport := &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return dial(ctx, eff.PID, network, address)
		},
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
		DisableKeepAlives: true,
	}
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return check.Result{Why: reason(err)}
	}
	_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, maxBody))
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return check.Result{Why: reason(err)}
	}
	return check.Result{
		Answered: true, Code: uint32(resp.StatusCode),
		Why: fmt.Sprintf("HTTP status %s", resp.Status),
	}
}

// reason is an error without the URL, which people know.
func reason(err error) string {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	if e, ok := errors.AsType[*net.OpError](err); ok && e.Op == "dial" {
		if errno, ok := errors.AsType[syscall.Errno](err); ok {
			return fmt.Sprintf("connect to %s: %s", e.Addr, errno.Error())
		}
	}
	return err.Error()
}

// dial connects from where a process is: its network namespace. Namespaces belong to threads, so one is used for it and
// thrown away.
func dial(ctx context.Context, pid int, network, address string) (net.Conn, error) {
	path := fmt.Sprintf("/proc/%d/ns/net", pid)
	theirs, err := os.Readlink(path)
	if err != nil {
		return nil, errors.New("the container has ended")
	}
	ours, err := os.Readlink("/proc/thread-self/ns/net")
	if err != nil {
		return nil, err
	}
	if theirs == ours {
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	var conn net.Conn
	run.OnSpareThread(func() { conn, err = dialIn(ctx, path, network, address) })
	return conn, err
}

// dialIn changes the calling thread's namespace for good. The address is an IP address, for which the dialer makes its socket
// on this thread.
func dialIn(ctx context.Context, namespace, network, address string) (net.Conn, error) {
	ns, err := os.Open(namespace)
	if err != nil {
		return nil, errors.New("the container has ended")
	}
	err = unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET)
	if err = errors.Join(err, ns.Close()); err != nil {
		return nil, fmt.Errorf("enter the container's network: %w", err)
	}
	return (&net.Dialer{}).DialContext(ctx, network, address)
}
