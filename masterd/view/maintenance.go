package view

import (
	"time"

	"codeberg.org/reeve/reeve/masterd/message"
	"codeberg.org/reeve/reeve/shared/ids"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// InverseOffer asks a framework to give back what it has of an agent. Immutable.
type InverseOffer struct {
	ID          ids.Offer
	Agent       ids.Agent
	Framework   ids.Framework
	Unavailable *mesosv1.Unavailability
}

// Key is what an answer to the offer is kept by.
func (o *InverseOffer) Key() AnswerKey { return AnswerKey{o.Agent, o.Framework} }

// Proto is the inverse offer as a framework gets it; info and place are of the agent. As in Mesos it names no resources:
// everything is meant.
func (o *InverseOffer) Proto(info *mesosv1.AgentInfo, place string) *mesosv1.InverseOffer {
	return &mesosv1.InverseOffer{
		Id: message.OfferID(o.ID), FrameworkId: message.FrameworkID(o.Framework), AgentId: message.AgentID(o.Agent),
		Url: agentURL(info, place), Unavailability: o.Unavailable,
	}
}

// AnswerKey is who answered, about what.
type AnswerKey struct {
	Agent     ids.Agent
	Framework ids.Framework
}

// Answer is what a framework said to an inverse offer last.
type Answer struct {
	Accepted bool
	At       time.Time
}
