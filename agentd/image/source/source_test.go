package source

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"codeberg.org/reeve/reeve/agentd/image"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/imagetest"
	"codeberg.org/reeve/reeve/shared/slowhost"
)

func sources(t *testing.T, cfg Config) *Sources {
	t.Helper()
	if cfg.Stall == 0 {
		cfg.Stall = slowhost.Scale(30 * time.Second)
	}
	cfg.TempDir = t.TempDir()
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// open opens and reads all of an image; the text is that of the first file of its first layer.
func open(t *testing.T, s *Sources, places image.Places, ask image.Ask) (img Image, text string, err error) {
	t.Helper()
	place, err := places.Parse(ask.Name)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), slowhost.Scale(time.Minute))
	defer cancel()
	img, err = s.Open(ctx, place, ask)
	if err != nil {
		return img, "", err
	}
	blob, err := img.Layers[0].Open()
	if err != nil {
		return img, "", errors.Join(err, img.Close())
	}
	data, err := io.ReadAll(blob)
	if err = errors.Join(err, blob.Close(), img.Close()); err != nil {
		return img, "", err
	}
	if len(data) > 512 { // a tar stream, uncompressed
		text, _, _ = strings.Cut(string(data[512:]), "\x00")
	}
	return img, text, nil
}

func built(t *testing.T, text string) v1.Image {
	t.Helper()
	return imagetest.Build(t, v1.Config{Env: []string{"TEXT=" + text}}, imagetest.Layer(t, []imagetest.Entry{{Name: "file", Body: text}}))
}

// wants fails unless an image is the one with the text.
func wants(t *testing.T, what string, img Image, err error, text string) {
	t.Helper()
	if err != nil || len(img.Config.Env) != 1 || img.Config.Env[0] != "TEXT="+text {
		t.Errorf("%s: got %+v, %v, want %s", what, img, err, text)
	}
}

// A registry with TLS is only believed with a certificate that somebody trusts.
func TestTLS(t *testing.T) {
	server := httptest.NewTLSServer(imagetest.Handler(nil))
	defer server.Close()
	host := server.Listener.Addr().String()
	ref, err := name.ParseReference(host + "/web:1")
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref, built(t, "tls"), remote.WithTransport(server.Client().Transport)); err != nil {
		t.Fatal(err)
	}
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	img, _, err := open(t, sources(t, Config{CA: ca}), image.Places{}, image.Ask{Name: host + "/web:1"})
	wants(t, "trusted", img, err, "tls")
	if _, _, err = open(t, sources(t, Config{}), image.Places{}, image.Ask{Name: host + "/web:1"}); err == nil || !strings.Contains(err.Error(), "--registry-ca") || strings.Contains(err.Error(), "\n") {
		t.Errorf("not trusted: got %v", err)
	}
	if _, err := New(Config{CA: []byte("nonsense")}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("no certificates: got %v", err)
	}
}

// Only registries on loopback, and those that the operator names, are spoken to without TLS.
func TestPlain(t *testing.T) {
	registry := imagetest.Serve(t, nil)
	registry.Push(t, "web:1", built(t, "plain"))
	_, port, _ := strings.Cut(registry.Host, ":")
	img, _, err := open(t, sources(t, Config{}), image.Places{}, image.Ask{Name: "localhost:" + port + "/web:1"})
	wants(t, "localhost", img, err, "plain")
	p := &patient{plain: []string{"10.0.0.1:5000"}}
	for host, want := range map[string]bool{
		"127.0.0.1:5000": true, "127.8.9.1": true, "[::1]:5000": true, "localhost": true, "10.0.0.1:5000": true,
		"10.0.0.1:5001": false, "registry.example": false, "192.168.1.1:5000": false, "localhost.example:80": false,
	} {
		if p.mayBePlain(host) != want {
			t.Errorf("%s may be plain: %v", host, !want)
		}
	}
	req := httptest.NewRequest(http.MethodGet, "http://192.168.1.1:5000/v2/", http.NoBody)
	resp, err := p.RoundTrip(req)
	if resp != nil {
		_ = resp.Body.Close()
	}
	if fault.KindOf(err) != fault.Forbidden || !strings.Contains(err.Error(), "--insecure-registry 192.168.1.1:5000") {
		t.Errorf("got %v", err)
	}
}

