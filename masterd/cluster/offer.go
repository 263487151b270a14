package cluster

import (
	"fmt"
	"math"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/masterd/allocator"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/scheduler"
	"codeberg.org/reeve/reeve/shared/resources"
)

// allocate runs a slice of the allocator and makes offers of what it gave. A framework gets those of a slice in one event.
func (s *State) allocate() {
	if !s.alloc.Pending() {
		filter := s.alloc.Deadline()
		if filter.IsZero() || filter.After(s.now) {
			return
		}
	}
	events := map[ids.Framework]*scheduler.Event_Offers{}
	var order []ids.Framework
	for _, one := range s.alloc.Slice(s.now, sliceAgents) {
		f, a := s.frameworks[one.Framework], s.agents[one.Agent]
		o := s.addOffer(f, a, one)
		if events[f.id] == nil {
			events[f.id] = &scheduler.Event_Offers{}
			order = append(order, f.id)
		}
		events[f.id].Offers = append(events[f.id].Offers, offerProto(o, f, a))
	}
	for _, id := range order {
		s.toFramework(s.frameworks[id], &scheduler.Event{Type: scheduler.Event_OFFERS.Enum(), Offers: events[id]})
	}
}

func (s *State) addOffer(f *framework, a *agent, given allocator.Allocation) *Offer {
	o := &Offer{
		ID:        ids.Offer(fmt.Sprintf("%s-O%d", s.cfg.MasterID, s.nextOffer)),
		Framework: f.id, Agent: a.id, Role: given.Role, Resources: given.Resources, Made: s.now,
	}
	s.nextOffer++
	s.offers[o.ID] = o
	f.offers[o.ID] = true
	a.offers[o.ID] = true
	if s.cfg.OfferTimeout > 0 {
		s.timer.Set(timer{timerOfferExpiry, string(o.ID)}, s.now.Add(s.cfg.OfferTimeout))
	}
	s.touchOffer(f, a)
	return o
}

func (s *State) touchOffer(f *framework, a *agent) {
	s.views.offers = true
	s.touchFramework(f)
	s.touchAgent(a)
}

// takeOffer forgets an offer. Its resources are the caller's now, who has to give the allocator what it does not use.
func (s *State) takeOffer(o *Offer) {
	delete(s.offers, o.ID)
	f, a := s.frameworks[o.Framework], s.agents[o.Agent]
	delete(f.offers, o.ID)
	delete(a.offers, o.ID)
	s.timer.Cancel(timer{timerOfferExpiry, string(o.ID)})
	s.touchOffer(f, a)
}

// discardOffers takes a framework's offers back without a word: its stream is gone or new.
func (s *State) discardOffers(f *framework) {
	for _, id := range sortedKeys(f.offers) {
		o := s.offers[id]
		s.takeOffer(o)
		s.alloc.Recover(o.Framework, o.Agent, o.Resources, nil)
	}
}

// rescindAgent takes back what is offered of an agent.
func (s *State) rescindAgent(a *agent) {
	for _, id := range sortedKeys(a.offers) {
		s.rescind(s.offers[id])
	}
}

func (s *State) rescind(o *Offer) {
	s.takeOffer(o)
	s.alloc.Recover(o.Framework, o.Agent, o.Resources, nil)
	s.toFramework(s.frameworks[o.Framework], &scheduler.Event{
		Type: scheduler.Event_RESCIND.Enum(), Rescind: &scheduler.Event_Rescind{OfferId: offerID(o.ID)},
	})
}

func (s *State) offerExpired(id ids.Offer) {
	if o := s.offers[id]; o != nil {
		s.rescind(o)
	}
}

func (s *State) decline(f *framework, call *scheduler.Call_Decline) {
	s.count("messages_decline_offers")
	filter := s.filter(call.GetFilters(), false)
	for _, id := range call.GetOfferIds() {
		o := s.offers[ids.Offer(id.GetValue())]
		if o == nil || o.Framework != f.id {
			continue
		}
		s.takeOffer(o)
		s.alloc.Recover(f.id, o.Agent, o.Resources, filter)
	}
}

const (
	defaultRefusal = 5 * time.Second
	longestRefusal = 365 * 24 * time.Hour

	// shortestRefusal stands in for "no filter": in Mesos that means until the next allocation, which comes once a second.
	// Ours comes at once, and a framework that always declines would be offered the same thing for ever.
	shortestRefusal = time.Second
)

// filter turns refuse_seconds into a filter (spec 3.4). progress says that the framework used a part of the offer: then no
// filter means none.
func (s *State) filter(filters *mesosv1.Filters, progress bool) *allocator.Filter {
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
	return &allocator.Filter{Until: s.now.Add(max(refuse, shortestRefusal))}
}

func (s *State) revive(f *framework, roles []string) {
	s.count("messages_revive_offers")
	if !f.hasRoles(roles) {
		s.count("dropped_messages")
		return
	}
	f.suppressed = without(f.suppressed, roles)
	s.touchFramework(f)
	s.alloc.Revive(f.id, roles)
}

func (s *State) suppress(f *framework, roles []string) {
	s.count("messages_suppress_offers")
	if !f.hasRoles(roles) {
		s.count("dropped_messages")
		return
	}
	if len(roles) == 0 {
		roles = f.roles
	}
	all := setOf(roles)
	for role := range f.suppressed {
		all[role] = true
	}
	f.suppressed = all
	s.touchFramework(f)
	s.alloc.Suppress(f.id, roles)
}

// hasRoles reports whether the framework is subscribed to each of the roles. One that it isn't drops the whole call.
func (f *framework) hasRoles(roles []string) bool {
	for _, role := range roles {
		if !slices.Contains(f.roles, role) {
			return false
		}
	}
	return true
}

// without returns what of a set is left when roles are taken out; no roles means all.
func without(set map[string]bool, roles []string) map[string]bool {
	left := make(map[string]bool, len(set))
	if len(roles) == 0 {
		return left
	}
	for role := range set {
		left[role] = true
	}
	for _, role := range roles {
		delete(left, role)
	}
	return left
}

// offerProto writes an offer in the form that the framework's capabilities ask for (spec 3.3).
func offerProto(o *Offer, f *framework, a *agent) *mesosv1.Offer {
	offer := &mesosv1.Offer{
		Id: offerID(o.ID), FrameworkId: frameworkID(o.Framework), AgentId: agentID(o.Agent),
		Hostname: a.info.Hostname, Domain: a.info.GetDomain(), Attributes: a.info.GetAttributes(),
		Url: &mesosv1.URL{
			Scheme: proto.String("http"), Path: proto.String("/slave(1)"),
			Address: &mesosv1.Address{
				Hostname: a.info.Hostname, Ip: proto.String(hostOf(a.http)), Port: proto.Int32(portOf(a.http)),
			},
		},
	}
	for _, id := range sortedKeys(a.executors[f.id]) {
		offer.ExecutorIds = append(offer.ExecutorIds, executorID(id))
	}
	if f.caps.multiRole {
		offer.AllocationInfo = &mesosv1.Resource_AllocationInfo{Role: proto.String(o.Role)}
	}
	offer.Resources = f.shape(o.Resources)
	return offer
}

// shape writes resources as the framework understands them.
func (f *framework) shape(r resources.Resources) []*mesosv1.Resource {
	if !f.caps.multiRole {
		r = r.Unallocate()
	}
	if f.caps.refinement {
		return r.Proto()
	}
	return r.ProtoOld()
}
