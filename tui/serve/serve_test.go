package serve_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	gossh "golang.org/x/crypto/ssh"

	"codeberg.org/reeve/reeve/shared/emulator"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/console"
	"codeberg.org/reeve/reeve/tui/keytest"
	"codeberg.org/reeve/reeve/tui/serve"
)

// asConsole is the argument by which this binary is the console, of a made-up cluster.
const asConsole = "-as-console"

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == asConsole {
		readOnly := len(os.Args) > 2 && os.Args[2] == "--read-only"
		if err := console.Run(context.Background(), console.Options{Demo: true, ReadOnly: readOnly, Theme: "auto"}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// server is a running server with what it noted.
type server struct {
	address string
	keys    string // the file

	mu    sync.Mutex // guards notes
	notes []string
}

func start(t *testing.T, sessions int, lines ...string) *server {
	t.Helper()
	dir := t.TempDir()
	s := &server{keys: filepath.Join(dir, "keys")}
	if err := os.WriteFile(s.keys, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	srv, err := serve.New(ctx, serve.Config{
		Listen: "127.0.0.1:0", WorkDir: filepath.Join(dir, "work"), KeysFile: s.keys, Sessions: sessions, Console: []string{os.Args[0], asConsole},
		Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Note: func(_ context.Context, principal string, n reeveapi.Session) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.notes = append(s.notes, fmt.Sprintf("%s read-only:%v closed:%v", principal, n.ReadOnly, n.Closed != ""))
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.address = srv.Addr().String()
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := srv.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		cancel()
		wg.Wait()
	})
	return s
}

func (s *server) noted() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.notes, "; ")
}

func dial(t *testing.T, s *server, auth ...gossh.AuthMethod) (*gossh.Client, error) {
	t.Helper()
	c, err := gossh.Dial("tcp", s.address, &gossh.ClientConfig{User: "me", Auth: auth, HostKeyCallback: gossh.InsecureIgnoreHostKey(), Timeout: 30 * time.Second})
	if err == nil {
		t.Cleanup(func() { _ = c.Close() })
	}
	return c, err
}

// operator is somebody at a terminal.
type operator struct {
	t    *testing.T
	sess *gossh.Session
	in   io.Writer
	mu   sync.Mutex // guards vt
	vt   *emulator.Terminal
}

func (o *operator) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.vt.Write(p)
}

func (o *operator) screen() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.vt.String()
}

func (o *operator) waitFor(text string) {
	o.t.Helper()
	o.waitUntil(fmt.Sprintf("%q does not come", text), func(screen string) bool { return strings.Contains(screen, text) })
}

// waitUntil polls the screen: a frame comes in pieces, so that what is at its top says nothing of its bottom.
func (o *operator) waitUntil(otherwise string, ok func(screen string) bool) {
	o.t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(o.screen()); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			o.t.Fatalf("%s:\n%s", otherwise, o.screen())
		}
	}
}

func (o *operator) press(keys string) {
	o.t.Helper()
	if _, err := io.WriteString(o.in, keys); err != nil {
		o.t.Fatal(err)
	}
}

func sit(t *testing.T, s *server, key gossh.Signer) *operator {
	t.Helper()
	c, err := dial(t, s, gossh.PublicKeys(key))
	if err != nil {
		t.Fatal(err)
	}
	o := &operator{t: t, vt: emulator.New(100, 30)}
	if o.sess, err = c.NewSession(); err != nil {
		t.Fatal(err)
	}
	o.sess.Stdout = o
	if o.in, err = o.sess.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := o.sess.RequestPty("xterm-256color", 30, 100, gossh.TerminalModes{}); err != nil {
		t.Fatal(err)
	}
	if err := o.sess.Shell(); err != nil {
		t.Fatal(err)
	}
	return o
}