// guarded lets in whoever proves to be me.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "me" || password != "secret" {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Credentials come from the framework, from its docker config, or from the agent's; a wrong one is not made up for by another.
func TestCredentials(t *testing.T) {
	registry := imagetest.Serve(t, guarded)
	name := registry.Push(t, "web:1", built(t, "private"), remote.WithAuth(&authn.Basic{Username: "me", Password: "secret"}))
	config := func(password string) []byte {
		return []byte(`{"auths":{"` + registry.Host + `":{"auth":"` + base64.StdEncoding.EncodeToString([]byte("me:"+password)) + `"}},"credsStore":"/no/such/program"}`)
	}
	agents := func(password string) []byte {
		return bytes.ReplaceAll(config(password), []byte(`,"credsStore":"/no/such/program"`), nil)
	}
	for what, test := range map[string]struct {
		agent []byte
		ask   image.Ask
		ok    bool
	}{
		"none":                      {nil, image.Ask{}, false},
		"of the image":              {nil, image.Ask{Username: "me", Password: "secret"}, true},
		"wrong ones of the image":   {agents("secret"), image.Ask{Username: "me", Password: "x"}, false},
		"config of the image":       {nil, image.Ask{Config: config("secret")}, true},
		"config of the agent":       {agents("secret"), image.Ask{}, true},
		"wrong config of the agent": {agents("x"), image.Ask{}, false},
		"for another registry":      {[]byte(`{"auths":{"other.example":{"auth":"bWU6c2VjcmV0"}}}`), image.Ask{}, false},
	} {
		t.Run(what, func(t *testing.T) {
			test.ask.Name = name
			img, _, err := open(t, sources(t, Config{DockerConfig: test.agent}), image.Places{}, test.ask)
			if test.ok {
				wants(t, what, img, err, "private")
			} else if fault.KindOf(err) != fault.Unauthenticated || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v (%v)", err, fault.KindOf(err))
			}
		})
	}
	_, _, err := open(t, sources(t, Config{}), image.Places{}, image.Ask{Name: name, Config: []byte("{")})
	if fault.KindOf(err) != fault.Invalid {
		t.Errorf("a broken config: got %v", err)
	}
	if _, err := New(Config{DockerConfig: []byte("{")}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a broken config of the agent: got %v", err)
	}
}

// Of an index that for this machine is taken; a digest is what it says.
func TestIndexAndDigest(t *testing.T) {
	registry := imagetest.Serve(t, nil)
	mine, other := built(t, "mine"), imagetest.For(t, v1.Platform{OS: "linux", Architecture: "s390x"}, v1.Config{}, imagetest.Layer(t, nil))
	index := mutate.AppendManifests(empty.Index,
		mutate.IndexAddendum{Add: other, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "s390x"}}},
		mutate.IndexAddendum{Add: mine, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: runtime.GOARCH}}})
	foreign := mutate.AppendManifests(empty.Index,
		mutate.IndexAddendum{Add: other, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "s390x"}}})
	for tag, i := range map[string]v1.ImageIndex{"many": index, "foreign": foreign} {
		ref, err := name.ParseReference(registry.Host + "/web:" + tag)
		if err != nil {
			t.Fatal(err)
		}
		if err := remote.WriteIndex(ref, i); err != nil {
			t.Fatal(err)
		}
	}
	s := sources(t, Config{})
	img, _, err := open(t, s, image.Places{}, image.Ask{Name: registry.Host + "/web:many"})
	wants(t, "index", img, err, "mine")
	indexDigest, err := index.Digest()
	if err != nil {
		t.Fatal(err)
	}
	digest, err := mine.Digest()
	if err != nil {
		t.Fatal(err)
	}
	if img.Tag != indexDigest.String() || img.Digest != digest.String() {
		t.Errorf("got %s and %s, want %s and %s", img.Tag, img.Digest, indexDigest, digest)
	}
	for _, d := range []v1.Hash{digest, indexDigest} {
		img, _, err = open(t, s, image.Places{}, image.Ask{Name: registry.Host + "/web@" + d.String()})
		wants(t, "digest", img, err, "mine")
	}
	_, _, err = open(t, s, image.Places{}, image.Ask{Name: registry.Host + "/web:foreign"})
	if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "for other machines, but not for linux/"+runtime.GOARCH) {
		t.Errorf("foreign: got %v", err)
	}
	missing := strings.Repeat("0", 64)
	if _, _, err = open(t, s, image.Places{}, image.Ask{Name: registry.Host + "/web@sha256:" + missing}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("missing digest: got %v", err)
	}
}

