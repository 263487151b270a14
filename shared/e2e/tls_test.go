package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"codeberg.org/reeve/reeve/shared/client"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// authority makes a certificate for this machine's addresses, which vouches for itself, and the file that says so.
func authority(t *testing.T) (cert tls.Certificate, file string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv4(127, 0, 0, 2)},
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}, file
}

// proxy takes TLS off what comes to an address and hands it on, as stunnel does. It answers where it listens.
func proxy(t *testing.T, cert tls.Certificate, listen, backend string) string {
	t.Helper()
	l, err := tls.Listen("tcp", listen, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() { // ends with the listener
		for {
			front, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = front.Close() }()
				back, err := net.Dial("tcp", backend)
				if err != nil {
					return // a daemon that is down
				}
				go func() {
					_, _ = io.Copy(back, front)
					_ = back.Close()
				}()
				_, _ = io.Copy(front, back)
			}()
		}
	}()
	return l.Addr().String()
}

// TestAClusterBehindTLS is used as an operator would whose daemons have proxies with TLS before them: masters at addresses of which
// they know nothing, the agent at the one that it tells.
func TestAClusterBehindTLS(t *testing.T) {
	t.Parallel()
	needRoot(t)
	r := start(t, 3, 1, "--advertise-ip=127.0.0.2")
	cert, ca := authority(t)
	var masters []string
	for _, m := range client.Masters(r.MasterList()) {
		masters = append(masters, "https://"+proxy(t, cert, "127.0.0.1:0", m))
	}
	agents, err := r.client.Agents(t.Context())
	if err != nil || len(agents) != 1 || !strings.HasPrefix(agents[0].HTTP, "127.0.0.2:") {
		t.Fatalf("the agents are %+v, %v", agents, err)
	}
	_, port, err := net.SplitHostPort(agents[0].HTTP)
	if err != nil {
		t.Fatal(err)
	}
	proxy(t, cert, agents[0].HTTP, "127.0.0.1:"+port)
	reach := []string{"--master=" + strings.Join(masters, ","), "--ca=" + ca}
	reeve := func(args ...string) result {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		return runCommand(t, exec.CommandContext(ctx, filepath.Join(r.bin, "reeve"), append(reach, args...)...))
	}

	if got := reeve("run", "--name=day", "-c", "echo hello; sleep 1000"); got.code != 0 {
		t.Fatalf("run: %+v", got)
	}
	task := r.await("the task", func(tasks []reeveapi.Task) bool { return all(tasks, 1, "TASK_RUNNING") })[0].ID
	if got := reeve("exec", task, "--", "echo", "in-42"); got.stdout != "in-42\n" || got.code != 0 {
		t.Errorf("exec: %+v", got)
	}
	if got := reeve("logs", task); !strings.Contains(got.stdout, "hello") || got.code != 0 {
		t.Errorf("logs: %+v", got)
	}
	untrusting := exec.Command(filepath.Join(r.bin, "reeve"), reach[0], "tasks")
	if got := runCommand(t, untrusting); got.code != 1 || !strings.Contains(got.stderr, "is not trusted (--ca names whom to trust)") {
		t.Errorf("without the certificate: %+v", got)
	}

	d := r.desk()
	d.reach = strings.Join(reach, " ")
	d.open("work")
	d.press("work", "3")
	d.see("work", "day", "RUNNING")
	d.press("work", "l")
	d.see("work", "FOLLOW", "hello")
	d.press("work", "Escape")
	d.see("work", "tasks (1)", "RUNNING")
	d.press("work", "s")
	d.see("work", "ctrl+] menu")
	d.press("work", "text:echo in-$((40+2)); exit", "Enter")
	d.see("work", "shell in", "exit 0")
	d.press("work", "3", "C-y")
	d.see("work", "command line copied")
	d.pasted(task)
	r.killLeader()
	d.press("work", "1")
	d.see("work", "● live", "leader")
	r.await("the task with the next leader", func(tasks []reeveapi.Task) bool { return all(tasks, 1, "TASK_RUNNING") })
	d.pasted(task)
	d.press("work", "C-c")
	d.see("work", "exit status 0")
}

// pasted runs what is on the clipboard as it is, and wants a word in what it prints.
func (d *desk) pasted(want string) {
	d.r.t.Helper()
	ctx, cancel := context.WithTimeout(d.r.t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", d.do("show-buffer"))
	cmd.Env = append(os.Environ(), "PATH="+d.r.bin+string(os.PathListSeparator)+os.Getenv("PATH"), "REEVE_CONFIG=/dev/null")
	if got := runCommand(d.r.t, cmd); got.code != 0 || !strings.Contains(got.stdout, want) {
		d.r.t.Errorf("%q was pasted: %+v, want %s in it", d.do("show-buffer"), got, want)
	}
}
