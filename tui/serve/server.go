package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/charmbracelet/ssh"
	"github.com/charmbracelet/wish"
	gossh "golang.org/x/crypto/ssh"

	"codeberg.org/reeve/reeve/shared/logkey"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// Config is what a server is made from.
type Config struct {
	Listen   string        // host:port
	WorkDir  string        // holds the host key and the sessions' settings
	KeysFile string        // read at each login, so that a change counts at once
	Sessions int           // at most at once
	Idle     time.Duration // a session in which nothing is typed for so long ends; 0 for never
	Console  []string      // the program that is the console, and its arguments but for --read-only
	Logger   *slog.Logger

	// Note tells the cluster that a session begins or ends, on behalf of a principal. It may block for a while.
	Note func(ctx context.Context, principal string, s reeveapi.Session) error
}

// Server serves consoles.
type Server struct {
	cfg    Config
	ssh    *ssh.Server
	listen net.Listener
	open   atomic.Int64
	visits sync.RWMutex // read-locked by each open session
}

// grantKey is where a connection's grant is kept.
type grantKey struct{}

// hostKeyFile is the server's own key in the work dir, made at the first start.
const hostKeyFile = "ssh_host_ed25519"

// handshakeTimeout bounds how long somebody may take to prove who he is and to ask for a session.
const handshakeTimeout = 20 * time.Second

// New checks the configuration and listens. Sessions end when ctx does.
func New(ctx context.Context, cfg Config) (*Server, error) {
	keys, err := LoadKeys(cfg.KeysFile)
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf(`%s has no key, so that nobody could come in; add lines such as principal="alice",access="read-write" ssh-ed25519 AAAA…`, cfg.KeysFile)
	}
	if err := os.MkdirAll(cfg.WorkDir, 0o700); err != nil {
		return nil, fmt.Errorf("make the work dir: %w", err)
	}
	s := &Server{cfg: cfg}
	s.ssh, err = wish.NewServer(
		wish.WithHostKeyPath(filepath.Join(cfg.WorkDir, hostKeyFile)),
		wish.WithPublicKeyAuth(s.admit),
		wish.WithMaxTimeout(0),
		func(server *ssh.Server) error {
			server.Handler = func(sess ssh.Session) {
				s.visits.RLock()
				defer s.visits.RUnlock()
				s.session(ctx, sess)
			}
			server.Version = "Reeve"
			server.ConnCallback = hurry
			server.IdleTimeout = cfg.Idle
			server.PtyCallback = func(ssh.Context, ssh.Pty) bool { return true }
			return nil
		},
	)
	if err != nil {
		return nil, fmt.Errorf("prepare the server: %w", err)
	}
	if s.listen, err = net.Listen("tcp", cfg.Listen); err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return s, nil
}

// Addr is where the server listens.
func (s *Server) Addr() net.Addr { return s.listen.Addr() }

// Run serves until ctx ends, and then ends all sessions.
func (s *Server) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { _ = s.ssh.Close() }) // it says what was closed already
	defer stop()
	err := s.ssh.Serve(s.listen)
	s.visits.Lock() // a console must not outlive who serves it
	defer s.visits.Unlock()
	if err != nil && !errors.Is(err, ssh.ErrServerClosed) && ctx.Err() == nil {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

// hurryKey is where a connection's timer is kept.
type hurryKey struct{}

// hurry ends a connection that has no session soon.
func hurry(ctx ssh.Context, conn net.Conn) net.Conn {
	ctx.SetValue(hurryKey{}, time.AfterFunc(handshakeTimeout, func() { _ = conn.Close() })) // it may be closed already
	return conn
}

// admit lets a key in that the file has now.
func (s *Server) admit(ctx ssh.Context, key ssh.PublicKey) bool {
	keys, err := LoadKeys(s.cfg.KeysFile)
	if err != nil {
		s.cfg.Logger.Error("nobody can come in", logkey.Err(err))
		return false
	}
	grant, known := keys.Find(key)
	if !known {
		s.cfg.Logger.Warn("a key that is not known was refused", logkey.ID(gossh.FingerprintSHA256(key)), logkey.Addr(ctx.RemoteAddr().String()))
		return false
	}
	ctx.SetValue(grantKey{}, grant)
	return true
}
