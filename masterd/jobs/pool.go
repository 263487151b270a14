package jobs

import (
	"fmt"
	"strings"

	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/resources"
)

// demand is an amount of what instances ask for.
type demand resources.Vector

// names is indexed like a demand.
var names = [...]string{resources.CPUs: "cpus", resources.Mem: "mem", resources.Disk: "disk", resources.GPUs: "gpus", resources.Ports: "ports"}

func demandOf(spec *reeveapi.JobSpec) demand {
	return demand{
		resources.CPUs:  int64(resources.MilliOf(spec.Resources.CPUs)),
		resources.Mem:   int64(resources.MilliOf(spec.Resources.Mem)),
		resources.Disk:  int64(resources.MilliOf(spec.Resources.Disk)),
		resources.GPUs:  int64(resources.MilliOf(spec.Resources.GPUs)),
		resources.Ports: int64(spec.Ports),
	}
}

func (d demand) max(o demand) demand {
	for i := range d {
		d[i] = max(d[i], o[i])
	}
	return d
}

// pool is what is left of an offer.
type pool struct {
	role string
	left resources.Resources
}

func newPool(offer *mesosv1.Offer) (*pool, error) {
	r, err := resources.FromProto(offer.GetResources())
	return &pool{role: offer.GetAllocationInfo().GetRole(), left: r}, err
}

func (p *pool) free() demand { return demand(p.left.Vector()) }

// take takes a demand out of the pool, wholly or not at all. Volumes and what may be taken back at any time are not for
// jobs: Pick leaves them.
func (p *pool) take(d demand) (given []*mesosv1.Resource, ports []uint64, ok bool) {
	free := p.free()
	for i := range d {
		if d[i] > free[i] {
			return nil, nil, false
		}
	}
	ports = p.ports(int(d[resources.Ports]))
	picked, ok := p.left.Pick(d.resources(ports), p.role)
	if !ok {
		return nil, nil, false
	}
	p.left = p.left.Minus(picked)
	return picked.Proto(), ports, true
}

// ports are the first n that are left.
func (p *pool) ports(n int) []uint64 {
	var ports []uint64
	for _, r := range p.left.Ranges(names[resources.Ports]) {
		for port := r.Begin; port <= r.End && len(ports) < n; port++ {
			ports = append(ports, port)
		}
	}
	return ports
}

// resources writes a demand with these ports.
func (d demand) resources(ports []uint64) resources.Resources {
	var b strings.Builder
	for i, n := range d[:resources.Ports] {
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
		panic("jobs: " + err.Error())
	}
	return r
}
