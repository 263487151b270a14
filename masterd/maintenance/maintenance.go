// Package maintenance is the schedule by which machines are taken down for work on them (spec 2.1.8 and 3.9): which machines
// are to be unavailable when, and which are down. It owns the rules by which operators change that, and is pure;
// masterd/registry keeps it, masterd/cluster has it take effect, masterd/inverse asks frameworks to move. Start reading at
// State, then Change.
package maintenance

import (
	"slices"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/shared/mesosv1"
	wire "codeberg.org/reeve/reeve/shared/mesosv1/maintenance"
)

// Machine is a host as operators name it. An agent is on it if both of its names are the same; the case of the host name
// does not matter.
type Machine struct {
	Hostname string `json:"hostname,omitempty"`
	IP       string `json:"ip,omitempty"`
}

// Key is the machine in the form that can be compared.
func (m Machine) Key() Machine { return Machine{strings.ToLower(m.Hostname), m.IP} }

// Proto is the machine in Mesos's form.
func (m Machine) Proto() *mesosv1.MachineID {
	id := &mesosv1.MachineID{}
	if m.Hostname != "" {
		id.Hostname = new(m.Hostname)
	}
	if m.IP != "" {
		id.Ip = new(m.IP)
	}
	return id
}

// String is the machine as Mesos's sentences write it: as JSON.
func (m Machine) String() string {
	var parts []string
	if m.Hostname != "" {
		parts = append(parts, `"hostname":"`+m.Hostname+`"`)
	}
	if m.IP != "" {
		parts = append(parts, `"ip":"`+m.IP+`"`)
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// Window is a time for which machines are to be unavailable.
type Window struct {
	Machines []Machine      `json:"machines"`
	Start    time.Time      `json:"start"`
	Duration *time.Duration `json:"duration_ns,omitempty"` // nil: nobody knows until when
}

// Unavailability is the window's time in Mesos's form.
func (w Window) Unavailability() *mesosv1.Unavailability {
	u := &mesosv1.Unavailability{Start: &mesosv1.TimeInfo{Nanoseconds: new(w.Start.UnixNano())}}
	if w.Duration != nil {
		u.Duration = &mesosv1.DurationInfo{Nanoseconds: new(w.Duration.Nanoseconds())}
	}
	return u
}

// State is the schedule and the machines that are down. Holders treat it as immutable.
type State struct {
	Windows []Window  `json:"windows,omitempty"`
	Down    []Machine `json:"down,omitempty"`
}

// Mode is how a machine stands.
type Mode int

// Up is every machine that is not in the schedule. Draining is entered by the schedule and left by it or to Down; Down is
// entered and left by an operator's word, and leads back to Up.
const (
	Up Mode = iota
	Draining
	Down
)

// Entry is what is said of a machine.
type Entry struct {
	Mode   Mode
	Window Window // unless it is Up
}

// Of looks a machine up.
func (s State) Of(m Machine) Entry {
	if len(s.Windows) == 0 {
		return Entry{}
	}
	return s.Index()[m.Key()]
}

// Index is everything that is said, by Machine.Key.
func (s State) Index() map[Machine]Entry {
	index := map[Machine]Entry{}
	for _, w := range s.Windows {
		for _, m := range w.Machines {
			index[m.Key()] = Entry{Draining, w}
		}
	}
	for _, m := range s.Down {
		index[m.Key()] = Entry{Down, index[m.Key()].Window}
	}
	return index
}

// Proto is the schedule in Mesos's form.
func (s State) Proto() *wire.Schedule {
	schedule := &wire.Schedule{}
	for _, w := range s.Windows {
		one := &wire.Window{Unavailability: w.Unavailability()}
		for _, m := range w.Machines {
			one.MachineIds = append(one.MachineIds, m.Proto())
		}
		schedule.Windows = append(schedule.Windows, one)
	}
	return schedule
}

// without returns the windows without some machines; a window that is left with none is gone.
func (s State) without(machines []Machine) []Window {
	gone := map[Machine]bool{}
	for _, m := range machines {
		gone[m.Key()] = true
	}
	var windows []Window
	for _, w := range s.Windows {
		w.Machines = slices.DeleteFunc(slices.Clone(w.Machines), func(m Machine) bool { return gone[m.Key()] })
		if len(w.Machines) > 0 {
			windows = append(windows, w)
		}
	}
	return windows
}
