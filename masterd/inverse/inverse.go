// Package inverse makes inverse offers: it asks the frameworks that have something of an agent, offered or used, to give it
// back before the agent's machine is taken down, and keeps what they answered (spec 2.2 and 3.9). It owns the ids and the
// pauses of inverse offers; the schedule is masterd/maintenance's. An answer binds nobody. Start reading at Desk.Make.
package inverse

import (
	"fmt"
	"math"
	"time"

	"codeberg.org/reeve/reeve/masterd/ledger"
	"codeberg.org/reeve/reeve/masterd/maintenance"
	"codeberg.org/reeve/reeve/masterd/message"
	"codeberg.org/reeve/reeve/masterd/offering"
	"codeberg.org/reeve/reeve/masterd/turn"
	"codeberg.org/reeve/reeve/masterd/view"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// Desk is where inverse offers are made and answered. The exported fields are required.
type Desk struct {
	Book     *ledger.Ledger
	Turn     *turn.Turn
	Offers   *offering.Desk
	MasterID ids.Master

	next  uint64
	ran   time.Time
	quiet map[view.AnswerKey]time.Time // when a framework that has answered is asked again
}

// interval is how often those are looked for who have to be asked, as Mesos allocates.
const interval = time.Second

// Deadline is when Make has something to do, the zero time for never.
func (d *Desk) Deadline() time.Time {
	if len(d.Book.Scheduled) == 0 {
		return time.Time{}
	}
	return d.ran.Add(interval)
}

// Apply has a change of the schedule take effect: offers of the agents that it is about are made anew with their
// unavailability, and frameworks are asked. It returns the agents whose machines are down. The registry knows it already.
func (d *Desk) Apply(change maintenance.Change, who string) (down []*ledger.Agent) {
	next, err := change.Apply(d.Book.Maintenance)
	if err != nil {
		panic(fmt.Sprintf("inverse: the schedule changed between check and change: %v", err))
	}
	d.Book.SetMaintenance(next)
	for _, id := range ledger.SortedKeys(d.Book.Agents) {
		a := d.Book.Agents[id]
		d.Schedule(a)
		if a.Down {
			down = append(down, a)
		}
	}
	d.ran = time.Time{}
	d.Turn.Happened(reeveapi.Event{Kind: "MAINTENANCE", Subject: "cluster", Who: who, Text: change.Text()})
	return down
}

// Schedule brings an agent up to date with what is said of its machine: it came, went, or something else is said.
func (d *Desk) Schedule(a *ledger.Agent) {
	if d.Book.Schedule(a) {
		d.Offers.RescindAgent(a)
		d.rescind(a)
	}
}

// Make asks whoever has something of an agent that is to become unavailable, and has not been asked, or not for a while.
func (d *Desk) Make() {
	at := d.Deadline()
	if at.IsZero() || at.After(d.Turn.Now) {
		return
	}
	d.ran = d.Turn.Now
	asked := map[view.AnswerKey]bool{}
	for _, o := range d.Book.InverseOffers {
		asked[o.Key()] = true
	}
	offers := map[ids.Framework][]*mesosv1.InverseOffer{}
	for _, id := range ledger.SortedKeys(d.Book.Scheduled) {
		a := d.Book.Agents[id]
		for _, fw := range ledger.SortedKeys(holders(d.Book, a)) {
			f := d.Book.Frameworks[fw]
			key := view.AnswerKey{Agent: id, Framework: fw}
			if f == nil || f.Stream == "" || asked[key] || d.quiet[key].After(d.Turn.Now) {
				continue
			}
			o := &view.InverseOffer{
				ID: ids.Offer(fmt.Sprintf("%s-O%d-inverse", d.MasterID, d.next)), Agent: id, Framework: fw, Unavailable: a.Unavailable,
			}
			d.next++
			d.Book.PutInverseOffer(o)
			offers[fw] = append(offers[fw], o.Proto(a.Info, a.HTTP))
		}
	}
	for _, fw := range ledger.SortedKeys(offers) {
		d.Turn.ToFramework(d.Book.Frameworks[fw].Stream, message.InverseOffers(offers[fw]))
	}
}

// holders are the frameworks that have something of an agent, offered or used.
func holders(book *ledger.Ledger, a *ledger.Agent) map[ids.Framework]bool {
	who := map[ids.Framework]bool{}
	for id := range a.Offers {
		who[book.Offers[id].Framework] = true
	}
	for id := range a.Tasks {
		who[id.Framework] = true
	}
	for fw, executors := range a.Executors {
		if len(executors) > 0 {
			who[fw] = true
		}
	}
	return who
}

// defaultPause is how long a framework that has answered is left alone if it does not say.
const defaultPause = 5 * time.Second

// Answer takes ACCEPT_INVERSE_OFFERS and DECLINE_INVERSE_OFFERS. Unknown ids are ignored.
func (d *Desk) Answer(f *ledger.Framework, list []*mesosv1.OfferID, filters *mesosv1.Filters, accepted bool) {
	pause := defaultPause
	if s := filters.GetRefuseSeconds(); filters != nil && s >= 0 && !math.IsNaN(s) {
		pause = time.Duration(min(s, (365*24*time.Hour).Seconds()) * float64(time.Second))
	}
	for _, id := range list {
		o := d.Book.InverseOffers[ids.Offer(id.GetValue())]
		if o == nil || o.Framework != f.ID {
			continue
		}
		d.Book.DropInverseOffer(o)
		d.Book.PutAnswer(o.Key(), view.Answer{Accepted: accepted, At: d.Turn.Now})
		if d.quiet == nil {
			d.quiet = map[view.AnswerKey]time.Time{}
		}
		d.quiet[o.Key()] = d.Turn.Now.Add(max(pause, interval))
	}
}

// rescind takes back what was asked about an agent, and forgets the answers: it is away, or its schedule is another one.
func (d *Desk) rescind(a *ledger.Agent) {
	for _, id := range ledger.SortedKeys(d.Book.InverseOffers) {
		if o := d.Book.InverseOffers[id]; o.Agent == a.ID {
			d.Book.DropInverseOffer(o)
			if f := d.Book.Frameworks[o.Framework]; f != nil {
				d.Turn.ToFramework(f.Stream, message.RescindInverseOffer(o.ID))
			}
		}
	}
	for key := range d.Book.Answers {
		if key.Agent == a.ID {
			d.Book.DropAnswer(key)
		}
	}
	for key := range d.quiet {
		if key.Agent == a.ID {
			delete(d.quiet, key)
		}
	}
}

// Discard forgets a framework's inverse offers without a word: its stream is gone or new.
func (d *Desk) Discard(f *ledger.Framework) {
	for _, id := range ledger.SortedKeys(d.Book.InverseOffers) {
		if o := d.Book.InverseOffers[id]; o.Framework == f.ID {
			d.Book.DropInverseOffer(o)
		}
	}
}

// Forget forgets what a framework that ends was asked and has answered.
func (d *Desk) Forget(f *ledger.Framework) {
	d.Discard(f)
	for key := range d.Book.Answers {
		if key.Framework == f.ID {
			d.Book.DropAnswer(key)
			delete(d.quiet, key)
		}
	}
}
