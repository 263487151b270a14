package servicemanager

import (
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestServing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = socket.Close() }()
	t.Setenv("NOTIFY_SOCKET", path)
	if err := Serving("serves http://127.0.0.1:5050"); err != nil {
		t.Fatal(err)
	}
	if err := socket.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 1<<10)
	n, err := socket.Read(buffer)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(buffer[:n]), "READY=1\nSTATUS=serves http://127.0.0.1:5050"; got != want {
		t.Errorf("the manager was told %q, want %q", got, want)
	}
	if value, ok := os.LookupEnv("NOTIFY_SOCKET"); ok {
		t.Errorf("NOTIFY_SOCKET=%s is still there for children to inherit", value)
	}
}

func TestServingWithoutManager(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	if err := Serving("anything"); err != nil {
		t.Errorf("Serving without a manager = %v", err)
	}
}

func TestServingToNobody(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "gone"))
	if err := Serving("anything"); err == nil {
		t.Error("Serving to a socket that is not there = nil, want an error")
	}
}
