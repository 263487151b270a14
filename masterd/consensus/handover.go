package consensus

import (
	"slices"
	"time"

	"github.com/hashicorp/raft"

	"codeberg.org/reeve/reeve/shared/fault"
)

// What a master must be to take over at once: it answers, and lacks no more than is under way anyway.
const (
	takesOverHeard  = time.Second
	takesOverBehind = 64 // entries
)

// Successor is the master that leadership would be handed to: the one with the raft id to, or the most advanced one if that
// is "". It fails if this master does not lead, or nobody can take over.
func (c *Consensus) Successor(to string) (string, error) {
	if c.raft.State() != raft.Leader {
		return "", fault.New(fault.NotLeader, "this master does not lead")
	}
	all, err := c.Standings()
	if err != nil {
		return "", err
	}
	own, now := c.raft.LastIndex(), time.Now()
	all = slices.DeleteFunc(all, func(s Standing) bool { return !s.Voter || s.ID == c.cfg.Identity.Node })
	switch {
	case to == c.cfg.Identity.Node:
		return "", fault.New(fault.Conflict, "it leads already")
	case len(all) == 0:
		return "", fault.New(fault.Conflict, "no other master has a vote, so that nobody could lead; start another one first")
	}
	best := Standing{}
	for _, s := range all {
		ready := now.Sub(s.Heard) < takesOverHeard && s.Index+takesOverBehind > own
		switch {
		case to == s.ID && !ready:
			return "", fault.New(fault.Conflict, "it does not answer or is %d entries behind; name another one", own-min(own, s.Index))
		case to == s.ID:
			return to, nil
		case to == "" && ready && (best.ID == "" || s.Index > best.Index):
			best = s
		}
	}
	switch {
	case to != "":
		return "", fault.New(fault.Conflict, "it has no vote, and can't lead")
	case best.ID == "":
		return "", fault.New(fault.Conflict, "no other master answers and is up to date, so that nobody could lead at once")
	}
	return best.ID, nil
}

// HandOver hands leadership to a Successor, and returns when that has been told to take it.
func (c *Consensus) HandOver(id string) error {
	f := c.raft.GetConfiguration()
	if err := f.Error(); err != nil {
		return c.explain(err)
	}
	servers := f.Configuration().Servers
	i := slices.IndexFunc(servers, func(s raft.Server) bool { return string(s.ID) == id })
	if i < 0 {
		return fault.New(fault.Conflict, "it is no master any more")
	}
	if err := c.raft.LeadershipTransferToServer(servers[i].ID, servers[i].Address).Error(); err != nil {
		return fault.Wrap(fault.Unavailable, c.explain(err), "leadership was not handed over")
	}
	return nil
}
