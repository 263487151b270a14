package fetcher

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ulikunitz/xz"

	"codeberg.org/reeve/reeve/agentd/sandbox"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

func tarball(tb testing.TB, entries ...tar.Header) []byte {
	tb.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, e := range entries {
		if e.Typeflag == tar.TypeReg {
			e.Size = int64(len(e.Name))
		}
		if err := w.WriteHeader(&e); err != nil {
			tb.Fatal(err)
		}
		if e.Typeflag == tar.TypeReg {
			if _, err := w.Write([]byte(e.Name)); err != nil {
				tb.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return buf.Bytes()
}

func zipped(tb testing.TB, data []byte) []byte {
	tb.Helper()
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	if _, err := w.Write(data); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return buf.Bytes()
}

func zipFile(tb testing.TB, names ...string) []byte {
	tb.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, name := range names {
		f, err := w.Create(name)
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := io.WriteString(f, name); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return buf.Bytes()
}

func xzipped(tb testing.TB, data []byte) []byte {
	tb.Helper()
	var buf bytes.Buffer
	w, err := xz.NewWriter(&buf)
	if err == nil {
		_, err = w.Write(data)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		tb.Fatal(err)
	}
	return buf.Bytes()
}

// bzipped is a tar archive with the file d/a: the standard library cannot write bzip2.
const bzipped = "QlpoOTFBWSZTWRj8+bcAAC5bgMmAQADbgAACZAAeAAgIIABUV6g0AGg9QSKIeoNqMgcwP5FRtATiYJ32gQweC1RVYi9EU0m9bosgrOuPCSgHxdyRThQkBj8+bcA="

func decoded(tb testing.TB, text string) []byte {
	tb.Helper()
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

func sha512Of(text string) string { return fmt.Sprintf("%x", sha512.Sum512([]byte(text))) }

// newFetcher ends with the test. What cfg leaves out is what an agent has.
func newFetcher(tb testing.TB, cfg Config) *Fetcher {
	tb.Helper()
	cfg.WorkDir = cmp.Or(cfg.WorkDir, "/no/work/dir")
	cfg.Stall = cmp.Or(cfg.Stall, time.Minute)
	if cfg.Count == nil {
		cfg.Count = func(string) {}
	}
	f, err := New(tb.Context(), cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := f.Close(); err != nil {
			tb.Error(err)
		}
	})
	return f
}

// served is what the test server has.
func served(t *testing.T) map[string][]byte {
	t.Helper()
	file := func(name string, mode int64) tar.Header {
		return tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode}
	}
	good := tarball(t, tar.Header{Typeflag: tar.TypeDir, Name: "d/", Mode: 0o755}, file("d/a", 0o755), file("/abs", 0o644),
		tar.Header{Typeflag: tar.TypeSymlink, Name: "d/l", Linkname: "a"})
	return map[string][]byte{
		"/plain": []byte("text"), "/a.tar": good, "/a.tar.gz": zipped(t, good), "/a.tgz": zipped(t, good),
		"/a.gz": zipped(t, []byte("unpacked")), "/a.zip": zipFile(t, "z/one", "two"), "/a.tar.xz": xzipped(t, good), "/a.tar.bz2": decoded(t, bzipped), "/bad.tar.xz": []byte("no xz"), "/bad.zip": []byte("no zip"),
		"/dots.tar":   tarball(t, file("../out", 0o644)),
		"/dots.zip":   zipFile(t, "../out"),
		"/link.tar":   tarball(t, tar.Header{Typeflag: tar.TypeSymlink, Name: "up", Linkname: ".."}, file("up/out", 0o644)),
		"/abs.tar":    tarball(t, tar.Header{Typeflag: tar.TypeSymlink, Name: "etc", Linkname: "/tmp"}, file("etc/out", 0o644)),
		"/hard.tar":   tarball(t, tar.Header{Typeflag: tar.TypeLink, Name: "shadow", Linkname: "../../../../etc/shadow"}),
		"/device.tar": tarball(t, tar.Header{Typeflag: tar.TypeChar, Name: "null", Devmajor: 1, Devminor: 3}),
	}
}

// TestBomb: with the same ratio as the real limits, but small ones.
func TestBomb(t *testing.T) {
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	if _, err := io.CopyN(w, zeros{}, 20<<20); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "bomb.gz"), buf.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := root.Close(); err != nil {
			t.Error(err)
		}
	})
	file, err := root.Open("bomb.gz")
	if err != nil {
		t.Fatal(err)
	}
	d := &delivery{Fetcher: newFetcher(t, Config{}), root: root, owner: sandbox.Owner{UID: os.Geteuid(), GID: os.Getegid()}}
	d.alwaysFits = 1 << 20
	err = errors.Join(d.extract(t.Context(), "bomb.gz", file, int64(buf.Len())), file.Close())
	if fault.KindOf(err) != fault.Exhausted || !strings.Contains(err.Error(), "taken for an attack") {
		t.Errorf("got %v, want it refused", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "bomb")); err == nil {
		t.Error("what was unpacked is left")
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestFetch(t *testing.T) {
	files := served(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, ok := files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(data)
	}))
	defer server.Close()
	local := filepath.Join(t.TempDir(), "local")
	if err := os.WriteFile(local, []byte("local"), 0o755); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		uri  *mesosv1.CommandInfo_URI
		want string // "file=content mode" each; "" if an error is wanted
		err  string
	}{
		{"http", &mesosv1.CommandInfo_URI{Value: new(server.URL + "/plain?token=secret")}, "plain=text 644", ""},
		{"output file", &mesosv1.CommandInfo_URI{Value: new(server.URL + "/plain"), OutputFile: new("sub/dir/f")}, "sub/dir/f=text 644", ""},
		{"executable", &mesosv1.CommandInfo_URI{Value: new(server.URL + "/a.gz"), Executable: new(true), OutputFile: new("x.gz")}, "x.gz=* 755", ""},
		{"not extracted", &mesosv1.CommandInfo_URI{Value: new(server.URL + "/a.tar"), Extract: new(false)}, "a.tar=* 644", ""},
		{"absolute path", &mesosv1.CommandInfo_URI{Value: new(local)}, "local=local 755", ""},
		{"file", &mesosv1.CommandInfo_URI{Value: new("file://" + local), OutputFile: new("b")}, "b=local 755", ""},
		{"tar", &mesosv1.CommandInfo_URI{Value: new(server.URL + "/a.tar")}, "a.tar=* 644,d/a=d/a 755,abs=/abs 644,d/l=d/a 755", ""},
		{"tar.gz", &mesosv1.CommandInfo_URI{Value: new(server.URL + "/a.tar.gz")}, "a.tar.gz=* 644,d/a=d/a 755", ""},
		{"tgz", &mesosv1.CommandInfo_URI{Value: new(server.URL + "/a.tgz")}, "a.tgz=* 644,d/a=d/a 755", ""},
		{"gz", &mesosv1.CommandInfo_URI{Value: new(server.URL + "/a.gz")}, "a.gz=* 644,a=unpacked 644", ""},
		{"zip", &mesosv1.CommandInfo_URI{Value: new(server.URL + "/a.zip")}, "a.zip=* 644,z/one=z/one 644,two=two 644", ""},
		{"404", &mesosv1.CommandInfo_URI{Value: new(server.URL + "/none?token=secret")}, "", "/none: the server answered 404 Not Found"},
		{"no server", &mesosv1.CommandInfo_URI{Value: new("http://127.0.0.1:1/x")}, "", "cannot be reached: dial tcp 127.0.0.1:1: connect: connection refused"},
		{"no file", &mesosv1.CommandInfo_URI{Value: new("/no/such/file")}, "", "no such file"},
		{"directory", &mesosv1.CommandInfo_URI{Value: new("/etc")}, "", "not a regular file"},
		{"relative", &mesosv1.CommandInfo_URI{Value: new("a/b")}, "", "relative path"},
		{"scheme", &mesosv1.CommandInfo_URI{Value: new("ftp://h/x")}, "", `"ftp" is not supported`},
		{"no name", &mesosv1.CommandInfo_URI{Value: new(server.URL + "/")}, "", "no file name"},
		{"output escapes", &mesosv1.CommandInfo_URI{Value: new(local), OutputFile: new("../x")}, "", "inside the sandbox"},
		{"output absolute", &mesosv1.CommandInfo_URI{Value: new(local), OutputFile: new("/x")}, "", "inside the sandbox"},
		{"tar.xz", &mesosv1.CommandInfo_URI{Value: new(server.URL + "/a.tar.xz")}, "a.tar.xz=* 644,d/a=d/a 755", ""},
		{"txz", &mesosv1.CommandInfo_URI{Value: new(server.URL + "/a.tar.xz"), OutputFile: new("b.txz")}, "b.txz=* 644,d/a=d/a 755", ""},
		{"tar.bz2", &mesosv1.CommandInfo_URI{Value: new(server.URL + "/a.tar.bz2")}, "a.tar.bz2=* 644,d/a=d/a 755", ""},
		{"bad xz", &mesosv1.CommandInfo_URI{Value: new(server.URL + "/bad.tar.xz")}, "", "extract bad.tar.xz: "},
		{"sha256", &mesosv1.CommandInfo_URI{Value: new(server.URL + "/plain#sha256=982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1")}, "plain=text 644", ""},
		{"sha512", &mesosv1.CommandInfo_URI{Value: new(local + "#SHA512=" + sha512Of("local"))}, "local=local 755", ""},
		{"another sha256", &mesosv1.CommandInfo_URI{Value: new(server.URL + "/a.gz#sha256=982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1")}, "", "it is not what was asked for: its sha256 is"},
		{"half a sha256", &mesosv1.CommandInfo_URI{Value: new(server.URL + "/plain#sha256=982d")}, "", "which has 64 digits"},
		{"md5", &mesosv1.CommandInfo_URI{Value: new(server.URL + "/plain#md5=1cb251ec0d568de6a929b520c4aed8d1")}, "", "proves nothing"},
		{"another fragment", &mesosv1.CommandInfo_URI{Value: new(server.URL + "/plain#top")}, "plain=text 644", ""},
		{"bad zip", &mesosv1.CommandInfo_URI{Value: new(server.URL + "/bad.zip")}, "", "not a valid zip"},
		{"dots", &mesosv1.CommandInfo_URI{Value: new(server.URL + "/dots.tar")}, "", "leads out of the sandbox"},
		{"zip dots", &mesosv1.CommandInfo_URI{Value: new(server.URL + "/dots.zip")}, "", "out"},
		{"through a link", &mesosv1.CommandInfo_URI{Value: new(server.URL + "/link.tar")}, "", "escapes"},
		{"through an absolute link", &mesosv1.CommandInfo_URI{Value: new(server.URL + "/abs.tar")}, "", "escapes"},
		{"hard link out", &mesosv1.CommandInfo_URI{Value: new(server.URL + "/hard.tar")}, "", "escapes"},
		{"device", &mesosv1.CommandInfo_URI{Value: new(server.URL + "/device.tar")}, "", "neither a file"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			outside := t.TempDir()
			dir := filepath.Join(outside, "sandbox")
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			err := newFetcher(t, Config{}).Fetch(t.Context(), dir, []*mesosv1.CommandInfo_URI{test.uri}, "", nil)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) || strings.Contains(err.Error(), "secret") {
					t.Errorf("got %v, want an error with %q", err, test.err)
				}
			} else if err != nil {
				t.Fatal(err)
			}
			for want := range strings.SplitSeq(test.want, ",") {
				checkFile(t, dir, want)
			}
			if names, err := os.ReadDir(outside); err != nil || len(names) != 1 {
				t.Errorf("beside the sandbox: %v, %v", names, err)
			}
		})
	}
}

