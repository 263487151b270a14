package ledger

import (
	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/masterd/maintenance"
	"codeberg.org/reeve/reeve/masterd/view"
	"codeberg.org/reeve/reeve/shared/ids"
)

// upkeep is what the books have of maintenance.
type upkeep struct {
	Maintenance   maintenance.State                // change it with SetMaintenance
	Scheduled     map[ids.Agent]bool               // agents with an unavailability
	InverseOffers map[ids.Offer]*view.InverseOffer // not answered
	Answers       map[view.AnswerKey]view.Answer

	said map[maintenance.Machine]maintenance.Entry // Maintenance, by machine
}

func newUpkeep() upkeep {
	return upkeep{
		Scheduled: map[ids.Agent]bool{}, InverseOffers: map[ids.Offer]*view.InverseOffer{}, Answers: map[view.AnswerKey]view.Answer{},
	}
}

// SetMaintenance replaces what operators have said of maintenance. Agents have to be told, too: Schedule.
func (l *Ledger) SetMaintenance(s maintenance.State) {
	l.Maintenance, l.said = s, s.Index()
	l.touchUpkeep()
}

func (l *Ledger) touchUpkeep() {
	l.views.upkeep = true
	l.changed = true
}

// Machine is the machine that an agent is on; known once it has registered.
func (a *Agent) Machine() maintenance.Machine {
	ip, _ := view.SplitPlace(a.HTTP)
	return maintenance.Machine{Hostname: a.Info.GetHostname(), IP: ip}
}

// Said is what operators have said of a machine.
func (l *Ledger) Said(m maintenance.Machine) maintenance.Entry { return l.said[m.Key()] }

// Schedule gives an agent what is said of its machine, and says whether its unavailability is another one now. Who is not
// connected has none.
func (l *Ledger) Schedule(a *Agent) bool {
	before, said := a.Unavailable, l.Said(a.Machine())
	a.Unavailable, a.Down = nil, said.Mode == maintenance.Down
	if said.Mode != maintenance.Up && a.Conn != 0 {
		a.Unavailable = said.Window.Unavailability()
	}
	if a.Unavailable != nil {
		l.Scheduled[a.ID] = true
	} else {
		delete(l.Scheduled, a.ID)
	}
	if proto.Equal(before, a.Unavailable) {
		return false
	}
	l.TouchAgent(a)
	return true
}

// PutInverseOffer starts to know an inverse offer.
func (l *Ledger) PutInverseOffer(o *view.InverseOffer) {
	l.InverseOffers[o.ID] = o
	l.touchUpkeep()
}

// DropInverseOffer forgets one: it was answered or taken back.
func (l *Ledger) DropInverseOffer(o *view.InverseOffer) {
	delete(l.InverseOffers, o.ID)
	l.touchUpkeep()
}

// PutAnswer keeps what a framework answered last.
func (l *Ledger) PutAnswer(key view.AnswerKey, answer view.Answer) {
	l.Answers[key] = answer
	l.touchUpkeep()
}

// DropAnswer forgets an answer.
func (l *Ledger) DropAnswer(key view.AnswerKey) {
	delete(l.Answers, key)
	l.touchUpkeep()
}
