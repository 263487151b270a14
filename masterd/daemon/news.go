package daemon

import (
	"fmt"
	"time"

	"codeberg.org/reeve/reeve/masterd/consensus"
	"codeberg.org/reeve/reeve/shared/gossip"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// The events of the masters themselves: who was elected, and who came and went.

// elected is the event that a term begins with.
func (n *node) elected(won consensus.Won) reeveapi.Event {
	e := reeveapi.Event{At: won.At, Kind: "MASTER_ELECTED", Subject: n.cfg.Name, ID: n.id, Text: fmt.Sprintf("term %d", won.Term)}
	before := n.nameOf(won.Election.Before)
	switch {
	case before == "":
	case won.Election.Handed:
		e.Text += ", " + before + " handed over"
	default:
		e.Text += fmt.Sprintf(", nobody led for %s, before that %s", won.Election.Gap.Round(100*time.Millisecond), before)
	}
	return e
}

// nameOf is the name of the master with a raft id: the id if gossip does not know it.
func (n *node) nameOf(id string) string {
	if m, ok := n.master(id); ok {
		return m.Name
	}
	return id
}

// arrivals is how long after the start of this master those that are met were there before, and are no news.
const arrivals = 5 * time.Second

// noteMaster remembers that another master came or went. seen is the last kind of each.
func (n *node) noteMaster(seen map[string]gossip.EventKind, e gossip.Event) {
	last, known := seen[e.Member.ID()]
	seen[e.Member.ID()] = e.Kind
	t := n.term.Load()
	if t == nil || e.Member.ID() == n.id || known && last == e.Kind || !known && time.Since(n.started) < arrivals {
		return
	}
	event := reeveapi.Event{At: time.Now(), Subject: e.Member.Name, ID: e.Member.ID()}
	switch e.Kind {
	case gossip.EventJoined:
		event.Kind, event.Text = "MASTER_JOINED", "at "+e.Member.HTTP()
	case gossip.EventFailed:
		event.Kind, event.Text = "MASTER_FAILED", "gossip does not hear it any more"
	case gossip.EventLeft:
		event.Kind, event.Text = "MASTER_LEFT", "it said goodbye"
	case gossip.EventUpdated, gossip.EventGone:
		return
	}
	t.Note(event)
}
