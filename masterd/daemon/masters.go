package daemon

import (
	"maps"
	"slices"
	"time"

	"codeberg.org/reeve/reeve/masterd/consensus"
	"codeberg.org/reeve/reeve/shared/gossip"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// silentAfter is when a voter that does not answer the leader is shown as silent, in seconds: raft's heartbeat is a tenth
// of one.
const silentAfter = 2

// masters is every master, for people: those that gossip knows, and those that vote without it.
func (n *node) masters() []reeveapi.Master {
	standings := make(map[string]consensus.Standing)
	list, _ := n.consensus.Standings() // fails only while raft is being stopped: nobody votes then
	for _, s := range list {
		standings[s.ID] = s
	}
	leader, now := n.consensus.Leader(), time.Now()
	end := standings[leader].Index // 0 unless this master leads
	if leader != n.id {
		end = 0
	}
	var all []reeveapi.Master
	for _, m := range n.gossip.Members() {
		if m.Role() != gossip.RoleMaster {
			continue
		}
		s := standings[m.ID()]
		delete(standings, m.ID())
		one := standing(s, end, now)
		one.Name, one.ID, one.HTTP, one.Version, one.Gossip = m.Name, m.ID(), m.HTTP(), m.Tags[gossip.TagVersion], m.State.String()
		one.Started = m.Started()
		switch {
		case m.State != gossip.Alive:
			one.State = m.State.String()
		case m.ID() == leader:
			one.State = reeveapi.MasterLeading
		case one.Silent != nil && *one.Silent >= silentAfter:
			one.State = reeveapi.MasterSilent
		default:
			one.State = reeveapi.MasterStandby
		}
		all = append(all, one)
	}
	for _, id := range slices.Sorted(maps.Keys(standings)) {
		one := standing(standings[id], end, now)
		one.Name, one.ID, one.State, one.Gossip = id, id, reeveapi.MasterMissing, "unknown"
		all = append(all, one)
	}
	return all
}

// members is everybody whom gossip knows.
func (n *node) members() []reeveapi.Member {
	all := []reeveapi.Member{}
	for _, m := range n.gossip.Members() {
		one := reeveapi.Member{
			Name: m.Name, Kind: m.Role(), State: m.State.String(), Since: m.Since, Address: m.Addr, HTTP: m.HTTP(),
			Version: m.Tags[gossip.TagVersion], ID: m.ID(), RTTMillis: float64(m.RTT) / float64(time.Millisecond), Answered: m.Answered,
		}
		if m.Node == n.gossip.Node() {
			one.Health = new(n.gossip.Health())
		}
		all = append(all, one)
	}
	return all
}

// tally is how many members gossip knows, by state.
func (n *node) tally() map[string]int {
	out := map[string]int{}
	for state, count := range n.gossip.Tally() {
		out[state.String()] = count
	}
	return out
}

// standing is what raft knows of a master; end is the leader's newest entry, 0 if this master does not lead.
func standing(s consensus.Standing, end uint64, now time.Time) reeveapi.Master {
	m := reeveapi.Master{Voter: s.Voter, Term: s.Term, Index: s.Index}
	if s.Heard.IsZero() {
		return m
	}
	m.Silent = new(int(now.Sub(s.Heard) / time.Second))
	if end > 0 {
		m.Behind = new(end - min(end, s.Index))
	}
	return m
}
