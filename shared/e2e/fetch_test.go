package e2e

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// fetching is a task that brings URIs in, as JSON, and runs a command.
func fetching(command string, uris ...string) string {
	return fmt.Sprintf(`{"name":"t","task_id":{"value":"t"},"agent_id":{"value":""},"command":{"value":%q,"uris":[%s]},
		"resources":[{"name":"cpus","type":"SCALAR","scalar":{"value":0.1}},{"name":"mem","type":"SCALAR","scalar":{"value":64}}]}`,
		command, strings.Join(uris, ","))
}

func TestURIsAreFetched(t *testing.T) {
	t.Parallel()
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for name, text := range map[string]string{"bin/run": "#!/bin/sh\ncat $1\n", "data": "fetched\n"} {
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o755, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/a.tar" {
			http.NotFound(w, r)
			return
		}
		asked.Add(1)
		_, _ = w.Write(archive.Bytes())
	}))
	defer server.Close()
	r := start(t, 1, 1)
	sum := fmt.Sprintf("%x", sha256.Sum256(archive.Bytes()))
	for _, uri := range []string{
		fmt.Sprintf(`{"value":"%s/a.tar#sha256=%s","cache":true}`, server.URL, sum),
		fmt.Sprintf(`{"value":"%s/a.tar#sha256=%s","cache":true}`, server.URL, sum),
		fmt.Sprintf(`{"value":"%s/a.tar"}`, server.URL),
	} {
		got := r.reeve("execute", "--task="+fetching("test \"$(./bin/run data)\" = fetched", uri))
		if !strings.Contains(got.stdout, "TASK_FINISHED") {
			t.Errorf("%s: got %s%s", uri, got.stdout, got.stderr)
		}
	}
	if asked.Load() != 2 {
		t.Errorf("the server was asked %d times, want once for the cache and once beside it", asked.Load())
	}
	for want, uri := range map[string]string{
		"/none: the server answered 404 Not Found": fmt.Sprintf(`{"value":"%s/none?token=secret"}`, server.URL),
		"it is not what was asked for":             fmt.Sprintf(`{"value":"%s/a.tar#sha256=%064d"}`, server.URL, 0),
		"must be a relative path":                  fmt.Sprintf(`{"value":"%s/a.tar","output_file":"../x"}`, server.URL),
	} {
		got := r.reeve("execute", "--task="+fetching("true", uri))
		for _, want := range []string{want, "TASK_FAILED", "REASON_CONTAINER_LAUNCH_FAILED", "Failed to launch container: fetch " + server.URL} {
			if !strings.Contains(got.stdout, want) || strings.Contains(got.stdout, "secret") {
				t.Errorf("%s: got %s%s, want %q in it", uri, got.stdout, got.stderr, want)
			}
		}
	}
}
