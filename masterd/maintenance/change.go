package maintenance

import (
	"net"
	"slices"
	"strings"
	"time"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	wire "codeberg.org/reeve/reeve/shared/mesosv1/maintenance"
)

// Change is an operator's word on maintenance.
type Change interface {
	// Apply returns the state afterwards. The error, of kind Invalid, says in Mesos's words which rule is broken.
	Apply(State) (State, error)
	// Text says for people what happens.
	Text() string
}

// The changes.
type (
	// Replace puts another schedule in the place of the whole one.
	Replace struct{ Windows []Window }
	// Add puts machines into a window of their own, out of those they are in.
	Add struct{ Window Window }
	// Cancel takes machines that are not down out of the schedule.
	Cancel struct{ Machines []Machine }
	// Start takes machines of the schedule down.
	Start struct{ Machines []Machine }
	// Stop brings machines up again, and out of the schedule.
	Stop struct{ Machines []Machine }
)

// ReplaceBy reads a schedule in Mesos's form.
func ReplaceBy(schedule *wire.Schedule) Replace {
	var change Replace
	for _, w := range schedule.GetWindows() {
		window := Window{Start: time.Unix(0, w.GetUnavailability().GetStart().GetNanoseconds()).UTC(), Machines: machinesOf(w.GetMachineIds())}
		if d := w.GetUnavailability().GetDuration(); d != nil {
			window.Duration = new(time.Duration(d.GetNanoseconds()))
		}
		change.Windows = append(change.Windows, window)
	}
	return change
}

// StartOf reads a list of machines in Mesos's form.
func StartOf(machines []*mesosv1.MachineID) Start { return Start{machinesOf(machines)} }

// StopOf is the opposite of StartOf.
func StopOf(machines []*mesosv1.MachineID) Stop { return Stop{machinesOf(machines)} }

func machinesOf(list []*mesosv1.MachineID) []Machine {
	var machines []Machine
	for _, m := range list {
		machines = append(machines, Machine{m.GetHostname(), m.GetIp()})
	}
	return machines
}

func broken(format string, args ...any) error { return fault.New(fault.Invalid, format, args...) }

// Apply checks the schedule as Mesos does.
func (c Replace) Apply(s State) (State, error) {
	listed := map[Machine]bool{}
	for _, w := range c.Windows {
		if err := w.check(); err != nil {
			return s, err
		}
		for _, m := range w.Machines {
			if listed[m.Key()] {
				return s, broken("Machine '%s' appears more than once in the schedule", m)
			}
			listed[m.Key()] = true
		}
	}
	for _, m := range s.Down {
		if !listed[m.Key()] {
			return s, broken("Machine '%s' is deactivated and cannot be removed from the schedule", m)
		}
	}
	return State{Windows: c.Windows, Down: s.Down}, nil
}

func (w Window) check() error {
	if len(w.Machines) == 0 {
		return broken("List of machines in the maintenance window is empty")
	}
	if w.Duration != nil && *w.Duration < 0 {
		return broken("Unavailability 'duration' is negative")
	}
	for _, m := range w.Machines {
		if err := m.check(); err != nil {
			return err
		}
	}
	return nil
}

func (m Machine) check() error {
	switch {
	case m.Hostname == "" && m.IP == "":
		return broken("Both 'hostname' and 'ip' for a machine are empty")
	case m.IP != "" && net.ParseIP(m.IP) == nil:
		return broken("Failed to parse the IP '%s' of a machine", m.IP)
	}
	return nil
}

// Apply is Replace with the rest of the schedule.
func (c Add) Apply(s State) (State, error) {
	return Replace{append(s.without(c.Window.Machines), c.Window)}.Apply(s)
}

// Apply is Replace with the rest of the schedule.
func (c Cancel) Apply(s State) (State, error) {
	index := s.Index()
	for _, m := range c.Machines {
		if index[m.Key()].Mode == Up {
			return s, broken("Machine '%s' is not part of a maintenance schedule", m)
		}
	}
	if err := listed(c.Machines); err != nil {
		return s, err
	}
	return Replace{s.without(c.Machines)}.Apply(s)
}

// listed checks a list of machines.
func listed(machines []Machine) error {
	if len(machines) == 0 {
		return broken("List of machines is empty")
	}
	seen := map[Machine]bool{}
	for _, m := range machines {
		if err := m.check(); err != nil {
			return err
		}
		if seen[m.Key()] {
			return broken("Machine '%s' appears more than once in the list", m)
		}
		seen[m.Key()] = true
	}
	return nil
}

// Apply needs machines that drain.
func (c Start) Apply(s State) (State, error) {
	if err := listed(c.Machines); err != nil {
		return s, err
	}
	index := s.Index()
	for _, m := range c.Machines {
		switch index[m.Key()].Mode {
		case Up:
			return s, broken("Machine '%s' is not part of a maintenance schedule", m)
		case Down:
			return s, broken("Machine '%s' is not in DRAINING mode and cannot be brought down", m)
		case Draining:
		}
	}
	return State{Windows: s.Windows, Down: slices.Concat(s.Down, c.Machines)}, nil
}

// Apply needs machines that are down.
func (c Stop) Apply(s State) (State, error) {
	if err := listed(c.Machines); err != nil {
		return s, err
	}
	index := s.Index()
	up := map[Machine]bool{}
	for _, m := range c.Machines {
		switch index[m.Key()].Mode {
		case Up:
			return s, broken("Machine '%s' is not part of a maintenance schedule", m)
		case Draining:
			return s, broken("Machine '%s' is not in DOWN mode and cannot be brought up", m)
		case Down:
		}
		up[m.Key()] = true
	}
	return State{
		Windows: s.without(c.Machines),
		Down:    slices.DeleteFunc(slices.Clone(s.Down), func(m Machine) bool { return up[m.Key()] }),
	}, nil
}

// Text says what happens.
func (c Replace) Text() string {
	if len(c.Windows) == 0 {
		return "no machine is scheduled for maintenance any more"
	}
	var machines []Machine
	for _, w := range c.Windows {
		machines = append(machines, w.Machines...)
	}
	return "scheduled for maintenance: " + names(machines)
}

// Text says what happens.
func (c Add) Text() string {
	text := names(c.Window.Machines) + " scheduled for maintenance at " + c.Window.Start.UTC().Format(time.RFC3339)
	if c.Window.Duration != nil {
		text += " for " + c.Window.Duration.String()
	}
	return text
}

// Text says what happens.
func (c Cancel) Text() string { return "no maintenance of " + names(c.Machines) }

// Text says what happens.
func (c Start) Text() string { return names(c.Machines) + " down for maintenance" }

// Text says what happens.
func (c Stop) Text() string { return names(c.Machines) + " up again" }

// names lists machines for people, a few of them.
func names(machines []Machine) string {
	const most = 5
	var list []string
	for i, m := range machines {
		if i == most {
			list = append(list, "…")
			break
		}
		name := m.Hostname
		if name == "" {
			name = m.IP
		}
		list = append(list, name)
	}
	return strings.Join(list, ", ")
}
