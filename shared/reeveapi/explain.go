package reeveapi

import "time"

// Explanation says why a framework, or the framework of a job, has the offers that it has and no others. GET
// /reeve/v1/explain?framework=… (an id or a name) or ?job=… answers one.
type Explanation struct {
	Framework     string            `json:"framework"` // id
	FrameworkName string            `json:"framework_name"`
	State         string            `json:"state"`         // of the framework
	Job           string            `json:"job,omitempty"` // what was asked about
	JobState      string            `json:"job_state,omitempty"`
	Waiting       string            `json:"waiting,omitempty"` // what the job itself says it waits for
	Roles         []RoleExplanation `json:"roles"`             // of the framework; of a job its own
}

// RoleExplanation is about one role of the framework.
type RoleExplanation struct {
	Role    string        `json:"role"`
	Summary string        `json:"summary"` // one sentence: what stands in the way first of all
	Offers  int           `json:"offers"`  // outstanding
	Reasons []OfferReason `json:"reasons"` // by agents, those of most agents first; every agent counts once
}

// OfferReason is why some agents are not offered.
type OfferReason struct {
	Why    string    `json:"why"`  // one of the Why… constants
	Text   string    `json:"text"` // for people, follows "3 agents "
	Agents int       `json:"agents"`
	Names  []string  `json:"names"`          // of some of them, at most 20
	Until  time.Time `json:"until,omitzero"` // of filters, when the first one ends
	Since  time.Time `json:"since,omitzero"` // of what others hold, when the first offer was made
}

// What keeps an agent from being offered. Next: nothing, it comes as soon as those who come first had it. Offered: it is, to
// this framework. Held: others have been offered what it lacks, and have not answered. Small and TooLittle are about what a job's instance needs.
const (
	WhyNext         = "next"
	WhyOffered      = "offered"
	WhyUsed         = "used"
	WhyHeld         = "held"
	WhyFiltered     = "filtered"
	WhyLimit        = "limit"
	WhyGuarantees   = "guarantees"
	WhyReserved     = "reserved"
	WhyCapability   = "capability"
	WhyGPUs         = "gpus"
	WhyConstraints  = "constraints"
	WhyRegion       = "region"
	WhyDeactivated  = "deactivated"
	WhyDraining     = "draining"
	WhyDisconnected = "disconnected"
	WhyRecovered    = "recovered"
	WhyUnreachable  = "unreachable"
	WhySmall        = "small"
	WhyTooLittle    = "too little"
)
