package source

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"codeberg.org/reeve/reeve/agentd/image"
	"codeberg.org/reeve/reeve/shared/fault"
)

// Explain turns what went wrong with an image into one sentence for people, with a kind. It knows how the library and the
// network say it.
func (s *Sources) Explain(err error, place image.Place) error {
	if err == nil {
		return nil
	}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f
	}
	if place.Kind != image.Registry {
		return explainFile(err, place)
	}
	registry := place.Ref.Context().RegistryStr()
	if e, ok := errors.AsType[*transport.Error](err); ok {
		return explainAnswer(e, place, registry)
	}
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, errStalled):
		return fault.New(fault.Exhausted, "registry %s has sent nothing for %v", registry, s.cfg.Stall)
	case strings.Contains(err.Error(), "no child with platform"):
		return fault.New(fault.Invalid, "registry %s has it for other machines, but not for %s", registry, platform())
	case damaged(err):
		return fault.New(fault.Invalid, "registry %s sent it damaged: %v", registry, err)
	case isCertificate(err):
		return fault.New(fault.Unavailable, "registry %s is not trusted: %v; give agentd --registry-ca with its certificate authority", registry, plain(err))
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return fault.New(fault.Unavailable, "registry %s broke the connection off", registry)
	}
	return fault.New(fault.Unavailable, "registry %s cannot be reached: %v", registry, plain(err))
}

// explainAnswer is for a registry that has answered, and not with what was asked for.
func explainAnswer(e *transport.Error, place image.Place, registry string) error {
	said := ""
	if len(e.Errors) > 0 && e.Errors[0].Message != "" {
		said = ": " + e.Errors[0].Message
	}
	if e.Request != nil && e.Request.URL.Scheme == "http" && strings.Contains(e.Error(), "HTTPS server") {
		return fault.New(fault.Unavailable, "registry %s is not trusted: it uses TLS, with a certificate that nobody vouches for; "+
			"give agentd --registry-ca with its certificate authority", registry)
	}
	switch e.StatusCode {
	case http.StatusNotFound:
		return fault.New(fault.NotFound, "registry %s has no %s %s", registry, place.Ref.Context().RepositoryStr(), place.Ref.Identifier())
	case http.StatusUnauthorized, http.StatusForbidden:
		return fault.New(fault.Unauthenticated, "registry %s refuses access to %s%s; it needs other credentials, if the image is there at all",
			registry, place.Ref.Context().RepositoryStr(), said)
	case http.StatusTooManyRequests:
		return fault.New(fault.Exhausted, "registry %s allows no more requests for now%s", registry, said)
	}
	return fault.New(fault.Unavailable, "registry %s answered with status %d%s", registry, e.StatusCode, said)
}

func explainFile(err error, place image.Place) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fault.New(fault.NotFound, "%s does not exist on the agent's host, or is not complete", place.Path)
	case errors.Is(err, context.Canceled):
		return err
	}
	return fault.New(fault.Invalid, "%s is no image that can be read: %v", place.Path, err)
}

// damaged tells what the library says of digests and sizes that do not fit.
func damaged(err error) bool {
	text := err.Error()
	return strings.Contains(text, "error verifying") || strings.Contains(text, "manifest digest") || strings.Contains(text, "does not match")
}

func isCertificate(err error) bool {
	_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
	_, invalid := errors.AsType[x509.CertificateInvalidError](err)
	_, host := errors.AsType[x509.HostnameError](err)
	_, verify := errors.AsType[*tls.CertificateVerificationError](err)
	return unknown || invalid || host || verify
}

// plain is an error without the request that met it, which would say everything twice.
func plain(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	if e, ok := errors.AsType[*net.OpError](err); ok {
		err = e.Err
	}
	return err
}
