//go:build linux && cgo

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"codeberg.org/reeve/reeve/agentd/cgroupfs"
	"codeberg.org/reeve/reeve/agentd/shimapi"
	"codeberg.org/reeve/reeve/shared/logkey"
	"codeberg.org/reeve/reeve/shared/run"
)

// config is where a shim works. agentd chooses all of it.
type config struct {
	dir      string // the shim's own: its socket
	runtime  string // the agent's runtime dir
	cgroup   string // the agent's root cgroup
	workDir  string // the agent's, hidden from containers but for their sandboxes
	rootless bool
}

// The files that agentd hands over beside the standard ones.
const (
	lockFD  = 3 // flock'ed; held for as long as this process lives, and never touched
	readyFD = 4 // "ok\n" once the shim serves, or else why not
)

func (c config) stateDir() string { return filepath.Join(c.runtime, "c") }
func (c config) hostRoot() string { return filepath.Join(c.runtime, "hostroot") }
func (c config) init() string     { return filepath.Join(c.runtime, "init") }

func parseConfig(args []string) (config, error) {
	var c config
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	flags.StringVar(&c.dir, "dir", "", "directory of this shim")
	flags.StringVar(&c.runtime, "runtime", "", "runtime directory of the agent")
	flags.StringVar(&c.cgroup, "cgroup", "", "root cgroup of the agent")
	flags.StringVar(&c.workDir, "work-dir", "", "work directory of the agent")
	flags.BoolVar(&c.rootless, "rootless", false, "run without root's privileges")
	if err := flags.Parse(args); err != nil {
		return c, err
	}
	if c.dir == "" || c.runtime == "" {
		return c, errors.New("serve needs --dir and --runtime")
	}
	return c, nil
}

// serve is the shim: it prepares its own mount namespace, listens, says so, and lives until it is told to end.
func serve(args []string) error {
	cfg, err := parseConfig(args)
	if err != nil {
		return err
	}
	unix.CloseOnExec(lockFD)
	unix.CloseOnExec(readyFD)
	ready := os.NewFile(readyFD, "ready")
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))

	sockets, err := prepare(cfg, log)
	if err != nil {
		// agentd reads one line and has the reason for its own log.
		_, werr := fmt.Fprintln(ready, strings.ReplaceAll(err.Error(), "\n", "; "))
		return errors.Join(err, werr)
	}
	s := newServer(cfg, run.NewGroup(context.Background()), log)
	if _, err := fmt.Fprintln(ready, "ok"); err != nil {
		return fmt.Errorf("tell agentd: %w", err) // it died in between, and nobody will ever ask for this shim
	}
	if err := ready.Close(); err != nil {
		return err
	}
	log.Info("shim started", logkey.Path(cfg.dir), logkey.PID(os.Getpid()))
	err = s.run(sockets)
	log.Info("shim stopped", logkey.Err(err))
	return err
}

// sockets are what a shim listens on.
type sockets struct {
	requests, execs net.Listener
}

func (s sockets) close() error { return errors.Join(s.requests.Close(), s.execs.Close()) }

func prepare(cfg config, log *slog.Logger) (sockets, error) {
	unix.Umask(0o022)
	if err := isolate(cfg, log); err != nil {
		return sockets{}, err
	}
	// The first one comes last: agentd dials it while the shim starts, and may want the other at once.
	execs, err := net.Listen("unix", filepath.Join(cfg.dir, shimapi.ExecSocket))
	if err != nil {
		return sockets{}, err
	}
	requests, err := net.Listen("unix", filepath.Join(cfg.dir, "s"))
	if err != nil {
		return sockets{}, errors.Join(err, execs.Close())
	}
	return sockets{requests, execs}, nil
}

// isolate takes the shim out of what belongs to agentd: its cgroup, so that an end of agentd's service does not take the
// containers along, and its mounts. (init.c has taken it out of its session keyring.)
func isolate(cfg config, log *slog.Logger) error {
	if !cfg.rootless {
		host, err := cgroupfs.Find()
		if err != nil {
			return err
		}
		if err := host.Join(filepath.Join(cfg.cgroup, "shims")); err != nil {
			log.Warn("shim stays in agentd's cgroup", logkey.Err(err))
		}
		// The kernel should take a task before what parents thirty of them. Not allowed without CAP_SYS_RESOURCE.
		if err := os.WriteFile("/proc/self/oom_score_adj", []byte("-999"), 0); err != nil {
			log.Debug("shim is not protected from the OOM killer", logkey.Err(err))
		}
	}
	return mountHostRoot(cfg)
}
