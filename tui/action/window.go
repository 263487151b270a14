package action

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/tui/store"
)

// Window is when which machines are to be taken down: what the form, a line behind ":" and the command line make of what is typed.
// Machines that are on the schedule move to the new window: to change one is to schedule it again.
type Window struct {
	Machines []reeveapi.MachineID
	Start    time.Time      // zero: when the masters hear of it
	Length   *time.Duration // nil: nobody knows
}

// Request is the window as it is asked for.
func (w Window) Request() reeveapi.MaintenanceRequest {
	out := reeveapi.MaintenanceRequest{Machines: w.Machines, Start: w.Start}
	if w.Length != nil {
		out.DurationSeconds = new(w.Length.Seconds())
	}
	return out
}

// FindAgent is the agent that a person means: by its id, its name or the address of its API. One that is gone is only found
// by its id: another one may have its name by now.
func FindAgent(agents []*reeveapi.Agent, name string) (*reeveapi.Agent, error) {
	var found []*reeveapi.Agent
	for _, a := range agents {
		if a.ID == name {
			return a, nil
		}
		if a.State != reeveapi.AgentGone && (a.Name == name || a.HTTP == name) {
			found = append(found, a)
		}
	}
	switch len(found) {
	case 0:
		return nil, fault.New(fault.NotFound, "no agent is called %q; \"reeve agents\" lists those that there are", name)
	case 1:
		return found[0], nil
	}
	var ids []string
	for _, a := range found {
		ids = append(ids, a.ID+" ("+a.HTTP+")")
	}
	return nil, fault.New(fault.Conflict, "%q means %d agents; name one of: %s", name, len(found), strings.Join(ids, ", "))
}

// Machine is the machine that a person means: that of an agent, or HOST/IP, of which one may be missing.
func Machine(agents []*reeveapi.Agent, name string) (reeveapi.MachineID, error) {
	if host, ip, ok := strings.Cut(name, "/"); ok && (net.ParseIP(ip) != nil || ip == "" && host != "") {
		return reeveapi.MachineID{Hostname: host, IP: ip}, nil
	}
	agent, err := FindAgent(agents, name)
	if err != nil {
		return reeveapi.MachineID{}, err
	}
	if agent.HTTP == "" {
		return reeveapi.MachineID{}, fmt.Errorf("the address of agent %s is not known: it has not come to the master that leads now yet; try again, or name it HOST/IP", agent.Name)
	}
	ip, _, err := net.SplitHostPort(agent.HTTP)
	if err != nil {
		return reeveapi.MachineID{}, fmt.Errorf("the address of agent %s is %q: %w", agent.Name, agent.HTTP, err)
	}
	return reeveapi.MachineID{Hostname: agent.Name, IP: ip}, nil
}

// Names are words that stand apart by spaces or commas.
func Names(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' })
}

// Machines are the machines that a person means.
func Machines(agents []*reeveapi.Agent, names []string) ([]reeveapi.MachineID, error) {
	var out []reeveapi.MachineID
	named := map[reeveapi.MachineID]string{}
	for _, name := range names {
		m, err := Machine(agents, name)
		if err != nil {
			return nil, err
		}
		key := reeveapi.MachineID{Hostname: strings.ToLower(m.Hostname), IP: m.IP}
		switch before := named[key]; {
		case before == name:
			return nil, fmt.Errorf("%s is named twice", name)
		case before != "":
			return nil, fmt.Errorf("%s and %s are one machine; name it once", before, name)
		}
		named[key] = name
		out = append(out, m)
	}
	if len(out) == 0 {
		return nil, errors.New("no machine is named; write agents' names, or HOST/IP")
	}
	return out, nil
}

// CallMachine is the shortest that Machine reads as m.
func CallMachine(agents []*reeveapi.Agent, m reeveapi.MachineID) string {
	if is, err := Machine(agents, m.Hostname); err == nil && is == m {
		return m.Hostname
	}
	return m.Hostname + "/" + m.IP
}

// Calling is what Machine reads as the machine of an agent.
func Calling(agents []*reeveapi.Agent, a *reeveapi.Agent) string {
	if found, err := FindAgent(agents, a.Name); err == nil && found.ID == a.ID && !strings.ContainsAny(a.Name, " ,/") {
		return a.Name
	}
	return a.ID
}

// title names the machines in few words.
func (w Window) title() string {
	if len(w.Machines) == 1 {
		return calledBy(w.Machines[0])
	}
	return fmt.Sprintf("%d machines", len(w.Machines))
}

func calledBy(m reeveapi.MachineID) string { return cmp.Or(m.Hostname, m.IP) }

