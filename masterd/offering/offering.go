// Package offering makes offers of what the allocator gives and takes the answers: DECLINE, ACCEPT with its operations,
// REVIVE, SUPPRESS (spec 3.4). It owns the ids and the time-out of offers, and the launch of tasks; what becomes of them
// afterwards is masterd/status's. It never decides who gets what (that is masterd/allocator) nor what is a valid task (that
// is masterd/validate). Start reading at Desk, then Desk.Allocate and Desk.Accept.
package offering

import (
	"fmt"
	"math"
	"time"

	"codeberg.org/reeve/reeve/masterd/allocator"
	"codeberg.org/reeve/reeve/masterd/ledger"
	"codeberg.org/reeve/reeve/masterd/message"
	"codeberg.org/reeve/reeve/masterd/operating"
	"codeberg.org/reeve/reeve/masterd/status"
	"codeberg.org/reeve/reeve/masterd/turn"
	"codeberg.org/reeve/reeve/masterd/view"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/resources"
)

// Desk is where offers are made and answered. The exported fields are required.
type Desk struct {
	Book       *ledger.Ledger
	Turn       *turn.Turn
	Tasks      *status.Reporter
	Operations *operating.Clerk
	MasterID   ids.Master
	Timeout    time.Duration // 0: offers stay until they are answered

	Held bool // nothing is offered for now

	next    uint64
	pending []*view.Offer // oldest first, answered ones included; empty unless there is a Timeout
}

// sliceAgents bounds how many agents one turn looks at: about a millisecond's worth.
const sliceAgents = 256

// Deadline is when Allocate or Expire has something to do, the zero time for never.
func (d *Desk) Deadline() time.Time {
	var first time.Time
	if !d.Held {
		if d.Book.Alloc.Pending() {
			return d.Turn.Now
		}
		first = d.Book.Alloc.Deadline()
	}
	for len(d.pending) > 0 && d.Book.Offers[d.pending[0].ID] == nil {
		d.pending = d.pending[1:]
	}
	if len(d.pending) > 0 {
		if at := d.pending[0].Until; first.IsZero() || at.Before(first) {
			return at
		}
	}
	return first
}

// Expire rescinds the offers whose time is up. It counts as a refusal: without a filter, a framework that only holds what it is
// offered has least, and would be offered the same again before all others.
func (d *Desk) Expire() {
	for len(d.pending) > 0 && !d.pending[0].Until.After(d.Turn.Now) {
		o := d.pending[0]
		d.pending = d.pending[1:]
		if d.Book.Offers[o.ID] != nil {
			d.rescindFor(o, &allocator.Filter{Until: d.Turn.Now.Add(defaultRefusal)})
		}
	}
}

// Allocate runs a slice of the allocator and makes offers of what it gave. A framework gets those of a slice in one event.
func (d *Desk) Allocate() {
	if d.Held {
		return
	}
	if !d.Book.Alloc.Pending() {
		filter := d.Book.Alloc.Deadline()
		if filter.IsZero() || filter.After(d.Turn.Now) {
			return
		}
	}
	offers := map[ids.Framework][]*mesosv1.Offer{}
	var order []ids.Framework
	for _, one := range d.Book.Alloc.Slice(d.Turn.Now, sliceAgents) {
		var until time.Time
		if d.Timeout > 0 {
			until = d.Turn.Now.Add(d.Timeout)
		}
		o := d.Book.AddOffer(ids.Offer(fmt.Sprintf("%s-O%d", d.MasterID, d.next)), one, d.Turn.Now, until)
		d.next++
		if d.Timeout > 0 {
			d.pending = append(d.pending, o)
		}
		if offers[o.Framework] == nil {
			order = append(order, o.Framework)
		}
		offers[o.Framework] = append(offers[o.Framework], d.write(o))
	}
	for _, id := range order {
		d.Turn.ToFramework(d.Book.Frameworks[id].Stream, message.Offers(offers[id]))
	}
}

// write writes an offer in the form that the framework's capabilities ask for (spec 3.3).
func (d *Desk) write(o *view.Offer) *mesosv1.Offer {
	f, a := d.Book.Frameworks[o.Framework], d.Book.Agents[o.Agent]
	offer := o.Proto(a.Info, a.HTTP, f.Shape(o.Resources))
	for _, id := range ledger.SortedKeys(a.Executors[f.ID]) {
		offer.ExecutorIds = append(offer.ExecutorIds, message.ExecutorID(id))
	}
	offer.Unavailability = a.Unavailable
	if f.Caps.MultiRole {
		offer.AllocationInfo = &mesosv1.Resource_AllocationInfo{Role: &o.Role}
	}
	return offer
}

// Discard takes a framework's offers back without a word: its stream is gone or new.
func (d *Desk) Discard(f *ledger.Framework) {
	for _, id := range ledger.SortedKeys(f.Offers) {
		d.Book.ReturnOffer(d.Book.Offers[id], nil)
	}
}

// RescindAgent takes back what is offered of an agent.
func (d *Desk) RescindAgent(a *ledger.Agent) {
	for _, id := range ledger.SortedKeys(a.Offers) {
		d.rescind(d.Book.Offers[id])
	}
}

