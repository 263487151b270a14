package e2e

import (
	"crypto/ed25519"
	"crypto/rand"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	gossh "golang.org/x/crypto/ssh"

	"codeberg.org/reeve/reeve/shared/emulator"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// serveSSH runs reeve serve-ssh with one key that may do everything, and answers where it listens.
func (r *rig) serveSSH(principal string) (address string, key gossh.Signer) {
	r.t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		r.t.Fatal(err)
	}
	key, err = gossh.NewSignerFromKey(private)
	if err != nil {
		r.t.Fatal(err)
	}
	dir := r.t.TempDir()
	line := `principal="` + principal + `",access="read-write" ` + string(gossh.MarshalAuthorizedKey(key.PublicKey()))
	if err := os.WriteFile(filepath.Join(dir, "authorized_keys"), []byte(line), 0o600); err != nil {
		r.t.Fatal(err)
	}
	var out, errs kept
	cmd := exec.Command(filepath.Join(r.bin, "reeve"), "serve-ssh", "--master="+r.MasterList(), "--work-dir="+dir, "--listen=127.0.0.1:0")
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil && cmd.ProcessState.ExitCode() != 130 {
			r.t.Errorf("serve-ssh ended with %v: %s", err, errs.String())
		}
	})
	listening := regexp.MustCompile(`serving the console on (\S+);`)
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		if found := listening.FindStringSubmatch(out.String()); found != nil {
			return found[1], key
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("serve-ssh does not listen: %s%s", out.String(), errs.String())
		}
	}
}

// TestAnOperatorComesInOverSSH uses the console of somebody who has nothing installed: what is done bears the key's name.
func TestAnOperatorComesInOverSSH(t *testing.T) {
	t.Parallel()
	needRoot(t)
	r := start(t, 1, 1)
	if got := r.reeve("run", "--name=long", "-c", "sleep 1000"); got.code != 0 {
		t.Fatalf("run: %+v", got)
	}
	r.await("a running task", func(tasks []reeveapi.Task) bool { return len(tasks) == 1 && tasks[0].State == "TASK_RUNNING" })
	address, key := r.serveSSH("alice@ops")
	c, err := gossh.Dial("tcp", address, &gossh.ClientConfig{
		User: "whoever", Auth: []gossh.AuthMethod{gossh.PublicKeys(key)}, HostKeyCallback: gossh.InsecureIgnoreHostKey(), Timeout: patience,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	session, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	screen := emulator.New(80, 24)
	session.Stdout = screen
	in, err := session.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := session.RequestPty("xterm-256color", 24, 80, gossh.TerminalModes{}); err != nil {
		t.Fatal(err)
	}
	if err := session.Shell(); err != nil {
		t.Fatal(err)
	}
	see := func(words ...string) {
		t.Helper()
		for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
			text, missing := screen.String(), ""
			for _, w := range words {
				if !strings.Contains(text, w) {
					missing = w
				}
			}
			if missing == "" {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%q does not come:\n%s", missing, text)
			}
		}
	}
	press := func(keys string) {
		t.Helper()
		if _, err := io.WriteString(in, keys); err != nil {
			t.Fatal(err)
		}
	}
	see("RW", "running")
	press("0")
	see("long", "running")
	press("\x0b") // ctrl+k
	see("Stop job long")
	press("\t")
	press("\r")
	see("○ stopped")
	press("\x03")
	if err := session.Wait(); err != nil {
		t.Errorf("the session ended with %v", err)
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		events := r.reeve("events", "-o", "json").stdout
		if strings.Contains(events, "CONSOLE_OPENED") && strings.Contains(events, "CONSOLE_CLOSED") && strings.Contains(events, "JOB_STOPPED") {
			if got := strings.Count(events, `"who": "alice@ops"`); got < 3 {
				t.Errorf("%d events bear the principal's name, want three or more:\n%s", got, events)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the events are\n%s", events)
		}
	}
}
