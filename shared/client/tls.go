package client

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"

	"codeberg.org/reeve/reeve/shared/fault"
)

// Daemons speak plain HTTP; where a proxy puts TLS before them, masters are named with https://.
const (
	plain  = "http"
	secure = "https"
)

// split takes a master's address apart: what is in the address bar of a browser is one, too.
func split(address string) (scheme, bare string) {
	for _, scheme := range []string{secure, plain} {
		if bare, ok := strings.CutPrefix(address, scheme+"://"); ok {
			return scheme, strings.TrimSuffix(bare, "/")
		}
	}
	return plain, address
}

// named is how an operator names a master.
func (c *Client) named(master string) string {
	if c.scheme == secure {
		return secure + "://" + master
	}
	return master
}

// Authorities reads certificates, as PEM, that others are trusted by.
func Authorities(path string) (*x509.CertPool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "read certificates")
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fault.New(fault.Invalid, "%s has no certificate; it must have some as PEM (-----BEGIN CERTIFICATE-----)", path)
	}
	return pool, nil
}

// untrusted is a connection that was given up before a request was sent on it.
type untrusted struct {
	text  string
	cause error
}

func (e *untrusted) Error() string { return e.text + ": " + e.cause.Error() }
func (e *untrusted) Unwrap() error { return e.cause }

// handshake tells a failure of TLS from others, and what to do about it.
func handshake(scheme, peer string, err error) error {
	if scheme != secure || err == nil {
		return err
	}
	if _, refused := errors.AsType[*tls.CertificateVerificationError](err); refused {
		return &untrusted{"the certificate of " + peer + " is not trusted (--ca names whom to trust)", err}
	}
	_, header := errors.AsType[tls.RecordHeaderError](err)
	_, alert := errors.AsType[tls.AlertError](err)
	if header || alert || errors.Is(err, http.ErrSchemeMismatch) {
		return &untrusted{peer + " does not speak TLS as it should", err}
	}
	return err
}

// unsent reports whether a request certainly never reached the other side, so that it may be sent elsewhere.
func unsent(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	if ok && op.Op == "dial" {
		return true
	}
	_, dns := errors.AsType[*net.DNSError](err)
	_, tls := errors.AsType[*untrusted](err)
	return dns || tls
}

// elsewhere is a master's word that another one leads, at an address that the operator has not named. Where proxies stand before
// masters, those that were named are asked first: masters know only their own addresses, which need not lead through a proxy.
type elsewhere struct{ master string }

func (e *elsewhere) Error() string { return "the leading master is said to be " + e.master }

// named by the operator or, without proxies, by a master: it is asked at once.
func (c *Client) atOnce(master string) bool {
	return c.scheme == plain || slices.Contains(c.options.Masters, master)
}
