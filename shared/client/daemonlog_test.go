package client

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"codeberg.org/reeve/reeve/shared/mesoshttp"
)

// TestReadDaemonLog reads what a daemon serves as its own log, piece by piece, through the daemons' own endpoint.
func TestReadDaemonLog(t *testing.T) {
	text := strings.Repeat("a line of a daemon\n", 1000)
	file := filepath.Join(t.TempDir(), "masterd.log")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	files := mesoshttp.Files{Roots: func() map[string]string { return map[string]string{"/master/log": file} }}
	server := httptest.NewServer(mesoshttp.NewRouter("master", files.Routes()...))
	defer server.Close()
	peer := strings.TrimPrefix(server.URL, "http://")
	c, err := New(Options{Masters: []string{peer}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if data, size, err := c.ReadDaemonLog(t.Context(), peer, "/master/log", EndOfFile, 10); err != nil || len(data) != 0 || size != int64(len(text)) {
		t.Errorf("its end: %d bytes of %d, %v; want none of %d", len(data), size, err, len(text))
	}
	var all []byte
	for {
		data, size, err := c.ReadDaemonLog(t.Context(), peer, "/master/log", int64(len(all)), 4096)
		if err != nil || size != int64(len(text)) {
			t.Fatalf("at %d: size %d, %v", len(all), size, err)
		}
		if len(data) == 0 {
			break
		}
		all = append(all, data...)
	}
	if string(all) != text {
		t.Errorf("read %d bytes, want the %d that are there", len(all), len(text))
	}
	if _, _, err := c.ReadDaemonLog(t.Context(), peer, "/slave/log", 0, 10); err == nil {
		t.Error("read a log that is not there")
	}
}
