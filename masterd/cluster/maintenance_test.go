package cluster

import (
	"strings"
	"time"

	"github.com/cockroachdb/datadriven"

	"codeberg.org/reeve/reeve/masterd/maintenance"
)

// The transcripts' word for maintenance:
//
//	maintain STEP machines=HOST/IP,… [in=DUR] [for=DUR] [who=]    STEP: replace, add, cancel, start, stop
//
// replace puts a schedule of one window in the place of the whole one, an empty one without machines.

func (p *player) maintainInput(d *datadriven.TestData) Input {
	var machines []maintenance.Machine
	for text := range strings.SplitSeq(arg(d, "machines", ""), ",") {
		if host, ip, _ := strings.Cut(text, "/"); text != "" {
			machines = append(machines, maintenance.Machine{Hostname: host, IP: ip})
		}
	}
	window := maintenance.Window{Machines: machines, Start: p.now}
	if in, err := time.ParseDuration(arg(d, "in", "")); err == nil {
		window.Start = window.Start.Add(in)
	}
	if long, err := time.ParseDuration(arg(d, "for", "")); err == nil {
		window.Duration = &long
	}
	var change maintenance.Change
	switch d.CmdArgs[0].Key {
	case "replace":
		change = maintenance.Replace{}
		if len(machines) > 0 {
			change = maintenance.Replace{Windows: []maintenance.Window{window}}
		}
	case "add":
		change = maintenance.Add{Window: window}
	case "cancel":
		change = maintenance.Cancel{Machines: machines}
	case "start":
		change = maintenance.Start{Machines: machines}
	default:
		change = maintenance.Stop{Machines: machines}
	}
	return Maintain{Ticket: p.nextTicket(), Change: change, Who: arg(d, "who", "")}
}