// withdrawn is how long a framework is not offered again what an operator has taken from it, unless it asks: others are to
// have it first.
const withdrawn = time.Minute

// Withdraw takes one offer back, and keeps what was in it from its framework for a while. It returns the offer, nil if there
// is none of that id.
func (d *Desk) Withdraw(id ids.Offer) *view.Offer {
	o := d.Book.Offers[id]
	if o != nil {
		d.rescindFor(o, &allocator.Filter{Until: d.Turn.Now.Add(withdrawn)})
	}
	return o
}

// RescindAll takes back everything that is offered.
func (d *Desk) RescindAll() {
	for _, id := range ledger.SortedKeys(d.Book.Agents) {
		d.RescindAgent(d.Book.Agents[id])
	}
}

// EnforceQuota takes back offers that quotas do not allow any more: those for roles that have more than their limit, then of
// what is owed to guarantees, as far as others have it.
func (d *Desk) EnforceQuota() {
	alloc := d.Book.Alloc
	for _, tooMuch := range []func(string, resources.Vector) bool{alloc.OverLimit, alloc.Owed} {
		for _, id := range ledger.SortedKeys(d.Book.Offers) {
			if o := d.Book.Offers[id]; tooMuch(o.Role, o.Resources.Ordinary()) {
				d.rescind(o)
			}
		}
	}
}

// RescindStrangers takes back a framework's offers for roles that are not its own any more.
func (d *Desk) RescindStrangers(f *ledger.Framework) {
	for _, id := range ledger.SortedKeys(f.Offers) {
		if o := d.Book.Offers[id]; !f.HasRoles(o.Role) {
			d.rescind(o)
		}
	}
}

func (d *Desk) rescind(o *view.Offer) { d.rescindFor(o, nil) }

// rescindFor takes an offer back, and keeps what was in it from its framework as filter says.
func (d *Desk) rescindFor(o *view.Offer, filter *allocator.Filter) {
	d.Book.ReturnOffer(o, filter)
	d.Turn.ToFramework(d.Book.Frameworks[o.Framework].Stream, message.Rescind(o.ID))
}

// Decline gives offers back. Unknown ones are ignored.
func (d *Desk) Decline(f *ledger.Framework, list []*mesosv1.OfferID, filters *mesosv1.Filters) {
	d.Turn.Count("messages_decline_offers")
	filter := d.filter(filters, false)
	for _, id := range list {
		if o := d.Book.Offers[ids.Offer(id.GetValue())]; o != nil && o.Framework == f.ID {
			d.Book.ReturnOffer(o, filter)
		}
	}
}

const (
	defaultRefusal = 5 * time.Second
	longestRefusal = 365 * 24 * time.Hour

	// shortestRefusal stands in for "no filter": in Mesos that means until the next allocation, which comes once a second.
	// Ours comes at once, and a framework that always declines would be offered the same thing for ever.
	shortestRefusal = time.Second
)

// filter turns refuse_seconds into a filter. progress says that the framework used a part of the offer: then no filter
// means none.
func (d *Desk) filter(filters *mesosv1.Filters, progress bool) *allocator.Filter {
	refuse := defaultRefusal
	if filters != nil {
		switch seconds := filters.GetRefuseSeconds(); {
		case seconds < 0 || math.IsNaN(seconds) || math.IsInf(seconds, 1):
		case seconds > longestRefusal.Seconds():
			refuse = longestRefusal
		default:
			refuse = time.Duration(seconds * float64(time.Second))
		}
	}
	if refuse == 0 && progress {
		return nil
	}
	return &allocator.Filter{Until: d.Turn.Now.Add(max(refuse, shortestRefusal))}
}

// Revive starts offers in these roles again, all the framework's if there are none. A role that is not the framework's
// drops the whole call.
func (d *Desk) Revive(f *ledger.Framework, call *scheduler.Call_Revive) {
	d.Turn.Count("messages_revive_offers")
	roles := call.GetRoles()
	if !f.HasRoles(roles...) {
		d.Turn.Count("dropped_messages")
		return
	}
	left := map[string]bool{}
	if len(roles) > 0 {
		for role := range f.Suppressed {
			left[role] = true
		}
		for _, role := range roles {
			delete(left, role)
		}
	}
	f.Suppressed = left
	d.Book.TouchFramework(f)
	d.Book.Alloc.Revive(f.ID, roles)
}

// Suppress stops offers in these roles, all the framework's if there are none. Those that are out stay.
func (d *Desk) Suppress(f *ledger.Framework, call *scheduler.Call_Suppress) {
	d.Turn.Count("messages_suppress_offers")
	roles := call.GetRoles()
	if !f.HasRoles(roles...) {
		d.Turn.Count("dropped_messages")
		return
	}
	if len(roles) == 0 {
		roles = f.Roles
	}
	all := map[string]bool{}
	for role := range f.Suppressed {
		all[role] = true
	}
	for _, role := range roles {
		all[role] = true
	}
	f.Suppressed = all
	d.Book.TouchFramework(f)
	d.Book.Alloc.Suppress(f.ID, roles)
}
