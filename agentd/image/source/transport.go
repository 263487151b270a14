package source

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/shared/fault"
)

// newTransport is how registries are reached.
func newTransport(cfg Config) (http.RoundTripper, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool() // a host without certificates of its own
	}
	if len(cfg.CA) > 0 && !roots.AppendCertsFromPEM(cfg.CA) {
		return nil, fault.New(fault.Invalid, "the file with registries' certificates holds none in PEM form")
	}
	inner := &http.Transport{
		Proxy:           http.ProxyFromEnvironment,
		DialContext:     (&net.Dialer{Timeout: min(30*time.Second, cfg.Stall), KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true,
		MaxIdleConns: 20, MaxIdleConnsPerHost: 8, IdleConnTimeout: 30 * time.Second, TLSHandshakeTimeout: min(10*time.Second, cfg.Stall),
		DisableCompression: true, // layers are compressed, and their digest is that of what is sent
	}
	return &patient{inner: inner, stall: cfg.Stall, plain: cfg.Plain}, nil
}

// patient waits for a registry as long as it sends something, and speaks to none in the clear that need not be.
type patient struct {
	inner http.RoundTripper
	stall time.Duration
	plain []string
}

// errStalled is the cause when a registry was given up.
var errStalled = errors.New("the registry sends nothing")

func (p *patient) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Scheme != "https" && !p.mayBePlain(req.URL.Host) {
		return nil, fault.New(fault.Forbidden, "registry %s does not use TLS; if that is right, start agentd with --insecure-registry %s", req.URL.Host, req.URL.Host)
	}
	ctx, cancel := context.WithCancelCause(req.Context())
	timer := time.AfterFunc(p.stall, func() { cancel(errStalled) })
	resp, err := p.inner.RoundTrip(req.WithContext(ctx))
	if err != nil {
		timer.Stop()
		if errors.Is(context.Cause(ctx), errStalled) {
			err = errStalled
		}
		cancel(nil)
		return nil, err
	}
	if strings.Contains(req.URL.Path, "/manifests/") {
		resp.Body = &bounded{ReadCloser: resp.Body, left: maxDocument}
	}
	resp.Body = &watchedBody{ReadCloser: resp.Body, cause: func() error { return context.Cause(ctx) }, cancel: cancel, timer: timer, stall: p.stall}
	return resp, nil
}

// bounded is a body that must not be large.
type bounded struct {
	io.ReadCloser
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= n; b.left < 0 {
		return 0, fault.New(fault.Invalid, "its manifest has more than %d MB", maxDocument>>20)
	}
	return n, err
}

// mayBePlain says whether a registry may be spoken to without TLS.
func (p *patient) mayBePlain(host string) bool {
	if slices.Contains(p.plain, host) {
		return true
	}
	bare := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		bare = h
	}
	ip := net.ParseIP(strings.Trim(bare, "[]"))
	return bare == "localhost" || ip != nil && ip.IsLoopback()
}

// watchedBody ends when nothing has come for a while.
type watchedBody struct {
	io.ReadCloser
	cause  func() error // why the request has ended
	cancel context.CancelCauseFunc
	timer  *time.Timer
	stall  time.Duration
}

func (b *watchedBody) Read(p []byte) (int, error) {
	b.timer.Reset(b.stall)
	n, err := b.ReadCloser.Read(p)
	b.timer.Stop() // whoever reads may take its time
	if err != nil && errors.Is(b.cause(), errStalled) {
		err = errStalled
	}
	return n, err
}

func (b *watchedBody) Close() error {
	b.timer.Stop()
	err := b.ReadCloser.Close()
	b.cancel(nil)
	return err
}