// TestSession is an operator's visit: the console, its size, what he may do, and the notes of it.
func TestSession(t *testing.T) {
	alice, aliceLine, _ := keytest.New(t)
	bob, bobLine, _ := keytest.New(t)
	s := start(t, 8, `principal="alice",access="read-write" `+aliceLine, `principal="bob" `+bobLine)

	a := sit(t, s, alice)
	a.waitFor("RW")
	a.press("3")
	a.waitFor("[active ")
	a.mu.Lock()
	a.vt.Resize(60, 20)
	a.mu.Unlock()
	if err := a.sess.WindowChange(20, 60); err != nil {
		t.Fatal(err)
	}
	a.press("1")
	a.waitFor("ATTENTION")
	a.waitUntil("after the window changed there is no footer on its last line", func(screen string) bool {
		lines := strings.Split(strings.TrimRight(screen, "\n"), "\n")
		return strings.Contains(lines[len(lines)-1], "?")
	})
	a.press("\x1a") // ctrl+z would stop a process that nobody can continue
	a.waitFor("there is no shell under this console")

	b := sit(t, s, bob)
	b.waitFor("RO")
	b.press("3")
	b.waitFor("[active ")
	b.press("\x0b")
	b.waitFor("read-only")

	a.press("\x03")
	if err := a.sess.Wait(); err != nil {
		t.Errorf("alice left: %v", err)
	}
	_ = b.sess.Close() // bob's connection breaks
	want := []string{"alice read-only:false closed:false", "bob read-only:true closed:false", "alice read-only:false closed:true", "bob read-only:true closed:true"}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		missing := ""
		for _, w := range want {
			if !strings.Contains(s.noted(), w) {
				missing = w
			}
		}
		if missing == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("noted %s; %s is missing", s.noted(), missing)
		}
	}
}

// TestRefused tries what does not let anybody in.
func TestRefused(t *testing.T) {
	alice, aliceLine, _ := keytest.New(t)
	eve, eveLine, _ := keytest.New(t)
	s := start(t, 1, `principal="alice" `+aliceLine)
	if _, err := dial(t, s, gossh.PublicKeys(eve)); err == nil {
		t.Error("a key that is not in the file came in")
	}
	if _, err := dial(t, s, gossh.Password("")); err == nil {
		t.Error("somebody came in by password")
	}
	if _, err := dial(t, s, gossh.KeyboardInteractive(func(string, string, []string, []bool) ([]string, error) { return nil, nil })); err == nil {
		t.Error("somebody came in by talking")
	}
	if err := os.WriteFile(s.keys, []byte(`principal="eve" `+eveLine), 0o600); err != nil { // the file counts at once
		t.Fatal(err)
	}
	if _, err := dial(t, s, gossh.PublicKeys(alice)); err == nil {
		t.Error("a key came in that was taken out of the file")
	}
	c, err := dial(t, s, gossh.PublicKeys(eve))
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"", "rm -rf /"} {
		sess, err := c.NewSession()
		if err != nil {
			t.Fatal(err)
		}
		var told bytes.Buffer
		sess.Stderr = &told
		if err := sess.Run(command); err == nil || !strings.Contains(told.String(), "needs a terminal") {
			t.Errorf("command %q: %v, told %q", command, err, told.String())
		}
	}
	first := sit(t, s, eve)
	first.waitFor("RO")
	sess, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	var told bytes.Buffer
	sess.Stderr = &told
	if err := sess.RequestPty("xterm", 24, 80, gossh.TerminalModes{}); err != nil {
		t.Fatal(err)
	}
	if err := sess.Run(""); err == nil || !strings.Contains(told.String(), "all 1 sessions are taken") {
		t.Errorf("one more than there may be: %v, told %q", err, told.String())
	}
	for _, forward := range []string{"direct-tcpip", "x11", "auth-agent@openssh.com"} {
		if ch, _, err := c.OpenChannel(forward, gossh.Marshal(struct {
			Host       string
			Port       uint32
			Origin     string
			OriginPort uint32
		}{"127.0.0.1", 22, "127.0.0.1", 1})); err == nil {
			t.Errorf("%s was opened", forward)
			_ = ch.Close()
		}
	}
}

func TestNewRefuses(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "keys")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := serve.New(t.Context(), serve.Config{KeysFile: empty, WorkDir: dir}); err == nil || !strings.Contains(err.Error(), "nobody could come in") {
		t.Errorf("a file without keys: %v", err)
	}
	_, line, _ := keytest.New(t)
	if err := os.WriteFile(empty, []byte(`principal="a" `+line), 0o600); err != nil {
		t.Fatal(err)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	if _, err := serve.New(t.Context(), serve.Config{KeysFile: empty, WorkDir: dir, Listen: taken.Addr().String()}); err == nil {
		t.Error("it serves on a port that is taken")
	}
}
