package gossip

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"codeberg.org/reeve/reeve/shared/backoff"
	"codeberg.org/reeve/reeve/shared/logkey"
)

// joinRetry spaces the rounds of joining.
var joinRetry = backoff.Policy{Base: 500 * time.Millisecond, Cap: 15 * time.Second}

// lonely is how often a member looks whether it still knows anybody.
const lonely = 30 * time.Second

// wantJoin makes keepJoined look again soon.
func (g *Gossip) wantJoin() {
	select {
	case g.rejoin <- struct{}{}:
	default:
	}
}

// keepJoined tries every --join address until each has answered once, and starts over when no other member or no master
// is left: addresses that were down at boot, and clusters that moved, must not need a restart of anybody.
func (g *Gossip) keepJoined(ctx context.Context) error {
	pending := slices.Clone(g.cfg.Join)
	ticker := time.NewTicker(lonely)
	defer ticker.Stop()
	if remembered := g.readPeers(); len(pending) == 0 || g.alone() {
		pending = append(pending, remembered...)
	}
	for attempt := 0; ; {
		pending = g.joinRound(ctx, pending, attempt)
		if len(pending) > 0 {
			if joinRetry.Sleep(ctx, attempt) != nil {
				return nil
			}
			attempt++
			pending = g.onlySeeds(pending)
			continue
		}
		attempt = 0
		select {
		case <-ctx.Done():
			return nil
		case <-g.rejoin:
		case <-ticker.C:
		}
		if g.alone() {
			pending = append(slices.Clone(g.cfg.Join), g.readPeers()...)
		}
	}
}

// joinRound tries the addresses in random order and returns those that did not answer.
func (g *Gossip) joinRound(ctx context.Context, addrs []string, attempt int) []string {
	var failed []string
	for _, i := range rand.Perm(len(addrs)) {
		if ctx.Err() != nil {
			return nil
		}
		addr := addrs[i]
		if addr == g.Addr() {
			continue
		}
		if _, err := g.serf.Join([]string{addr}, true); err != nil {
			failed = append(failed, addr)
			level := g.log.Debug
			if attempt == 4 { // once, and late enough that a cluster which starts all together says nothing
				level = g.log.Warn
			}
			level("could not join yet", logkey.Addr(addr), logkey.Err(err))
			continue
		}
		g.log.Debug("joined", logkey.Addr(addr))
	}
	return failed
}

// onlySeeds drops what came from the peers file once somebody has been found: it may be long out of date.
func (g *Gossip) onlySeeds(addrs []string) []string {
	if g.alone() {
		return addrs
	}
	return slices.DeleteFunc(addrs, func(a string) bool { return !slices.Contains(g.cfg.Join, a) })
}

// alone reports that no other member, or no master at all, is alive.
func (g *Gossip) alone() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	others, masters := 0, 0
	for _, m := range g.members {
		if m.State != Alive {
			continue
		}
		if m.Node != g.node {
			others++
		}
		if m.Role() == RoleMaster {
			masters++
		}
	}
	return others == 0 || masters == 0
}

// The peers file.
const (
	peersInterval = time.Minute
	peersSoon     = 5 * time.Second // after the start
	maxPeers      = 20              // besides the masters
	maxPeersBytes = 1 << 20
)

// keepPeers remembers members over restarts: Serf's own snapshot does not survive a kill.
func (g *Gossip) keepPeers(ctx context.Context) error {
	if g.cfg.PeersFile == "" {
		return nil
	}
	ticker := time.NewTicker(peersInterval)
	defer ticker.Stop()
	soon := time.NewTimer(peersSoon)
	defer soon.Stop()
	var written []string
	for {
		done := false
		select {
		case <-ctx.Done():
			done = true
		case <-ticker.C:
		case <-soon.C:
		}
		if peers := g.peers(); len(peers) > 0 && !slices.Equal(peers, written) {
			if err := writePeers(g.cfg.PeersFile, peers); err != nil {
				g.log.Warn("could not remember peers", logkey.Path(g.cfg.PeersFile), logkey.Err(err))
			} else {
				written = peers
			}
		}
		if done {
			return nil
		}
	}
}

// peers chooses whom to remember: all masters and a few others.
func (g *Gossip) peers() []string {
	var masters, others []string
	for _, m := range g.Members() {
		switch {
		case m.Node == g.node || m.State != Alive:
		case m.Role() == RoleMaster:
			masters = append(masters, m.Addr)
		case len(others) < maxPeers:
			others = append(others, m.Addr)
		}
	}
	return append(masters, others...)
}

func writePeers(path string, peers []string) error {
	data, err := json.Marshal(peers)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(append(data, '\n'))
	if err == nil {
		err = tmp.Sync()
	}
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		_ = os.Remove(tmp.Name()) // the write has failed already, and says so
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// readPeers returns what was remembered; a file that is missing or damaged is only a lost hint.
func (g *Gossip) readPeers() []string {
	if g.cfg.PeersFile == "" {
		return nil
	}
	file, err := os.Open(g.cfg.PeersFile)
	if err != nil {
		return nil
	}
	defer func() { _ = file.Close() }() // opened for reading: nothing can be lost
	var peers []string
	if err := json.NewDecoder(io.LimitReader(file, maxPeersBytes)).Decode(&peers); err != nil {
		g.log.Warn("could not read the remembered peers", logkey.Path(g.cfg.PeersFile), logkey.Err(err))
		return nil
	}
	return peers
}