// A directory of images: layouts and tarballs of both kinds, each by name.
func localImages(t *testing.T) (dir string, digest v1.Hash) {
	t.Helper()
	dir = t.TempDir()
	one, two := built(t, "one"), built(t, "two")
	for where, images := range map[string]map[string]v1.Image{"layout": {"1": one, "2": two}, "single": {"1": one}} {
		path, err := layout.Write(filepath.Join(dir, where), empty.Index)
		if err != nil {
			t.Fatal(err)
		}
		for tag, img := range images {
			if err := path.AppendImage(img, layout.WithAnnotations(map[string]string{tagAnnotation: tag})); err != nil {
				t.Fatal(err)
			}
		}
	}
	refs := map[name.Reference]v1.Image{}
	for tag, img := range map[string]v1.Image{"team/web:1": one, "team/web:2": two} {
		ref, err := name.NewTag(tag)
		if err != nil {
			t.Fatal(err)
		}
		refs[ref] = img
	}
	if err := tarball.MultiRefWriteToFile(filepath.Join(dir, "saved.tar"), refs); err != nil {
		t.Fatal(err)
	}
	saved, err := name.NewTag("web:1")
	if err != nil {
		t.Fatal(err)
	}
	if err := tarball.WriteToFile(filepath.Join(dir, "web:1.tar"), saved, one); err != nil {
		t.Fatal(err)
	}
	pack(t, filepath.Join(dir, "layout"), filepath.Join(dir, "layout.tar"))
	digest, err = two.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return dir, digest
}

// pack makes a tarball of a layout.
func pack(t *testing.T, dir, to string) {
	t.Helper()
	var entries []imagetest.Entry
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err == nil {
			var rel string
			rel, err = filepath.Rel(dir, path)
			entries = append(entries, imagetest.Entry{Name: "./" + rel, Body: string(data)})
		}
		return err
	})
	if err == nil {
		err = os.WriteFile(to, imagetest.Tar(t, entries...), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestLocal(t *testing.T) {
	dir, two := localImages(t)
	s := sources(t, Config{})
	places := image.Places{Dir: dir}
	for text, want := range map[string]string{
		"oci:layout:1": "one", "oci:layout:2": "two", "oci:single": "one", "oci:single:1": "one", "oci:layout:2@" + two.String(): "two",
		"oci-archive:layout.tar:2": "two", "docker-archive:saved.tar:team/web:1": "one", "docker-archive:saved.tar:team/web:2": "two",
	} {
		img, _, err := open(t, s, places, image.Ask{Name: text})
		wants(t, text, img, err, want)
	}
	img, text, err := open(t, s, image.Places{Local: dir}, image.Ask{Name: "web:1"})
	if wants(t, "as in Mesos", img, err, "one"); text != "one" {
		t.Errorf("the layer of a tarball holds %q", text)
	}
	if left, err := os.ReadDir(s.cfg.TempDir); err != nil || len(left) != 0 {
		t.Errorf("%v is left, %v", left, err)
	}
	for text, want := range map[string]string{
		"oci:layout": "holds 2 images; say which", "oci:layout:3": "no image with the tag 3", "oci:none": "does not exist", "oci-archive:none.tar": "does not exist",
		"oci:layout:1@" + two.String(): "not " + two.String(), "docker-archive:saved.tar:team/web:3": "is no image that can be read", "oci-archive:saved.tar": "does not exist on the agent's host, or is not complete",
	} {
		_, _, err := open(t, s, places, image.Ask{Name: text})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

// What lies on a disk may have rotted: a configuration is checked here, layers by whoever unpacks them.
func TestDamagedLayout(t *testing.T) {
	dir, _ := localImages(t)
	blobs, err := filepath.Glob(filepath.Join(dir, "single", "blobs", "sha256", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range blobs {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(data, []byte("TEXT=one")) {
			if err := os.WriteFile(path, bytes.Replace(data, []byte("TEXT=one"), []byte("TEXT=two"), 1), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	_, _, err = open(t, sources(t, Config{}), image.Places{Dir: dir}, image.Ask{Name: "oci:single"})
	if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "configuration is damaged") {
		t.Errorf("got %v", err)
	}
}

// What a registry says is believed within bounds: it must not fill the agent's memory, nor lead it elsewhere.
func TestBounds(t *testing.T) {
	digest := "sha256:" + strings.Repeat("0", 64)
	manifest := func(config, layer string) string {
		return `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"` +
			digest + `","size":` + config + `},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"` + digest + `","size":5` + layer + `}]}`
	}
	var body string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/manifests/") {
			w.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
			_, _ = io.WriteString(w, body) // whoever has had enough hangs up
		}
	}))
	defer server.Close()
	for what, want := range map[string]string{
		manifest("5000000000", ""):                                 "its configuration has 4768 MB",
		manifest("5", `,"urls":["http://169.254.169.254/latest"]`): "not in its registry but elsewhere",
		manifest("5", "") + strings.Repeat(" ", 5<<20):             "its manifest has more than 4 MB",
	} {
		body = what
		_, _, err := open(t, sources(t, Config{}), image.Places{}, image.Ask{Name: server.Listener.Addr().String() + "/web:1"})
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
