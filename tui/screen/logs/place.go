package logs

import (
	"cmp"
	"context"
	"path"
	"strings"

	"codeberg.org/reeve/reeve/tui/screen"
)

// place is where a file is read from.
type place struct {
	peer   string // host:port
	file   string
	daemon bool // it is a daemon's own log, which knows no times and is never cut
}

// The paths under which daemons show their own logs.
const (
	masterLog = "/master/log"
	agentLog  = "/slave/log"
)

// OfMaster is the log of the master at an address.
func OfMaster(http string) screen.Target {
	return screen.Target{Kind: screen.Log, Arg: "master:" + http}
}

// OfAgent is the log of the agent at an address: not that of a task.
func OfAgent(http string) screen.Target { return screen.Target{Kind: screen.Log, Arg: "agent:" + http} }

// daemonOf is the daemon that a target's Arg names.
func daemonOf(arg string) (p place, ok bool) {
	kind, http, _ := strings.Cut(arg, ":")
	switch kind {
	case "master":
		return place{http, masterLog, true}, true
	case "agent":
		return place{http, agentLog, true}, true
	}
	return place{}, false
}

// place is where a stream is; false while nobody knows.
func (s *Screen) place(tab int) (place, bool) {
	if s.daemon.daemon {
		return s.daemon, true
	}
	t := s.task()
	if t == nil || t.AgentHTTP == "" || t.Sandbox == "" {
		return place{}, false
	}
	return place{peer: t.AgentHTTP, file: path.Join(t.Sandbox, s.streams[tab].name)}, true
}

// readAt reads a piece of a file.
func (s *Screen) readAt(ctx context.Context, p place, offset int64, length int) ([]byte, int64, error) {
	if p.daemon {
		return s.env.ReadDaemonLog(ctx, p.peer, p.file, offset, length)
	}
	return s.env.ReadFile(ctx, p.peer, p.file, offset, length)
}

// start is the offset of the oldest line that is kept.
func (s *Screen) start(ctx context.Context, p place) (int64, error) {
	if p.daemon {
		return 0, nil
	}
	return s.env.LogStart(ctx, p.peer, p.file)
}

// title names a daemon's log.
func (s *Screen) title() string {
	for _, a := range s.env.Store.Snapshot().Agents.Rows() {
		if a.HTTP == s.daemon.peer && s.daemon.file == agentLog {
			return a.Name
		}
	}
	if c := s.env.Store.Snapshot().Cluster; c != nil {
		for _, m := range c.Masters {
			if m.HTTP == s.daemon.peer && s.daemon.file == masterLog {
				return m.Name
			}
		}
	}
	return cmp.Or(s.daemon.peer, "daemon")
}
