package placement

import (
	"fmt"
	"slices"
	"strings"

	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/resources"
)

// Demand is what one instance asks for.
type Demand struct {
	Amounts resources.Vector // Ports counts fixed and assigned ones
	Fixed   []int            // ports by number
	From    string           // one of reeveapi's Reserved… constants, "" for ReservedFirst
}

// names is indexed like a Vector.
var names = [...]string{resources.CPUs: "cpus", resources.Mem: "mem", resources.Disk: "disk", resources.GPUs: "gpus", resources.Ports: "ports"}

// DemandOf returns what an instance of a job asks for.
func DemandOf(spec *reeveapi.JobSpec) Demand {
	return Demand{
		Amounts: resources.Vector{
			resources.CPUs:  int64(resources.MilliOf(spec.Resources.CPUs)),
			resources.Mem:   int64(resources.MilliOf(spec.Resources.Mem)),
			resources.Disk:  int64(resources.MilliOf(spec.Resources.Disk)),
			resources.GPUs:  int64(resources.MilliOf(spec.Resources.GPUs)),
			resources.Ports: int64(spec.Ports + len(spec.FixedPorts)),
		},
		Fixed: spec.FixedPorts, From: spec.Reserved,
	}
}

// Pool is what is left of an offer.
type Pool struct {
	role string
	left resources.Resources
}

// NewPool returns what an offer in a role has.
func NewPool(role string, offered resources.Resources) *Pool { return &Pool{role: role, left: offered} }

// Left is what nobody has taken.
func (p *Pool) Left() resources.Resources { return p.left }

// Shortage says why a demand does not fit. Resource is an index of a Vector, or -1 if Text says it.
type Shortage struct {
	Resource int
	Have     int64
	Text     string
}

// Lacks says what of a demand is not there; ok is true if all is.
func (p *Pool) Lacks(d Demand) (s Shortage, ok bool) {
	usable := p.usable(d)
	free := usable.Vector()
	for i := range d.Amounts {
		switch {
		case d.Amounts[i] <= free[i]:
		case d.From == reeveapi.ReservedOnly:
			return Shortage{Resource: -1, Text: fmt.Sprintf("%s reserved to role %s left, %s asked", Amount(i, free[i]), p.role, Bare(i, d.Amounts[i]))}, false
		case d.From == reeveapi.ReservedNever && d.Amounts[i] <= p.left.Vector()[i]:
			return Shortage{Resource: -1, Text: "what is left is reserved, and the job takes nothing of that"}, false
		default:
			return Shortage{Resource: i, Have: free[i]}, false
		}
	}
	for _, port := range d.Fixed {
		if !hasPort(usable, uint64(port)) {
			return Shortage{Resource: -1, Text: fmt.Sprintf("port %d is taken or not offered", port)}, false
		}
	}
	return Shortage{}, true
}

// usable is what of the pool a demand may be met from.
func (p *Pool) usable(d Demand) resources.Resources {
	switch d.From {
	case reeveapi.ReservedOnly:
		return p.left.Minus(p.left.Unreserved())
	case reeveapi.ReservedNever:
		return p.left.Unreserved()
	}
	return p.left
}

func hasPort(r resources.Resources, port uint64) bool {
	return slices.ContainsFunc(r.Ranges(names[resources.Ports]), func(one resources.Range) bool {
		return one.Begin <= port && port <= one.End
	})
}

// Room is how often a demand's amounts fit, at most 1000 times: what Pack and Spread compare.
func (p *Pool) Room(d Demand) int64 {
	room := int64(1000)
	free := p.usable(d).Vector()
	for i, n := range d.Amounts {
		if n > 0 {
			room = min(room, free[i]/n)
		}
	}
	return room
}

// Take takes a demand out of the pool, wholly or not at all. Volumes and what may be taken back at any time are not for
// jobs: Pick leaves them.
func (p *Pool) Take(d Demand) (given resources.Resources, ports []uint64, ok bool) {
	if _, ok := p.Lacks(d); !ok {
		return given, nil, false
	}
	ports = p.ports(d)
	picked, ok := p.usable(d).Pick(d.resources(ports), p.role)
	if !ok {
		return given, nil, false
	}
	p.left = p.left.Minus(picked)
	return picked, ports, true
}

// ports are the fixed ones, and then the first that are left.
func (p *Pool) ports(d Demand) []uint64 {
	n := int(d.Amounts[resources.Ports])
	var ports []uint64
	for _, port := range d.Fixed {
		ports = append(ports, uint64(port))
	}
	fixed := slices.Clone(ports)
	for _, r := range p.usable(d).Ranges(names[resources.Ports]) {
		for port := r.Begin; port <= r.End && len(ports) < n; port++ {
			if !slices.Contains(fixed, port) {
				ports = append(ports, port)
			}
		}
	}
	return ports
}

// resources writes a demand with these ports.
func (d Demand) resources(ports []uint64) resources.Resources {
	var b strings.Builder
	for i, n := range d.Amounts[:resources.Ports] {
		if n > 0 {
			fmt.Fprintf(&b, "%s:%v;", names[i], resources.Milli(n).Float())
		}
	}
	for i, port := range ports {
		fmt.Fprintf(&b, "%s%d-%d", [...]string{"ports:[", ","}[min(i, 1)], port, port)
	}
	text := strings.TrimSuffix(b.String(), ";")
	if len(ports) > 0 {
		text += "]"
	}
	r, err := resources.Parse(text, "*")
	if err != nil { // it was checked when the job was submitted
		panic("placement: " + err.Error())
	}
	return r
}

// ResourceName names a place of a Vector.
func ResourceName(i int) string { return names[i] }

// Amount writes how much of a resource there is: "1.5 cpus", "512 MB of mem".
func Amount(i int, n int64) string {
	switch i {
	case resources.Mem, resources.Disk:
		return fmt.Sprintf("%s MB of %s", Bare(i, n), names[i])
	default:
		return fmt.Sprintf("%s %s", Bare(i, n), names[i])
	}
}

// Bare writes it without the name.
func Bare(i int, n int64) string {
	if i == resources.Ports {
		return fmt.Sprint(n)
	}
	return fmt.Sprint(resources.Milli(n).Float())
}