func checkFile(t *testing.T, dir, want string) {
	t.Helper()
	if want == "" {
		return
	}
	name, rest, _ := strings.Cut(want, "=")
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Error(err)
		return
	}
	info, err := os.Stat(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	content, mode, _ := strings.Cut(rest, " ")
	if content != "*" && string(data) != content {
		t.Errorf("%s holds %q, want %q", name, data, content)
	}
	if got := fmt.Sprintf("%o", info.Mode().Perm()); got != mode {
		t.Errorf("%s has mode %s, want %s", name, got, mode)
	}
}

func TestOrderAndProgress(t *testing.T) {
	dir, from := t.TempDir(), t.TempDir()
	for _, name := range []string{"a", "b"} {
		if err := os.WriteFile(filepath.Join(from, name), []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var seen []string
	watch := &Watch{
		Progress: func(uri string, done, total int64) {
			seen = append(seen, fmt.Sprintf("%s %d/%d", filepath.Base(uri), done, total))
		},
		Fetched: func(a reeveapi.Artifact) {
			seen = append(seen, fmt.Sprintf("got %s %d %v", filepath.Base(a.URI), a.Bytes, a.Cached))
		},
	}
	err := newFetcher(t, Config{}).Fetch(t.Context(), dir, []*mesosv1.CommandInfo_URI{
		{Value: new(filepath.Join(from, "a")), OutputFile: new("same")},
		{Value: new(filepath.Join(from, "b")), OutputFile: new("same")},
		{Value: new(filepath.Join(from, "none"))},
		{Value: new(filepath.Join(from, "a")), OutputFile: new("late")},
	}, "", watch)
	if fault.KindOf(err) != fault.Invalid {
		t.Errorf("got %v, want the third URI refused", err)
	}
	checkFile(t, dir, "same=b 644")
	if _, err := os.Stat(filepath.Join(dir, "late")); err == nil {
		t.Error("the URI after the failure was fetched")
	}
	if got := strings.Join(seen, ", "); got != "a 1/1, got a 1 false, b 1/1, got b 1 false" {
		t.Errorf("progress %q", got)
	}
}

func TestUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("gives files to another user, which needs root")
	}
	base := t.TempDir()
	dir := filepath.Join(base, "slaves", "s")
	other := filepath.Join(base, "slaves", "o")
	for _, d := range []string{dir, other} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(other, "secret"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	f := newFetcher(t, Config{WorkDir: base})
	for uri, wantErr := range map[string]string{
		"/etc/passwd": "", "/etc/shadow": "permission denied", filepath.Join(other, "secret"): "cannot be read",
	} {
		err := f.Fetch(t.Context(), dir, []*mesosv1.CommandInfo_URI{{Value: new(uri)}}, "nobody", nil)
		if (err == nil) != (wantErr == "") || err != nil && !strings.Contains(err.Error(), wantErr) {
			t.Errorf("%s: %v, want %q", uri, err, wantErr)
		}
	}
	// root may read everything but the work dir
	err := f.Fetch(t.Context(), dir, []*mesosv1.CommandInfo_URI{{Value: new(filepath.Join(other, "secret"))}}, "", nil)
	if fault.KindOf(err) != fault.Forbidden {
		t.Errorf("a file of another sandbox: %v, want it forbidden", err)
	}
	info, err := os.Stat(filepath.Join(dir, "passwd"))
	if err != nil {
		t.Fatal(err)
	}
	if uid := info.Sys().(*syscall.Stat_t).Uid; uid != 65534 {
		t.Errorf("fetched file belongs to %d, want nobody", uid)
	}
}

func TestCancel(t *testing.T) {
	block := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte("start"))
		_ = http.NewResponseController(w).Flush()
		<-block
	}))
	defer server.Close()
	defer close(block)
	ctx, cancel := context.WithCancel(t.Context())
	err := newFetcher(t, Config{}).Fetch(ctx, t.TempDir(), []*mesosv1.CommandInfo_URI{{Value: new(server.URL + "/f")}}, "", &Watch{Progress: func(string, int64, int64) { cancel() }})
	if err == nil || !strings.Contains(err.Error(), "canceled") {
		t.Errorf("got %v, want the cancellation", err)
	}
}

// FuzzExtract: whatever an archive holds, nothing is written outside of the sandbox.
func FuzzExtract(f *testing.F) {
	f.Add(tarball(f, tar.Header{Typeflag: tar.TypeReg, Name: "../x"}), false)
	f.Add(tarball(f, tar.Header{Typeflag: tar.TypeSymlink, Name: "l", Linkname: ".."}, tar.Header{Typeflag: tar.TypeReg, Name: "l/x"}), false)
	f.Add(zipFile(f, "a/b", "../c"), true)
	f.Fuzz(func(t *testing.T, data []byte, asZip bool) {
		base := t.TempDir()
		dir := filepath.Join(base, "sandbox")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(base, "in.tar")
		if asZip {
			name = filepath.Join(base, "in.zip")
		}
		if err := os.WriteFile(name, data, 0o644); err != nil {
			t.Fatal(err)
		}
		_ = newFetcher(t, Config{}).Fetch(t.Context(), dir, []*mesosv1.CommandInfo_URI{{Value: &name}}, "", nil) // refusing is fine
		if names, err := os.ReadDir(base); err != nil || len(names) != 2 {
			t.Errorf("beside the sandbox: %v, %v", names, err)
		}
	})
}
