package jobs

import (
	"google.golang.org/protobuf/proto"

	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/reeveapi"
	"codeberg.org/reeve/reeve/shared/resources"
)

// demand is an amount of what instances ask for, in the places of resources.Vector.
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
	scalars [len(names)][]piece
	ports   []portPiece
}

// piece is an amount of one class of a scalar: unreserved, or under some reservation.
type piece struct {
	of   *mesosv1.Resource
	left int64 // thousandths
}

type portPiece struct {
	of   *mesosv1.Resource
	left []*mesosv1.Value_Range
}

// newPool sorts an offer's resources; what is reserved comes first, since only this role can use it. Volumes and disks of
// their own, and what may be taken back at any time, are not for jobs.
func newPool(offered []*mesosv1.Resource) *pool {
	p := &pool{}
	for _, reserved := range []bool{true, false} {
		for _, r := range offered {
			if (len(r.GetReservations()) > 0) != reserved || r.Disk != nil || r.Revocable != nil || r.Shared != nil {
				continue
			}
			p.add(r)
		}
	}
	return p
}

func (p *pool) add(r *mesosv1.Resource) {
	for i, name := range names {
		switch {
		case r.GetName() != name:
		case i == resources.Ports:
			p.ports = append(p.ports, portPiece{r, proto.CloneOf(r.GetRanges()).GetRange()})
		default:
			p.scalars[i] = append(p.scalars[i], piece{r, int64(resources.MilliOf(r.GetScalar().GetValue()))})
		}
	}
}

// free sums what is left.
func (p *pool) free() demand {
	var sum demand
	for i := range p.scalars {
		for _, piece := range p.scalars[i] {
			sum[i] += piece.left
		}
	}
	for _, piece := range p.ports {
		for _, r := range piece.left {
			sum[resources.Ports] += int64(r.GetEnd() - r.GetBegin() + 1)
		}
	}
	return sum
}

// take takes a demand out of the pool, wholly or not at all.
func (p *pool) take(d demand) (given []*mesosv1.Resource, ports []uint64, ok bool) {
	free := p.free()
	for i := range d {
		if d[i] > free[i] {
			return nil, nil, false
		}
	}
	for i := range p.scalars {
		given = append(given, takeScalar(p.scalars[i], d[i])...)
	}
	taken, ports := takePorts(p.ports, d[resources.Ports])
	return append(given, taken...), ports, true
}

func takeScalar(pieces []piece, want int64) []*mesosv1.Resource {
	var given []*mesosv1.Resource
	for i := range pieces {
		n := min(want, pieces[i].left)
		if n == 0 {
			continue
		}
		pieces[i].left -= n
		want -= n
		r := proto.CloneOf(pieces[i].of)
		r.Scalar = &mesosv1.Value_Scalar{Value: proto.Float64(resources.Milli(n).Float())}
		given = append(given, r)
	}
	return given
}

func takePorts(pieces []portPiece, want int64) (given []*mesosv1.Resource, ports []uint64) {
	for i := range pieces {
		var taken []*mesosv1.Value_Range
		for want > 0 && len(pieces[i].left) > 0 {
			first := pieces[i].left[0]
			n := min(want, int64(first.GetEnd()-first.GetBegin()+1))
			end := first.GetBegin() + uint64(n) - 1
			taken = append(taken, &mesosv1.Value_Range{Begin: proto.Uint64(first.GetBegin()), End: proto.Uint64(end)})
			for port := first.GetBegin(); port <= end; port++ {
				ports = append(ports, port)
			}
			want -= n
			if end == first.GetEnd() {
				pieces[i].left = pieces[i].left[1:]
			} else {
				first.Begin = proto.Uint64(end + 1)
			}
		}
		if len(taken) > 0 {
			r := proto.CloneOf(pieces[i].of)
			r.Ranges = &mesosv1.Value_Ranges{Range: taken}
			given = append(given, r)
		}
	}
	return given, ports
}
