package jump_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/ssh"
	gossh "golang.org/x/crypto/ssh"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/tui/jump"
	"codeberg.org/reeve/reeve/tui/keytest"
)

// bench is a host to go through, and the real ssh as the operator of "box1" has set it up.
func bench(t *testing.T, accept bool) {
	t.Helper()
	program, err := exec.LookPath("ssh")
	if err != nil {
		t.Skip("there is no ssh here (Debian: openssh-client)")
	}
	dir := t.TempDir()
	write := func(name, content string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	signer, _, pemText := keytest.New(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &ssh.Server{
		PublicKeyHandler:            func(ssh.Context, ssh.PublicKey) bool { return accept },
		LocalPortForwardingCallback: func(ssh.Context, string, uint32) bool { return true },
		ChannelHandlers:             map[string]ssh.ChannelHandler{"direct-tcpip": ssh.DirectTCPIPHandler},
	}
	server.AddHostKey(signer)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		_ = server.Close() // connections that are still open
		if err := <-served; !errors.Is(err, ssh.ErrServerClosed) {
			t.Error(err)
		}
	})
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	key := write("key", pemText, 0o600)
	known := write("known", fmt.Sprintf("[127.0.0.1]:%s %s", port, gossh.MarshalAuthorizedKey(signer.PublicKey())), 0o600)
	config := write("config", fmt.Sprintf("Host box1\n HostName 127.0.0.1\n Port %s\n User ann\n IdentityFile %s\n IdentitiesOnly yes\n IdentityAgent none\n UserKnownHostsFile %s\n StrictHostKeyChecking yes\n",
		port, key, known), 0o600)
	// ssh looks for ~/.ssh in the account's home, wherever HOME is.
	write("ssh", fmt.Sprintf("#!/bin/sh\nexec %s -F %s \"$@\"\n", program, config), 0o755)
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
}

// ask asks a master for agents through a host.
func ask(t *testing.T, host jump.Host, master string) (int, error) {
	t.Helper()
	c, err := client.New(client.Options{Masters: []string{master}, Dial: host.Dial})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	agents, err := c.Agents(ctx)
	return len(agents), err
}

func master(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`[{"id":"a"},{"id":"b"}]`)) // the test fails at the other end
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

func TestThroughAHost(t *testing.T) {
	bench(t, true)
	if n, err := ask(t, "box1", master(t)); err != nil || n != 2 {
		t.Errorf("got %d agents, want 2; %v", n, err)
	}
	closed := httptest.NewServer(nil)
	address := strings.TrimPrefix(closed.URL, "http://")
	closed.Close()
	if _, err := ask(t, "box1", address); err == nil || !strings.Contains(err.Error(), "no master can be reached at "+address) || !strings.Contains(err.Error(), "ssh box1:") {
		t.Errorf("nobody listens: %v", err)
	}
	if _, err := ask(t, "nowhere.invalid", address); err == nil || !strings.Contains(err.Error(), "no master can be reached") || !strings.Contains(err.Error(), "nowhere.invalid") {
		t.Errorf("the host is none: %v", err)
	}
}

// TestAKeyThatIsNotTaken: nobody is asked for a password, and what ssh says is told.
func TestAKeyThatIsNotTaken(t *testing.T) {
	bench(t, false)
	if _, err := ask(t, "box1", master(t)); err == nil || !strings.Contains(err.Error(), "Permission denied") {
		t.Errorf("got %v", err)
	}
}

// TestAConnectionThatIsCut ends ssh with it, and honours deadlines.
func TestAConnectionThatIsCut(t *testing.T) {
	bench(t, true)
	c, err := jump.Host("box1").Dial(t.Context(), master(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SetReadDeadline(time.Now().Add(10 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read beyond the deadline: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("read what is closed: %v", err)
	}
}

func TestNames(t *testing.T) {
	for _, name := range []jump.Host{"box1", "ann@box1", "10.0.0.1"} {
		if err := name.Check(); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []jump.Host{"", "-oProxyCommand=x", "a b", "a\nb"} {
		if err := name.Check(); err == nil {
			t.Errorf("%q is taken", name)
		}
	}
}
