package e2e

import (
	"bufio"
	"context"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Whoever closes the terminal of make run has left the console: the daemons end with it.
func TestMakeRunEndsWithItsTerminal(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGHUP, syscall.SIGTERM} {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		cmd := exec.CommandContext(ctx, filepath.Join(bin(t), "localcluster"), "--bin="+bin(t), "--fixed-ports=false", "--work-dir="+t.TempDir())
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var addresses []string
		lines := bufio.NewScanner(out)
		for lines.Scan() && !strings.HasPrefix(lines.Text(), "masters: ") {
			if _, address, ok := strings.Cut(lines.Text(), ": http://"); ok {
				addresses = append(addresses, address)
			}
		}
		if len(addresses) != 2 {
			t.Fatalf("got addresses %v, want a master's and an agent's", addresses)
		}
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() { // until it has ended
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v", sig, err)
		}
		for _, address := range addresses {
			if conn, err := net.Dial("tcp", address); err == nil {
				t.Errorf("%s: something still serves %s", sig, address)
				_ = conn.Close() // it should not have opened
			}
		}
	}
}