// Schedule asks frameworks to leave machines by a time. Nothing is taken down by that.
func (w Window) Schedule(s *store.Snapshot, now time.Time) (Action, error) {
	if len(w.Machines) == 0 {
		return Action{}, errors.New("there is no machine here")
	}
	whom, moved := w.title(), 0
	lines, agents := w.Affects(s, now)
	for _, a := range agents {
		if a.Maintenance != nil {
			moved++
		}
	}
	a := Action{
		Title: "Schedule maintenance of " + whom, Button: "Schedule it", Done: whom + " scheduled for maintenance",
		Targets: lines, Preview: []Line{{Text: w.when(now)}},
	}
	if tasks := running(agents); tasks > 0 {
		a.Preview = append(a.Preview, elsewhere(s, agents))
	}
	a.Preview = append(a.Preview,
		Line{Text: "Frameworks are asked to leave. What runs there goes on until they do,", Note: true},
		Line{Text: "or until the machine is taken down: nothing does that by itself.", Note: true})
	asked := w.Request()
	a.Steps = []Step{{Target: whom, Run: func(ctx context.Context, d Doer) error { return d.ChangeMaintenance(ctx, "schedule", asked) }}}
	if moved == 0 {
		a.Undo = func(*store.Snapshot) (Action, error) { return CancelMaintenance(w.planned(agents)) }
	}
	return a, nil
}

// planned are the machines as they are on the schedule.
func (w Window) planned(agents []*reeveapi.Agent) []reeveapi.MaintenanceMachine {
	var out []reeveapi.MaintenanceMachine
	for _, m := range w.Machines {
		one := reeveapi.MaintenanceMachine{Hostname: m.Hostname, IP: m.IP, State: reeveapi.MachineDraining}
		one.Tasks = running(on(agents, m))
		out = append(out, one)
	}
	return out
}

// Scheduled are machines of the schedule that a person means. One that is here and not on it is refused; of others only the
// masters know, and they refuse, too.
func Scheduled(agents []*reeveapi.Agent, names []string) ([]reeveapi.MaintenanceMachine, error) {
	machines, err := Machines(agents, names)
	if err != nil {
		return nil, err
	}
	for _, m := range machines {
		here := on(agents, m)
		if slices.ContainsFunc(here, connected) && !slices.ContainsFunc(here, func(a *reeveapi.Agent) bool { return a.Maintenance != nil }) {
			return nil, fmt.Errorf("%s is not on the schedule of maintenance; \":maintenance\" shows who is", calledBy(m))
		}
	}
	return Window{Machines: machines}.planned(agents), nil
}

// connected says whether the masters have word of an agent now.
func connected(a *reeveapi.Agent) bool {
	switch a.State {
	case reeveapi.AgentDisconnected, reeveapi.AgentRecovered, reeveapi.AgentUnreachable, reeveapi.AgentGone:
		return false
	}
	return true
}

func running(agents []*reeveapi.Agent) (tasks int) {
	for _, a := range agents {
		tasks += a.Tasks
	}
	return tasks
}

// on are the agents of a machine.
func on(agents []*reeveapi.Agent, m reeveapi.MachineID) (out []*reeveapi.Agent) {
	for _, a := range agents {
		ip, _, err := net.SplitHostPort(a.HTTP)
		if err == nil && a.State != reeveapi.AgentGone && ip == m.IP && strings.EqualFold(a.Name, m.Hostname) {
			out = append(out, a)
		}
	}
	return out
}

// Affects says of each machine what runs there, and whether it is on the schedule already; agents are those that are on them.
func (w Window) Affects(s *store.Snapshot, now time.Time) (lines []Line, agents []*reeveapi.Agent) {
	var rows [][]string
	var warn []bool
	for _, m := range w.Machines {
		here := on(s.Agents.Rows(), m)
		agents = append(agents, here...)
		text := ofFrameworks(s, here)
		planned := slices.IndexFunc(here, func(a *reeveapi.Agent) bool { return a.Maintenance != nil })
		switch {
		case len(here) == 0:
			text = "no agent is known there"
		case planned >= 0:
			text += "; on the schedule from " + clock(now, here[planned].Maintenance.Start) + ", which this changes"
		}
		rows = append(rows, []string{calledBy(m), m.IP, text})
		warn = append(warn, len(here) == 0 || planned >= 0)
	}
	lines = aligned(rows)
	for i := range lines {
		lines[i].Warn = warn[i]
	}
	return lines, agents
}

// ofFrameworks counts the tasks of each framework on agents, most first.
func ofFrameworks(s *store.Snapshot, agents []*reeveapi.Agent) string {
	counts, all := map[string]int{}, 0
	for _, t := range s.Tasks.Rows() {
		if t.Ended.IsZero() && slices.ContainsFunc(agents, func(a *reeveapi.Agent) bool { return a.ID == t.Agent }) {
			name := t.Framework
			if f := s.Frameworks.Get(t.Framework); f != nil {
				name = f.Name
			}
			counts[name]++
			all++
		}
	}
	if all == 0 {
		return "no task"
	}
	var parts []string
	for _, name := range slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	}) {
		parts = append(parts, fmt.Sprintf("%d of %s", counts[name], name))
	}
	return plural(all, "task") + ": " + strings.Join(parts, ", ")
}

// when is the window in words.
func (w Window) when(now time.Time) string {
	text := "From now"
	start := now
	if !w.Start.IsZero() {
		start = w.Start
		text = "From " + clock(now, start) + ", " + Distance(now, start)
	}
	if w.Length == nil {
		return text + "; how long it takes is not known"
	}
	return text + ", until " + clock(now, start.Add(*w.Length))
}

func clock(now, at time.Time) string {
	at, now = at.Local(), now.Local()
	if at.YearDay() == now.YearDay() && at.Year() == now.Year() {
		return at.Format("15:04")
	}
	return at.Format("2006-01-02 15:04")
}
