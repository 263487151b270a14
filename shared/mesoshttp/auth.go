package mesoshttp

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/http"
)

// Authenticator checks HTTP Basic credentials (spec 1.3). The zero value lets everybody in, as nobody.
type Authenticator struct {
	Realm   string
	Secrets map[string]string // by principal; nil: authentication is off
}

// NewAuthenticator asks for one of the secrets if on, and nobody for anything if not. On without secrets lets nobody in: nobody can be
// known then.
func NewAuthenticator(on bool, realm string, secrets map[string]string) Authenticator {
	switch {
	case !on:
		return Authenticator{}
	case secrets == nil:
		secrets = map[string]string{}
	}
	return Authenticator{Realm: realm, Secrets: secrets}
}

// principalKey finds the principal in a request's context.
type principalKey struct{}

// Principal is who sends a request, "" while authentication is off.
func Principal(r *http.Request) string {
	name, _ := r.Context().Value(principalKey{}).(string)
	return name
}

// Guard lets only known principals through to handler.
func (a Authenticator) Guard(handler http.HandlerFunc) http.HandlerFunc {
	if a.Secrets == nil {
		return handler
	}
	return func(w http.ResponseWriter, r *http.Request) {
		principal, secret, ok := r.BasicAuth()
		if !ok || !a.known(principal, secret) {
			w.Header().Set("WWW-Authenticate", fmt.Sprintf("Basic realm=%q", a.Realm))
			WriteStatus(w, r, http.StatusUnauthorized)
			return
		}
		handler(w, r.WithContext(context.WithValue(r.Context(), principalKey{}, principal)))
	}
}

// known compares in a time that tells nothing about either half.
func (a Authenticator) known(principal, secret string) bool {
	want, exists := a.Secrets[principal]
	wantSum, gotSum := sha256.Sum256([]byte(want)), sha256.Sum256([]byte(secret))
	return subtle.ConstantTimeCompare(wantSum[:], gotSum[:]) == 1 && exists
}
