package serve

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/charmbracelet/ssh"
	"github.com/creack/pty"
	gossh "golang.org/x/crypto/ssh"

	"codeberg.org/reeve/reeve/shared/logkey"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// noteTimeout bounds how long a session waits for the cluster to note it: the console is needed most when nobody leads.
const noteTimeout = 3 * time.Second

// endPatience is how long a console may take to end after its operator is gone.
const endPatience = 5 * time.Second

// session is one operator's visit.
func (s *Server) session(ctx context.Context, sess ssh.Session) {
	if timer, ok := sess.Context().Value(hurryKey{}).(*time.Timer); ok {
		timer.Stop()
	}
	grant, ok := sess.Context().Value(grantKey{}).(Grant)
	window, resized, terminal := sess.Pty()
	switch {
	case !ok:
		refuse(sess, "who you are was not proved")
		return
	case !terminal:
		refuse(sess, "the console needs a terminal: ssh -t, and no command")
		return
	case len(sess.Command()) > 0:
		refuse(sess, "only the console is served here, no commands")
		return
	}
	if s.open.Add(1) > int64(s.cfg.Sessions) {
		s.open.Add(-1)
		refuse(sess, fmt.Sprintf("all %d sessions are taken; try again later", s.cfg.Sessions))
		return
	}
	defer s.open.Add(-1)
	note := reeveapi.Session{ID: rand.Text(), From: host(sess.RemoteAddr()), Key: gossh.FingerprintSHA256(sess.PublicKey()), ReadOnly: !grant.ReadWrite}
	begin := time.Now()
	s.note(ctx, grant, note)
	s.cfg.Logger.Info("a session begins", logkey.ID(grant.Principal), logkey.Addr(note.From), logkey.Reason(grant.Access()))
	var streams sync.WaitGroup
	status, err := s.show(ctx, sess, &streams, grant, window, resized)
	note.Closed = "after " + time.Since(begin).Round(time.Second).String()
	if err != nil {
		note.Closed += ": " + err.Error()
	}
	s.note(ctx, grant, note)
	s.cfg.Logger.Info("a session ends", logkey.ID(grant.Principal), logkey.Addr(note.From), logkey.Reason(note.Closed))
	_ = sess.Exit(status) // the operator may be gone
	_ = sess.Close()
	streams.Wait()
}

func refuse(sess ssh.Session, why string) {
	_, _ = io.WriteString(sess.Stderr(), "reeve: "+why+"\r\n") // whoever does not listen is not told
	_ = sess.Exit(1)
}

func host(a net.Addr) string {
	name, _, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	return name
}

// note tells the cluster, and at least this machine's log if the cluster does not answer.
func (s *Server) note(ctx context.Context, grant Grant, n reeveapi.Session) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTimeout) // also when the server ends
	defer cancel()
	if err := s.cfg.Note(ctx, grant.Principal, n); err != nil {
		s.cfg.Logger.Warn("the cluster could not note a session", logkey.ID(grant.Principal), logkey.Err(err))
	}
}

// show runs a console on the operator's terminal until one of both ends. streams are done when the session is closed.
func (s *Server) show(ctx context.Context, sess ssh.Session, streams *sync.WaitGroup, grant Grant, window ssh.Pty, resized <-chan ssh.Window) (status int, err error) {
	cmd, err := s.command(sess, grant, window.Term)
	if err != nil {
		return 1, err
	}
	file, err := pty.StartWithSize(cmd, size(window.Window))
	if err != nil {
		return 1, fmt.Errorf("start the console: %w", err)
	}
	ended := make(chan struct{})
	output := make(chan struct{})
	streams.Go(func() { // ends when the console has ended: its terminal is gone then
		defer close(output)
		_, _ = io.Copy(sess, file)
	})
	left := make(chan struct{})
	streams.Go(func() { // ends when nothing more can be typed, and with the session
		defer close(left)
		_, _ = io.Copy(file, sess)
	})
	var result error // of the console, once it has ended
	streams.Go(func() {
		result = cmd.Wait()
		close(ended)
	})
	defer func() { err = errors.Join(err, file.Close()) }()
	for {
		select {
		case w, more := <-resized:
			if !more {
				resized = nil
				continue
			}
			if err := pty.Setsize(file, size(w)); err != nil {
				s.cfg.Logger.Warn("a window's size was not told", logkey.Err(err))
			}
		case <-ended:
			<-output
			return exitOf(result), nil
		case <-left:
			return 1, hangUp(cmd, ended)
		case <-ctx.Done():
			return 1, hangUp(cmd, ended)
		}
	}
}

func size(w ssh.Window) *pty.Winsize {
	return &pty.Winsize{Rows: uint16(min(max(w.Height, 1), 1000)), Cols: uint16(min(max(w.Width, 1), 1000))}
}

func exitOf(err error) int {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return max(exit.ExitCode(), 1)
	}
	if err != nil {
		return 1
	}
	return 0
}

// hangUp ends a console whose operator is gone. SIGTERM, because SIGHUP may be ignored where the server was started by nohup.
func hangUp(cmd *exec.Cmd, ended <-chan struct{}) error {
	_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	patience := time.NewTimer(endPatience)
	defer patience.Stop()
	select {
	case <-ended:
	case <-patience.C:
		_ = cmd.Process.Kill()
		<-ended
	}
	return errors.New("the connection was lost")
}

// command is the console for a session. Nothing of this machine's environment reaches it but what is named here.
func (s *Server) command(sess ssh.Session, grant Grant, term string) (*exec.Cmd, error) {
	home := filepath.Join(s.cfg.WorkDir, "principals", grant.Principal)
	if err := os.MkdirAll(home, 0o700); err != nil {
		return nil, fmt.Errorf("make the principal's directory: %w", err)
	}
	args := s.cfg.Console[1:]
	if !grant.ReadWrite {
		args = append(slices.Clip(args), "--read-only")
	}
	cmd := exec.Command(s.cfg.Console[0], args...)
	cmd.Dir = home
	cmd.Env = []string{
		"TERM=" + plain(term, "xterm-256color"), "HOME=" + home, "XDG_STATE_HOME=" + filepath.Join(home, "state"), "REEVE_CONFIG=/dev/null",
		"REEVE_USER=" + grant.Principal, "REEVE_SERVED=1", "SSH_CONNECTION=" + sess.RemoteAddr().String(), "LANG=C.UTF-8", "PATH=/usr/bin:/bin",
	}
	for _, kv := range sess.Environ() {
		name, value, _ := strings.Cut(kv, "=")
		switch name {
		case "LANG", "LC_ALL", "LC_CTYPE", "NO_COLOR", "COLORTERM", "COLORFGBG":
			cmd.Env = append(cmd.Env, name+"="+plain(value, ""))
		}
	}
	return cmd, nil
}

// plain lets through what names of terminals and locales are made of.
func plain(value, otherwise string) string {
	const most = 64
	if value == "" || len(value) > most || strings.Trim(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+-_@;:") != "" {
		return otherwise
	}
	return value
}
