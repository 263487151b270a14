package client_test

import (
	"crypto/x509"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// proxied puts TLS before a peer that has none, and answers its new address and who vouches for it.
func proxied(t *testing.T, peer string) (address string, authority *x509.Certificate) {
	t.Helper()
	proxy := httptest.NewUnstartedServer(httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: peer}))
	proxy.Config.ErrorLog = nil
	proxy.StartTLS()
	t.Cleanup(proxy.Close)
	return strings.TrimPrefix(proxy.URL, "https://"), proxy.Certificate()
}

// trusting makes a client by a file of authorities, as an operator does.
func trusting(t *testing.T, authority *x509.Certificate, options client.Options) *client.Client {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authority.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	pool, err := client.Authorities(path)
	if err != nil {
		t.Fatal(err)
	}
	options.Authorities, options.Principal, options.Secret = pool, "p", "s"
	c, err := client.New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// behindProxies are a leader and a standby, each behind a proxy of its own. They know nothing of proxies: the standby names the
// leader by the leader's own address, at which nobody must ever be asked.
func behindProxies(t *testing.T) (leader, standby string, authority *x509.Certificate) {
	t.Helper()
	behind := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Forwarded-For") == "" {
			t.Errorf("asked without its proxy for %s", r.URL)
		}
		_, _, known := r.BasicAuth()
		writeJSON(w, []reeveapi.Agent{{ID: "a", Name: map[bool]string{true: "told who asks"}[known]}})
	})
	leader, authority = proxied(t, behind)
	standby, _ = proxied(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "//"+behind+r.URL.String())
		w.WriteHeader(http.StatusTemporaryRedirect)
	}))
	return leader, standby, authority
}

// TestMastersBehindProxies: those that were named are asked, not those that masters name.
func TestMastersBehindProxies(t *testing.T) {
	leader, standby, authority := behindProxies(t)
	c := trusting(t, authority, client.Options{Masters: []string{"https://" + standby, "https://" + leader}})
	agents, err := c.Agents(t.Context())
	if err != nil || len(agents) != 1 || agents[0].Name != "told who asks" {
		t.Fatalf("got %+v, %v", agents, err)
	}
	if got, want := c.Master(), "https://"+leader; got != want {
		t.Errorf("Master() = %s, want %s", got, want)
	}
}

// TestALeaderThatIsNotNamed is asked where it says it is, in case that a proxy is there; and the error says what to do if not.
func TestALeaderThatIsNotNamed(t *testing.T) {
	leader, _, authority := behindProxies(t)
	standby, _ := proxied(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "//"+leader+r.URL.String())
		w.WriteHeader(http.StatusTemporaryRedirect)
	}))
	if agents, err := trusting(t, authority, client.Options{Masters: []string{"https://" + standby}}).Agents(t.Context()); err != nil || len(agents) != 1 {
		t.Errorf("got %+v, %v", agents, err)
	}
}

// TestWhoIsNotTrusted: neither a certificate of somebody else nor a peer without TLS gets a request.
func TestWhoIsNotTrusted(t *testing.T) {
	leader, _, authority := behindProxies(t)
	c, err := client.New(client.Options{Masters: []string{"https://" + leader}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, err = c.Agents(t.Context())
	if err == nil || !strings.Contains(err.Error(), "no master can be reached at https://"+leader) || !strings.Contains(err.Error(), "is not trusted (--ca names whom to trust)") {
		t.Errorf("an unknown authority: %v", err)
	}
	bare := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("asked without TLS") })
	_, err = trusting(t, authority, client.Options{Masters: []string{"https://" + bare}}).Agents(t.Context())
	if err == nil || !strings.Contains(err.Error(), "does not speak TLS") {
		t.Errorf("no TLS at all: %v", err)
	}
}

// TestAgentsOfMastersBehindProxies: they are asked by TLS, too, unless the operator has said that they have none. Then nobody tells them
// a secret that others could hear.
func TestAgentsOfMastersBehindProxies(t *testing.T) {
	leader, _, authority := behindProxies(t)
	agent := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if _, _, told := r.BasicAuth(); told && r.Header.Get("X-Forwarded-For") == "" {
			t.Error("a secret was sent without TLS")
		}
		_, _ = io.WriteString(w, "content")
	})
	read := func(c *client.Client, peer string) (string, error) {
		var out strings.Builder
		_, err := c.Download(t.Context(), peer, "/x", &out)
		return out.String(), err
	}
	masters := []string{"https://" + leader}
	if _, err := read(trusting(t, authority, client.Options{Masters: masters}), agent); err == nil || !strings.Contains(err.Error(), "--plain-agents") {
		t.Errorf("an agent without TLS: %v", err)
	}
	behind, _ := proxied(t, agent)
	if got, err := read(trusting(t, authority, client.Options{Masters: masters}), behind); err != nil || got != "content" {
		t.Errorf("an agent behind a proxy: %q, %v", got, err)
	}
	if got, err := read(trusting(t, authority, client.Options{Masters: masters, PlainPeers: true}), agent); err != nil || got != "content" {
		t.Errorf("with PlainPeers: %q, %v", got, err)
	}
}

func TestNewWithTLS(t *testing.T) {
	for _, o := range []client.Options{
		{Masters: []string{"https://a:1", "b:1"}},
		{Masters: []string{"https://a"}},
		{Masters: []string{"https://"}},
		{Masters: []string{"http://a"}},
		{Masters: []string{"http://a:1/state"}},
		{Masters: []string{"https://a:1", "http://b:1"}},
		{Masters: []string{"a:1"}, Authorities: x509.NewCertPool()},
	} {
		if _, err := client.New(o); fault.KindOf(err) != fault.Invalid {
			t.Errorf("New(%q): %v, want an error of kind %v", o.Masters, err, fault.Invalid)
		}
	}
	c, err := client.New(client.Options{Masters: []string{"http://a:1/", "b:1"}})
	if err != nil || c.Master() != "a:1" {
		t.Errorf("New: %v, want it to know a:1", err)
	}
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{path, path + ".none"} {
		if _, err := client.Authorities(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("Authorities: %v, want an error that names %s", err, path)
		}
	}
}
