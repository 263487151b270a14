package cluster

import "codeberg.org/reeve/reeve/shared/fault"

// rescindOffer takes an offer back on an operator's word: from a framework that thinks about it for too long, so that others
// can use what is in it.
func (s *State) rescindOffer(in RescindOffer) {
	o := s.desk.Withdraw(in.Offer)
	if o == nil {
		s.turn.Reply(in.Ticket, fault.New(fault.NotFound, "there is no offer %s; it was answered, or taken back, or never made", in.Offer))
		return
	}
	f, a := s.book.Frameworks[o.Framework], s.book.Agents[o.Agent]
	e := f.About("OFFER_RESCINDED", "what it was offered for role "+o.Role+" is taken back, and offered to others first")
	e.Agent, e.Who = a.Info.GetHostname(), in.Who
	s.turn.Happened(e)
	s.turn.Reply(in.Ticket, nil)
}
